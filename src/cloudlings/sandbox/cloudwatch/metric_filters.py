"""Metric filters: the data that log events make.

Source: CloudWatch Logs User Guide, "Configuring metric values for a metric filter", "Publishing dimensions
with metrics"; CloudWatch Logs API reference, MetricTransformation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch.data import Datum, Event
from cloudlings.sandbox.cloudwatch.patterns import Match, parse

MOST_DIMENSIONS = 3
MINUTE = 60


def check(pattern: str, transformations: Sequence[Mapping[str, Any]]) -> None:
    """Raise ExpressionError for a pattern that is none, or a value or dimension that it cannot give."""
    read = parse(pattern)
    for each in transformations:
        value = str(each.get("metricValue", ""))
        if not _is_number(value) and not read.references(value):
            raise _invalid(f"'{value}' is no number and no field of the pattern.")
        dimensions = each.get("dimensions") or {}
        if dimensions and each.get("defaultValue") is not None:
            raise _invalid("dimensions and default value are mutually exclusive properties.")
        if len(dimensions) > MOST_DIMENSIONS:
            raise _invalid(f"at most {MOST_DIMENSIONS} dimensions.")
        for name, reference in dimensions.items():
            if not read.references(str(reference)):
                raise _invalid(f"dimension value '{reference}' of '{name}' is no field of the pattern.")


def _invalid(why: str) -> ExpressionError:
    return ExpressionError(f"Invalid metric transformation: {why}")


def data_of(
    pattern: str,
    transformations: Sequence[Mapping[str, Any]],
    events: Sequence[Event],
    has_data: Callable[[str, str, float], bool] = lambda *_: False,
) -> list[Datum]:
    """The data that these events make for one filter.

    A minute of events of which none fits gives the default value, if there is one and
    ``has_data(namespace, name, minute)`` says that the minute has no value yet.
    """
    read = parse(pattern)
    matched = [(event, match) for event in events if (match := read.match(event.message)) is not None]
    made: list[Datum] = []
    for each in transformations:
        made += filter(None, (_datum(each, event, match) for event, match in matched))
        if each.get("defaultValue") is not None:
            made += _defaults(each, events, {event.timestamp // 60000 for event, _ in matched}, has_data)
    return made


def _datum(transformation: Mapping[str, Any], event: Event, match: Match) -> Datum | None:
    """One event's value; None where it has no number, or lacks a dimension."""
    value = _value(str(transformation.get("metricValue", "1")), match)
    wanted = transformation.get("dimensions") or {}
    dimensions = [(str(name), match.value(str(reference))) for name, reference in wanted.items()]
    if value is None or any(not found for _, found in dimensions):
        return None
    return Datum(
        transformation["metricNamespace"],
        transformation["metricName"],
        value,
        event.timestamp / 1000,
        transformation.get("unit") or "None",
        tuple((name, str(found)) for name, found in dimensions),
    )


def _value(written: str, match: Match) -> float | None:
    if _is_number(written):
        return float(written)
    found = match.value(written)
    return float(found) if found is not None and _is_number(found) else None


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text.strip(), re.I)) and math.isfinite(
        float(text)
    )


def _defaults(
    transformation: Mapping[str, Any],
    events: Iterable[Event],
    matched: set[int],
    has_data: Callable[[str, str, float], bool],
) -> list[Datum]:
    namespace, name = transformation["metricNamespace"], transformation["metricName"]
    minutes = sorted({event.timestamp // 60000 for event in events} - matched)
    unit = transformation.get("unit") or "None"
    return [
        Datum(namespace, name, float(transformation["defaultValue"]), float(minute * MINUTE), unit)
        for minute in minutes
        if not has_data(namespace, name, float(minute * MINUTE))
    ]
