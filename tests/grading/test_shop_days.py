"""Days of a shop, by the minute: what metrics get before an event and after it."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Minute
from cloudlings.grading.rehearsal import Rehearsal
from cloudlings.grading.shop_days import EVENT, ORDERS, Shop, day
from cloudlings.grading.symptom_rules import as_inherited, failing
from cloudlings.lab import Brief

SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")


def sums(minutes: shop_days.Minutes, *at: int) -> list[float]:
    return [sum(value * count for value, count in minutes(minute)) for minute in at]


def counts(minutes: shop_days.Minutes, *at: int) -> list[float]:
    return [sum(count for _, count in minutes(minute)) for minute in at]


def test_an_hour_before_the_event() -> None:
    """All is well before it, or as told; only then comes what is changed."""
    dead = SHOP.of_queue("ApproximateNumberOfMessagesVisible")
    changes = {SHOP.orders: shop_days.orders(3), dead: lambda _: [(1.0, 1.0)]}
    before = {SHOP.latency: shop_days.latency(7, (), 0.0, 50.0, 900.0)}
    feed = day(SHOP, changes, 30, before)
    assert feed.minutes == EVENT + 30
    orders: list[Minute] = list(feed.data[SHOP.orders])
    assert orders[EVENT - 1 : EVENT + 1] == [[(1.0, float(ORDERS))], [(1.0, 3.0)]]
    assert list(feed.data[dead])[EVENT - 1 : EVENT + 1] == [[], [(1.0, 1.0)]]
    latency = list(feed.data[SHOP.latency])
    assert [minute[0] for minute in latency[EVENT - 1 : EVENT + 1]] == [(50.0, 7.0), (90.0, float(ORDERS))]
    assert {len(minutes) for minutes in feed.data.values()} == {feed.minutes}
    machine = [bool(minute) for minute in list(feed.data[SHOP.cpu])[EVENT : EVENT + 6]]
    assert machine == [True, False, False, False, False, True]
    assert len(day(SHOP, {}).data[SHOP.cpu]) == EVENT + shop_days.AFTER


@pytest.mark.parametrize(
    ("minutes", "lost", "orders"),
    [
        (shop_days.failures(ORDERS, (0, 2), 6), [1, 6, 0, 6, 1], ORDERS),
        (shop_days.failures(ORDERS, ()), [1, 1, 0, 0, 1], ORDERS),
        (shop_days.failures(10, (2,), 1), [0, 0, 0, 1, 0], 10),
        (shop_days.failures(0, (2,), 1), [0, 0, 0, 0, 0], 0),
    ],
)
def test_failures(minutes: shop_days.Minutes, lost: list[float], orders: float) -> None:
    """One each third minute of an ordinary day, more in bad minutes; each order puts a one or a zero."""
    assert sums(minutes, -3, 0, 1, 2, 3) == lost
    assert counts(minutes, -3, 0, 1, 2, 3) == [orders] * 5


def test_a_share_is_slow() -> None:
    """Of each minute's orders, in slow minutes; nobody orders, nothing is measured."""
    minutes = shop_days.latency(100, (1,), 0.02, 10.0, 500.0)
    assert minutes(0) == [(10.0, 100.0), (500.0, 0.0)]
    assert minutes(1) == [(10.0, 98.0), (500.0, 2.0)]
    assert shop_days.latency(0, (1,), 0.02, 10.0, 500.0)(1) == []


def test_exports() -> None:
    """Each ten minutes, up to the last one."""
    usual, stopped = shop_days.exports(), shop_days.exports(10)
    assert [bool(usual(minute)) for minute in (-10, 0, 5, 10, 20)] == [True, True, False, True, True]
    assert shop_days.exports(rows=0.0)(10) == [(0.0, 1.0)]
    assert [bool(stopped(minute)) for minute in (-10, 0, 5, 10, 20)] == [True, True, False, True, False]


def test_nobody_orders() -> None:
    """No metric of an order gets anything; the export and the machine do."""
    feed = day(SHOP, shop_days.nobody(SHOP))
    silent = {metric.name for metric, minutes in feed.data.items() if not any(minutes[EVENT:])}
    assert silent == {"Orders", "Failures", "Latency", "Invocations", "Errors"}
    assert shop_days.orders(0)(1) == []


def test_from_the_event_on() -> None:
    """What there was not before."""
    minutes = shop_days.from_event(2.0)
    assert [minutes(-1), minutes(0), minutes(9)] == [[], [(2.0, 1.0)], [(2.0, 1.0)]]


def test_for_some_minutes() -> None:
    """Neither before nor after them."""
    minutes = shop_days.for_minutes(0.0, 2)
    assert [minutes(at) for at in (-1, 0, 1, 2)] == [[], [(0.0, 1.0)], [(0.0, 1.0)], []]


def test_many_orders() -> None:
    """So many orders, and as many calls of the function; a share of them fails in bad minutes."""
    made = shop_days.many(SHOP, 1000, (1,), 50)
    assert [sums(made[one], 1) for one in (SHOP.orders, SHOP.failures)] == [[1000], [50]]
    assert counts(made[SHOP.failures], 0, 1) == [1000, 1000]
    assert made[SHOP.of_function("Invocations")](1) == made[SHOP.orders](1)


def test_a_busy_machine() -> None:
    """Full for seventy minutes, by values of each five minutes."""
    assert [shop_days.busy(minute) for minute in (-5, 0, 3, 65, 70)] == [
        [(35.0, 1.0)], [(100.0, 1.0)], [], [(100.0, 1.0)], [(35.0, 1.0)],
    ]  # fmt: skip


@pytest.mark.parametrize(("percent", "failed"), [(1, 2), (2.5, 2), (4, 4), (5, 4), (6, 5)])
def test_failing(percent: float, failed: int) -> None:
    """Twice the agreed share of a minute's orders, rounded up, and two at least."""
    assert failing(Brief({"error_percent": percent})) == failed


INHERITED = {
    "AlarmName": "any-failure-1f2e",
    "MetricName": "Failures",
    "Threshold": 0.0,
    "EvaluationPeriods": 1,
    "Period": 60,
}


@pytest.mark.parametrize(
    ("change", "inherited"),
    [({}, True), ({"Threshold": 5.0}, False), ({"Period": 300}, False), ({"AlarmName": "mine"}, False)],
)
def test_as_inherited(change: dict[str, Any], inherited: bool) -> None:
    """By its name, and as it was."""
    assert as_inherited(INHERITED | change, Brief({"tag": "1f2e"})) is inherited


def test_whom_a_rehearsal_is_about() -> None:
    """The alarms by name; of all, none is named."""
    some = Rehearsal(SHOP, ([], []), "arn:aws:sns:eu-west-1:1:oncall", ["a", "b"])
    assert some.told == "Days were played against a and b, with the topic oncall as their action"
    assert Rehearsal(SHOP, ([], []), "oncall").told.startswith("Days were played against none, with")
