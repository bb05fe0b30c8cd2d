"""What a grader of an alarm on latency asks: does it wake when one in a hundred waits, long enough?"""

from __future__ import annotations

from dataclasses import dataclass

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Woken
from cloudlings.grading.rehearsal import Rehearsal
from cloudlings.grading.shop_days import ORDERS, day
from cloudlings.grading.task import Because


@dataclass(frozen=True)
class Waiting:
    """Minutes in which a share of the payments is slow: ``usual`` and ``slowly`` are milliseconds."""

    rehearsal: Rehearsal
    usual: float
    slowly: float

    def woken(self, number: int, minutes: int, share: float) -> Woken:
        """Who is woken when of ``number`` payments a minute a share is slow for so many minutes."""
        shop = self.rehearsal.shop
        slow = {shop.latency: shop_days.latency(number, range(minutes), share, self.usual, self.slowly)}
        before = {shop.latency: shop_days.latency(number, (), 0.0, self.usual, self.slowly)}
        return self.rehearsal.play(day(shop, slow, 30, before))


def wakes_for_slow_ones(waiting: Waiting) -> None:
    """Fails the check unless the alarms wake after five minutes of a slow hundredth, and for nothing else."""
    _for_minutes_that_last(waiting)
    _for_a_share(waiting)
    _not_at_night(waiting.rehearsal)


def _for_minutes_that_last(waiting: Waiting) -> None:
    told, usual, slowly = waiting.rehearsal.told, waiting.usual, waiting.slowly
    long = waiting.woken(1000, 7, 0.012)
    assert long.within(7), Because(
        found=f"{told}. For seven minutes 12 of 1,000 payments a minute took {slowly:g} ms, the others "
        f"{usual:g} ms. Woken: {long}.",
        consequence="Hundreds of customers look at a turning wheel, and the graph of the average is flat.",
        concept="The 99th percentile is above a value when more than one in a hundred is; period times "
        "evaluations is how long that must last, in the metric's own unit.",
    )
    short = waiting.woken(1000, 4, 0.012)
    assert short.first is None, Because(
        found=f"{told}. The same for four minutes only. Woken: {short}.",
        consequence="Somebody is woken for what is over before the laptop is open.",
        concept="Five minutes are agreed. An alarm counts breaching points, and how many it wants is how "
        "patient it is.",
    )


def _for_a_share(waiting: Waiting) -> None:
    told, slowly = waiting.rehearsal.told, waiting.slowly
    rare = waiting.woken(1000, 15, 0.001)
    assert rare.first is None, Because(
        found=f"{told}. For fifteen minutes one of 1,000 payments a minute took {slowly:g} ms. Woken: "
        f"{rare}.",
        consequence="One unlucky customer an hour is enough to wake a person every night.",
        concept="The slowest of all says something of one payment; a percentile, of many.",
    )
    few = waiting.woken(ORDERS, 12, 0.1)
    assert few.first is not None, Because(
        found=f"{told}. For twelve minutes 4 of {ORDERS} payments a minute took {slowly:g} ms: an "
        f"ordinary hour. Woken: {few}.",
        consequence="In a small shop's traffic the alarm never says a word.",
        concept="For a high percentile of few samples, CloudWatch can be told to decide or to keep still.",
    )


def _not_at_night(rehearsal: Rehearsal) -> None:
    told, shop = rehearsal.told, rehearsal.shop
    night = rehearsal.play(day(shop, shop_days.nobody(shop), 30))
    assert night.first is None, Because(
        found=f"{told}. A night in which nobody orders. Woken: {night}.",
        consequence="Every quiet night wakes somebody, until nobody gets up any more.",
        concept="What should silence mean for this metric? No payment is no slow payment.",
    )
