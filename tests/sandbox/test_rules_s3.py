"""S3's own defaults and refusals, through boto3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.rules import registry
from tests.sandbox.conftest import code_of

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "s3.yaml").read_text())


def filled(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, words) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, words) for each in value]
    if isinstance(value, str):
        for word, meant in words.items():
            value = value.replace("{" + word + "}", meant)
    return value


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case['call']}" for n, case in enumerate(CASES)])
def test_s3_takes_and_refuses_as_aws_does(
    learner: boto3.Session, bucket: str, account_id: str, case: dict[str, Any]
) -> None:
    """Each case gets AWS's error code, or none."""
    arguments = filled(case["with"], {"bucket": bucket, "account": account_id})
    expected = case["code"] if isinstance(case["code"], list) else [case["code"]]
    assert code_of(getattr(learner.client("s3"), case["call"]), **arguments) in expected


def test_a_new_bucket_blocks_public_access_and_encrypts(learner: boto3.Session, bucket: str) -> None:
    """All four settings of Block Public Access are on, ACLs are off, and SSE-S3 is the default.

    Source: S3 User Guide, "Default settings for new S3 buckets" (since April 2023).
    """
    s3 = learner.client("s3")
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    assert len(blocked) == 4
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_an_object_has_a_type_without_being_told(learner: boto3.Session, bucket: str) -> None:
    """An upload that says no type gets S3's own default, and one that does keeps it.

    Source: S3 API reference, PutObject, and User Guide, "System-defined object metadata".
    """
    s3 = learner.client("s3")
    for key, told in (("plain", {}), ("page", {"ContentType": "text/html"})):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1", **told)
    kinds = [s3.head_object(Bucket=bucket, Key=key)["ContentType"] for key in ("plain", "page")]
    assert kinds == ["binary/octet-stream", "text/html"]


def test_an_object_says_how_it_is_encrypted(learner: boto3.Session, bucket: str) -> None:
    """SSE-S3 unless asked otherwise; with KMS the object says the key."""
    s3 = learner.client("s3")
    assert s3.put_object(Bucket=bucket, Key="a", Body=b"1")["ServerSideEncryption"] == "AES256"
    assert s3.head_object(Bucket=bucket, Key="a")["ServerSideEncryption"] == "AES256"
    key = learner.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="b", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    head = s3.head_object(Bucket=bucket, Key="b")
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key)


def test_a_bucket_is_where_it_was_made(learner: boto3.Session) -> None:
    """LocationConstraint reads back the Region (nothing for us-east-1); endpoints make their Region's."""
    for region, expected in (("us-east-1", None), ("eu-west-1", "eu-west-1")):
        s3 = learner.client("s3", region_name=region)
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if expected else {}
        s3.create_bucket(Bucket=f"made-in-{region}", **where)
        assert (
            learner.client("s3").get_bucket_location(Bucket=f"made-in-{region}")["LocationConstraint"]
            == expected
        )
    elsewhere = {"LocationConstraint": "eu-central-1"}
    s3 = learner.client("s3", region_name="eu-west-1")
    code = code_of(s3.create_bucket, Bucket="made-in-two", CreateBucketConfiguration=elsewhere)
    assert code == "IllegalLocationConstraintException"


def test_the_length_of_an_object_is_in_its_head(learner: boto3.Session, bucket: str) -> None:
    """HEAD has the object's length although it has no body."""
    learner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"12345")
    assert learner.client("s3").head_object(Bucket=bucket, Key="k")["ContentLength"] == 5


@pytest.mark.parametrize("key", ["a b+c.txt", "ünï/ço∂é", "a//b/../c", "?#&=%25%2F~*'()", "v20180820/x", " "])
def test_a_key_comes_back_as_it_was(learner: boto3.Session, bucket: str, key: str) -> None:
    """Any key is stored, listed, read and deleted under its own name."""
    s3 = learner.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"note": "kept"})
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    found = s3.get_object(Bucket=bucket, Key=key)
    assert (found["Body"].read(), found["Metadata"]) == (key.encode(), {"note": "kept"})
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_every_rule_says_its_source() -> None:
    """A rule's docstring names where AWS says so."""
    rules = [*registry.BEFORE.values(), *registry.AFTER.values(), *registry.RESHAPE.values()]
    for rule in {rule for group in rules for rule in group}:
        assert "Source: " in (rule.__doc__ or ""), rule


def test_a_name_that_another_account_has_is_taken(
    sandbox: Sandbox, account_id: str, learner: boto3.Session
) -> None:
    """Making a bucket asks for no permission on somebody else's of that name: S3 says that it exists."""
    other = str(int(account_id) + 1)
    sandbox.provision(other)
    name = f"taken-{account_id}"
    where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    sandbox.session(other, "learner", "eu-west-1").client("s3").create_bucket(Bucket=name, **where)
    mine = learner.client("s3", region_name="eu-west-1")
    assert code_of(mine.create_bucket, Bucket=name, **where) == "BucketAlreadyExists"
