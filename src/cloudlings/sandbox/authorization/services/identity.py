"""IAM and STS: names become ARNs, boundaries and policies that a request hands over become condition keys.

Source: Service Authorization Reference, "AWS Identity and Access Management" and "AWS Security Token
Service"; IAM User Guide, "IAM and AWS STS condition context keys"; STS API reference.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

from cloudlings.sandbox.authorization import common
from cloudlings.sandbox.authorization.need import Asked, Context, Need
from cloudlings.sandbox.authorization.registry import needs

# IAM: the parameters that name things, with their types. The account completes them with their paths.
_NAMED = (
    ("InstanceProfileName", "instance-profile"), ("GroupName", "group"), ("RoleName", "role"),
    ("UserName", "user"), ("ServerCertificateName", "server-certificate"),
)  # fmt: skip
# What is about the caller's own user when it names none.
_OWN_USER = (
    "GetUser", "CreateAccessKey", "ListAccessKeys", "DeleteAccessKey", "UpdateAccessKey", "ChangePassword",
    "ListMFADevices", "GetLoginProfile", "ListSSHPublicKeys", "ListServiceSpecificCredentials",
    "ListSigningCertificates", "GetAccessKeyLastUsed",
)  # fmt: skip
# Listings are asked for on the path that they list.
_LISTED: Final = {
    "ListUsers": "user", "ListRoles": "role", "ListGroups": "group", "ListPolicies": "policy",
    "ListInstanceProfiles": "instance-profile", "ListServerCertificates": "server-certificate",
}  # fmt: skip


@needs("iam")
def of_iam(asked: Asked) -> Iterator[Need]:
    """An IAM operation, on what it names."""
    operation = asked.call.operation
    action = f"iam:{operation}"
    context = _keys(asked)
    direct = [asked.text(name) for name in ("OpenIDConnectProviderArn", "SAMLProviderArn", "SerialNumber")]
    for arn in [arn for arn in direct if arn.startswith("arn:")]:
        yield Need(action, arn, context)
        return
    named = [(kind, asked.text(parameter)) for parameter, kind in _NAMED if asked.text(parameter)]
    path = asked.text("Path") or "/"
    if named:
        kind, name = named[0]
        where = f"{kind}{path if operation.startswith('Create') else '/'}{name}"
        yield Need(action, asked.arn(where, region=""), context)
    elif operation in _OWN_USER:
        who = asked.call.caller.arn if asked.call.caller else "*"
        yield Need(action, who if ":user/" in who else "*", context)
    elif operation == "CreatePolicy":
        yield Need(action, asked.arn(f"policy{path}{asked.text('PolicyName')}", region=""), context)
    elif asked.text("PolicyArn"):
        yield Need(action, asked.text("PolicyArn"), context)
    elif operation == "CreateServiceLinkedRole":
        service = asked.text("AWSServiceName")
        yield Need(action, asked.arn(f"role/aws-service-role/{service}/*", region=""), context)
    elif operation == "CreateOpenIDConnectProvider":
        host = asked.text("Url").partition("://")[2]
        yield Need(action, asked.arn(f"oidc-provider/{host}", region=""), context)
    elif operation in ("CreateVirtualMFADevice",):
        yield Need(action, asked.arn(f"mfa{path}{asked.text('VirtualMFADeviceName')}", region=""), context)
    elif operation in _LISTED:
        prefix = asked.text("PathPrefix") or "/"
        yield Need(action, asked.arn(f"{_LISTED[operation]}{prefix}", region=""), context)
    else:
        for need in common.on_named(asked, operation):
            yield Need(need.action, need.resource, context)
    if operation == "AddRoleToInstanceProfile":
        role = asked.arn(f"role/{asked.text('RoleName')}", region="")
        yield Need("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"})
    if (
        operation.startswith("Create")
        and operation not in ("CreateLoginProfile",)
        and context.get("aws:TagKeys")
    ):
        kind = operation.removeprefix("Create")
        if kind in ("User", "Role", "Policy", "InstanceProfile"):
            yield Need(f"iam:Tag{kind}", asked.arn(_made(asked, kind, path), region=""), context)


def _made(asked: Asked, kind: str, path: str) -> str:
    word = {"InstanceProfile": "instance-profile"}.get(kind, kind.lower())
    return f"{word}{path}{asked.text(f'{kind}Name')}"


def _keys(asked: Asked) -> Context:
    operation = asked.call.operation
    found: dict[str, str | list[str] | None] = {}
    if asked.text("PermissionsBoundary"):
        found["iam:PermissionsBoundary"] = asked.text("PermissionsBoundary")
    if asked.text("PolicyArn") and operation.startswith(("Attach", "Detach")):
        found["iam:PolicyARN"] = asked.text("PolicyArn")
    if asked.text("AWSServiceName"):
        found["iam:AWSServiceName"] = asked.text("AWSServiceName")
    tags = {str(t.get("Key")): str(t.get("Value", "")) for t in asked.items("Tags")}
    if tags:
        found["aws:TagKeys"] = list(tags)
        found |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return found


@needs("sts")
def of_sts(asked: Asked) -> Iterator[Need]:
    """An STS operation; who may assume a role, the role's trust policy says."""
    operation = asked.call.operation
    role = asked.text("RoleArn")
    context = _session_keys(asked)
    if operation in ("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"):
        yield Need(f"sts:{operation}", role or "*", context)
        if asked.items("Tags") or asked.items("TransitiveTagKeys"):
            yield Need("sts:TagSession", role or "*", context)
        if asked.text("SourceIdentity"):
            yield Need("sts:SetSourceIdentity", role or "*", context)
    elif operation == "GetFederationToken":
        yield Need(
            "sts:GetFederationToken", asked.arn(f"federated-user/{asked.text('Name')}", region=""), context
        )
    else:
        yield Need(f"sts:{operation}", "*", context)


def _session_keys(asked: Asked) -> Context:
    found: dict[str, Any] = {}
    for parameter in ("ExternalId", "RoleSessionName", "SourceIdentity", "DurationSeconds"):
        if asked.text(parameter):
            found[f"sts:{parameter}"] = asked.text(parameter)
    tags = {str(t.get("Key")): str(t.get("Value", "")) for t in asked.items("Tags")}
    if tags:
        found["aws:TagKeys"] = list(tags)
        found |= {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if asked.call.operation == "AssumeRoleWithWebIdentity":
        host, claims = web_identity(asked)
        for claim in ("aud", "sub", "amr", "email", "oaud"):
            if claim in claims and isinstance(claims[claim], str | list):
                found[f"{host}:{claim}"] = claims[claim]
    return found


def web_identity(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The issuer's host and the claims of a web identity token. Nobody's signature is checked here."""
    parts = asked.text("WebIdentityToken").split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        claims = {}
    if not isinstance(claims, dict):
        claims = {}
    host = str(claims.get("iss") or asked.text("ProviderId")).rpartition("://")[2].rstrip("/")
    return host, claims
