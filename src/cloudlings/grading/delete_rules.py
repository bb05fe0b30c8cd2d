"""Deleting from a bucket is refused for good, and its readers and writers go on working."""

from __future__ import annotations

from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.roles import (
    OVER_TLS,
)
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, prove
from cloudlings.lab import Brief

DELETES = ["s3:DeleteObject", "s3:DeleteObjectVersion"]


def deletes_refused(account: Account, brief: Brief, editor: Any, masters: str) -> None:
    """Deleting stays refused with AdministratorAccess beside what is there: only a Deny does that."""
    everything = readable(document(allow("*", "*")), "identity policy")
    tomorrow = Policies(
        identity=(*editor.policies.identity, everything),
        boundary=editor.policies.boundary,
        resource=editor.policies.resource,
    )
    refused = {"Effect": "Deny", "Action": DELETES, "Resource": f"{masters}/*"}
    needed = Policies(identity=(everything, readable(document(refused), "need")))
    example = first_example(over_masters(account, editor, tomorrow, needed, masters, DELETES), "over")
    assert example is None, Because(
        found=f"Deletion in {brief.masters} was put to the policies that count for {brief.editors_role}, "
        "with AdministratorAccess attached beside them.",
        consequence=f"{sentence(example, without=OVER_TLS)}. A master that is gone cannot be recorded again.",
        counterexample=decided_by(example),
        concept="An explicit Deny beats every Allow, in any order, where it matches: its actions (a version "
        "is deleted by an action of its own), its ARNs (objects are not the bucket), its conditions.",
    )


def over_masters(
    account: Account, editor: Any, found: Policies, needed: Policies, masters: str, actions: Any = ("s3:*",)
) -> Any:
    """A proof over the requests that an editor can send to the bucket of the masters, over TLS."""
    return prove(
        found,
        needed,
        account=account.id,
        principals=[editor.principal],
        actions=list(actions),
        resources=[masters, f"{masters}/*"],
        as_aws_sends=True,
        context={**editor.context, **OVER_TLS},
        existing=[masters, f"{masters}/2019/first-broadcast.wav"],
    )
