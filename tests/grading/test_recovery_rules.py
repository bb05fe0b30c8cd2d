"""A database that came of another one: its rows decide, where something could count them."""

from __future__ import annotations

import pytest

from cloudlings.grading.recovery_rules import Rows, brings_them_back, has_its_patients
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
