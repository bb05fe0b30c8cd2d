"""Groups on Spot, and runbooks for its warning: off the target group first, then saved, each for itself."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.spot_rules import drains, is_lent_from_many, launches_in, saves_in_time
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import Subnet

JOBS = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/reports/1"
BRIEF = {"reports": "reports", "checkpoint_bucket": "saves"}
ID = "$.detail.instance-id"
OFF: dict[str, Any] = {
    "call": "elbv2:DeregisterTargets",
    "input": {"TargetGroupArn": JOBS, "Targets": [{"Id": ID}]},
}
SAVE: dict[str, Any] = {"call": "s3:PutObject", "input": {"Bucket": "saves", "Key": ID}}
ASIDE: dict[str, Any] = {
    "call": "autoscaling:EnterStandby",
    "input": {
        "AutoScalingGroupName": "workers",
        "InstanceIds": [ID],
        "ShouldDecrementDesiredCapacity": False,
    },
}
ELSE = {"call": "sns:Publish", "input": {"Message": "a warning"}}


@pytest.mark.parametrize("steps", [
        [OFF, SAVE],
        [ELSE, OFF, ELSE, SAVE],
        [SAVE, OFF, SAVE],
        [OFF | {"call": "elasticloadbalancing:DeregisterTargets"}, SAVE],
        [{**ASIDE, "call": "autoscaling:DetachInstances"}, SAVE],
        [ASIDE, SAVE],
    ],
)  # fmt: skip
def test_a_runbook(steps: list[Any]) -> None:
    """Other steps may stand between; a first save before is no harm. Who leaves the group leaves its target
    groups."""
    drains(BRIEF, steps, JOBS, "workers")


def with_input(step: dict[str, Any], **change: Any) -> dict[str, Any]:
    return step | {"input": step["input"] | change}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (None, "A runbook is a list of steps"),
        ("drain it", "A runbook is a list of steps"),
        ([{"call": "s3:PutObject"}], "Step 1 of the runbook has no call, or no input"),
        ([with_input(OFF, Targets=[{"Id": "$.detail.nothing"}]), SAVE], "was run for a warning about i-0123"),
        ([SAVE], "does not take i-0123456789abcdef0 off reports"),
        ([with_input(OFF, Targets=[{"Id": "i-0123456789abcdef0"}]), SAVE], "take i-0fedcba9876543210 off"),
        ([with_input(OFF, Targets=[{"Id": ID}, {"Id": "i-1"}]), SAVE], "does not take"),
        ([with_input(OFF, Targets=ID), SAVE], "does not take"),
        ([with_input(OFF, Targets=[ID]), SAVE], "does not take"),
        ([OFF | {"call": "elbv2:RegisterTargets"}, SAVE], "does not take"),
        ([OFF | {"call": "ecs:DeregisterTargets"}, SAVE], "does not take"),
        ([ASIDE | {"call": "ec2:EnterStandby"}, SAVE], "does not take"),
        ([OFF, SAVE | {"call": "s3:DeleteObject"}], "does not save its job"),
        ([with_input(OFF, TargetGroupArn="arn:else"), SAVE], "does not take"),
        ([with_input(ASIDE, AutoScalingGroupName="web"), SAVE], "does not take"),
        ([with_input(ASIDE, InstanceIds=[ID, "i-1"]), SAVE], "does not take"),
        ([ASIDE | {"call": "autoscaling:ExitStandby"}, SAVE], "does not take"),
        ([OFF], "does not save its job"),
        ([OFF, with_input(SAVE, Key="last")], "does not save its job under a key of its own"),
        ([OFF, with_input(SAVE, Bucket="else")], "does not save its job"),
        ([SAVE, OFF], "saves the job before new ones are kept away"),
    ],
)
def test_what_loses_a_job(steps: Any, words: str) -> None:
    """No steps, a fixed instance, another group or bucket, one key for all, the wrong order."""
    with pytest.raises(AssertionError, match=words):
        drains(BRIEF, steps, JOBS, "workers")


PLAN = {"reports_most": 6, "reports_base": 1, "types": ["m5.large", "m6i.large"]}
NETWORK = Network(
    subnets=tuple(Subnet(f"subnet-{z}", "vpc-1", az=f"eu-west-1{z[0]}") for z in ("a", "a2", "b"))
)
LENT: dict[str, Any] = {
    "OnDemandBaseCapacity": 1,
    "OnDemandPercentageAboveBaseCapacity": 0,
    "SpotAllocationStrategy": "price-capacity-optimized",
}
GROUP: dict[str, Any] = {
    "AutoScalingGroupName": "workers", "VPCZoneIdentifier": "subnet-a,subnet-b", "MinSize": 0, "MaxSize": 6,
    "CapacityRebalance": True,
}  # fmt: skip


def mixed(*types: str, **lent: Any) -> dict[str, Any]:
    overrides = [{"InstanceType": each} if each else {"InstanceRequirements": {}} for each in types]
    made = {key: value for key, value in (LENT | lent).items() if value is not None}
    return {
        "MixedInstancesPolicy": {"LaunchTemplate": {"Overrides": overrides}, "InstancesDistribution": made}
    }


GOOD = mixed("m5.large", "m6i.large")


@pytest.mark.parametrize(
    "change",
    [{}, mixed("m6i.large", "m7i.large", "m5.large"), {"VPCZoneIdentifier": "subnet-a,subnet-a2,subnet-b"}],
)
def test_lent_from_many(change: dict[str, Any]) -> None:
    """The types of the plan, or more of them, in both zones."""
    is_lent_from_many(PLAN, NETWORK, GROUP | GOOD | change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"MixedInstancesPolicy": None},
            "with 2 machines has 2 On-Demand; 1 were asked for.\nThe reports cost",
        ),
        (mixed("m5.large", "m6i.large", OnDemandPercentageAboveBaseCapacity=None), "has 2 On-Demand"),
        (mixed("m5.large", "m6i.large", OnDemandBaseCapacity=2), "2 machines has 2 On-Demand"),
        (
            mixed("m5.large", "m6i.large", OnDemandBaseCapacity=0),
            "1 machines has 0 On-Demand; 1 .*\nWhen Spot",
        ),
        ({"MixedInstancesPolicy": {"LaunchTemplate": {}, "InstancesDistribution": LENT}}, "draws on none in"),
        ({"MixedInstancesPolicy": {"InstancesDistribution": LENT}}, "draws on none in"),
        (
            {"MixedInstancesPolicy": {"LaunchTemplate": GOOD["MixedInstancesPolicy"]["LaunchTemplate"]}},
            "with 2 machines has 2 On-Demand; 1 were asked for",
        ),
        (mixed("m5.large"), "draws on m5.large in eu-west-1a and eu-west-1b"),
        (mixed(""), "draws on None in eu-west-1a"),
        ({"VPCZoneIdentifier": "subnet-a,subnet-a2"}, "m6i.large in eu-west-1a\\."),
        (
            mixed("m5.large", "m6i.large", SpotAllocationStrategy="lowest-price"),
            "strategy lowest-price, .* on,",
        ),
        (mixed("m5.large", "m6i.large", SpotAllocationStrategy=None), "has strategy None"),
        ({"CapacityRebalance": False}, "rebalancing off, and 0 to 6 machines"),
        ({"CapacityRebalance": None}, "rebalancing off"),
        ({"MinSize": 1}, "and 1 to 6 machines"),
        ({"MaxSize": 5}, "and 0 to 5 machines"),
    ],
)
def test_not_lent_from_many(change: dict[str, Any], words: str) -> None:
    """Paid in full, no base, one pool, the cheapest pool, no rebalancing, never asleep."""
    with pytest.raises(AssertionError, match=words):
        is_lent_from_many(PLAN, NETWORK, GROUP | GOOD | change)


def test_where_it_launches() -> None:
    """In subnets of the agreed ranges, or in one beside them."""
    rows = (("subnet-a", "10.0.1.0/24"), ("subnet-b", "10.0.2.0/24"), ("subnet-web", "10.0.9.0/24"))
    there = Network(subnets=tuple(Subnet(name, "vpc-1", cidr) for name, cidr in rows))
    blocks = ["10.0.1.0/24", "10.0.2.0/24"]
    launches_in(there, GROUP, blocks)
    with pytest.raises(AssertionError, match=r"workers launches in subnet-web \(10.0.9.0/24\)"):
        launches_in(there, GROUP | {"VPCZoneIdentifier": "subnet-a,subnet-web"}, blocks)


class Waits:
    """An account with one target group, which waits so many seconds for what is open."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def client(self, service: str) -> Waits:
        assert service == "elbv2"
        return self

    def describe_target_group_attributes(self, TargetGroupArn: str) -> dict[str, Any]:  # noqa: N803
        assert TargetGroupArn == JOBS
        rows = {"stickiness.enabled": "false", "deregistration_delay.timeout_seconds": str(self.seconds)}
        return {"Attributes": [{"Key": key, "Value": value} for key, value in rows.items()]}


def test_both_waits_fit_into_two_minutes() -> None:
    """The wait for the job in hand, and the saving after it."""
    brief = Brief({"reports": "reports", "checkpoint_seconds": 40})
    saves_in_time(cast(Account, Waits(80)), brief, JOBS)
    with pytest.raises(
        AssertionError, match=r"81 seconds to end; saving takes 40\. Together that is 121 of 120"
    ):
        saves_in_time(cast(Account, Waits(81)), brief, JOBS)
