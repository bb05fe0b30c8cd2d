"""Load balancers and Auto Scaling."""

from __future__ import annotations

from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

BALANCERS = "ELB API reference, CreateLoadBalancer; Application Load Balancers Guide"
LISTENERS = "ELB API reference, CreateListener; CreateRule"
TARGETS = "ELB API reference, CreateTargetGroup; RegisterTargets"
GROUPS = "Auto Scaling API reference, CreateAutoScalingGroup; Auto Scaling User Guide"
POLICIES = "Auto Scaling API reference, PutScalingPolicy"


def public(aws: Aws) -> tuple[str, list[str]]:
    """A VPC with a gateway, and two of its subnets."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    return vpc, aws.subnets(vpc)


def balancer(aws: Aws, subnets: list[str], **more: Any) -> str:
    name = more.pop("Name", None) or aws.name("lb")[:30].strip("-")
    made: str = aws.elbv2.create_load_balancer(Name=name, Subnets=subnets, **more)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    return made


def targets(aws: Aws, vpc: str, **more: Any) -> str:
    settings = {"Name": aws.name("tg")[:30].strip("-"), "Protocol": "HTTP", "Port": 80, "VpcId": vpc} | more
    made: str = aws.elbv2.create_target_group(**settings)["TargetGroups"][0]["TargetGroupArn"]
    return made


def listener(aws: Aws, arn: str, group: str, port: int = 80, **more: Any) -> str:
    action = {"Type": "forward", "TargetGroupArn": group}
    settings = {"LoadBalancerArn": arn, "Protocol": "HTTP", "Port": port, "DefaultActions": [action]} | more
    made: str = aws.elbv2.create_listener(**settings)["Listeners"][0]["ListenerArn"]
    return made


refused(
    "ELB",
    "ValidationError",
    "An ALB is in two zones at least.",
    BALANCERS,
    lambda a: balancer(a, public(a)[1][:1]),
)


@probe("ELB", BALANCERS, "InvalidConfigurationRequest")
def one_zone(aws: Aws) -> None:
    """An ALB has one subnet in a zone."""
    vpc = aws.vpc()
    aws.gateway(vpc)
    balancer(aws, [aws.subnet(vpc, "10.0.1.0/24", "a"), aws.subnet(vpc, "10.0.2.0/24", "a")])


refused(
    "ELB",
    "InvalidSubnet",
    "An internet-facing ALB's VPC has an internet gateway.",
    BALANCERS,
    lambda a: balancer(a, a.subnets()),
)
refused(
    "ELB",
    "SubnetNotFound",
    "A load balancer's subnets are there.",
    BALANCERS,
    lambda a: balancer(a, ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]),
)
refused(
    "ELB",
    "DuplicateLoadBalancerName",
    "A load balancer's name is given once.",
    BALANCERS,
    lambda a: (lambda s: [balancer(a, s, Name="web", Scheme="internal"), balancer(a, s, Name="web")])(
        public(a)[1]
    ),
)
for _sentence, _name in {
    "A load balancer's name has at most 32 characters.": "x" * 33,
    "A load balancer's name does not begin with internal-.": "internal-web",
    "A load balancer's name does not end with a hyphen.": "web-",
    "A load balancer's name has letters, digits and hyphens.": "web_front",
}.items():
    refused(
        "ELB",
        "ValidationError",
        _sentence,
        BALANCERS,
        lambda a, _name=_name: balancer(a, public(a)[1], Name=_name),
    )


@probe("ELB", BALANCERS, ("InvalidConfigurationRequest", "InvalidSecurityGroup"))
def guard_of_another_network(aws: Aws) -> None:
    """An ALB's security groups are of its VPC."""
    _, subnets = public(aws)
    balancer(aws, subnets, SecurityGroups=[aws.group(aws.vpc("10.9.0.0/16"))])


@probe("ELB", LISTENERS, "DuplicateListener")
def same_port(aws: Aws) -> None:
    """A load balancer has one listener on a port."""
    vpc, subnets = public(aws)
    arn, group = balancer(aws, subnets), targets(aws, vpc)
    listener(aws, arn, group)
    listener(aws, arn, targets(aws, vpc))


