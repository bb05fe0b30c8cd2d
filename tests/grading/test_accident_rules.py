"""What graders ask of a killed machine: it was the group's, another came for it, and the number is whole."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.accident_rules import died_and_was_replaced, go_first
from cloudlings.lab import Brief

SAID = {"killed": "i-old", "instead": "i-new"}
GROUP = {
    "AutoScalingGroupName": "booking",
    "DesiredCapacity": 2,
    "Instances": [{"InstanceId": "i-new"}, {"InstanceId": "i-other"}],
}
DIED = "User initiated (2026-11-21 07:30:00 GMT)"


def machine(name: str, state: str = "running", at: str = "07:31", **more: Any) -> dict[str, Any]:
    launched = dt.datetime.fromisoformat(f"2026-11-21T{at}:00+00:00")
    tags = [{"Key": "aws:autoscaling:groupName", "Value": more.pop("group", "booking")}]
    return {"InstanceId": name, "State": {"Name": state}, "LaunchTime": launched, "Tags": tags, **more}


OLD = machine("i-old", "terminated", "06:00", StateTransitionReason=DIED)


class Machines:
    """An account with these machines."""

    def __init__(self, *machines: dict[str, Any]) -> None:
        self.machines = machines

    def client(self, service: str) -> Machines:
        assert service == "ec2"
        return self

    def describe_instances(self) -> dict[str, Any]:
        return {"Reservations": [{"Instances": [one]} for one in self.machines]}


def judged(*machines: dict[str, Any], said: dict[str, Any] = SAID, **group: Any) -> None:
    died_and_was_replaced(cast(Account, Machines(*machines)), GROUP | group, said)


@pytest.mark.parametrize(
    "old",
    [
        OLD,
        OLD | {"State": {"Name": "shutting-down"}},
        machine("i-old", "terminated", StateTransitionReason=""),
    ],
    ids=["dead", "dying", "nobody wrote when"],
)
def test_a_machine_died_and_another_came(old: dict[str, Any]) -> None:
    """Its successor was launched later, as far as that is told."""
    judged(old, machine("i-new"))


@pytest.mark.parametrize(
    ("machines", "said", "words"),
    [
        ([], SAID, "i-old was terminated. It is not there, and was no machine"),
        ([machine("i-old"), machine("i-new")], SAID, "It is running.$"),
        ([machine("i-old", "terminated", group="letters")], SAID, "terminated, and was no machine of group"),
        ([OLD], SAID | {"instead": "i-else"}, "i-else came for it. In group booking are i-new and i-other.$"),
        ([OLD, machine("i-new", at="07:29")], SAID, "; i-new ran before already"),
        ([OLD, machine("i-new")], {}, "None was terminated"),
    ],
    ids=[
        "no such machine",
        "alive",
        "another group's",
        "another group's successor",
        "there before",
        "no names",
    ],
)
def test_an_accident_that_was_none(machines: list[Any], said: dict[str, Any], words: str) -> None:
    """The message says what became of the machine that was named, or who is in the group."""
    with pytest.raises(AssertionError) as failed:
        judged(*machines, said=said)
    assert re.search(words, failed.value.args[0].found)


def test_a_group_that_is_short_is_not_repaired() -> None:
    """It was left before the wish was met, or its wish was raised since."""
    with pytest.raises(AssertionError, match="wishes for 3 machines and has 2"):
        judged(OLD, machine("i-new"), DesiredCapacity=3)
    judged(OLD, machine("i-new"), DesiredCapacity=1)


BRIEF = Brief(
    {
        "machines": [
            {"name": "ann", "zone": "a", "template": 2, "minutes": 30},
            {"name": "ben", "zone": "a", "template": 1, "minutes": 10},
            {"name": "cid", "zone": "b", "template": 1, "minutes": 59},
        ]
    }
)


@pytest.mark.parametrize("named", [["ann", "ben"], ["ben"], ["cid", "ben"], "ben", None])
def test_another_order_is_not_the_policy_s(named: Any) -> None:
    """The fullest zone first and in it the oldest template; then the zones are counted anew."""
    go_first(BRIEF, ["ben", "cid"])
    with pytest.raises(AssertionError, match="were said to go first"):
        go_first(BRIEF, named)
