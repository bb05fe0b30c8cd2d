"""What must change in a request for LocalStack, and in its answer: names of callers, and addresses.

LocalStack hands out addresses of its own (queues, functions, APIs); a learner's tools are to use the
gateway's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from cloudlings.sandbox.model import Call, Request, Response

# IAM's operations that are about the caller's own user when they name none (IAM API reference).
_OWN_USER: Final = (
    "GetUser", "CreateAccessKey", "ListAccessKeys", "DeleteAccessKey", "UpdateAccessKey", "ListMFADevices",
    "ListSSHPublicKeys", "ListServiceSpecificCredentials", "ListSigningCertificates",
)  # fmt: skip
# Services whose answers hold addresses; of what they store for their users, nothing is to be changed.
_ADDRESSED: Final = ("sqs", "lambda", "apigateway", "apigatewayv2", "cloudformation")
_STORED: Final = ("ReceiveMessage", "Invoke", "GetTemplate")
_OWN_HOST = "localhost.localstack.cloud"
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/")


def account_in_role(request: Request) -> str:
    """The account of the role that an unsigned request (a web identity's) asks for; "" when it names none."""
    found = _ROLE.search(request.form.get("RoleArn") or request.query.get("RoleArn") or "")
    return found[1] if found else ""


def with_user(request: Request, operation: str, user: str) -> Request:
    """A request that is about its own caller, saying who that is: LocalStack is asked as the root."""
    form = request.form
    if operation not in _OWN_USER or "UserName" in form or not form:
        return request
    return replace(request, body=urlencode({**form, "UserName": user}).encode())


# What LocalStack tells of itself, and of every account, whoever asks by whatever name; of these paths only
# those of deployed APIs and function URLs are for others.
_OWN_PAGES = re.compile(r"/+(_aws/+(?!execute-api/|lambda-url/)|_localstack\b|_extension\b|_pods\b)")


def is_own_page(request: Request) -> bool:
    """Whether a request is for one of LocalStack's own pages."""
    return _OWN_PAGES.match(request.path) is not None


# Defaults of AWS's that LocalStack stores otherwise when they are left to it (EC2 API reference).
_DEFAULTS: Final = {("ec2", "CreateNatGateway"): {"ConnectivityType": "public"}}


def with_defaults(request: Request, service: str, operation: str) -> Request:
    """A request that says what AWS would understand without being told."""
    form = request.form
    said = {**_DEFAULTS.get((service, operation), {}), **form}
    return request if said == form or not form else replace(request, body=urlencode(said).encode())


_MESSAGE = re.compile(rb'(?i)"message"\s*:\s*"((?:[^"\\\\]|\\\\.)*)"|<Message>([^<]*)</Message>')


def message_of(response: Response) -> str:
    """The sentence of an error response; "" when there is none."""
    found = _MESSAGE.search(response.body)
    return (found[1] or found[2] or b"").decode("utf-8", "replace") if found else ""


class Links:
    """The addresses of a LocalStack at ``url``, as the gateway at ``gateway_url`` writes them."""

    def __init__(self, url: str, gateway_url: str) -> None:
        self.inner = urlsplit(url).netloc
        self._gateway = urlsplit(gateway_url)
        names = "|".join(map(re.escape, (_OWN_HOST, self.inner.partition(":")[0], "localhost", "127.0.0.1")))
        port = re.escape(str(urlsplit(url).port or 4566))
        # A queue's name for its Region is dropped: the address without it resolves anywhere.
        self._plain = re.compile(
            rf"https?://(?:sqs\.[a-z0-9-]+\.)?(?:{names})(?::(?:{port}|4566))?(?=[/\"<\s])"
        )
        self._named = re.compile(
            rf"https?://([\w.-]+)\.{re.escape(_OWN_HOST)}(?::(?:{port}|4566))?(?=[/\"<\s])"
        )

    def outwards(self, call: Call, response: Response) -> Response:
        """An answer whose addresses are the gateway's."""
        if call.service not in _ADDRESSED or call.operation in _STORED:
            return response
        text = response.body.decode("utf-8", "surrogateescape")
        plain = self._plain.sub(self._gateway.geturl(), text)
        named = self._named.sub(rf"http://\1.localhost:{self._gateway.port}", plain)
        if named == text:
            return response
        dropped = ("content-length", "x-amz-crc32")
        headers = tuple(pair for pair in response.headers if pair[0] not in dropped)
        return replace(response, headers=headers, body=named.encode("utf-8", "surrogateescape"))

    def inwards(self, request: Request) -> Request:
        """A call of a deployed API, by the name that LocalStack knows it by."""
        host = request.header("host")
        name = host.rpartition(":")[0] or host
        ours = name.removesuffix(".localhost")
        inner = f"{ours}.{_OWN_HOST}" if ours != name else self.inner
        headers = tuple(pair for pair in request.headers if pair[0] != "host")
        return replace(request, headers=(*headers, ("host", inner)))
