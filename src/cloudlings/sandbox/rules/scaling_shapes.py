"""Auto Scaling groups and their target groups, as AWS shows them."""

from __future__ import annotations

from typing import Any

from cloudlings.sandbox.rules.registry import Given, Output, reshape

_NOT_THERE = ("shutting-down", "terminated", "stopping", "stopped")
# What the emulator says of every hook, whatever it was given.
_INVENTED = {
    "NotificationTargetARN": "arn:aws:sqs:us-east-1:123456789012:my-queue",
    "RoleARN": "arn:aws:iam::1234567890:role/my-auto-scaling-role",
}


@reshape("autoscaling", "PutScalingPolicy")
async def arn_of_a_policy(given: Given, output: Output) -> None:
    """The answer has the policy's ARN, which alarms call.

    Source: Auto Scaling API reference, PutScalingPolicy, PolicyARN.
    """
    asked = given.input
    group, name = asked.get("AutoScalingGroupName", ""), asked.get("PolicyName", "")
    read = await given.read("DescribePolicies", AutoScalingGroupName=group, PolicyNames=[name])
    for policy in read.get("ScalingPolicies", []):
        if policy.get("PolicyName") == name:
            output["PolicyARN"] = policy["PolicyARN"]
    output.setdefault("Alarms", [])


@reshape("autoscaling", "DescribeLifecycleHooks")
def hooks_that_tell_nobody(given: Given, output: Output) -> None:  # noqa: ARG001
    """A hook without a notification target shows none: its events go to EventBridge in any case.

    Source: Auto Scaling API reference, LifecycleHook; User Guide, "Amazon EC2 Auto Scaling lifecycle hooks".
    """
    for hook in output.get("LifecycleHooks", []):
        for key, invented in _INVENTED.items():
            if hook.get(key) == invented:
                hook.pop(key)


@reshape("elbv2", "DescribeTargetHealth")
async def targets_follow_their_group(given: Given, output: Output) -> None:
    """Terminated instances are no targets any more, and a group's new ones are.

    Source: Auto Scaling User Guide, "Attach an Elastic Load Balancing load balancer" (a group registers and
    deregisters its instances); Application Load Balancers Guide, "Register targets".
    """
    if given.input.get("Targets"):
        return
    arn = given.input.get("TargetGroupArn", "")
    shown: list[dict[str, Any]] = output.get("TargetHealthDescriptions", [])
    read = await given.read("DescribeAutoScalingGroups", "autoscaling")
    groups = [each for each in read.get("AutoScalingGroups", []) if arn in each.get("TargetGroupARNs", [])]
    names = {row["Target"]["Id"] for row in shown if row["Target"]["Id"].startswith("i-")}
    if not names and not groups:
        return
    gone = await _gone(given, names)
    kept = [row for row in shown if row["Target"]["Id"] not in gone]
    there = {row["Target"]["Id"] for row in kept}
    members = [member for group in groups for member in group.get("Instances", [])]
    serving = [member["InstanceId"] for member in members if member.get("LifecycleState") == "InService"]
    kept += [await _new_target(given, arn, name) for name in serving if name not in there]
    output["TargetHealthDescriptions"] = kept


async def _gone(given: Given, names: set[str]) -> set[str]:
    read = await given.read("DescribeInstances", "ec2")
    instances = [one for each in read.get("Reservations", []) for one in each.get("Instances", [])]
    running = {one["InstanceId"] for one in instances if one["State"]["Name"] not in _NOT_THERE}
    return names - running


async def _new_target(given: Given, arn: str, instance: str) -> dict[str, Any]:
    read = await given.read("DescribeTargetGroups", TargetGroupArns=[arn])
    port = (read.get("TargetGroups") or [{}])[0].get("Port", 80)
    target, health = {"Id": instance, "Port": port}, {"State": "healthy"}
    return {"Target": target, "HealthCheckPort": str(port), "TargetHealth": health}


@reshape("elbv2", "DescribeTargetGroups")
async def groups_that_listeners_forward_to(given: Given, output: Output) -> None:
    """A load balancer's target groups are those that its listeners and rules forward to now.

    Source: ELB API reference, DescribeTargetGroups, LoadBalancerArn; ModifyListener and CreateRule, Actions.
    """
    balancer = given.input.get("LoadBalancerArn")
    if not balancer:
        return
    arns = await _forwarded(given, balancer)
    every = (await given.read("DescribeTargetGroups")).get("TargetGroups", [])
    output["TargetGroups"] = [
        {**group, "LoadBalancerArns": [balancer]} for group in every if group["TargetGroupArn"] in arns
    ]


async def _forwarded(given: Given, balancer: str) -> set[str]:
    arns: set[str] = set()
    read = await given.read("DescribeListeners", LoadBalancerArn=balancer)
    for listener in read.get("Listeners", []):
        rules = await given.read("DescribeRules", ListenerArn=listener["ListenerArn"])
        actions = [action for rule in rules.get("Rules", []) for action in rule.get("Actions", [])]
        for action in [*listener.get("DefaultActions", []), *actions]:
            weighted = (action.get("ForwardConfig") or {}).get("TargetGroups", [])
            arns |= {str(action.get("TargetGroupArn")), *(str(each["TargetGroupArn"]) for each in weighted)}
    return arns
