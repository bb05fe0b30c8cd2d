"""The functions of metric math.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics", "Functions supported for
metric math", "Using IF expressions".
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch.series import (
    NotTaken,
    Scope,
    Series,
    Value,
    each_of,
    many,
    number,
    one,
    with_values,
)

NOT_HERE = ("ANOMALY_DETECTION_BAND", "INSIGHT_RULE_METRIC", "SERVICE_QUOTA", "LAMBDA", "DB_PERF_INSIGHTS")
"""Functions of AWS's that this sandbox has not."""


@dataclass(frozen=True)
class Function:
    """A function: how many arguments it takes, at least and at most, and what it makes of them."""

    takes: tuple[int, int]
    compute: Callable[..., Value]


FUNCTIONS: dict[str, Function] = {}
Compute = Callable[..., Value]


def function(name: str, least: int, most: int = 0) -> Callable[[Compute], Compute]:
    """Mark a function of the language; it is given the scope, and its arguments."""

    def mark(compute: Compute) -> Compute:
        FUNCTIONS[name] = Function((least, most or least), compute)
        return compute

    return mark


# --- of each value ----------------------------------------------------------------------------------------


def _of_values(name: str, change: Callable[[float], float]) -> None:
    def compute(_: Scope, value: Any) -> Value:
        if isinstance(value, float):
            return change(value)
        return each_of(value, lambda s: with_values(s, {at: change(v) for at, v in s.values.items()}))

    FUNCTIONS[name] = Function((1, 1), compute)


def _of_positive(name: str, change: Callable[[float], float]) -> None:
    """Where a value has no logarithm, there is none."""

    def compute(_: Scope, value: Any) -> Value:
        return each_of(
            value, lambda s: with_values(s, {at: change(v) for at, v in s.values.items() if v > 0})
        )

    FUNCTIONS[name] = Function((1, 1), compute)


_of_values("ABS", abs)
_of_values("CEIL", lambda value: float(math.ceil(value)))
_of_values("FLOOR", lambda value: float(math.floor(value)))
_of_positive("LOG", math.log)
_of_positive("LOG10", math.log10)


# --- of a series, or of several ---------------------------------------------------------------------------

_SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": lambda values: float(sum(values)),
    "AVG": lambda values: sum(values) / len(values) if values else 0.0,
    "MIN": lambda values: min(values, default=0.0),
    "MAX": lambda values: max(values, default=0.0),
    "STDDEV": lambda values: statistics.pstdev(values) if values else 0.0,
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}


def _summary(name: str) -> None:
    """Of one series a scalar; of an array a series, moment by moment."""
    summarize = _SUMMARIES[name]

    def compute(_: Scope, value: Any) -> Value:
        if isinstance(value, Series):
            return float(summarize(list(value.values.values())))
        every = many(value)
        moments = sorted({at for series in every for at in series.values})
        return Series({at: float(summarize(_there(every, at))) for at in moments}, _period(every))

    def _there(every: Sequence[Series], at: float) -> list[float]:
        if name == "AVG":
            return [series.values.get(at, 0.0) for series in every]
        return [series.values[at] for series in every if at in series.values]

    FUNCTIONS[name] = Function((1, 1), compute)


for _name in _SUMMARIES:
    _summary(_name)


def _period(every: Sequence[Series]) -> int:
    return max((series.period for series in every), default=0)


@function("METRICS", 0, 1)
def metrics(scope: Scope, part: Any = "") -> Value:
    """The request's metrics, or those with these words in their id; expressions are none."""
    if not isinstance(part, str):
        raise NotTaken
    found = [scope.series[name] for name in scope.metrics if part in name]
    return tuple(series for each in found for series in many(each))


@function("METRIC_COUNT", 1)
def metric_count(_: Scope, value: Any) -> Value:
    """How many series an array has."""
    return float(len(many(value)))


@function("PERIOD", 1)
def period(_: Scope, value: Any) -> Value:
    """A metric's period in seconds."""
    return float(one(value).period)


@function("FIRST", 1)
def first(_: Scope, value: Any) -> Value:
    """The first series of an array."""
    return _nth(many(value), 0)


@function("LAST", 1)
def last(_: Scope, value: Any) -> Value:
    """The last series of an array."""
    return _nth(many(value), -1)


def _nth(every: Sequence[Series], place: int) -> Series:
    return every[place] if every else Series({})


@function("REMOVE_EMPTY", 1)
def remove_empty(_: Scope, value: Any) -> Value:
    """The series of an array that have values."""
    return tuple(series for series in many(value) if series.values)


@function("SLICE", 2, 3)
def part_of(_: Scope, value: Any, start: Any, end: Any = None) -> Value:
    """The series of an array from one place up to another."""
    return many(value)[int(number(start)) : None if end is None else int(number(end))]


@function("SORT", 3, 4)
def sort(_: Scope, value: Any, by: Any, order: Any, most: Any = None) -> Value:
    """The series of an array by AVG, MIN, MAX or SUM; the first few if told."""
    if by not in ("AVG", "MIN", "MAX", "SUM") or order not in ("ASC", "DESC"):
        raise NotTaken
    key = _SUMMARIES[by]
    found = sorted(many(value), key=lambda s: key(list(s.values.values())), reverse=order == "DESC")
    return tuple(found[: None if most is None else int(number(most))])


