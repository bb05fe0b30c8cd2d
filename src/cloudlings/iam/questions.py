"""The questions that graders and learners ask, each put to the proof.

between(granted, at_least=must_work, at_most=may_work)      is it enough, and not too much?
prove_resource_policy(written, needed, account=…)           the same for a bucket, queue or key policy alone
public_access(bucket_policy)                                does it open the door to everyone, and how?
who_can("s3:GetObject", arn, policies)                      who gets in, each with a request that shows it
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cloudlings.iam import shapes
from cloudlings.iam.callers import HOME, user
from cloudlings.iam.comparison import Comparison, Counterexample, Verdict
from cloudlings.iam.documents import parse
from cloudlings.iam.proof import SECONDS, prove
from cloudlings.iam.public import is_public
from cloudlings.iam.request import ContextValue, Policies, Principal
from cloudlings.iam.statements import Policy, Statement

FULL_ACCESS: Final = Policy(
    (Statement("Allow", action=("*",), resource=("*",), version="2012-10-17"),),
    "2012-10-17",
    name="FullAccess",
)
"""An identity policy that allows everything: what is left to decide is the resource's side."""

NOTHING: Final = Policies()
"""No policy at all: allows nothing."""


def between(
    granted: Any, *, at_least: Any, at_most: Any, compare: Callable[..., Comparison] = prove, **options: Any
) -> Comparison:
    """Whether what is granted lies between two bounds, over all requests.

    The verdict is "equal" when it does, "over" when it goes beyond ``at_most``, "under" when it leaves out
    something of ``at_least``. ``compare`` and its ``options``: ``prove``, or ``prove_resource_policy``.
    Requests that AWS never makes do not count, unless ``as_aws_sends=False``.
    """
    options.setdefault("as_aws_sends", True)
    budget = _Budget(options.pop("seconds", SECONDS), 2)
    above = compare(granted, at_most, seconds=budget.share(), **options)
    below = compare(granted, at_least, seconds=budget.share(), **options)
    return _together(
        (
            replace(above, under=(), verdict=_only(above, "over")),
            replace(below, over=(), verdict=_only(below, "under")),
        )
    )


def _only(found: Comparison, side: str) -> Verdict:
    """The verdict with one direction left."""
    if found.verdict in ("both", side):
        return "over" if side == "over" else "under"
    if found.verdict == "not_proven":
        return "not_proven"
    return "equal"


def _together(found: Iterable[Comparison], limit: int | None = None) -> Comparison:
    """Several comparisons as one: what any of them met, counts."""
    several = tuple(found)
    verdicts = {one.verdict for one in several} - {"equal"}
    reason = " ".join(dict.fromkeys(one.reason for one in several if one.reason))
    verdict: Verdict = "equal"
    if {"over", "under"} <= verdicts or "both" in verdicts:
        verdict = "both"
    elif "not_proven" in verdicts:
        verdict = "not_proven"
    elif verdicts:
        verdict = verdicts.pop()
    return Comparison(
        verdict,
        _worst([example for one in several for example in one.over], limit),
        _worst([example for one in several for example in one.under], limit),
        reason if verdict == "not_proven" else "",
        sum(one.decided for one in several),
        sum(one.seconds for one in several),
    )


def _worst(examples: Iterable[Counterexample], limit: int | None) -> tuple[Counterexample, ...]:
    met: dict[tuple[object, ...], Counterexample] = {}
    for example in sorted(examples, key=lambda one: one.order):
        met.setdefault((example.request.principal, example.request.action, example.request.resource), example)
    return tuple(met.values())[:limit]


def prove_resource_policy(granted: Any, needed: Any, *, account: str, **options: Any) -> Comparison:
    """Whether two resource policies (documents, or None for none) let the same requests in.

    ``account`` owns the resource. Every caller is tried twice: with no permissions of its own, so that only
    what the policy grants counts, and with all permissions, so that what it denies counts. Callers of other
    accounts always have what their own account can give. A policy is asked about actions of its resource's
    service only. ``options``: those of ``prove``.
    """
    limit = options.get("limit", 3)
    options.setdefault("actions", _actions_on(granted, needed))
    budget = _Budget(options.pop("seconds", SECONDS), 2)
    found = []
    for own in ((), (FULL_ACCESS,)):
        sides = [Policies(identity=own, resource=_policy(side)) for side in (granted, needed)]
        found.append(prove(*sides, account=account, outsiders_may=True, seconds=budget.share(), **options))
    return _together(found, limit)


