"""When scheduled scaling actions fire, and which sizes a group has because of them.

Pure: actions as ``describe_scheduled_actions`` gives them and a moment in. Source: Amazon EC2 Auto Scaling
User Guide, "Scheduled scaling for Amazon EC2 Auto Scaling" (cron fields, TimeZone, default UTC); API
reference, PutScheduledUpdateGroupAction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloudlings.errors import ModelError

LOOKS_BACK_DAYS = 366
_RANGES = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 7),
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {
    "month": {name: number for number, name in enumerate(_MONTHS, 1)},
    "day of week": {name: n for n, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))},
}


@dataclass(frozen=True)
class Cron:
    """A recurrence: the minutes, hours, days and months at which it fires, in a time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    def on(self, day: dt.date) -> bool:
        """Whether it fires on a day: restricted in both day fields, one that holds is enough."""
        if day.month not in self.months:
            return False
        by_date, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if not self.any_day and not self.any_weekday:
            return by_date or by_weekday
        return by_date and by_weekday


def cron(recurrence: str) -> Cron:
    """A cron expression of five fields. Raises `ModelError` for one that is none."""
    fields = recurrence.split()
    if len(fields) != 5:
        raise ModelError(
            f"“{recurrence}” has {len(fields)} fields, and a recurrence has five.",
            next_step="Write minute, hour, day of month, month, day of week: 30 7 * * 1-5.",
        )
    minutes, hours, days, months, weekdays = (
        _field(text, *limits) for text, limits in zip(fields, _RANGES, strict=True)
    )
    sundays_are_0 = frozenset(day % 7 for day in weekdays)
    return Cron(minutes, hours, days, months, sundays_are_0, fields[2] == "*", fields[4] == "*")


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, every = part.partition("/")
        first, _, last = span.partition("-")
        ends = (str(low), str(high)) if span == "*" else (first, last or (str(high) if every else first))
        numbers = [_NAMES.get(name, {}).get(end[:3], int(end) if end.isdecimal() else -1) for end in ends]
        step = int(every) if every.isdecimal() else 0 if every else 1
        if not low <= numbers[0] <= numbers[1] <= high or step < 1:
            raise ModelError(
                f"“{text}” is no {name} of a recurrence.",
                next_step=f"Write * or numbers from {low} to {high}, with commas, - and /.",
            )
        found |= set(range(numbers[0], numbers[1] + 1, step))
    return frozenset(found)


def last_fire(action: Mapping[str, Any], moment: dt.datetime) -> dt.datetime | None:
    """When a scheduled action fired for the last time, at or before a moment; None when it has not in a
    year."""
    start, end = _moment(action.get("StartTime")), _moment(action.get("EndTime"))
    if not action.get("Recurrence"):
        return start if start is not None and start <= moment else None
    latest = min(moment, end) if end is not None else moment
    found = _last_of(cron(str(action["Recurrence"])), zone(action), latest)
    return None if found is None or (start is not None and found < start) else found


def zone(action: Mapping[str, Any]) -> ZoneInfo:
    """The action's time zone; UTC when it names none. Raises `ModelError` for one that there is not."""
    name = str(action.get("TimeZone") or "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"“{name}” is no time zone."
        raise ModelError(message, next_step="Name one as in Europe/London, or Etc/UTC.") from error


def _last_of(when: Cron, where: ZoneInfo, latest: dt.datetime) -> dt.datetime | None:
    today = latest.astimezone(where).date()
    for back in range(LOOKS_BACK_DAYS):
        day = today - dt.timedelta(days=back)
        if not when.on(day):
            continue
        for hour in sorted(when.hours, reverse=True):
            for minute in sorted(when.minutes, reverse=True):
                found = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=where)
                if found.astimezone(dt.UTC) <= latest:
                    return found.astimezone(dt.UTC)
    return None


def _moment(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    found = (
        value
        if isinstance(value, dt.datetime)
        else dt.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    )
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Sizes:
    """What a group is set to: least, most, and the wish; the name of the action that set it last."""

    least: int
    most: int
    wish: int
    by: str = ""


def sizes_at(start: Sizes, actions: Iterable[Mapping[str, Any]], moment: dt.datetime) -> Sizes:
    """The group's sizes at a moment, if nothing but the scheduled actions changed them; UTC-aware moment."""
    fired = [(at, action) for action in actions if (at := last_fire(action, moment)) is not None]
    sizes = start
    for _, action in sorted(fired, key=lambda each: each[0]):
        sizes = applied(sizes, action)
    return sizes


def applied(sizes: Sizes, action: Mapping[str, Any]) -> Sizes:
    """The sizes after one action; what it leaves out stays, and the wish is kept within least and most."""
    least = sizes.least if action.get("MinSize") is None else int(action["MinSize"])
    most = sizes.most if action.get("MaxSize") is None else int(action["MaxSize"])
    wish = sizes.wish if action.get("DesiredCapacity") is None else int(action["DesiredCapacity"])
    return Sizes(least, most, max(least, min(most, wish)), str(action.get("ScheduledActionName") or ""))
