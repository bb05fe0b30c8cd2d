"""What graders of databases read of the journal, and of cases."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from cloudlings.errors import GraderError, ModelError
from cloudlings.grading.database_state import journalled, refused
from cloudlings.grading.store_cases import CASES, asked
from cloudlings.models.stores import choose


def row(operation: str, resource: str, status: int = 200, **more: Any) -> dict[str, Any]:
    return {
        "operation": operation,
        "resource": resource,
        "status": status,
        "error": "",
        "undone": False,
    } | more


def test_journalled() -> None:
    """An operation counts if it was carried out on that resource, and was not taken back."""
    rows = [
        row("PromoteReadReplica", "study"),
        row("PromoteReadReplica", "late", undone=True),
        row("PromoteReadReplica", "never", 400),
    ]
    assert [journalled(rows, "PromoteReadReplica", name) for name in ("study", "late", "never", "none")] == [
        True,
        False,
        False,
        False,
    ]


def test_refused() -> None:
    """The last refusal of a call is told by its code."""
    rows = [row("CreateDBSubnetGroup", "g", 400, error="InvalidSubnet"), row("CreateDBSubnetGroup", "other")]
    assert (refused(rows, "CreateDBSubnetGroup", "g"), refused(rows, "CreateDBSubnetGroup", "other")) == (
        "InvalidSubnet",
        "",
    )


def test_every_case_has_a_store() -> None:
    """Each case of the lab is one that the model answers."""
    try:
        assert all(choose(case).store for case in CASES.values())
    except ModelError as error:
        pytest.fail(str(error))


def test_unknown_case() -> None:
    """A case that the brief has and the table has not is the grader's own fault."""
    with pytest.raises(GraderError):
        asked("a horse")


def test_cases_of_the_lab() -> None:
    """The lab's brief draws from these cases, and from no others."""
    path = Path(__file__).parents[2] / "solutions/080-rds/brief.py"
    assert set(runpy.run_path(str(path))["CASES"]) == set(CASES)
