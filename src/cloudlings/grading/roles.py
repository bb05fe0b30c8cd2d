"""What graders of roles share: who may take a role on, and what its sessions may do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable, sentence
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.iam import Comparison, Policies, Principal, between, gather, prove

OVER_TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}
ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML")
_ANYBODY = [document(allow("sts:*", "*"))]


@dataclass(frozen=True)
class Caller:
    """A principal of the account with every policy that has a say, as a session or user of today."""

    principal: Principal
    policies: Policies
    context: Mapping[str, Any]


def role_named(account: Account, name: str) -> Mapping[str, Any] | None:
    """The role of a name; None when there is none."""
    reply = or_none(lambda: account.client("iam").get_role(RoleName=name), "NoSuchEntity")
    return reply["Role"] if reply else None


def require_role(account: Account, name: str, consequence: str) -> Mapping[str, Any]:
    """The role of a name, or a failed task that says which roles were seen."""
    role = role_named(account, name)
    roles = [each["RoleName"] for each in account.client("iam").list_roles()["Roles"]]
    seen = [each for each in roles if not each.startswith("AWSServiceRole")]
    assert role is not None, Because(
        found=f"There is no role {name} in this account. The roles are {', '.join(sorted(seen)) or 'none'}.",
        consequence=consequence,
        concept="Code and people refer to a role by its name: another name is another role.",
    )
    return role


def caller(account: Account, arn: str, resource: str = "*") -> Caller:
    """Who makes a request, from its ARN: a user, or a role's session. What cannot be read fails the task."""
    found = gather(account, arn, resource)
    assert not found.unread, Because(
        found=f"Not every policy could be read: {found.unread[0]}.",
        consequence="Nobody can say what it allows.",
        concept="Policies are exact: what AWS cannot read, it does not apply.",
    )
    return Caller(found.principal, found.policies, {**_no_tags(found.policies), **found.context})


def session(account: Account, role: str, resource: str = "*") -> Caller:
    """A session of a role, named as AWS names it."""
    return caller(account, f"arn:aws:sts::{account.id}:assumed-role/{role}/session", resource)


def _no_tags(policies: Policies) -> dict[str, None]:
    """Tags that policies speak of and a caller does not have are absent, and not free to choose."""
    return dict.fromkeys(re.findall(r"aws:PrincipalTag/[\w+=.@-]+", repr(policies), re.IGNORECASE))


def may_exactly(
    account: Account,
    who: Caller,
    *,
    least: Mapping[str, Any],
    most: Mapping[str, Any],
    job: str,
    stops: str,
    existing: Sequence[str] = (),
    at_work: Mapping[str, Any] | None = None,
) -> None:
    """Fails the task unless the caller may do at least the one and at most the other document, over TLS.

    ``job`` completes "The policies of X were put to …", ``stops`` says what a refusal stops, ``at_work`` is
    what AWS fills in when the job is done.
    """
    name = _short(who.principal)
    people = [f"arn:aws:iam::{account.id}:{each}" for each in ("user/learner", f"role/{name}")]

    def bounds(**given: Any) -> Comparison:
        return between(
            who.policies,
            at_least=Policies.of(identity=[least]),
            at_most=Policies.of(identity=[most]),
            account=account.id,
            principals=[who.principal],
            context={**OVER_TLS, **given, **who.context},
            existing=[*existing, *people],
        )

    above = bounds()
    below = bounds(**at_work) if at_work else above
    # What no policy speaks of is no reason for a refusal.
    said = repr(who.policies).lower()
    untold = {*OVER_TLS, *(key for key in at_work or {} if key.lower() not in said)}
    refused = first_example(below, "under")
    s3 = refused is not None and refused.request.action.lower().startswith("s3:")
    assert refused is None, Because(
        found=f"The policies that count for {name} were put to {job}.",
        consequence=f"{sentence(refused, without=untold)}: {stops}.",
        counterexample=decided_by(refused),
        concept="Without a matching Allow the answer is no. A statement matches when its actions, its ARNs "
        "and all of its conditions match"
        + ("; a bucket and its objects have different ARNs." if s3 else "."),
    )
    surplus = first_example(above, "over")
    assert surplus is None, Because(
        found=f"The policies that count for {name} were put to every request beyond {job}.",
        consequence=f"{sentence(surplus, without=OVER_TLS)}, and nobody needs that.",
        counterexample=decided_by(surplus),
        concept="Least privilege: what is allowed beyond the job is what a mistake, or a thief of the "
        "credentials, can do. List what the job calls, and on what.",
    )


def _short(principal: Principal) -> str:
    return principal.role.rsplit("/", 1)[-1] if principal.role else principal.name


def only_takes_on(
    account: Account,
    role: Mapping[str, Any],
    principal: Mapping[str, str],
    *,
    who: str,
    action: str = "sts:AssumeRole",
    condition: Mapping[str, Any] | None = None,
    context: Mapping[str, Any] | None = None,
    concept: str = "A trust policy says who may become the role. Each caller that it lets in has all that "
    "the role has.",
) -> None:
    """Fails the task unless ``principal`` alone (under ``condition``) can take on the role.

    ``who`` names it in a sentence; ``context`` is what AWS fills in when it is ``who`` that asks.
    """
    name = role["RoleName"]
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": dict(principal), "Action": action}
    if condition:
        statement["Condition"] = dict(condition)
    trust = readable(role["AssumeRolePolicyDocument"], f"trust policy of {name}")
    found = Policies.of(identity=_ANYBODY, trust=trust)
    needed = Policies.of(identity=_ANYBODY, trust=document(statement))
    for direction, given in (("under", context), ("over", None)):
        comparison = prove(
            found,
            needed,
            account=account.id,
            resources=[role["Arn"]],
            actions=list(ASSUMING),
            as_aws_sends=True,
            outsiders_may=True,
            context=given,
        )
        example = first_example(comparison, direction)  # type: ignore[arg-type]
        wrong = (
            f"Not only {who} can take it on"
            if direction == "over"
            else f"{who[:1].upper()}{who[1:]} cannot take it on"
        )
        assert example is None, Because(
            found=f"The trust policy of {name} was put to every caller. {wrong}.",
            consequence=f"{sentence(example)}.",
            counterexample=decided_by(example),
            concept=concept,
        )
