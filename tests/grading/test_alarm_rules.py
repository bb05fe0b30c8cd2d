"""Metrics that are fed by the minute, and who is woken by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Metric, said, told_of, watches, woken
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


def test_told_of() -> None:
    """The states that a topic, or anybody, is told of; with the actions off, none."""
    one = {"AlarmActions": [TOPIC, "b"], "OKActions": ["b"], "InsufficientDataActions": []}
    assert (told_of(one, TOPIC), told_of(one, "b"), told_of(one, "c")) == ({"ALARM"}, {"ALARM", "OK"}, set())
    assert told_of(one) == {"ALARM", "OK"}
    assert told_of({**one, "ActionsEnabled": False}) == told_of({}) == set()


def test_only_those_who_tell_the_topic() -> None:
    """An alarm without actions, or with its actions off, or of another topic, wakes nobody."""
    loud = {**SLOW, "EvaluationPeriods": 5}
    mute = [
        alarm("no-action", **loud, AlarmActions=[]),
        alarm("off", **loud, ActionsEnabled=False),
        alarm("elsewhere", **loud, AlarmActions=[TOPIC + "-old"]),
    ]
    assert str(woken((mute, []), TOPIC, day(SHOP, slow(6)), EVENT)) == "none"


@pytest.mark.parametrize(
    ("settings", "after"),
    [
        # A heartbeat may speak by the state that means nothing is known.
        ({**STILL, "Period": 600, "TreatMissingData": "missing", "InsufficientDataActions": [TOPIC]}, 31),
        ({**STILL, "Period": 600, "TreatMissingData": "missing", "OKActions": [TOPIC]}, None),
        ({**STILL, "Period": 600, "OKActions": [TOPIC], "ComparisonOperator": "GreaterThanThreshold"}, None),
        ({**STILL, "Period": 600, "InsufficientDataActions": [TOPIC], "ActionsEnabled": False}, None),
    ],
)
def test_every_list_of_actions(settings: Mapping[str, Any], after: int | None) -> None:
    """Somebody is woken by what is told at the beginning of any state, and of no other."""
    one = alarm("one", **settings, AlarmActions=[])
    played = day(SHOP, {SHOP.exported: shop_days.exports(0)})
    assert woken(([one], []), TOPIC, played, EVENT).first == after


def test_the_end_of_an_alarm_is_told_too() -> None:
    """A message that all is well again is a message."""
    over = alarm("over", **SLOW, AlarmActions=[], OKActions=[TOPIC])
    assert woken(([over], []), TOPIC, day(SHOP, slow(6)), EVENT).by == {"over": 7}


def test_an_alarm_that_is_always_on() -> None:
    """It tells nobody of what happens, and is named."""
    on = alarm("on", **{**SLOW, "Threshold": 1})
    assert str(woken(([on], []), TOPIC, day(SHOP, slow(6)), EVENT)).startswith("none (on: in ALARM all")
    elsewhere = alarm("elsewhere", **{**SLOW, "Threshold": 1}, AlarmActions=[TOPIC + "-old"])
    assert str(woken(([elsewhere], []), TOPIC, day(SHOP, slow(6)), EVENT)) == "none"
    off = alarm("off", **SLOW)
    assert str(woken(([off], []), TOPIC, day(SHOP, {}), EVENT)) == "none"


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


LOUD = {**SLOW, "EvaluationPeriods": 5}


def composite(name: str, rule: str, **settings: Any) -> Mapping[str, Any]:
    return {"AlarmName": name, "AlarmRule": rule, "AlarmActions": [TOPIC], **settings}


def test_composite_of_composites() -> None:
    """A rule asks composite alarms too, whatever order they are listed in, and by ARN."""
    quiet = alarm("quiet", **LOUD, AlarmActions=[])
    arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:inner"
    inner = composite("inner", "ALARM(quiet)", AlarmActions=[])
    every = ([quiet], [composite("all", f'ALARM("{arn}")'), inner])
    assert woken(every, TOPIC, day(SHOP, slow(6)), EVENT, ["quiet"]).by == {"all": 5}
    assert woken(every, TOPIC, day(SHOP, slow(6)), EVENT, ["quiet-too"]).by == {}


def test_a_name_that_begins_another() -> None:
    """A composite alarm speaks for those that it names, not for one whose name only begins theirs."""
    every = ([alarm("slow-too", **LOUD, AlarmActions=[])], [composite("both", "ALARM(slow-too)")])
    assert woken(every, TOPIC, day(SHOP, slow(6)), EVENT, ["slow"]).by == {}


@pytest.mark.parametrize(("rule", "by"), [("ALARM(band) OR ALARM(quiet)", {"both": 5}), ("ALARM(band)", {})])
def test_composite_with_a_band(rule: str, by: dict[str, int]) -> None:
    """What an alarm on a band would say nobody can foretell: it is not taken to ring, and fails no check."""
    band = alarm("band", ThresholdMetricId="b", Metrics=[])
    every = ([band, alarm("quiet", **LOUD, AlarmActions=[])], [composite("both", rule)])
    assert woken(every, TOPIC, day(SHOP, slow(6)), EVENT).by == by


def test_composites_in_a_ring() -> None:
    """Alarms that ask each other are never decided: they wake nobody."""
    ring = [composite("a", "ALARM(b)"), composite("b", "ALARM(a)")]
    assert woken(([], ring), TOPIC, day(SHOP, slow(6)), EVENT, ["b"]).by == {}


def test_the_unreadable_that_nobody_asks() -> None:
    """An alarm that tells nobody, and whom no other asks, does not have to be understood."""
    odd = alarm("odd", Metrics=[{"Id": "e", "Expression": "SEARCH('x', 'Sum', 60)"}], AlarmActions=[])
    far = alarm("far", Metrics=[{"Id": "e", "Expression": "SEARCH('x', 'Sum', 60)"}])
    mute = composite("mute", "ALARM(gone)", AlarmActions=[])
    played = day(SHOP, slow(6))
    assert woken(([odd, far, alarm("one", **LOUD)], [mute]), TOPIC, played, EVENT, ["one"]).by == {"one": 5}
    with pytest.raises(AssertionError, match="Alarm far was read"):
        woken(([far], []), TOPIC, played, EVENT)


def test_a_rule_that_cannot_be_read() -> None:
    """It fails the check in words, also where it is asked for whom it speaks."""
    for counted in (None, ["one"]):
        with pytest.raises(AssertionError, match="Composite alarm both was read"):
            woken(
                ([alarm("one", **LOUD)], [composite("both", "ALARM(one")]),
                TOPIC,
                day(SHOP, {}),
                EVENT,
                counted,
            )


@pytest.mark.parametrize(
    ("one", "watched"),
    [
        (alarm("own", **SLOW), True),
        (alarm("other", MetricName="Orders"), False),
        (alarm("first of two", Metrics=[query("l", "Latency"), query("o", "Orders")]), True),
        (alarm("none", Metrics=[query("o", "Orders")]), False),
        ({"AlarmName": "math", "Metrics": [{"Id": "e", "Expression": "1"}]}, False),
        # Neither a name nor a namespace is none of a metric without either.
        ({"AlarmName": "math", "Metrics": [{"Id": "e", "Expression": "1"}, query("l", "Latency")]}, True),
    ],
)
def test_watches(one: Mapping[str, Any], watched: bool) -> None:
    """An alarm looks at a metric by itself, or as one of those of its metric math."""
    assert watches(one, SHOP.latency) is watched


def test_no_statistic_is_the_average() -> None:
    """An alarm whose statistic is not told compares averages."""
    mean = alarm("mean", MetricName="Latency", Threshold=100)
    played = day(SHOP, {SHOP.latency: lambda minute: [(50.0, 1.0), (150.0, 1.0 if minute < 0 else 2.0)]})
    assert woken(([mean], []), TOPIC, played, EVENT).by == {"mean": 1}


def test_who_is_woken_in_words() -> None:
    """Each with the minute, the first of them first."""
    both = [alarm("late", **SLOW, EvaluationPeriods=5), alarm("soon", **SLOW)]
    found = woken((both, []), TOPIC, day(SHOP, slow(6)), EVENT)
    assert str(found) == "soon (after 1 min), late (after 5 min)"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            alarm("odd", Metrics=[{"Id": "e", "Expression": "1 +"}]),
            "An alarm watches one time series",
        ),
        (alarm("band", ThresholdMetricId="b"), "this model has no band"),
    ],
)
def test_an_alarm_that_cannot_be_played(one: Mapping[str, Any], words: str) -> None:
    """It fails the check, with what to do about it where that is known."""
    with pytest.raises(AssertionError, match=words):
        said(one, day(SHOP, {}))
