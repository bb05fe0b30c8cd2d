"""When an EventBridge schedule fires: ``rate(…)`` and ``cron(…)`` with six fields.

Pure. Source: Amazon EventBridge User Guide, "Setting a schedule pattern for scheduled rules" (six fields,
``?`` in one of the two day fields, SUN is 1, rules count in UTC); Scheduler User Guide, "Schedule types"
(time zones).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloudlings.errors import ModelError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)}),
    ("day of week", 1, 7, {name: n for n, name in enumerate(_DAYS, 1)}),
    ("year", 1970, 2199, {}),
)
_CRON = re.compile(r"cron\((.*)\)")
_RATE = re.compile(r"rate\((\d+) (minutes?|hours?|days?)\)")


@dataclass(frozen=True)
class Times:
    """The minutes, hours, days, months, weekdays (1 is Sunday) and years at which a cron expression fires."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    def at(self, moment: dt.datetime) -> bool:
        """Whether it fires in a minute. One of the day fields is ``?``, so that both may be asked."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.day in self.days
            and moment.month in self.months
            and moment.isoweekday() % 7 + 1 in self.weekdays
            and moment.year in self.years
        )


def is_rate(expression: str) -> bool:
    """Whether an expression is a rate: it counts from when the rule was made, and has no time of day."""
    return _RATE.fullmatch(expression.strip()) is not None


def times(expression: str) -> Times:
    """What ``cron(35 2 * * ? *)`` says. `ModelError` for what is no such expression, or not known here."""
    found = _CRON.fullmatch(expression.strip())
    fields = found[1].split() if found else []
    if len(fields) != len(_FIELDS):
        raise ModelError(
            f"“{expression}” is no cron expression with six fields.",
            next_step="write cron(minutes hours day-of-month month day-of-week year)",
        )
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ModelError(
            f"“{expression}”: exactly one of its two day fields must be ?.",
            next_step="a day of the month or a day of the week decides, not both",
        )
    return Times(*(_field(text, *about) for text, about in zip(fields, _FIELDS, strict=True)))


def fires(expression: str, start: dt.datetime, end: dt.datetime, zone: str = "UTC") -> Iterator[dt.datetime]:
    """The moments (UTC) in [start, end) at which a cron expression fires, by the clock of a time zone."""
    found, clock = times(expression), _clock(zone)
    moment = start.astimezone(dt.UTC).replace(second=0, microsecond=0)
    while moment < end:
        if moment >= start and found.at(moment.astimezone(clock)):
            yield moment
        moment += dt.timedelta(minutes=1)


def missed(expression: str, moments: Iterable[dt.datetime], zone: str = "UTC") -> Iterator[dt.datetime]:
    """Those of some moments at which a cron expression does not fire, by the clock of a time zone."""
    found, clock = times(expression), _clock(zone)
    return (moment for moment in moments if not found.at(moment.astimezone(clock)))


def _clock(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ModelError(f"“{zone}” is no time zone.", next_step="write one such as Europe/London") from None


def _field(text: str, name: str, low: int, high: int, names: Mapping[str, int]) -> frozenset[int]:
    chosen: set[int] = set()
    for part in text.upper().split(","):
        spread, _, step = part.partition("/")
        first, _, last = spread.partition("-")
        if spread in ("*", "?"):
            begin, stop = low, high
        else:
            begin = _number(first, name, names, part)
            stop = _number(last, name, names, part) if last else (high if step else begin)
        width = _number(step, name, {}, part) if step else 1
        if not (low <= begin <= stop <= high and width > 0):
            raise ModelError(f"“{part}” is outside of {low}-{high} ({name}).", next_step="look at the field")
        chosen.update(range(begin, stop + 1, width))
    return frozenset(chosen)


def _number(text: str, name: str, names: Mapping[str, int], part: str) -> int:
    if text in names:
        return names[text]
    if not text.isdigit():
        raise ModelError(
            f"“{part}” is not known here as a {name}.",
            next_step="use numbers, names, lists, ranges, steps, * and ?; this model has no L, W and #",
        )
    return int(text)
