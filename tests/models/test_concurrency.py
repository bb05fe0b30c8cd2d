"""Concurrency: steady loads, floods, reservations, and who is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ModelError
from cloudlings.models.concurrency import (
    QUEUE_MOST,
    Load,
    after_calls_start,
    after_queue_starts,
    needed,
    simulate,
    unreserved,
)

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "concurrency.yaml").read_text())
HOUR = 360


@pytest.mark.parametrize("case", CASES["needed"], ids=lambda case: case["source"][-30:])
def test_needed(case: dict[str, Any]) -> None:
    """A steady load needs rate × time."""
    assert needed(case["per_second"], case["seconds"]) == case["is"]


@pytest.mark.parametrize("case", CASES["queue"], ids=lambda case: str(case["after"]))
def test_queue_ramp(case: dict[str, Any]) -> None:
    """A queue's mapping begins with five, adds 300 a minute, and has a ceiling."""
    assert after_queue_starts(case["after"], case.get("most", QUEUE_MOST)) == case["is"]


@pytest.mark.parametrize("case", CASES["calls"], ids=lambda case: str(case["after"]))
def test_calls_ramp(case: dict[str, Any]) -> None:
    """Direct calls get 1,000 environments every ten seconds, up to the limit."""
    assert after_calls_start(case["after"], case["limit"]) == case["is"]


def test_unreserved() -> None:
    """A hundred stay unreserved; a sum that leaves less is an error with its numbers."""
    assert unreserved([400, 500]) == 100
    with pytest.raises(ModelError, match="901 leave 99"):
        unreserved([901])


def flood(count: float = 60_000, **more: Any) -> Load:
    return Load("flood", [count, *[0] * (HOUR - 1)], 5, queue=True, **more)


def quiet(reserved: int | None = None) -> Load:
    return Load("quiet", [1000] * HOUR, 1, reserved)


def refused(*loads: Load) -> float:
    return sum(tick.throttled["quiet"] for tick in simulate(loads))


def test_a_quiet_function_is_refused_in_a_flood() -> None:
    """Without reservations a flood takes the pool, and callers of another function are refused."""
    assert refused(flood(), quiet()) > 0


@pytest.mark.parametrize(
    ("flooding", "beside"),
    [(flood(), quiet(100)), (flood(reserved=800), quiet()), (flood(most=800), quiet())],
    ids=["guaranteed", "capped", "capped at the mapping"],
)
def test_a_quiet_function_is_protected(flooding: Load, beside: Load) -> None:
    """A guarantee for the one, or a ceiling for the other: nobody is refused."""
    assert refused(flooding, beside) == 0


def test_a_reservation_is_a_ceiling() -> None:
    """With less than it needs, a function is refused although the account has room."""
    assert refused(quiet(60)) == pytest.approx((1000 - 600) * HOUR)


def test_a_queue_waits_and_is_never_refused() -> None:
    """What a queue holds waits; with a low ceiling some of it waits at the end."""
    last = simulate([flood(reserved=10)])[-1]
    assert last.throttled["flood"] == 0
    assert last.waiting["flood"] == pytest.approx(60_000 - 10 * 2 * HOUR, abs=20)


def test_reserved_nothing_does_nothing() -> None:
    """A reservation of 0 switches a function off."""
    assert simulate([flood(reserved=0)])[-1].waiting["flood"] == 60_000
