"""``as_role("app")``: a session as one of your roles, by a real AssumeRole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.exceptions import ClientError

from cloudlings.errors import SandboxError
from cloudlings.notebook.session import for_people


@for_people
def as_role(
    role: str,
    session_name: str = "notebook",
    *,
    policy: str | Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    external_id: str | None = None,
    duration: int | None = None,
    region: str | None = None,
) -> boto3.Session:
    """A boto3 session as a role: ``as_role("app").client("s3").list_buckets()``.

    ``role`` is a name in your account, or an ARN (of another account's role too). ``policy`` is a session
    policy, which narrows what the session may; ``tags`` are session tags; ``duration`` is in seconds.
    When the role does not let you in, the cell says why, and there is no session.
    """
    own = boto3.Session(region_name=region)
    arn = role if role.startswith("arn:") else _arn(own, role)
    asked: dict[str, Any] = {"RoleArn": arn, "RoleSessionName": session_name}
    if policy is not None:
        asked["Policy"] = policy if isinstance(policy, str) else json.dumps(policy)
    if tags:
        asked["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    if external_id is not None:
        asked["ExternalId"] = external_id
    if duration is not None:
        asked["DurationSeconds"] = duration
    try:
        keys = own.client("sts").assume_role(**asked)["Credentials"]
    except ClientError as error:
        raise _refused(own, arn, error) from None
    return boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        region_name=own.region_name,
    )


def _arn(own: boto3.Session, name: str) -> str:
    """The ARN of a role of one's own account; a role that is not there is a SandboxError."""
    name = name.removeprefix("role/")
    iam = own.client("iam")
    try:
        found: str = iam.get_role(RoleName=name)["Role"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise SandboxError(f"Role {name} cannot be read: {_words(error)}") from None
        there = ", ".join(sorted(each["RoleName"] for each in iam.list_roles()["Roles"])) or "none"
        raise SandboxError(
            f"There is no role {name} in your account.", next_step=f"Its roles are: {there}."
        ) from None
    return found


def _refused(own: boto3.Session, arn: str, error: ClientError) -> SandboxError:
    if error.response["Error"]["Code"] != "AccessDenied":
        return SandboxError(f"AWS did not give a session of {arn}: {_words(error)}")
    who = own.client("sts").get_caller_identity()["Arn"]
    trusted = _trusted(own, arn)
    asks = f" Its trust policy names {trusted}." if trusted else ""
    return SandboxError(
        f"Role {arn.rpartition('/')[2]} did not let {who} in.{asks} AWS said: {_words(error)}",
        next_step="A role is taken when its trust policy and your own policies both allow it; "
        "why() shows which of them had no say for you.",
    )


def _trusted(own: boto3.Session, arn: str) -> str:
    """Whom the trust policy of a role names; "" for a role that cannot be read, another account's say."""
    try:
        document = own.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError:
        return ""
    if document["Arn"] != arn:
        return ""
    policy = document["AssumeRolePolicyDocument"]
    policy = json.loads(unquote(policy)) if isinstance(policy, str) else policy
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    named = [statement.get("Principal", {}) for statement in statements]
    values = [v for one in named for v in (one.values() if isinstance(one, dict) else [one])]
    flat = [text for v in values for text in (v if isinstance(v, list) else [v])]
    return ", ".join(dict.fromkeys(flat))


def _words(error: ClientError) -> str:
    said = error.response["Error"]
    return f"{said['Code']}: {said.get('Message', '')}"
