"""GetMetricData over MiniStack's metrics, and what an alarm on metric math watches."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox import clock
from cloudlings.sandbox.cloudwatch import queries, statistics
from cloudlings.sandbox.cloudwatch.series import Series
from cloudlings.sandbox.emulators import ministack_alarms, ministack_metrics
from cloudlings.sandbox.emulators.cloudwatch_wire import Refused


def get_metric_data(cloudwatch: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Source: CloudWatch API reference, GetMetricData."""
    from ministack.core.responses import get_account_id

    start, end = (cloudwatch._parse_ts(asked.get(name)) or 0.0 for name in ("StartTime", "EndTime"))
    if start >= end:
        raise Refused("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    wanted = asked.get("MetricDataQueries") or []
    periods = [query["MetricStat"].get("Period") or 60 for query in wanted if query.get("MetricStat")]
    start = statistics.rounded_start(start, clock.now(get_account_id()), min(periods, default=60))
    try:
        found = queries.results(wanted, _source(cloudwatch, start, end))
    except ExpressionError as error:
        raise Refused("ValidationError", error.message) from None
    newest_first = asked.get("ScanBy") != "TimestampAscending"
    return _page([_listed(result, newest_first) for result in found], asked)


def _listed(result: queries.Result, newest_first: bool) -> dict[str, Any]:
    points = sorted(result.values.items(), reverse=newest_first)
    return {
        "Id": result.id,
        "Label": result.label,
        "Timestamps": [at for at, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "Complete",
    }


def _page(results: list[dict[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The results from a token on, up to the most data points that are asked for."""
    most = min(asked.get("MaxDatapoints") or queries.MOST_POINTS, queries.MOST_POINTS)
    skipped = _offset(asked.get("NextToken"))
    left, passed = most, 0
    for result in results:
        count = len(result["Values"])
        first = min(max(skipped - passed, 0), count)
        last = min(first + left, count)
        if last < count:
            result["StatusCode"] = "PartialData"
        for name in ("Timestamps", "Values"):
            result[name] = result[name][first:last]
        left -= last - first
        passed += count
    page: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if skipped + most < passed:
        page["NextToken"] = base64.urlsafe_b64encode(json.dumps(skipped + most).encode()).decode()
    return page


def _offset(token: Any) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))) if token else 0
    except (ValueError, TypeError):
        raise Refused("InvalidNextToken", "The next token specified is invalid.") from None


def _source(cloudwatch: Any, start: float, end: float, in_test_time: bool = False) -> queries.Source:
    def samples(metric: Mapping[str, Any], unit: str | None) -> Sequence[statistics.Sample]:
        dimensions = ministack_metrics.pairs(metric.get("Dimensions"))
        namespace, name = str(metric.get("Namespace", "")), str(metric.get("MetricName", ""))
        found = ministack_metrics.samples(cloudwatch, namespace, name, dimensions, unit)
        return ministack_alarms.in_test_time(found) if in_test_time else found

    def search(text: str, statistic: str, period: int) -> tuple[Series, ...]:
        return _search(cloudwatch, queries.search(text), statistics.parse(statistic), (start, end, period))

    return queries.Source(samples, start, end, None if in_test_time else search)


def _search(
    cloudwatch: Any, search: queries.Search, statistic: statistics.Statistic, when: tuple[float, float, int]
) -> tuple[Series, ...]:
    made = []
    for (namespace, name, _), points in list(cloudwatch._metrics.items()):
        dimensions = dict(points[0].get("Dimensions") or {}) if points else {}
        if points and search.finds(namespace, name, dimensions):
            found = ministack_metrics.samples(cloudwatch, namespace, name, dimensions)
            by_period = statistics.by_period(found, *when)
            values = {
                at: value for at, inside in by_period.items() if (value := statistic.of(inside)) is not None
            }
            made.append(Series(values, when[2], " ".join([*dimensions.values(), name])))
    return tuple(sorted(made, key=lambda series: series.label))


def watched(
    cloudwatch: Any, wanted: Sequence[queries.Query], start: float, end: float
) -> dict[float, float | None]:
    """The data points of the time series that an alarm watches, in test time."""
    found = queries.results(wanted, _source(cloudwatch, start, end, in_test_time=True))
    return dict(found[0].values) if found else {}
