"""Days played against a shop's alarms: those that customers feel wake, and the others let sleep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.grading.rehearsal import Rehearsal
from cloudlings.grading.shop_days import Shop
from cloudlings.grading.symptom_rules import (
    keeps_still,
    wakes_for_dead_letters,
    wakes_for_failures,
    wakes_for_silence,
    wakes_nobody_for_nothing,
)
from cloudlings.lab import Brief

TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"
SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")
SERVICE = [{"Name": "Service", "Value": "till"}]
BRIEF = Brief(
    {"error_percent": 5, "few": 20, "dead_letters": "dead", "silent_minutes": 30, "export_minutes": 10}
)


def alarm(name: str, **settings: Any) -> dict[str, Any]:
    return {
        "AlarmName": name,
        "AlarmActions": [TOPIC],
        "Namespace": "Shop",
        "Dimensions": SERVICE,
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        **settings,
    }


def share(expression: str, needed: int, periods: int = 5) -> dict[str, Any]:
    asked = [
        {"Id": name[0].lower(), "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": name,
         "Dimensions": SERVICE}, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
        for name in ("Failures", "Orders")
    ]  # fmt: skip
    made = {"Id": "share", "Expression": expression, "ReturnData": True}
    return alarm(
        "share", Metrics=[*asked, made], Threshold=5, EvaluationPeriods=periods, DatapointsToAlarm=needed
    )


def still(**settings: Any) -> Mapping[str, Any]:
    silent = {"MetricName": "Exported", "Statistic": "SampleCount", "Threshold": 1, "Period": 600}
    below = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
    return alarm("still", **silent | below | settings)


ENOUGH = "IF(o >= 20, 100 * f / o, 0)"
SHARE = share(ENOUGH, 3)
DEAD = alarm(
    "dead",
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": "dead"}],
    Statistic="Maximum",
)
CPU = alarm(
    "cpu",
    Namespace="AWS/EC2",
    MetricName="CPUUtilization",
    Dimensions=[{"Name": "InstanceId", "Value": SHOP.instance}],
    Threshold=80,
    Period=300,
)
ANY = alarm("any", MetricName="Failures", Statistic="Sum")
SILENT = alarm("orders", MetricName="Orders", Statistic="Sum", Threshold=1) | {
    "ComparisonOperator": "LessThanThreshold",
    "TreatMissingData": "breaching",
}


def rehearsal(*alarms: Mapping[str, Any]) -> Rehearsal:
    return Rehearsal(SHOP, (alarms, []), TOPIC)


def test_alarms_on_what_customers_feel() -> None:
    """They wake for each trouble, and on no calm day."""
    right = rehearsal(SHARE, DEAD, still())
    keeps_still(BRIEF, right)
    wakes_for_failures(BRIEF, right)
    wakes_for_dead_letters(BRIEF, right)
    wakes_for_silence(BRIEF, right)
    wakes_nobody_for_nothing(right)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (ANY, "An ordinary day, .* Woken: any"),
        (SILENT, "Nobody orders all night, and the export runs. Woken: orders"),
        (share("100 * f / o", 3), "Early morning: 4 orders a minute"),
        (share(ENOUGH, 2), "In two minutes all of 40 payments failed"),
        (share("IF(o >= 15, 100 * f / o, 0)", 3), "Early morning: 19 orders a minute, of which half fail"),
        (share(ENOUGH, 3) | {"ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "All day 50 of 1,000"),
        (share(ENOUGH, 3) | {"Threshold": 4}, "All day 50 of 1,000 payments a minute failed: 5 %"),
        (still(Statistic="Sum"), "Nobody orders all night; the export runs as ever, and finds no row"),
        (DEAD | {"ComparisonOperator": "GreaterThanOrEqualToThreshold"}, "told that it was empty"),
        (DEAD | {"Statistic": "SampleCount"}, "told that it was empty. Woken: dead"),
        (
            DEAD | {"TreatMissingData": "missing", "InsufficientDataActions": [TOPIC]},
            "told that it was empty. Woken: dead",
        ),
    ],
)
def test_calm_days(one: Mapping[str, Any], words: str) -> None:
    """Any failure, a night, a share of few, and what is over soon: nobody is to be woken."""
    with pytest.raises(AssertionError, match=words):
        keeps_still(BRIEF, rehearsal(one))


@pytest.mark.parametrize("alarms", [(DEAD,), (share(ENOUGH, 4),), (share(ENOUGH, 8, 15),)])
def test_failures_that_wake_nobody(alarms: tuple[Any, ...]) -> None:
    """No alarm on them, or one that is too patient."""
    with pytest.raises(AssertionError, match="In three of five minutes 4 of 40 payments failed"):
        wakes_for_failures(BRIEF, rehearsal(*alarms))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (SHARE | {"Threshold": 7}, "51 of 1,000 payments failed; agreed are 5 %. Woken: none"),
        (share("IF(o > 20, 100 * f / o, 0)", 3), "half of the 20 payments failed. Woken: none"),
    ],
)
def test_failures_that_are_just_too_many(one: Mapping[str, Any], words: str) -> None:
    """A little more than agreed is too much, and the least number of orders counts."""
    with pytest.raises(AssertionError, match=words):
        wakes_for_failures(BRIEF, rehearsal(one))


def test_half_the_patience() -> None:
    """A machine that is busy for an hour is no reason either, nor one at the end of its strength."""
    for patient in (CPU | {"EvaluationPeriods": 12}, CPU | {"Threshold": 99}):
        with pytest.raises(AssertionError, match="Woken: cpu"):
            wakes_nobody_for_nothing(rehearsal(patient))


def test_a_heartbeat_without_data() -> None:
    """An export's silence may be told by the state that means that nothing is known."""
    silent = still(TreatMissingData="missing", AlarmActions=[], InsufficientDataActions=[TOPIC])
    keeps_still(BRIEF, rehearsal(silent))
    wakes_for_silence(BRIEF, rehearsal(silent))


@pytest.mark.parametrize("alarms", [(SHARE,), ({**DEAD, "EvaluationPeriods": 20},)])
def test_a_dead_letter_that_wakes_nobody(alarms: tuple[Any, ...]) -> None:
    """No alarm on it, or after twenty minutes."""
    with pytest.raises(AssertionError, match=r"Within ten minutes, woken: (none|dead)"):
        wakes_for_dead_letters(BRIEF, rehearsal(*alarms))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (SHARE, "put its last one. Within 60 minutes, woken: none"),
        (still(Period=1800), "put its last one. Within 60 minutes, woken: none"),
        (still(TreatMissingData="missing"), "put its last one"),
        (still(Period=300), "put its last value. Woken: still .* agreed are 30 minutes"),
    ],
)
def test_a_silence_that_is_not_told_in_time(one: Mapping[str, Any], words: str) -> None:
    """Never, too late, or for one late run."""
    with pytest.raises(AssertionError, match=words):
        wakes_for_silence(BRIEF, rehearsal(one))


@pytest.mark.parametrize(
    ("one", "words"),
    [(ANY, "An ordinary day"), (SILENT, "Nobody orders all night"), (CPU, "computed at 100 % .* Woken: cpu")],
)
def test_days_without_trouble(one: Mapping[str, Any], words: str) -> None:
    """No customer is hurt, and somebody is woken."""
    with pytest.raises(AssertionError, match=words):
        wakes_nobody_for_nothing(rehearsal(SHARE, one))
