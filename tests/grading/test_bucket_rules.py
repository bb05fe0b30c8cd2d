"""What a bucket's policy holds, proven over all requests: several designs pass, slips show a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cloudlings.account import Account
from cloudlings.grading.bucket_rules import (
    ANY_S3,
    SSE,
    SSE_KEY,
    default_is,
    has_bucket_key,
    nobody_from_outside,
    refuses_other_keys,
    refuses_plain_http,
    still_lets_work,
)
from cloudlings.grading.proofs import allow, deny, document
from cloudlings.iam import Policies

ACCOUNT = Account("111122223333", None)
BUCKET = "arn:aws:s3:::kestrel"
BOTH = [BUCKET, f"{BUCKET}/*"]
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NO_TLS = deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": "false"}})


def policies(*statements: Mapping[str, Any]) -> Policies:
    return Policies.of(identity=[ANY_S3], resource=document(*statements))


@pytest.mark.parametrize(
    "statement",
    [
        NO_TLS,
        deny("s3:*", BOTH, {"BoolIfExists": {"aws:SecureTransport": "false"}}),
        deny("*", "*", {"StringNotEquals": {"aws:SecureTransport": "true"}}),
    ],
    ids=["Bool", "BoolIfExists", "a text"],
)
def test_plain_http_is_refused(statement: Mapping[str, Any]) -> None:
    """Written in several ways; work over TLS goes on."""
    found = policies(statement)
    refuses_plain_http(found, ACCOUNT, BUCKET)
    still_lets_work(found, ACCOUNT, BUCKET, KEY, "aws:kms")


@pytest.mark.parametrize(
    "statement",
    [
        deny("s3:*", f"{BUCKET}/*", {"Bool": {"aws:SecureTransport": "false"}}),
        deny("s3:GetObject", BOTH, {"Bool": {"aws:SecureTransport": "false"}}),
        deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": "false"}, "StringLike": {"aws:Referer": "*"}}),
        deny("s3:*", BOTH, {"Bool": {"aws:SecureTransport": "true"}}),
        {**NO_TLS, "Principal": {"AWS": "arn:aws:iam::111122223333:user/ana"}},
    ],
    ids=["objects only", "reads only", "a header more", "the other way round", "one person only"],
)
def test_plain_http_gets_in(statement: Mapping[str, Any]) -> None:
    """A statement that leaves a gap is shown a request that goes through it."""
    with pytest.raises(AssertionError, match="over plain HTTP"):
        refuses_plain_http(policies(statement), ACCOUNT, BUCKET)


OTHER_KEYS = (
    deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEquals": {SSE_KEY: KEY}, "Null": {SSE_KEY: "false"}}),
    deny("s3:PutObject", f"{BUCKET}/*", {"Null": {SSE: "false", SSE_KEY: "true"}}),
)


@pytest.mark.parametrize(
    ("statements", "refused"),
    [
        (OTHER_KEYS, True),
        (OTHER_KEYS[:1], False),
        (OTHER_KEYS[1:], False),
        ([deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEquals": {SSE: "aws:kms"}})], False),
        ([deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEquals": {SSE_KEY: KEY}})], True),
        ([deny("s3:PutObject", f"{BUCKET}/*", {"StringNotEqualsIfExists": {SSE_KEY: KEY}})], True),
    ],
    ids=["both", "AES256 is left", "another key is left", "the kind alone", "only our key", "if it is said"],
)
def test_other_keys(statements: list[Mapping[str, Any]], refused: bool) -> None:
    """Three ways to ask for another key, and each must be refused."""
    found = policies(*statements)
    if refused:
        refuses_other_keys(found, ACCOUNT, BUCKET, KEY)
        return
    with pytest.raises(AssertionError, match="under another key"):
        refuses_other_keys(found, ACCOUNT, BUCKET, KEY)


def test_a_deny_that_stops_everybody() -> None:
    """What refuses the work itself is told."""
    with pytest.raises(AssertionError, match="stops Kestrel's own people"):
        still_lets_work(policies(deny("s3:*", BOTH, {})), ACCOUNT, BUCKET, KEY, "aws:kms")


@pytest.mark.parametrize(
    ("principal", "condition", "inside"),
    [
        ({"AWS": "arn:aws:iam::111122223333:role/app"}, {}, True),
        ("*", {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, True),
        ("*", {"StringLike": {"aws:Referer": "https://kestrel.example/*"}}, False),
        ({"AWS": "999988887777"}, {}, False),
        ({"AWS": "*"}, {"Bool": {"aws:SecureTransport": "true"}}, False),
    ],
)
def test_who_gets_in(principal: Any, condition: dict[str, Any], inside: bool) -> None:
    """Who belongs to the account, by whatever words; nobody else."""
    found = policies(allow("s3:GetObject", f"{BUCKET}/*", Principal=principal, Condition=condition))
    if inside:
        nobody_from_outside(found, ACCOUNT, BUCKET)
        return
    with pytest.raises(AssertionError, match="from outside the account"):
        nobody_from_outside(found, ACCOUNT, BUCKET)


@pytest.mark.parametrize("named", [KEY, KEY.rsplit("/", 1)[-1], "alias/kestrel-flights"])
@pytest.mark.parametrize("kind", ["aws:kms", "aws:kms:dsse"])
def test_the_default_names_the_key(kind: str, named: str) -> None:
    """By ARN, by id or by alias; SSE-KMS or DSSE-KMS."""
    default_is({"SSEAlgorithm": kind, "KMSMasterKeyID": named}, KEY, "kestrel")


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ({}, "is nothing, with no key named"),
        ({"SSEAlgorithm": "AES256"}, "is AES256, with no key named"),
        ({"SSEAlgorithm": "aws:kms"}, "is aws:kms, with no key named"),
        ({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"}, "with alias/aws/s3"),
        ({"SSEAlgorithm": "AES256", "KMSMasterKeyID": KEY}, "is AES256 with"),
    ],
)
def test_another_default(default: dict[str, str], words: str) -> None:
    """No key, AWS's own, or another kind."""
    with pytest.raises(AssertionError, match=words):
        default_is(default, KEY, "kestrel")


def test_a_bucket_key() -> None:
    """SSE-KMS has one; for DSSE-KMS there is none."""
    has_bucket_key({"SSEAlgorithm": "aws:kms", "BucketKeyEnabled": True}, "kestrel")
    has_bucket_key({"SSEAlgorithm": "aws:kms:dsse"}, "kestrel")
    with pytest.raises(AssertionError, match="is aws:kms, without a Bucket Key"):
        has_bucket_key({"SSEAlgorithm": "aws:kms"}, "kestrel")
