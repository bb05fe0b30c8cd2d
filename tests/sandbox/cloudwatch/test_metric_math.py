"""Metric math, against the tables of AWS's documentation; and queries that hold it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import metric_math, queries
from cloudlings.sandbox.cloudwatch.series import Scope, Series
from cloudlings.sandbox.cloudwatch.statistics import Sample

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "metric_math.yaml").read_text())
GRID = [60.0 * minute for minute in range(5)]


def series(name: str, values: list[float | None]) -> Series:
    return Series({60.0 * n: float(v) for n, v in enumerate(values) if v is not None}, 60, name, name)


SCOPE = Scope(
    {name: series(name, values) for name, values in CASES["series"].items()}, CASES["metrics"], GRID
)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["expression"])
def test_expression(case: dict[str, Any]) -> None:
    """An expression gives the series of metric_math.yaml."""
    found = metric_math.evaluate(metric_math.parse(case["expression"]), SCOPE)
    wanted = [series("", values).values for values in case["gives"]]
    assert [{at: pytest.approx(v) for at, v in each.values.items()} for each in found] == wanted


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["expression"])
def test_refused(case: dict[str, Any]) -> None:
    """An expression that cannot be is refused, with the words that say why."""
    with pytest.raises(ExpressionError) as caught:
        metric_math.evaluate(metric_math.parse(case["expression"]), SCOPE)
    assert case["says"] in caught.value.message


def metric(name: str, **more: Any) -> dict[str, Any]:
    measured = {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": measured | more.pop("stat", {})} | more


def expression(text: str, name: str = "e1", **more: Any) -> dict[str, Any]:
    return {"Id": name, "Expression": text} | more


SOURCE = queries.Source(lambda *_: [Sample(t, 1, 2, 2, 2) for t in (0, 61, 62)], 0, 180)


def test_queries_use_each_other() -> None:
    """An expression may use another that comes after it."""
    asked = [
        expression("e2 * 10"),
        expression("a + 1", "e2", ReturnData=False),
        metric("a", ReturnData=False),
    ]
    assert [dict(one.values) for one in queries.results(asked, SOURCE)] == [{0: 30, 60: 50}]


def test_beyond_all_numbers() -> None:
    """A value that is beyond all numbers is left out."""
    found = queries.results([metric("a", ReturnData=False), expression("a * 1e300 * 1e300")], SOURCE)
    assert found[0].values == {}


def test_endless_range() -> None:
    """A series that has a value everywhere has as many as can be answered, however long the range."""
    source = queries.Source(lambda *_: [], 0, 1e10)
    found = queries.results([expression("TIME_SERIES(1)")], source)[0]
    assert (len(found.values), max(found.values)) == (queries.MOST_POINTS, 1e10 - 40)


def test_labels() -> None:
    """A label is the metric's name, the expression's id or what is asked for; of an array, both."""
    asked = [
        metric("a"),
        metric("b", Label="last ${LAST} of ${PROP('MetricName')}"),
        expression("a * 2"),
        expression("METRICS() * 2", "e2", Label="x"),
    ]
    found = [one.label for one in queries.results(asked, SOURCE)]
    assert found == ["a", "last 4 of b", "e1", "x a", "x last 4 of b"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([metric("a"), metric("a")], "not unique"),
        ([metric("A")], "A for parameter"),
        ([{"Id": "a"}], "Exactly one"),
        ([metric("a") | {"Expression": "a"}], "Exactly one"),
        ([expression("e2", "e1"), expression("e1", "e2")], "refers to itself"),
        ([expression("a +")], "Error in expression 'e1'"),
        ([metric("a", stat={"Period": 45})], "Invalid Period 45"),
        ([metric("a", stat={"Stat": "Median"})], "Median"),
        ([expression("SELECT AVG(x) FROM y")], "Metrics Insights"),
    ],
    ids=str,
)
def test_queries_refused(asked: list[dict[str, Any]], says: str) -> None:
    """Queries that cannot be are refused, with the words that say why."""
    with pytest.raises(ExpressionError) as caught:
        queries.check(asked)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ([metric("a"), expression("a")], "Exactly one"),
        ([expression("SEARCH('x', 'Sum', 60)")], "SEARCH"),
        ([metric("a", ReturnData=False), metric("b", stat={"Period": 300})], "one period"),
        ([expression("TIME_SERIES(5)")], "Period"),
        ([*(metric(f"m{n}", ReturnData=False) for n in range(11)), expression("m1")], "at most 10"),
    ],
    ids=str,
)
def test_alarm_refused(asked: list[dict[str, Any]], says: str) -> None:
    """An alarm watches one time series, of few metrics and one period."""
    with pytest.raises(ExpressionError) as caught:
        queries.check_alarm(asked)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("text", "threshold", "says"),
    [
        ("ANOMALY_DETECTION_BAND(a, 2)", "e1", ""),
        ("ANOMALY_DETECTION_BAND(a)", "e1", ""),
        ("ANOMALY_DETECTION_BAND(b, 2)", "e1", "Undefined id 'b'"),
        ("a * 2", "e1", "ANOMALY_DETECTION_BAND"),
        ("ANOMALY_DETECTION_BAND(a, 2)", "a", "ThresholdMetricId a"),
        ("ANOMALY_DETECTION_BAND(a, 2)", "none", "ThresholdMetricId none"),
    ],
)
def test_band(text: str, threshold: str, says: str) -> None:
    """An alarm on a band names the expression of a band, of a metric that there is."""
    asked = [metric("a"), expression(text)]
    if not says:
        queries.check_band(asked, threshold)
        return
    with pytest.raises(ExpressionError) as caught:
        queries.check_band(asked, threshold)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ('{N,Area} MetricName="Orders"', ["north", "south"]),
        ('{N,Area} Orders Area="north"', ["north"]),
        ('{N} MetricName="Orders"', ["alone"]),
        ('Namespace="N" AND orders', ["alone", "north", "south"]),
        ("{Other,Area} Orders", []),
    ],
)
def test_search(text: str, finds: list[str]) -> None:
    """A search finds metrics by their schema and their parts."""
    there = {"alone": {}, "north": {"Area": "north"}, "south": {"Area": "south"}}
    search = queries.search(text)
    assert [name for name, dimensions in there.items() if search.finds("N", "Orders", dimensions)] == finds


def test_search_refused() -> None:
    """What a search cannot do here is refused by its name."""
    with pytest.raises(ExpressionError, match="NOT"):
        queries.search("{N} NOT x")