# --- over time --------------------------------------------------------------------------------------------


def _of_pairs(name: str, change: Callable[[tuple[float, float], tuple[float, float]], float]) -> None:
    """Each value with the one before it; the first has none."""

    def compute(_: Scope, value: Any) -> Value:
        return each_of(
            value, lambda s: with_values(s, {b[0]: change(a, b) for a, b in pairwise(_in_order(s))})
        )

    FUNCTIONS[name] = Function((1, 1), compute)


def _in_order(series: Series) -> list[tuple[float, float]]:
    return sorted(series.values.items())


_of_pairs("DIFF", lambda a, b: b[1] - a[1])
_of_pairs("DIFF_TIME", lambda a, b: b[0] - a[0])
_of_pairs("RATE", lambda a, b: (b[1] - a[1]) / (b[0] - a[0]))


@function("RUNNING_SUM", 1)
def running_sum(_: Scope, value: Any) -> Value:
    """The sum of the values up to each."""

    def change(series: Series) -> Series:
        pairs = _in_order(series)
        sums = accumulate(found for _, found in pairs)
        return with_values(series, dict(zip((at for at, _ in pairs), sums, strict=True)))

    return each_of(value, change)


@function("FILL", 2)
def fill(scope: Scope, value: Any, filler: Any) -> Value:
    """Values where there are none: a scalar's, another series', the last one's, or those of a line."""
    return each_of(
        value, lambda series: with_values(series, {**series.values, **_fillings(series, filler, scope)})
    )


def _fillings(series: Series, filler: Any, scope: Scope) -> Mapping[float, float]:
    gaps = [at for at in scope.grid if at not in series.values]
    pairs = _in_order(series)
    if isinstance(filler, float):
        return dict.fromkeys(gaps, filler)
    if isinstance(filler, Series):
        return {at: filler.values[at] for at in gaps if at in filler.values}
    if filler == "REPEAT":
        places = ((at, bisect(pairs, (at, math.inf))) for at in gaps)
        return {at: pairs[place - 1][1] for at, place in places if place}
    if filler == "LINEAR":
        return {at: y for at in gaps if (y := _on_line(pairs, at)) is not None}
    raise NotTaken


def _on_line(pairs: Sequence[tuple[float, float]], at: float) -> float | None:
    place = bisect(pairs, (at, math.inf))
    if not 0 < place < len(pairs):
        return None
    (x1, y1), (x2, y2) = pairs[place - 1], pairs[place]
    return y1 + (y2 - y1) * (at - x1) / (x2 - x1)


@function("TIME_SERIES", 1)
def time_series(scope: Scope, value: Any) -> Value:
    """A series that has one value everywhere."""
    return Series(dict.fromkeys(scope.grid, number(value)))


_PARTS: dict[str, Callable[[datetime], float]] = {
    "MINUTE": lambda at: at.minute,
    "HOUR": lambda at: at.hour,
    "DAY": lambda at: at.isoweekday(),
    "DATE": lambda at: at.day,
    "MONTH": lambda at: at.month,
    "YEAR": lambda at: at.year,
    "EPOCH": lambda at: at.timestamp(),
}


def _part_of_moments(name: str) -> None:
    def compute(scope: Scope, value: Any) -> Value:
        series = one(value)
        moments = {at: float(_PARTS[name](datetime.fromtimestamp(at, UTC))) for at in scope.grid}
        return with_values(series, moments)

    FUNCTIONS[name] = Function((1, 1), compute)


for _name in _PARTS:
    _part_of_moments(_name)


# --- choices ----------------------------------------------------------------------------------------------


@function("IF", 2, 3)
def choose(_: Scope, condition: Any, then: Any, otherwise: Any = None) -> Value:
    """One value where a condition is not 0, another where it is.

    Of a series, moment by moment: a value that is missing where the condition holds is 0, and one that is
    missing where it does not hold is dropped.
    """
    if isinstance(condition, float):
        chosen = then if condition else otherwise
        return Series({}) if chosen is None else _series(chosen)
    deciding = one(condition)
    made: dict[float, float] = {}
    for at, holds in deciding.values.items():
        found = _pick(then, at, 0.0) if holds else _pick(otherwise, at, None)
        if found is not None:
            made[at] = found
    return with_values(deciding, made)


def _pick(value: Any, at: float, missing: float | None) -> float | None:
    if value is None or isinstance(value, float):
        return value
    return one(value).values.get(at, missing)


def _series(value: Any) -> Value:
    return value if isinstance(value, float) else one(value)


@function("SEARCH", 2, 3)
def search(scope: Scope, expression: Any, statistic: Any, seconds: Any = 300.0) -> Value:
    """The metrics that a search finds, as the scope's ``search`` finds them."""
    if not isinstance(expression, str) or not isinstance(statistic, str):
        raise NotTaken
    if scope.search is None:
        raise ExpressionError("SEARCH is not supported here: an alarm watches one time series")
    return scope.search(expression, statistic, int(number(seconds)))