@probe("ELB", LISTENERS, ("ValidationError", "CertificateNotFound"))
def no_certificate(aws: Aws) -> None:
    """An HTTPS listener has a certificate."""
    vpc, subnets = public(aws)
    listener(aws, balancer(aws, subnets), targets(aws, vpc), 443, Protocol="HTTPS")


@probe("ELB", LISTENERS, "PriorityInUse")
def same_priority(aws: Aws) -> None:
    """A listener's rules have priorities of their own."""
    vpc, subnets = public(aws)
    group = targets(aws, vpc)
    arn = listener(aws, balancer(aws, subnets), group)
    for path in ("/a", "/b"):
        aws.elbv2.create_rule(
            ListenerArn=arn,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": [path]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )


@probe("ELB", LISTENERS, "OperationNotPermitted")
def default_rule(aws: Aws) -> None:
    """A listener's default rule is not deleted."""
    vpc, subnets = public(aws)
    arn = listener(aws, balancer(aws, subnets), targets(aws, vpc))
    rules = aws.elbv2.describe_rules(ListenerArn=arn)["Rules"]
    aws.elbv2.delete_rule(RuleArn=next(r["RuleArn"] for r in rules if r["IsDefault"]))


@probe("ELB", TARGETS, "ResourceInUse")
def group_in_use(aws: Aws) -> None:
    """A target group that a listener forwards to is not deleted."""
    vpc, subnets = public(aws)
    group = targets(aws, vpc)
    listener(aws, balancer(aws, subnets), group)
    aws.elbv2.delete_target_group(TargetGroupArn=group)


@probe("ELB", TARGETS, "TargetGroupAssociationLimit")
def group_of_another(aws: Aws) -> None:
    """A target group is one load balancer's."""
    vpc, subnets = public(aws)
    group = targets(aws, vpc)
    listener(aws, balancer(aws, subnets), group)
    listener(aws, balancer(aws, subnets), group)


refused(
    "ELB",
    "DuplicateTargetGroupName",
    "A target group's name is given once.",
    TARGETS,
    lambda a: [targets(a, v, Name="web", Port=p) for v in [a.vpc()] for p in (80, 81)],
)
for _sentence, _more in {
    "A check's timeout is shorter than its interval.": {
        "HealthCheckIntervalSeconds": 10,
        "HealthCheckTimeoutSeconds": 10,
    },
    "A target group's port is at most 65535.": {"Port": 70_000},
    "A health check's path begins with a slash.": {"HealthCheckPath": "health"},
    "A health check's codes are from 200 to 499.": {"Matcher": {"HttpCode": "600"}},
}.items():
    refused("ELB", "ValidationError", _sentence, TARGETS, lambda a, _more=_more: targets(a, a.vpc(), **_more))


@probe("ELB", TARGETS, "InvalidTarget")
def target_elsewhere(aws: Aws) -> None:
    """A target is an instance of the target group's VPC."""
    instance = aws.instance(aws.subnet(aws.vpc("10.9.0.0/16"), "10.9.1.0/24"))
    aws.elbv2.register_targets(TargetGroupArn=targets(aws, aws.vpc()), Targets=[{"Id": instance}])


@probe("ELB", "Application Load Balancers Guide, Deletion protection", "OperationNotPermitted")
def protected(aws: Aws) -> None:
    """A protected load balancer is not deleted."""
    arn = balancer(aws, public(aws)[1])
    on = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    aws.elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=on)
    aws.elbv2.delete_load_balancer(LoadBalancerArn=arn)


@probe("ELB", "ELB API reference, TargetGroup")
def checked_by_default(aws: Aws) -> None:
    """Health is checked every 30 seconds at /, for 5 seconds; five answers make healthy, two unhealthy."""
    found = aws.elbv2.describe_target_groups(TargetGroupArns=[targets(aws, aws.vpc())])["TargetGroups"][0]
    same((found["HealthCheckIntervalSeconds"], found["HealthCheckTimeoutSeconds"]), (30, 5))
    same((found["HealthyThresholdCount"], found["UnhealthyThresholdCount"]), (5, 2))
    same(
        (found["HealthCheckPath"], found["Matcher"]["HttpCode"], found["TargetType"]),
        ("/", "200", "instance"),
    )


