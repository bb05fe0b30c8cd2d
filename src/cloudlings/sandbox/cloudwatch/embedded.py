"""The embedded metric format: log events that carry metrics.

Source: CloudWatch User Guide, "Specification: Embedded metric format". A directive that is not as specified
makes no data, and is counted, as AWS counts it in ``AWS/Logs``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.sandbox.cloudwatch.data import UNITS, Datum, Event
from cloudlings.sandbox.cloudwatch.patterns import json_object

MOST_METRICS = 100
MOST_VALUES = 100
MOST_DIMENSIONS = 30


@dataclass(frozen=True)
class Embedded:
    """The data of one event, and how many of its directives are not as specified."""

    data: tuple[Datum, ...] = ()
    invalid: int = 0


def data_of(event: Event) -> Embedded:
    """What an event in the format makes; nothing for any other event.

    A function's runtime may write words before the document; they do not count.
    """
    if '"_aws"' not in event.message:
        return Embedded()
    document = json_object(event.message) or json_object(event.message[event.message.find("{") :])
    if document is None or "CloudWatchMetrics" not in _mapping(document.get("_aws")):
        return Embedded()
    head = document["_aws"]
    stamp, directives = head.get("Timestamp", event.timestamp), head["CloudWatchMetrics"]
    if not _is_number(stamp) or not isinstance(directives, list):
        return Embedded(invalid=1)
    made: list[Datum] = []
    invalid = 0
    for directive in directives:
        try:
            made += _data(_mapping(directive), document, stamp / 1000)
        except _Invalid:
            invalid += 1
    return Embedded(tuple(made), invalid)


class _Invalid(Exception):
    """A directive that is not as specified."""


def _data(directive: Mapping[str, Any], document: Mapping[str, Any], time: float) -> list[Datum]:
    namespace, sets, metrics = (directive.get(name) for name in ("Namespace", "Dimensions", "Metrics"))
    if not isinstance(namespace, str) or not 0 < len(namespace) <= 255:
        raise _Invalid
    if not isinstance(sets, list) or not isinstance(metrics, list) or len(metrics) > MOST_METRICS:
        raise _Invalid
    dimensions = [_dimensions(each, document) for each in sets] or [()]
    made = []
    for metric in metrics:
        name, unit, values = _metric(_mapping(metric), document)
        made += [Datum(namespace, name, value, time, unit, each) for each in dimensions for value in values]
    return made


def _dimensions(names: Any, document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if not isinstance(names, list) or len(names) > MOST_DIMENSIONS:
        raise _Invalid
    found = tuple((name, document.get(name)) for name in names if isinstance(name, str))
    if len(found) < len(names) or not all(isinstance(value, str) and value for _, value in found):
        raise _Invalid
    return tuple((name, str(value)) for name, value in found)


def _metric(metric: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[str, str, list[float]]:
    name, unit = metric.get("Name"), metric.get("Unit", "None")
    found: Any = document.get(name) if isinstance(name, str) else None
    values: list[Any] = found if isinstance(found, list) else [found]
    fits = isinstance(name, str) and unit in UNITS and metric.get("StorageResolution", 60) in (1, 60)
    if not fits or len(values) > MOST_VALUES or not all(_is_number(value) for value in values):
        raise _Invalid
    return str(name), str(unit), [float(value) for value in values]


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
