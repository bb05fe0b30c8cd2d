"""CloudWatch: statistics and metric math."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.sandbox.behaviour.cloudwatch import READ, put, statistics
from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same

MATH = "CloudWatch User Guide, Using math expressions with CloudWatch metrics"
DEFINED = "CloudWatch User Guide, CloudWatch statistics definitions"
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1)
def this_minute(_: str) -> datetime:
    """The minute that it is when an account asks first: it stays so, for a minute may end in a probe."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def minute(aws: Aws, back: int) -> datetime:
    """The beginning of a minute, so many before this one."""
    return this_minute(aws.account_id) - back * MINUTE


def series(aws: Aws, name: str, *values: float | None, **more: Any) -> None:
    """One value for each of the last minutes, the newest for the last that is whole."""
    for back, value in enumerate(reversed(values), 1):
        if value is not None:
            put(aws, MetricName=name, Value=value, Timestamp=minute(aws, back), **more)


def measured(name: str, metric: str, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    found = {"Metric": {"Namespace": "Shop", "MetricName": metric}, "Period": period, "Stat": stat}
    return {"Id": name, "MetricStat": found, "ReturnData": False} | more


def queried(aws: Aws, *queries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The results of GetMetricData over the last ten minutes, the oldest value first."""
    found: list[dict[str, Any]] = aws.cloudwatch.get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=minute(aws, 10),
        EndTime=minute(aws, 0),
        **{"ScanBy": "TimestampAscending"} | more,
    )["MetricDataResults"]
    return found


def computed(aws: Aws, expression: str) -> list[list[float]]:
    """What an expression gives for m1 = 30, 20, 0, 4 and m2 = 20, nothing, 20, nothing."""
    series(aws, "One", 30, 20, 0, 4)
    series(aws, "Two", 20, None, 20, None)
    asked = (measured("m1", "One"), measured("m2", "Two"), {"Id": "e1", "Expression": expression})
    return [result["Values"] for result in queried(aws, *asked)]


for _sentence, _expression, _values in (
    ("In metric math a missing value counts as 0.", "m1 + m2", [[50, 20, 20, 4]]),
    ("In metric math a division by zero has no value.", "m2 / m1 * 3", [[2, 0, 0]]),
    ("METRICS() is all metrics of the request.", "SUM(METRICS())", [[50, 20, 20, 4]]),
    ("An operation on an array gives an array.", "METRICS() / 10", [[3, 2, 0, 0.4], [2, 2]]),
    ("A comparison gives 1 and 0.", "m1 > 15 AND m2 > 15", [[1, 0, 0, 0]]),
    ("FILL fills gaps with a value.", "FILL(m2, 7) - 0 * m1", [[7] * 6 + [20, 7, 20, 7]]),
    ("FILL repeats the last value.", "FILL(m2, REPEAT)", [[20, 20, 20, 20]]),
    ("IF chooses value by value.", "IF(m1 > 10, m1, 0)", [[30, 20, 0, 0]]),
    ("IF without an alternative drops values.", "IF(m1 > 10, m1)", [[30, 20]]),
    ("RATE is the change by second.", "RATE(m1) * 60", [[-10, -20, 4]]),
    ("DIFF is the change from value to value.", "DIFF(m1)", [[-10, -20, 4]]),
    ("RUNNING_SUM adds up.", "RUNNING_SUM(m1)", [[30, 50, 50, 54]]),
    ("PERIOD is a metric's period.", "m1 / PERIOD(m1) * 120", [[60, 40, 0, 8]]),
    ("A series' maximum is a scalar.", "m1 / MAX(m1) * 3", [[3, 2, 0, 0.4]]),
    ("SORT and SLICE choose among series.", "SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", [[30, 20, 0, 4]]),
):
    gives("CloudWatch", _sentence, MATH, _values, lambda a, e=_expression: [
        [round(value, 9) for value in values] for values in computed(a, e)
    ])  # fmt: skip
for _sentence, _expression in {
    "An expression names ids that there are.": "m1 + m9",
    "An expression's function is one.": "MEDIAN(m1)",
    "An expression is complete.": "m1 +",
    "An expression results in a time series.": "SUM(m1)",
}.items():
    refused("CloudWatch", "ValidationError", _sentence, MATH, lambda a, e=_expression: computed(a, e))
refused(
    "CloudWatch",
    "ValidationError",
    "An id begins with a small letter.",
    READ,
    lambda a: queried(a, measured("M1", "One", ReturnData=True)),
)


@probe("CloudWatch", READ)
def labels(aws: Aws) -> None:
    """Results have their labels, and only those that return data are there."""
    series(aws, "One", 1, 3)
    asked = (
        measured("m1", "One", ReturnData=True),
        measured("m2", "One", Label="most ${MAX}", ReturnData=True),
        measured("m3", "One"),
        {"Id": "e1", "Expression": "m3 * 2", "Label": "twice"},
    )
    found = [(result["Id"], result["Label"], result["StatusCode"]) for result in queried(aws, *asked)]
    same(found, [("m1", "One", "Complete"), ("m2", "most 3", "Complete"), ("e1", "twice", "Complete")])


@probe("CloudWatch", READ)
def newest_first(aws: Aws) -> None:
    """GetMetricData begins with the newest value unless told otherwise."""
    series(aws, "One", 1, 2, 3)
    one = measured("m1", "One", ReturnData=True)
    found = queried(aws, one, ScanBy="TimestampDescending")[0]
    same(
        (found["Values"], found["Timestamps"]), ([3, 2, 1], [minute(aws, 1), minute(aws, 2), minute(aws, 3)])
    )


@probe("CloudWatch", READ)
def by_period(aws: Aws) -> None:
    """A longer period adds the values of its minutes."""
    series(aws, "One", *range(1, 11))
    found = queried(aws, measured("m1", "One", period=300, ReturnData=True))[0]
    same((found["Values"], found["Timestamps"]), ([15, 40], [minute(aws, 10), minute(aws, 5)]))


@probe("CloudWatch", "CloudWatch User Guide, Use search expressions in graphs")
def searched(aws: Aws) -> None:
    """SEARCH finds the metrics of a namespace, a name and dimensions."""
    for area in ("north", "south"):
        series(aws, "Orders", 2, Dimensions=[{"Name": "Area", "Value": area}])
    series(aws, "Orders", 5)
    expression = "SUM(SEARCH('{Shop,Area} MetricName=\"Orders\"', 'Sum', 60))"
    same([result["Values"] for result in queried(aws, {"Id": "e1", "Expression": expression})], [[4.0]])


def extended(aws: Aws, name: str) -> float:
    """A statistic of the values from 1 to 100."""
    put(aws, MetricName="Latency", Value=None, Values=[float(n) for n in range(1, 101)])
    look = {"MetricName": "Latency", "Statistics": [], "ExtendedStatistics": [name], "Period": 7200}
    points = statistics(aws, **{key: value for key, value in look.items() if value})
    found: float = points[0]["ExtendedStatistics"][name]
    return round(found, 6)


for _sentence, _name, _value in (
    ("A trimmed mean leaves out the highest values.", "tm90", 45.5),
    ("A trimmed mean may have two ends.", "TM(10:20)", 15.5),
    ("A percentile rank is the share of values below.", "PR(:30)", 30),
    ("A trimmed count counts what is left.", "tc90", 90),
    ("A winsorized mean moves the highest values to the end.", "wm90", 49.96),
    ("The interquartile mean is that of the middle half.", "IQM", 50.5),
):
    gives("CloudWatch", _sentence, DEFINED, _value, lambda a, name=_name: extended(a, name))


@probe("CloudWatch", DEFINED)
def ninety_nine(aws: Aws) -> None:
    """GetMetricStatistics has percentiles."""
    same(98 <= extended(aws, "p99") <= 100, True)


@probe("CloudWatch", "CloudWatch User Guide, Metrics concepts, Dimensions")
def exact_dimensions(aws: Aws) -> None:
    """A metric without dimensions is another one than those with."""
    put(aws, Dimensions=[{"Name": "Area", "Value": "north"}])
    same(statistics(aws), [])


@probe("CloudWatch", READ)
def by_unit(aws: Aws) -> None:
    """Statistics are of one unit if one is asked for."""
    put(aws, Value=1.0, Unit="Seconds")
    put(aws, Value=500.0, Unit="Milliseconds")
    same([p["Sum"] for p in statistics(aws, Unit="Seconds", Period=7200)], [1.0])