@probe("ELB", "Application Load Balancers Guide, Subnets for your load balancer")
def interfaces(aws: Aws) -> None:
    """An ALB has an interface of AWS's in each of its subnets, with its groups."""
    vpc, subnets = public(aws)
    guard = aws.group(vpc)
    arn = balancer(aws, subnets, SecurityGroups=[guard])
    own = [{"Name": "vpc-id", "Values": [vpc]}]
    found = aws.ec2.describe_network_interfaces(Filters=own)["NetworkInterfaces"]
    same(sorted(i["SubnetId"] for i in found), sorted(subnets))
    same({i["Description"] for i in found}, {f"ELB {arn.partition('loadbalancer/')[2]}"})
    same({g["GroupId"] for i in found for g in i["Groups"]}, {guard})


# --- Auto Scaling -------------------------------------------------------------------------------------


def template(aws: Aws, **more: Any) -> dict[str, str]:
    name = aws.name("template")
    data = {"ImageId": aws.image, "InstanceType": "t3.micro"} | more
    aws.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    return {"LaunchTemplateName": name, "Version": "$Latest"}


def group(aws: Aws, subnets: list[str] | None = None, **more: Any) -> str:
    settings = {
        "AutoScalingGroupName": aws.name("group"),
        "MinSize": 0,
        "MaxSize": 4,
        "LaunchTemplate": template(aws),
        "VPCZoneIdentifier": ",".join(subnets or aws.subnets()),
    } | more
    aws.autoscaling.create_auto_scaling_group(**{k: v for k, v in settings.items() if v is not None})
    name: str = settings["AutoScalingGroupName"]
    return name


def described(aws: Aws, name: str) -> dict[str, Any]:
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    one: dict[str, Any] = found[0]
    return one


def members(aws: Aws, name: str) -> list[dict[str, Any]]:
    instances: list[dict[str, Any]] = described(aws, name)["Instances"]
    return instances


for _sentence, _more in {
    "A group's least is not above its most.": {"MinSize": 5, "MaxSize": 4},
    "A group's wish is not above its most.": {"DesiredCapacity": 5},
    "A group's wish is not below its least.": {"MinSize": 2, "DesiredCapacity": 1},
    "A group launches from something.": {"LaunchTemplate": None},
    "A group's template is there.": {"LaunchTemplate": {"LaunchTemplateName": "none", "Version": "1"}},
    "A group's subnets are there.": {"VPCZoneIdentifier": "subnet-0123456789abcdef0"},
    "A group's health is checked by EC2 or ELB and the like.": {"HealthCheckType": "HTTP"},
    "A group's target groups are there.": {
        "TargetGroupARNs": [
            "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/none/0123456789abcdef"
        ]
    },
}.items():
    refused("Auto Scaling", "ValidationError", _sentence, GROUPS, lambda a, _more=_more: group(a, **_more))
refused(
    "Auto Scaling",
    "AlreadyExists",
    "A group's name is given once.",
    GROUPS,
    lambda a: [group(a, s, AutoScalingGroupName="web") for s in [a.subnets()] * 2],
)


@probe("Auto Scaling", "Auto Scaling User Guide, Instance distribution")
def spread(aws: Aws) -> None:
    """A group spreads its instances evenly over its zones."""
    name = group(aws, MinSize=4)
    same(sorted(i["AvailabilityZone"] for i in members(aws, name)), ["us-east-1a"] * 2 + ["us-east-1b"] * 2)


gives(
    "Auto Scaling",
    "A group judges its instances at once unless it is given a grace period.",
    GROUPS,
    [0],
    lambda a: [described(a, group(a))["HealthCheckGracePeriod"]],
)


