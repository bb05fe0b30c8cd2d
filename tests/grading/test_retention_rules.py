"""How long log groups keep their events, against how long they are needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cloudlings.grading.retention_rules import kept_as_long, lines_are_there, none_for_ever


@pytest.mark.parametrize(("kept", "days"), [(30, 30), (60, 31), (400, 366), (1, 1)])
def test_the_first_length_that_is_long_enough(kept: int, days: int) -> None:
    """A group that keeps its events for the first length on offer that is long enough is right."""
    kept_as_long({"/shop": kept}, "/shop", days)


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        ({}, "It is not there"),
        ({"/shop": None}, "has no retention"),
        ({"/shop": 14}, "for 14 days; they are needed for 30"),
        ({"/shop": 60}, "something between"),
    ],
)
def test_a_group_that_is_kept_otherwise(kept: dict[str, int | None], words: str) -> None:
    """A group that is gone, keeps for ever, too short or too long fails the check in words of its own."""
    with pytest.raises(AssertionError, match=words):
        kept_as_long(kept, "/shop", 30)


def test_none_for_ever() -> None:
    """Groups without retention are named; where all have one, nothing is said."""
    none_for_ever({"/shop": 7})
    with pytest.raises(AssertionError, match="/other"):
        none_for_ever({"/shop": 7, "/other": None})


def test_lines_that_were_there() -> None:
    """A group that was deleted and made anew has none of its lines, and is named."""
    events = {"/shop/a": [{"message": "{}"}], "/shop/b": []}
    logs = SimpleNamespace(filter_log_events=lambda **asked: {"events": events[asked["logGroupName"]]})
    account: Any = SimpleNamespace(client=lambda _: logs)
    lines_are_there(account, ["/shop/a"])
    with pytest.raises(AssertionError, match=r"^The lines of /shop/b were looked for"):
        lines_are_there(account, ["/shop/a", "/shop/b"])
