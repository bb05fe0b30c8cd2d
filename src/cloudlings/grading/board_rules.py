"""What a grader of a shop's dashboard asks: which questions it must answer, and which board answers most."""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Feed
from cloudlings.grading.dashboards import Graph, Wanted, answers, series, share
from cloudlings.grading.shop_days import ORDERS, Shop, day


def hard_hour(shop: Shop) -> Feed:
    """An hour and a half of a shop in which payments fail and others are slow."""
    return day(
        shop,
        {
            shop.failures: shop_days.failures(ORDERS, range(0, 30, 4), 9),
            # A thousandth of its own for each percentile that one might take for the 99th.
            shop.latency: lambda minute: (
                [(80.0, 970.0), (400.0, 15.0), (900.0, 10.0), (5000.0, 5.0)]
                if 5 <= minute < 20
                else [(80.0, 1000.0)]
            ),
        },
        30,
    )


def questions(shop: Shop, home: str, overseas: str) -> tuple[tuple[str, Wanted, str], ...]:
    """What the board must show: in words, as a query for a period, and in which Region."""
    return (
        ("how many orders there were, by Sum", lambda p: [series("m", shop.orders, "Sum", p)], home),
        (
            "which share of the orders failed, in percent",
            lambda p: share(shop.failures, shop.orders, p),
            home,
        ),
        ("how long the slowest hundredth took (p99)", lambda p: [series("m", shop.latency, "p99", p)], home),
        (
            "how many orders the shop overseas had, by Sum",
            lambda p: [series("m", shop.orders, "Sum", p)],
            overseas,
        ),
    )


def shows_sums(shop: Shop, feed: Feed, one: Graph) -> bool:
    """Whether a graph shows how many orders there were, or how many failed."""
    return any(
        answers(one, feed, lambda p, metric=metric: [series("m", metric, "Sum", p)])  # type: ignore[misc]
        for metric in (shop.orders, shop.failures)
    )


def best_board(shop: Shop, feed: Feed, every: Sequence[tuple[str, Graph]]) -> str:
    """The name of the dashboard that answers most of the home Region's questions."""
    return max(sorted({name for name, _ in every}), key=lambda name: _score(shop, feed, every, name))


def _score(shop: Shop, feed: Feed, every: Sequence[tuple[str, Graph]], name: str) -> int:
    """How many of the home Region's questions a dashboard answers: the best one is looked at."""
    wanted: list[Wanted] = [
        lambda p: [series("m", shop.orders, "Sum", p)],
        lambda p: share(shop.failures, shop.orders, p),
        lambda p: [series("m", shop.latency, "p99", p)],
    ]
    return sum(any(answers(one, feed, each) for board, one in every if board == name) for each in wanted)
