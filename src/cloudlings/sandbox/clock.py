"""The test clock of each account: how far its time was moved on. What takes days is shown in a second.

Only moments are compared by it; what is stored and shown stays in real time. So a stamp (an object's date, a
data point's) is turned into test time where it is compared, by the moves that came after it:

    clock.elapsed(account_id, stamp) > 3600         # an hour has passed since the stamp, by the test clock
    clock.moment(account_id, stamp)                 # when the stamp was, by the test clock
    clock.now(account_id)                           # what the test clock shows

Usable in every process of the sandbox: the moves are kept with the emulators' state of the account, and told
to each process. ``on_advance`` is for what must happen at once when the clock moves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudlings.errors import ClockError

Move = tuple[float, float]
"""When the clock was moved (real, epoch seconds), and by how many seconds."""

Work = Callable[[str, float, float], None]
"""Called with the account, and what its test clock showed before and shows after a move."""

LONGEST = 10 * 366 * 86_400.0
_MOVES = "moves"

# By (account, kind, …), as the emulators key what they keep: saved, read back and dropped with the account.
kept: dict[tuple[Any, ...], Any] = {}
_work: list[Work] = []


def now(account_id: str) -> float:
    """What an account's test clock shows, in epoch seconds: the real time, and every move on top."""
    return time.time() + sum(seconds for _, seconds in moves(account_id))


def moment(account_id: str, stamp: float) -> float:
    """When a moment of real time was by the test clock: comparable with ``now``."""
    return stamp + sum(seconds for at, seconds in moves(account_id) if at <= stamp)


def moved(account_id: str, since: float) -> float:
    """By how many seconds the clock was moved after a moment of real time."""
    return sum(seconds for at, seconds in moves(account_id) if at > since)


def elapsed(account_id: str, since: float) -> float:
    """The seconds from a moment of real time until now, by the test clock."""
    return time.time() - since + moved(account_id, since)


def is_due(account_id: str, deadline: float, since: float) -> bool:
    """Whether a deadline in real time has come that was set at ``since``: moves bring it nearer."""
    return time.time() + moved(account_id, since) >= deadline


def moves(account_id: str) -> tuple[Move, ...]:
    """The moves of an account's clock, the first first."""
    found: tuple[Move, ...] = kept.get((account_id, _MOVES), ())
    return found


def all_moves(account_id: str = "") -> dict[str, tuple[Move, ...]]:
    """The moves of one account's clock, or of every clock that was moved."""
    accounts = [account_id] if account_id else [key[0] for key in kept if key[1] == _MOVES]
    return {account: moves(account) for account in accounts}


def checked(seconds: float) -> float:
    """Seconds by which a clock may be moved. Raises ClockError for none, for too many, and backwards."""
    if not 0 < seconds < float("inf"):
        raise ClockError(
            f"The test clock only moves forward, and {seconds:g} seconds is not a step forward.",
            next_step="give a time above zero; `cloudlings reset LAB` sets the clock back to real time",
        )
    if seconds > LONGEST:
        raise ClockError(
            f"The test clock moves by ten years at most at a time, and this is {seconds / 86_400:,.0f} days.",
            next_step="give a shorter time",
        )
    return float(seconds)


def advance(account_id: str, seconds: float, at: float | None = None) -> float:
    """Move an account's clock, in this process only, and do what is due by then.

    The gateway tells every process (``Sandbox.advance``); ``at`` is the real time of the move there. Returns
    what the clock shows. Raises ClockError.
    """
    before = now(account_id)
    move = (time.time() if at is None else at, checked(seconds))
    kept[account_id, _MOVES] = (*moves(account_id), move)
    for work in tuple(_work):
        work(account_id, before, before + seconds)
    return now(account_id)


def on_advance(work: Work) -> Work:
    """Have a function called whenever a clock was moved in this process; it may be used as a decorator."""
    if work not in _work:
        _work.append(work)
    return work


def follow(account_id: str, known: Sequence[Sequence[float]]) -> None:
    """Take over the moves as another process knows them; nothing is done for it."""
    forget(account_id)
    if known:
        kept[account_id, _MOVES] = tuple((float(at), float(seconds)) for at, seconds in known)


def forget(account_id: str) -> None:
    """Set an account's clock back to real time."""
    for key in [key for key in kept if key[0] == account_id]:
        del kept[key]


def state(account_id: str) -> dict[tuple[Any, ...], Any]:
    """What is kept of an account, for an emulator to save with the rest of it."""
    return {key: value for key, value in list(kept.items()) if key[0] == account_id}


def put_back(account_id: str, state: Mapping[tuple[Any, ...], Any]) -> None:
    """Take over what ``state`` gave."""
    forget(account_id)
    kept.update(state)


def reaches(account_id: str, thing: tuple[Any, ...], deadline: float, seconds: float) -> bool:
    """Whether a move by ``seconds`` reaches the deadline of a thing whose stamp of origin nobody keeps.

    What the thing has lived through already is remembered for as long as its deadline stays the same. Call it
    once for each move; a deadline is in epoch seconds of real time.
    """
    key = (account_id, *thing)
    before = kept.get(key, (deadline, 0.0))
    lived = seconds + (before[1] if before[0] == deadline else 0.0)
    if time.time() + lived >= deadline:
        kept.pop(key, None)
        return True
    kept[key] = (deadline, lived)
    return False
