"""Metric data queries: what GetMetricData and alarms on metric math ask, checked and computed.

A query is the API's ``MetricDataQuery`` as a dict. Metrics come from the caller's ``Source``. Source:
CloudWatch API reference, GetMetricData, MetricDataQuery, PutMetricAlarm (Metrics); User Guide, "Using dynamic
labels".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import metric_math, statistics
from cloudlings.sandbox.cloudwatch.metric_math import parse
from cloudlings.sandbox.cloudwatch.series import Scope, Series, Value

Query = Mapping[str, Any]
MOST_QUERIES = 500
MOST_POINTS = 100_800
"""Data points of one answer of GetMetricData."""
MOST_OF_AN_ALARM = 10
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Source:
    """Where metrics come from: ``samples(metric, unit)`` gives a ``Metric``'s; ``search`` finds series."""

    samples: Callable[[Mapping[str, Any], str | None], Sequence[statistics.Sample]]
    start: float
    end: float
    search: Callable[[str, str, int], tuple[Series, ...]] | None = None


@dataclass(frozen=True)
class Result:
    """A series that a query results in, with its label."""

    id: str
    label: str
    values: Mapping[float, float]


def check(queries: Sequence[Query]) -> None:
    """Raise ExpressionError, in AWS's words, for queries that cannot be."""
    if len(queries) > MOST_QUERIES:
        raise ExpressionError(
            f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )
    names = [str(query.get("Id", "")) for query in queries]
    for name, query in zip(names, queries, strict=True):
        if not _ID.fullmatch(name):
            raise ExpressionError(f"The value {name} for parameter MetricDataQueries.member.Id is not valid")
        if bool(query.get("Expression")) == bool(query.get("MetricStat")):
            raise ExpressionError(
                f"Exactly one of the parameters Expression and MetricStat must be specified for '{name}'"
            )
    if len(set(names)) < len(names):
        raise ExpressionError("The values for parameter id in MetricDataQueries are not unique")
    for query in queries:
        _check_one(query, names)
    _Computation(queries).order()


def _check_one(query: Query, names: Sequence[str]) -> None:
    name, measured = query["Id"], query.get("MetricStat")
    if measured:
        period = measured.get("Period")
        if not isinstance(period, int) or not (period in (1, 5, 10, 20, 30) or (period and period % 60 == 0)):
            raise ExpressionError(
                f"Invalid Period {period} for '{name}': 1, 5, 10, 20, 30 or a multiple of 60"
            )
        statistics.parse(str(measured.get("Stat")))
        return
    text = str(query["Expression"])
    if re.match(r"\s*SELECT\b", text, re.I):
        raise ExpressionError(
            f"Error in expression '{name}': Metrics Insights queries are not available here"
        )
    try:
        unknown = [used for used in parse(text).names if used not in names]
        if unknown:
            raise ExpressionError(f"Undefined id '{unknown[0]}'")
    except ExpressionError as error:
        raise _in_expression(name, error) from None


def check_alarm(queries: Sequence[Query]) -> None:
    """Raise ExpressionError for queries that no alarm can watch: it watches one time series."""
    check(queries)
    watched = [query for query in queries if query.get("ReturnData", True)]
    if len(watched) != 1:
        raise ExpressionError("Exactly one element of the metrics list should return data.")
    for kind in ("MetricStat", "Expression"):
        if sum(kind in query for query in queries) > MOST_OF_AN_ALARM:
            raise ExpressionError(f"An alarm has at most {MOST_OF_AN_ALARM} metrics with {kind}.")
    if any("SEARCH(" in str(query.get("Expression", "")) for query in queries):
        raise ExpressionError("SEARCH is not supported on Metric Alarms.")
    periods = {query["MetricStat"]["Period"] for query in queries if query.get("MetricStat")}
    if len(periods) > 1:
        raise ExpressionError("Metrics list must contain metrics of one period.")
    if not periods and not watched[0].get("Period"):
        raise ExpressionError("Period must not be null")


