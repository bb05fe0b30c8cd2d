"""Statistics of a metric over periods: sums and averages, percentiles, trimmed and winsorized means.

Source: CloudWatch User Guide, "CloudWatch statistics definitions"; CloudWatch API reference,
GetMetricStatistics (how starts are rounded, when percentiles are available).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cloudlings.errors import ExpressionError

BASIC = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
DAY = 86_400


@dataclass(frozen=True)
class Sample:
    """What was put at a moment (seconds): ``count`` values with this sum, least and most."""

    time: float
    count: float
    total: float
    low: float
    high: float
    unit: str = "None"

    @property
    def is_one_value(self) -> bool:
        """Whether it is one value, however often: only then have percentiles a place for it."""
        return self.low == self.high and self.total == self.low * self.count


@dataclass(frozen=True)
class Bound:
    """An end of a range: a value, or a percentage of the samples."""

    at: float
    percent: bool


@dataclass(frozen=True)
class Statistic:
    """A statistic, read: ``kind`` is one of ``BASIC`` or p, tm, wm, tc, ts, pr."""

    kind: str
    low: Bound | None = None
    high: Bound | None = None

    def of(self, samples: Iterable[Sample]) -> float | None:
        """Its value for the samples of a period; None where it is not available for them."""
        present = [sample for sample in samples if sample.count > 0]
        if not present:
            return None
        if self.kind in BASIC:
            return _basic(self.kind, present)
        if any(not sample.is_one_value for sample in present):
            return None
        if self.kind == "p" and any(sample.low < 0 for sample in present):
            return None
        values = sorted((sample.low, sample.count) for sample in present)
        return _extended(self, values)


_ONE = re.compile(r"(p|tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100(?:\.0+)?)", re.I)
_RANGE = re.compile(r"(tm|wm|tc|ts|pr)\((\d+(?:\.\d+)?%?)?:(\d+(?:\.\d+)?%?)?\)", re.I)


@lru_cache(maxsize=256)
def parse(name: str) -> Statistic:
    """Read ``Sum``, ``p99``, ``tm90``, ``TM(10%:90%)``, ``PR(:300)``, ``IQM``. Raises ExpressionError."""
    if name in BASIC:
        return Statistic(name)
    if name.upper() == "IQM":
        return Statistic("tm", Bound(25, True), Bound(75, True))
    if found := _ONE.fullmatch(name):
        return Statistic(found[1].lower(), None, Bound(float(found[2]), True))
    found = _RANGE.fullmatch(name)
    if found and (found[2] or found[3]):
        low, high = (_bound(text) for text in (found[2], found[3]))
        same_kind = low is None or high is None or low.percent == high.percent
        in_order = low is None or high is None or low.at < high.at
        if (
            same_kind
            and in_order
            and not (found[1].lower() == "pr" and any(b and b.percent for b in (low, high)))
        ):
            return Statistic(found[1].lower(), low, high)
    raise ExpressionError(f"The value {name} for parameter Stat is not supported.", position=0)


def _bound(text: str | None) -> Bound | None:
    return Bound(float(text.rstrip("%")), text.endswith("%")) if text else None


def _basic(kind: str, samples: Sequence[Sample]) -> float:
    count = sum(sample.count for sample in samples)
    total = sum(sample.total for sample in samples)
    return {
        "SampleCount": count,
        "Sum": total,
        "Average": total / count,
        "Minimum": min(sample.low for sample in samples),
        "Maximum": max(sample.high for sample in samples),
    }[kind]


def _extended(statistic: Statistic, values: Sequence[tuple[float, float]]) -> float | None:
    if statistic.kind == "p":
        assert statistic.high is not None, "the parser sees to it"
        return percentile(values, statistic.high.at)
    low, high = (_place(bound, values) for bound in (statistic.low, statistic.high))
    inside = [
        (value, weight)
        for value, weight in values
        if (low is None or value > low or (value == low and _is_percent(statistic.low)))
        and (high is None or value <= high)
    ]
    count, total = sum(w for _, w in inside), sum(v * w for v, w in inside)
    match statistic.kind:
        case "tc":
            return count
        case "ts":
            return total
        case "pr":
            return 100 * count / sum(w for _, w in values)
        case "wm":
            return _winsorized(values, low, high)
    return total / count if count else None


def _is_percent(bound: Bound | None) -> bool:
    return bound is not None and bound.percent


def _place(bound: Bound | None, values: Sequence[tuple[float, float]]) -> float | None:
    if bound is None or not bound.percent:
        return bound.at if bound else None
    return percentile(values, bound.at)


def _winsorized(values: Sequence[tuple[float, float]], low: float | None, high: float | None) -> float:
    """The average with what lies outside moved to the ends."""
    least = values[0][0] if low is None else low
    most = values[-1][0] if high is None else high
    total = sum(min(max(value, least), most) * weight for value, weight in values)
    return total / sum(weight for _, weight in values)


def percentile(values: Sequence[tuple[float, float]], percent: float) -> float:
    """A percentile of sorted (value, weight) pairs, linear between the two nearest ranks."""
    rank = percent / 100 * max(sum(weight for _, weight in values) - 1, 0)
    lower = int(rank)
    first = _at(values, lower)
    return first + (rank - lower) * (_at(values, lower + 1) - first)


def _at(values: Sequence[tuple[float, float]], index: int) -> float:
    seen = 0.0
    for value, weight in values:
        seen += weight
        if index < seen:
            return value
    return values[-1][0]


def rounded_start(start: float, now: float, period: int) -> float:
    """Where the first period begins: a start is rounded down to the minute, by age to five minutes or the
    hour; that of a high-resolution period to the period."""
    age = now - start
    by_age = 60 if age < 15 * DAY else 300 if age < 63 * DAY else 3600
    step = period if period < 60 else by_age
    return start - start % step


def by_period(
    samples: Iterable[Sample], start: float, end: float, period: int
) -> Mapping[float, list[Sample]]:
    """The samples from ``start`` up to ``end`` by the beginning of their period, in order."""
    found: dict[float, list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: each.time):
        if start <= sample.time < end:
            found.setdefault(start + (sample.time - start) // period * period, []).append(sample)
    return found
