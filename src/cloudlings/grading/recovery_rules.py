"""A database that came of another one, by a restore or by a promotion: its rows, and who asks it."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlings.account import Account
from cloudlings.grading.database_state import Raw, journalled
from cloudlings.grading.portal_database import rows_of_clinic
from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import shown
from cloudlings.lab import Brief

Rows = tuple[int, int] | None
"""Appointments in all and of the accident's clinic; None where no PostgreSQL could tell."""


def was_restored(brief: Brief, every: Mapping[str, Raw]) -> Raw:
    """The restored instance; fails the check when there is none."""
    found = every.get(brief.restored)
    assert found is not None, Because(
        found=f"The instances are {shown(sorted(every))}; {brief.restored} is not among them.",
        consequence=f"The appointments of {brief.clinic} are still gone.",
        concept="A restore always makes a new instance, under a new name.",
    )
    return found


def brings_them_back(brief: Brief, name: str, rows: Rows) -> None:
    """Fails the check unless a restored instance has the rows from before the accident."""
    wanted = (brief.rows, rows_of_clinic(brief))
    assert rows is None or rows == wanted, Because(
        found=f"{name} was asked: {rows[0] if rows else 0} appointments, "
        f"{rows[1] if rows else 0} of "
        f"{brief.clinic}; before the accident there were {wanted[0]} and {wanted[1]}.",
        consequence=f"Patients of {brief.clinic} come for appointments of which nobody knows.",
        concept="A restore has what was committed before its time: a moment too late, and the mistake is "
        "in it.",
    )


def is_asked(name: str, pointed_at: Raw, parameter: str) -> None:
    """Fails the check unless the instance to which a parameter leads is the one of this name."""
    pointed = pointed_at["DBInstanceIdentifier"]
    assert pointed == name, Because(
        found=f"The parameter {parameter} leads to {pointed}.",
        consequence="The rows are back, in a database that nobody asks.",
        concept="A new instance has an endpoint of its own: whoever used the old one must be told.",
    )


def is_kept(name: str, still_there: bool) -> None:
    """Fails the check unless an instance, or a snapshot of it, is still there."""
    assert still_there, Because(
        found=f"{name} is gone, and no snapshot of it is there.",
        consequence="What was booked after the accident was in it alone, and so was the proof of what "
        "happened.",
        concept="The old database is kept until somebody has looked at what it has and the new one lacks.",
    )


def was_promoted(account: Account, database: Raw) -> None:
    """Fails the check unless an instance was made as a replica and promoted."""
    name = database["DBInstanceIdentifier"]
    follows = database.get("ReadReplicaSourceDBInstanceIdentifier")
    assert not follows, Because(
        found=f"{name} still follows {follows}.",
        consequence="The researchers' first write is refused: a replica is read only.",
        concept="Promotion ends the replication, once and for all.",
    )
    journal = account.journal()
    steps = ("CreateDBInstanceReadReplica", "PromoteReadReplica")
    missing = [step for step in steps if not journalled(journal, step, name)]
    assert not missing, Because(
        found=f"{name} stands alone; the journal has no {missing[0]} of it.",
        consequence="It was not made from the portal's database as it runs, or nobody practised the "
        "promotion.",
        concept="A replica is made from a running database, and promoted when it is to live on its own.",
    )


def has_its_patients(brief: Brief, name: str, rows: Rows) -> None:
    """Fails the check unless a promoted replica has the rows of its restored source."""
    assert rows is None or rows[1] == rows_of_clinic(brief), Because(
        found=f"{name} has {rows[1] if rows else 0} appointments of {brief.clinic}; the restored "
        f"database has {rows_of_clinic(brief)}.",
        consequence="The study is about a clinic whose patients it does not have.",
        concept="A replica has what its source has: it matters whom it follows.",
    )
