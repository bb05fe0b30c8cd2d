"""Auto Scaling groups and their target groups, as AWS shows them."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from cloudlings.sandbox.model import Call, Request, Response
from cloudlings.sandbox.rules import scaling_shapes
from cloudlings.sandbox.rules.registry import Given

ACCOUNT = "111122223333"
ARN = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:targetgroup/web/0123456789abcdef"
BALANCER = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/front/0123456789abcdef"


async def nobody(_service: str, request: Request) -> Response:
    raise AssertionError(f"not foreseen: {request.body!r}")


async def nothing(arn: str, _region: str) -> dict[str, Any]:
    raise AssertionError(f"not foreseen: {arn}")


def given(service: str, operation: str, answers: dict[tuple[str, str], Any], **form: str) -> Given:
    """A call, and what the emulator answers to what a rule asks (service "" for the call's own)."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    body = urlencode({"Action": operation, **form}).encode()
    call = Call(Request("POST", "/", "", headers, body), service, operation, "eu-west-1", None, ACCOUNT)

    class Answered(Given):
        async def read(self, operation: str, service: str = "", **parameters: Any) -> dict[str, Any]:
            found = answers[service, operation]
            return found(**parameters) if callable(found) else found

    return Answered(call, nobody, nothing)


def test_policy_arn() -> None:
    """The answer of PutScalingPolicy has the policy's ARN."""
    policies = {"ScalingPolicies": [{"PolicyName": "up", "PolicyARN": "arn:up"}]}
    output: dict[str, Any] = {}
    asked = given(
        "autoscaling",
        "PutScalingPolicy",
        {("", "DescribePolicies"): policies},
        AutoScalingGroupName="web",
        PolicyName="up",
    )
    asyncio.run(scaling_shapes.arn_of_a_policy(asked, output))
    assert output == {"PolicyARN": "arn:up", "Alarms": []}


def test_hooks() -> None:
    """What the emulator invents of a hook is left out; what somebody gave stays."""
    invented = {
        "NotificationTargetARN": "arn:aws:sqs:us-east-1:123456789012:my-queue",
        "RoleARN": "arn:aws:iam::1234567890:role/my-auto-scaling-role",
    }
    output = {"LifecycleHooks": [{"LifecycleHookName": "a", **invented}, {"RoleARN": "arn:own"}]}
    scaling_shapes.hooks_that_tell_nobody(given("autoscaling", "DescribeLifecycleHooks", {}), output)
    assert output == {"LifecycleHooks": [{"LifecycleHookName": "a"}, {"RoleARN": "arn:own"}]}


def test_targets() -> None:
    """A terminated instance is no target; a group's new machine is; an address stays."""
    member = {"InstanceId": "i-new", "LifecycleState": "InService"}
    leaving = {"InstanceId": "i-going", "LifecycleState": "Terminating"}
    groups = [
        {"TargetGroupARNs": [ARN], "Instances": [member, leaving]},
        {"TargetGroupARNs": [], "Instances": [{"InstanceId": "i-other", "LifecycleState": "InService"}]},
    ]
    instances = [{"InstanceId": "i-dead", "State": {"Name": "terminated"}}]
    asked = given(
        "elbv2",
        "DescribeTargetHealth",
        {
            ("autoscaling", "DescribeAutoScalingGroups"): {"AutoScalingGroups": groups},
            ("ec2", "DescribeInstances"): {"Reservations": [{"Instances": instances}]},
            ("", "DescribeTargetGroups"): {"TargetGroups": [{"Port": 8080}]},
        },
        TargetGroupArn=ARN,
    )
    output = {"TargetHealthDescriptions": [{"Target": {"Id": "i-dead"}}, {"Target": {"Id": "10.0.0.9"}}]}
    asyncio.run(scaling_shapes.targets_follow_their_group(asked, output))
    found = [row["Target"] for row in output["TargetHealthDescriptions"]]
    assert found == [{"Id": "10.0.0.9"}, {"Id": "i-new", "Port": 8080}]


def test_groups_of_a_balancer() -> None:
    """A load balancer has the target groups that its listeners and rules forward to now."""
    weighted = {"ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "b"}]}}
    every = [{"TargetGroupArn": name, "LoadBalancerArns": []} for name in ("a", "b", "c")]
    asked = given(
        "elbv2",
        "DescribeTargetGroups",
        {
            ("", "DescribeListeners"): {
                "Listeners": [{"ListenerArn": "l", "DefaultActions": [{"TargetGroupArn": "a"}]}]
            },
            ("", "DescribeRules"): {"Rules": [{"Actions": [weighted, {"Type": "redirect"}]}]},
            ("", "DescribeTargetGroups"): {"TargetGroups": every},
        },
        LoadBalancerArn=BALANCER,
    )
    output: dict[str, Any] = {"TargetGroups": []}
    asyncio.run(scaling_shapes.groups_that_listeners_forward_to(asked, output))
    assert [(one["TargetGroupArn"], one["LoadBalancerArns"]) for one in output["TargetGroups"]] == [
        ("a", [BALANCER]),
        ("b", [BALANCER]),
    ]
