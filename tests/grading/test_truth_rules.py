"""Requests in words: what the engine makes of them, and what a wrong verdict is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.account import Account
from cloudlings.grading.truth_rules import WORDS, decided, misjudged

ACCOUNT = Account("111122223333", None)
QUIET = {"identity": "silent", "resource": "none", "boundary": "none", "scp": "none", "session": "none"}

# What layers say, the account of the thing, the verdict, and a word of the idea that a wrong one is told.
ROWS: list[tuple[dict[str, str], str, str]] = [
    ({"identity": "allow"}, "allowed", "which kinds of policy can grant"),
    ({}, "implicit", "which kinds of policy can grant"),
    ({"resource": "allow"}, "allowed", "which kinds of policy can grant"),
    ({"resource": "silent"}, "implicit", "which kinds of policy can grant"),
    ({"boundary": "allow"}, "implicit", "A ceiling that allows: does it grant"),
    ({"scp": "allow", "session": "allow"}, "implicit", "A ceiling that allows: does it grant"),
    ({"identity": "allow", "boundary": "silent"}, "implicit", "does the request fit under it"),
    ({"identity": "allow", "scp": "silent"}, "implicit", "does the request fit under it"),
    ({"identity": "allow", "session": "silent"}, "implicit", "does the request fit under it"),
    ({"resource": "allow", "session": "silent"}, "implicit", "does the request fit under it"),
    ({"identity": "allow", "scp": "deny"}, "explicit", "says deny"),
    ({"identity": "allow", "resource": "deny"}, "explicit", "says deny"),
    ({"identity": "deny", "resource": "allow"}, "explicit", "says deny"),
    ({"boundary": "deny"}, "explicit", "says deny"),
    ({"resource": "allow", "account": "another"}, "implicit", "has to agree"),
    ({"identity": "allow", "account": "another"}, "implicit", "has to agree"),
    ({"identity": "allow", "resource": "allow", "account": "another"}, "allowed", "has to agree"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "verdict", "idea"), ROWS, ids=[str(row) for row, *_ in ROWS])
def test_a_row(said: Mapping[str, Any], verdict: str, idea: str) -> None:
    """Each kind of policy grants, limits or refuses as IAM's evaluation logic says; the idea fits the row."""
    row = {"account": "same", **QUIET, **said}
    assert WORDS[decided(ACCOUNT, row).outcome] == verdict
    told = misjudged({"r1": row, "r2": row}, ["r2"], {"r1": "allowed", "r2": "explicit"})
    assert "1 of 2 rows hold. r2 does not" in told.found
    assert idea in told.concept
