"""AWS Signature Version 4: reading a request's signature, and checking it against a secret.

Source: IAM User Guide, "Create a signed AWS API request" (canonical request, string to sign, signing
key), and the S3 API reference, "Authenticating requests" (presigned queries, chunked payloads).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from calendar import timegm
from dataclasses import dataclass
from functools import lru_cache
from posixpath import normpath
from urllib.parse import parse_qsl, quote, unquote

from cloudlings.sandbox.model import Request

ALGORITHM = "AWS4-HMAC-SHA256"
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
EMPTY = hashlib.sha256(b"").hexdigest()
# How far a client's clock may be off, in seconds (S3 and most services accept 15 minutes).
SKEW = 15 * 60
# A presigned request lives seven days at most (S3 User Guide, "Sharing objects with presigned URLs").
LONGEST_PRESIGN = 7 * 24 * 3600


@dataclass(frozen=True)
class Signature:
    """What a request says about its own signature."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    token: str
    presigned: bool = False
    expires: str = ""

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True)
class Refusal:
    """Why a signature does not count: AWS's error code and sentence."""

    code: str
    message: str


def read_signature(request: Request) -> Signature | Refusal | None:
    """The signature of a request: from its header or its query; None when it is not signed at all."""
    authorization = request.header("authorization")
    if authorization:
        return _from_header(request, authorization)
    if "X-Amz-Algorithm=" in request.query_string or "X-Amz-Credential=" in request.query_string:
        return _from_query(request.query)
    return None


def _from_header(request: Request, authorization: str) -> Signature | Refusal:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        return Refusal("IncompleteSignature", f"Unsupported AWS 'algorithm': '{algorithm}'.")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    fields["X-Amz-Date"] = request.header("x-amz-date")
    fields["X-Amz-Security-Token"] = request.header("x-amz-security-token")
    return _signature(fields, prefix="", presigned=False)


def _from_query(query: dict[str, str]) -> Signature | Refusal:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        return Refusal("AuthorizationQueryParametersError", f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    return _signature(query, prefix="X-Amz-", presigned=True)


def _signature(fields: dict[str, str], prefix: str, *, presigned: bool) -> Signature | Refusal:
    for name in (f"{prefix}Credential", f"{prefix}SignedHeaders", f"{prefix}Signature", "X-Amz-Date"):
        if not fields.get(name):
            return Refusal("IncompleteSignature", f"Authorization requires '{name}' parameter.")
    parts = fields[f"{prefix}Credential"].split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        return Refusal("IncompleteSignature", "Credential must be keyid/date/region/service/aws4_request.")
    return Signature(
        access_key_id=parts[0],
        date=parts[1],
        region=parts[2],
        service=parts[3],
        signed_headers=tuple(fields[f"{prefix}SignedHeaders"].split(";")),
        signature=fields[f"{prefix}Signature"],
        timestamp=fields["X-Amz-Date"],
        token=fields.get("X-Amz-Security-Token", ""),
        presigned=presigned,
        expires=fields.get("X-Amz-Expires", ""),
    )


def check_time(signature: Signature, now: float | None = None) -> Refusal | None:
    """Refuse a signature made too long ago, in the future, for another day, or past its expiry."""
    now = time.time() if now is None else now
    try:
        signed = _epoch(signature.timestamp)
    except ValueError:
        return Refusal("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    if signature.timestamp[:8] != signature.date:
        return Refusal("SignatureDoesNotMatch", "Date in Credential scope does not match the request's date.")
    if signature.presigned:
        return _check_presigned_time(signature, signed, now)
    if abs(now - signed) > SKEW:
        return Refusal(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
    return None


@lru_cache(maxsize=64)
def _epoch(timestamp: str) -> int:
    """Errors: ValueError. Requests come many in a second, and each tells only that."""
    return timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))


def _check_presigned_time(signature: Signature, signed: float, now: float) -> Refusal | None:
    if not signature.expires.isdecimal():
        return Refusal("AuthorizationQueryParametersError", "X-Amz-Expires should be a number")
    life = int(signature.expires)
    if life > LONGEST_PRESIGN:
        return Refusal(
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds) that is 604800",
        )
    if signed - now > SKEW:
        return Refusal("AccessDenied", "Request is not valid yet")
    if now > signed + life:
        return Refusal("AccessDenied", "Request has expired")
    return None


