"""Lines of a log as a check reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudlings.grading.log_checks import (
    by_region,
    counts_those_above,
    levels_tell_errors,
    lines_are_discreet,
    lines_are_fields,
    shows_a_life,
)
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
        (
            'filter requestId = "r-abc" | fields @log, event | sort @timestamp',
            ("orders",),
            "3 of 8: nothing of /shop/payments and /shop/shipping",
        ),
        (
            'filter @message like "abc" | fields @log, event | sort @timestamp',
            ("orders", "payments"),
            "6 of 8: nothing of /shop/shipping",
        ),
        (
            'filter requestId = "r-abc" | fields coalesce(reason, @log) as more, event | sort @timestamp asc',
            (),
            "which log group",
        ),
        ('filter @message like "r-abc" | fields @log, event | sort @timestamp', (), "of other requests"),
        ('filter @message like "abc" | fields @log, event | sort @timestamp', (), "of other requests"),
        ('filter requestId = "r-abc" | fields @log, event | sort @timestamp desc', (), "in the order"),
        ('filter requestId = "r-abc" | fields event, level | sort @timestamp asc', (), "which log group"),
        ('filter requestId = "r-abc" | fields event, nothing | sort @timestamp asc', (), "which log group"),
        # Only what went wrong has a reason.
        (
            'filter requestId = "r-abc" and ispresent(reason) | fields @log, event | sort @timestamp asc',
            (),
            "5 of 8: nothing of /shop/orders and /shop/shipping",
        ),
        # What came in first need not have been written first.
        ('filter requestId = "r-abc" | fields @log, event | sort @ingestionTime asc', (), "in the order"),
        # Steps are taken one after the other: the newest hundred lines are of others.
        (
            'fields @log, event | limit 100 | filter requestId = "r-abc" | sort @timestamp asc',
            (),
            "0 of 8: nothing of /shop/orders, /shop/payments and /shop/shipping",
        ),
        (
            'filter requestId = "r-abc" | fields @log, event | sort @timestamp asc | dedup event',
            (),
            "5 of 8: not each that says asked-again and refused",
        ),
        (
            'filter requestId = "r-abc" | fields @log, event | sort @timestamp asc | limit 6',
            (),
            "6 of 8: not each that says closed and refused",
        ),
    ],
)
def test_a_timeline_that_lacks_something(text: str, groups: tuple[str, ...], words: str) -> None:
    """A query with a hole, with strangers, in another order or without the group fails the check."""
    with pytest.raises(AssertionError, match=words):
        shows_a_life("123456789012", GROUPS, timeline(text, *groups), "r-abc")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            [{"region": "north", "orders": "2"}, {"region": "south", "orders": "0"}],
            [{"north": 2, "south": 0}],
        ),
        ([{"count(*)": "3", "sum(amount)": "450.5", "region": "north"}], [{"north": 3}, {"north": 450.5}]),
        ([{"region": "north"}, {"orders": "2"}, {"region": "west", "orders": "2"}], []),
    ],
)
def test_by_region(rows: list[dict[str, str]], found: list[dict[str, float]]) -> None:
    """Each column of numbers by region, whatever it is called; rows of no known region are left out."""
    assert by_region(rows, ("north", "south")) == found


def counting(text: str) -> None:
    counts_those_above("123456789012", "/shop/orders", 150, Asked("big", text, frozenset(["/shop/orders"])))


@pytest.mark.parametrize(
    "text",
    [
        'filter event = "received" and amount > 150 | stats count(*) by region',
        'filter event = "received" and amount > 150 | stats count(orderId) by region',
        'filter event = "received" and amount > 150 | stats count_distinct(requestId) by region',
        'filter event = "received" and amount > 150 | stats sum(amount) as euros, count(*) as n by region',
        'filter event = "received" and amount > 150 | stats count(*), max(amount) by region | sort region',
        'filter event = "received" | fields amount > 150 as big | stats sum(big) by region',
        'filter event = "received" and amount > 150 | stats count(*) by toupper(region) as area',
        'filter event = "received" and amount > 150 | stats count(*) by region, level | limit 10',
    ],
)
def test_a_count_by_region(text: str) -> None:
    """Right is a query with a column that has each region's number, whatever stands beside it."""
    counting(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('filter event = "received" and amount >= 150 | stats count(*) by region', "counts 150 in west"),
        ("filter amount > 150 | stats count(*) by region", "counts 3 in west"),
        ('filter event = "received" and amount > 1000 | stats count(*) by region', "counts 1 in north; the"),
        ('filter event = "received" and amount > 150 | stats sum(amount) by region', "60154 in south"),
        ('filter event = "received" and amount > 150 | stats count(*)', "1 rows, none with a region"),
        (
            'filter event = "received" and amount > 150 | stats count(*) by region, bin(1h)',
            "more than one row for islands, north and south",
        ),
        (
            'filter event = "received" and amount > 150 | stats count(*) by region, bin(1d)',
            "more than one row",
        ),
        ('filter event like "received" and amount > 150 | stats count(*) by region', "counts 1 in west"),
        (
            'limit 1000 | filter event = "received" and amount > 150 | stats count(*) by region',
            "what is cut off early",
        ),
        (
            'filter event = "received" and amount > 150 | limit 1000 | stats count(*) by region',
            "what is cut off early",
        ),
        ('filter event = "received" and amount > 150 | fields region', "1303 rows, none with a region"),
    ],
)
def test_another_count(text: str, words: str) -> None:
    """What else is counted is told, as numbers of regions."""
    with pytest.raises(AssertionError, match=words):
        counting(text)


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
    ("line", "what"),
    [
        ("to ann@example.org", "mail address"),
        ("card 4000-0012-3456-7899", "card"),
        ("4000001234567899", "card"),
        ("400000123456****", "card"),
        (r"\u0061nn@example.org", "mail address"),
        ("to ann@***", "part of a mail address"),
        ("****0012 3456 7899", "card"),
        ("bWFpbDogYW5uQGV4YW1wbGUub3Jn", "mail address"),
        ("eyJjYXJkIjogIjQwMDAgMDAxMiAzNDU2IDc4OTkifQ==", "card"),
    ],
)
def test_lines_that_tell_of_a_person(line: str, what: str) -> None:
    """A mail address or a card, however it is written, fails the check."""
    with pytest.raises(AssertionError, match=f"with a {what} that nobody else has"):
        lines_are_discreet("checkout", [line], SECRETS)


