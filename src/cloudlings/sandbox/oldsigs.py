"""S3's other signatures: version 2 in a query, which boto3 still presigns with in some Regions, and the
signed policy of a browser's upload form.

Sources: S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)"; S3 API
reference, "Browser-based uploads using POST (AWS signature version 4)".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from cloudlings.sandbox.model import Request
from cloudlings.sandbox.sigv4 import Refusal, mismatch, signing_key

_FIELD = re.compile(
    rb'name="(policy|x-amz-signature|x-amz-credential|x-amz-security-token|AWSAccessKeyId|signature)"\r\n'
    rb"(?:[^\r\n]+\r\n)*\r\n([^\r\n]*)\r\n",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class QuerySignature:
    """A version 2 signature in the query of a presigned S3 address."""

    access_key_id: str
    expires: str
    signature: str
    token: str

    def refusal(self, request: Request, path: str, secret: str) -> Refusal | None:
        """Why it does not count; None when it does. ``path`` has the bucket first."""
        if not self.expires.isdecimal():
            return Refusal("AccessDenied", "Invalid date (should be seconds since epoch)")
        if int(self.expires) < time.time():
            return Refusal("AccessDenied", "Request has expired")
        expected = _signature_of(request, path, self.expires, secret, self.token)
        return None if hmac.compare_digest(expected, self.signature) else mismatch()


@dataclass(frozen=True)
class FormSignature:
    """The signature over a form's policy, of version 4 (with a credential scope) or 2 (without)."""

    access_key_id: str
    scope: str
    policy: str
    signature: str
    token: str

    def refusal(self, secret: str) -> Refusal | None:
        """Why it does not count; None when it does. What the policy says is for the emulator to check."""
        parts = self.scope.split("/")
        if not self.scope:
            digest = hmac.new(secret.encode(), self.policy.encode(), hashlib.sha1).digest()
            expected = base64.b64encode(digest).decode()
        elif len(parts) == 4:
            key = signing_key(secret, *parts[:3])
            expected = hmac.new(key, self.policy.encode(), hashlib.sha256).hexdigest()
        else:
            return Refusal("InvalidArgument", "the Credential is mal-formed")
        return None if hmac.compare_digest(expected, self.signature) else mismatch()


def read_query(request: Request) -> QuerySignature | None:
    """The version 2 signature in a query, if there is one."""
    if "AWSAccessKeyId=" not in request.query_string:
        return None
    query = request.query
    return QuerySignature(
        access_key_id=query.get("AWSAccessKeyId", ""),
        expires=query.get("Expires", ""),
        signature=query.get("Signature", ""),
        token=query.get("x-amz-security-token", ""),
    )


def is_form(request: Request) -> bool:
    """Whether a request is a browser's upload form."""
    return request.method == "POST" and request.header("content-type").startswith("multipart/form-data")


def read_form(request: Request) -> FormSignature | None:
    """The signature of an upload form; None when the form is not signed."""
    found = {
        name.decode().lower(): value.decode("utf-8", "replace")
        for name, value in _FIELD.findall(request.body)
    }
    credential = found.get("x-amz-credential") or found.get("awsaccesskeyid")
    if not credential:
        return None
    key, _, scope = credential.partition("/")
    return FormSignature(
        access_key_id=key,
        scope=scope,
        policy=found.get("policy", ""),
        signature=found.get("x-amz-signature") or found.get("signature", ""),
        token=found.get("x-amz-security-token", ""),
    )


def _signature_of(request: Request, path: str, expires: str, secret: str, token: str) -> str:
    # Imported here: nothing else in the gateway needs botocore's code, and few requests need this.
    from botocore.auth import HmacV1Auth
    from botocore.awsrequest import HTTPHeaders
    from botocore.credentials import Credentials

    class Signer(HmacV1Auth):  # type: ignore[misc]
        def _get_date(self) -> str:
            return expires  # a presigned address signs its expiry in the date's place

    headers = HTTPHeaders()
    for name, value in request.headers:
        headers[name] = value
    signer = Signer(Credentials("", secret, token or None))
    address = urlsplit(f"http://host{path}?{request.query_string}")
    signature: str = signer.get_signature(request.method, address, headers)
    return signature
