"""The functions of Logs Insights, of one event and of many.

Source: CloudWatch Logs User Guide, "Boolean, comparison, numeric, datetime, and other functions", "stats".
Values are texts, numbers and moments; a text that reads as a number is one where a number is wanted, and None
is a field that is not there.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from cloudlings.sandbox.cloudwatch.discovered import Moment

Compute = Callable[..., Any]


@dataclass(frozen=True)
class Duration:
    """A length of time, in milliseconds: ``5m``."""

    milliseconds: float


@dataclass(frozen=True)
class Function:
    """A function: how many arguments it takes, at least and at most, and what it makes of their values."""

    least: int
    most: int
    compute: Compute


MANY = 100
FUNCTIONS: dict[str, Function] = {}
AGGREGATES: dict[str, Function] = {}


def number(value: Any) -> float | None:
    """A value as a number; None for any other."""
    if isinstance(value, Moment):
        return value.milliseconds
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def text(value: Any) -> str:
    """A value as it is shown: whole numbers without a point, others with four places at most."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() else f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def function(least: int, most: int = 0, name: str = "") -> Callable[[Compute], Compute]:
    """Mark a function of values, by its own name."""

    def mark(compute: Compute) -> Compute:
        FUNCTIONS[(name or compute.__name__).strip("_").lower()] = Function(least, most or least, compute)
        return compute

    return mark


def _of_numbers(name: str, least: int, most: int, compute: Callable[..., float]) -> None:
    """A function of numbers: without one of them it has no value."""

    def run(*values: Any) -> float | None:
        numbers = [number(value) for value in values]
        present = [each for each in numbers if each is not None]
        if len(present) < len(numbers):
            return None
        try:
            return compute(*present)
        except (ValueError, OverflowError):
            return None

    FUNCTIONS[name] = Function(least, most, run)


_of_numbers("abs", 1, 1, abs)
_of_numbers("ceil", 1, 1, lambda a: float(math.ceil(a)))
_of_numbers("floor", 1, 1, lambda a: float(math.floor(a)))
_of_numbers("greatest", 1, MANY, lambda *all_: max(all_))
_of_numbers("least", 1, MANY, lambda *all_: min(all_))
_of_numbers("log", 1, 1, math.log)
_of_numbers("sqrt", 1, 1, math.sqrt)


# --- whether ----------------------------------------------------------------------------------------------


@function(1)
def ispresent(value: Any) -> bool:
    """Whether a field is there."""
    return value is not None


@function(1)
def isempty(value: Any) -> bool:
    """Whether a field is missing or empty."""
    return value is None or text(value) == ""


@function(1)
def isblank(value: Any) -> bool:
    """Whether a field is missing, empty, or white space."""
    return value is None or text(value).strip() == ""


@function(1, MANY)
def coalesce(*values: Any) -> Any:
    """The first value that is there."""
    return next((value for value in values if value is not None), None)


# --- texts ------------------------------------------------------------------------------------------------


def _of_text(name: str, least: int, most: int, compute: Callable[..., Any]) -> None:
    """A function of texts: without the first it has no value."""

    def run(first: Any, *rest: Any) -> Any:
        return None if first is None else compute(text(first), *rest)

    FUNCTIONS[name] = Function(least, most, run)


def _characters(given: Any) -> str | None:
    return None if given is None else text(given)


def _substr(value: str, start: Any, length: Any = None) -> str:
    first = int(number(start) or 0)
    return value[first:] if length is None else value[first : first + int(number(length) or 0)]


_of_text("strlen", 1, 1, len)
_of_text("toupper", 1, 1, str.upper)
_of_text("tolower", 1, 1, str.lower)
_of_text("trim", 1, 2, lambda value, which=None: value.strip(_characters(which)))
_of_text("ltrim", 1, 2, lambda value, which=None: value.lstrip(_characters(which)))
_of_text("rtrim", 1, 2, lambda value, which=None: value.rstrip(_characters(which)))
_of_text("substr", 2, 3, _substr)
_of_text("replace", 3, 3, lambda value, old, new: value.replace(text(old), text(new)) if text(old) else value)
_of_text("strcontains", 2, 2, lambda value, part: part is not None and text(part) in value)


@function(1, MANY)
def concat(*values: Any) -> str:
    """The texts, one after the other; a field that is not there adds nothing."""
    return "".join(text(value) for value in values if value is not None)


# --- moments ----------------------------------------------------------------------------------------------


def _milliseconds(value: Any) -> float | None:
    return value.milliseconds if isinstance(value, Duration) else None


def _round(value: Any, length: Any, rounding: Callable[[float], int]) -> Moment | None:
    at, step = number(value), _milliseconds(length)
    return Moment(rounding(at / step) * step) if at is not None and step else None


