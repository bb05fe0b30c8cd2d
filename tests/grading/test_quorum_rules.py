"""Answers about copies and votes, and about a failover: each slip has its own message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cloudlings.grading.failover_rules import TRUE_OF_FAILOVER, drills_in, predicts_a_failover
from cloudlings.grading.quorum_rules import judges_the_design, tells_the_counts, tells_the_losses
from cloudlings.models.quorum import AURORA, counts

DESIGN = {"per_zone": 2, "zones": 2, "write": 2, "read": 2}
LOSSES = {"losses": {"a b1": "READ", "c1": "write"}}
NAMED = ("a b1", "c1")


def test_right_answers_pass_however_they_are_written() -> None:
    """Case does not count, and what is true may be handed in as text."""
    tells_the_losses(LOSSES, NAMED)
    tells_the_counts(counts(AURORA))
    judges_the_design({"design": {"sound": "false", "zone": "Write", "zone_and_one": "none"}}, DESIGN)
    predicts_a_failover(TRUE_OF_FAILOVER | {"zone": " Changes ", "standby_reads": "false"})


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda: tells_the_losses({"losses": {"a b1": "write", "c1": "write"}}, NAMED), "1 of 2 losses"),
        (lambda: tells_the_losses({"losses": ["read"]}, NAMED), "0 of 2 losses"),
        (lambda: tells_the_counts(dict.fromkeys(counts(AURORA), 7)), "Of 64 sets, 7"),
        (lambda: judges_the_design({"design": {"sound": True}}, DESIGN), "sound is told as True"),
        (lambda: predicts_a_failover("all of it"), "says nothing of"),
        (lambda: predicts_a_failover(TRUE_OF_FAILOVER | {"standby_reads": 0}), "4 of 5 predictions"),
    ],
)
def test_a_slip_is_told(rule: Callable[[], Any], words: str) -> None:
    """An answer of another shape is a slip too; False and 0 are two answers."""
    with pytest.raises(AssertionError) as failed:
        rule()
    assert words in str(failed.value.args[0])


def test_a_plain_reboot_is_no_drill() -> None:
    """RDS names the category of an event."""
    events = [{"EventCategories": ["availability"]}, {"EventCategories": ["failover"]}, {}]
    assert drills_in(events) == events[1:2]
