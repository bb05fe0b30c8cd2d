"""State as cloudlings kept it before its files had a version: read once, and written anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from cloudlings.sandbox import Sandbox

ACCOUNT = "111122223333"
MINISTACK = """
import ministack.app as app
from ministack.core import persistence
from ministack.core.responses import request_scope
for name in ("s3", "iam", "sqs"):
    app._get_module(name)
from ministack.services import iam, s3
versioned = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
with request_scope("111122223333", "us-east-1"):
    s3._create_bucket("old-bucket", b"", {})
    s3._put_bucket_versioning("old-bucket", versioned)
    s3._put_object("old-bucket", "k", b"first" * 9000, {})
    s3._put_object("old-bucket", "k", b"second", {"x-amz-meta-m": "1"})
    iam._create_user({"UserName": ["old-user"]})
persistence.save_all(app._build_persistence_save_dict())
"""
MOTO = """
import pickle, sys
from importlib.metadata import version
import moto.backends
ec2 = moto.backends.get_backend("ec2")["111122223333"]
ec2["us-east-1"].create_vpc("10.42.0.0/16")
with open(sys.argv[1], "wb") as file:
    pickle.dump((version("moto"), {"ec2": ec2}), file)
"""


def run(code: str, *arguments: str, **environment: str) -> None:
    command = [sys.executable, "-c", code, *arguments]
    subprocess.run(command, env={**os.environ, **environment}, check=True, timeout=120)


def write_old_state(state: Path) -> None:
    """What the first version left: MiniStack's own files and folders, and moto's pickles."""
    for name in ("ministack", "moto"):
        (state / name).mkdir(parents=True)
    ministack = state / "ministack"
    run(
        MINISTACK,
        PERSIST_STATE="1",
        S3_PERSIST="1",
        STATE_DIR=str(ministack),
        S3_DATA_DIR=str(ministack / "s3"),
    )
    run(MOTO, str(state / "moto" / f"{ACCOUNT}.pickle"))
    keys = {"account_id": ACCOUNT, "access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "x" * 40,
            "session_token": ""}  # fmt: skip
    (state / "accounts.json").write_text(json.dumps({ACCOUNT: keys}))


def test_what_an_older_version_kept_is_there(home: Path) -> None:
    """Objects with their versions, users and networks are read from the old files; those are put aside, and a
    second start reads the new ones."""
    write_old_state(home / "sandbox" / "state")
    for _ in range(2):
        sandbox = Sandbox.start(home, port=0)
        try:
            assert sandbox.notices == ()
            assert sandbox.provision(ACCOUNT).access_key_id == "AKIAIOSFODNN7EXAMPLE"
            assert_there(sandbox)
        finally:
            sandbox.stop()
    state = home / "sandbox" / "state"
    assert (state / "ministack" / "before-format-2" / "iam.json").exists()
    assert (state / "moto" / f"{ACCOUNT}.before-format-2").exists()
    assert not (state / "ministack" / "iam.json").exists()


def assert_there(sandbox: Sandbox) -> None:
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    s3 = session.client("s3")
    now = s3.get_object(Bucket="old-bucket", Key="k")
    assert (now["Body"].read(), now["Metadata"]) == (b"second", {"m": "1"})
    versions = [v["VersionId"] for v in s3.list_object_versions(Bucket="old-bucket")["Versions"]]
    bodies = [s3.get_object(Bucket="old-bucket", Key="k", VersionId=v)["Body"].read() for v in versions]
    assert sorted(bodies) == [b"first" * 9000, b"second"]
    assert "old-user" in {user["UserName"] for user in session.client("iam").list_users()["Users"]}
    assert "10.42.0.0/16" in {vpc["CidrBlock"] for vpc in session.client("ec2").describe_vpcs()["Vpcs"]}
