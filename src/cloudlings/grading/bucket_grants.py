"""A bucket's policy grants to one role, and to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, decided_by, document, first_example, sentence
from cloudlings.grading.roles import (
    OVER_TLS,
)
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, prove
from cloudlings.lab import Brief


def nobody_else(account: Account, brief: Brief, policy: Any, most: Mapping[str, Any]) -> None:
    """The policy lets in no caller but the podcast's role, and keeps out none that worked before.

    ``most``: the statements that the role may have there, as an identity policy.
    """
    bucket = f"arn:aws:s3:::{brief.archive}"
    podcast = {"AWS": f"arn:aws:iam::{account.id}:role/{brief.podcast_role}"}
    theirs = document(*({**each, "Principal": podcast} for each in most["Statement"]))
    everything = document(allow("s3:*", "*"))
    cases = (
        ("over", Policies.of(resource=policy), Policies.of(resource=theirs)),
        (
            "under",
            Policies.of(identity=[everything], resource=policy),
            Policies.of(identity=[everything]),
        ),
    )
    for direction, found, needed in cases:
        comparison = prove(
            found,
            needed,
            account=account.id,
            actions=["s3:*"],
            resources=[bucket, f"{bucket}/*"],
            as_aws_sends=True,
            outsiders_may=direction == "over",
            context=OVER_TLS,
        )
        example = first_example(comparison, direction)  # type: ignore[arg-type]
        assert example is None, Because(
            found=f"The policy of {brief.archive} was put to callers other than {brief.podcast_role}.",
            consequence=f"{sentence(example, without=OVER_TLS)}.",
            counterexample=decided_by(example),
            concept="A bucket policy speaks to whom its Principal names: no more people than the job has, "
            "and no Deny for those who worked before.",
        )
