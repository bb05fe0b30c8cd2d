"""What may stand behind the gateway in place of its own emulators, and what is made of its addresses."""

from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Iterator

import pytest

from cloudlings.errors import SandboxError
from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.emulators import localstack
from cloudlings.sandbox.emulators.localstack_answers import (
    Links,
    account_in_role,
    is_own_page,
    with_defaults,
    with_user,
)
from cloudlings.sandbox.emulators.localstack_api import Api, check_address
from cloudlings.sandbox.emulators.localstack_keys import Keys
from cloudlings.sandbox.model import Call, Credentials, Request, Response

GATEWAY = "http://127.0.0.1:4570"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
        ("http://localhost:4566/", "http://127.0.0.1:4566"),
        ("http://localhost.localstack.cloud:4567", "http://127.0.0.1:4567"),
        ("http://127.0.0.2", "http://127.0.0.2:4566"),
    ],
)
def test_an_upstream_is_on_this_machine(given: str, url: str) -> None:
    """Every name of the loopback is its address; the port is LocalStack's where none is given."""
    assert check_address(given) == url


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://s3.amazonaws.com", "AWS itself"),
        ("http://sts.eu-west-1.amazonaws.com:443", "AWS itself"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "AWS itself"),
        ("http://lambda.us-east-1.api.aws", "AWS itself"),
        ("http://10.0.0.5:4566", "not on this machine"),
        ("http://example.com:4566", "not on this machine"),
        ("http://localstack:4566", "not on this machine"),
        ("http://[::1]:4566", "not on this machine"),
        ("https://127.0.0.1:4566", "http://HOST:PORT"),
        ("http://127.0.0.1:4566/path", "http://HOST:PORT"),
        ("127.0.0.1:4566", "http://HOST:PORT"),
        ("http://127.0.0.1:99999", "no port between"),
    ],
)
def test_nothing_else_is_an_upstream(given: str, said: str) -> None:
    """AWS's own addresses and other machines are refused, each for its reason, with what to do instead."""
    with pytest.raises(SandboxError, match=said) as caught:
        check_address(given)
    assert "cloudlings start --upstream http://127.0.0.1" in caught.value.next_step


def test_in_a_container_a_neighbour_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """There, a name without a dot is a service of the same compose file; a name with one is not."""
    monkeypatch.setenv("CLOUDLINGS_BIND", "0.0.0.0")
    assert check_address("http://localstack:4566") == "http://localstack:4566"
    with pytest.raises(SandboxError, match="not on this machine"):
        check_address("http://localstack.example.com:4566")


def test_localstack_client_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the word localstack it is where LOCALSTACK_HOST says, whatever the endpoint of a shell."""
    monkeypatch.setenv("LOCALSTACK_HOST", "localhost:4599")
    monkeypatch.setenv("AWS_ENDPOINT_URL", GATEWAY)
    assert check_address("localstack") == "http://127.0.0.1:4599"
    assert Api("http://127.0.0.1:4599").serves("sqs")


def test_an_upstream_that_is_refused_starts_nothing(tmp_path) -> None:
    """Real AWS is refused before anything runs, from the environment as well."""
    with pytest.raises(SandboxError, match="AWS itself"):
        Sandbox.start(tmp_path, port=0, upstream="https://ec2.amazonaws.com")
    assert Sandbox.find(tmp_path) is None


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"hello": "there"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is its own."""


@pytest.fixture
def something() -> Iterator[str]:
    """The address of a server that is no LocalStack."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_is_no_localstack_is_told_at_once(something: str) -> None:
    """Another server at the address is no LocalStack, and nobody waits for it to become one."""
    with pytest.raises(SandboxError, match="is not LocalStack"):
        asyncio.run(localstack.LocalStack(something, None, GATEWAY).start())


def test_nobody_at_the_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing listens, the message says so and what works without."""
    monkeypatch.setattr(localstack, "PATIENCE", 0.5)
    began = time.monotonic()
    with pytest.raises(SandboxError, match="No LocalStack answers at") as caught:
        asyncio.run(localstack.LocalStack("http://127.0.0.1:9", None, GATEWAY).start())
    assert "without --upstream" in caught.value.next_step
    assert time.monotonic() - began < 10


def _answer(service: str, operation: str, body: str) -> str:
    links = Links("http://127.0.0.1:4566", GATEWAY)
    call = Call(Request("POST", "/", "", ()), service, operation, "us-east-1", None, "111122223333")
    return links.outwards(call, Response(200, (), body.encode())).body.decode()


