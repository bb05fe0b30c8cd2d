"""Lines of a log as a check reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.grading.log_checks import by_region, lines_are_discreet, lines_are_fields, shows_a_life
from cloudlings.grading.log_rules import Asked, Said

GROUPS = {name: f"/shop/{name}" for name in ("orders", "payments", "shipping")}
LINE = {"level": "INFO", "requestId": "r-1", "event": "received", "orderId": "KW-1"}
SECRETS = {"email": "ann@example.org", "card": "4000 0012 3456 7899"}


def timeline(text: str, *groups: str) -> Asked:
    return Asked("timeline", text, frozenset(GROUPS[name] for name in groups or GROUPS))


def test_a_whole_timeline_passes() -> None:
    """A query that finds one request's lines in three groups, oldest first and with their group, is right."""
    text = 'filter requestId = "r-abc" | fields @timestamp, @log, event | sort @timestamp asc'
    shows_a_life("123456789012", GROUPS, timeline(text), "r-abc")


@pytest.mark.parametrize(
    ("text", "groups", "words"),
    [
        ('filter requestId = "r-abc" | fields @log, event | sort @timestamp', ("orders",), "3 of 4|1 of 4"),
        ('filter @message like "r-abc" | fields @log, event | sort @timestamp', (), "of other requests"),
        ('filter @message like "abc" | fields @log, event | sort @timestamp', (), "of other requests"),
        ('filter requestId = "r-abc" | fields @log, event | sort @timestamp desc', (), "in the order"),
        ('filter requestId = "r-abc" | fields event, level | sort @timestamp asc', (), "which log group"),
    ],
)
def test_a_timeline_that_lacks_something(text: str, groups: tuple[str, ...], words: str) -> None:
    """A query with a hole, with strangers, in another order or without the group fails the check."""
    with pytest.raises(AssertionError, match=words):
        shows_a_life("123456789012", GROUPS, timeline(text, *groups), "r-abc")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"region": "north", "orders": "2"}, [("north", 2)]),
        ({"count(*)": "3", "sum(amount)": "450.5", "region": "north"}, [("north", 3)]),
        ({"region": "north"}, []),
        ({"orders": "2"}, []),
    ],
)
def test_by_region(row: Mapping[str, str], found: list[tuple[str, int]]) -> None:
    """A row's region and its first number, whatever its columns are called."""
    assert list(by_region(row, ("north", "south"))) == found


def said(*lines: Any) -> Said:
    return Said(None, "", "r-1", tuple(each if isinstance(each, str) else json.dumps(each) for each in lines))


def test_lines_of_fields_pass() -> None:
    """Lines that are objects with all that is asked of them are right."""
    lines_are_fields("checkout", said(LINE, {**LINE, "total": 3}))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "nothing at all"),
        ((LINE, "a sentence"), "1 of its 2 lines"),
        ((LINE, [1]), "no JSON object"),
        (({**LINE, "level": ""},), "without level"),
        (({**LINE, "requestId": "r-2"},), "r-2"),
    ],
)
def test_lines_that_cannot_be_asked(lines: tuple[Any, ...], words: str) -> None:
    """Silence, sentences, missing fields and another request's id fail the check."""
    with pytest.raises(AssertionError, match=words):
        lines_are_fields("checkout", said(*lines))


@pytest.mark.parametrize(
    "line",
    [
        "to ann@example.org",
        "card 4000-0012-3456-7899",
        "4000001234567899",
        "400000123456****",
        r"\u0061nn@example.org",
    ],
)
def test_lines_that_tell_of_a_person(line: str) -> None:
    """A mail address or a card, however it is written, fails the check."""
    with pytest.raises(AssertionError, match="nobody else has"):
        lines_are_discreet("checkout", [line], SECRETS)


def test_the_last_digits_are_no_card() -> None:
    """What a receipt shows of a card may stand in a log."""
    lines_are_discreet("checkout", ["card ending in 7899"], SECRETS)
