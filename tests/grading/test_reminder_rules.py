"""How far graders of a queue's reader move the clock."""

from __future__ import annotations

import pytest

from cloudlings.grading.reminder_rules import moments_between, moves_at_most

FOUR_DAYS = 4 * 86_400


@pytest.mark.parametrize(("tries", "hidden"), [(5, 30), (5, 360), (7, 5_400), (6, 40_000)])
def test_there_are_spare_moves_and_no_message_expires(tries: int, hidden: int) -> None:
    """More moves than tries, and never so many that the queue, which keeps four days, drops a message."""
    count = moves_at_most(tries, hidden)
    assert count >= tries + 2
    assert count * (hidden + 1) < FOUR_DAYS


@pytest.mark.parametrize(
    ("tries", "hidden", "short", "long"),
    [(5, 180, 10, 15), (7, 180, 14, 11), (7, 5_400, 14, 11), (6, 40_000, 0, 8)],
)
def test_the_last_moves_leave_a_slow_machine_its_time(tries: int, hidden: int, short: int, long: int) -> None:
    """Short moments first, and long ones for every try and two more, also where few moves are left."""
    moments = moments_between(tries, hidden)
    assert (len(moments), moments.count(min(moments)) if short else 0) == (short + long, short)
    assert list(moments) == sorted(moments)
    assert long >= tries + 2
