"""Malformed requests of every kind: an error of AWS's shape, and a gateway that goes on."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from http.client import HTTPResponse
from urllib.parse import urlsplit
from xml.etree import ElementTree

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.routes import BY_SERVICE
from tests.sandbox.conftest import Answer, send, signed

RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PATHS = st.text(alphabet="/abcAB%2F.~_-?&=+:*<>'\u00fc", max_size=30).map(
    lambda text: "/" + text.encode().decode("latin-1").encode("ascii", "replace").decode()
)
TARGETS = st.sampled_from(["", "AmazonSQS.ListQueues", "DynamoDB_20120810.Nope", "x", "..", "a.b.c"])
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"{", b"[]", b"null", b"Action=", b"Action=DescribeVpcs", b"Action=%00&Version=%ff",
         b"<a", b"<a/>",
         b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xa1", b"\xff\xfe",
         json.dumps({"a": [[[[]]]] * 20}).encode()]
    ),
)  # fmt: skip


def assert_shaped(answer: Answer) -> None:
    """An answer that a client of AWS can read: a success, or an error with a code."""
    assert answer.status != 500
    if answer.status < 400 or not answer.body:
        return
    kind = answer.headers["content-type"]
    if "json" in kind:
        said = json.loads(answer.body)
        assert said.get("__type") or answer.headers.get("x-amzn-errortype") or "message" in said
    elif "cbor" in kind:
        assert b"__type" in answer.body
    else:
        assert next(ElementTree.fromstring(answer.body).iter("Code")).text


@RELAXED
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"]),
    path=PATHS,
    body=BODIES,
    target=TARGETS,
    host=st.sampled_from(["127.0.0.1", "b.localhost", "x.execute-api.localhost", "x.s3.localhost", ""]),
)
def test_unsigned_nonsense_is_answered(
    sandbox: Sandbox, method: str, path: str, body: bytes, target: str, host: str
) -> None:
    """Whatever is sent without a signature gets an answer of AWS's shape, and never a server error."""
    headers = {"Host": host} | ({"X-Amz-Target": target} if target else {})
    assert_shaped(send(sandbox.endpoint_url, method, path, headers, body))


@pytest.mark.parametrize("body", [b"0", b"[]", b'"x"', b"null", b"true"])
def test_json_that_is_no_object_is_refused(sandbox: Sandbox, body: bytes) -> None:
    """An emulator that stumbles over it is not the sandbox's own error: the client is told what it sent."""
    sandbox.provision("333344445555")
    keys = sandbox.credentials("333344445555", "learner")
    extra = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.ListQueues"}
    headers = signed(sandbox.endpoint_url, keys, "sqs", "POST", "/", body, extra)
    answer = send(sandbox.endpoint_url, "POST", "/", headers, body)
    assert (answer.status, b"SerializationException" in answer.body) == (400, True)


@RELAXED
@given(
    service=st.sampled_from([*sorted(BY_SERVICE), "nope", "", "s3/../iam"]),
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    path=st.one_of(st.just("/"), PATHS),
    body=BODIES,
    target=TARGETS,
    kind=st.sampled_from(["application/x-www-form-urlencoded", "application/x-amz-json-1.0", "text/xml", ""]),
    cbor=st.booleans(),
)
def test_signed_nonsense_is_answered(
    sandbox: Sandbox, service: str, method: str, path: str, body: bytes, target: str, kind: str, cbor: bool
) -> None:
    """Nonsense with a right signature, for any service, is answered too, and never by a crash."""
    sandbox.provision("333344445555")
    keys = sandbox.credentials("333344445555", "learner")
    extra = {"Content-Type": kind} if kind else {}
    extra |= {"X-Amz-Target": target} if target else {}
    extra |= {"Smithy-Protocol": "rpc-v2-cbor"} if cbor else {}
    headers = signed(sandbox.endpoint_url, keys, service, method, path.partition("?")[0], body, extra)
    answer = send(sandbox.endpoint_url, method, path.partition("?")[0], headers, body)
    assert_shaped(answer)


@RELAXED
@given(
    header=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=80),
    date=st.sampled_from(["", "20260101T000000Z", "now", "99999999T999999Z"]),
)
def test_any_authorization_header_is_answered(sandbox: Sandbox, header: str, date: str) -> None:
    """A header that is half a signature, or none, is refused in AWS's shape."""
    for start in ("", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential="):
        headers = {"Host": "127.0.0.1", "Authorization": start + header, "X-Amz-Date": date}
        assert_shaped(send(sandbox.endpoint_url, "GET", "/b", headers))


BROKEN = {
    "empty": b"\r\n\r\n",
    "no path": b"GET\r\n\r\n",
    "version": b"GET / HTTP/9.9\r\n\r\n",
    "method": b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
    "binary": b"\x00\x01\x02\x03\r\n\r\n",
    "negative length": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "bad chunk": b"PUT /b/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "huge header": b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
def test_broken_http_does_not_hurt(sandbox: Sandbox, learner: boto3.Session, sent: bytes) -> None:
    """After bytes that are no HTTP the next request is answered as ever."""
    where = urlsplit(sandbox.endpoint_url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(2)
        with suppress(TimeoutError, ConnectionResetError):
            connection.recv(1000)
    assert learner.client("s3").list_buckets()["Buckets"] == []


def test_a_body_past_all_bounds_is_refused_before_it_is_sent(sandbox: Sandbox) -> None:
    """A length that the gateway does not take is an error at once."""
    where = urlsplit(sandbox.endpoint_url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
        connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n")
        answer = HTTPResponse(connection)
        answer.begin()
        assert b"EntityTooLarge" in answer.read()


def test_slow_clients_do_not_hold_up_others(sandbox: Sandbox, learner: boto3.Session) -> None:
    """While thirty clients send nothing further, another is answered promptly."""
    where = urlsplit(sandbox.endpoint_url)
    slow = [socket.create_connection((where.hostname, where.port)) for _ in range(30)]
    try:
        for connection in slow:
            connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
        client = learner.client("s3")
        began = time.monotonic()
        client.list_buckets()
        assert time.monotonic() - began < 1
    finally:
        for connection in slow:
            connection.close()
