"""A table of requests in words: what the engine makes of each row, and what to say of a wrong verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, document
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, Principal, Request, decide

WORDS = {"Allowed": "allowed", "ExplicitDeny": "explicit", "ImplicitDeny": "implicit"}


def misjudged(table: Mapping[str, Any], wrong: list[str], said: Mapping[str, str]) -> Because:
    """What to say of the first row whose verdict does not hold."""
    name = wrong[0]
    row = ", ".join(f"{layer} {word}" for layer, word in table[name].items())
    return Because(
        found=f"{len(table) - len(wrong)} of {len(table)} rows hold. {name} does not: {row}. "
        f"Your word for it is {said[name]}.",
        consequence="Whoever believes that leaves a door open, or looks for the fault in the wrong policy.",
        concept=_rule(table[name]),
    )


def _rule(row: Mapping[str, str]) -> str:
    if "deny" in row.values():
        return "Which layer says deny, and can another layer outvote it?"
    if "silent" in (row["boundary"], row["scp"], row["session"]):
        return "A ceiling that is there and says nothing about a request: does the request fit under it?"
    if row["account"] != "same":
        return "Two accounts, two owners: which of them has to agree?"
    return "In one account, which kinds of policy can grant? A ceiling that allows: does it grant?"


def decided(account: Account, row: Mapping[str, str]) -> Any:
    """A row as the engine decides it: every word becomes a policy."""
    role = f"arn:aws:iam::{account.id}:role/dj"
    owner = account.id if row["account"] == "same" else "999988887777"
    policies = Policies.of(
        identity=_spoken(row["identity"]),
        resource=next(iter(_spoken(row["resource"], Principal={"AWS": role})), None),
        boundary=next(iter(_spoken(row["boundary"])), None),
        scp=[_spoken(row["scp"])] if row["scp"] != "none" else [],
        session=next(iter(_spoken(row["session"])), None),
    )
    who = Principal("session", f"arn:aws:sts::{account.id}:assumed-role/dj/session", role_arn=role)
    asked = Request(who, "s3:GetObject", "arn:aws:s3:::heron/a.wav", resource_account=owner)
    return decide(asked, policies)


def _spoken(word: str, **more: Any) -> list[dict[str, Any]]:
    statement = allow("s3:GetObject", "arn:aws:s3:::heron/*", **more)
    match word:
        case "allow":
            return [document(statement)]
        case "deny":
            return [document({**statement, "Effect": "Deny"})]
        case "silent":
            return [document(allow("s3:PutObject", "arn:aws:s3:::heron/*", **more))]
        case _:
            return []
