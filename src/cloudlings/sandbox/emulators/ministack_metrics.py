"""CloudWatch metrics in MiniStack, put right where they are kept: what is stored, and what statistics say.

``correct`` is called once with MiniStack's module, when it has been loaded. The rules are in
``cloudlings.sandbox.cloudwatch``; alarms in ``ministack_alarms``.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox import clock
from cloudlings.sandbox.cloudwatch import statistics
from cloudlings.sandbox.cloudwatch.data import Datum
from cloudlings.sandbox.cloudwatch.statistics import Sample
from cloudlings.sandbox.emulators import anomaly_detectors, cloudwatch_wire, ministack_alarms
from cloudlings.sandbox.emulators.cloudwatch_wire import Refused

# How often what is too old is looked for: MiniStack would do so in each request.
_EVICTION = 600.0
_lock = threading.Lock()


def correct(cloudwatch: Any) -> None:
    """Put MiniStack's CloudWatch right."""
    _store(cloudwatch)
    answers = {
        "GetMetricStatistics": lambda asked: _get_metric_statistics(cloudwatch, asked),
        "GetMetricData": lambda asked: _get_metric_data(cloudwatch, asked),
    }
    answers |= ministack_alarms.correct(cloudwatch) | anomaly_detectors.answers(cloudwatch)
    cloudwatch_wire.add_answers(cloudwatch, answers)


def module() -> Any:
    """MiniStack's CloudWatch, corrected."""
    import ministack.services.cloudwatch

    return sys.modules[ministack.services.cloudwatch.__name__]


# --- what is stored ---------------------------------------------------------------------------------------


def _store(cloudwatch: Any) -> None:
    """Data comes from requests, from logs and from functions' threads, so storing takes turns."""
    store, record, evict = cloudwatch._store_datum, cloudwatch.record_metric, cloudwatch._evict_old_metrics
    evicted = [time.monotonic()]

    def store_datum(*args: Any) -> None:
        with _lock:
            store(*args)

    def record_metric(namespace: str, name: str, *args: Any, **named: Any) -> None:
        with _lock:
            record(namespace, name, *args, **named)
        ministack_alarms.look_soon()

    def evict_old_metrics() -> None:
        if time.monotonic() - evicted[0] > _EVICTION:
            evicted[0] = time.monotonic()
            with _lock:
                evict()

    cloudwatch._store_datum, cloudwatch.record_metric = store_datum, record_metric
    cloudwatch._evict_old_metrics = evict_old_metrics


def publish(data: Iterable[Datum]) -> None:
    """Store data in the account and Region of this request or thread."""
    cloudwatch = module()
    for datum in data:
        cloudwatch._store_datum(
            datum.namespace,
            datum.name,
            dict(datum.dimensions),
            datum.time,
            datum.unit,
            datum.value,
            None,
            None,
            None,
        )
    ministack_alarms.look_soon()


def measure_execution(function: dict[str, Any], error: bool, milliseconds: float) -> None:
    """What Lambda publishes of one execution.

    Source: Lambda Developer Guide, "Types of metrics for Lambda functions".
    """
    config = function.get("config") or function
    name, version = str(config.get("FunctionName", "")), str(config.get("Version") or "$LATEST")
    values = {"Invocations": 1.0, "Errors": float(error), "Throttles": 0.0}
    _publish_of_function(name, "" if version == "$LATEST" else version, values, "Count")
    _publish_of_function(
        name, "" if version == "$LATEST" else version, {"Duration": milliseconds}, "Milliseconds"
    )


def measure_throttle(name: str) -> None:
    """What Lambda publishes of an invocation that is throttled: it is no invocation, and no error."""
    _publish_of_function(name, "", {"Throttles": 1.0}, "Count")


def _publish_of_function(name: str, version: str, values: Mapping[str, float], unit: str) -> None:
    """Values of a function, of its version, and of all functions."""
    own = (("FunctionName", name),)
    of_version = (*own, ("Resource", f"{name}:{version}" if version else name))
    now = time.time()
    publish(
        Datum("AWS/Lambda", metric, value, now, unit, dimensions)
        for metric, value in values.items()
        for dimensions in ((), own, of_version)
    )


def has_data(namespace: str, name: str, minute: float) -> bool:
    """Whether a metric without dimensions has a value in a minute."""
    points = module()._metrics.get((namespace, name, "")) or ()
    return any(minute <= point["Timestamp"] < minute + 60 for point in list(points))


def samples(
    cloudwatch: Any, namespace: str, name: str, dimensions: Mapping[str, str], unit: str | None = None
) -> list[Sample]:
    """What a metric was given. A metric is its namespace, its name and exactly these dimensions."""
    points = cloudwatch._metrics.get((namespace, name, cloudwatch._dims_key(dict(dimensions)))) or ()
    found = []
    for point in list(points):
        count, total, low, high = cloudwatch._point_stats(point)
        found.append(Sample(point["Timestamp"], count, total, low, high, point.get("Unit") or "None"))
    return [sample for sample in found if unit is None or sample.unit == unit]


def pairs(dimensions: Any) -> dict[str, str]:
    """Dimensions as the API writes them, by name."""
    return {str(each.get("Name")): str(each.get("Value", "")) for each in dimensions or []}


# --- GetMetricStatistics ----------------------------------------------------------------------------------


def _get_metric_statistics(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Data points by period, one for each unit. Source: CloudWatch API reference, GetMetricStatistics."""
    from ministack.core.responses import get_account_id

    period = int(asked.get("Period") or 60)
    start, end = (cloudwatch._parse_ts(asked.get(name)) or 0.0 for name in ("StartTime", "EndTime"))
    start = statistics.rounded_start(start, clock.now(get_account_id()), period)
    basic, extended = asked.get("Statistics") or [], asked.get("ExtendedStatistics") or []
    for number, name in enumerate(extended, 1):
        _supported(name, f"ExtendedStatistics.member.{number}")
    found = samples(
        cloudwatch, asked["Namespace"], asked["MetricName"], pairs(asked.get("Dimensions")), asked.get("Unit")
    )
    points = []
    for unit in sorted({sample.unit for sample in found}):
        of_unit = [sample for sample in found if sample.unit == unit]
        for at, inside in statistics.by_period(of_unit, start, end, period).items():
            point: dict[str, Any] = {"Timestamp": at, "Unit": unit}
            point |= {name: statistics.parse(name).of(inside) for name in basic}
            more = {name: statistics.parse(name).of(inside) for name in extended}
            points.append(point | ({"ExtendedStatistics": more} if extended else {}))
    return {"Label": asked["MetricName"], "Datapoints": points}


def _get_metric_data(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    # Here, for the parser of metric math is wanted by those only that ask.
    from cloudlings.sandbox.emulators import ministack_queries

    return ministack_queries.get_metric_data(cloudwatch, asked)


def _supported(name: str, parameter: str) -> None:
    try:
        statistics.parse(name)
    except ExpressionError:
        message = f"The value {name} for parameter {parameter} is not supported."
        raise Refused("InvalidParameterValue", message) from None
