"""A role that was really borrowed: what the journal must hold, and the number that it was borrowed for."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.borrowed_role import fee_told, was_borrowed
from cloudlings.lab import Brief

BRIEF = Brief({"contracts": "heron-contracts", "contract": "contracts/ana.txt"})
ROLE = "arn:aws:iam::111122223333:role/lawyer"


class Journal:
    """An account with these rows in its journal."""

    id = "111122223333"

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = rows

    def journal(self) -> list[dict[str, Any]]:
        return list(self._rows)


def assumed(
    seconds: str | None = "900", role: str = ROLE, operation: str = "AssumeRole", status: int = 200
) -> Any:
    told = {"RoleArn": role} | ({"DurationSeconds": seconds} if seconds else {})
    return {"operation": operation, "parameters": told, "status": status, "principal": "me", "resource": ""}


def read(
    name: str = "lawyer", key: str = "contracts/ana.txt", operation: str = "GetObject", status: int = 200
) -> Any:
    return {
        "operation": operation,
        "parameters": {},
        "status": status,
        "principal": f"arn:aws:sts::111122223333:assumed-role/{name}/session",
        "resource": f"arn:aws:s3:::heron-contracts/{key}",
    }


def test_borrowed() -> None:
    """Taken on for 900 seconds, and the contract read by a session of it; other tries do no harm."""
    tries = [
        assumed(None),
        assumed(status=403),
        read("lawyer", status=403),
        read("another"),
        {**read(), "operation": "HeadObject"},
    ]
    account: Any = Journal(*tries, assumed(), read())
    was_borrowed(account, BRIEF, "lawyer")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "holds no successful AssumeRole for lawyer"),
        ([assumed(status=403)], "holds no successful AssumeRole"),
        ([assumed(role=f"{ROLE}-2")], "holds no successful AssumeRole"),
        ([assumed(operation="AssumeRoleWithWebIdentity")], "holds no successful AssumeRole"),
        ([read(operation="GetCallerIdentity")], "holds no successful AssumeRole"),
        ([assumed("3600"), assumed(None), assumed("1800")], "taken on for 1800, 3600 seconds"),
        ([assumed()], "no successful GetObject"),
        ([assumed(), read("another")], "no successful GetObject"),
        ([assumed(), read(key="contracts/ben.txt")], "no successful GetObject"),
        ([assumed(), read(operation="HeadObject")], "no successful GetObject"),
        ([assumed(), read(status=403)], "no successful GetObject"),
    ],
)
def test_not_borrowed(rows: list[Any], words: str) -> None:
    """Not taken on, for too long, or not used for the reading."""
    account: Any = Journal(*rows)
    with pytest.raises(AssertionError, match=words):
        was_borrowed(account, BRIEF, "lawyer")


@pytest.mark.parametrize(
    ("given", "words"),
    [(None, "No answer"), ("many", "'many', which is no number"), ([1], "no number"), (1, "another number")],
)
def test_another_fee(given: Any, words: str) -> None:
    """None, no number, or a wrong one."""
    with pytest.raises(AssertionError, match=words):
        fee_told(BRIEF, given)