def test_the_last_digits_are_no_card() -> None:
    """What a receipt shows of a card may stand in a log; and a word is no address that ends alike."""
    lines_are_discreet("checkout", ["card 400000******7899", "joann planned an annex"], SECRETS)


@pytest.mark.parametrize(
    "text",
    [
        'parse @log "*:/shop/*" as account, service | display service, event',
        'fields concat(@log, " ", level, " ", event) as what | display what',
    ],
)
def test_a_timeline_in_other_columns(text: str) -> None:
    """A log group is told by how its name ends, too, and one column may hold it with its event."""
    shows_a_life(
        "123456789012",
        GROUPS,
        timeline(f'filter requestId = "r-abc" | sort @timestamp asc | {text}'),
        "r-abc",
    )


@pytest.mark.parametrize(
    "text",
    [
        """fields @log, concat('{"a": 1}', '') as more, event""",
        """fields @log, concat('{"event": 7}', '') as more, @message""",
    ],
)
def test_other_objects_in_a_row(text: str) -> None:
    """A line is known by its event, in whichever column it stands."""
    asked = timeline(f'filter requestId = "r-abc" | {text} | sort @timestamp asc')
    shows_a_life("123456789012", GROUPS, asked, "r-abc")


ERROR = {**LINE, "level": "ERROR"}


def test_levels() -> None:
    """A refused order has a line of level ERROR, and one that was taken has none; a sentence has no level."""
    levels_tell_errors("checkout", said(LINE, "a sentence"), said("a sentence", LINE, ERROR))


@pytest.mark.parametrize(
    ("taken", "refused", "words"),
    [((LINE,), (LINE,), "learns of no refused"), ((LINE, ERROR), (ERROR,), "took a good order")],
)
def test_levels_that_tell_nothing(taken: Any, refused: Any, words: str) -> None:
    """An error that is none, or none where there is one, fails the check."""
    with pytest.raises(AssertionError, match=words):
        levels_tell_errors("checkout", said(*taken), said(*refused))
