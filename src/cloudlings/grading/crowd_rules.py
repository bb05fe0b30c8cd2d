"""Whether a flood in a queue leaves room for its neighbours: played with what is reserved in an account."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.errors import ModelError
from cloudlings.grading.task import Because
from cloudlings.lab import Brief
from cloudlings.models.concurrency import LEAST_UNRESERVED, Load, simulate


def nobody_is_refused(brief: Brief, held: Mapping[str, int], most: int | None, share: float) -> None:
    """Plays the flood, also with fewer letters, against what is reserved in the whole account."""
    ticks = brief.letter_minutes * 6
    flood = [brief.letter_count * share, *[0] * (ticks - 1)]
    steady = [brief.booking_per_second * 10] * ticks
    letters, booking = brief.letters, brief.booking
    others = [Load(name, (), 1, number) for name, number in held.items() if name not in (letters, booking)]
    loads = [
        Load(letters, flood, brief.letter_seconds, held.get(letters), queue=True, most=most),
        Load(booking, steady, brief.booking_seconds, held.get(booking)),
        *others,
    ]
    try:
        played = simulate(loads)
    except ModelError as error:
        raise AssertionError(
            Because(
                found=error.message,
                consequence=f"At least {LEAST_UNRESERVED} must stay for functions that nobody thought of.",
                concept="Reservations come out of the account's one limit.",
            )
        ) from None
    refused = sum(tick.throttled[booking] for tick in played)
    worst = max(played, key=lambda tick: tick.throttled[booking])
    assert refused < 1, Because(
        found=f"Monday was played with {flood[0]:,.0f} letters: {refused:,.0f} calls of {booking} are "
        f"refused. In the worst ten seconds {letters} runs {worst.running[letters]:.0f} times at once, "
        f"{booking} {worst.running[booking]:.0f}.",
        consequence="Visitors read 429 instead of booking.",
        concept="Concurrency = rate × time. What has no reservation shares what the reservations leave; "
        "what has one never gets more than it.",
    )
    left = played[-1].waiting[letters]
    assert left < 1, Because(
        found=f"After {brief.letter_minutes} minutes {left:,.0f} of {flood[0]:,.0f} letters wait.",
        consequence="They come a day late.",
        concept="A ceiling of c handles c letters in the time of one: number × seconds ÷ c.",
    )
