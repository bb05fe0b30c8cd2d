"""How many invocations run at once, who waits, and who is refused: functions that share an account's limit.

Pure: what arrives, ten seconds at a time, and the reservations in; what runs, waits and is throttled out.
Sources: Lambda Developer Guide, "Understanding Lambda function scaling" (concurrency = requests a second ×
seconds), "Configuring reserved concurrency" (a guarantee and a ceiling; 100 stay unreserved), "Lambda scaling
behavior" (1,000 more environments every 10 seconds for each function), "Configuring scaling behavior for SQS
event source mappings" (5 at the beginning, up to 300 more a minute, at most 1,250; MaximumConcurrency).

Where the shared pool is too small, AWS serves whoever comes first. The model gives each function a share in
proportion to what it asks for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from cloudlings.errors import ModelError

ACCOUNT_LIMIT, LEAST_UNRESERVED = 1000, 100
GROWTH = 1000
"""How many more environments a function may get in ten seconds."""
QUEUE_START, QUEUE_GROWTH, QUEUE_MOST = 5, 50, 1250
"""A standard queue's mapping: concurrent calls at first, how many more in ten seconds, and the most."""
TICK = 10
_ENOUGH = 1e-9


@dataclass(frozen=True)
class Load:
    """What one function has to do.

    ``arrivals`` are events in each ten seconds; ``seconds`` is how long one takes. ``reserved`` None: none.
    ``queue``: events wait in a standard SQS queue; otherwise callers are refused when there is no room.
    ``most`` is the mapping's MaximumConcurrency.
    """

    name: str
    arrivals: Sequence[float]
    seconds: float
    reserved: int | None = None
    queue: bool = False
    most: int | None = None


@dataclass(frozen=True)
class Tick:
    """Ten seconds: concurrency in use, events refused with 429, events still waiting, by function."""

    running: Mapping[str, float]
    throttled: Mapping[str, float]
    waiting: Mapping[str, float]


def needed(per_second: float, seconds: float) -> int:
    """The concurrency of a steady load: requests a second × seconds of each, rounded up."""
    return ceil(round(per_second * seconds, 6))


def unreserved(reserved: Sequence[int], limit: int = ACCOUNT_LIMIT) -> int:
    """What functions without a reservation share. `ModelError` where less than 100 would be left."""
    left = limit - sum(reserved)
    if left < LEAST_UNRESERVED:
        raise ModelError(
            f"Reservations of {sum(reserved)} leave {left} of {limit} unreserved.",
            next_step=f"AWS keeps at least {LEAST_UNRESERVED} for functions without a reservation.",
        )
    return left


def after_queue_starts(seconds: float, most: int = QUEUE_MOST) -> int:
    """The concurrent calls of a standard queue's mapping, so long after a flood began."""
    return min(most, QUEUE_MOST, int(QUEUE_START + QUEUE_GROWTH * seconds / TICK))


def after_calls_start(seconds: float, limit: int = ACCOUNT_LIMIT) -> int:
    """The environments of one function, so long after a flood of direct calls began."""
    return min(limit, GROWTH * (1 + int(seconds // TICK)))


def simulate(loads: Sequence[Load], limit: int = ACCOUNT_LIMIT) -> tuple[Tick, ...]:
    """What happens, ten seconds at a time, until all arrivals are over."""
    pool = unreserved([load.reserved for load in loads if load.reserved is not None], limit)
    waiting = {load.name: 0.0 for load in loads}
    running = {load.name: 0.0 for load in loads}
    pollers = {load.name: 0 for load in loads}
    ticks = []
    for turn in range(max((len(load.arrivals) for load in loads), default=0)):
        work = {each.name: waiting[each.name] + _arriving(each, turn) for each in loads}
        for each in loads:
            pollers[each.name] = _pollers(each, pollers[each.name], work[each.name])
        wanted = {each.name: _wanted(each, work, running, pollers) for each in loads}
        running = _given(loads, wanted, pool)
        left = {
            each.name: max(0.0, work[each.name] - running[each.name] * TICK / each.seconds) for each in loads
        }
        left = {name: 0.0 if rest < _ENOUGH else rest for name, rest in left.items()}
        queued = {each.name for each in loads if each.queue}
        waiting = {name: rest if name in queued else 0.0 for name, rest in left.items()}
        throttled = {name: 0.0 if name in queued else rest for name, rest in left.items()}
        ticks.append(Tick(dict(running), throttled, dict(waiting)))
    return tuple(ticks)


def _arriving(load: Load, turn: int) -> float:
    return float(load.arrivals[turn]) if turn < len(load.arrivals) else 0.0


def _pollers(load: Load, before: int, work: float) -> int:
    """The mapping's concurrent calls: from 5 up while there is work; without work it begins anew."""
    if not load.queue or not work:
        return 0
    return min(load.most or QUEUE_MOST, QUEUE_MOST, before + QUEUE_GROWTH if before else QUEUE_START)


def _wanted(
    load: Load, work: Mapping[str, float], running: Mapping[str, float], pollers: Mapping[str, int]
) -> float:
    """The concurrency that a function would use in this tick if it were alone."""
    asked = work[load.name] * load.seconds / TICK
    grown = min(asked, running[load.name] + GROWTH)
    if load.queue:
        grown = min(grown, pollers[load.name])
    return grown if load.reserved is None else min(grown, load.reserved)


def _given(loads: Sequence[Load], wanted: Mapping[str, float], pool: int) -> dict[str, float]:
    shared = sum(wanted[load.name] for load in loads if load.reserved is None)
    share = min(1.0, pool / shared) if shared else 1.0
    return {load.name: wanted[load.name] * (share if load.reserved is None else 1.0) for load in loads}
