"""An experiment in the journal: what counts as a try, and what shows that somebody waited."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.loop_rules import about, looped
from cloudlings.lab import Brief

BRIEF = Brief({"loop_key": "checks/a.txt"})
STEPS = {"PutObject": 200, "GetObject": 200, "DeleteObject": 204}


def rows(*steps: str | tuple[str, int], pause: float = 0.001, before: str = "") -> list[dict[str, Any]]:
    """Rows of a journal, one after another; ``pause`` comes before steps of the operation ``before``."""
    found, now = [], 0.0
    for step in steps:
        operation, status = step if isinstance(step, tuple) else (step, STEPS[step])
        now += pause if operation == before else 0.001
        found.append({"operation": operation, "status": status, "time": now})
    return found


TRIES = ("PutObject", "GetObject") * 200
LOOKED_AT = ("PutObject", "HeadObject", "GetObject") * 200
END: tuple[Any, ...] = ("DeleteObject", ("GetObject", 404))


@pytest.mark.parametrize(
    "steps", [(*TRIES, *END), (*END, *TRIES, "PutObject"), ("HeadObject", *TRIES, *END), (*LOOKED_AT, *END)]
)
def test_the_experiment(steps: tuple[Any, ...]) -> None:
    """Two hundred overwrites with a read each, and a read after a delete, in any order."""
    looped(BRIEF, rows(*[("HeadObject", 200) if each == "HeadObject" else each for each in steps]))


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), "holds 0 overwrites"),
        ((*TRIES[:398], *END), "holds 199 overwrites"),
        ((*["PutObject"] * 200, *["GetObject"] * 200, *END), "holds 1 overwrites"),
        ((*[("PutObject", 403), ("GetObject", 403)] * 200, *END), "holds 0 overwrites"),
        (TRIES, "0 deletes"),
        ((*TRIES, "DeleteObject", "PutObject", "GetObject"), "1 deletes"),
        ((*TRIES, ("DeleteObject", 403), ("GetObject", 404)), "0 deletes"),
    ],
)
def test_what_is_no_experiment(steps: tuple[Any, ...], words: str) -> None:
    """Too few, not one after the other, refused ones, and a delete that no read followed."""
    with pytest.raises(AssertionError, match=words):
        looped(BRIEF, rows(*steps))


def test_who_waits_tests_nothing() -> None:
    """A pause before each read is told; one before each write is nobody's business."""
    with pytest.raises(AssertionError, match="A pause tests nothing"):
        looped(BRIEF, rows(*TRIES, *END, pause=0.05, before="GetObject"))
    looped(BRIEF, rows(*TRIES, *END, pause=0.05, before="PutObject"))


def test_what_the_journal_says_of_the_key() -> None:
    """Rows about the object; deleting it as the first of several keys is a delete of it."""
    brief = Brief({"bucket": "b", "loop_key": "checks/a.txt"})

    def row(operation: str, resource: str, **parameters: str) -> dict[str, Any]:
        return {"operation": operation, "resource": f"arn:aws:s3:::{resource}", "parameters": parameters}

    found = about(
        [
            row("PutObject", "b/checks/a.txt"),
            row("PutObject", "b/checks/b.txt"),
            row("DeleteObjects", "b", Key="checks/b.txt"),
            row("DeleteObjects", "other", Key="checks/a.txt"),
            row("DeleteObjects", "b"),
            row("DeleteObjects", "b", Key="checks/a.txt"),
        ],
        brief,
    )
    assert [each["operation"] for each in found] == ["PutObject", "DeleteObject"]
