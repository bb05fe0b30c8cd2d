"""The state of buckets and roles as graders of S3 need it: what is not there is None, or says so in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from cloudlings.account import Account
from cloudlings.grading.proofs import readable
from cloudlings.grading.task import Because
from cloudlings.iam import Policy

_NEVER_BLOCKED = "NoSuchPublicAccessBlockConfiguration"
_NO_OBJECT = ("404", "NoSuchKey", "NotFound", "NoSuchBucket")


def or_none(read: Callable[[], Any], *codes: str) -> Any:
    """What a read answers; None when AWS answers one of the error codes."""
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


def require_bucket(account: Account, bucket: str, region: str | None = None) -> None:
    """Fails the task when a bucket that the lab laid is gone."""
    assert region_of(account, bucket, region), Because(
        found=f"There is no bucket {bucket} in this account.",
        consequence="Whoever reads from it gets NoSuchBucket.",
        concept="A deleted bucket is gone with what was in it; reset_lab() lays the start state again.",
    )


def region_of(account: Account, bucket: str, region: str | None = None) -> str:
    """The Region a bucket is in; "" when there is no such bucket."""
    read = account.client("s3", region_name=region).get_bucket_location
    reply = or_none(lambda: read(Bucket=bucket), "NoSuchBucket", "404", "AccessDenied")
    return "" if reply is None else str(reply.get("LocationConstraint") or "us-east-1")


def bucket_policy(account: Account, bucket: str) -> Mapping[str, Any] | None:
    """The bucket's policy as a document; None when it has none. What is not JSON fails the task."""
    reply = or_none(lambda: account.client("s3").get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
    if reply is None:
        return None
    readable(reply["Policy"], f"policy of {bucket}")
    found: Mapping[str, Any] = json.loads(reply["Policy"])
    return found


def public_access_block(account: Account, bucket: str = "") -> dict[str, bool]:
    """Block Public Access of a bucket, or of the account when no bucket is named; empty when never set."""
    if bucket:
        reply = or_none(lambda: account.client("s3").get_public_access_block(Bucket=bucket), _NEVER_BLOCKED)
    else:
        read = account.client("s3control").get_public_access_block
        # An endpoint without S3 Control has no such path, so no account-wide setting counts there.
        reply = or_none(lambda: read(AccountId=account.id), _NEVER_BLOCKED, "InvalidURI", "NoSuchBucket")
    return {name: bool(on) for name, on in (reply or {}).get("PublicAccessBlockConfiguration", {}).items()}


def default_encryption(account: Account, bucket: str) -> dict[str, Any]:
    """What is done with uploads that say nothing: SSEAlgorithm, KMSMasterKeyID where one is named, and
    BucketKeyEnabled where a Bucket Key is on."""
    reply = or_none(
        lambda: account.client("s3").get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    rules = reply["ServerSideEncryptionConfiguration"]["Rules"] if reply else []
    if not rules:
        return {}
    saved = {"BucketKeyEnabled": True} if rules[0].get("BucketKeyEnabled") else {}
    return {**rules[0].get("ApplyServerSideEncryptionByDefault", {}), **saved}


def versioning(account: Account, bucket: str, region: str | None = None) -> str:
    """``Enabled``, ``Suspended``, or ``never enabled``."""
    reply = account.client("s3", region_name=region).get_bucket_versioning(Bucket=bucket)
    return str(reply.get("Status", "never enabled"))


def replication_of(account: Account, bucket: str) -> Mapping[str, Any] | None:
    """The bucket's replication configuration."""
    reply = or_none(
        lambda: account.client("s3").get_bucket_replication(Bucket=bucket),
        "ReplicationConfigurationNotFoundError",
    )
    return reply["ReplicationConfiguration"] if reply else None


def lifecycle_of(account: Account, bucket: str) -> Mapping[str, Any]:
    """The bucket's lifecycle configuration (``Rules``, the default minimum size); empty when it has none."""
    reply = or_none(
        lambda: account.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket),
        "NoSuchLifecycleConfiguration",
    )
    return reply or {}


def head(account: Account, bucket: str, key: str, region: str | None = None) -> Mapping[str, Any] | None:
    """HeadObject's answer; None when there is no such object. One under a caller's key fails the task."""
    read = account.client("s3", region_name=region).head_object
    try:
        reply: Mapping[str, Any] | None = or_none(lambda: read(Bucket=bucket, Key=key), *_NO_OBJECT)
    except ClientError as error:
        if error.response["Error"]["Code"] != "400":
            raise
        raise AssertionError(
            Because(
                found=f"A HEAD of {key} in {bucket}, without an encryption key in its headers, was answered "
                "with 400 Bad Request.",
                consequence="Nobody can read the object without the key that its upload brought along.",
                concept="With customer-provided keys (SSE-C) S3 keeps no key: every request has to bring it.",
            )
        ) from None
    return reply


def role_by_arn(account: Account, arn: str) -> Mapping[str, Any] | None:
    """The role of an ARN; None when there is none with this very ARN."""
    reply = or_none(lambda: account.client("iam").get_role(RoleName=arn.rsplit("/", 1)[-1]), "NoSuchEntity")
    role: Mapping[str, Any] | None = reply["Role"] if reply else None
    return role if role is not None and role["Arn"] == arn else None


def role_policies(account: Account, name: str) -> list[Policy]:
    """Every identity policy of a role, inline and attached."""
    iam = account.client("iam")
    found = []
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        reply = iam.get_role_policy(RoleName=name, PolicyName=inline)
        found.append(readable(reply["PolicyDocument"], f"policy {inline} of {name}"))
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return [*found, *(_managed(account, each["PolicyArn"]) for each in attached)]


def role_boundary(account: Account, role: Mapping[str, Any]) -> Policy | None:
    """A role's permissions boundary; None when it has none."""
    arn = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return _managed(account, arn) if arn else None


def _managed(account: Account, arn: str) -> Policy:
    iam = account.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    reply = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return readable(reply["PolicyVersion"]["Document"], f"policy {arn.rpartition('/')[2]}")
