"""A role that was really borrowed: a short session in the journal, a read by it, a door closed to others."""

from __future__ import annotations

import hashlib
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.roles import (
    OVER_TLS,
    caller,
)
from cloudlings.grading.s3_state import head
from cloudlings.grading.task import Because
from cloudlings.iam import Request, decide
from cloudlings.lab import Brief


def fee_told(brief: Brief, given: Any) -> None:
    """The number that stands in the contract was handed in."""
    concept = "The number stands in the object's bytes: read it as the role."
    number = _number(given)
    assert number is not None, Because(
        found='No answer "fee" was handed in yet.'
        if given is None
        else f'The answer "fee" is {given!r}, which is no number.',
        consequence="Finance still waits for the sum.",
        concept=concept,
    )
    assert number == _fee(brief.contract), Because(
        found=f'The answer "fee" is {given!r}; the contract {brief.contract} says another number.',
        consequence="Finance pays a wrong sum.",
        concept=concept,
    )


def closed_to_me(account: Account, brief: Brief, me: str) -> None:
    """Who borrowed the role is still refused as itself."""
    arn = f"arn:aws:s3:::{brief.contracts}/{brief.contract}"
    assert head(account, brief.contracts, brief.contract) is not None, Because(
        found=f"There is no object {brief.contract} in {brief.contracts} any more.",
        consequence="The contract is lost.",
        concept="reset_lab() lays the start state again.",
    )
    who = caller(account, me, arn)
    decision = decide(Request(who.principal, "s3:GetObject", arn, context=OVER_TLS), who.policies)
    assert not decision.allowed, Because(
        found=f"s3:GetObject {arn} was asked as {me}: allowed.",
        consequence="Every administrator reads every contract, and no role is needed for it.",
        concept="The Deny in the bucket's policy is what keeps the contracts closed, to administrators too.",
    )


def was_borrowed(account: Account, brief: Brief, name: str) -> None:
    """The journal: a session of 900 seconds, and a read by it."""
    rows = [row for row in account.journal() if row["status"] < 300]
    suffix = f":role/{name}"
    assumed = [
        row["parameters"].get("DurationSeconds", "3600")
        for row in rows
        if row["operation"] == "AssumeRole" and row["parameters"].get("RoleArn", "").endswith(suffix)
    ]
    assert assumed, Because(
        found=f"The journal holds no successful AssumeRole for {name}.",
        consequence="Nobody has been the role yet.",
        concept="Being allowed to become a role is not being it: STS gives the credentials on request.",
    )
    assert "900" in assumed, Because(
        found=f"{name} was taken on for {', '.join(sorted(set(assumed)))} seconds.",
        consequence="The credentials live longer than the quarter of an hour that the job takes, wherever "
        "they end up.",
        concept="A session's length is asked for with the call; it ends by itself, and not before.",
    )
    arn = f"arn:aws:s3:::{brief.contracts}/{brief.contract}"
    readers = {row["principal"] for row in rows if row["operation"] == "GetObject" and row["resource"] == arn}
    mine = f"arn:aws:sts::{account.id}:assumed-role/{name}/"
    assert any(reader.startswith(mine) for reader in readers), Because(
        found=f"The journal holds no successful GetObject of {arn} by a session of {name}.",
        consequence="The contract was not read by the one who may.",
        concept="A client uses the credentials that it was made with: one that was there before is still "
        "you.",
    )


def _fee(contract: str) -> int:
    """As the lab's start state wrote it into the contract."""
    return 1000 + int(hashlib.sha256(f"fee of {contract}".encode()).hexdigest(), 16) % 9000


def _number(value: Any) -> float | None:
    try:
        return float(str(value).replace("EUR", "").strip())
    except ValueError:
        return None