def _actions_on(*documents: Any) -> tuple[str, ...]:
    """All actions of the service whose resources the policies name; () when they do not tell."""
    policies = [policy for document in documents if (policy := _policy(document)) is not None]
    texts = [
        text
        for p in policies
        for s in p.statements
        for text in (*(s.resource or ()), *(s.not_resource or ()))
    ]
    services = {text.split(":")[2] if text.count(":") > 2 else "*" for text in texts}
    return (f"{services.pop()}:*",) if len(services) == 1 and "*" not in services else ()


class _Budget:
    """The computing time that several comparisons have together: each gets its share of what is left."""

    def __init__(self, seconds: float, comparisons: int) -> None:
        self._ends, self._left = time.thread_time() + seconds, comparisons

    def share(self) -> float:
        """The seconds of the next comparison; a moment at least, in which the simple ones are settled."""
        found = (self._ends - time.thread_time()) / self._left
        self._left -= 1
        return max(found, 0.2)


def _policy(document: Any) -> Policy | None:
    return None if document is None else parse(document, "resource policy")


@dataclass(frozen=True)
class PublicAccess:
    """Whether a resource policy is public as S3 means it, with the statements that make it so.

    ``example`` is a request by someone outside the account that the policy lets in; None when it is not
    public, or when other statements keep everyone out all the same.
    """

    public: bool
    statements: tuple[Statement, ...] = ()
    example: Counterexample | None = None

    def __bool__(self) -> bool:
        return self.public


def public_access(resource_policy: Any, *, account: str = HOME, existing: Iterable[str] = ()) -> PublicAccess:
    """Whether a policy counts as public: a grant to everyone that no fixed value of certain keys limits.

    A fixed aws:SourceArn, aws:SourceVpc, aws:SourceVpce, aws:PrincipalOrgID, a narrow aws:SourceIp … make a
    grant non-public; aws:Referer or aws:UserAgent, which anybody can send, do not.
    Source: S3 User Guide, "Blocking public access", section "The meaning of public".
    """
    policy = _policy(resource_policy)
    if policy is None or not is_public(policy):
        return PublicAccess(False)
    opening = tuple(s for s in policy.statements if is_public(replace(policy, statements=(s,))))
    outsiders = (Principal("anonymous"), user(shapes.stranger([account]), "carlos"))
    closing = tuple(s for s in policy.statements if s.effect == "Deny")
    found = prove(
        Policies(resource=replace(policy, statements=(*opening, *closing))),
        NOTHING,
        principals=outsiders,
        account=account,
        existing=existing,
        actions=_actions_on(policy),
        outsiders_may=True,
        as_aws_sends=True,
        limit=1,
    )
    return PublicAccess(True, opening, found.worst)


@dataclass(frozen=True)
class Access:
    """One caller that gets in, with a request that shows it (its context says under which condition)."""

    principal: Principal
    example: Counterexample

    def __str__(self) -> str:
        return self.example.sentence


def who_can(
    action: str,
    resource: str,
    policies: Policies | Mapping[Principal, Policies],
    *,
    principals: Iterable[Principal] = (),
    context: Mapping[str, ContextValue] | None = None,
    account: str = "",
) -> tuple[Access, ...]:
    """Who can do an action on a resource (both may be patterns), in some context that ``context`` allows.

    ``policies`` are those of the resource and of every caller alike, or those of each principal. Without
    ``principals``, one caller of each kind that the policies tell apart is tried, with those that they name.
    The root user of the owning account, who needs no policy, is left out.
    """
    groups = policies.items() if isinstance(policies, Mapping) else [(None, policies)]
    found: list[Access] = []
    for principal, side in groups:
        callers = (principal,) if principal is not None else tuple(principals)
        found += _let_in(side, callers, action, resource, context, account)
    return tuple(found)


def _let_in(
    side: Policies,
    callers: tuple[Principal, ...],
    action: str,
    resource: str,
    context: Mapping[str, ContextValue] | None,
    account: str,
) -> Iterable[Access]:
    found = prove(
        side,
        NOTHING,
        principals=callers,
        actions=(action,),
        resources=(resource,),
        context=context,
        account=account,
        as_aws_sends=True,
        limit=1_000,
    )
    first: dict[Principal, Counterexample] = {}
    for example in found.over:
        first.setdefault(example.request.principal, example)
    return (Access(principal, example) for principal, example in first.items())
