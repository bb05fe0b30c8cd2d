"""What graders of log groups ask: is each kept as long as it is needed, no longer, and none for ever?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloudlings.account import Account
from cloudlings.grading.log_rules import least_retention
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown


def kept_as_long(kept: Mapping[str, int | None], name: str, days: int) -> None:
    """Fails the check unless a log group keeps its events for ``days``, rounded up to what is offered.

    ``kept`` has each group's retention in days; None: for ever.
    """
    assert name in kept, Because(
        found=f"Log group {name} was looked for. It is not there.",
        consequence="Its lines are gone, and the next ones have nowhere to go.",
        concept="How long a group keeps its events is a setting of the group.",
    )
    found, wanted = kept[name], least_retention(days)
    assert found is not None, Because(
        found=f"{name} has no retention: describe_log_groups shows no retentionInDays.",
        consequence="It keeps every line for ever, and every month costs more than the one before.",
        concept="What is not told to expire never does.",
    )
    assert found >= days, Because(
        found=f"{name} keeps its events for {found} days; they are needed for {days}.",
        consequence=f"On day {found + 1} the line that somebody asks for is gone for good.",
        concept="Retention is a promise to whoever asks late.",
    )
    assert found <= wanted, Because(
        found=f"{name} keeps its events for {found} days; they are needed for {days}, and CloudWatch "
        "offers something between.",
        consequence="Storage is paid for days that nobody asks about, and personal data lies longer "
        "than it may.",
        concept="The list of lengths has steps; the right one is the first that is long enough.",
    )


def lines_are_there(account: Account, names: Sequence[str]) -> None:
    """Fails the check if a log group that had lines has none: it was deleted, and made anew."""
    client = account.client("logs")
    empty = [name for name in names if not client.filter_log_events(logGroupName=name, limit=1)["events"]]
    assert not empty, Because(
        found=f"The lines of {shown(empty)} were looked for. There is none any more.",
        consequence="What customers complain of today, nobody can look up any more.",
        concept="A log group that is deleted takes its lines along. What runs is changed in place; "
        "reset_lab() lays the start state again.",
    )


def none_for_ever(kept: Mapping[str, int | None]) -> None:
    """Fails the check if a log group has no retention."""
    endless = sorted(name for name, days in kept.items() if days is None)
    assert not endless, Because(
        found=f"Log groups without retention are there besides: {shown(endless[:3])}.",
        consequence="What is made by the way is what nobody looks after.",
        concept="A function makes its log group by itself, without retention, if nobody made it before.",
    )
