"""Plans against rules."""

from __future__ import annotations

from typing import Any

from cloudlings.models.lifecycle import StoredObject
from cloudlings.models.plan import Plan, first_difference

KEPT = Plan("the log", StoredObject("logs/a"), ((0, "STANDARD"), (31, "STANDARD_IA")))


def rule(days: int) -> list[dict[str, Any]]:
    return [
        {
            "ID": "r",
            "Status": "Enabled",
            "Filter": {},
            "Transitions": [{"Days": days, "StorageClass": "STANDARD_IA"}],
        }
    ]


def test_as_planned() -> None:
    """Rules that do what was planned have no difference."""
    assert first_difference(rule(30), [KEPT]) is None


def test_first_day_of_difference() -> None:
    """The first day on which rules and plan part is told, with both states."""
    differs = first_difference(rule(40), [KEPT])
    assert differs is not None
    assert (differs.day, differs.planned, differs.state) == (31, "STANDARD_IA", "STANDARD")
