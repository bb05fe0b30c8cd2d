"""The test clock: what it shows, what a move makes due, and what stays in real time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cloudlings.errors import ClockError
from cloudlings.sandbox import clock

HERE, THERE = "111122223333", "444455556666"
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def moved() -> Iterator[None]:
    """Clocks of this process, back at real time afterwards."""
    yield
    clock.forget(HERE)
    clock.forget(THERE)


@pytest.mark.usefixtures("moved")
class TestMoments:
    """Moments are compared by the test clock; stamps are real."""

    def test_one_account_only(self) -> None:
        """A move is of one account; another's clock shows real time."""
        clock.advance(HERE, DAY)
        assert clock.now(HERE) - time.time() == pytest.approx(DAY, abs=1)
        assert clock.now(THERE) == pytest.approx(time.time(), abs=1)

    def test_before_and_after(self) -> None:
        """What was made before a move is older by it; what is made after is as old as it is."""
        before = time.time() - 60
        clock.advance(HERE, HOUR)
        assert clock.elapsed(HERE, before) == pytest.approx(HOUR + 60, abs=1)
        assert clock.elapsed(HERE, time.time()) == pytest.approx(0, abs=1)

    def test_moves_add_up(self) -> None:
        """Each thing is older by the moves since it was made."""
        clock.advance(HERE, HOUR, at=time.time() - 100)
        between = time.time() - 50
        clock.advance(HERE, DAY)
        assert clock.elapsed(HERE, between) == pytest.approx(DAY + 50, abs=1)
        assert clock.moved(HERE, time.time() - 200) == HOUR + DAY

    def test_moments_are_comparable(self) -> None:
        """now() less moment(stamp) is what has elapsed since."""
        stamp = time.time() - 5
        clock.advance(HERE, DAY)
        assert clock.now(HERE) - clock.moment(HERE, stamp) == pytest.approx(DAY + 5, abs=1)

    def test_deadlines(self) -> None:
        """A deadline set before a move comes nearer by it; one set afterwards does not."""
        before = time.time() - 10
        clock.advance(HERE, DAY)
        deadline = time.time() + HOUR
        assert clock.is_due(HERE, deadline, since=before)
        assert not clock.is_due(HERE, deadline, since=time.time() + 1)

    def test_deadlines_without_an_origin(self) -> None:
        """A deadline that stays is reached by moves that add up; a new deadline begins anew."""
        soon = time.time() + 2 * HOUR
        assert not clock.reaches(HERE, ("ttl", "a"), soon, HOUR)
        assert clock.reaches(HERE, ("ttl", "a"), soon, HOUR + 60)
        assert not clock.reaches(HERE, ("ttl", "b"), soon, HOUR)
        assert not clock.reaches(HERE, ("ttl", "b"), soon + HOUR, HOUR + 60)

    def test_work_is_told(self) -> None:
        """Whoever asked is told the account, and the clock before and after."""
        told: list[tuple[str, float]] = []
        work = clock.on_advance(lambda account, before, after: told.append((account, after - before)))
        clock.advance(HERE, HOUR)
        clock._work.remove(work)
        assert told == [(HERE, HOUR)]


@pytest.mark.parametrize("seconds", [0, -1, -3 * DAY, float("inf"), float("nan"), 11 * 366 * DAY])
def test_never_backwards(seconds: float) -> None:
    """A clock that is moved backwards, by nothing or past all bounds is a named error, and nothing moves."""
    with pytest.raises(ClockError):
        clock.advance(HERE, seconds)
    assert clock.moves(HERE) == ()
