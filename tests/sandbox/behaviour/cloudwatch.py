"""CloudWatch and CloudWatch Logs."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

ALARM = "CloudWatch API reference, PutMetricAlarm"
DATA = "CloudWatch API reference, PutMetricData"
READ = "CloudWatch API reference, GetMetricStatistics; GetMetricData"
LOGS = "CloudWatch Logs API reference"
FILTERS = "CloudWatch Logs User Guide, Filter pattern syntax"


def alarm(aws: Aws, **more: Any) -> str:
    settings = {
        "AlarmName": aws.name("alarm"),
        "Namespace": "Shop",
        "MetricName": "Orders",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    } | more
    aws.cloudwatch.put_metric_alarm(**{k: v for k, v in settings.items() if v is not None})
    name: str = settings["AlarmName"]
    return name


INVALID = (
    "ValidationError",
    "InvalidParameterValue",
    "InvalidParameterCombination",
    "InvalidParameterValueException",
)
for _sentence, _more in {
    "A period is 10, 20, 30 or a multiple of 60.": {"Period": 45},
    "An alarm looks back a day at most.": {"Period": 300, "EvaluationPeriods": 300},
    "No more data points alarm than are looked at.": {"DatapointsToAlarm": 3, "EvaluationPeriods": 2},
    "Missing data is treated in one of four ways.": {"TreatMissingData": "ok"},
    "A percentile is up to 100.": {"Statistic": None, "ExtendedStatistic": "p101"},
    "An alarm has a statistic.": {"Statistic": None},
    "A statistic is one that there is.": {"Statistic": "Median"},
    "A comparison is one that there is.": {"ComparisonOperator": "Above"},
    "An alarm's action is an ARN.": {"AlarmActions": ["my-topic"]},
    "A statistic and a percentile exclude each other.": {"ExtendedStatistic": "p99"},
    "A unit is one that there is.": {"Unit": "Milli"},
    "An alarm has a metric.": {"MetricName": None, "Namespace": None},
}.items():
    refused("CloudWatch", INVALID, _sentence, ALARM, lambda a, _more=_more: alarm(a, **_more))
refused(
    "CloudWatch",
    "ResourceNotFound",
    "An alarm that is not there has no state.",
    "CloudWatch API reference, SetAlarmState",
    lambda a: a.cloudwatch.set_alarm_state(AlarmName="none", StateValue="ALARM", StateReason="t"),
)
gives(
    "CloudWatch",
    "A new alarm has too little data.",
    "CloudWatch User Guide, Metric alarm states",
    "INSUFFICIENT_DATA",
    lambda a: a.cloudwatch.describe_alarms(AlarmNames=[alarm(a)])["MetricAlarms"][0]["StateValue"],
)
gives(
    "CloudWatch",
    "Missing data is missing unless told otherwise.",
    ALARM,
    (True, "missing"),
    lambda a: (lambda m: (m["ActionsEnabled"], m.get("TreatMissingData", "missing")))(
        a.cloudwatch.describe_alarms(AlarmNames=[alarm(a)])["MetricAlarms"][0]
    ),
)
refused(
    "CloudWatch",
    ("ResourceNotFound", "ValidationError"),
    "A composite alarm's alarms are there.",
    "CloudWatch API reference, PutCompositeAlarm",
    lambda a: a.cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(none)"),
)


def put(aws: Aws, **more: Any) -> None:
    data = {"MetricName": "Orders", "Value": 1.0} | more
    aws.cloudwatch.put_metric_data(
        Namespace="Shop", MetricData=[{k: v for k, v in data.items() if v is not None}]
    )


ANCIENT = datetime.now(UTC) - timedelta(days=15)
for _sentence, _more in {
    "A value is a number.": {"Value": float("nan")},
    "Data is two weeks old at most.": {"Timestamp": ANCIENT},
    "Data is two hours ahead at most.": {"Timestamp": datetime.now(UTC) + timedelta(hours=3)},
    "A metric has at most 30 dimensions.": {
        "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]
    },
    "A resolution is 1 or 60.": {"StorageResolution": 5},
    "Values and a value exclude each other.": {"Values": [1.0], "Counts": [1.0]},
}.items():
    refused("CloudWatch", INVALID, _sentence, DATA, lambda a, _more=_more: put(a, **_more))
refused(
    "CloudWatch",
    INVALID,
    "A namespace of one's own does not begin with AWS/.",
    DATA,
    lambda a: a.cloudwatch.put_metric_data(
        Namespace="AWS/Mine", MetricData=[{"MetricName": "m", "Value": 1}]
    ),
)


def statistics(aws: Aws, **more: Any) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    settings = {
        "Namespace": "Shop",
        "MetricName": "Orders",
        "StartTime": now - timedelta(hours=1),
        "Period": 60,
        "EndTime": now + timedelta(minutes=1),
        "Statistics": ["Sum"],
    } | more
    found: list[dict[str, Any]] = aws.cloudwatch.get_metric_statistics(**settings)["Datapoints"]
    return found


for _sentence, _more in {
    "Statistics are by a multiple of 60 seconds.": {"Period": 45},
    "Statistics are 1,440 data points at most.": {"StartTime": datetime.now(UTC) - timedelta(days=10)},
    "Statistics end after they start.": {"EndTime": datetime.now(UTC) - timedelta(hours=2)},
}.items():
    refused("CloudWatch", INVALID, _sentence, READ, lambda a, _more=_more: statistics(a, **_more))


@probe("CloudWatch", READ)
def percentiles(aws: Aws) -> None:
    """Statistics have sums, counts and percentiles of what was put."""
    for value in (1.0, 2.0, 3.0, 10.0):
        put(aws, Value=value)
    found = statistics(aws, Statistics=["Sum", "SampleCount", "Maximum"], Period=3600 * 2)
    same([(p["Sum"], p["SampleCount"], p["Maximum"]) for p in found], [(16.0, 4.0, 10.0)])


@probe("CloudWatch", "CloudWatch User Guide, Using math expressions with CloudWatch metrics")
def metric_math(aws: Aws) -> None:
    """A math expression is computed from metrics."""
    put(aws, MetricName="Errors", Value=5.0)
    put(aws, MetricName="Calls", Value=20.0)
    now = datetime.now(UTC)

    def stat(name: str, metric: str) -> dict[str, Any]:
        measured = {"Metric": {"Namespace": "Shop", "MetricName": metric}, "Period": 7200, "Stat": "Sum"}
        return {"Id": name, "MetricStat": measured, "ReturnData": False}

    rate = {"Id": "rate", "Expression": "100 * errors / calls"}
    found = aws.cloudwatch.get_metric_data(
        MetricDataQueries=[stat("errors", "Errors"), stat("calls", "Calls"), rate],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    same([(r["Id"], r["Values"]) for r in found], [("rate", [25.0])])


refused(
    "CloudWatch",
    ("InvalidParameterInput", "DashboardInvalidInputError"),
    "A dashboard's body is JSON.",
    "CloudWatch API reference, PutDashboard",
    lambda a: a.cloudwatch.put_dashboard(DashboardName="d", DashboardBody="widgets"),
)
refused(
    "CloudWatch",
    ("ResourceNotFound", "DashboardNotFoundError"),
    "A dashboard that is not there is not found.",
    "CloudWatch API reference, GetDashboard",
    lambda a: a.cloudwatch.get_dashboard(DashboardName="none"),
)

# --- logs -------------------------------------------------------------------------------------------------


def group(aws: Aws) -> str:
    name = f"/{aws.name('app')}"
    aws.logs.create_log_group(logGroupName=name)
    aws.logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def write(aws: Aws, name: str, *messages: str, at: int | None = None) -> dict[str, Any]:
    now = at or int(time.time() * 1000)
    events = [{"timestamp": now + n, "message": message} for n, message in enumerate(messages)]
    found: dict[str, Any] = aws.logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    return found


refused(
    "Logs",
    "InvalidParameterException",
    "Retention is one of a list of days.",
    f"{LOGS}, PutRetentionPolicy",
    lambda a: a.logs.put_retention_policy(logGroupName=group(a), retentionInDays=8),
)
refused(
    "Logs",
    "ResourceAlreadyExistsException",
    "A log group's name is given once.",
    f"{LOGS}, CreateLogGroup",
    lambda a: [a.logs.create_log_group(logGroupName="/app") for _ in range(2)],
)
refused(
    "Logs",
    "ResourceNotFoundException",
    "A log group that is not there is not written to.",
    f"{LOGS}, PutLogEvents",
    lambda a: write(a, "/none", "x"),
)
refused(
    "Logs",
    "InvalidParameterException",
    "A log group's name keeps to its characters.",
    f"{LOGS}, CreateLogGroup",
    lambda a: a.logs.create_log_group(logGroupName="my group"),
)
refused(
    "Logs",
    "InvalidParameterException",
    "Events of one request are in order.",
    f"{LOGS}, PutLogEvents",
    lambda a: a.logs.put_log_events(
        logGroupName=group(a),
        logStreamName="s",
        logEvents=[{"timestamp": int(time.time() * 1000) - n, "message": "x"} for n in (0, 5000)],
    ),
)
refused(
    "Logs",
    "ResourceAlreadyExistsException",
    "A stream's name is given once.",
    f"{LOGS}, CreateLogStream",
    lambda a: a.logs.create_log_stream(logGroupName=group(a), logStreamName="s"),
)
gives(
    "Logs",
    "Events of more than two weeks ago are rejected, and named.",
    f"{LOGS}, PutLogEvents",
    1,
    lambda a: (
        write(a, group(a), "x", at=int((time.time() - 20 * 86400) * 1000))
        .get("rejectedLogEventsInfo", {})
        .get("tooOldLogEventEndIndex")
    ),
)
gives(
    "Logs",
    "A log group keeps events for ever unless told otherwise.",
    f"{LOGS}, DescribeLogGroups",
    None,
    lambda a: a.logs.describe_log_groups(logGroupNamePrefix=group(a))["logGroups"][0].get("retentionInDays"),
)
refused(
    "Logs",
    "InvalidParameterException",
    "A filter pattern is one.",
    FILTERS,
    lambda a: a.logs.put_metric_filter(
        logGroupName=group(a),
        filterName="f",
        filterPattern='{ $.level = "ERROR"',
        metricTransformations=[{"metricName": "e", "metricNamespace": "n", "metricValue": "1"}],
    ),
)
refused(
    "Logs",
    "LimitExceededException",
    "A log group has two subscriptions.",
    "CloudWatch Logs User Guide, CloudWatch Logs quotas",
    lambda a: [
        a.logs.put_subscription_filter(
            logGroupName=g,
            filterName=f"f{n}",
            filterPattern="",
            destinationArn=stream(a),
            roleArn=a.role("logs"),
        )
        for g in [group(a)]
        for n in range(3)
    ],
)
refused(
    "Logs",
    "MalformedQueryException",
    "A query is one.",
    f"{LOGS}, StartQuery",
    lambda a: a.logs.start_query(
        logGroupName=group(a), startTime=0, endTime=int(time.time()), queryString="fields @message | nonsense"
    ),
)


def stream(aws: Aws) -> str:
    if "clicks" not in aws.kinesis.list_streams()["StreamNames"]:
        aws.kinesis.create_stream(StreamName="clicks", ShardCount=1)
    return f"arn:aws:kinesis:{aws.region}:{aws.account_id}:stream/clicks"


@probe("Logs", FILTERS)
def json_pattern(aws: Aws) -> None:
    """A pattern in braces selects JSON events by their fields."""
    name = group(aws)
    write(aws, name, '{"level": "ERROR", "ms": 900}', '{"level": "INFO", "ms": 20}', "ERROR plain")
    found = aws.logs.filter_log_events(logGroupName=name, filterPattern='{ $.level = "ERROR" && $.ms > 500 }')
    same([event["message"] for event in found["events"]], ['{"level": "ERROR", "ms": 900}'])


@probe("Logs", FILTERS)
def words(aws: Aws) -> None:
    """A pattern of words selects events that have them all, and not those after a minus."""
    name = group(aws)
    write(aws, name, "ERROR db down", "ERROR cache down", "INFO db up")
    found = aws.logs.filter_log_events(logGroupName=name, filterPattern="ERROR -cache")
    same([event["message"] for event in found["events"]], ["ERROR db down"])


@probe("Logs", "CloudWatch Logs User Guide, Creating metrics from log events using filters")
def metric_filter(aws: Aws) -> None:
    """A metric filter counts the events that match from then on."""
    name = group(aws)
    change = {"metricName": "Errors", "metricNamespace": "FromLogs", "metricValue": "1"}
    aws.logs.put_metric_filter(
        logGroupName=name, filterName="f", filterPattern="ERROR", metricTransformations=[change]
    )
    write(aws, name, "ERROR one", "fine", "ERROR two")
    look = {"Namespace": "FromLogs", "MetricName": "Errors", "Period": 7200}
    found = within(3, lambda: statistics(aws, **look))
    same([point["Sum"] for point in found], [2.0])


@probe("Logs", "CloudWatch Logs User Guide, CloudWatch Logs Insights query syntax")
def insights(aws: Aws) -> None:
    """A query filters, counts and groups."""
    name = group(aws)
    write(aws, name, *(json.dumps({"level": level, "ms": 10}) for level in ("ERROR", "ERROR", "INFO")))
    text = "filter ispresent(level) | stats count(*) as n by level | sort n desc"
    asked = aws.logs.start_query(
        logGroupName=name, startTime=int(time.time()) - 600, endTime=int(time.time()) + 600, queryString=text
    )["queryId"]

    def done() -> Any:
        found = aws.logs.get_query_results(queryId=asked)
        return found["results"] if found["status"] == "Complete" else None

    rows = [{cell["field"]: cell["value"] for cell in row} for row in within(5, done) or []]
    same(rows, [{"level": "ERROR", "n": "2"}, {"level": "INFO", "n": "1"}])


@probe("Logs", "CloudWatch User Guide, Embedded metric format specification")
def embedded_metric(aws: Aws) -> None:
    """An event in the embedded metric format makes a metric."""
    now = int(time.time() * 1000)
    made = {
        "Namespace": "Embedded",
        "Dimensions": [["Shop"]],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}],
    }
    event = {"_aws": {"Timestamp": now, "CloudWatchMetrics": [made]}, "Shop": "north", "Latency": 42}
    write(aws, group(aws), json.dumps(event))
    look = {
        "Namespace": "Embedded",
        "MetricName": "Latency",
        "Period": 7200,
        "Dimensions": [{"Name": "Shop", "Value": "north"}],
    }
    found = within(3, lambda: statistics(aws, **look))
    same([point["Sum"] for point in found], [42.0])
