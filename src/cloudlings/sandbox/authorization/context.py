"""The condition keys that every request carries: who, from where, when, over what, with which tags.

Source: IAM User Guide, "AWS global condition context keys"; S3's own among the keys of the Service
Authorization Reference (s3:authType, s3:signatureAge, s3:signatureversion, s3:TlsVersion).
"""

from __future__ import annotations

import time
from calendar import timegm
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from cloudlings.iam.request import ContextValue
from cloudlings.sandbox.authorization.need import Asked
from cloudlings.sandbox.authorization.source import Facts
from cloudlings.sandbox.model import Request

# What a request over the gateway's main port counts as; the plain port counts as no TLS at all.
TLS_VERSION = "1.3"
# The sandbox listens on the loopback only: every request comes from there, unless it says in this header
# where it is to count as coming from. That is how a policy on addresses is tried out.
SOURCE_IP = "127.0.0.1"
SOURCE_IP_HEADER = "x-cloudlings-source-ip"


def global_keys(asked: Asked, facts: Facts | None, now: float) -> dict[str, ContextValue]:
    """The keys that do not depend on the action."""
    request = asked.call.request
    found: dict[str, ContextValue] = {
        "aws:SecureTransport": "true" if request.secure else "false",
        "aws:SourceIp": _source_ip(request),
        "aws:RequestedRegion": asked.region,
        "aws:CurrentTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "aws:EpochTime": str(int(now)),
        "aws:ViaAWSService": "true" if asked.call.via else "false",
        "aws:UserAgent": request.header("user-agent") or None,
        "aws:Referer": request.header("referer") or None,
    }
    if asked.call.via:
        via = asked.call.via
        found |= {"aws:CalledVia": list(via), "aws:CalledViaFirst": via[0], "aws:CalledViaLast": via[-1]}
    if facts is not None:
        found |= _of_principal(facts)
    found |= _of_tags(asked)
    if asked.prefix == "s3":
        found |= _of_s3(request, now)
    return {key: value for key, value in found.items() if value is not None}


def _source_ip(request: Request) -> str:
    claimed = request.header(SOURCE_IP_HEADER).strip()
    try:
        return str(ip_address(claimed)) if claimed else SOURCE_IP
    except ValueError:
        return SOURCE_IP


def _of_principal(facts: Facts) -> dict[str, ContextValue]:
    found: dict[str, ContextValue] = {
        f"aws:PrincipalTag/{key}": value for key, value in facts["tags"].items()
    }
    if facts["org"]:
        found["aws:PrincipalOrgID"] = facts["org"]
        found["aws:PrincipalOrgPaths"] = [facts["org_path"]]
    if facts["temporary"]:
        # No session of the sandbox's is signed in with a second factor; long-term keys lack the key
        # altogether.
        found["aws:MultiFactorAuthPresent"] = "false"
        if isinstance(facts["issued"], int | float):
            found["aws:TokenIssueTime"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(facts["issued"]))
    if facts["source_identity"]:
        found["aws:SourceIdentity"] = facts["source_identity"]
    return found


def _of_tags(asked: Asked) -> dict[str, ContextValue]:
    """aws:RequestTag and aws:TagKeys, from wherever the request has its tags."""
    if asked.call.reads or asked.prefix == "s3":
        return {}
    tags, keys = _tags(asked.input), _removed(asked.input)
    found: dict[str, ContextValue] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    names = list(dict.fromkeys([*tags, *keys]))
    return {**found, "aws:TagKeys": names} if names else found


_LISTS = ("tags", "tag", "taglist", "tagset", "resourcetags")
_REMOVED = ("tagkeys", "tagkeylist")


def _tags(tree: Mapping[str, Any], depth: int = 0) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tree.items():
        if name.lower() in _LISTS:
            found |= dict(_pairs(value))
        elif name in ("TagSpecification", "TagSpecifications") and isinstance(value, list) and depth == 0:
            for one in value:
                found |= _tags(one, 1) if isinstance(one, dict) else {}
    return found


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from ((str(key), str(text)) for key, text in value.items() if isinstance(text, str))
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            key = next((one[name] for name in ("Key", "key", "TagKey") if name in one), None)
            text = next((one[name] for name in ("Value", "value", "TagValue") if name in one), "")
            if key is not None:
                yield str(key), str(text)


def _removed(tree: Mapping[str, Any]) -> list[str]:
    for name, value in tree.items():
        if name.lower() in _REMOVED:
            return [str(one) for one in (value if isinstance(value, list) else [value])]
    return []


def _of_s3(request: Request, now: float) -> dict[str, ContextValue]:
    query = request.query
    found: dict[str, ContextValue] = {"s3:TlsVersion": TLS_VERSION if request.secure else None}
    if request.header("authorization"):
        found["s3:authType"] = "REST-HEADER"
        found["s3:signatureversion"] = "AWS4-HMAC-SHA256"
    elif "X-Amz-Algorithm" in query:
        found["s3:authType"] = "REST-QUERY-STRING"
        found["s3:signatureversion"] = "AWS4-HMAC-SHA256"
        try:
            made = timegm(time.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ"))
            found["s3:signatureAge"] = str(int(max(0.0, now - made) * 1000))
        except ValueError:
            pass
    elif "AWSAccessKeyId" in query:
        found["s3:authType"] = "REST-QUERY-STRING"
        found["s3:signatureversion"] = "AWS"
    elif request.method == "POST" and request.header("content-type").startswith("multipart/"):
        found["s3:authType"] = "POST"
    return found
