"""Plans for stored things, and the first day on which lifecycle rules do something else."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.models.lifecycle import Fate, StoredObject, Versioning, fates

DAYS = (*range(1200), *range(1200, 4000, 50), 10_000, 100_000, 1_000_000)
"""The ages at which a plan is compared: every day of the first 1,200, then every 50th, then ages for ever."""


@dataclass(frozen=True)
class Plan:
    """What shall become of one thing. ``steps`` are (from this age on, state): a storage class, "hidden" or
    "deleted"; ``what`` is what a person calls it."""

    what: str
    stored: StoredObject
    steps: tuple[tuple[int, str], ...]

    def at(self, age: int) -> str:
        """The planned state at an age in days."""
        return [state for since, state in self.steps if since <= age][-1]


@dataclass(frozen=True)
class Difference:
    """The first day on which a plan and the rules part: what was planned, and what the rules make of it."""

    plan: Plan
    day: int
    planned: str
    fate: Fate

    @property
    def state(self) -> str:
        """The fate in a plan's words."""
        return state_of(self.fate)


def state_of(fate: Fate) -> str:
    """A fate as one word: its storage class where a GET finds it, else "hidden" or "deleted"."""
    return str(fate.storage_class) if fate.state == "stored" else fate.state


def first_difference(
    rules: Sequence[Mapping[str, Any]],
    plans: Iterable[Plan],
    *,
    versioning: Versioning = "Off",
    default_minimum: str = "all_storage_classes_128K",
) -> Difference | None:
    """The first difference of the first plan that has one; None when the rules do what was planned."""
    for plan in plans:
        lived = fates(rules, plan.stored, DAYS, versioning=versioning, default_minimum=default_minimum)
        turns = {bisect_left(DAYS, since) for since, _ in plan.steps}
        before = None
        for number, (day, fate) in enumerate(zip(DAYS, lived, strict=True)):
            # On most days neither the rules nor the plan do anything.
            if (fate is not before or number in turns) and state_of(fate) != plan.at(day):
                return Difference(plan, day, plan.at(day), fate)
            before = fate
    return None
