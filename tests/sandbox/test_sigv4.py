"""Signatures: botocore signs, the gateway's code checks."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from cloudlings.sandbox import sigv4
from cloudlings.sandbox.model import Request
from cloudlings.sandbox.sigv4 import Refusal, Signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = Credentials("AKIAIOSFODNN7EXAMPLE", SECRET)
HOST = "127.0.0.1:4566"


def signed(
    service: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> Request:
    """A request that botocore signed."""
    made = AWSRequest(method, f"http://{HOST}{path}", data=body, headers=headers or {})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    made.context["payload_signing_enabled"] = True
    signer(KEYS, service, "us-east-1").add_auth(made)
    return as_request(method, path, dict(made.headers), body)


def presigned(path: str, expires: int = 300) -> Request:
    """An S3 request that botocore presigned."""
    made = AWSRequest("GET", f"http://{HOST}{path}")
    S3SigV4QueryAuth(KEYS, "s3", "us-east-1", expires=expires).add_auth(made)
    url = urlsplit(made.url)
    return as_request("GET", f"{url.path}?{url.query}", {}, b"")


def as_request(method: str, path: str, headers: dict[str, str], body: bytes) -> Request:
    raw_path, _, query = path.partition("?")
    pairs = tuple((name.lower(), str(value)) for name, value in {"host": HOST, **headers}.items())
    return Request(method, raw_path, query, pairs, body)


def encode(text: str) -> str:
    return quote(text.encode("utf-8", "replace"), safe="-_.~")


def signature_of(request: Request) -> Signature:
    found = sigv4.read_signature(request)
    assert isinstance(found, Signature)
    return found


def test_the_example_of_aws_documentation() -> None:
    """The signing key of the documentation's example day gives the documented signature.

    Source: IAM User Guide, the example of deriving a signing key for iam in us-east-1 on 20150830.
    """
    key = sigv4.signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


@pytest.mark.parametrize("service", ["s3", "sqs", "lambda"])
@given(
    segments=st.lists(st.text(min_size=1, max_size=8).filter(lambda s: s not in (".", "..")), max_size=3),
    query=st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=6), max_size=3),
    body=st.binary(max_size=50),
    value=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
)
def test_whatever_botocore_signs_counts(
    service: str, segments: list[str], query: dict[str, str], body: bytes, value: str
) -> None:
    """A request as botocore signs it passes, with any path, query, header value and body."""
    path = "/" + "/".join(map(encode, segments))
    encoded = "&".join(f"{encode(k)}={encode(v)}" for k, v in query.items())
    request = signed(service, "PUT", f"{path}?{encoded}" if encoded else path, body, {"X-Amz-Meta-A": value})
    assert sigv4.verify(request, signature_of(request), SECRET) is None


def test_a_changed_body_does_not_count() -> None:
    """A body other than the one that was signed is refused."""
    request = replace(signed("s3", "PUT", "/b/k", b"mine"), body=b"theirs")
    refusal = sigv4.verify(request, signature_of(request), SECRET)
    assert refusal is not None
    assert refusal.code == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize(
    "change",
    [{"raw_path": "/b/other"}, {"query_string": "acl"}, {"method": "DELETE"}],
    ids=["path", "query", "method"],
)
def test_a_changed_request_does_not_count(change: dict[str, str]) -> None:
    """A path, query or method other than the one that was signed is refused."""
    request = replace(signed("s3", "PUT", "/b/k"), **change)
    refusal = sigv4.verify(request, signature_of(request), SECRET)
    assert refusal is not None
    assert refusal.code == "SignatureDoesNotMatch"


def test_a_wrong_secret_does_not_count() -> None:
    """A request signed with another secret is refused."""
    request = signed("sqs", "POST", "/", b"{}")
    assert sigv4.verify(request, signature_of(request), SECRET + "x") is not None


def test_a_presigned_address_counts_until_it_expires() -> None:
    """A presigned address passes within its time and is refused after it."""
    request = presigned("/b/k%20x", expires=60)
    signature = signature_of(request)
    assert sigv4.verify(request, signature, SECRET) is None
    assert sigv4.check_time(signature, time.time() + 50) is None
    late = sigv4.check_time(signature, time.time() + 120)
    assert late is not None
    assert (late.code, late.message) == ("AccessDenied", "Request has expired")


def test_a_presigned_address_lives_a_week_at_most() -> None:
    """More than 604,800 seconds are refused before anything else."""
    late = sigv4.check_time(signature_of(presigned("/b/k", expires=604_801)))
    assert late is not None
    assert late.code == "AuthorizationQueryParametersError"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_far_off_does_not_count(minutes: int) -> None:
    """A signature sixteen minutes from now, either way, is too skewed; fourteen are not."""
    signature = signature_of(signed("s3", "GET", "/b"))
    refusal = sigv4.check_time(signature, time.time() + minutes * 60)
    assert refusal is not None
    assert refusal.code == "RequestTimeTooSkewed"
    assert sigv4.check_time(signature, time.time() + (minutes - minutes // 8) * 60) is None


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic dTpw",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, Signature=0",
        "AWS4-HMAC-SHA256 ,,,===",
    ],
)
def test_a_header_that_is_no_signature_is_told_so(authorization: str) -> None:
    """What cannot be read as a signature is refused by name."""
    request = as_request("GET", "/", {"Authorization": authorization, "X-Amz-Date": "20260101T000000Z"}, b"")
    found = sigv4.read_signature(request)
    assert isinstance(found, Refusal)
    assert found.code == "IncompleteSignature"


def test_an_unsigned_request_has_no_signature() -> None:
    """Nothing is made up for a request without one."""
    assert sigv4.read_signature(as_request("GET", "/b/k", {}, b"")) is None


def test_signed_chunks_are_checked_one_by_one() -> None:
    """A chunked upload passes as signed, and is refused when a chunk is changed."""
    good = chunked(b"hello")
    assert sigv4.verify(good, signature_of(good), SECRET) is None
    bad = replace(good, body=good.body.replace(b"hello", b"jello"))
    assert sigv4.verify(bad, signature_of(bad), SECRET) is not None


def chunked(content: bytes) -> Request:
    """A PUT with one signed chunk, made by the documentation's recipe."""
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "5",
    }
    made = AWSRequest("PUT", f"http://{HOST}/b/k", headers=headers)
    signer = S3SigV4Auth(KEYS, "s3", "us-east-1")
    made.context["payload_signing_enabled"] = True
    signer.payload = lambda _: headers["x-amz-content-sha256"]
    signer.add_auth(made)
    request = as_request("PUT", "/b/k", dict(made.headers), b"")
    signature = signature_of(request)
    key = sigv4.signing_key(SECRET, signature.date, "us-east-1", "s3")
    body, previous = b"", signature.signature
    for chunk in (content, b""):
        text = "\n".join(
            ("AWS4-HMAC-SHA256-PAYLOAD", signature.timestamp, signature.scope, previous,
             hashlib.sha256(b"").hexdigest(), hashlib.sha256(chunk).hexdigest())
        )  # fmt: skip
        previous = sigv4._hex(key, text)
        body += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + b"\r\n"
    return replace(request, body=body)
