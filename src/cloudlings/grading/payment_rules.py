"""What graders of a payments function ask: does it measure each payment once, under few metrics?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cloudlings.account import Account
from cloudlings.grading import metric_rules
from cloudlings.grading.alarm_rules import Metric, Raw
from cloudlings.grading.log_rules import ask
from cloudlings.grading.shop_days import Shop
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.lab import Brief

Totals = Mapping[Metric, tuple[float, float]]
"""How many values each metric got, and their sum."""
Named = tuple[str, frozenset[tuple[str, str]]]
"""A metric of the shop's by its name and its dimensions."""
Counts = Mapping[Named, float]
PAID = (
    {"orderId": "KW-41001", "customer": "c-70311", "ms": 137, "processor": "ok"},
    {"orderId": "KW-41002", "customer": "c-70312", "ms": 842.5, "processor": "ok"},
    {"orderId": "KW-41003", "customer": "c-70313", "ms": 3021, "processor": "declined"},
    {"orderId": "KW-41004", "customer": "c-70314", "ms": 139, "processor": "ok"},
)
"""The payments that the function is sent: one is slow, one is declined, and two are much alike."""


def sums_of(shop: Shop) -> dict[Metric, float]:
    """What each metric of the payments adds up to when all of `PAID` have been measured."""
    return {shop.latency: 4139.5, shop.orders: 4.0, shop.failures: 1.0}


def pays(account: Account, function: str) -> list[str]:
    """Sends the function every payment, and gives the lines that it wrote; answers must be as before."""
    lines: list[str] = []
    for payment in PAID:
        said = ask(account, function, payment)
        lines += said.lines
        assert said.answer == {"orderId": payment["orderId"], "paid": payment["processor"] == "ok"}, Because(
            found=f"{function} was sent a payment and answered {json.dumps(said.answer)[:120]}"
            f"{said.error and ' ' + said.error}.",
            consequence="Whoever waits for the payment reads something else than before.",
            concept="Measuring watches. It changes nothing of what it watches.",
        )
    return lines


def measures_each(brief: Brief, shop: Shop, before: Totals, after: Totals, listed: Sequence[Raw]) -> None:
    """Fails the check unless each metric got one value for each payment; ``listed`` are those there are."""
    for metric, total in sums_of(shop).items():
        values = after[metric][0] - before[metric][0]
        _got_something(brief, metric, values, listed)
        _got_one_each(brief, metric, values, after[metric][1] - before[metric][1], total)


def _got_something(brief: Brief, metric: Metric, got: float, listed: Sequence[Raw]) -> None:
    assert got, Because(
        found=f"{brief.payments} was sent {len(PAID)} payments. {metric.name} in {brief.namespace}, "
        f"with the dimension Service={brief.service} alone and the unit {metric.unit}, got nothing. "
        f"There are: {metric_rules.listed(listed)}.",
        consequence="An alarm on it would wait for ever: to CloudWatch, another namespace, dimension "
        "or unit is another metric.",
        concept="A metric is its namespace, its name and all of its dimensions; a line that is not "
        "quite as the format says makes none, and no error.",
    )


def _got_one_each(brief: Brief, metric: Metric, got: float, total: float, wanted: float) -> None:
    one_each = got == len(PAID) and abs(total - wanted) < 0.01
    assert one_each, Because(
        found=f"{brief.payments} was sent {len(PAID)} payments that took {_taken()} ms, one of them "
        f"declined. {metric.name} got {got:g} values with the sum {total:g}.",
        consequence="A rate or a percentile of it tells of another shop.",
        concept="One value for each payment: also the zeros, since a share needs what went well.",
    )


def _taken() -> str:
    return shown([f"{payment['ms']:g}" for payment in PAID])


def values_of(account: Account, listed: Sequence[Raw], when: tuple[int, int]) -> Counts:
    """How many values each metric that has more dimensions than the service got in some time."""
    return {
        _name(one): metric_rules.values_of(account, one, when)
        for one in listed
        if {pair["Name"] for pair in one["Dimensions"]} - {"Service"}
    }


def makes_few_metrics(brief: Brief, before: Counts, after: Counts) -> None:
    """Fails the check where each payment made a metric of its own.

    Metrics cannot be deleted: those of an earlier try, which get no value any more, are not counted.
    """
    fed = [one for one, count in after.items() if count > before.get(one, 0)]
    personal = {payment[name] for payment in PAID for name in ("customer", "orderId")}
    values: dict[tuple[str, str], set[str]] = {}
    for name, dimensions in fed:
        for key, value in dimensions:
            values.setdefault((name, key), set()).add(value)
    many = [
        name
        for name, found in sorted(values.items())
        if not found.isdisjoint(personal) or len(found) >= len(PAID)
    ]
    assert not many, Because(
        found=f"{len(PAID)} payments made {sum(len(values[name]) for name in many)} metrics that are one "
        f"customer's or one order's: {many[0][0]} has the dimension {many[0][1]}.",
        consequence="Each value of a dimension is a metric that is paid for by itself: "
        f"{brief.bill['customers']:,} customers would cost more than the shop.",
        concept="What differs for everybody is a field of the line, and is asked with a query. A "
        "dimension has few values.",
    )


def _name(one: Raw) -> Named:
    return str(one["MetricName"]), frozenset((pair["Name"], pair["Value"]) for pair in one["Dimensions"])
