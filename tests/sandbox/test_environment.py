"""The environment: AWS tools reach the sandbox and nothing else, whatever the machine is set up for."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloudlings.sandbox import Sandbox, environment, variables
from cloudlings.sandbox.environment import removed
from cloudlings.sandbox.guard import allowed
from cloudlings.sandbox.shell import command

REGION = "eu-west-1"
# A machine with everything that could lead a tool to real AWS.
REAL = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_SECURITY_TOKEN": "real-token",
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_REGION": "us-west-2",
    "AWS_ENDPOINT_URL_S3": "https://s3.us-west-2.amazonaws.com",
    "AWS_ENDPOINT_URL_STS": "https://sts.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/creds",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/real",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_CA_BUNDLE": "/nowhere/ca.pem",
    "AWS_DATA_PATH": "/nowhere",
    "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
}
CONFIG = """
[default]
region = us-west-2
endpoint_url = https://example.amazonaws.com
[profile production]
sso_start_url = https://example.awsapps.com/start
sso_region = us-west-2
sso_account_id = 999999999999
sso_role_name = Admin
credential_process = /bin/false
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that real AWS is set up on, config files in the home folder included."""
    aws = tmp_path / ".aws"
    aws.mkdir()
    (aws / "config").write_text(CONFIG)
    (aws / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = real\n"
    )
    return {**os.environ, **REAL, "HOME": str(tmp_path)}


@pytest.fixture
def inside(sandbox: Sandbox, account_id: str, machine: dict[str, str]) -> dict[str, str]:
    """That machine's environment, turned into the sandbox's."""
    return environment(sandbox, sandbox.credentials(account_id, "learner"), REGION, base=machine)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[bytes]]]:
    """A server on this machine that is not the sandbox, and what reaches it."""
    reached: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    ending = threading.Event()

    def listen() -> None:
        while not ending.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with closing(connection):
                reached.append(connection.recv(100))

    thread = threading.Thread(target=listen)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}", reached
    ending.set()
    thread.join()
    server.close()


def python(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_nothing_of_the_machines_aws_is_left(inside: dict[str, str], sandbox: Sandbox) -> None:
    """Of the variables that could lead elsewhere, each is gone or says the sandbox's."""
    assert {name for name, value in REAL.items() if inside.get(name) == value} == set()
    assert "AWS_PROFILE" not in inside
    assert inside["AWS_ENDPOINT_URL"] == sandbox.endpoint_url
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        assert Path(inside[name]).read_text() == ""


def test_what_is_not_about_aws_stays(inside: dict[str, str]) -> None:
    """PATH and the like are the machine's."""
    assert inside["PATH"] == os.environ["PATH"]


def test_boto3_reaches_the_sandbox_with_no_argument(inside: dict[str, str], account_id: str) -> None:
    """Clients of several services, made without any argument, answer from the learner's account."""
    code = (
        "import boto3; print(boto3.client('sts').get_caller_identity()['Account'],"
        "boto3.client('s3').meta.region_name, boto3.client('ec2').describe_vpcs()['Vpcs'][0]['OwnerId'],"
        f"len(boto3.client('s3control').list_access_points(AccountId='{account_id}')['AccessPointList']))"
    )
    done = python(code, inside)
    assert done.stdout.split() == [account_id, REGION, account_id, "0"], done.stderr


def test_the_aws_cli_reaches_the_sandbox(inside: dict[str, str], account_id: str) -> None:
    """The course's AWS CLI, called as in any tutorial, is the learner."""
    aws = Path(sys.executable).with_name("aws")
    done = subprocess.run(
        [aws, "sts", "get-caller-identity"], env=inside, capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout)["Arn"] == f"arn:aws:iam::{account_id}:user/learner", done.stderr


@pytest.mark.parametrize(
    ("region", "words"), [(REGION, "sqs list-queues"), ("us-east-1", "rds describe-events")]
)
def test_the_aws_cli_reaches_the_sandbox_where_it_has_names_of_its_own(
    inside: dict[str, str], region: str, words: str
) -> None:
    """Version 1 of the AWS CLI sends SQS and RDS to old names, unless it is told otherwise: here it is."""
    aws = Path(sys.executable).with_name("aws")
    env = {**inside, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    done = subprocess.run([aws, *words.split()], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "boto3.client('s3', endpoint_url='{url}').list_buckets()",
        "boto3.Session(aws_access_key_id='a', aws_secret_access_key='b')"
        ".client('sts', endpoint_url='{url}', region_name='us-east-1').get_caller_identity()",
        "boto3.resource('s3', endpoint_url='{url}').Bucket('b').load()",
    ],
)
def test_an_endpoint_of_ones_own_is_refused_before_anything_is_sent(
    inside: dict[str, str], elsewhere: tuple[str, list[bytes]], code: str
) -> None:
    """A client with another endpoint gets an error that says where it is, and nothing leaves."""
    url, reached = elsewhere
    done = python("import boto3\n" + code.format(url=url), inside)
    assert done.returncode == 1
    assert f"This request was for {url.removeprefix('http://')}, and was not sent" in done.stderr
    assert "Next: make the client without endpoint_url" in done.stderr
    assert reached == []


