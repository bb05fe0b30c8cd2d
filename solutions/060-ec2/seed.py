"""Brackwater's account as it was left: a good network, two machines that nobody cared for, and an inventory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

ZONES = {"web": "euw1-az1", "app_a": "euw1-az1", "app_b": "euw1-az2"}
INVENTORY = "/brackwater/inventory"
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
WORLD = [{"CidrIp": "0.0.0.0/0"}]


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the VPC and changes nothing."""
    session = accounts["main"]
    ec2 = session.client("ec2")
    if ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": [brief["vpc_cidr"]]}])["Vpcs"]:
        return
    vpc = _vpc(ec2, brief["vpc_cidr"])
    subnets = {name: _subnet(ec2, vpc, name, block) for name, block in brief["subnets"].items()}
    _neighbours(ec2, vpc, subnets, brief["hosts"])
    forecaster = _forecaster(ec2, vpc, subnets["web"], brief)
    archive = _archive(ec2, vpc, subnets["app_a"], brief)
    _routes(ec2, vpc, subnets)
    _bucket(session, brief["bucket"])
    session.client("ssm").put_parameter(
        Name=INVENTORY, Type="String", Value=json.dumps({"forecaster": forecaster, "archive": archive})
    )


def _named(kind: str, name: str) -> dict[str, Any]:
    return {"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}


def _vpc(ec2: Any, cidr: str) -> str:
    vpc = ec2.create_vpc(CidrBlock=cidr, TagSpecifications=[_named("vpc", "brackwater")])["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=vpc, **{attribute: {"Value": True}})
    return str(vpc)


def _subnet(ec2: Any, vpc: str, name: str, block: str) -> str:
    tags = [_named("subnet", name.replace("_", "-"))]
    made = ec2.create_subnet(
        VpcId=vpc, CidrBlock=block, AvailabilityZoneId=ZONES[name], TagSpecifications=tags
    )
    return str(made["Subnet"]["SubnetId"])


def _group(ec2: Any, vpc: str, name: str, about: str, *rules: dict[str, Any]) -> str:
    group = ec2.create_security_group(GroupName=name, Description=about, VpcId=vpc)["GroupId"]
    if rules:
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=list(rules))
    return str(group)


def _neighbours(ec2: Any, vpc: str, subnets: Mapping[str, str], hosts: Mapping[str, str]) -> None:
    """The relay, which talks to collectors, and a kiosk, which has no business with them."""
    relay = _group(ec2, vpc, "relay", "takes calls of radio stations")
    (default,) = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    for name, home, group in (("relay", "web", relay), ("kiosk", "app_a", default["GroupId"])):
        ec2.create_network_interface(
            SubnetId=subnets[home],
            PrivateIpAddress=hosts[name],
            Groups=[group],
            Description=name,
            TagSpecifications=[_named("network-interface", name)],
        )


def _launch(ec2: Any, name: str, kind: str, disks: list[dict[str, Any]], card: dict[str, Any]) -> Any:
    made = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType=kind,
        MinCount=1,
        MaxCount=1,
        MetadataOptions={"HttpTokens": "optional"},
        BlockDeviceMappings=disks,
        NetworkInterfaces=[{"DeviceIndex": 0, **card}],
        TagSpecifications=[_named("instance", name), _named("volume", f"{name} root")],
    )
    instance = made["Instances"][0]["InstanceId"]
    (found,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
    return found


def _disks(instance: Any) -> dict[str, str]:
    return {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in instance["BlockDeviceMappings"]}


def _forecaster(ec2: Any, vpc: str, subnet: str, brief: Mapping[str, Any]) -> dict[str, Any]:
    """The machine of the forecasts: too small, open to the world, and it answers metadata without a token."""
    anything = {"IpProtocol": "-1", "IpRanges": WORLD}
    group = _group(ec2, vpc, "launch-wizard-3", "made while clicking", anything)
    card = {
        "SubnetId": subnet,
        "Groups": [group],
        "PrivateIpAddress": brief["hosts"]["forecaster"],
        "AssociatePublicIpAddress": True,
    }
    made = _launch(ec2, "forecaster", brief["forecaster_type"], [], card)
    return {"instance": made["InstanceId"], "root": _disks(made)["/dev/xvda"]}


def _archive(ec2: Any, vpc: str, subnet: str, brief: Mapping[str, Any]) -> dict[str, Any]:
    """An old machine with fifteen years of observations on a disk that would go with it, and a weekly backup."""
    group = _group(ec2, vpc, "archive", "nobody calls it any more")
    gib = brief["archive_gib"]
    disks = [
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {"VolumeSize": gib, "VolumeType": "gp2", "DeleteOnTermination": True},
        },
        {
            "DeviceName": "/dev/sdg",
            "Ebs": {"VolumeSize": 30, "VolumeType": "gp2", "DeleteOnTermination": True},
        },
    ]
    card = {"SubnetId": subnet, "Groups": [group], "PrivateIpAddress": brief["hosts"]["archive"]}
    made = _launch(ec2, "archive", "t3.small", disks, card)
    volumes = _disks(made)
    for device, name in (("/dev/sdf", "observations"), ("/dev/sdg", "scratch")):
        ec2.create_tags(Resources=[volumes[device]], Tags=[{"Key": "Name", "Value": name}])
    zone = made["Placement"]["AvailabilityZone"]
    before = ec2.create_volume(AvailabilityZone=zone, Size=gib, VolumeType="gp2")["VolumeId"]
    backup = ec2.create_snapshot(
        VolumeId=before,
        Description="observations, weekly backup",
        TagSpecifications=[_named("snapshot", "observations, last week")],
    )["SnapshotId"]
    ec2.delete_volume(VolumeId=before)
    return {
        "instance": made["InstanceId"],
        "observations": volumes["/dev/sdf"],
        "scratch": volumes["/dev/sdg"],
        "weekly_backup": backup,
        # LocalStack makes none but the disks that a launch names.
        **({"root": volumes["/dev/xvda"]} if "/dev/xvda" in volumes else {}),
    }


def _routes(ec2: Any, vpc: str, subnets: Mapping[str, str]) -> None:
    """As lab 040 teaches it: web public, app private behind a NAT gateway."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnets["web"], AllocationId=address)["NatGateway"]["NatGatewayId"]
    for name, homes, target in (
        ("public", ("web",), {"GatewayId": gateway}),
        ("private", ("app_a", "app_b"), {"NatGatewayId": nat}),
    ):
        made = ec2.create_route_table(VpcId=vpc, TagSpecifications=[_named("route-table", name)])
        table = made["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        for home in homes:
            ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[home])


def _bucket(session: Any, name: str) -> None:
    s3 = session.client("s3")
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region_name})
