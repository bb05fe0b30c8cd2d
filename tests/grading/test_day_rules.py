"""Events in folders of days: which folder is a day, and what its lines must hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cloudlings.grading.day_rules import are_of_a_day, is_mark, partition, utc_day

ONE = {"id": 1, "at": "2026-03-01T23:30:00-05:00", "photo": "dünen.svg"}
TWO = {"id": 2, "at": "2026-03-02T08:00:00+00:00", "photo": "b.svg"}
WANTED = {1: ONE, 2: TWO}


def line(event: Any, **form: Any) -> bytes:
    return json.dumps(event, **form).encode()


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-01T23:30:00-05:00", "2026-03-02"),
        ("2026-03-02T00:30:00+01:00", "2026-03-01"),
        ("2026-12-31T23:59:59+00:00", "2026-12-31"),
    ],
)
def test_a_moment_has_one_day_by_utc(at: str, day: str) -> None:
    """Whatever the clock on the wall said."""
    assert utc_day({"at": at}) == day


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("events/dt=2026-03-02/views.jsonl", "2026-03-02"),
        ("events/dt=2026-03-02/part/1.jsonl", "2026-03-02"),
        ("events/dt=2026-03-02/", ""),
        ("events/dt=2026-03-02", ""),
        ("events/2026-03-02/views.jsonl", ""),
        ("events/year=2026/dt=2026-03-02/views.jsonl", ""),
    ],
)
def test_the_day_of_a_key(key: str, day: str) -> None:
    """The day follows right after the table's prefix, and something lies in it."""
    assert partition(key) == day


@pytest.mark.parametrize(
    "lines",
    [
        [line(ONE), line(TWO)],
        [line(TWO, ensure_ascii=False), b"", b"  ", line(ONE, sort_keys=True, separators=(",", ":"))],
    ],
    ids=["as they came", "another order, another spelling of the same JSON"],
)
def test_a_day_with_its_events(lines: list[bytes]) -> None:
    """Each once, in any order and spelling."""
    are_of_a_day(lines, "2026-03-02", WANTED)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "holds 0 events; 2 happened"),
        ([line(ONE)], "Event 2 is there 0 times"),
        ([line(ONE), line(TWO), line(TWO)], "Event 2 is there 2 times"),
        ([line(ONE), line(TWO), line({"id": 3})], "Event 3 is not of that day"),
        ([line([ONE, TWO])], "1 lines under .* no JSON object"),
        ([line(ONE), b"{", b"null", b'{"id": null}', b'{"id": Infinity}', line(TWO)], "4 lines"),
        ([b"[" * 100_000], "1 lines"),
        ([line(ONE), line({"id": 2})], "Event 2 .* is not as it came"),
        ([line(ONE), line(TWO | {"id": "2"})], "Event 2 .* is not as it came"),
        ([line(ONE), line(TWO | {"at": "2026-03-02"})], "Event 2 .* is not as it came"),
    ],
)
def test_a_day_with_others(lines: list[bytes], words: str) -> None:
    """Missing, doubled, strange, broken and changed events are told, never a traceback."""
    with pytest.raises(AssertionError, match=words):
        are_of_a_day(lines, "2026-03-02", WANTED)


@pytest.mark.parametrize(
    ("key", "size", "is_one"),
    [
        ("events/", 0, True),
        ("events/dt=2026-03-02/", 0, True),
        ("events/_SUCCESS", 0, True),
        ("events/dt=2026-03-02/.keep", 0, True),
        ("events/_views.jsonl", 9, False),
        ("events/all.jsonl", 0, False),
    ],
)
def test_a_mark(key: str, size: int, is_one: bool) -> None:
    """A console's folder, and what a job leaves to say that it is done: an empty, hidden object."""
    assert is_mark(key, size) is is_one
