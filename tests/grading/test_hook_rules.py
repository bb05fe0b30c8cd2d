"""Lifecycle hooks: at which end of a machine's life it waits, and for how long."""

from __future__ import annotations

import pytest

from cloudlings.grading.hook_rules import waits_to_go

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
