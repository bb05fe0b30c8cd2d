"""A database that came of another one: its rows decide, where something could count them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.recovery_rules import (
    Rows,
    brings_them_back,
    has_its_patients,
    is_asked,
    is_kept,
    was_promoted,
    was_restored,
)
from cloudlings.lab import Brief

BRIEF = Brief({"rows": 10, "clinics": ["North", "South"], "clinic": "South", "restored": "db-2"})


@pytest.mark.parametrize("rows", [None, (10, 5)])
def test_the_rows_from_before_pass_and_so_does_what_nobody_can_count(rows: Rows) -> None:
    """Where no PostgreSQL is, RDS's state alone must do."""
    brings_them_back(BRIEF, "db-2", rows)
    has_its_patients(BRIEF, "db-3", rows)


@pytest.mark.parametrize(
    ("rows", "restored", "study"),
    [
        ((5, 0), "5 appointments, 0 of South; before the accident there were 10 and 5", "has 0 appointments"),
        ((0, 0), "0 appointments, 0 of South", "has 0 appointments"),
        (
            (10, 4),
            "10 appointments, 4 of South; before the accident there were 10 and 5",
            "has 4 appointments",
        ),
    ],
)
def test_rows_that_are_missing_are_counted_in_the_message(rows: Rows, restored: str, study: str) -> None:
    """What is there, and what was there."""
    with pytest.raises(AssertionError) as failed:
        brings_them_back(BRIEF, "db-2", rows)
    assert restored in str(failed.value.args[0])
    with pytest.raises(AssertionError) as failed:
        has_its_patients(BRIEF, "db-3", rows)
    assert study in str(failed.value.args[0])


def test_a_study_may_have_grown() -> None:
    """Researchers write into their own database: the clinic's rows count, not the sum."""
    has_its_patients(BRIEF, "db-3", (12, 5))


def test_as_many_rows_of_another_clinic_are_not_those_from_before() -> None:
    """Both numbers count, and more rows than there were are another moment's."""
    for rows in ((11, 5), (9, 5)):
        with pytest.raises(AssertionError, match=f"{rows[0]} appointments, 5 of South"):
            brings_them_back(BRIEF, "db-2", rows)


class Journal:
    """An account in whose journal these operations on db-3 stand."""

    def __init__(self, *operations: str, status: int = 200) -> None:
        self.rows = [{"operation": each, "resource": "db-3", "status": status} for each in operations]

    def journal(self) -> list[dict[str, Any]]:
        return self.rows


def promoted(*operations: str, status: int = 200, follows: str = "") -> None:
    found = {"DBInstanceIdentifier": "db-3", "ReadReplicaSourceDBInstanceIdentifier": follows}
    was_promoted(cast(Account, Journal(*operations, status=status)), found)


MADE, ALONE = "CreateDBInstanceReadReplica", "PromoteReadReplica"


def test_as_asked() -> None:
    """The restored one is there and asked, the old one kept, the study a replica that was promoted."""
    found = {"DBInstanceIdentifier": "db-2"}
    assert was_restored(BRIEF, {"db-2": found}) is found
    is_asked("db-2", found, "/portal")
    is_kept("db-1", True)
    promoted(MADE, ALONE)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda: was_restored(BRIEF, {"db-9": {}, "db-1": {}}), "are db-1 and db-9; db-2 is not among them"),
        (lambda: is_asked("db-2", {"DBInstanceIdentifier": "db-1"}, "/portal"), "/portal leads to db-1"),
        (lambda: is_kept("db-1", False), "db-1 is gone, and no snapshot"),
        (lambda: promoted(MADE, ALONE, follows="db-2"), "db-3 still follows db-2"),
        (lambda: promoted(MADE), "the journal has no PromoteReadReplica of it"),
        (lambda: promoted(ALONE), "the journal has no CreateDBInstanceReadReplica of it"),
        (lambda: promoted(MADE, ALONE, status=400), "has no CreateDBInstanceReadReplica"),
    ],
)
def test_otherwise(rule: Callable[[], None], words: str) -> None:
    """What is otherwise is told with its name."""
    with pytest.raises(AssertionError, match=words):
        rule()
