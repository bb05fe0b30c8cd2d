"""``cloudlings why``, as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parents[1] / "grading" / "course"
LAB = "990-notes"


def cloudlings(*words: str, home: Path) -> tuple[int, str]:
    """One command; its exit code, and all that it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-c", "from cloudlings.cli import main; main()", *words],
        env={**kept, "CLOUDLINGS_ROOT": str(COURSE), "CLOUDLINGS_HOME": str(home), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_why_tells_what_was_missing(tmp_path: Path) -> None:
    """Before any denial it says so; after one it names needed, missing and the statement that came close."""
    assert "cloudlings start" in cloudlings("why", LAB, home=tmp_path)[1]
    sandbox = Sandbox.start(tmp_path, port=0)
    try:
        code, shown = cloudlings("env", LAB, "--json", home=tmp_path)
        assert code == 0, shown
        account_id = json.loads(shown)["account_id"]
        assert "Nothing has been denied" in cloudlings("why", LAB, home=tmp_path)[1]
        _deny(sandbox, account_id)
        code, shown = cloudlings("why", LAB, home=tmp_path)
        assert code == 0, shown
        assert f"s3:ListBuckets  by arn:aws:iam::{account_id}:user/ana" in shown
        assert "missing   s3:ListAllMyBuckets on *" in shown
        assert "identity policies" in shown
        (line,) = cloudlings("why", LAB, "--json", home=tmp_path)[1].splitlines()
        assert json.loads(line)["missing"] == "s3:ListAllMyBuckets on *"
    finally:
        sandbox.stop()


def _deny(sandbox: Sandbox, account_id: str) -> None:
    iam = sandbox.session(account_id, "learner", "us-east-1").client("iam")
    iam.create_user(UserName="ana")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    ana = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    client = ana.client("s3", endpoint_url=sandbox.endpoint_url)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_buckets()
