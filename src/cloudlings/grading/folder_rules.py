"""What holds for policies that give everybody a folder of their own."""

from __future__ import annotations

from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import decided_by, first_example, sentence
from cloudlings.grading.roles import (
    OVER_TLS,
    caller,
)
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, Principal, Request, decide, prove
from cloudlings.lab import Brief


def lists_no_other_folder(brief: Brief, name: str, who: Any, bucket: str) -> None:
    """The slip that the names invite, before any other request is looked for."""
    for other in brief.presenters:
        prefix = f"{brief.folders}{other}/"
        asked = Request(who.principal, "s3:ListBucket", bucket, context={**OVER_TLS, "s3:prefix": prefix})
        decision = decide(asked, who.policies)
        assert other == name or not decision.allowed, Because(
            found=f"A listing of {brief.archive} with the prefix {prefix} was asked as {name}: allowed.",
            consequence=f"{name} can s3:ListBucket what {other} keeps, name by name.",
            concept="Least privilege: a prefix is the beginning of a string, and a folder's ends with its "
            "slash.",
        )


def person(account: Account, name: str, bucket: str) -> Any:
    """A user of the station, with every policy that counts for a request to the bucket."""
    user = or_none(lambda: account.client("iam").get_user(UserName=name), "NoSuchEntity")
    assert user is not None, Because(
        found=f"There is no user {name} in this account any more.",
        consequence=f"{name} cannot sign in.",
        concept="A deleted user is gone with its keys and policies; reset_lab() lays the start state again.",
    )
    return caller(account, user["User"]["Arn"], bucket)


def no_use_to_a_session(
    account: Account, brief: Brief, name: str, policies: Policies, tags: list[str]
) -> None:
    """The same policies, hung on a role without tags, give its sessions nothing."""
    role = f"arn:aws:iam::{account.id}:role/{brief.editors_role}"
    arn = f"arn:aws:sts::{account.id}:assumed-role/{brief.editors_role}/session"
    hung = Policies(identity=(*policies.identity, *policies.groups), boundary=policies.boundary)
    comparison = prove(
        hung,
        Policies.of(identity=[]),
        account=account.id,
        principals=[Principal("session", arn, role_arn=role)],
        as_aws_sends=True,
        context=dict.fromkeys(tags),
    )
    example = first_example(comparison, "over")
    assert example is None, Because(
        found=f"The policies of {name} were put to a session of a role, as if they were attached to it.",
        consequence=f"{sentence(example)}: whoever comes by role is let into somebody's folder.",
        counterexample=decided_by(example),
        concept="A session of a role has no user name. A policy for everybody's own folder gives nothing "
        "to a caller whose name it cannot fill in; a written-out name or a default value does.",
    )
