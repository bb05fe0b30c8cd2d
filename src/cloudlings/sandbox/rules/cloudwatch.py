"""CloudWatch: what an alarm, a datum and a question can be."""

from __future__ import annotations

import json
import math
import re
import time
from datetime import datetime
from typing import Any

from cloudlings.sandbox.rules.registry import Given, Refusal, before

_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_EXTENDED = re.compile(
    r"p(100|\d{1,2}(\.\d{1,10})?)|(tm|tc|ts|wm)(\d{1,2}(\.\d+)?|100)|(tm|tc|ts|wm|pr)\(.*\)|iqm|IQM", re.I
)
_WEEK, _DAY = 604_800, 86_400
MOST_POINTS, MOST_DIMENSIONS = 1440, 30


def _invalid(message: str) -> Refusal:
    return Refusal("ValidationError", message)


def _parameter(message: str) -> Refusal:
    return Refusal("InvalidParameterValue", message)


def _combination(message: str) -> Refusal:
    return Refusal("InvalidParameterCombination", message)


def _is_period(seconds: Any) -> bool:
    return isinstance(seconds, int) and (
        seconds in (1, 5, 10, 20, 30) or (seconds >= 60 and seconds % 60 == 0)
    )


@before("cloudwatch", "PutMetricAlarm")
def times_of_an_alarm(given: Given) -> Refusal | None:
    """A period is 10, 20, 30 or a multiple of 60; an alarm looks back a day, or seven by the hour.

    Source: CloudWatch API reference, PutMetricAlarm, Period, EvaluationPeriods, DatapointsToAlarm.
    """
    asked = given.input
    period, number = asked.get("Period"), asked.get("EvaluationPeriods", 1)
    if period is not None and not (period in (10, 20, 30) or (period >= 60 and period % 60 == 0)):
        return _invalid("Period must be 10, 20, 30 or a multiple of 60")
    most = _WEEK if period is not None and period >= 3600 else _DAY
    if period is not None and period * number > most:
        span = "seven days" if most == _WEEK else "a day"
        message = (
            f"Metrics cannot be checked across more than {span} "
            f"(EvaluationPeriods * Period must be <= {most})."
        )
        return _invalid(message)
    points = asked.get("DatapointsToAlarm")
    if points is not None and points > number:
        return _invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    return None


