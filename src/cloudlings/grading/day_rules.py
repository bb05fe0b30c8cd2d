"""Events in folders of days: each on its day by UTC, once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.contest_bucket import content
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def utc_day(event: Mapping[str, Any]) -> str:
    """The day of an event by UTC."""
    return f"{dt.datetime.fromisoformat(event['at']).astimezone(dt.UTC):%Y-%m-%d}"


def is_mark(key: str, size: int) -> bool:
    """Whether a key holds no data: a folder that a console shows, or a job's empty mark (``_SUCCESS``)."""
    name = key.rpartition("/")[2]
    return not name or (not size and name.startswith(("_", ".")))


def partition(key: str) -> str:
    """The day of a key ``events/dt=DAY/…``; "" for any other."""
    folder, _, name = key.removeprefix("events/").partition("/")
    return folder.removeprefix("dt=") if name and folder.startswith("dt=") else ""


def holds_its_day(
    account: Account, brief: Brief, keys: list[str], day: str, wanted: Mapping[int, Mapping[str, Any]]
) -> None:
    """The objects of a day hold its events, given by their ids, each once and as it came, and no others."""
    lines = [line for key in keys for line in content(account, brief, brief.bucket, key).splitlines()]
    are_of_a_day(lines, day, wanted)


def are_of_a_day(lines: Iterable[bytes], day: str, wanted: Mapping[int, Mapping[str, Any]]) -> None:
    """Fails the check unless lines hold the events of a day, given by their ids, each once and as it came."""
    read = [_event_of(line) for line in lines if line.strip()]
    events = [each for each in read if each is not None]
    found = [number for number, _ in events]
    broken = len(read) - len(events)
    assert not broken, Because(
        found=f"{broken} lines under events/dt={day}/ are no JSON object with an id.",
        consequence="The query engine skips them, or stops at them.",
        concept="JSON lines: one whole object a line, as they came.",
    )
    assert sorted(map(str, found)) == sorted(map(str, wanted)), Because(
        found=f"events/dt={day}/ holds {len(found)} events; {len(wanted)} happened on that day, UTC. "
        + _uneven(found, wanted),
        consequence=f"The count for {day} is wrong, and nobody notices.",
        concept="A moment has one UTC day, whatever the clock on the wall said. An event lies in one place.",
    )
    changed = [(number, event) for number, event in events if event != wanted[number]]
    assert not changed, Because(
        found=f"Event {changed[0][0]} under events/dt={day}/ is not as it came: "
        f"{json.dumps(changed[0][1], ensure_ascii=False)[:200]}.",
        consequence="A query that asks for what was left out, or written anew, gets another answer.",
        concept="A layer of days sorts what came; it takes nothing away, and adds nothing.",
    )


def _uneven(found: list[Any], wanted: Iterable[int]) -> str:
    """The first event that is not of a day, or else the first that is not there once."""
    strange = [each for each in found if each not in wanted]
    if strange:
        return f"Event {strange[0]} is not of that day."
    odd = next(each for each in sorted(wanted) if found.count(each) != 1)
    return f"Event {odd} is there {found.count(odd)} times."


def _event_of(line: bytes) -> tuple[int, Any] | None:
    """A line's event, with its id before it; None for a line that is no JSON object with a number for id."""
    try:
        event = json.loads(line)
        return int(event["id"]), event
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
