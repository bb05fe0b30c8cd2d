"""Access Analyzer's custom policy checks, and who outside the account a resource lets in, by the proofs.

Source: IAM User Guide, "Custom policy checks", "IAM Access Analyzer findings"; IAM Access Analyzer API
reference, ReasonSummary, FindingSummary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cloudlings.iam import shapes
from cloudlings.iam.callers import user
from cloudlings.iam.comparison import Comparison
from cloudlings.iam.documents import parse
from cloudlings.iam.proof import prove
from cloudlings.iam.public import is_public
from cloudlings.iam.questions import NOTHING, prove_resource_policy, public_access
from cloudlings.iam.request import ContextValue, Policies, Principal, Settings, account_of
from cloudlings.iam.statements import Policy, Statement

_MOST: Final = 50
"""Counterexamples that are looked at for the statements behind them."""


class TooComplex(Exception):
    """Nothing could be proved in the time that there is; the text says why."""


@dataclass(frozen=True)
class Reason:
    """A statement that is why a check fails, and a request that shows it ("" where none is named)."""

    statement: Statement
    example: str = ""


def new_access(new: str, existing: str, account: str, *, of_resource: bool) -> tuple[Reason, ...]:
    """The statements of a policy that grant what another does not. PolicyError for what is no policy."""
    if of_resource:
        found = prove_resource_policy(new, existing, account=account, limit=_MOST)
    else:
        sides = (Policies.of(identity=[new]), Policies.of(identity=[existing]))
        found = prove(*sides, account=account, limit=_MOST)
    return _reasons(found, of_resource=of_resource)


def granted_access(
    policy: str, actions: Sequence[str], resources: Sequence[str], account: str, *, of_resource: bool
) -> tuple[Reason, ...]:
    """The statements that grant one of some actions (any, when there are none) on one of some resources."""
    side = Policies.of(resource=policy) if of_resource else Policies.of(identity=[policy])
    found = prove(
        side,
        NOTHING,
        actions=actions,
        resources=resources,
        account=account,
        outsiders_may=of_resource,
        limit=_MOST,
    )
    return _reasons(found, of_resource=of_resource)


def public_statements(policy: str, account: str) -> tuple[Reason, ...]:
    """The statements that let everyone in."""
    found = public_access(policy, account=account)
    example = found.example.sentence if found.example else ""
    return tuple(Reason(statement, example) for statement in found.statements)


def _reasons(found: Comparison, *, of_resource: bool) -> tuple[Reason, ...]:
    if found.verdict == "not_proven" and not found.over:
        raise TooComplex(found.reason or "The policies are too complex to compare.")
    reasons: dict[int, Reason] = {}
    for example in found.over:
        for statement in example.granted.statements:
            # An identity's policy is nobody's yet: who the engine imagines as its holder says nothing.
            what = example.sentence if of_resource else f"it allows {example.sentence.partition(' can ')[2]}"
            reasons.setdefault(statement.index, Reason(statement, what))
    return tuple(reasons[index] for index in sorted(reasons))


# --- who gets in from outside ----------------------------------------------------------------------


@dataclass(frozen=True)
class Shared:
    """A resource of the account with its policy: what an analyzer looks at.

    ``restricted``: S3 leaves only the account in. ``acl``: who an access control list lets in, and how.
    """

    arn: str
    type: str
    policy: str = ""
    restricted: bool = False
    acl: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class External:
    """One way in from outside: who, with which actions, under which condition; by a policy or a list."""

    resource: str
    type: str
    principal: tuple[str, str]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...] = ()
    public: bool = False
    source: str = "POLICY"

    @property
    def key(self) -> str:
        """What makes it another finding than the next."""
        return repr((self.resource, self.principal, self.actions, self.condition, self.source))


_ACL: Final = {
    "READ": ("s3:GetObject", "s3:ListBucket"), "WRITE": ("s3:DeleteObject", "s3:PutObject"),
    "READ_ACP": ("s3:GetBucketAcl",), "WRITE_ACP": ("s3:PutBucketAcl",),
}  # fmt: skip


def external_access(resources: Iterable[Shared], account: str) -> list[External]:
    """Every way into some resources from outside their account."""
    return [found for resource in resources for found in (*_by_policy(resource, account), *_by_acl(resource))]


def _by_policy(resource: Shared, account: str) -> Iterator[External]:
    policy = parse(resource.policy, "resource policy") if resource.policy else Policy()
    for statement in policy.statements:
        if statement.effect != "Allow":
            continue
        for principal, callers in _outsiders(statement, account):
            first = next((c for c in callers if _gets_in(resource, policy, statement, c, account)), None)
            if first is not None:
                everyone = principal[1] == "*" and first in callers[:2]
                yield External(
                    resource.arn,
                    resource.type,
                    principal,
                    tuple(sorted(statement.action or ("*",))),
                    tuple((one.key, ", ".join(one.values)) for one in statement.conditions),
                    everyone and is_public(replace(policy, statements=(statement,))),
                )


def _outsiders(statement: Statement, account: str) -> Iterator[tuple[tuple[str, str], list[Principal]]]:
    """Whom a statement names outside the account, each with callers that stand for it; services are not."""
    stranger = user(shapes.stranger([account]), "carlos")
    named = statement.principal
    if statement.not_principal is not None or (named is not None and named.everyone):
        others = {a for one in statement.conditions for a in _accounts_in(one.values) if a != account}
        # First those who stand for everyone, then those whom a condition may leave.
        named_ones = [user(other, "carlos") for other in sorted(others)]
        yield ("AWS", "*"), [Principal("anonymous"), stranger, *named_ones]
    for name in named.aws if named is not None else ():
        owner = name if name.isdecimal() else account_of(name)
        if name != "*" and owner and owner != account:
            yield ("AWS", name), _callers(name, owner)
    for name in named.federated if named is not None else ():
        kind = "saml" if ":saml-provider/" in name else "oidc"
        yield ("Federated", name), [Principal("saml" if kind == "saml" else "oidc", name)]
    for name in named.canonical_user if named is not None else ():
        yield ("CanonicalUser", name), [replace(stranger, canonical_id=name)]


def _callers(name: str, owner: str) -> list[Principal]:
    kind = name.split(":", 5)[-1].partition("/")[0]
    if kind == "role":
        session = f"arn:aws:sts::{owner}:assumed-role/{name.rpartition('/')[2]}/session"
        return [Principal("session", session, role_arn=name)]
    if kind == "assumed-role":
        return [Principal("session", name)]
    return [Principal("user", name)] if kind == "user" else [user(owner, "carlos")]


def _gets_in(resource: Shared, policy: Policy, statement: Statement, caller: Principal, account: str) -> bool:
    """Whether the statement lets a caller in, whatever the policy denies."""
    denies = tuple(one for one in policy.statements if one.effect == "Deny")
    side = Policies(
        resource=replace(policy, statements=(statement, *denies)),
        settings=Settings(s3_block_public_access=resource.restricted),
    )
    arns = (resource.arn, f"{resource.arn}/*") if resource.type == "AWS::S3::Bucket" else (resource.arn,)
    found = prove(
        side,
        Policies(settings=side.settings),
        context=_as_sent(statement, account, caller),
        principals=(caller,),
        resources=arns,
        account=account,
        outsiders_may=True,
        as_aws_sends=True,
        limit=1,
        seconds=2.0,
    )
    # What could not be proved might be a way in, and is told.
    return bool(found.over) or found.verdict == "not_proven"


_OF_SERVICES: Final = ("aws:SourceOwner", "aws:SourceAccount", "aws:SourceArn")
_ACCOUNT: Final = re.compile(r"\b\d{12}\b")


def _as_sent(statement: Statement, account: str, caller: Principal) -> dict[str, ContextValue]:
    """Keys that a caller from outside cannot choose: its account's, and those of services' calls.

    The latter are absent, unless a condition ties one to another account.
    """
    tied = {one.folded_key for one in statement.conditions if set(_accounts_in(one.values)) - {account}}
    absent: dict[str, ContextValue] = {key: None for key in _OF_SERVICES if key.lower() not in tied}
    return {**absent, "kms:CallerAccount": caller.account or None}


def _accounts_in(values: Iterable[str]) -> list[str]:
    return _ACCOUNT.findall(" ".join(values))


def _by_acl(resource: Shared) -> Iterator[External]:
    for grantee, permission in resource.acl:
        everyone = grantee in ("everyone", "authenticated")
        names = tuple(_ACL) if permission == "FULL_CONTROL" else (permission,)
        actions = tuple(sorted({action for name in names for action in _ACL.get(name, ())}))
        who = ("AWS", "*") if everyone else ("CanonicalUser", grantee)
        if actions and not (everyone and resource.restricted):
            yield External(resource.arn, resource.type, who, actions, (), everyone, "BUCKET_ACL")


def shown_reasons(reasons: Iterable[Reason], words: str) -> list[dict[str, Any]]:
    """Reasons as the API gives them: ``words`` end before the statement's name."""
    shown = []
    for reason in reasons:
        statement = reason.statement
        name = f"sid: {statement.sid}" if statement.sid else f"index: {statement.index}"
        example = f" For example: {reason.example}." if reason.example else ""
        one: dict[str, Any] = {"description": f"{words} {name}.{example}", "statementIndex": statement.index}
        shown.append(one | ({"statementId": statement.sid} if statement.sid else {}))
    return shown