_BAND = re.compile(r"\s*ANOMALY_DETECTION_BAND\(\s*([a-z]\w*)\s*(?:,\s*(\d+(?:\.\d+)?)\s*)?\)\s*")


def check_band(queries: Sequence[Query], threshold: str) -> None:
    """Raise ExpressionError where an alarm's threshold is no anomaly detection band of one of its metrics.

    Source: CloudWatch API reference, PutMetricAlarm, ThresholdMetricId.
    """
    band = next((query for query in queries if query.get("Id") == threshold), None)
    found = _BAND.fullmatch(str(band.get("Expression", ""))) if band is not None else None
    if found is None:
        raise ExpressionError(
            f"ThresholdMetricId {threshold} must be the id of an ANOMALY_DETECTION_BAND function"
        )
    others = [query for query in queries if query is not band]
    check(others)
    if found[1] not in [query["Id"] for query in others]:
        raise ExpressionError(f"Error in expression '{threshold}': Undefined id '{found[1]}'")


def results(queries: Sequence[Query], source: Source) -> list[Result]:
    """The series of the queries that return data, in the order of the queries.

    Raises ExpressionError for an expression that has no such result.
    """
    check(queries)
    computed = _Computation(queries).compute(source)
    found: list[Result] = []
    for query in queries:
        if query.get("ReturnData", True):
            value = computed[query["Id"]]
            every = value if isinstance(value, tuple) else (value,)
            found += [
                _result(query, each, isinstance(value, tuple)) for each in every if isinstance(each, Series)
            ]
    return found


class _Computation:
    """Queries in the order in which they can be computed."""

    def __init__(self, queries: Sequence[Query]) -> None:
        self._queries = {str(query["Id"]): query for query in queries}

    def order(self) -> list[Query]:
        """Each after what it uses. Raises ExpressionError for one that uses itself."""
        done: dict[str, Query] = {}
        for name in self._queries:
            self._add(name, done, ())
        return list(done.values())

    def _add(self, name: str, done: dict[str, Query], above: tuple[str, ...]) -> None:
        if name in above:
            raise ExpressionError(f"Error in expression '{name}': it refers to itself")
        query = self._queries[name]
        if name not in done:
            for used in parse(query["Expression"]).names if query.get("Expression") else ():
                self._add(used, done, (*above, name))
            done[name] = query

    def compute(self, source: Source) -> Mapping[str, Value]:
        """The series of each query."""
        measured = [name for name, query in self._queries.items() if query.get("MetricStat")]
        periods = [self._queries[name]["MetricStat"]["Period"] for name in measured]
        made: dict[str, Value] = {}
        for query in self.order():
            name = query["Id"]
            if query.get("MetricStat"):
                made[name] = _measured(query, source)
                continue
            step = query.get("Period") or min(periods, default=60)
            scope = Scope(made, measured, _grid(source, step), source.search)
            try:
                found = metric_math.evaluate(parse(query["Expression"]), scope)
            except ExpressionError as error:
                raise _in_expression(name, error) from None
            made[name] = found[0] if len(found) == 1 else found
        return made


