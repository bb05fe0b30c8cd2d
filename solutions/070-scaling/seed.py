"""Hazelmere's portal before its first load balancer, and the letters service that somebody else built."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

ZONES = ("euw1-az1", "euw1-az2")
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the portal's VPC and changes nothing."""
    session = accounts["main"]
    ec2 = session.client("ec2")
    if ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief["vpc_cidr"]]}])["Vpcs"]:
        return
    vpc = ec2.create_vpc(CidrBlock=brief["vpc_cidr"], TagSpecifications=_named("vpc", "portal"))["Vpc"][
        "VpcId"
    ]
    subnets = {tier: _subnets(ec2, vpc, tier, blocks) for tier, blocks in brief["subnets"].items()}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    for subnet in subnets["web"]:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    image = ec2.register_image(
        Name="hazelmere-web",
        Description="the portal's web server, port and health page as agreed",
        RootDeviceName="/dev/xvda",
        Architecture="x86_64",
    )["ImageId"]
    _certificates(session, brief)
    _profile(session)
    _helpers(session, brief, vpc)
    _letters(session, brief, vpc, subnets, image)


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _subnets(ec2: Any, vpc: str, tier: str, blocks: Iterable[str]) -> list[str]:
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZoneId=zone,
            TagSpecifications=_named("subnet", f"{tier}-{zone[-1]}"),
        )["Subnet"]["SubnetId"]
        for block, zone in zip(blocks, ZONES, strict=True)
    ]


def _certificates(session: Any, brief: Mapping[str, Any]) -> None:
    """One for the new name, and one for a name that is not used any more."""
    acm = session.client("acm")
    for domain in ("www.hazelmere.example", brief["domain"]):
        acm.request_certificate(DomainName=domain, ValidationMethod="DNS")


def _profile(session: Any) -> None:
    iam = session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="hazelmere-web", AssumeRolePolicyDocument=document)
        iam.create_instance_profile(InstanceProfileName="hazelmere-web")
        iam.add_role_to_instance_profile(InstanceProfileName="hazelmere-web", RoleName="hazelmere-web")


def _helpers(session: Any, brief: Mapping[str, Any], vpc: str) -> None:
    """The queue that the drain program reads, and the target group by which report workers get their jobs."""
    session.client("sqs").create_queue(QueueName="drainer")
    session.client("elbv2").create_target_group(
        Name=brief["reports"], Protocol="HTTP", Port=80, VpcId=vpc, HealthCheckPath="/"
    )


def _letters(
    session: Any, brief: Mapping[str, Any], vpc: str, subnets: Mapping[str, list[str]], image: str
) -> None:
    """A load balancer with rules in a tangle, and a group with every mistake at once."""
    ec2, elb, asg = (session.client(name) for name in ("ec2", "elbv2", "autoscaling"))
    door = _group(ec2, vpc, "letters-door", 80)
    machines = _group(ec2, vpc, "letters-machines", brief["letters_port"])
    balancer = elb.create_load_balancer(Name=brief["letters"], Subnets=subnets["web"], SecurityGroups=[door])
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    groups = {
        name: elb.create_target_group(
            Name=f"{brief['letters']}-{name}",
            Protocol="HTTP",
            Port=brief["letters_port"],
            VpcId=vpc,
            HealthCheckPath="/",
            Matcher={"HttpCode": "200-499"},
        )["TargetGroups"][0]["TargetGroupArn"]
        for name in ("main", "pages", "print", "old")
    }
    listener = elb.create_listener(
        LoadBalancerArn=arn,
        Port=80,
        Protocol="HTTP",
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups["main"]}],
    )["Listeners"][0]["ListenerArn"]
    page = brief["page"]
    rules = (
        (40, [_path(f"/{page}/print/*")], "print"),
        (20, [_path(f"/{page}/*"), _methods("GET", "HEAD")], "pages"),
        (30, [{"Field": "host-header", "HostHeaderConfig": {"Values": ["old.*"]}}], "old"),
    )
    for priority, conditions, name in rules:
        elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=conditions,
            Actions=[{"Type": "forward", "TargetGroupArn": groups[name]}],
        )
    ec2.create_launch_template(
        LaunchTemplateName=brief["letters"],
        LaunchTemplateData={"ImageId": image, "InstanceType": "t3.small", "SecurityGroupIds": [machines]},
    )
    asg.create_auto_scaling_group(
        AutoScalingGroupName=brief["letters"],
        LaunchTemplate={"LaunchTemplateName": brief["letters"], "Version": "$Latest"},
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=1,
        VPCZoneIdentifier=subnets["app"][0],
        TargetGroupARNs=[groups["main"]],
        HealthCheckType="EC2",
        HealthCheckGracePeriod=300,
    )


def _path(pattern: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}


def _methods(*names: str) -> dict[str, Any]:
    return {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": list(names)}}


def _group(ec2: Any, vpc: str, name: str, port: int) -> str:
    group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": WORLD}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return str(group)
