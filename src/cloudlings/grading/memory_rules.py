"""What graders of a function's memory ask: is the size the cheapest that is quick enough, and is it set?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.cost import lambda_bill, price_table
from cloudlings.grading.answer_parts import same
from cloudlings.grading.task import Because
from cloudlings.lab import Brief

CONCEPTS = {
    "usd": "Requests, and GB-seconds: each call's time rounded up to the whole millisecond, not to 100, and "
    "the INIT of the cold ones; no free tier.",
    "even": "A function costs by the call, a machine by the hour (730 a month): they meet where the calls of "
    "a month cost what its hours do. Each call has its request, and its share of the cold starts.",
}


def chosen_as_billed(brief: Brief, said: Mapping[str, Any]) -> int:
    """Fails the check unless an answer chooses the cheapest size (MB) that is quick enough; gives that size.

    Its ``usd`` is a month's bill, its ``even`` the calls a month for which a machine costs the same.
    """
    quick = [row for row in brief.benchmark if row.p95_ms <= brief.slo_ms]
    bills = {row.memory: _month(brief, row, brief.calls) for row in quick}
    best: int = min(bills, key=lambda memory: bills[memory])
    _is_best(brief, said, bills, best)
    machine = 730 * price_table()["ec2.t3.small"].usd
    truth = {"usd": bills[best], "even": machine / bills[best] * brief.calls}
    for key, right in truth.items():
        number = said.get(key)
        good = isinstance(number, int | float) and abs(number - right) <= 0.01 * right
        assert good, Because(
            found=f'The answer "memory" has {number!r} for {key}, which is not within 1 % of the sum.',
            consequence="The choice rests on a wrong sum.",
            concept=CONCEPTS[key],
        )
    return best


def _is_best(brief: Brief, said: Mapping[str, Any], bills: Mapping[int, float], best: int) -> None:
    choice = said.get("choose")
    slow = [row for row in brief.benchmark if _means(choice, row.memory) and row.memory not in bills]
    quick = any(_means(choice, memory) for memory in bills)
    assert _means(choice, best), Because(
        found=f"The answer chooses {choice!r} MB."
        + (f" Its p95 is {slow[0].p95_ms} ms; {brief.slo_ms} were agreed." if slow else "")
        + ("" if slow or quick else " Nothing was measured at that size."),
        consequence="One visitor in twenty waits too long."
        if slow
        else "Another size that is quick enough costs less."
        if quick
        else "A size that nobody measured is a guess.",
        concept="CPU comes with memory: more memory may take less time, and cost the same or less. Time is "
        "billed by the whole millisecond, INIT too.",
    )


def set_as_decided(brief: Brief, settings: Mapping[str, Any], best: int) -> None:
    """Fails the check unless a function's configuration has the chosen memory (MB) and the agreed /tmp."""
    assert settings["MemorySize"] == best, Because(
        found=f"{brief.portraits} has {settings['MemorySize']} MB; the answer chooses {best}.",
        consequence="The bill, and the visitors, go by what is set.",
        concept="A decision that is not in the account has not been made.",
    )
    size = (settings.get("EphemeralStorage") or {}).get("Size", 512)
    assert size == brief.tmp_mb, Because(
        found=f"{brief.portraits} has a /tmp of {size} MB; {brief.tmp_mb} were agreed.",
        consequence="A huge original does not fit, and its portrait is never made."
        if size < brief.tmp_mb
        else "What is above 512 MB is paid for with every call.",
        concept="/tmp is a setting of its own: 512 MB are included, up to 10,240 can be had.",
    )


def _month(brief: Brief, row: Any, calls: float) -> float:
    return lambda_bill(
        calls,
        milliseconds=row.average_ms,
        memory_mb=row.memory,
        cold_starts=calls * brief.cold_share,
        init_milliseconds=row.init_ms,
    ).usd


def _means(choice: Any, memory: int) -> bool:
    """Whether an answer is a size: 512, 512.0 and "512" are one."""
    return bool(choice == memory) or same(choice, memory)
