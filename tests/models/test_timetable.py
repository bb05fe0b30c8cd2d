"""When EventBridge's schedules fire."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.timetable import fires, is_rate, missed, times

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "timetable.yaml").read_text())
MONDAY = dt.datetime(2027, 3, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["cron"])
def test_fires(case: dict[str, Any]) -> None:
    """Each expression of timetable.yaml fires as its source says."""
    found = list(fires(case["cron"], MONDAY, MONDAY + dt.timedelta(days=7), case.get("zone", "UTC")))
    assert len(found) == case["times"]
    assert (f"{found[0]:%Y-%m-%dT%H:%M}" if found else "") == case["first"]
    if "last" in case:
        assert f"{found[-1]:%Y-%m-%dT%H:%M}" == case["last"]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("cron(0 10 * * *)", "six fields"),
        ("rate(1 day)", "six fields"),
        ("cron(0 10 * * * *)", "exactly one"),
        ("cron(0 10 ? * ? *)", "exactly one"),
        ("cron(61 10 * * ? *)", "outside of 0-59"),
        ("cron(0 24 * * ? *)", "outside of 0-23"),
        ("cron(0 10 L * ? *)", "day of month"),
    ],
)
def test_no_expression(expression: str, words: str) -> None:
    """What is no expression, or not known here, is an error in words."""
    with pytest.raises(ModelError, match=words):
        times(expression)


def test_unknown_zone() -> None:
    """A time zone that there is not is an error by name."""
    with pytest.raises(ModelError, match="Europe/Hazelmere"):
        list(fires("cron(0 10 * * ? *)", MONDAY, MONDAY, "Europe/Hazelmere"))


@pytest.mark.parametrize(
    ("expression", "rate"), [("rate(1 day)", True), ("rate(5 minutes)", True), ("cron(0 1 * * ? *)", False)]
)
def test_rates(expression: str, rate: bool) -> None:
    """A rate is told from a cron expression."""
    assert is_rate(expression) is rate


def test_moments_that_are_missed() -> None:
    """By the clock of the zone: what a year, a month or a summer time leaves out."""
    noons = [dt.datetime(year, month, 5, 12, tzinfo=dt.UTC) for year in (2027, 2028) for month in (1, 7)]
    assert list(missed("cron(0 12 * * ? *)", noons)) == []
    assert list(missed("cron(0 12 * * ? 2027)", noons)) == noons[2:]
    assert list(missed("cron(0 12 * JAN ? *)", noons)) == noons[1::2]
    assert list(missed("cron(0 13 * * ? *)", noons, "Europe/London")) == noons[::2]
    with pytest.raises(ModelError, match="no time zone"):
        missed("cron(0 12 * * ? *)", noons, "Europe/Hazelmere")
