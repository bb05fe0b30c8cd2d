"""Alarms on latency: five minutes of a slow hundredth wake, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.latency_rules import Waiting, wakes_for_slow_ones
from cloudlings.grading.rehearsal import Rehearsal
from cloudlings.grading.shop_days import Shop

TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"
SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")


def alarm(**settings: Any) -> dict[str, Any]:
    """An alarm as it was agreed: p99 above 500 milliseconds for five minutes."""
    return {
        "AlarmName": "slow",
        "AlarmActions": [TOPIC],
        "Namespace": "Shop",
        "MetricName": "Latency",
        "Dimensions": [{"Name": "Service", "Value": "till"}],
        "ExtendedStatistic": "p99",
        "Period": 60,
        "EvaluationPeriods": 5,
        "Threshold": 500,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **settings,
    }


def played(one: dict[str, Any]) -> None:
    wakes_for_slow_ones(Waiting(Rehearsal(SHOP, ([one], []), TOPIC, ["slow"]), 500.0))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"Unit": "Milliseconds", "TreatMissingData": "missing"},
        {"EvaluationPeriods": 6, "DatapointsToAlarm": 5},
        # More than one in a hundred of five minutes.
        {"Period": 300, "EvaluationPeriods": 1},
        # Which share is slower than agreed, in percent.
        {"ExtendedStatistic": "PR(500:)", "Threshold": 1},
        {"OKActions": [TOPIC], "TreatMissingData": "ignore"},
    ],
)
def test_as_agreed(settings: dict[str, Any]) -> None:
    """However it is asked, the hundredth that waits longest wakes somebody after five minutes."""
    played(alarm(**settings))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ExtendedStatistic": None, "Statistic": "Average"}, "For seven minutes .* Woken: none"),
        ({"Threshold": 0.5}, "Woken: none .slow: in ALARM all the time"),
        ({"Threshold": 600}, "For seven minutes 12 of 1,000 payments a minute took 550 ms"),
        ({"EvaluationPeriods": 6}, "for five minutes, and then all was well"),
        ({"EvaluationPeriods": 4}, "for four minutes only"),
        ({"ExtendedStatistic": "p100"}, "one of 1,000 payments"),
        ({"ExtendedStatistic": "p99.5"}, "9 of 1,000 payments"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "4 of 40 payments"),
        ({"ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "took 500 ms, and none took longer"),
        ({"Threshold": 450}, "took 500 ms, and none took longer"),
        ({"TreatMissingData": "breaching"}, "A night in which nobody orders"),
        ({"TreatMissingData": "missing", "InsufficientDataActions": [TOPIC]}, "A night in which nobody"),
    ],
)
def test_otherwise(settings: dict[str, Any], words: str) -> None:
    """Too patient or too hasty, of others than the slowest hundredth, or of the night: told which."""
    with pytest.raises(AssertionError, match=words):
        played(alarm(**settings))