@before("cloudwatch", "PutMetricAlarm")
def metric_of_an_alarm(given: Given) -> Refusal | None:
    """An alarm has one metric with one statistic, or metrics of its own.

    Source: CloudWatch API reference, PutMetricAlarm, MetricName, Statistic, ExtendedStatistic, Metrics.
    """
    asked = given.input
    if asked.get("Metrics") or asked.get("EvaluationCriteria"):
        if asked.get("MetricName"):
            return _combination("The parameters MetricName and Metrics are mutually exclusive")
        return None
    if not asked.get("MetricName") or not asked.get("Namespace"):
        return _invalid("Either MetricName and Namespace, or Metrics, must be specified")
    statistic, extended = asked.get("Statistic"), asked.get("ExtendedStatistic")
    if statistic and extended:
        return _combination("Exactly one of Statistic or ExtendedStatistic can be specified")
    if not statistic and not extended:
        return _invalid("Exactly one element from Statistic, ExtendedStatistic or Metrics must be set")
    if extended and not _EXTENDED.fullmatch(extended):
        return _invalid(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    if asked.get("Period") is None:
        return _invalid("Period must not be null")
    return None


@before("cloudwatch", "PutMetricAlarm", "PutCompositeAlarm")
def treatment_and_actions(given: Given) -> Refusal | None:
    """Missing data is treated in one of four ways, and actions are ARNs.

    Source: CloudWatch API reference, PutMetricAlarm, TreatMissingData, AlarmActions.
    """
    asked = given.input
    missing = asked.get("TreatMissingData")
    if missing is not None and missing not in _MISSING:
        return _invalid(f"The value {missing} is not supported for TreatMissingData parameter.")
    for member in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        actions = asked.get(member) or []
        if len(actions) > 5:
            return _invalid(f"{member}: at most 5 actions")
        for action in actions:
            if not str(action).startswith("arn:"):
                return _invalid(f"Invalid arn syntax: {action}")
    return None


@before("cloudwatch", "PutMetricData")
def data_that_can_be(given: Given) -> Refusal | None:
    """A datum has a finite value, an age of two weeks at most, and 30 dimensions; its namespace is one's own.

    Source: CloudWatch API reference, PutMetricData, MetricDatum; User Guide, "Publish custom metrics".
    """
    asked = given.input
    if str(asked.get("Namespace", "")).startswith("AWS/"):
        return _parameter('The value AWS/ for parameter Namespace is invalid: it begins with "AWS/".')
    data = asked.get("MetricData") or []
    if len(data) > 1000:
        return _parameter("The collection MetricData must not have a size greater than 1000.")
    for number, datum in enumerate(data, 1):
        refusal = _bad_datum(datum, f"MetricData.member.{number}")
        if refusal is not None:
            return refusal
    return None


def _bad_datum(datum: dict[str, Any], place: str) -> Refusal | None:
    kinds = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if len(kinds) > 1:
        return _combination(
            f"The parameters {place}.{kinds[0]} and {place}.{kinds[1]} are mutually exclusive"
        )
    if not kinds:
        message = f"At least one of the parameters must be specified: {place}.Value, {place}.StatisticValues"
        return Refusal("MissingParameter", message)
    value = datum.get("Value")
    if value is not None and not math.isfinite(float(value)):
        return _parameter(f"The value {value} for parameter {place}.Value is invalid.")
    if len(datum.get("Dimensions") or []) > MOST_DIMENSIONS:
        message = f"The collection {place}.Dimensions must not have a size greater than {MOST_DIMENSIONS}."
        return _parameter(message)
    if datum.get("StorageResolution") not in (None, 1, 60):
        return _parameter(
            f"The value {datum['StorageResolution']} for parameter {place}.StorageResolution is invalid."
        )
    at = _seconds(datum.get("Timestamp"))
    if at is not None and not time.time() - 2 * _WEEK - 60 <= at <= time.time() + 7200 + 60:
        message = f"The parameter {place}.Timestamp must specify a time no more than two weeks in the past."
        return _parameter(message)
    return None


def _seconds(moment: Any) -> float | None:
    if isinstance(moment, int | float):
        return float(moment)
    if isinstance(moment, str):
        try:
            return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return None
    return None


@before("cloudwatch", "GetMetricStatistics")
def statistics_that_can_be(given: Given) -> Refusal | None:
    """Statistics are by 60 seconds, for 1,440 points, and end after they start.

    Source: CloudWatch API reference, GetMetricStatistics.
    """
    asked = given.input
    period, start, end = asked.get("Period"), _seconds(asked.get("StartTime")), _seconds(asked.get("EndTime"))
    if not isinstance(period, int) or not _is_period(period):
        return _parameter("The parameter Period must be a multiple of 60.")
    if not asked.get("Statistics") and not asked.get("ExtendedStatistics"):
        return Refusal(
            "MissingParameter", "At least one of Statistics or ExtendedStatistics must be specified."
        )
    if start is None or end is None:
        return None
    if start >= end:
        return _parameter("The parameter StartTime must be less than the parameter EndTime.")
    if (end - start) / period > MOST_POINTS:
        message = (
            f"You have requested up to {int((end - start) / period)} datapoints, which exceeds the limit of "
            f"{MOST_POINTS}. You may reduce the datapoints requested by "
            "increasing Period, or decreasing the time range."
        )
        return _combination(message)
    return None


@before("cloudwatch", "PutDashboard")
def body_of_a_dashboard(given: Given) -> Refusal | None:
    """A dashboard's body is JSON with widgets.

    Source: CloudWatch API reference, PutDashboard, "Dashboard Body Structure and Syntax".
    """
    try:
        body = json.loads(given.input.get("DashboardBody", ""))
        valid = isinstance(body, dict) and isinstance(body.get("widgets", []), list)
    except ValueError:
        valid = False
    return (
        None
        if valid
        else Refusal("InvalidParameterInput", "The field DashboardBody must be a valid JSON object")
    )