def verify(request: Request, signature: Signature, secret: str) -> Refusal | None:
    """Recompute a request's signature from the secret; None when it is the same.

    A payload hash that the client declared is checked against the body too, so neither headers nor
    body can be changed on the way.
    """
    declared = _payload_hash(request, signature)
    if _is_wrong_digest(request, declared):
        return Refusal(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    key = signing_key(secret, signature.date, signature.region, signature.service)
    paths = _canonical_paths(request.raw_path, signature.service)
    canonicals = (_canonical_request(request, path, signature, declared) for path in paths)
    computed = (_hex(key, _string_to_sign(signature, canonical)) for canonical in canonicals)
    if not any(hmac.compare_digest(each, signature.signature) for each in computed):
        return mismatch()
    if declared.startswith(CHUNKED) and not _chunks_match(request.body, signature, key):
        return mismatch()
    return None


def _is_wrong_digest(request: Request, declared: str) -> bool:
    stated = request.header("x-amz-content-sha256") == declared and len(declared) == 64
    return stated and declared != hashlib.sha256(request.body).hexdigest()


def mismatch() -> Refusal:
    """What AWS says of a signature that is not the one it computes."""
    return Refusal(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )


def _canonical_request(request: Request, path: str, signature: Signature, payload_hash: str) -> str:
    headers = "".join(f"{name}:{_canonical_value(request, name)}\n" for name in signature.signed_headers)
    return "\n".join(
        (
            request.method,
            path,
            _canonical_query(request.query_string, drop_signature=signature.presigned),
            headers,
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _canonical_paths(raw_path: str, service: str) -> tuple[str, ...]:
    """The forms that a path may have been signed in."""
    if service == "s3":
        # A key is signed as it is sent; clients that send it half encoded sign it fully encoded.
        return tuple(dict.fromkeys((raw_path or "/", quote(unquote(raw_path), safe="/~") or "/")))
    # The other services sign the normalised path, encoded once more.
    normal = "/" + normpath(raw_path).lstrip("/") if raw_path else "/"
    if raw_path.endswith("/") and normal != "/":
        normal += "/"
    return (quote(normal, safe="/~"),)


def _canonical_query(query_string: str, *, drop_signature: bool) -> str:
    if not query_string:
        return ""
    pairs = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in parse_qsl(query_string.replace("+", "%20"), keep_blank_values=True)
        if not (drop_signature and name == "X-Amz-Signature")
    )
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_value(request: Request, name: str) -> str:
    return " ".join(request.header(name).split())


def _payload_hash(request: Request, signature: Signature) -> str:
    if signature.presigned and signature.service == "s3":
        return request.query.get("X-Amz-Content-Sha256") or "UNSIGNED-PAYLOAD"
    return request.header("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()


def _string_to_sign(signature: Signature, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"


@lru_cache(maxsize=512)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that a secret gives for one day, Region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _hex(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _chunks_match(body: bytes, signature: Signature, key: bytes) -> bool:
    """Whether every chunk of a signed upload carries the signature that follows from the one before."""
    previous, position = signature.signature, 0
    while (end := body.find(b"\r\n", position)) >= 0:
        size_text, _, provided = body[position:end].decode("latin-1").partition(";chunk-signature=")
        try:
            size = int(size_text, 16)
        except ValueError:
            return False
        chunk = body[end + 2 : end + 2 + size]
        digest = hashlib.sha256(chunk).hexdigest()
        text = f"{ALGORITHM}-PAYLOAD\n{signature.timestamp}\n{signature.scope}\n{previous}\n{EMPTY}\n{digest}"
        previous = _hex(key, text)
        if not hmac.compare_digest(previous, provided.strip()):
            return False
        if size == 0:
            return True
        position = end + 2 + size + 2
    return False
