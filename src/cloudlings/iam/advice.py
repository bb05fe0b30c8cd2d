"""Advice about a policy that AWS accepts: what is wider than it looks, and what has no effect.

Each piece of advice names its place and the consequence, never the fix. It is no verdict: whether a policy
is least privilege is proved elsewhere. The rules follow IAM Access Analyzer's policy checks and the notes on
AWS's pages about each element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cloudlings.iam.globs import glob, plain
from cloudlings.iam.operators import OPERATORS
from cloudlings.iam.statements import VARIABLE, Condition, Place, Policy, Statement

Level = Literal["security", "no effect", "style"]


@dataclass(frozen=True)
class Advice:
    """One piece of advice: how much it matters, the consequence in plain words, and the place."""

    level: Level
    message: str
    place: Place

    def __str__(self) -> str:
        return f"{self.level}: {self.message} ({self.place})"


def lint(policy: Policy) -> tuple[Advice, ...]:
    """Advice for a policy, in the order of its statements."""
    found: list[Advice] = []
    for statement in policy.statements:
        for rule in _RULES:
            found += rule(statement)
        for condition in statement.conditions:
            found += _condition(condition, statement)
    return tuple(found)


def _negated(statement: Statement) -> Iterator[Advice]:
    if statement.effect != "Allow":
        return
    if statement.not_action is not None:
        message = "Allow with NotAction grants every action that is not listed, new services' too."
        yield Advice("security", message, statement.place / "NotAction")
    if statement.not_resource is not None:
        message = "Allow with NotResource grants every resource that is not listed, later ones too."
        yield Advice("security", message, statement.place / "NotResource")
    if statement.not_principal is not None:
        message = "Allow with NotPrincipal is not supported; it would reach everyone who is not listed."
        yield Advice("security", message, statement.place / "NotPrincipal")


def _everyone(statement: Statement) -> Iterator[Advice]:
    principal = statement.principal
    if (
        statement.effect == "Allow"
        and principal is not None
        and principal.everyone
        and not statement.conditions
    ):
        message = "Principal * without a condition reaches everyone, in some services anonymous callers too."
        yield Advice("security", message, statement.place / "Principal")


def _pass_role(statement: Statement) -> Iterator[Advice]:
    covers_pass = any(glob(plain(action.lower()))("iam:passrole") for action in statement.action or ())
    anywhere = any(resource in ("*", "arn:aws:iam::*:role/*") for resource in statement.resource or ())
    if statement.effect == "Allow" and covers_pass and anywhere and "*" not in (statement.action or ()):
        message = (
            "iam:PassRole on every role lets its holder run a service as any role, an administrator's too."
        )
        yield Advice("security", message, statement.place / "Resource")


def _partial_principal(statement: Statement) -> Iterator[Advice]:
    for value in statement.principal.aws if statement.principal else ():
        if "*" in value and value != "*":
            message = f"{value} names nobody: a wildcard cannot stand for a part of a principal."
            yield Advice("no effect", message, statement.place / "Principal")


def _old_variables(statement: Statement) -> Iterator[Advice]:
    texts = [*(statement.resource or ()), *(statement.not_resource or ())]
    texts += [value for condition in statement.conditions for value in condition.values]
    if statement.version == "2008-10-17" and any(VARIABLE.search(text) for text in texts):
        yield Advice("no effect", "Without Version 2012-10-17 a variable is only text.", statement.place)


def _bucket_and_objects(statement: Statement) -> Iterator[Advice]:
    """A Deny on s3:* that covers objects and leaves bucket-level calls out, or the other way round."""
    names = [
        resource.rpartition(":")[2]
        for resource in statement.resource or ()
        if resource.startswith("arn:aws:s3:")
    ]
    if statement.effect != "Deny" or "s3:*" not in (statement.action or ()) or not names:
        return
    if all("/" in name for name in names):
        message = (
            "The Deny covers objects only: calls on the bucket itself, such as s3:ListBucket, are left out."
        )
        yield Advice("security", message, statement.place / "Resource")
    elif not any("/" in name or name.endswith("*") for name in names):
        message = "The Deny covers the bucket only: calls on its objects, such as s3:GetObject, are left out."
        yield Advice("security", message, statement.place / "Resource")


def _unknown_actions(statement: Statement) -> Iterator[Advice]:
    from cloudlings.iam.data import actions_of

    for pattern in (*(statement.action or ()), *(statement.not_action or ())):
        service = pattern.lower().partition(":")[0]
        if re.search(r"[*?]", service):
            continue
        covers = glob(plain(pattern.lower()))
        if not any(covers(name) for name in actions_of(service)):
            element = "Action" if statement.action is not None else "NotAction"
            yield Advice("no effect", f"{pattern} is no action that is known.", statement.place / element)


def _condition(condition: Condition, statement: Statement) -> Iterator[Advice]:
    known = OPERATORS[condition.operator]
    if known.test in ("string", "string-ignore-case") and any(
        set("*?") & set(_bare(value)) for value in condition.values
    ):
        message = f"{condition.operator} takes * and ? as characters; it compares them literally."
        yield Advice("no effect", message, condition.place)
    if (
        condition.qualifier == "ForAllValues"
        and statement.effect == "Allow"
        and not _checks_null(condition, statement)
    ):
        message = f"ForAllValues holds for a request that has no {condition.key} at all."
        yield Advice("security", message, condition.place)
    if condition.folded_key == "aws:referer":
        yield Advice("security", "Anyone can send any Referer header.", condition.place)
    if known.negated and statement.effect == "Allow" and not condition.qualifier:
        message = f"{condition.operator} also holds for a request that has no {condition.key}."
        yield Advice("security", message, condition.place)


def _bare(value: str) -> str:
    return VARIABLE.sub("", value)


def _checks_null(condition: Condition, statement: Statement) -> bool:
    return any(
        other.operator == "Null" and other.folded_key == condition.folded_key and "false" in other.values
        for other in statement.conditions
    )


_RULES = (
    _negated, _everyone, _pass_role, _partial_principal, _old_variables, _bucket_and_objects,
    _unknown_actions,
)  # fmt: skip
