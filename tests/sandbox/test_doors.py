"""The doors: what gets through from outside, and what never does."""

from __future__ import annotations

import os
import stat

import boto3
import pytest

from cloudlings.sandbox import Sandbox
from tests.sandbox.conftest import send, signed

# What the emulators answer about themselves, or to anybody, on their own ports.
OWN_PATHS = [
    "/_ministack/health", "/_ministack/reset", "/_ministack/config", "/_ministack/sqs/messages",
    "/%5Fministack/health", "//_ministack/health", "/./_ministack/health", "/a/../_ministack/health",
    "/_localstack/health", "/health", "/latest/meta-data/iam/security-credentials/", "/latest/api/token",
    "/v2/", "/v2/_catalog", "/clusters", "/moto-api/", "/moto-api/data.json", "/moto-api/reset",
    "/_ministack/lambda-code/111122223333/us-east-1/f", "/_ministack/rds/iam-auth", "/iceberg/v1/config",
    "/_alb/x", "/oauth2/token", "/.well-known/openid-configuration",
]  # fmt: skip


@pytest.mark.parametrize("path", OWN_PATHS)
@pytest.mark.parametrize("host", ["127.0.0.1", "abcdef01.execute-api.localhost", "localhost"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_path_of_an_emulators_own_is_answered(sandbox: Sandbox, path: str, host: str, method: str) -> None:
    """Unsigned, by whatever name and method: an error, and nothing about an emulator."""
    answer = send(sandbox.endpoint_url, method, path, {"Host": host})
    assert 400 <= answer.status < 500
    assert b"ministack" not in answer.body.lower().replace(path.lower().encode(), b"").replace(
        b"/_ministack", b""
    )


@pytest.mark.parametrize("path", [p for p in OWN_PATHS if p != "/_alb/x"])
@pytest.mark.parametrize("service", ["sqs", "ec2", "lambda", "execute-api", "eks", "monitoring"])
def test_a_signature_for_a_service_opens_that_services_api_only(
    sandbox: Sandbox, account_id: str, path: str, service: str
) -> None:
    """Signed for a service, the same paths are no operation of it, except where its API has such a path."""
    if (service, path) in {("eks", "/clusters")}:
        return
    keys = sandbox.credentials(account_id, "learner")
    target = {"X-Amz-Target": "AmazonSQS.ListQueues"} if service == "sqs" else {}
    headers = signed(sandbox.endpoint_url, keys, service, "POST", path, b"{}", target)
    answer = send(sandbox.endpoint_url, "POST", path, headers, b"{}")
    assert 400 <= answer.status < 500


def test_nothing_was_reset_by_all_this(sandbox: Sandbox, learner: boto3.Session, bucket: str) -> None:
    """An emulator's reset, asked for in every way above, forgets nothing."""
    for path in ("/_ministack/reset", "//_ministack/reset", "/moto-api/reset"):
        for host in ("127.0.0.1", "abcdef01.execute-api.localhost", "x.lambda-url.us-east-1.localhost"):
            send(sandbox.endpoint_url, "POST", path, {"Host": host})
    assert bucket in {b["Name"] for b in learner.client("s3").list_buckets()["Buckets"]}


def test_anybody_may_not_make_list_or_delete_buckets(sandbox: Sandbox, bucket: str) -> None:
    """Unsigned requests for buckets themselves are denied, and no bucket appears."""
    assert send(sandbox.endpoint_url, "PUT", "/anonymous-bucket").status == 403
    assert send(sandbox.endpoint_url, "GET", "/").status == 403
    assert send(sandbox.endpoint_url, "DELETE", f"/{bucket}").status == 403
    assert send(sandbox.endpoint_url, "GET", "/anonymous-bucket").status == 404


def test_headers_that_the_gateway_speaks_to_emulators_by_are_not_taken_from_outside(
    sandbox: Sandbox, learner: boto3.Session, account_id: str
) -> None:
    """A request that names another account in moto's own header is still its signer's."""
    keys = sandbox.credentials(account_id, "learner")
    body = b"Action=DescribeVpcs&Version=2016-11-15"
    extra = {
        "Content-Type": "application/x-www-form-urlencoded",
        "x-moto-account-id": "999999999999",
        "x-cloudlings-host": "s3",
    }
    headers = signed(sandbox.endpoint_url, keys, "ec2", "POST", "/", body, extra)
    answer = send(sandbox.endpoint_url, "POST", "/", headers, body)
    assert f"<ownerId>{account_id}</ownerId>".encode() in answer.body


def test_the_plain_port_never_counts_as_tls(sandbox: Sandbox, learner: boto3.Session, bucket: str) -> None:
    """A policy that denies without TLS stops the plain port, whatever a header says, and not the main one."""
    deny = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",'
        f'"Resource":["arn:aws:s3:::{bucket}","arn:aws:s3:::{bucket}/*"],'
        '"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}'
    )
    learner.client("s3").put_bucket_policy(Bucket=bucket, Policy=deny)
    keys = sandbox.credentials(learner.client("sts").get_caller_identity()["Account"], "learner")
    for url, extra, status in (
        (sandbox.endpoint_url, {}, 200),
        (sandbox.plain_url, {}, 403),
        (sandbox.plain_url, {"X-Forwarded-Proto": "https"}, 403),
    ):
        headers = signed(url, keys, "s3", "GET", f"/{bucket}") | extra
        assert send(url, "GET", f"/{bucket}", headers).status == status


@pytest.mark.parametrize("name", ["health", "latest", "clusters", "iceberg"])
def test_a_bucket_may_have_the_name_of_a_path_of_the_emulators(learner: boto3.Session, name: str) -> None:
    """Such a bucket is a bucket like others."""
    s3 = learner.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="meta-data/k", Body=b"v")
    assert s3.get_object(Bucket=name, Key="meta-data/k")["Body"].read() == b"v"
    s3.delete_object(Bucket=name, Key="meta-data/k")
    s3.delete_bucket(Bucket=name)


