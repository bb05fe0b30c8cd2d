"""What a grader of a shop's dashboard asks: which questions it must answer, and which board answers most."""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Feed
from cloudlings.grading.dashboards import Graph, Wanted, answers, drawn, series, share
from cloudlings.grading.shop_days import ORDERS, Shop, day
from cloudlings.grading.task import Because

Question = tuple[str, Wanted, str]
"""What a board must show: in words, as a query for a period, and in which Region."""


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


def questions(shop: Shop, home: str, overseas: str) -> tuple[Question, ...]:
    """What the board must show."""
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


def shows_what_is_asked(board: str, here: Sequence[Graph], feed: Feed, question: Question) -> None:
    """Fails the check unless one of a board's graphs, in the question's Region, answers it."""
    what, wanted, region = question
    near = [one for one in here if one.region == region]
    assert any(answers(one, feed, wanted) for one in near), Because(
        found=f"The graphs of dashboard {board} were drawn for an hour and a half of fed metrics. Of "
        f"{len(near)} for {region}, none shows {what}. " + drawn(near, feed),
        consequence="The first question of an outage needs somebody who can write a query.",
        concept="A graph shows a statistic of a metric, in a Region, per period: how many is a sum, "
        "an average of ones is one.",
    )


def shows_a_share_alone(board: str, here: Sequence[Graph], feed: Feed, shop: Shop) -> None:
    """Fails the check unless one of a board's graphs shows which share failed, and no sums beside it."""
    alone = [
        one
        for one in here
        if answers(one, feed, lambda p: share(shop.failures, shop.orders, p))
        and not shows_sums(shop, feed, one)
    ]
    assert alone, Because(
        found=f"Dashboard {board} shows which share of the orders failed in a graph that shows the "
        "sums, too.",
        consequence="Beside forty orders a minute, a share of four percent is a flat line.",
        concept="What is only computed with is hidden: each line of a graph is drawn on the same scale.",
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
