"""Checks of what a statement lets happen: rights that reach far, and conditions that hold back less than they
seem to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cloudlings.iam import data as table
from cloudlings.iam.globs import glob, plain
from cloudlings.sandbox.own.analyzer.checks import Checked, Finding, Level
from cloudlings.sandbox.own.analyzer.elements import Found, lines, principals, texts
from cloudlings.sandbox.own.json_places import Path

_POWERFUL: Final[tuple[tuple[str, str, Level, str], ...]] = (
    ("iam:PassRole", "pass any role to a service, an administrator's too", "SECURITY_WARNING", "PASS_ROLE"),
    ("iam:CreateServiceLinkedRole", "make any service-linked role", "WARNING", "CREATE_SLR"),
)
_ANY_ROLE: Final = "arn:aws:iam::111122223333:role/any/role-at-all"
_SOURCES: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_GITHUB: Final = "token.actions.githubusercontent.com"


def powerful(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    """iam:PassRole, and making service-linked roles, on everything."""
    if statement.get("Effect") != "Allow":
        return
    stars = [path for text, path in texts(statement, "Resource", where) if glob(plain(text))(_ANY_ROLE)]
    negated = [(*where, "NotResource")] if "NotResource" in statement else []
    keys = {line.key.lower() for line in lines(statement, where)}
    for action, word, level, code in _POWERFUL if stars or negated else ():
        if action == "iam:PassRole" and "iam:passedtoservice" in keys:
            continue
        how, paths = _grants(statement, action.lower(), where)
        if how is not None:
            target = _target(how, stars=bool(stars))
            details = f"The statement lets its holder {word}."
            yield Finding(level, f"{code}_WITH_{target}", details, (*paths, *(stars or negated)))


def _grants(statement: Mapping[str, Any], action: str, where: Path) -> tuple[str | None, list[Path]]:
    """How a statement covers an action: by its name, by a ``star``, by ``not`` naming it; None when not."""
    if "NotAction" in statement:
        left_out = any(glob(plain(text.lower()))(action) for text, _ in texts(statement, "NotAction", where))
        return (None, []) if left_out else ("not", [(*where, "NotAction")])
    named = [
        (text, path) for text, path in texts(statement, "Action", where) if glob(plain(text.lower()))(action)
    ]
    if not named:
        return None, []
    return ("name" if any(text.lower() == action for text, _ in named) else "star"), [
        path for _, path in named
    ]


def _target(how: str, *, stars: bool) -> str:
    if stars:
        return {"name": "STAR_IN_RESOURCE", "star": "STAR_IN_ACTION_AND_RESOURCE"}.get(
            how, "STAR_IN_RESOURCE_AND_NOT_ACTION"
        )
    return {"name": "NOT_RESOURCE", "star": "STAR_IN_ACTION_AND_NOT_RESOURCE"}.get(
        how, "NOT_ACTION_AND_NOT_RESOURCE"
    )


def services(checked: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    """A service that is let in for whoever makes it call."""
    if checked.kind == "trust" or statement.get("Effect") != "Allow":
        return
    tied = any(line.key.lower() in _SOURCES for line in lines(statement, where))
    found = principals(statement, "Service", where)
    if found and not tied:
        names = ", ".join(name for name, _ in found)
        details = (
            f"{names} is let in whoever makes it call, in any account: no condition ties it to a source."
        )
        paths = tuple(path for _, path in found)
        yield Finding("SECURITY_WARNING", "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", details, paths)


def providers(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    """An identity provider whose every user is let in."""
    if statement.get("Effect") != "Allow":
        return
    keys = [line.key.lower() for line in lines(statement, where)]
    for name, path in principals(statement, "Federated", where):
        host = name.partition(":oidc-provider/")[2] or ("" if name.startswith("arn:") else name)
        if host == _GITHUB and f"{_GITHUB}:sub" not in keys:
            details = "Workflows of any repository on GitHub are let in: no condition names one."
            yield Finding("SECURITY_WARNING", "MISSING_GITHUB_REPO_CONDITION_KEY", details, (path,))
        elif host and not any(key.startswith(f"{host.lower()}:") for key in keys):
            details = f"Every user of {host} is let in: no condition is about its claims."
            yield Finding("SECURITY_WARNING", "MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", details, (path,))


def prefixes(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    """s3:prefix denied: a shorter prefix lists the same objects."""
    denies = statement.get("Effect") == "Deny"
    for line in lines(statement, where):
        negated = line.operator.startswith("StringNot")
        is_text = line.operator.startswith("String")
        if line.key.lower() == "s3:prefix" and is_text and denies is not negated:
            details = "A request with a shorter prefix, or with none, lists those objects all the same."
            yield Finding("SECURITY_WARNING", "S3_PREFIX_IN_NEGATIVE_CONTEXT", details, (line.path,))


def qualifiers(_: Checked, statement: Mapping[str, Any], where: Path) -> Found:
    """Keys with several values, and those with one."""
    for line in lines(statement, where):
        if not line.operator:
            continue
        several = table.key_type(line.key) is not None and table.may_have_several_values(line.key)
        if line.test == "bool" and len(line.values) > 1:
            details = "A Boolean key is compared with one value; with both it always holds."
            yield Finding("ERROR", "INVALID_CONDITION_MULTIPLE_BOOLEAN", details, (line.path,))
        if line.qualifier == "ForAllValues" and not several and statement.get("Effect") == "Allow":
            details = f"ForAllValues also holds for a request that has no {line.key} at all."
            yield Finding("SECURITY_WARNING", "FORALLVALUES_WITH_SINGLE_VALUED_KEY", details, (line.path,))
        if not line.qualifier and several and line.test != "null":
            details = (
                f"{line.key} may hold several values: a condition on it needs ForAllValues or ForAnyValue."
            )
            yield Finding("ERROR", "MISSING_QUALIFIER", details, (line.path,))
        if line.operator == "StringLike" and table.key_type(line.key) == "ARN":
            details = f"StringLike compares {line.key} as text: its wildcards run across an ARN's fields."
            code = "STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS"
            yield Finding("SECURITY_WARNING", code, details, (line.path,))


RISKS: Final = (powerful, services, providers, prefixes, qualifiers)
