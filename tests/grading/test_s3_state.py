"""What graders read of buckets and roles: what is not there is none, or says so; other errors stay errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.s3_state import (
    bucket_policy,
    default_encryption,
    head,
    lifecycle_of,
    public_access_block,
    region_of,
    replication_of,
    require_bucket,
    role_boundary,
    role_by_arn,
    role_policies,
    versioning,
)

BLOCK = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "IgnorePublicAcls": False}}


class Answers:
    """An account whose every client answers an operation so, or with an error of this code."""

    id = "111122223333"

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str | None]] = []

    def client(self, service: str, region_name: str | None = None) -> Answers:
        self.asked.append((service, region_name))
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def answer(**asked: Any) -> Any:
            found = self.answers[operation]
            found = found(**asked) if callable(found) else found
            if isinstance(found, str):
                raise ClientError({"Error": {"Code": found, "Message": ""}}, operation)
            return found

        return answer


def account(**answers: Any) -> Any:
    return Answers(**answers)


@pytest.mark.parametrize(
    ("answer", "region"),
    [
        ({"LocationConstraint": "eu-north-1"}, "eu-north-1"),
        ({"LocationConstraint": None}, "us-east-1"),
        ("NoSuchBucket", ""),
        ("AccessDenied", ""),
    ],
)
def test_the_region_of_a_bucket(answer: Any, region: str) -> None:
    """Without a constraint it is us-east-1; a bucket that is not there, or is another's, is in none."""
    found = account(get_bucket_location=answer)
    assert region_of(found, "b", "eu-west-1") == region
    assert found.asked == [("s3", "eu-west-1")]
    if region:
        require_bucket(found, "b")
        return
    with pytest.raises(AssertionError, match="no bucket b in this account"):
        require_bucket(found, "b")


def test_another_error_is_an_error() -> None:
    """What is none of the answers that were foreseen is not taken for one."""
    with pytest.raises(ClientError):
        region_of(account(get_bucket_location="SlowDown"), "b")


def test_a_bucket_policy() -> None:
    """As a document, or none; one that the engine cannot read fails the task."""
    text = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert bucket_policy(account(get_bucket_policy={"Policy": text}), "b") == json.loads(text)
    assert bucket_policy(account(get_bucket_policy="NoSuchBucketPolicy"), "b") is None
    with pytest.raises(AssertionError, match="policy of b cannot be read"):
        bucket_policy(account(get_bucket_policy={"Policy": '{"Statement": [{"Effect": "Perhaps"}]}'}), "b")


def test_block_public_access() -> None:
    """Of a bucket by S3, of the account by S3 Control; what was never set, or cannot be, is empty."""
    for bucket, service in (("b", "s3"), ("", "s3control")):
        found = account(get_public_access_block=BLOCK)
        assert public_access_block(found, bucket) == {"BlockPublicAcls": True, "IgnorePublicAcls": False}
        assert found.asked == [(service, None)]
        never = account(get_public_access_block="NoSuchPublicAccessBlockConfiguration")
        assert public_access_block(never, bucket) == {}
    assert public_access_block(account(get_public_access_block="InvalidURI")) == {}
    with pytest.raises(ClientError):
        public_access_block(account(get_public_access_block="InvalidURI"), "b")


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ([{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}], {"SSEAlgorithm": "aws:kms"}),
        ([{"BucketKeyEnabled": True}], {"BucketKeyEnabled": True}),
        ([{"BucketKeyEnabled": False}], {}),
        ([], {}),
    ],
)
def test_default_encryption(rules: list[Any], found: dict[str, Any]) -> None:
    """That of the one rule, with its Bucket Key where one is on; empty where it says nothing of it."""
    answer = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
    assert default_encryption(account(get_bucket_encryption=answer), "b") == found


def test_what_a_bucket_does_not_have() -> None:
    """None, or empty."""
    none = "ServerSideEncryptionConfigurationNotFoundError"
    assert default_encryption(account(get_bucket_encryption=none), "b") == {}
    assert versioning(account(get_bucket_versioning={}), "b") == "never enabled"
    assert versioning(account(get_bucket_versioning={"Status": "Suspended"}), "b") == "Suspended"
    assert (
        replication_of(account(get_bucket_replication="ReplicationConfigurationNotFoundError"), "b") is None
    )
    held = {"ReplicationConfiguration": {"Role": "r"}}
    assert replication_of(account(get_bucket_replication=held), "b") == {"Role": "r"}
    assert lifecycle_of(account(get_bucket_lifecycle_configuration="NoSuchLifecycleConfiguration"), "b") == {}
    assert lifecycle_of(account(get_bucket_lifecycle_configuration={"Rules": [1]}), "b") == {"Rules": [1]}
    assert head(account(head_object="404"), "b", "k") is None


@pytest.mark.parametrize(
    ("arn", "is_there"),
    [
        ("arn:aws:iam::111122223333:role/copier", True),
        ("arn:aws:iam::111122223333:role/of/copier", False),
        ("arn:aws:iam::999988887777:role/copier", False),
        ("arn:aws:iam::111122223333:role/gone", False),
        ("copier", False),
    ],
)
def test_a_role_by_its_arn(arn: str, is_there: bool) -> None:
    """With this very ARN: path and account belong to it."""
    role = {"RoleName": "copier", "Arn": "arn:aws:iam::111122223333:role/copier"}
    there = account(get_role=lambda RoleName: {"Role": role} if RoleName == "copier" else "NoSuchEntity")  # noqa: N803
    assert role_by_arn(there, arn) == (role if is_there else None)


def test_the_policies_of_a_role() -> None:
    """Inline ones, and the default version of those attached."""
    document = {"Version": "2012-10-17", "Statement": []}
    made: dict[str, Any] = {
        "list_role_policies": {"PolicyNames": ["own"]},
        "get_role_policy": {"PolicyDocument": document},
        "list_attached_role_policies": {"AttachedPolicies": [{"PolicyName": "lent", "PolicyArn": "a"}]},
        "get_policy": {"Policy": {"DefaultVersionId": "v2"}},
        "get_policy_version": lambda **asked: (
            {"PolicyVersion": {"Document": document}}
            if asked == {"PolicyArn": "a", "VersionId": "v2"}
            else "NoSuchEntity"
        ),
    }
    assert len(role_policies(account(**made), "copier")) == 2
    broken = {"get_role_policy": {"PolicyDocument": {"Statement": [{"Effect": "Perhaps"}]}}}
    with pytest.raises(AssertionError, match="policy own of copier cannot be read"):
        role_policies(account(**made | broken), "copier")


def test_an_object_under_a_key_of_the_callers() -> None:
    """Without the key even a HEAD is a bad request: the task fails, and says why; other errors are errors."""
    with pytest.raises(AssertionError, match="SSE-C"):
        head(account(head_object="400"), "b", "k")
    with pytest.raises(ClientError):
        head(account(head_object="403"), "b", "k")


def test_the_boundary_of_a_role() -> None:
    """The default version of the policy that it names; none where it names none."""
    made: dict[str, Any] = {
        "get_policy": {"Policy": {"DefaultVersionId": "v2"}},
        "get_policy_version": {"PolicyVersion": {"Document": {"Version": "2012-10-17", "Statement": []}}},
    }
    limited = {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/most"}}
    assert role_boundary(account(**made), limited) is not None
    assert role_boundary(account(), {}) is None
