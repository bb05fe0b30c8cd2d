"""The policies of an IAM user, group or role, as IAM tells them: what the simulation of a principal is of."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from cloudlings.sandbox.authorization import managed
from cloudlings.sandbox.own.registry import Handling, Refusal

KINDS: Final = ("user", "group", "role")
UNCLEAR: Final = "does not clearly define entity type and name."


@dataclass(frozen=True)
class Attached:
    """A policy of a principal: its ARN ("" for an inline one), its name, on which user, group or role it is.

    ``bounds`` for a permissions boundary.
    """

    name: str
    text: str
    kind: str
    holder: str
    arn: str = ""
    bounds: bool = False


@dataclass(frozen=True)
class Entity:
    """A user, group or role: its ARN and id, its tags, its policies (a user's groups' too), its boundary."""

    kind: str
    arn: str
    id: str
    tags: dict[str, str]
    policies: tuple[Attached, ...]
    boundary: Attached | None = None


async def entity_of(given: Handling, arn: str) -> Entity | Refusal:
    """The principal behind an ARN, or IAM's refusal of the ARN."""
    kind, name = kind_and_name(arn)
    if not name:
        return Refusal(
            "InvalidInput", f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )
    owner = arn.split(":")[4]
    if owner != given.account_id:
        message = f"Invalid Policy Source Arn: caller's account {given.account_id} does not have access to "
        return Refusal("InvalidInput", f"{message}policies in account {owner}")
    said = (await given.read(f"Get{kind.capitalize()}", "iam", **_named(kind, name))).get(kind.capitalize())
    if not said:
        return Refusal("NoSuchEntity", f"The {kind} with name {name} cannot be found.", 404)
    policies = [one async for one in _policies(given, kind, name)]
    if kind == "user":
        for group in (await given.read("ListGroupsForUser", "iam", UserName=name)).get("Groups", []):
            policies += [one async for one in _policies(given, "group", group["GroupName"])]
    bounded = (said.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    boundary = replace(await _managed(given, bounded, kind, name), bounds=True) if bounded else None
    tags = {tag["Key"]: tag.get("Value", "") for tag in said.get("Tags") or ()}
    return Entity(kind, said["Arn"], said.get(f"{kind.capitalize()}Id", ""), tags, tuple(policies), boundary)


def kind_and_name(arn: str) -> tuple[str, str]:
    """``("user", "ana")`` of a user's ARN; ("", "") of what is no user, group or role."""
    parts = arn.split(":", 5)
    kind, _, name = parts[5].partition("/") if len(parts) == 6 and parts[2] == "iam" else ("", "", "")
    return (kind, name.rpartition("/")[2]) if kind in KINDS and name else ("", "")


def _named(kind: str, name: str) -> dict[str, str]:
    return {f"{kind.capitalize()}Name": name}


async def _policies(given: Handling, kind: str, name: str) -> AsyncIterator[Attached]:
    title, named = kind.capitalize(), _named(kind, name)
    for inline in (await given.read(f"List{title}Policies", "iam", **named)).get("PolicyNames", []):
        found = await given.read(f"Get{title}Policy", "iam", **named, PolicyName=inline)
        yield Attached(inline, _text(found.get("PolicyDocument")), kind, name)
    listed = await given.read(f"ListAttached{title}Policies", "iam", **named)
    for attached in listed.get("AttachedPolicies", []):
        yield await _managed(given, attached["PolicyArn"], kind, name)


async def _managed(given: Handling, arn: str, kind: str, holder: str) -> Attached:
    return Attached(arn.rpartition("/")[2], await _document(given, arn), kind, holder, arn)


async def _document(given: Handling, arn: str) -> str:
    if managed.is_aws_managed(arn) and (own := managed.document_of(arn)):
        return own
    version = (await given.read("GetPolicy", "iam", PolicyArn=arn)).get("Policy", {}).get("DefaultVersionId")
    found = await given.read("GetPolicyVersion", "iam", PolicyArn=arn, VersionId=version or "v1")
    return _text(found.get("PolicyVersion", {}).get("Document"))


def _text(document: Any) -> str:
    if not isinstance(document, str):
        return json.dumps(document) if document else ""
    return unquote(document) if document.lstrip().startswith("%") else document
