"""Lifecycle hooks: at which end of a machine's life it waits, and for how long."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.hook_rules import is_heard_of, waits_to_go

GOING, COMING = "autoscaling:EC2_INSTANCE_TERMINATING", "autoscaling:EC2_INSTANCE_LAUNCHING"


@pytest.mark.parametrize("hooks", [[(GOING, 300)], [(GOING, 600)], [(COMING, 10), (GOING, 450)]])
def test_a_wait_that_is_long_enough(hooks: list[tuple[str, int]]) -> None:
    """A machine that waits for the time of its work, up to twice that, goes politely."""
    waits_to_go("web", _described(hooks), 300)


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        ([(COMING, 300)], "EC2_INSTANCE_LAUNCHING"),
        ([(GOING, 299)], "gone before its last logs"),
        ([(GOING, 601)], "paid for until the timeout"),
        ([(GOING, 300), (GOING, 3600)], "up to 3600 seconds"),
    ],
)
def test_a_wait_that_is_not(hooks: list[tuple[str, int]], words: str) -> None:
    """The wrong end, too short and too long each fail the check in words of their own."""
    with pytest.raises(AssertionError, match=words):
        waits_to_go("web", _described(hooks), 300)


def _described(hooks: list[tuple[str, int]]) -> list[dict[str, str | int]]:
    return [{"LifecycleTransition": end, "HeartbeatTimeout": seconds} for end, seconds in hooks]


ARN = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1:autoScalingGroupName/"


class Bus:
    """An account with the groups web and mail, web's hooks, and one rule; a pattern is met key by key."""

    id, region_name = "111122223333", "eu-west-1"

    def __init__(self, *hooks: tuple[str, str], **pattern: Any) -> None:
        self.hooks = hooks or (("first-steps", COMING), ("last-logs", GOING))
        self.pattern = {"detail-type": ["EC2 Instance-terminate Lifecycle Action"], **pattern}

    def client(self, service: str) -> Bus:
        assert service in ("autoscaling", "events")
        return self

    def describe_lifecycle_hooks(self, AutoScalingGroupName: str) -> dict[str, Any]:  # noqa: N803
        assert AutoScalingGroupName == "web"
        return {
            "LifecycleHooks": [{"LifecycleHookName": n, "LifecycleTransition": end} for n, end in self.hooks]
        }

    def describe_auto_scaling_groups(self) -> dict[str, Any]:
        rows = [{"AutoScalingGroupName": name, "AutoScalingGroupARN": ARN + name} for name in ("web", "mail")]
        return {"AutoScalingGroups": rows}

    def list_rules(self) -> dict[str, Any]:
        return {"Rules": [{"Name": "going", "EventPattern": json.dumps(self.pattern)}]}

    def list_targets_by_rule(self, Rule: str) -> dict[str, Any]:  # noqa: N803
        assert Rule == "going"
        return {"Targets": [{"Arn": "arn:aws:sqs:eu-west-1:111122223333:drainer"}]}

    def test_event_pattern(self, EventPattern: str, Event: str) -> dict[str, Any]:  # noqa: N803
        return {"Result": _fits(json.loads(EventPattern), json.loads(Event))}


def _fits(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return all(
        _fits(wanted, event.get(key, {}))
        if isinstance(wanted, dict)
        else any(_is(each, event.get(key)) for each in wanted)
        for key, wanted in pattern.items()
    )


def _is(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return str(value).startswith(wanted["prefix"])
    return wanted in value if isinstance(value, list) else wanted == value


@pytest.mark.parametrize(
    "pattern",
    [
        {"detail": {"AutoScalingGroupName": ["web"]}},
        {"detail": {"AutoScalingGroupName": ["web"], "LifecycleHookName": ["last-logs"]}},
        {"resources": [ARN + "web"]},
    ],
    ids=["the group's name", "the hook's, too", "the group's ARN"],
)
def test_who_hears_of_the_group(pattern: dict[str, Any]) -> None:
    """By any part of the event that says which group it is."""
    is_heard_of(cast(Account, Bus(**pattern)), "web")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ({"detail": {"AutoScalingGroupName": ["mail"]}}, "None takes it"),
        ({"detail": {"LifecycleHookName": ["another"]}}, "None takes it"),
        ({"detail": {"LifecycleHookName": ["first-steps"]}}, "None takes it"),
        ({}, "of group another-group"),
        ({"detail": {"AutoScalingGroupName": ["web", "mail"]}}, "of group mail"),
        ({"detail": {"AutoScalingGroupName": [{"prefix": "web"}]}}, "of group web-2"),
        (
            {"detail-type": [{"prefix": "EC2 Instance"}], "detail": {"AutoScalingGroupName": ["web"]}},
            "EC2 Instance-launch Lifecycle Action. of group web",
        ),
        (
            {"detail-type": [{"prefix": "EC2 Instance-t"}, {"prefix": "EC2 Instance T"}],
             "detail": {"AutoScalingGroupName": ["web"]}},
            "EC2 Instance Terminate Successful. of group web",
        ),
    ],
)  # fmt: skip
def test_who_hears_of_others(pattern: dict[str, Any], words: str) -> None:
    """Another group, one of the account's or one whose name only begins alike; or another event."""
    with pytest.raises(AssertionError, match=words):
        is_heard_of(cast(Account, Bus(**pattern)), "web")


def test_a_rule_that_was_there_before_its_hook() -> None:
    """A group without a hook on its way out is heard of as one whose hook has any name."""
    is_heard_of(cast(Account, Bus(("first-steps", COMING), detail={"AutoScalingGroupName": ["web"]})), "web")
    named = {"AutoScalingGroupName": ["web"], "LifecycleHookName": ["last-logs"]}
    with pytest.raises(AssertionError, match="None takes it"):
        is_heard_of(cast(Account, Bus(("first-steps", COMING), detail=named)), "web")
