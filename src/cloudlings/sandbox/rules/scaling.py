"""Auto Scaling: sizes, templates, policies, hooks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from cloudlings.sandbox import shapes
from cloudlings.sandbox.model import Response
from cloudlings.sandbox.rules.common import one
from cloudlings.sandbox.rules.registry import Given, Refusal, before

_HEALTH = ("EC2", "ELB", "EBS", "VPC_LATTICE")
_ADJUSTMENTS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
_TRANSITIONS = ("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING")


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


async def _group(given: Given, name: str) -> dict[str, Any]:
    read = await given.read("DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    found: dict[str, Any] = (read.get("AutoScalingGroups") or [{}])[0]
    return found


@before("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup")
async def sizes(given: Given) -> Refusal | None:
    """Least, wish and most are in order.

    Source: Auto Scaling API reference, CreateAutoScalingGroup, MinSize, MaxSize, DesiredCapacity.
    """
    asked = given.input
    group = await _group(given, asked.get("AutoScalingGroupName", ""))
    if given.call.operation == "CreateAutoScalingGroup":
        if group:
            message = "AutoScalingGroup by this name already exists - A group with the name "
            return Refusal("AlreadyExists", f"{message}{asked['AutoScalingGroupName']} already exists")
        group = {}
    least, most = asked.get("MinSize", group.get("MinSize", 0)), asked.get("MaxSize", group.get("MaxSize", 0))
    wish = asked.get("DesiredCapacity")
    if least > most:
        return _invalid(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if wish is not None and wish > most:
        return _invalid(
            f"Desired capacity:{wish} must be between the specified min size:{least} and max size:{most}"
        )
    if wish is not None and wish < least:
        return _invalid(
            f"Desired capacity:{wish} must be between the specified min size:{least} and max size:{most}"
        )
    return None


@before("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup")
async def things_that_a_group_names(given: Given) -> Refusal | None:
    """Health checks, template, subnets and target groups are ones that there are.

    Source: Auto Scaling API reference, CreateAutoScalingGroup (ValidationError).
    """
    asked = given.input
    for kind in str(asked.get("HealthCheckType") or "EC2").split(","):
        if kind.strip() not in _HEALTH:
            return _invalid(f"Invalid health check type '{kind}'. Valid types are {', '.join(_HEALTH)}")
    if refusal := await _bad_template(given, asked):
        return refusal
    for name in filter(None, str(asked.get("VPCZoneIdentifier") or "").split(",")):
        if not await one(given, "DescribeSubnets", "Subnets", SubnetIds=[name.strip()]):
            return _invalid(f"The subnet ID '{name.strip()}' does not exist")
    for arn in asked.get("TargetGroupARNs", []):
        if not await given.read("DescribeTargetGroups", "elbv2", TargetGroupArns=[arn]):
            return _invalid(
                "Provided Target Groups may not be valid. Please ensure they exist and try again."
            )
    return None


async def _bad_template(given: Given, asked: dict[str, Any]) -> Refusal | None:
    mixed = ((asked.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}).get(
        "LaunchTemplateSpecification"
    )
    template = asked.get("LaunchTemplate") or mixed
    if not template:
        return None
    named = {}
    if template.get("LaunchTemplateName"):
        named["LaunchTemplateNames"] = [template["LaunchTemplateName"]]
    elif template.get("LaunchTemplateId"):
        named["LaunchTemplateIds"] = [template["LaunchTemplateId"]]
    if not named:
        return _invalid("Valid requests must contain either launchTemplateId or LaunchTemplateName")
    if not (await given.read("DescribeLaunchTemplates", "ec2", **named)).get("LaunchTemplates"):
        return _invalid(
            "You must use a valid fully-formed launch template. The specified launch template "
            f"{next(iter(named.values()))[0]} does not exist."
        )
    return None


@before("autoscaling", "DeleteAutoScalingGroup")
async def group_with_instances(given: Given) -> Refusal | None:
    """A group with instances is deleted by force only.

    Source: Auto Scaling API reference, DeleteAutoScalingGroup (ResourceInUse).
    """
    group = await _group(given, given.input.get("AutoScalingGroupName", ""))
    if group.get("Instances") and not given.input.get("ForceDelete"):
        message = (
            "You cannot delete an AutoScalingGroup while there are "
            "instances or pending Spot instance request(s)"
        )
        return Refusal("ResourceInUse", f"{message} still in the group.")
    return None


@before("autoscaling", "SetDesiredCapacity")
async def wish_within_bounds(given: Given) -> Refusal | None:
    """A wish is within least and most.

    Source: Auto Scaling API reference, SetDesiredCapacity (ValidationError).
    """
    wish = given.input.get("DesiredCapacity", 0)
    group = await _group(given, given.input.get("AutoScalingGroupName", ""))
    if group and wish > group["MaxSize"]:
        return _invalid(
            f"New SetDesiredCapacity value {wish} is above max value "
            f"{group['MaxSize']} for the AutoScalingGroup."
        )
    if group and wish < group["MinSize"]:
        return _invalid(
            f"New SetDesiredCapacity value {wish} is below min value "
            f"{group['MinSize']} for the AutoScalingGroup."
        )
    return None


@before("autoscaling", "PutScalingPolicy")
async def policy_that_scales(given: Given) -> Refusal | None:
    """A policy's group is there, and it has what its type needs; steps tile the line.

    Source: Auto Scaling API reference, PutScalingPolicy; Auto Scaling User Guide, "Step adjustments".
    """
    asked = given.input
    name, kind = asked.get("AutoScalingGroupName", ""), asked.get("PolicyType", "SimpleScaling")
    if not await _group(given, name):
        return _invalid("Group " + name + " not found")
    if kind == "TargetTrackingScaling":
        if not asked.get("TargetTrackingConfiguration"):
            return _invalid(
                "TargetTrackingConfiguration must be specified for policy type TargetTrackingScaling"
            )
        return None
    if kind == "PredictiveScaling":
        return None
    adjustment = asked.get("AdjustmentType")
    if adjustment is not None and adjustment not in _ADJUSTMENTS:
        return _invalid(
            f"Adjustment Type {adjustment} is not valid. Valid types are {', '.join(_ADJUSTMENTS)}"
        )
    if kind == "StepScaling":
        return _bad_steps(asked.get("StepAdjustments") or [])
    if kind == "SimpleScaling" and asked.get("ScalingAdjustment") is None:
        return _invalid("ScalingAdjustment must be specified for policy type SimpleScaling")
    return None


def _bad_steps(steps: list[dict[str, Any]]) -> Refusal | None:
    if not steps:
        return _invalid("At least one StepAdjustment must be specified for policy type StepScaling")
    infinity = float("inf")
    bounds = sorted(
        (s.get("MetricIntervalLowerBound", -infinity), s.get("MetricIntervalUpperBound", infinity))
        for s in steps
    )
    for (_, end), (start, _) in pairwise(bounds):
        if start < end:
            return _invalid("StepAdjustment intervals can't overlap")
        if start > end:
            return _invalid("StepAdjustment intervals can't have gaps between them")
    if any(start >= end for start, end in bounds):
        return _invalid("StepAdjustment lower bound must be less than its upper bound")
    return None


@before("autoscaling", "PutLifecycleHook")
def time_of_a_hook(given: Given) -> Refusal | None:
    """A hook waits from 30 to 7,200 seconds, at a launch or a termination.

    Source: Auto Scaling API reference, PutLifecycleHook, HeartbeatTimeout and LifecycleTransition.
    """
    seconds, transition = given.input.get("HeartbeatTimeout"), given.input.get("LifecycleTransition")
    if isinstance(seconds, int) and not 30 <= seconds <= 7200:
        return _invalid("Heartbeat timeout must be between 30 and 7200 seconds")
    if transition is not None and transition not in _TRANSITIONS:
        return _invalid(f"Lifecycle transition {transition} is not valid")
    return None


@before("autoscaling", "ExecutePolicy")
async def policy_carried_out(given: Given) -> Refusal | Response | None:
    """A policy changes the wish by its adjustment, or by the step that the metric is in, within the bounds.

    Source: Auto Scaling API reference, ExecutePolicy; Auto Scaling User Guide, "Step and simple scaling
    policies", "Scaling adjustment types".
    """
    asked = given.input
    names: dict[str, Any] = {"PolicyNames": [asked.get("PolicyName", "")]}
    if asked.get("AutoScalingGroupName"):
        names["AutoScalingGroupName"] = asked["AutoScalingGroupName"]
    found = (await given.read("DescribePolicies", **names)).get("ScalingPolicies") or []
    if not found or found[0].get("PolicyType") not in ("SimpleScaling", "StepScaling"):
        return None
    policy = found[0]
    adjustment = policy.get("ScalingAdjustment")
    if policy["PolicyType"] == "StepScaling":
        if asked.get("MetricValue") is None or asked.get("BreachThreshold") is None:
            return _invalid(
                "MetricValue and BreachThreshold must be specified for a policy of type StepScaling"
            )
        past = float(asked["MetricValue"]) - float(asked["BreachThreshold"])
        adjustment = _step(policy.get("StepAdjustments") or [], past)
    group = await _group(given, policy["AutoScalingGroupName"])
    if adjustment is not None and group:
        wish = group["DesiredCapacity"] + _change(policy, int(adjustment), group["DesiredCapacity"])
        wish = max(group["MinSize"], min(group["MaxSize"], wish))
        await given.write(
            "SetDesiredCapacity", AutoScalingGroupName=group["AutoScalingGroupName"], DesiredCapacity=wish
        )
    return shapes.new_output(given.call, {})


def _step(steps: list[dict[str, Any]], past: float) -> Any:
    """The adjustment of the step that holds a distance from the threshold; None outside all."""
    infinity = float("inf")
    for step in steps:
        low = float(step.get("MetricIntervalLowerBound", -infinity))
        high = float(step.get("MetricIntervalUpperBound", infinity))
        # Above the threshold a step has its lower end, below it its upper end.
        if low <= past < high if past >= 0 else low < past <= high:
            return step["ScalingAdjustment"]
    return None


def _change(policy: dict[str, Any], adjustment: int, current: int) -> int:
    """By how many instances an adjustment changes a group that has so many."""
    kind = policy.get("AdjustmentType")
    if kind == "ExactCapacity":
        return adjustment - current
    if kind != "PercentChangeInCapacity":
        return adjustment
    share = current * adjustment / 100
    # Rounded towards zero, but never to nothing.
    whole = int(share) or (1 if share > 0 else -1 if share < 0 else 0)
    least = int(policy.get("MinAdjustmentMagnitude") or 0)
    return (1 if whole > 0 else -1) * max(abs(whole), least) if whole else 0