def test_the_aws_cli_is_refused_another_endpoint(
    inside: dict[str, str], elsewhere: tuple[str, list[bytes]]
) -> None:
    """--endpoint-url of the AWS CLI is refused the same way."""
    url, reached = elsewhere
    aws = Path(sys.executable).with_name("aws")
    done = subprocess.run(
        [aws, "s3", "ls", "--endpoint-url", url], env=inside, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "was not sent" in done.stderr
    assert reached == []


def test_a_profile_of_the_machines_is_not_there(inside: dict[str, str]) -> None:
    """A session for a profile by name finds no such profile."""
    done = python("import boto3; boto3.Session(profile_name='production')", inside)
    assert "ProfileNotFound" in done.stderr


def test_without_keys_nothing_finds_others(inside: dict[str, str]) -> None:
    """Even when a learner removes the keys, no role of the machine or the container is asked for."""
    code = (
        "import os\nfor name in [n for n in os.environ if 'ACCESS_KEY' in n]: del os.environ[name]\n"
        "import boto3; boto3.client('s3').list_buckets()"
    )
    done = python(code, inside)
    assert "NoCredentialsError" in done.stderr


def test_an_environment_made_of_an_environment_is_the_same(
    sandbox: Sandbox, account_id: str, machine: dict[str, str]
) -> None:
    """Going in twice changes nothing more, and keeps the machine's own Python path and proxy exceptions."""
    keys = sandbox.credentials(account_id, "learner")
    once = environment(sandbox, keys, REGION, {**machine, "PYTHONPATH": "/own", "NO_PROXY": "example.org"})
    assert environment(sandbox, keys, REGION, once) == once
    assert once["PYTHONPATH"].endswith(":/own")
    assert once["NO_PROXY"].split(",") == ["127.0.0.1", "localhost", "example.org"]


def test_a_shell_is_told_what_to_unset(sandbox: Sandbox, account_id: str) -> None:
    """Every variable of AWS's that a terminal has is named; ours are exported as they are."""
    ours = variables(sandbox, sandbox.credentials(account_id, "learner"), REGION)
    assert set(REAL) <= set(removed({**REAL, "PATH": "/bin"}))
    assert "PATH" not in removed({**REAL, "PATH": "/bin"})
    assert ours["AWS_REGION"] == ours["AWS_DEFAULT_REGION"] == REGION


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh"])
def test_a_shell_stays_in_the_sandbox_whatever_its_start_file_sets(
    inside: dict[str, str], tmp_path: Path, shell: str, account_id: str
) -> None:
    """A start-up file that exports a profile and an endpoint does not lead the shell out."""
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    for name in (".bashrc", ".zshrc"):
        (tmp_path / name).write_text(
            "export AWS_PROFILE=production AWS_ENDPOINT_URL=https://s3.amazonaws.com AWS_ROLE_ARN=x\n"
        )
    words, given = command({**inside, "SHELL": path}, tmp_path / "shell", "lab")
    done = subprocess.run(
        words, env=given, input="env | grep ^AWS_ | sort; exit\n", capture_output=True, text=True, check=False
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("AWS_"))
    assert found == {name: value for name, value in inside.items() if name.startswith("AWS_")}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:4566/bucket", True),
        ("http://localhost:4566/", True),
        ("http://bucket.localhost:4566/", True),
        ("http://111122223333.127.0.0.1:4566/v20180820/", True),
        ("http://127.0.0.1:4567/", False),
        ("https://127.0.0.1:4566/", False),
        ("https://s3.amazonaws.com/", False),
        ("http://169.254.169.254/latest/meta-data/", False),
        ("http://127.0.0.1.evil.example:4566/", False),
        ("http://evil.example:4566/", False),
        ("http://127.0.0.1:4566@evil.example/", False),
        ("http://evil.example:80/127.0.0.1:4566", False),
    ],
)
def test_only_the_sandboxs_addresses_are_allowed(url: str, expected: bool) -> None:
    """Same scheme, port and host, a bucket's or account's name before it or not."""
    assert allowed(url, ("http://127.0.0.1:4566",)) is expected


def test_without_endpoints_nothing_is_allowed() -> None:
    """A guard that was told of no sandbox refuses everything."""
    assert not allowed("http://127.0.0.1:4566/", ())


def test_a_sitecustomize_of_the_machines_still_runs(inside: dict[str, str], tmp_path: Path) -> None:
    """The guard takes the place of a machine's own sitecustomize, and runs it."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.own = 'ran'")
    env = {**inside, "PYTHONPATH": inside["PYTHONPATH"] + os.pathsep + str(tmp_path)}
    assert python("import sys; print(sys.own)", env).stdout == "ran\n"
