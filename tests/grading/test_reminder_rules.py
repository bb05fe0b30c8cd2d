"""How far graders of a queue's reader move the clock."""

from __future__ import annotations

import pytest

from cloudlings.grading.reminder_rules import moves_at_most

FOUR_DAYS = 4 * 86_400


@pytest.mark.parametrize(("tries", "hidden"), [(5, 30), (5, 360), (7, 5_400), (6, 40_000)])
def test_there_are_spare_moves_and_no_message_expires(tries: int, hidden: int) -> None:
    """More moves than tries, and never so many that the queue, which keeps four days, drops a message."""
    count = moves_at_most(tries, hidden)
    assert count >= tries + 2
    assert count * (hidden + 1) < FOUR_DAYS
