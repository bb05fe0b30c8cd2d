"""One sandbox for the tests of a worker, an account of its own for every test, and signed raw requests."""

from __future__ import annotations

import http.client
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from cloudlings.sandbox import Credentials, Sandbox
from cloudlings.sandbox.session import session

_numbers = itertools.count(100000000001)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A temporary sandbox, shared: tests keep apart by account."""
    with Sandbox.temporary() as running:
        yield running


@pytest.fixture
def account_id(sandbox: Sandbox) -> str:
    """An account that no other test uses, with its learner."""
    number = str(next(_numbers))
    sandbox.provision(number)
    return number


@pytest.fixture
def learner(sandbox: Sandbox, account_id: str) -> boto3.Session:
    """The learner's session in the test's account."""
    return sandbox.session(account_id, "learner", "us-east-1")


@pytest.fixture
def grader(sandbox: Sandbox, account_id: str) -> boto3.Session:
    """The grader's session in the test's account."""
    return sandbox.session(account_id, "grader", "us-east-1")


@pytest.fixture
def bucket(learner: boto3.Session, account_id: str) -> str:
    """A bucket of the test's own."""
    name = f"bucket-{account_id}"
    learner.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def as_keys(sandbox: Sandbox) -> Callable[[str, dict[str, Any]], boto3.Session]:
    """A session with keys as IAM (``AccessKey``) or STS (``Credentials``) gives them."""

    def make(account: str, keys: dict[str, Any]) -> boto3.Session:
        given = Credentials(
            account, keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken", "")
        )
        return session(sandbox.endpoint_url, given, "us-east-1")

    return make


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that a boto3 call gets; "" when it succeeds."""
    try:
        call(**arguments)
    except ClientError as error:
        code: str = error.response["Error"]["Code"]
        return code
    return ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


def send(
    url: str, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One HTTP request, sent exactly as given: no path is tidied up on the way."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def signed(
    url: str,
    credentials: Credentials,
    service: str,
    method: str = "GET",
    path: str = "/",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    region: str = "us-east-1",
) -> dict[str, str]:
    """The headers of a request signed by botocore."""
    request = AWSRequest(method, f"{url}{path}", data=body, headers=headers or {})
    keys = BotoCredentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token or None
    )
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    request.context["payload_signing_enabled"] = True
    signer(keys, service, region).add_auth(request)
    return {"Host": urlsplit(url).netloc, **dict(request.headers)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with nothing in it."""
    return tmp_path / "home"
