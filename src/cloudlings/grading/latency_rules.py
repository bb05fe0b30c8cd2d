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
    """Minutes in which a share of the payments is slow; ``limit`` is the agreed number of milliseconds."""

    rehearsal: Rehearsal
    limit: float

    @property
    def usual(self) -> float:
        return self.limit * 0.2

    @property
    def slowly(self) -> float:
        """So slow that nobody has patience for it."""
        return self.limit * 4

    @property
    def barely(self) -> float:
        """A little slower than agreed."""
        return self.limit * 1.1

    def woken(self, number: int, minutes: int, share: float, slowly: float) -> Woken:
        """Who is woken when of ``number`` payments a minute a share is slow for so many minutes."""
        shop = self.rehearsal.shop
        slow = {shop.latency: shop_days.latency(number, range(minutes), share, self.usual, slowly)}
        before = {shop.latency: shop_days.latency(number, (), 0.0, self.usual, slowly)}
        return self.rehearsal.play(day(shop, slow, 30, before))


def wakes_for_slow_ones(waiting: Waiting) -> None:
    """Fails the check unless the alarms wake after five minutes of a slow hundredth, and for nothing else."""
    _for_minutes_that_last(waiting)
    _for_a_share(waiting)
    _above_the_limit(waiting)
    _not_at_night(waiting.rehearsal)


def _for_minutes_that_last(waiting: Waiting) -> None:
    told, usual, slowly = waiting.rehearsal.told, waiting.usual, waiting.barely
    long = waiting.woken(1000, 7, 0.012, slowly)
    assert long.within(7), Because(
        found=f"{told}. For seven minutes 12 of 1,000 payments a minute took {slowly:g} ms, the others "
        f"{usual:g} ms. Woken: {long}.",
        consequence="Hundreds of customers look at a turning wheel, and the graph of the average is flat.",
        concept="The 99th percentile is above a value when more than one in a hundred is; period times "
        "evaluations is how long that must last, in the metric's own unit.",
    )
    five = waiting.woken(1000, 5, 0.012, slowly)
    assert five.first is not None, Because(
        found=f"{told}. The same for five minutes, and then all was well. Woken: {five}.",
        consequence="What was agreed as too long happens again and again, and nobody learns of it.",
        concept="Five minutes are agreed. An alarm counts breaching points, and how many it wants is how "
        "patient it is.",
    )
    short = waiting.woken(1000, 4, 0.012, slowly)
    assert short.first is None, Because(
        found=f"{told}. The same for four minutes only. Woken: {short}.",
        consequence="Somebody is woken for what is over before the laptop is open.",
        concept="Five minutes are agreed. An alarm counts breaching points, and how many it wants is how "
        "patient it is.",
    )


def _for_a_share(waiting: Waiting) -> None:
    told, slowly = waiting.rehearsal.told, waiting.slowly
    for number, words in ((1, "one of 1,000 payments"), (9, "9 of 1,000 payments")):
        rare = waiting.woken(1000, 15, number / 1000, slowly)
        assert rare.first is None, Because(
            found=f"{told}. For fifteen minutes {words} a minute took {slowly:g} ms. Woken: {rare}.",
            consequence="A few unlucky customers are enough to wake a person every night.",
            concept="The slowest of all says something of one payment; a percentile, of many. Below the 99th "
            "are 99 of a hundred.",
        )
    few = waiting.woken(ORDERS, 12, 0.1, slowly)
    assert few.first is not None, Because(
        found=f"{told}. For twelve minutes 4 of {ORDERS} payments a minute took {slowly:g} ms: an "
        f"ordinary hour. Woken: {few}.",
        consequence="In a small shop's traffic the alarm never says a word.",
        concept="For a high percentile of few samples, CloudWatch can be told to decide or to keep still.",
    )


def _above_the_limit(waiting: Waiting) -> None:
    told, limit = waiting.rehearsal.told, waiting.limit
    just = waiting.woken(1000, 15, 0.012, limit)
    assert just.first is None, Because(
        found=f"{told}. For fifteen minutes 12 of 1,000 payments a minute took {limit:g} ms, and none took "
        f"longer. Woken: {just}.",
        consequence="Somebody is woken for what was agreed to be quick enough.",
        concept="Above a value is not from it on, and not from a lower one.",
    )


def _not_at_night(rehearsal: Rehearsal) -> None:
    told, shop = rehearsal.told, rehearsal.shop
    night = rehearsal.play(day(shop, shop_days.nobody(shop), 30))
    assert night.first is None, Because(
        found=f"{told}. A night in which nobody orders. Woken: {night}.",
        consequence="Every quiet night wakes somebody, until nobody gets up any more.",
        concept="What should silence mean for this metric? No payment is no slow payment.",
    )