@function(2)
def datefloor(value: Any, length: Any) -> Moment | None:
    """A moment, rounded down to a length of time."""
    return _round(value, length, math.floor)


@function(2)
def dateceil(value: Any, length: Any) -> Moment | None:
    """A moment, rounded up to a length of time."""
    return _round(value, length, math.ceil)


@function(1, name="frommillis")
def from_millis(value: Any) -> Moment | None:
    """Milliseconds since 1970 as a moment."""
    at = number(value)
    return None if at is None else Moment(at)


@function(1, name="tomillis")
def to_millis(value: Any) -> float | None:
    """A moment as milliseconds since 1970."""
    return number(value) if isinstance(value, Moment) else None


@function(0, name="now")
def now() -> float:
    """Seconds since 1970, when the query was begun."""
    return float(int(time.time()))


# --- addresses --------------------------------------------------------------------------------------------


def _address(value: Any) -> Any:
    try:
        return ip_address(text(value)) if value is not None else None
    except ValueError:
        return None


def _of_address(suffix: str, version: int) -> None:
    def is_valid(value: Any) -> bool:
        found = _address(value)
        return found is not None and version in (0, found.version)

    def is_in(value: Any, subnet: Any) -> bool:
        found = _address(value)
        try:
            block = ip_network(text(subnet), strict=False)
        except ValueError:
            return False
        return found is not None and version in (0, found.version) and found in block

    FUNCTIONS[f"isvalid{suffix}"] = Function(1, 1, is_valid)
    FUNCTIONS[f"is{suffix}insubnet"] = Function(2, 2, is_in)


for _suffix, _version in (("ip", 0), ("ipv4", 4), ("ipv6", 6)):
    _of_address(_suffix, _version)


# --- of many events ---------------------------------------------------------------------------------------

Column = Sequence[Any]
"""An argument's values over the events of a group; ``moments`` beside it are the events'."""


def _numbers(column: Column) -> list[float]:
    return [found for value in column if (found := number(value)) is not None]


def _of_column(name: str, compute: Callable[[list[float]], float | None]) -> None:
    def run(_: Sequence[float], column: Column) -> float | None:
        found = _numbers(column)
        return compute(found) if found else None

    AGGREGATES[name] = Function(1, 1, run)


def _extreme(pick: Callable[..., Any]) -> Compute:
    """The least or greatest: of numbers where there are some, else of texts."""

    def run(_: Sequence[float], column: Column) -> Any:
        present = [value for value in column if value is not None]
        numeric = [value for value in present if number(value) is not None]
        if numeric:
            found = pick(numeric, key=lambda value: number(value) or 0.0)
            return found if isinstance(found, Moment) else number(found)
        return pick(present, key=text) if present else None

    return run


def _count(_: Sequence[float], column: Column) -> float:
    return float(sum(value is not None for value in column))


def _count_distinct(_: Sequence[float], column: Column) -> float:
    return float(len({text(value) for value in column if value is not None}))


def _pct(_: Sequence[float], column: Column, percent: Column) -> float | None:
    """The nearest rank: a value that is there."""
    values, share = sorted(_numbers(column)), number(percent[0]) if percent else None
    if not values or share is None:
        return None
    return values[max(0, min(len(values) - 1, math.ceil(share / 100 * len(values)) - 1))]


def _by_time(pick: Callable[..., Any]) -> Compute:
    def run(moments: Sequence[float], column: Column) -> Any:
        present = [
            (at, n) for n, (at, value) in enumerate(zip(moments, column, strict=True)) if value is not None
        ]
        return column[pick(present)[1]] if present else None

    return run


def _by_text(pick: Callable[..., Any]) -> Compute:
    def run(_: Sequence[float], column: Column) -> Any:
        present = [value for value in column if value is not None]
        return (
            pick(present, key=lambda v: (0, number(v), "") if number(v) is not None else (1, 0.0, text(v)))
            if present
            else None
        )

    return run


_of_column("sum", lambda values: float(sum(values)))
_of_column("avg", lambda values: sum(values) / len(values))
_of_column("stddev", lambda values: statistics.stdev(values) if len(values) > 1 else 0.0)
_of_column("median", statistics.median)
AGGREGATES |= {
    "min": Function(1, 1, _extreme(min)),
    "max": Function(1, 1, _extreme(max)),
    "count": Function(0, 1, _count),
    "count_distinct": Function(1, 1, _count_distinct),
    "pct": Function(2, 2, _pct),
    "percentile": Function(2, 2, _pct),
    "earliest": Function(1, 1, _by_time(min)),
    "latest": Function(1, 1, _by_time(max)),
    "sortsfirst": Function(1, 1, _by_text(min)),
    "sortslast": Function(1, 1, _by_text(max)),
}