def test_addresses_are_the_gateways() -> None:
    """A queue's address loses its Region's name, a function's keeps its own."""
    queue = '{"QueueUrl": "http://sqs.eu-west-1.localhost.localstack.cloud:4566/111122223333/jobs"}'
    assert _answer("sqs", "CreateQueue", queue) == f'{{"QueueUrl": "{GATEWAY}/111122223333/jobs"}}'
    url = '{"FunctionUrl": "http://abc.lambda-url.us-east-1.localhost.localstack.cloud:4566/"}'
    assert _answer("lambda", "CreateFunctionUrlConfig", url) == (
        '{"FunctionUrl": "http://abc.lambda-url.us-east-1.localhost:4570/"}'
    )


def test_what_is_stored_is_left_alone() -> None:
    """An address inside a message or an object is the learner's."""
    message = '{"Messages": [{"Body": "http://localhost:4566/x"}]}'
    assert _answer("sqs", "ReceiveMessage", message) == message
    assert _answer("s3", "GetObject", "http://localhost:4566/x") == "http://localhost:4566/x"


def test_a_request_about_its_own_caller_names_it() -> None:
    """GetUser without a name is about whoever asks; one with a name, and other operations, stay."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    asked = Request("POST", "/", "", headers, b"Action=GetUser&Version=2010-05-08")
    assert with_user(asked, "GetUser", "learner").form["UserName"] == "learner"
    named = Request("POST", "/", "", headers, b"Action=GetUser&UserName=op")
    assert with_user(named, "GetUser", "learner").form["UserName"] == "op"
    assert "UserName" not in with_user(asked, "ListUsers", "learner").form


@pytest.mark.parametrize(
    "path", ["/_aws/sqs/messages", "//_aws/ses", "/%5Faws/sqs/messages", "/_localstack/health", "/_pods/x"]
)
def test_localstacks_own_pages_are_known(path: str) -> None:
    """What tells of every account is told from what a deployed API answers."""
    assert is_own_page(Request("GET", path, "", ()))


@pytest.mark.parametrize(
    "path", ["/_aws/execute-api/abc/v1/x", "/_aws/lambda-url/abc/", "/v1/_aws", "/_awesome"]
)
def test_paths_of_apis_are_none_of_them(path: str) -> None:
    """An API's own paths are passed on."""
    assert not is_own_page(Request("GET", path, "", ()))


def test_a_default_that_localstack_lacks_is_said() -> None:
    """A NAT gateway of no kind is a public one; one of a kind keeps it."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    asked = Request("POST", "/", "", headers, b"Action=CreateNatGateway&SubnetId=subnet-1")
    assert with_defaults(asked, "ec2", "CreateNatGateway").form["ConnectivityType"] == "public"
    private = Request("POST", "/", "", headers, b"Action=CreateNatGateway&ConnectivityType=private")
    assert with_defaults(private, "ec2", "CreateNatGateway") == private
    assert with_defaults(asked, "ec2", "CreateSubnet") == asked


def test_a_web_identitys_account_is_its_roles() -> None:
    """An unsigned AssumeRoleWithWebIdentity is answered in the account of the role."""
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    body = b"Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fci"
    assert account_in_role(Request("POST", "/", "", headers, body)) == "111122223333"


def test_keys_are_kept_and_followed(tmp_path) -> None:
    """A key is known after a restart, inactive when it was made so, and gone with its account."""
    file = tmp_path / "keys.json"
    keys = Keys(file)
    keys.give(Credentials("111122223333", "AKIAIOSFODNN7EXAMPLE", "s"), "learner")
    made = {"AccessKey": {"AccessKeyId": "LKIAEXAMPLE", "SecretAccessKey": "t", "UserName": "op"}}
    keys.observe_iam("CreateAccessKey", "111122223333", {"UserName": "op"}, made)
    keys.observe_iam(
        "UpdateAccessKey", "111122223333", {"AccessKeyId": "LKIAEXAMPLE", "Status": "Inactive"}, {}
    )
    again = Keys(file)
    assert not again.users["LKIAEXAMPLE"].active
    assert file.stat().st_mode & 0o077 == 0
    again.forget("111122223333")
    assert list(Keys(file).users) == ["AKIAIOSFODNN7EXAMPLE"]