def test_sockets_and_secrets_are_the_owners_alone(sandbox: Sandbox) -> None:
    """The emulators' sockets are 0600 in a 0700 folder; what is running is written 0600."""
    folder = sandbox.home / "sandbox"
    sockets = list(folder.rglob("*.sock"))
    assert len(sockets) >= 3
    for path in [*sockets, folder / "sandbox.json"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700, path.parent


def listening(sandbox: Sandbox) -> set[tuple[str, int]]:
    """The TCP addresses that the sandbox's processes listen on."""
    import psutil

    main = psutil.Process(sandbox.health()["pid"])
    return {
        (c.laddr.ip, c.laddr.port)
        for process in (main, *main.children(recursive=True))
        for c in process.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN
    }


def test_nothing_listens_beyond_the_loopback(sandbox: Sandbox) -> None:
    """Every TCP socket of the sandbox's is a loopback one, whatever databases and functions run in it; at
    first there are two."""
    assert {address.partition(".")[0] for address, _ in listening(sandbox)} == {"127"}
    with Sandbox.temporary() as fresh:
        ports = {int(url.rpartition(":")[2]) for url in (fresh.endpoint_url, fresh.plain_url)}
        assert listening(fresh) == {("127.0.0.1", port) for port in ports}


def test_emulators_inherit_nothing_of_the_machines_aws(sandbox: Sandbox) -> None:
    """No variable about AWS in an emulator's process is the machine's, and its home is the sandbox's."""
    import psutil

    main = psutil.Process(sandbox.health()["pid"])
    children = [child for child in main.children() if "cloudlings.sandbox.emulators" in child.cmdline()]
    assert len(children) == 2
    for child in children:
        environ = child.environ()
        machine = {name for name in os.environ if name.startswith("AWS_")}
        assert {name for name in environ if name in machine and environ[name] == os.environ[name]} == set()
