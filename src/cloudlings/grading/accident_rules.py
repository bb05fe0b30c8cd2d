"""What graders of a killed machine ask: did one die, did another come, and which go first on purpose?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.scaling_state import Raw
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.lab import Brief
from cloudlings.models import placement
from cloudlings.models.placement import Member


def died_and_was_replaced(account: Account, group: Raw, said: Mapping[str, Any]) -> None:
    """Fails the check unless a machine of the group was terminated (``killed``), and another came
    (``instead``)."""
    ran = {
        one["InstanceId"]: one
        for each in account.client("ec2").describe_instances()["Reservations"]
        for one in each["Instances"]
    }
    dead = ran.get(str(said.get("killed")), {})
    _was_killed(group, said, dead)
    _has_come(group, str(said.get("instead")), dead, ran)
    _has_its_number(group)


def _was_killed(group: Raw, said: Mapping[str, Any], dead: Raw) -> None:
    name = group["AutoScalingGroupName"]
    tags = {tag["Key"]: tag["Value"] for tag in dead.get("Tags", [])}
    state = dead.get("State", {}).get("Name", "not there")
    was_ours = tags.get("aws:autoscaling:groupName") == name
    good = was_ours and state in ("terminated", "shutting-down")
    assert good, Because(
        found=f"The answer says that {said.get('killed')} was terminated. It is {state}"
        f"{'' if was_ours else f', and was no machine of group {name}'}.",
        consequence="Nobody knows yet what happens when a machine of the page dies.",
        concept="An experiment changes the thing that it asks about.",
    )


def _has_come(group: Raw, new: str, dead: Raw, ran: Mapping[str, Raw]) -> None:
    name, there = group["AutoScalingGroupName"], [one["InstanceId"] for one in group["Instances"]]
    died = re.search(r"\((\S+ \S+)", str(dead.get("StateTransitionReason")))
    came = ran.get(new, {}).get("LaunchTime")
    earlier = bool(came and died and str(came)[:19].replace("T", " ") < died[1])
    good = new in there and not earlier
    assert good, Because(
        found=f"The answer says that {new} came for it. In group {name} are {shown(sorted(there))}"
        f"{f'; {new} ran before already' if earlier else ''}.",
        consequence="The count was not looked at after the accident, or somebody else's machine was.",
        concept="A group repairs its number with a new machine: another id, another address, nothing on "
        "its disk.",
    )


def _has_its_number(group: Raw) -> None:
    name, there = group["AutoScalingGroupName"], group["Instances"]
    assert len(there) >= group["DesiredCapacity"], Because(
        found=f"Group {name} wishes for {group['DesiredCapacity']} machines and has {len(there)}.",
        consequence="The next accident meets a group that is short already.",
        concept="Wish and number meet again when the group is left to do its work.",
    )


def go_first(brief: Brief, given_up: Any) -> None:
    """Fails the check unless an answer names the two machines of the brief's group that go first."""
    members = [Member(row["name"], row["zone"], row["template"], row["minutes"]) for row in brief.machines]
    order = placement.termination_order(members, 2)
    named = [str(one) for one in given_up] if isinstance(given_up, list) else []
    assert named == list(order), Because(
        found=f"Of the group of five, {shown(named)} were said to go first, "
        "in this order. By the default termination policy they do not.",
        consequence="Somebody keeps his notes on a machine that goes tonight.",
        concept="The fullest zone first, in it the oldest template, among equals the next full hour; then "
        "the zones "
        "are counted anew.",
    )
