"""Scheduled actions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cloudlings.errors import ModelError
from cloudlings.models import schedule
from cloudlings.models.schedule import Sizes


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("action", "at", "fired"),
    [
        ({"Recurrence": "30 7 * * 1-5"}, "2026-07-06T07:30", "2026-07-06T07:30"),  # a Monday
        ({"Recurrence": "30 7 * * 1-5"}, "2026-07-06T07:29", "2026-07-03T07:30"),  # the Friday before
        ({"Recurrence": "30 7 * * 1-5", "TimeZone": "Europe/London"}, "2026-07-06T07:00", "2026-07-06T06:30"),
        ({"Recurrence": "30 7 * * 1-5", "TimeZone": "Europe/London"}, "2026-01-05T07:00", "2026-01-02T07:30"),
        ({"Recurrence": "0 0 1 * *"}, "2026-07-06T07:00", "2026-07-01T00:00"),
        ({"Recurrence": "0 12 13 * FRI"}, "2026-07-12T00:00", "2026-07-10T12:00"),  # one day field is enough
        ({"Recurrence": "*/20 8-9 * * SUN"}, "2026-07-05T23:00", "2026-07-05T09:40"),
        ({"Recurrence": "0 6 * * 7"}, "2026-07-06T00:00", "2026-07-05T06:00"),
        ({"Recurrence": "0 6 30 feb *"}, "2026-07-06T00:00", None),
        ({"StartTime": utc("2026-07-01T06:00")}, "2026-07-06T00:00", "2026-07-01T06:00"),
        ({"StartTime": utc("2026-08-01T06:00")}, "2026-07-06T00:00", None),
        (
            {"Recurrence": "0 6 * * *", "EndTime": "2026-07-02T00:00:00Z"},
            "2026-07-06T00:00",
            "2026-07-01T06:00",
        ),
    ],
)
def test_last_fire(action: dict[str, Any], at: str, fired: str | None) -> None:
    """An action fired last when its fields say, in its own time zone; UTC when it names none."""
    assert schedule.last_fire(action, utc(at)) == (utc(fired) if fired else None)


@pytest.mark.parametrize("bad", ["30 7 * *", "61 7 * * *", "x * * * *", "5-1 * * * *", "*/0 * * * *"])
def test_no_recurrence(bad: str) -> None:
    """What is no cron expression is an error."""
    with pytest.raises(ModelError):
        schedule.cron(bad)


def test_no_time_zone() -> None:
    """A time zone that there is not is an error by name."""
    with pytest.raises(ModelError, match="London"):
        schedule.last_fire({"Recurrence": "0 6 * * *", "TimeZone": "London"}, utc("2026-07-06T00:00"))


def test_sizes() -> None:
    """The later action counts, what it leaves out stays, and the wish follows least and most."""
    up = {"ScheduledActionName": "up", "Recurrence": "0 7 * * *", "MinSize": 6}
    down = {"ScheduledActionName": "down", "Recurrence": "0 10 * * *", "MinSize": 2, "DesiredCapacity": 3}
    start = Sizes(2, 8, 2)
    assert schedule.sizes_at(start, [down, up], utc("2026-07-06T08:00")) == Sizes(6, 8, 6, "up")
    assert schedule.sizes_at(start, [down, up], utc("2026-07-06T11:00")) == Sizes(2, 8, 3, "down")