def _grid(source: Source, step: int) -> list[float]:
    """The moments of a range at which a value may be: the newest, if more than are ever answered."""
    count = int(-(-(source.end - source.start) // step))
    return [source.start + number * step for number in range(max(count - MOST_POINTS, 0), max(count, 0))]


def _measured(query: Query, source: Source) -> Series:
    measured = query["MetricStat"]
    statistic = statistics.parse(measured["Stat"])
    found = source.samples(measured["Metric"], measured.get("Unit"))
    by_period = statistics.by_period(found, source.start, source.end, measured["Period"])
    values = {at: value for at, inside in by_period.items() if (value := statistic.of(inside)) is not None}
    name = measured["Metric"].get("MetricName", "")
    found_as = Series(values, measured["Period"], name, query["Id"])
    return replace(found_as, label=_filled_in(query.get("Label") or name, query, found_as))


def _in_expression(name: str, error: ExpressionError) -> ExpressionError:
    return ExpressionError(f"Error in expression '{name}': {error.message}", position=error.position)


# --- labels -----------------------------------------------------------------------------------------------

_DYNAMIC = re.compile(r"\$\{(?:(?P<word>[A-Z_]+)|PROP\('(?P<property>[^']+)'\))\}")
_SUMMARIES: dict[str, Callable[[list[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "DATAPOINT_COUNT": len,
}


def _result(query: Query, series: Series, is_array: bool) -> Result:
    own = query.get("Label")
    if query.get("MetricStat"):
        return Result(str(query["Id"]), series.label, series.values)
    if is_array:
        label = f"{query['Id'] if own is None else own} {series.label}".strip()
    else:
        label = own or str(query["Id"])
    # A value beyond all numbers is none; JSON could not say it either.
    values = {at: value for at, value in series.values.items() if math.isfinite(value)}
    return Result(str(query["Id"]), _filled_in(label, query, series), values)


def _filled_in(label: str, query: Query, series: Series) -> str:
    values = [value for _, value in sorted(series.values.items())]

    def put(found: re.Match[str]) -> str:
        if found["property"]:
            return _property(found["property"], query)
        if found["word"] == "LABEL":
            return series.label
        summarize = _SUMMARIES.get(found["word"])
        if summarize is None:
            return found[0]
        return f"{summarize(values):.15g}" if values else "--"

    return _DYNAMIC.sub(put, label)


def _property(name: str, query: Query) -> str:
    measured = query.get("MetricStat") or {}
    metric = measured.get("Metric") or {}
    dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions") or ()}
    if name.startswith("Dim."):
        return str(dimensions.get(name.removeprefix("Dim."), ""))
    return str(metric.get(name) or measured.get(name) or "")


# --- searches ---------------------------------------------------------------------------------------------

_SCHEMA = re.compile(r"\s*\{\s*(?P<names>[^{}]*)\}\s*(?P<rest>.*)", re.S)
_TERM = re.compile(r'\s*(?:(?P<name>"[^"]+"|[\w.:/-]+)\s*=\s*)?(?P<value>"[^"]*"|[\w.:/*-]+)')


@dataclass(frozen=True)
class Search:
    """A search: a namespace and the names of exactly these dimensions, and what the metrics' parts are."""

    namespace: str
    dimensions: frozenset[str] | None
    equal: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def finds(self, namespace: str, name: str, dimensions: Mapping[str, str]) -> bool:
        """Whether it finds a metric."""
        if self.namespace and namespace != self.namespace:
            return False
        if self.dimensions is not None and set(dimensions) != self.dimensions:
            return False
        parts = {"MetricName": name, "Namespace": namespace, **dimensions}
        tokens = {
            t.lower()
            for part in parts.values()
            for t in (part, *re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", part))
        }
        return all(parts.get(key) == value for key, value in self.equal) and all(
            w in tokens for w in self.words
        )


def search(text: str) -> Search:
    """Read a search expression: ``{AWS/EC2,InstanceId} MetricName="CPUUtilization"``.

    Raises ExpressionError for what this sandbox has not: OR, NOT and parentheses.
    """
    schema = _SCHEMA.fullmatch(text)
    names = [name.strip().strip('"') for name in schema["names"].split(",")] if schema else []
    rest = schema["rest"] if schema else text
    equal: list[tuple[str, str]] = []
    words: list[str] = []
    at = 0
    while rest[at:].strip():
        found = _TERM.match(rest, at)
        if found is None or found["value"] in ("OR", "NOT"):
            raise ExpressionError(f"SEARCH: '{rest[at:].strip()[:20]}' is not available in this sandbox")
        value = found["value"].strip('"')
        if found["name"]:
            equal.append((found["name"].strip('"'), value))
        elif value != "AND":
            words.append(value.lower())
        at = found.end()
    namespace = names[0] if names else dict(equal).pop("Namespace", "")
    return Search(namespace, frozenset(names[1:]) if names else None, tuple(equal), tuple(words))
