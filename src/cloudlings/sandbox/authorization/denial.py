"""A denial as AWS words and wraps it.

The sentences are those of IAM User Guide, "Troubleshoot access denied error messages"; who is told how
much, S3 User Guide, "Troubleshoot access denied (403 Forbidden) errors in Amazon S3"; codes and statuses,
each API's reference.
"""

from __future__ import annotations

import base64
import json
import uuid
import zlib
from xml.sax.saxutils import escape

from cloudlings.iam.decision import Decision
from cloudlings.sandbox import wire
from cloudlings.sandbox.model import Call, Response
from cloudlings.sandbox.operations import service_index

# How AWS calls each layer of policies in these sentences.
_TYPES = {
    "identity": "identity-based policy",
    "resource": "resource-based policy",
    "trust": "role trust policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
    "vpce": "VPC endpoint policy",
    "grant": "resource-based policy",
    "public-access-block": "resource-based policy",
    "rule": "resource-based policy",
}
_DENIED_IN_ORDER = ("scp", "rcp", "vpce", "resource", "trust", "boundary", "session", "identity")
_MISSING_IN_ORDER = (
    "scp",
    "vpce",
    "public-access-block",
    "boundary",
    "session",
    "identity",
    "resource",
    "trust",
    "grant",
)


def sentence(decision: Decision) -> str:
    """AWS's sentence for a denied request."""
    request = decision.request
    who = request.principal.arn or "anonymous"
    resource = (
        f'"{request.resource}"' if request.service == "s3" and request.resource != "*" else request.resource
    )
    where = "" if resource == "*" and request.service in ("s3", "sts", "ec2") else f" on resource: {resource}"
    return f"User: {who} is not authorized to perform: {request.action}{where} {because(decision)}"


def because(decision: Decision) -> str:
    """The end of the sentence: which type of policy denied, or did not allow."""
    if decision.outcome == "ExplicitDeny":
        denying = {layer.layer for layer in decision.layers if layer.verdict == "deny"}
        kind = _TYPES[next(layer for layer in _DENIED_IN_ORDER if layer in denying)]
        article = "an" if kind[0] in "aei" else "the" if kind == "role trust policy" else "a"
        return f"with an explicit deny in {article} {kind}"
    missing = {layer.layer for layer in decision.missing}
    kind = _TYPES[next((layer for layer in _MISSING_IN_ORDER if layer in missing), "identity")]
    return f"because no {kind} allows the {decision.request.action} action"


def response(call: Call, decision: Decision) -> Response:
    """The answer that a denied call gets, in its service's own form."""
    service = call.service
    text = sentence(decision)
    if service == "s3":
        return wire.error(
            call.request, "s3", 403, "AccessDenied", text if _is_told(decision) else "Access Denied"
        )
    if service == "ec2":
        message = f"You are not authorized to perform this operation. {text}. "
        message += f"Encoded authorization failure message: {encoded(decision)}"
        return wire.error(call.request, "ec2", 403, "UnauthorizedOperation", message)
    code, status = code_of(call)
    if decision.request.principal.type == "anonymous" and service != "sts":
        code = "MissingAuthenticationTokenException" if status == 400 else "MissingAuthenticationToken"
        return wire.error(call.request, service, 403, code, "Missing Authentication Token")
    return wire.error(call.request, service, status, code, text)


def code_of(call: Call) -> tuple[str, int]:
    """AWS's error code and HTTP status for a denial by a service."""
    service = call.service
    if service == "sns":
        return "AuthorizationError", 403
    if service in ("sqs", "cloudwatch"):
        return "AccessDenied", 403
    if call.request.form.get("Action") or call.request.query.get("Action"):
        return "AccessDenied", 403
    protocol = service_index(service).protocol
    if protocol in ("query", "ec2", "rest-xml"):
        return "AccessDenied", 403
    return "AccessDeniedException", 400 if protocol == "json" else 403


def _is_told(decision: Decision) -> bool:
    """S3 tells the reason to callers of the bucket's own account, or of its organization."""
    keys = decision.request.keys
    organization = keys.get("aws:principalorgid")
    return decision.request.same_account or (
        organization is not None and organization == keys.get("aws:resourceorgid")
    )


def encoded(decision: Decision) -> str:
    """What sts:DecodeAuthorizationMessage turns back into a description of the decision."""
    request = decision.request
    items = [
        {"key": key, "values": {"items": [{"value": v} for v in values]}}
        for key, values in request.keys.items()
    ]
    about = {
        "allowed": False,
        "explicitDeny": decision.outcome == "ExplicitDeny",
        "matchedStatements": {"items": [{"statementId": one.label} for one in decision.statements]},
        "failures": {"items": []},
        "context": {
            "principal": {"id": request.principal.id, "arn": request.principal.arn},
            "action": request.action,
            "resource": request.resource,
            "conditions": {"items": items},
        },
    }
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(about).encode())).decode().rstrip("=")


def decoded_response(call: Call, message: str) -> Response:
    """The answer of sts:DecodeAuthorizationMessage."""
    found = decoded(message)
    if found is None:
        code = "InvalidAuthorizationMessageException"
        return wire.error(call.request, "sts", 400, code, "Invalid EncodedMessage")
    body = (
        '<DecodeAuthorizationMessageResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<DecodeAuthorizationMessageResult><DecodedMessage>{escape(found)}</DecodedMessage>"
        "</DecodeAuthorizationMessageResult><ResponseMetadata><RequestId>"
        f"{uuid.uuid4()}</RequestId></ResponseMetadata></DecodeAuthorizationMessageResponse>"
    )
    return Response(200, (("content-type", "text/xml"),), body.encode())


def decoded(message: str) -> str | None:
    """The JSON behind ``encoded``; None for what is none."""
    try:
        return zlib.decompress(base64.urlsafe_b64decode(message + "=" * (-len(message) % 4))).decode()
    except (ValueError, zlib.error):
        return None
