"""What a request is for: its service, its Region, its path as the service's model writes it.

The service comes from the scope of the signature (header or presigned query). Unsigned requests are for
one of the few things that AWS answers unsigned: public S3, deployed APIs and function URLs, federated
sign-in. Anything else that has no signature belongs to nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from cloudlings.sandbox.model import Request
from cloudlings.sandbox.sigv4 import Signature

DEFAULT_REGION = "us-east-1"
# What a deployed function or API is called by, from outside: by host, or by path where no DNS helps.
_CALLED_BY_HOST = re.compile(r"[a-z0-9-]+\.(execute-api|lambda-url)\.")
_CALLED_BY_PATH = re.compile(r"/_aws/(execute-api|lambda-url)/[^/]+/|/restapis/[^/]+/[^/]+/_user_request_/")
# What emulators answer about themselves, whoever asks by whatever name: nobody gets there from outside.
_EMULATORS_OWN = ("/_ministack", "/_localstack", "/_cloudlings", "/moto-api")
# One-time addresses that CloudFormation hands out for custom resources and wait conditions; each
# carries a random token, as the presigned S3 address does that AWS hands out.
_TOKEN_PATH = re.compile(r"/_ministack/cfn-(response|signal)/[\w-]{16,}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NAME = re.compile(r"\"\w*(?:Name|Arn|ARN|Url|Id|Identifier)\"\s*:\s*\"([^\"]{1,300})\"")
_NAME_PARAMETER = re.compile(r"\w*(?:Name|Arn|Url|Id|Identifier|Id\.1)")
_UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
}
_UNSIGNED_ACTIONS = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts"}


@dataclass(frozen=True)
class Target:
    """What a request is for. ``path`` is percent-encoded, for S3 in path style (bucket first)."""

    service: str
    region: str
    path: str
    bucket: str = ""


def target_of(request: Request, signature: Signature | None) -> Target | None:
    """What a request is for; None when it is unsigned and for nothing that AWS answers unsigned."""
    host = request.header("host").rpartition(":")[0] or request.header("host")
    if request.path.startswith(_EMULATORS_OWN) and not _is_token_path(request):
        return None
    if _CALLED_BY_HOST.match(host) or _CALLED_BY_PATH.match(request.path) or _is_token_path(request):
        region = signature.region if signature else DEFAULT_REGION
        return Target("execute-api", region, request.raw_path)
    service = signature.service if signature else _unsigned_service(request)
    if service is None:
        return None
    region = (signature.region if signature else "") or DEFAULT_REGION
    if service != "s3":
        return Target(service, region, request.raw_path)
    return _s3_target(request, region, host)


def _is_token_path(request: Request) -> bool:
    return request.method == "PUT" and _TOKEN_PATH.fullmatch(request.path) is not None


def _unsigned_service(request: Request) -> str | None:
    prefix = request.header("x-amz-target").rpartition(".")[0]
    if prefix:
        return _UNSIGNED_TARGETS.get(prefix)
    action = request.form.get("Action") or request.query.get("Action")
    if action:
        return _UNSIGNED_ACTIONS.get(action)
    return "s3"


def _s3_target(request: Request, region: str, host: str) -> Target:
    virtual = bucket_of_host(host)
    path = f"/{virtual}{request.raw_path}" if virtual else request.raw_path
    bucket = "" if path.startswith("/v20180820/") else path.lstrip("/").partition("/")[0]
    return Target("s3", region, path, bucket)


def bucket_of_host(host: str) -> str:
    """The bucket of a virtual-hosted address such as ``photos.s3.localhost``; "" when there is none."""
    for base in (".localhost", ".localhost.localstack.cloud"):
        if host.endswith(base):
            name = re.sub(r"\.?s3(\.[a-z]{2}(-[a-z]+)+-\d)?$", "", host.removesuffix(base))
            return name if _BUCKET.fullmatch(name) else ""
    return ""


def resource_of(request: Request, target: Target) -> str:
    """What a request is about, as a hint: an S3 ARN, or the first thing in it that is named."""
    if target.bucket:
        key = unquote(target.path).lstrip("/").partition("/")[2]
        return f"arn:aws:s3:::{target.bucket}" + (f"/{key}" if key else "")
    form = request.form
    if form:
        return next((value for name, value in form.items() if _NAME_PARAMETER.fullmatch(name)), "")
    if target.path not in ("", "/"):
        return unquote(target.path)
    found = _NAME.search(request.body[:8192].decode("utf-8", "replace"))
    return found[1] if found else ""


def is_bucket_name(name: str) -> bool:
    """Whether S3 would take a name for a bucket (S3 User Guide, "Bucket naming rules")."""
    return _BUCKET.fullmatch(name) is not None
