"""Whether the principals that a policy names are there."""

from __future__ import annotations

import json
import re
from typing import Any

from cloudlings.sandbox.rules.registry import Given

_NAMED = re.compile(r"arn:aws:(?:iam|sts)::(\d{12}):(user|role)/(.+)")


async def missing(given: Given, document: str) -> str:
    """The first of the account's users or roles that a policy's principals name and that is not there, or "".

    Other accounts are not looked into: they may be anybody's.
    """
    for arn in _arns(document):
        found = _NAMED.fullmatch(arn)
        if found is None or "*" in arn or found[1] != given.call.account_id:
            continue
        kind, path = found[2], found[3]
        name = path.rpartition("/")[2]
        operation, parameter = ("GetRole", "RoleName") if kind == "role" else ("GetUser", "UserName")
        known = await given.read(operation, "iam", **{parameter: name})
        if not known:
            return arn
    return ""


def _arns(document: str) -> list[str]:
    try:
        statements = json.loads(document).get("Statement", [])
    except (ValueError, AttributeError):
        return []
    found: list[str] = []
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            named: Any = statement.get(element) if isinstance(statement, dict) else None
            named = named.get("AWS", []) if isinstance(named, dict) else []
            found += named if isinstance(named, list) else [named]
    return [each for each in found if isinstance(each, str)]
