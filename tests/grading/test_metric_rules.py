"""What a function's payments and an account's metrics come to."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.grading.alarm_rules import Metric
from cloudlings.grading.metric_rules import around_now, listed, total_of
from cloudlings.grading.payment_rules import (
    PAID,
    Named,
    makes_few_metrics,
    measures_each,
    pays,
    sums_of,
    values_of,
)
from cloudlings.grading.shop_days import Shop
from cloudlings.lab import Brief

SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")
BRIEF = Brief({"payments": "payments", "namespace": "Shop", "service": "till", "bill": {"customers": 20_000}})
NONE = dict.fromkeys(sums_of(SHOP), (0.0, 0.0))
RIGHT = {metric: (4.0, total) for metric, total in sums_of(SHOP).items()}


def metric(name: str, **dimensions: str) -> dict[str, Any]:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"MetricName": name, "Dimensions": pairs}


def test_each_payment_once() -> None:
    """Four values each, with the payments' sums, whatever was there before."""
    before = dict.fromkeys(NONE, (5.0, 70.0))
    after = {each: (5.0 + count, 70.0 + total) for each, (count, total) in RIGHT.items()}
    measures_each(BRIEF, SHOP, NONE, RIGHT, [])
    measures_each(BRIEF, SHOP, before, after, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {SHOP.failures: (0.0, 0.0)},
            r"Failures in Shop, .* got nothing. There are: Orders\(Service, Shop\)",
        ),
        ({SHOP.failures: (1.0, 1.0)}, "Failures got 1 values with the sum 1"),
        (
            {SHOP.latency: (4.0, 4.1395)},
            "took 137, 842.5, 3021 and 139 ms, .* Latency got 4 values with the sum 4.1395",
        ),
        ({SHOP.orders: (6.0, 6.0)}, "Orders got 6 values"),
    ],
)
def test_another_measure(change: Mapping[Metric, tuple[float, float]], words: str) -> None:
    """Nothing, too few, in another unit, or twice."""
    with pytest.raises(AssertionError, match=words):
        measures_each(BRIEF, SHOP, NONE, RIGHT | change, [metric("Orders", Shop="n", Service="till")])


def named(name: str, **dimensions: str) -> Named:
    return name, frozenset({"Service": "till", **dimensions}.items())


def test_few_metrics() -> None:
    """A dimension with one of few values is right."""
    makes_few_metrics(BRIEF, {}, {})
    makes_few_metrics(BRIEF, {}, {named("Orders", Speed=each): 1.0 for each in ("good", "slow", "bad")})
    makes_few_metrics(
        BRIEF, {}, {named("Orders", Processor="ok"): 2.0, named("Orders", Processor="declined"): 1.0}
    )


@pytest.mark.parametrize(
    ("fed", "words"),
    [
        ([{"Customer": "c-70311"}], "1 metrics .* Orders has the dimension Customer"),
        ([{"Order": "KW-41003"}], "1 metrics .* Orders has the dimension Order"),
        (
            [{"Request": each} for each in ("a", "b", "c", "d")],
            "4 metrics .* has the dimension Request",
        ),
    ],
)
def test_a_metric_for_each(fed: list[dict[str, str]], words: str) -> None:
    """A metric for each customer, each order or each call fails the check, by whatever name it is told."""
    after = {named("Orders", **each): 1.0 for each in fed}
    with pytest.raises(AssertionError, match=words):
        makes_few_metrics(BRIEF, {}, after)


def test_metrics_of_an_earlier_try() -> None:
    """No metric can be deleted: one that got no value just now is no fault of the function's."""
    old = {named("Orders", Customer=f"c-7031{n}"): 4.0 for n in range(4)}
    makes_few_metrics(BRIEF, old, old)


class Payments:
    """An account whose payments function answers so; its metrics got these points."""

    def __init__(self, journal: list[dict[str, Any]] | None = None, **answer: Any) -> None:
        self._journal, self.answer = journal or [], answer
        self.asked: dict[str, Any] = {}

    def journal(self) -> list[dict[str, Any]]:
        return self._journal

    def client(self, _service: str) -> Payments:
        return self

    def invoke(self, *, Payload: bytes, **_asked: Any) -> dict[str, Any]:  # noqa: N803
        event = json.loads(Payload)
        value = {"orderId": event["orderId"], "paid": event["processor"] == "ok"} | self.answer
        log = f"START RequestId: r-1 Version: 1\npaid {event['orderId']}\nEND RequestId: r-1\n"
        error = {"FunctionError": "Unhandled"} if "errorType" in value else {}
        payload = io.BytesIO(json.dumps(value).encode())
        return {"Payload": payload, "LogResult": base64.b64encode(log.encode()).decode(), **error}

    def get_metric_statistics(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return {"Datapoints": [{"SampleCount": 2.0, "Sum": 5.0}, {"SampleCount": 1.0, "Sum": 0.5}]}


def test_pays() -> None:
    """Each payment is answered as before, and gives its lines."""
    account: Any = Payments()
    assert pays(account, "payments") == [f"paid {payment['orderId']}" for payment in PAID]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"ms": 3}, r'answered .*"ms": 3}\.'),
        ({"paid": None}, '"paid": null'),
        ({"errorType": "KeyError"}, '"KeyError"} Unhandled'),
    ],
)
def test_pays_otherwise(answer: dict[str, Any], words: str) -> None:
    """Another answer is told, and an error as one."""
    account: Any = Payments(**answer)
    with pytest.raises(AssertionError, match=words):
        pays(account, "payments")


def test_totals() -> None:
    """All of a metric's points, of its own unit and dimensions only."""
    account: Any = Payments()
    assert total_of(account, SHOP.latency, (0, 60)) == (3.0, 5.5)
    assert account.asked["Unit"] == "Milliseconds"
    assert account.asked["Dimensions"] == [{"Name": "Service", "Value": "till"}]


def test_values_of_other_dimensions() -> None:
    """Metrics that have more than the service, each with how many values it got, of any unit."""
    account: Any = Payments()
    every = [{**metric("Orders", Service="till"), "Namespace": "Shop"}]
    every += [{**metric("Orders", Service="till", Who="a"), "Namespace": "Shop"}]
    assert values_of(account, every, (0, 60)) == {named("Orders", Who="a"): 3.0}
    assert "Unit" not in account.asked
    assert account.asked["Dimensions"] == every[1]["Dimensions"]


def test_a_day_around_now() -> None:
    """By the newest row of the journal, so that a check may be replayed; by the clock without one."""
    account: Any = Payments([{"time": 1.0}, {"time": 200_000.9}])
    first, last = around_now(account)
    assert first <= 200_000 - 86_400 < first + 60
    assert last - 660 < 200_000 <= last - 540
    empty: Any = Payments()
    assert around_now(empty)[0] < time.time() < around_now(empty)[1]


def test_metrics_in_words() -> None:
    """Each once, by its name and its dimensions' names, and no more than six."""
    every = [metric(f"M{n}", B="1", A=str(n)) for n in range(8)]
    assert listed([metric("Orders"), metric("Orders")]) == "Orders()"
    assert listed(every).startswith("M0(A, B), M1(A, B)")
    assert "M6" not in listed(every)
