"""What graders of sums share: bills that a learner worked out, against `cloudlings.cost`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.cost import Estimate
from cloudlings.grading.task import Because


def as_billed(name: str, given: Any, bills: Mapping[str, Estimate], *, consequence: str) -> Mapping[str, Any]:
    """Fails the check unless an answer has each bill's dollars within 1 %; gives the answer.

    The first that is off is told, by how much and with the lines that its bill has, not with its sum.
    """
    said: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    for key, bill in bills.items():
        number: Any = said.get(key)
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        assert is_number, Because(
            found=f'The answer "{name}" has {number!r} for {key}; it needs a number of dollars.',
            consequence=consequence,
            concept=f"It has a number for each of {', '.join(bills)}.",
        )
        off = abs(number - bill.usd) / bill.usd
        assert off <= 0.01, Because(
            found=f"{key}: ${number:,.2f} a month was handed in, which is {off:.1%} too "
            f"{'much' if number > bill.usd else 'little'}.",
            consequence=consequence,
            concept=f"Lines of this bill: {lines(bill)}.",
        )
    return said


def lines(bill: Estimate) -> str:
    """What a bill is made of, in words: only what is charged."""
    charged = {f"{line.resource} ({line.what})" for line in bill.lines if line.quantity}
    return ", ".join(sorted(charged)) or "none"
