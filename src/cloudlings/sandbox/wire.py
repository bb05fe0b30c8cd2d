"""Errors of the gateway's own, in the shape that each AWS protocol gives them.

Sources: the error sections of the S3, EC2 and IAM API references; Smithy's AWS protocol pages
(awsJson1_0, restJson1, rpcv2Cbor).
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from xml.sax.saxutils import escape

from cloudlings.sandbox.model import Request, Response


def error(request: Request, service: str, status: int, code: str, message: str) -> Response:
    """An error response in the protocol that the request was made in."""
    request_id = str(uuid.uuid4())
    content_type, body, extra = _body(request, service, code, message, request_id)
    if request.method == "HEAD":
        body = b""
    headers = (
        ("content-type", content_type),
        ("x-amzn-requestid", request_id),
        ("x-amz-request-id", request_id),
        *extra,
    )
    return Response(status, headers, body)


# What XML 1.0 has no place for: no parser reads a document that holds one.
_NOT_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def readable(response: Response) -> Response:
    """An emulator's error without what makes it unreadable: it may repeat a name that was sent as it was
    sent."""
    is_xml = response.status >= 400 and "xml" in dict(response.headers).get("content-type", "")
    if not is_xml or not _NOT_IN_XML.search(response.body):
        return response
    return replace(response, body=_NOT_IN_XML.sub(b"", response.body))


def _body(
    request: Request, service: str, code: str, message: str, request_id: str
) -> tuple[str, bytes, tuple[tuple[str, str], ...]]:
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return "application/cbor", _cbor(code, message), (("smithy-protocol", "rpc-v2-cbor"),)
    if request.header("x-amz-target"):
        asked = request.header("content-type")
        content_type = asked if asked.startswith("application/x-amz-json") else "application/x-amz-json-1.1"
        # The AWS JSON protocols name the error in the body; Query-compatible clients read this header.
        return content_type, _json(code, message), (("x-amzn-query-error", f"{code};Sender"),)
    if service == "s3":
        return "application/xml", _s3_xml(code, message, request.path, request_id), ()
    if service == "ec2":
        return "text/xml", _ec2_xml(code, message, request_id), ()
    if request.form.get("Action") or request.query.get("Action") or service in ("route53", "cloudfront"):
        return "text/xml", _query_xml(code, message, request_id), ()
    return "application/json", _json(code, message), (("x-amzn-errortype", code),)


def _json(code: str, message: str) -> bytes:
    return json.dumps({"__type": code, "message": message, "Message": message}).encode()


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _s3_xml(code: str, message: str, resource: str, request_id: str) -> bytes:
    return (
        f"{_XML}<Error><Code>{escape(code)}</Code><Message>{_plain(message)}</Message>"
        f"<Resource>{_plain(resource)}</Resource><RequestId>{request_id}</RequestId></Error>"
    ).encode("utf-8", "replace")


def _ec2_xml(code: str, message: str, request_id: str) -> bytes:
    return (
        f"{_XML}<Response><Errors><Error><Code>{escape(code)}</Code><Message>{_plain(message)}</Message>"
        f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    ).encode("utf-8", "replace")


def _query_xml(code: str, message: str, request_id: str) -> bytes:
    return (
        f"{_XML}<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
        f"<Message>{_plain(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode("utf-8", "replace")


def _plain(text: str) -> str:
    """Text fit for XML 1.0, which has no place for control characters."""
    return escape("".join(char for char in text if char.isprintable()))


def _cbor(code: str, message: str) -> bytes:
    """A CBOR map of two text strings (RFC 8949): major type 5 for the map, 3 for text."""
    pairs = (("__type", code), ("message", message))
    return b"\xa2" + b"".join(_cbor_text(text) for pair in pairs for text in pair)


def _cbor_text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return b"\x79" + len(data).to_bytes(2, "big") + data[:65535]
