"""Answers about stores and caches: whether a store fits what is asked of the data, and when a cache pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.grading.answer_parts import part_of, same
from cloudlings.grading.store_cases import asked
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.models.stores import STORES, break_even, choose, fitting


def names_fitting_stores(said: Mapping[str, Any], cases: Sequence[str]) -> None:
    """Fails the check unless an answer names for each case a store that fits it."""
    named = part_of(said, "stores")
    stores = {str(key): str(value).strip().lower() for key, value in named.items()}
    unknown = [name for name in cases if stores.get(name) not in STORES]
    assert not unknown, Because(
        found=f'The answer "choice" names no store for: {unknown[0]}.',
        consequence="Everything lands in the database that is there already.",
        concept=f"Each case is one of {shown(STORES)}.",
    )
    wrong = [name for name in cases if stores[name] not in fitting(asked(name))]
    assert not wrong, Because(
        found=f"{len(cases) - len(wrong)} of {len(cases)} fit. One that does not: "
        f"{wrong[0]}: {stores[wrong[0]]}.",
        consequence="The program works around its own database, and pays for it in every request.",
        concept="Ask what the data is asked: " + choose(asked(wrong[0])).because + ".",
    )


def knows_when_a_cache_pays(
    said: Mapping[str, Any], cache_ms: float, database_ms: float, hit_rate: float
) -> None:
    """Fails the check unless an answer has the break-even hit rate, and the decision that follows from it."""
    even = break_even(cache_ms, database_ms)
    number = said.get("break_even")
    good = isinstance(number, int | float) and abs(number - even) <= 0.005
    assert good, Because(
        found=f"A break-even hit rate of {number!r} was handed in, for {cache_ms} ms and {database_ms} ms.",
        consequence="A cache is bought that makes the page slower.",
        concept="With a cache, every read pays the cache's time, and a miss the database's on top of it.",
    )
    assert same(said.get("cache"), hit_rate >= even), Because(
        found=f"cache is {said.get('cache')!r}, at a hit rate of {hit_rate}.",
        consequence="The decision contradicts its own sum.",
        concept="Above the break-even rate a cache saves time, below it costs time.",
    )
