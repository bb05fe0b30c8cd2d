"""What graders of a shop's alarms ask: do they wake for what customers feel, and for nothing else?"""

from __future__ import annotations

from collections.abc import Sequence

from cloudlings.grading import shop_days
from cloudlings.grading.alarm_rules import Raw
from cloudlings.grading.rehearsal import Changes, Rehearsal
from cloudlings.grading.shop_days import ORDERS
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def as_inherited(alarm: Raw, brief: Brief) -> bool:
    """Whether an alarm is one of the three that were there, as it was."""
    known = {
        f"cpu-{brief.tag}": ("CPUUtilization", 80.0, 1, 300),
        f"no-orders-{brief.tag}": ("Orders", 1.0, 1, 60),
        f"any-failure-{brief.tag}": ("Failures", 0.0, 1, 60),
    }
    is_so = tuple(alarm.get(key) for key in ("MetricName", "Threshold", "EvaluationPeriods", "Period"))
    return known.get(str(alarm["AlarmName"])) == is_so


def failing(brief: Brief) -> int:
    """How many of a minute's `ORDERS` fail when twice the agreed share does: two at least."""
    return max(2, int(-(-2 * ORDERS * brief.error_percent // 100)))


def wakes_for_failures(brief: Brief, rehearsal: Rehearsal) -> None:
    """Fails the check unless the alarms wake when the share of failures is too high in three of five
    minutes."""
    told, shop, failed = rehearsal.told, rehearsal.shop, failing(brief)
    errors = rehearsal.day({shop.failures: shop_days.failures(ORDERS, (0, 2, 4), failed)})
    assert errors.within(6), Because(
        found=f"{told}. In three of five minutes {failed} of {ORDERS} payments failed, while the function "
        f"itself ended well. Woken: {errors}.",
        consequence="Every tenth customer goes away without a bicycle, and Lambda's own errors stand at "
        "zero.",
        concept="A symptom is what the customer feels: a share of orders, over minutes that need not "
        "stand side by side.",
    )

    crowd = 1000 * brief.error_percent // 100 + 1
    above = rehearsal.day(shop_days.many(shop, 1000, (0, 2, 4), crowd))
    assert above.within(6), Because(
        found=f"{told}. In three of five minutes {crowd} of 1,000 payments failed; agreed are "
        f"{brief.error_percent} %. Woken: {above}.",
        consequence="What was agreed as too much is borne in silence.",
        concept="A threshold is the agreed number itself, in the unit of what is compared with it.",
    )
    enough = rehearsal.day(shop_days.many(shop, brief.few, (0, 2, 4), brief.few // 2))
    assert enough.within(6), Because(
        found=f"{told}. In three of five minutes half of the {brief.few} payments failed. Woken: {enough}.",
        consequence="On a quiet evening nobody can pay, and the alarm takes it for too few to count.",
        concept="At least a number is from that number on.",
    )


def wakes_for_dead_letters(brief: Brief, rehearsal: Rehearsal) -> None:
    """Fails the check unless the alarms wake when one message lies in the dead-letter queue."""
    told, shop = rehearsal.told, rehearsal.shop
    lies = {
        shop.of_queue("ApproximateNumberOfMessagesVisible"): shop_days.from_event(1.0),
        shop.of_queue("ApproximateAgeOfOldestMessage"): shop_days.from_event(600.0),
    }
    dead = rehearsal.day(lies)
    assert dead.within(10), Because(
        found=f"{told}. One message lay in the queue {brief.dead_letters} for {shop_days.AFTER} minutes. "
        f"Within ten minutes, woken: {dead}.",
        consequence="An order that no program could handle waits until it expires.",
        concept="A dead-letter queue is empty when all is well. One is already too many.",
    )


def wakes_for_silence(brief: Brief, rehearsal: Rehearsal) -> None:
    """Fails the check unless the alarms wake when the export has been still for as long as agreed."""
    told, shop = rehearsal.told, rehearsal.shop
    stopped = rehearsal.day({shop.exported: shop_days.exports(0)})
    soonest, latest = brief.silent_minutes, 2 * brief.silent_minutes
    assert stopped.within(latest), Because(
        found=f"{told}. The export, which puts a value every {brief.export_minutes} minutes, put its last "
        f"one. Within {latest} minutes, woken: {stopped}.",
        consequence="The warehouse packs yesterday's list, and all the graphs look calm.",
        concept="What should silence mean for this metric? A heartbeat speaks by being there. And an "
        "alarm that lacks points looks further back than it counts.",
    )
    assert not stopped.within(soonest - 1), Because(
        found=f"{told}. The export put its last value. Woken: {stopped}; agreed are {soonest} minutes.",
        consequence="One late run, and somebody is woken.",
        concept="How long may it be still before it counts as dead?",
    )


def keeps_still(brief: Brief, rehearsal: Rehearsal) -> None:
    """Fails the check if anybody is woken on a day on which nobody should be."""
    for what, changes, concept in _calm_days(brief, rehearsal):
        found = rehearsal.day(changes)
        assert found.first is None, Because(
            found=f"{rehearsal.told}. {what}. Woken: {found}.",
            consequence="Who is woken for nothing turns the pager off, and sleeps through the outage.",
            concept=concept,
        )


def _calm_days(brief: Brief, rehearsal: Rehearsal) -> Sequence[tuple[str, Changes, str]]:
    """What happens on each calm day, in words and as metrics, and what to think about."""
    shop, few, agreed = rehearsal.shop, max(3, brief.few // 5), 1000 * brief.error_percent // 100
    night, lies = shop_days.nobody(shop), shop.of_queue("ApproximateNumberOfMessagesVisible")
    some = "A share of few says little: below a number of orders it should not count."
    return (
        (
            "An ordinary day, on which one payment fails in each third minute",
            {},
            "A single failure is a customer's card.",
        ),
        (
            "Nobody orders all night, and the export runs",
            night,
            "What should silence mean for this metric?",
        ),
        (
            "Nobody orders all night; the export runs as ever, and finds no row",
            {**night, shop.exported: shop_days.exports(rows=0.0)},
            "A zero is a sign of life. How often a metric came is another question than how much it was.",
        ),
        (
            f"Early morning: {few} orders a minute, of which one fails every other minute",
            shop_days.many(shop, few, range(0, 40, 2), 1),
            some,
        ),
        (
            f"Early morning: {brief.few - 1} orders a minute, of which half fail",
            shop_days.many(shop, brief.few - 1, range(40), brief.few // 2),
            some,
        ),
        (
            f"In two minutes all of {ORDERS} payments failed, then all was well",
            {shop.failures: shop_days.failures(ORDERS, (0, 1), ORDERS)},
            "Patience is a number: of how many minutes, how many?",
        ),
        (
            f"All day {agreed} of 1,000 payments a minute failed: {brief.error_percent} %, and no more",
            shop_days.many(shop, 1000, range(80), agreed),
            "More than a share is not from it on, and not from a lower one.",
        ),
        (
            f"Somebody looked into the queue {brief.dead_letters}: for twenty minutes it told that it was "
            "empty",
            {lies: shop_days.for_minutes(0.0, 20)},
            "An empty queue may say so. It matters what lies in it, not whether it speaks.",
        ),
    )


def wakes_nobody_for_nothing(rehearsal: Rehearsal) -> None:
    """Fails the check if any alarm of the account wakes somebody on a day on which no customer is hurt."""
    for what, changes, consequence, concept in _days_without_trouble(rehearsal):
        found = rehearsal.day(changes)
        assert found.first is None, Because(
            found=f"A day was played against all alarms that tell {rehearsal.topic_name}. {what}. "
            f"Woken: {found}.",
            consequence=consequence,
            concept=concept,
        )


def _days_without_trouble(rehearsal: Rehearsal) -> Sequence[tuple[str, Changes, str, str]]:
    """What happens on each day, in words and as metrics, what waking leads to, and what to think about."""
    shop = rehearsal.shop
    return (
        (
            "An ordinary day, on which one payment fails in each third minute",
            {},
            "The pager rings all day, and its sound means nothing any more.",
            "A count grows with the shop; a share does not.",
        ),
        (
            "Nobody orders all night",
            shop_days.nobody(shop),
            "Every night the pager rings as the last customer goes to bed.",
            "What should silence mean for this metric?",
        ),
        (
            f"The machine {shop.instance} computed at 100 % for 70 minutes; every order went "
            "through, as fast as ever",
            {shop.cpu: shop_days.busy},
            "A person is woken to watch a machine work.",
            "CPU is a cause at most. A busy machine is what one pays for; waking is for symptoms.",
        ),
    )
