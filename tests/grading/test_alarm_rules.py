"""Metrics that are fed by the minute, and who is woken by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Metric, woken
from cloudlings.grading.shop_days import EVENT, Shop, day

TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"
SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")
SERVICE = [{"Name": "Service", "Value": "till"}]


def alarm(name: str, **settings: Any) -> Mapping[str, Any]:
    """An alarm on a metric of the shop, by the minute, as CloudWatch describes it."""
    return {
        "AlarmName": name,
        "AlarmActions": [TOPIC],
        "ActionsEnabled": True,
        "Namespace": "Shop",
        "Dimensions": SERVICE,
        "Period": 60,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **settings,
    }


def query(name: str, metric: str) -> Mapping[str, Any]:
    asked = {"Namespace": "Shop", "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


SLOW = {"MetricName": "Latency", "ExtendedStatistic": "p99", "Threshold": 500}
SHARE = {
    "Metrics": [
        query("f", "Failures"),
        query("o", "Orders"),
        {"Id": "share", "Expression": "IF(o >= 20, 100 * f / o, 0)", "ReturnData": True},
    ],
    "EvaluationPeriods": 5,
    "DatapointsToAlarm": 3,
    "Threshold": 5,
}
STILL = {
    "MetricName": "Exported",
    "Statistic": "SampleCount",
    "Threshold": 1,
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}


def slow(minutes: int) -> dict[Metric, shop_days.Minutes]:
    return {SHOP.latency: shop_days.latency(1000, range(minutes), 0.012, 100.0, 2000.0)}


@pytest.mark.parametrize(
    ("settings", "changes", "after"),
    [
        ({**SLOW, "EvaluationPeriods": 5}, slow(6), 5),
        ({**SLOW, "EvaluationPeriods": 5}, slow(4), None),
        # Of five minutes with 1,000 orders each, more than one in a hundred is slow only at the end.
        ({**SLOW, "Period": 300}, slow(6), 5),
        ({**SLOW, "Period": 300, "EvaluationPeriods": 5}, slow(6), None),
        ({**SLOW, "Unit": "Seconds"}, slow(6), None),
        ({**SLOW, "Dimensions": []}, slow(6), None),
        (SHARE, {SHOP.failures: shop_days.failures(40, (0, 2, 4), 6)}, 5),
        (SHARE, {SHOP.failures: shop_days.failures(40, (0, 1), 6)}, None),
        (SHARE, shop_days.nobody(SHOP), None),
        ({**STILL, "Period": 600}, {SHOP.exported: shop_days.exports(0)}, 31),
        ({**STILL, "Period": 600, "EvaluationPeriods": 3}, {SHOP.exported: shop_days.exports(0)}, 51),
        ({**STILL, "Period": 1800}, {SHOP.exported: shop_days.exports(0)}, None),
    ],
)
def test_woken(
    settings: Mapping[str, Any], changes: Mapping[Metric, shop_days.Minutes], after: int | None
) -> None:
    """An alarm wakes as many minutes after the event as its settings make it, or not at all."""
    one = alarm("one", **settings)
    before = {SHOP.latency: shop_days.latency(1000, (), 0.0, 100.0, 2000.0)}
    assert woken(([one], []), TOPIC, day(SHOP, changes, before=before), EVENT).first == after


def test_only_those_who_tell_the_topic() -> None:
    """An alarm without actions, or with its actions off, or of another topic, wakes nobody."""
    loud = {**SLOW, "EvaluationPeriods": 5}
    mute = [
        alarm("no-action", **loud, AlarmActions=[]),
        alarm("off", **loud, ActionsEnabled=False),
        alarm("elsewhere", **loud, AlarmActions=[TOPIC + "-old"]),
    ]
    assert str(woken((mute, []), TOPIC, day(SHOP, slow(6)), EVENT)) == "none"


def test_composite() -> None:
    """A composite alarm speaks for alarms that tell nobody, and counts where one of them is asked about."""
    quiet = alarm("quiet", **SLOW, EvaluationPeriods=5, AlarmActions=[])
    both = {"AlarmName": "both", "AlarmRule": 'ALARM("quiet")', "AlarmActions": [TOPIC]}
    played = day(SHOP, slow(6))
    assert woken(([quiet], [both]), TOPIC, played, EVENT, ["quiet"]).by == {"both": 5}
    assert woken(([quiet], [both]), TOPIC, played, EVENT, ["other"]).by == {}


def test_unreadable_rule_fails() -> None:
    """A composite alarm whose rule names an alarm that is not there fails the check, in words."""
    both = {"AlarmName": "both", "AlarmRule": 'ALARM("gone")', "AlarmActions": [TOPIC]}
    with pytest.raises(AssertionError, match="gone"):
        woken(([], [both]), TOPIC, day(SHOP, {}), EVENT)
