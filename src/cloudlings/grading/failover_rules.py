"""What is true of a failover of a Multi-AZ instance, and whether one was drilled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cloudlings.grading.answer_parts import same
from cloudlings.grading.database_state import Raw
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown

TRUE_OF_FAILOVER = {
    "endpoint": "same",
    "zone": "changes",
    "connections": "cut",
    "standby_reads": False,
    "committed_rows_lost": 0,
}
"""What a program that uses the database sees (RDS User Guide, "Failing over a Multi-AZ DB instance")."""


def predicts_a_failover(given: Any) -> None:
    """Fails the check unless an answer tells of every part of a failover what is true."""
    said = given if isinstance(given, Mapping) else {}
    missing = [name for name in TRUE_OF_FAILOVER if name not in said]
    assert not missing, Because(
        found=f'The answer "failover" says nothing of {shown(missing)}.',
        consequence="On the night when it happens, somebody will guess.",
        concept="Predict first: then the drill teaches something.",
    )
    wrong = [name for name, value in TRUE_OF_FAILOVER.items() if not same(said[name], value)]
    assert not wrong, Because(
        found=f"{len(TRUE_OF_FAILOVER) - len(wrong)} of {len(TRUE_OF_FAILOVER)} predictions hold; one that "
        f"does not is {wrong[0]}.",
        consequence="A program is written for a failover that goes otherwise: it waits for an address that "
        "never changes, or trusts a connection that is gone.",
        concept="The standby is synchronous and serves nobody; the name moves to it; connections do not.",
    )


def drills_in(events: Sequence[Raw]) -> list[Raw]:
    """Those of an instance's events that tell of a failover."""
    return [each for each in events if "failover" in each.get("EventCategories", [])]


def was_drilled(name: str, events: Sequence[Raw]) -> None:
    """Fails the check unless an instance's events tell of a failover."""
    assert drills_in(events), Because(
        found=f"The events of {name} tell of no failover: {shown([e['Message'] for e in events][-3:])}.",
        consequence="Nobody knows whether the portal connects again by itself.",
        concept="A plain reboot restarts the same machine. A failover is asked for by name.",
    )
