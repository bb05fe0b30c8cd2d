"""Time series, and what metric math does with two of them.

Source: CloudWatch User Guide, "Using math expressions with CloudWatch metrics": data types, operators, and
what missing values count for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudlings.errors import ExpressionError


@dataclass(frozen=True)
class Series:
    """A time series: values by moment (seconds). ``period`` is 0 for what no metric says."""

    values: Mapping[float, float]
    period: int = 0
    label: str = ""
    id: str = ""


Value = float | Series | tuple[Series, ...]
"""A scalar, a time series, or an array of them."""
Search = Callable[[str, str, int], tuple[Series, ...]]
"""Finds series: a search expression, a statistic, a period."""


@dataclass(frozen=True)
class Scope:
    """What an expression may use: metrics and earlier expressions by their id, and the periods asked for.

    ``metrics`` are the ids that stand for metrics, in the order of the request; ``grid`` every moment of the
    range at which a value may be.
    """

    series: Mapping[str, Value]
    metrics: Sequence[str] = ()
    grid: Sequence[float] = ()
    search: Search | None = None


# --- operators --------------------------------------------------------------------------------------------

Operation = Callable[[float, float], float | None]


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _power(a: float, b: float) -> float | None:
    try:
        found = a**b
    except (ZeroDivisionError, OverflowError):
        return None
    return found if isinstance(found, float) else None


_OPERATIONS: dict[str, Operation] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}


def apply(sign: str, left: Any, right: Any) -> Value:
    """An operator on two values. What is missing on one side counts as 0; a division by 0 has no value."""
    operation = _OPERATIONS[sign]
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionError(
            f"The operator {sign} does not take '{left if isinstance(left, str) else right}'"
        )
    if isinstance(left, tuple) and isinstance(right, tuple):
        raise ExpressionError(f"The operator {sign} does not take two arrays of time series")
    if isinstance(left, tuple):
        return tuple(_series(operation, each, right) for each in left)
    if isinstance(right, tuple):
        return tuple(_series(operation, left, each) for each in right)
    if isinstance(left, float) and isinstance(right, float):
        found = operation(left, right)
        if found is None:
            raise ExpressionError(f"The operator {sign} has no value for {left:g} and {right:g}")
        return float(found)
    return _series(operation, left, right)


def _series(operation: Operation, left: float | Series, right: float | Series) -> Series:
    sides = [side for side in (left, right) if isinstance(side, Series)]
    moments = sorted({at for side in sides for at in side.values})
    made = {at: operation(_at(left, at), _at(right, at)) for at in moments}
    label = sides[0].label if len(sides) == 1 or not sides[1].label else sides[0].label or sides[1].label
    return Series(
        {at: float(v) for at, v in made.items() if v is not None}, max(s.period for s in sides), label
    )


def _at(side: float | Series, moment: float) -> float:
    return side if isinstance(side, float) else side.values.get(moment, 0.0)


class NotTaken(Exception):
    """Arguments that a function does not take."""


def each_of(value: Any, change: Callable[[Series], Series]) -> Value:
    """A change of one series, or of each in an array."""
    if isinstance(value, tuple):
        return tuple(map(change, value))
    return change(one(value))


def one(value: Any) -> Series:
    """A single series: an array of one will do."""
    if isinstance(value, tuple) and len(value) == 1:
        return value[0]  # type: ignore[no-any-return]
    if not isinstance(value, Series):
        raise NotTaken
    return value


def many(value: Any) -> tuple[Series, ...]:
    """An array of series."""
    if isinstance(value, Series):
        return (value,)
    if not isinstance(value, tuple):
        raise NotTaken
    return value


def number(value: Any) -> float:
    """A scalar."""
    if not isinstance(value, float):
        raise NotTaken
    return value


def with_values(series: Series, values: Mapping[float, float]) -> Series:
    """The series with other values."""
    return replace(series, values=values, id="")
