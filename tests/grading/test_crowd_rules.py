"""Whether a flood leaves room for its neighbours, by what is reserved."""

from __future__ import annotations

import pytest

from cloudlings.grading.crowd_rules import nobody_is_refused
from cloudlings.lab import Brief

BRIEF = Brief(
    {
        "booking": "booking",
        "booking_per_second": 130,
        "booking_seconds": 1.4,
        "letters": "letters",
        "letter_count": 36_000,
        "letter_seconds": 5,
        "letter_minutes": 12,
    }
)


def test_booking_has_its_own() -> None:
    """182 at once are needed; who reserves 200 for it is served, and the letters have the rest."""
    nobody_is_refused(BRIEF, {"booking": 200}, None, 1.0)


def test_a_ceiling_for_the_flood_is_enough() -> None:
    """500 letters at once are done in time, and leave room for everybody."""
    nobody_is_refused(BRIEF, {}, 500, 1.0)


@pytest.mark.parametrize(
    ("held", "most", "words"),
    [
        ({}, None, "calls of booking are refused"),
        ({"booking": 130}, None, "calls of booking are refused"),
        ({"archive": 700}, None, "calls of booking are refused"),
        ({"letters": 20}, None, "letters wait"),
        ({"booking": 200}, 20, "letters wait"),
        ({"booking": 200, "letters": 701}, None, "99 of 1000"),
    ],
)
def test_what_is_told(held: dict[str, int], most: int | None, words: str) -> None:
    """Refused visitors, letters that wait, and reservations that leave too little are each told in words."""
    with pytest.raises(AssertionError) as told:
        nobody_is_refused(BRIEF, held, most, 1.0)
    assert words in str(told.value)