@probe("Auto Scaling", "Auto Scaling API reference, UpdateAutoScalingGroup")
def mix_stays(aws: Aws) -> None:
    """An update that names no mixed instances policy leaves it."""
    mix = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": template(aws),
            "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3.medium"}],
        },
        "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0},
    }
    name = group(aws, LaunchTemplate=None, MixedInstancesPolicy=mix)
    aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, CapacityRebalance=True, MaxSize=5)
    kept = described(aws, name).get("MixedInstancesPolicy", {})
    same(len(kept.get("LaunchTemplate", {}).get("Overrides", [])), 2)
    same(kept["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"], 0)


@probe("Auto Scaling", GROUPS, "ResourceInUse")
def with_members(aws: Aws) -> None:
    """A group with instances is deleted by force only."""
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group(aws, MinSize=1))


refused(
    "Auto Scaling",
    "ValidationError",
    "A wish is within least and most.",
    "Auto Scaling API reference, SetDesiredCapacity",
    lambda a: a.autoscaling.set_desired_capacity(AutoScalingGroupName=group(a), DesiredCapacity=9),
)
for _sentence, _more in {
    "A target tracking policy has a target.": {"PolicyType": "TargetTrackingScaling"},
    "Steps do not overlap.": {
        "PolicyType": "StepScaling",
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 20, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
        ],
    },
    "Steps leave no gap.": {
        "PolicyType": "StepScaling",
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 2},
        ],
    },
    "A step policy has steps.": {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity"},
    "An adjustment is of a type that there is.": {
        "PolicyType": "StepScaling",
        "AdjustmentType": "Double",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
    },
}.items():
    refused(
        "Auto Scaling",
        "ValidationError",
        _sentence,
        POLICIES,
        lambda a, _more=_more: a.autoscaling.put_scaling_policy(
            AutoScalingGroupName=group(a), PolicyName="p", **_more
        ),
    )
refused(
    "Auto Scaling",
    "ValidationError",
    "A policy's group is there.",
    POLICIES,
    lambda a: a.autoscaling.put_scaling_policy(
        AutoScalingGroupName="none", PolicyName="p", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    ),
)
refused(
    "Auto Scaling",
    "ValidationError",
    "A hook waits from 30 to 7,200 seconds.",
    "Auto Scaling API reference, PutLifecycleHook",
    lambda a: a.autoscaling.put_lifecycle_hook(
        AutoScalingGroupName=group(a),
        LifecycleHookName="h",
        HeartbeatTimeout=10,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    ),
)


@probe("Auto Scaling", "Auto Scaling User Guide, Health checks for instances in an Auto Scaling group")
def replaced(aws: Aws) -> None:
    """A terminated instance is replaced by another."""
    name = group(aws, MinSize=2)
    before = {i["InstanceId"] for i in members(aws, name)}
    aws.ec2.terminate_instances(InstanceIds=[sorted(before)[0]])

    def replaced() -> bool:
        now = {i["InstanceId"] for i in members(aws, name) if i["LifecycleState"] == "InService"}
        return len(now) == 2 and sorted(before)[0] not in now

    assert within(3, replaced), members(aws, name)


gives(
    "Auto Scaling",
    "A group waits 300 seconds between scalings.",
    GROUPS,
    300,
    lambda a: a.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group(a)])[
        "AutoScalingGroups"
    ][0]["DefaultCooldown"],
)


@probe("Auto Scaling", "Auto Scaling User Guide, Launch templates")
def by_the_template(aws: Aws) -> None:
    """A group's instances are as its template says."""
    vpc = aws.vpc()
    guard = aws.group(vpc)
    chosen = template(aws, SecurityGroupIds=[guard], InstanceType="t3.small")
    name = group(aws, aws.subnets(vpc), LaunchTemplate=chosen, MinSize=1)
    found = aws.ec2.describe_instances(InstanceIds=[members(aws, name)[0]["InstanceId"]])
    one = found["Reservations"][0]["Instances"][0]
    same((one["InstanceType"], [g["GroupId"] for g in one["SecurityGroups"]]), ("t3.small", [guard]))
    assert any(t["Key"] == "aws:autoscaling:groupName" and t["Value"] == name for t in one["Tags"]), one[
        "Tags"
    ]
