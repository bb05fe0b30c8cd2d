"""Addresses and forms that carry their own signature."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

# boto3 presigns with version 2 in us-east-1 unless it is told otherwise.
VERSIONS = ["s3", "s3v4"]


@pytest.fixture
def signer(learner: boto3.Session) -> Callable[[str], Any]:
    """A client that presigns with a version of signatures."""
    return lambda version: learner.client("s3", config=Config(signature_version=version))


@pytest.fixture
def s3(learner: boto3.Session) -> Any:
    """A client for everything else."""
    return learner.client("s3")


@pytest.mark.parametrize("version", VERSIONS)
def test_whoever_has_the_address_reads_this_object_and_no_other(
    s3: Any, signer: Callable[[str], Any], bucket: str, version: str
) -> None:
    """A presigned GET works without keys, for its own object, method and bucket only."""
    for key in ("mine", "other"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    url = signer(version).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "mine"})
    assert requests.get(url, timeout=10).content == b"mine"
    assert requests.get(url.replace("/mine", "/other"), timeout=10).status_code == 403
    assert requests.delete(url, timeout=10).status_code == 403


@pytest.mark.parametrize("version", VERSIONS)
def test_an_address_takes_an_upload(s3: Any, signer: Callable[[str], Any], bucket: str, version: str) -> None:
    """A presigned PUT stores what is sent, whatever content type the sender makes up."""
    url = signer(version).generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "up"})
    assert requests.put(url, data=b"sent", timeout=10).status_code == 200
    assert s3.get_object(Bucket=bucket, Key="up")["Body"].read() == b"sent"


@pytest.mark.parametrize("version", VERSIONS)
def test_an_address_expires(s3: Any, signer: Callable[[str], Any], bucket: str, version: str) -> None:
    """Past its time the address is denied, with AWS's words."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    url = signer(version).generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=1
    )
    assert requests.get(url, timeout=10).status_code == 200
    time.sleep(2.1)
    late = requests.get(url, timeout=10)
    assert (late.status_code, "Request has expired" in late.text) == (403, True)


def test_an_address_ends_with_its_signers_key(
    learner: boto3.Session, account_id: str, bucket: str, as_keys: Callable[..., boto3.Session]
) -> None:
    """When the key that signed it is deleted, the address is worth nothing."""
    learner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    keys = learner.client("iam").create_access_key(UserName="learner")["AccessKey"]
    url = as_keys(account_id, keys).client("s3").generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "k"}
    )  # fmt: skip
    assert requests.get(url, timeout=10).status_code == 200
    learner.client("iam").delete_access_key(UserName="learner", AccessKeyId=keys["AccessKeyId"])
    assert requests.get(url, timeout=10).status_code == 403


@pytest.mark.parametrize("version", VERSIONS)
def test_a_form_uploads_as_it_was_signed(
    s3: Any, signer: Callable[[str], Any], bucket: str, version: str
) -> None:
    """A presigned form stores its file; with another signature, or none, nothing is stored."""
    form = signer(version).generate_presigned_post(bucket, "by-form")
    name = "signature" if version == "s3" else "x-amz-signature"
    forged = {**form["fields"], name: "0" * 64}
    bare = {"key": "by-form"}
    for fields in (forged, bare):
        assert requests.post(form["url"], data=fields, files={"file": b"x"}, timeout=10).status_code == 403
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    sent = requests.post(form["url"], data=form["fields"], files={"file": b"file"}, timeout=10)
    assert sent.status_code == 204
    assert s3.get_object(Bucket=bucket, Key="by-form")["Body"].read() == b"file"


def test_a_form_cannot_be_signed_with_a_root_key(s3: Any, signer: Callable[[str], Any], bucket: str) -> None:
    """An emulator's administrator key in a form opens nothing."""
    form = signer("s3v4").generate_presigned_post(bucket, "k")
    scope = form["fields"]["x-amz-credential"].partition("/")[2]
    for key in ("test", "111122223333"):
        fields = {**form["fields"], "x-amz-credential": f"{key}/{scope}"}
        assert requests.post(form["url"], data=fields, files={"file": b"x"}, timeout=10).status_code == 403
