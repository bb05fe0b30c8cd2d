"""What a dashboard is asked: the hour that it is fed, and which of its graphs shows what."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.alarm_rules import Metric
from cloudlings.grading.board_rules import best_board, hard_hour, shows_sums
from cloudlings.grading.dashboards import Graph, answers, read, series
from cloudlings.grading.shop_days import EVENT, Shop

SHOP = Shop("Shop", "till", "dead", "payments", "i-0123456789abcdef0")
FEED = hard_hour(SHOP)


def graph(*metrics: list[Any], stat: str = "Sum") -> Graph:
    (one,) = read({"period": 60, "stat": stat, "metrics": list(metrics)}, "eu-west-1")
    return one


def line(metric: Metric, **options: Any) -> list[Any]:
    return [metric.namespace, metric.name, "Service", "till", options]


SHARE = [{"expression": "100 * f / o", "id": "share"}]
ORDERS, FAILED = line(SHOP.orders, id="o"), line(SHOP.failures, id="f")


def test_a_hard_hour() -> None:
    """For a quarter of an hour a hundredth is slow; before it and after it nobody is."""
    slow = [max(value for value, _ in minute) > 80 for minute in FEED.data[SHOP.latency][EVENT:]]
    assert slow == [5 <= minute < 20 for minute in range(len(slow))]


def test_which_percentile_is_shown() -> None:
    """Each percentile that one might take for the 99th is another line."""
    wanted = [series("m", SHOP.latency, "p99", 60)]
    shown = {
        stat: answers(graph(line(SHOP.latency), stat=stat), FEED, lambda _: wanted)
        for stat in ("p50", "p90", "p95", "p98", "p99", "p99.9", "Maximum", "Average")
    }
    assert [stat for stat, found in shown.items() if found] == ["p99"]


@pytest.mark.parametrize(
    ("metrics", "found"),
    [
        ([ORDERS], True),
        ([FAILED], True),
        ([ORDERS, FAILED, SHARE], True),
        ([[*ORDERS[:-1], {"id": "o", "visible": False}], FAILED, SHARE], True),
        ([[*each[:-1], {**each[-1], "visible": False}] for each in (ORDERS, FAILED)] + [SHARE], False),
        ([line(SHOP.latency)], False),
    ],
)
def test_sums_beside_a_share(metrics: list[list[Any]], found: bool) -> None:
    """Either sum counts when it is drawn, and not when it is only computed with."""
    assert shows_sums(SHOP, FEED, graph(*metrics)) is found


def test_the_best_board() -> None:
    """Of several dashboards the one that answers most is looked at."""
    boards = [("a-start", graph(ORDERS)), ("whole", graph(ORDERS, FAILED, SHARE)), ("z-else", graph(FAILED))]
    assert best_board(SHOP, FEED, boards) == "whole"
