"""Whether S3 calls a bucket policy public, which is what Block Public Access acts on.

Source: S3 User Guide, "The meaning of public". A policy is public unless each of its grants to everyone
is tied to fixed values of certain keys. This is S3's own rule of thumb, not a proof: see
``public_access`` for who can really get in.
"""

from __future__ import annotations

from typing import Final

from cloudlings.iam.conditions import read_range
from cloudlings.iam.operators import OPERATORS
from cloudlings.iam.statements import Condition, Policy, Statement

FIXING_KEYS: Final = frozenset(
    {
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount",
        "aws:principalservicename", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner",
        "aws:sourceaccount", "aws:sourceorgid", "aws:userid", "s3:dataaccesspointarn",
        "s3:dataaccesspointaccount", "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)  # fmt: skip
"""Keys that make a grant non-public when their values are fixed; aws:SourceIp has a rule of its own."""

_BROADEST: Final = {4: 8, 6: 32}


def is_public(policy: Policy | None) -> bool:
    """Whether S3 counts the bucket policy as public."""
    return policy is not None and any(_grants_public(statement) for statement in policy.statements)


def _grants_public(statement: Statement) -> bool:
    if statement.effect != "Allow":
        return False
    everyone = statement.not_principal is not None or (
        statement.principal is not None and (statement.principal.everyone or _web_identity(statement))
    )
    return everyone and not any(_fixes(condition) for condition in statement.conditions)


def _web_identity(statement: Statement) -> bool:
    """Whether it names an identity provider that anybody can sign up with (S3's own example: Facebook)."""
    names = statement.principal.federated if statement.principal is not None else ()
    return any(not name.startswith("arn:") for name in names)


def _fixes(condition: Condition) -> bool:
    """Whether it ties a grant to fixed values: no wildcard, no variable, no pass for a missing key."""
    known = OPERATORS[condition.operator]
    if known.negated or condition.if_exists or condition.qualifier == "ForAllValues" or not condition.values:
        return False
    if known.test == "ip":
        return condition.folded_key == "aws:sourceip" and all(_narrow(value) for value in condition.values)
    if (
        known.test not in ("string", "string-ignore-case", "like", "arn")
        or condition.folded_key not in FIXING_KEYS
    ):
        return False
    return all(_fixed(condition, value) for value in condition.values)


def _fixed(condition: Condition, value: str) -> bool:
    if "${" in value:
        return False
    if condition.folded_key == "s3:dataaccesspointarn":
        # A wildcard may stand for the access point's name, as long as the account is fixed.
        return (
            value.count(":") >= 5
            and "*" not in value.rsplit(":", 1)[0]
            and "?" not in value.rsplit(":", 1)[0]
        )
    if condition.folded_key == "aws:userid" and value.endswith(":*"):
        return False
    return "*" not in value and "?" not in value


def _narrow(value: str) -> bool:
    range_ = read_range(value)
    return range_ is not None and range_.prefixlen >= _BROADEST[range_.version]
