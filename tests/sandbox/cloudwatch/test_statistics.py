"""Statistics of samples, by their definitions."""

from __future__ import annotations

import pytest

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import statistics
from cloudlings.sandbox.cloudwatch.statistics import Sample


def one(value: float, count: float = 1, time: float = 0) -> Sample:
    return Sample(time, count, value * count, value, value)


HUNDRED = [one(float(value)) for value in range(1, 101)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p50", 50.5),
        ("p100", 100),
        ("p0", 1),
        ("p99", 99.01),
        ("tm90", 45.5),
        ("TM(2%:98%)", 50.5),
        ("TM(150:1000)", None),
        ("TM(10:20)", 15.5),
        ("tm(:20)", 10.5),
        ("IQM", 50.5),
        ("wm90", (sum(range(1, 91)) + 10 * 90.1) / 100),
        ("WM(20:80)", (20 * 20 + sum(range(21, 80)) + 21 * 80) / 100),
        ("tc90", 90),
        ("TC(10:20)", 10),
        ("ts90", 4095),
        ("PR(:30)", 30),
        ("PR(10:20)", 10),
    ],
)
def test_statistic(name: str, expected: float | None) -> None:
    """A statistic of the values from 1 to 100 is as it is defined."""
    found = statistics.parse(name).of(HUNDRED)
    assert found == (None if expected is None else pytest.approx(expected))


NONE = "Median p101 p tm TM(5:)% TM(20:10) TM(1%:5) PR(1%:5%) sum p-1 TM(:)"


@pytest.mark.parametrize("name", NONE.split())
def test_refused(name: str) -> None:
    """What is no statistic is refused by its name."""
    with pytest.raises(ExpressionError, match="not supported"):
        statistics.parse(name)


def test_counts_weigh() -> None:
    """A value that was put with a count counts as often."""
    found = [one(1, 9), one(100, 1)]
    assert statistics.parse("Average").of(found) == pytest.approx(10.9)
    assert statistics.parse("p50").of(found) == 1


def test_percentiles_of_statistic_sets() -> None:
    """A set of statistics has no percentiles, unless it is one value."""
    assert statistics.parse("p90").of([Sample(0, 3, 12, 1, 7)]) is None
    assert statistics.parse("p90").of([Sample(0, 3, 12, 4, 4)]) == 4
    assert statistics.parse("Sum").of([Sample(0, 3, 12, 1, 7)]) == 12


def test_percentiles_of_negative_values() -> None:
    """Where a value is negative there are no percentiles."""
    assert statistics.parse("p90").of([one(-1), one(5)]) is None


def test_nothing() -> None:
    """Without samples there is no statistic."""
    assert statistics.parse("Sum").of([]) is None


def test_periods_begin_with_the_start() -> None:
    """Periods are counted from the start, up to the end and not with it."""
    found = statistics.by_period([one(1, time=t) for t in (59, 60, 359, 360, 659, 660)], 60, 660, 300)
    assert {at: len(inside) for at, inside in found.items()} == {60: 2, 360: 2}


@pytest.mark.parametrize(("age", "step"), [(0, 60), (14, 60), (16, 300), (62, 300), (64, 3600)])
def test_start_is_rounded(age: int, step: int) -> None:
    """A start is rounded down to the minute; of long ago to five minutes, then to the hour."""
    now = 1_700_000_000.0
    start = now - age * 86_400 - 17
    assert statistics.rounded_start(start, now, 60) == start // step * step
