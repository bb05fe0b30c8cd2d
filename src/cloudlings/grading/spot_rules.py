"""What graders of Spot groups ask: is it lent from many pools, and is its work saved within two minutes?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import ModelError
from cloudlings.grading.scaling_state import Raw, subnets_of_group
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.lab import Brief
from cloudlings.models import placement, runbook
from cloudlings.network import Network

_BALANCING = ("elbv2", "elasticloadbalancing", "elasticloadbalancingv2")
"""Names of the load balancers' service: the SDK's, the one of IAM's actions, and Step Functions'."""


def is_lent_from_many(brief: Mapping[str, Any], network: Network, group: Raw) -> None:
    """The mixed group: On-Demand base, Spot above, the types in both zones, replaced before the notice."""
    name = group["AutoScalingGroupName"]
    mixed = group.get("MixedInstancesPolicy") or {}
    distribution = mixed.get("InstancesDistribution") or {}
    most = brief["reports_most"]
    for wish in range(1, most + 1):
        paid = placement.on_demand(wish, distribution) if mixed else wish
        assert paid == min(wish, brief["reports_base"]), Because(
            found=f"Group {name} with {wish} machines has {paid} On-Demand; "
            f"{min(wish, brief['reports_base'])} were asked "
            "for.",
            consequence="The reports cost what they cost before."
            if paid > min(wish, brief["reports_base"])
            else "When Spot capacity is short, no report at all is made.",
            concept="A base is a number that is always On-Demand; above it a percentage is. What is left "
            "out is 0 "
            "and 100 %.",
        )
    types = {one.get("InstanceType") for one in (mixed.get("LaunchTemplate") or {}).get("Overrides") or []}
    zones = {subnet.az for subnet in subnets_of_group(network, group)}
    good = types >= set(brief["types"]) and len(zones) >= 2
    assert good, Because(
        found=f"Group {name} draws on {shown(sorted(map(str, types)))} in {shown(sorted(zones))}.",
        consequence="EC2 takes one pool back, and with it every worker of the group.",
        concept="One type in one zone is one pool. Many pools are seldom short at once.",
    )
    strategy = distribution.get("SpotAllocationStrategy")
    right = strategy == "price-capacity-optimized" and bool(group.get("CapacityRebalance"))
    good = right and (group["MinSize"], group["MaxSize"]) == (0, most)
    assert good, Because(
        found=f"Group {name} has strategy {strategy}, capacity rebalancing "
        f"{'on' if group.get('CapacityRebalance') else 'off'}, and {group['MinSize']} to "
        f"{group['MaxSize']} machines.",
        consequence="It takes the pool that is about to be taken back, or waits for the notice, or never "
        "sleeps.",
        concept="The cheapest pool is the one that everybody wants. Rebalancing acts on the risk, before "
        "the notice.",
    )


def launches_in(network: Network, group: Raw, blocks: Sequence[str]) -> None:
    """Fails the check where a group launches in a subnet of another range than ``blocks``."""
    homes = [f"{one.id} ({one.cidr})" for one in subnets_of_group(network, group) if one.cidr not in blocks]
    assert not homes, Because(
        found=f"Group {group['AutoScalingGroupName']} launches in {shown(homes)}; its subnets are "
        f"{shown(blocks)}.",
        consequence="Its machines stand where others belong: behind other walls, and with other ways out.",
        concept="A group launches in the subnets that it was given, whatever its template says.",
    )


def drains(brief: Mapping[str, Any], given: Any, jobs: str, group: str) -> None:
    """The runbook, for three instances that nobody has seen: off the target group, then saved under its
    id."""
    for instance in ("i-0123456789abcdef0", "i-0fedcba9876543210", "i-07777777777777777"):
        event = {"source": "aws.ec2", "detail": {"instance-id": instance, "instance-action": "terminate"}}
        try:
            calls = runbook.calls(given, event)
        except ModelError as error:
            raise AssertionError(
                Because(
                    found=f"The runbook was run for a warning about {instance}. {error.message}",
                    consequence="The drain program stops at this step, and the machine goes with its job.",
                    concept=error.next_step,
                )
            ) from error
        off = [n for n, call in enumerate(calls) if _takes_off(call, jobs, group, instance)]
        saved = [n for n, call in enumerate(calls) if _saves(call, brief["checkpoint_bucket"], instance)]
        good = off and saved and off[0] < saved[-1]
        assert good, Because(
            found=f"The runbook was run for a warning about {instance}: "
            f"{shown([call.name for call in calls])}. It "
            + (
                f"does not take {instance} off {brief['reports']}."
                if not off
                else f"does not save its job under a key of its own in {brief['checkpoint_bucket']}."
                if not saved
                else "saves the job before new ones are kept away."
            ),
            consequence="Another machine is drained, or a job begins after the last one was saved: it is "
            "lost.",
            concept="Each warning names its own instance. First nothing new, then save what is there.",
        )


def _takes_off(call: runbook.Call, jobs: str, group: str, instance: str) -> bool:
    service, _, operation = call.name.partition(":")
    if service == "autoscaling" and operation in ("EnterStandby", "DetachInstances"):
        # Both deregister the instance from the group's target groups.
        named = (call.input.get("AutoScalingGroupName"), call.input.get("InstanceIds"))
        return named == (group, [instance])
    targets = call.input.get("Targets")
    ids = [one.get("Id") for one in targets if isinstance(one, dict)] if isinstance(targets, list) else []
    right = service in _BALANCING and operation == "DeregisterTargets"
    right = right and call.input.get("TargetGroupArn") == jobs
    return right and ids == [instance]


def _saves(call: runbook.Call, bucket: str, instance: str) -> bool:
    key = str(call.input.get("Key"))
    return call.name == "s3:PutObject" and call.input.get("Bucket") == bucket and instance in key


def saves_in_time(account: Account, brief: Brief, jobs: str) -> None:
    """Fails the check unless the wait of a target group (ARN) and the saving fit into the two minutes."""
    attributes = account.client("elbv2").describe_target_group_attributes(TargetGroupArn=jobs)["Attributes"]
    delay = int({a["Key"]: a["Value"] for a in attributes}["deregistration_delay.timeout_seconds"])
    needs = delay + brief.checkpoint_seconds
    assert needs <= 120, Because(
        found=f"Target group {brief.reports} gives the job in hand {delay} seconds to end; saving takes "
        f"{brief.checkpoint_seconds}. Together that is {needs} of 120.",
        consequence="EC2 takes the machine while its job is being saved.",
        concept="Two minutes are all there is, for both waits.",
    )
