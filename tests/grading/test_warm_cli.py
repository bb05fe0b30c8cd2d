"""The AWS CLI that is held ready answers as the one that is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cloudlings.sandbox
from cloudlings.grading.warm_cli import WarmCli

REAL = Path(sys.executable).parent
STARTUP = Path(cloudlings.sandbox.__file__).parent / "startup"


@pytest.fixture(scope="module")
def warm():
    made = WarmCli()
    yield made
    made.close()


def said(folder, script, home):
    """What a script prints and how it ends, with an ``aws`` from a folder."""
    environment = {
        "PATH": f"{folder}{os.pathsep}/usr/bin:/bin",
        "HOME": str(home),
        "WORD": "naïve=1\nand 2",
        "PYTHONPATH": str(STARTUP),
        "CLOUDLINGS_ENDPOINTS": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
    }
    ran = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=home, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout, ran.stderr


KEYS = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=fake AWS_DEFAULT_REGION=us-east-1"
SCRIPTS = {
    "a command that prints": "aws --version",
    "a command that is wrong": "aws s3api no-such-command",
    "its exit code": "aws configure get nothing; echo $?",
    "words with spaces and none": "aws configure set default.region 'eu west' && aws configure get region",
    "the folder that it is in": "echo '{' > bad; aws s3api put-object --cli-input-json file://bad",
    "what is piped into it": "printf 'AKIAIOSFODNN7EXAMPLE\\nfake\\n\\n\\n' | aws configure; cat .aws/*",
    "its environment": "AWS_CONFIG_FILE=other aws configure set default.output text; cat other",
    "a profile that is not there": "AWS_PROFILE=nobody aws s3 ls",
    "an address that the guard refuses": f"{KEYS} aws s3api list-buckets --endpoint-url http://127.0.0.1:8",
    "a service that the CLI knows another address of": f"{KEYS} aws rds describe-db-clusters",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_it_says_what_the_started_one_says(warm, script, tmp_path):
    """Output, errors and exit code are the same, and come from the same input, folder and environment."""
    homes = [tmp_path / name for name in ("real", "warm")]
    for home in homes:
        home.mkdir()
    expected, found = (said(f, script, h) for f, h in zip((REAL, warm.folder), homes, strict=True))
    assert found == expected
    assert any(expected)


def test_commands_do_not_wait_for_each_other(warm, tmp_path):
    """One that waits for its input does not hold up the next."""
    script = "mkfifo never; (aws configure < never &) ; aws --version; : > never"
    code, out, _ = said(warm.folder, script, tmp_path)
    assert (code, "aws-cli" in out) == (0, True)


def test_without_its_process_the_command_is_started(tmp_path):
    """What holds it ready may have ended: the command runs all the same."""
    made = WarmCli()
    try:
        made._process.kill()
        made._process.wait()
        code, out, _ = said(made.folder, "aws --version", tmp_path)
    finally:
        made.close()
    assert (code, "aws-cli" in out) == (0, True)
