"""What the operations share: refusals in AWS's words, roles, names."""

from __future__ import annotations

import functools
import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.model import Caller
from cloudlings.sandbox.own.cloudformation import store
from cloudlings.sandbox.own.cloudformation.prepare import MissingCapabilities
from cloudlings.sandbox.own.cloudformation.runner import ENDED, RUNNING
from cloudlings.sandbox.own.registry import Handling, Output, Refusal

Answer = Callable[[Handling], Awaitable[Output | Refusal]]
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_SERVICE = "cloudformation.amazonaws.com"


class AlreadyExists(Exception):
    """A stack of that name is there."""


def in_aws_words(answer: Answer) -> Answer:
    """Turn what an operation raises into AWS's refusal."""

    @functools.wraps(answer)
    async def answered(handling: Handling) -> Output | Refusal:
        settle(handling)
        try:
            return await answer(handling)
        except Invalid as error:
            return Refusal("ValidationError", str(error))
        except MissingCapabilities as error:
            return Refusal("InsufficientCapabilitiesException", str(error))
        except AlreadyExists as error:
            return Refusal("AlreadyExistsException", str(error))

    return answered


def settle(handling: Handling) -> None:
    """Stacks in progress when the sandbox ended, or in a state that was gone back to, have failed."""
    for record in store.stacks(handling.kept).values():
        if not store.under_way(record) or (handling.account_id, record["StackId"], record["work"]) in RUNNING:
            continue
        ends = {
            "CREATE": "CREATE_FAILED", "DELETE": "DELETE_FAILED", "ROLLBACK": "ROLLBACK_FAILED",
            "UPDATE": "UPDATE_FAILED" if "ROLLBACK" not in record["status"] else "UPDATE_ROLLBACK_FAILED",
        }  # fmt: skip
        store.set_status(record, ends.get(record["status"].partition("_")[0], "CREATE_FAILED"), ENDED)


def only(asked: Mapping[str, Any], *supported: str) -> None:
    """Whether a request asks for nothing that is not carried out. Raises Invalid."""
    for name, value in asked.items():
        if name not in supported and value not in (None, "", [], {}, False):
            raise Invalid(f"The sandbox does not carry out {name} of this operation.")


def checked_name(name: str) -> str:
    """A new stack's name. Raises Invalid."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
            "Member must satisfy "
            "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    return name


def new_id(handling: Handling, kind: str, name: str) -> str:
    """The id of a new stack or change set."""
    return f"arn:aws:cloudformation:{handling.region}:{handling.account_id}:{kind}/{name}/{uuid.uuid4()}"


async def caller_of(handling: Handling, role: str) -> Caller | None:
    """A session of the role that a stack is made with; None without one. Raises Invalid.

    The role's trust policy must let CloudFormation assume it (CloudFormation User Guide, "Service role").
    """
    if not role:
        return None
    name = role.rpartition("/")[2]
    found = (await handling.read("GetRole", "iam", RoleName=name)).get("Role")
    if found is None or found.get("Arn") != role or not _trusts(found.get("AssumeRolePolicyDocument", "")):
        raise Invalid(f"Role {role} is invalid or cannot be assumed")
    session = await handling.read("AssumeRole", "sts", RoleArn=role, RoleSessionName="AWSCloudFormation")
    keys = session.get("Credentials")
    if not keys:
        raise Invalid(f"Role {role} is invalid or cannot be assumed")
    return Caller(
        handling.account_id, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"],
        session["AssumedRoleUser"]["Arn"],
    )  # fmt: skip


def _trusts(document: Any) -> bool:
    from urllib.parse import unquote

    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    for one in statements if isinstance(statements, list) else [statements]:
        principal = one.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else principal
        named = services if isinstance(services, list) else [services]
        if one.get("Effect") == "Allow" and (_SERVICE in named or "*" in named):
            return True
    return False
