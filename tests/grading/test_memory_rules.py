"""Answers about a function's memory: the cheapest size that is quick enough, its sums, and what is set."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.cost import lambda_bill, price_table
from cloudlings.grading.memory_rules import chosen_as_billed, set_as_decided
from cloudlings.lab import Brief


def row(memory: int, average: float, p95: float) -> dict[str, Any]:
    return {"memory": memory, "average_ms": average, "p95_ms": p95, "init_ms": 200.5}


CALLS = 3_000_000
BRIEF = Brief(
    {
        "benchmark": [row(256, 300.0, 400.0), row(512, 100.2, 120.0), row(1024, 60.0, 75.0)],
        "slo_ms": 200,
        "calls": CALLS,
        "cold_share": 0.02,
        "portraits": "portraits-1",
        "tmp_mb": 1024,
    }
)
SUM = lambda_bill(
    CALLS, milliseconds=100.2, memory_mb=512, cold_starts=0.02 * CALLS, init_milliseconds=200.5
).usd
EVEN = 730 * price_table()["ec2.t3.small"].usd / SUM * CALLS
RIGHT = {"choose": 512, "usd": SUM, "even": EVEN}


@pytest.mark.parametrize(
    "more", [{}, {"choose": "512"}, {"choose": 512.0}, {"usd": SUM * 1.009}, {"even": int(EVEN)}]
)
def test_the_cheapest_that_is_quick_enough(more: dict[str, Any]) -> None:
    """However the size is written, and within a hundredth of the sums."""
    assert chosen_as_billed(BRIEF, RIGHT | more) == 512


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"choose": 256}, r"Its p95 is 400.0 ms; 200 were agreed.\s+One visitor in twenty"),
        ({"choose": 1024}, "chooses 1024 MB.\nAnother size that is quick enough costs less"),
        ({"choose": 300}, "Nothing was measured at that size"),
        ({"choose": None}, "chooses None MB. Nothing was measured"),
        ({"choose": [512]}, "Nothing was measured"),
        ({"usd": SUM * 1.02}, "for usd"),
        ({"usd": f"{SUM:.2f}"}, "for usd"),
        ({"even": float("inf")}, "inf for even"),
        ({"even": None}, "None for even"),
    ],
)
def test_another_size_or_sum(more: dict[str, Any], words: str) -> None:
    """Too slow, too dear, never measured, or a wrong sum: each is told as what it is."""
    with pytest.raises(AssertionError, match=words):
        chosen_as_billed(BRIEF, RIGHT | more)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"MemorySize": 1024, "EphemeralStorage": {"Size": 1024}}, "has 1024 MB; the answer chooses 512"),
        ({"MemorySize": 512}, r"/tmp of 512 MB; 1024 were agreed.\s+A huge original"),
        (
            {"MemorySize": 512, "EphemeralStorage": {"Size": 2048}},
            r"/tmp of 2048 MB.*\s+What is above 512 MB",
        ),
    ],
)
def test_what_is_set(settings: dict[str, Any], words: str) -> None:
    """The decision must be in the account; /tmp is neither too small nor paid for without need."""
    set_as_decided(BRIEF, {"MemorySize": 512, "EphemeralStorage": {"Size": 1024}}, 512)
    with pytest.raises(AssertionError, match=words):
        set_as_decided(BRIEF, settings, 512)
