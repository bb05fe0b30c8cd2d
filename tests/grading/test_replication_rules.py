"""Whether a replication's configuration takes everything to the copy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.proofs import allow, document
from cloudlings.grading.replication_rules import (
    copy_is_in,
    is_versioned,
    may_replicate_and_nothing_else,
    only_s3_takes_it_on,
    role_named_by,
    rule_copies_everything,
)
from cloudlings.lab import Brief

RULE: dict[str, Any] = {
    "ID": "all",
    "Status": "Enabled",
    "Priority": 1,
    "Filter": {},
    "DeleteMarkerReplication": {"Status": "Enabled"},
    "Destination": {"Bucket": "arn:aws:s3:::copy"},
}
SOME = RULE | {"ID": "some", "Filter": {"Prefix": "2026/"}, "Priority": 2}
QUIET = {"DeleteMarkerReplication": {"Status": "Disabled"}}


@pytest.mark.parametrize(
    "rules",
    [
        [RULE],
        [RULE | {"Filter": {"Prefix": ""}}],
        [RULE, SOME],
        [RULE, SOME | QUIET | {"Priority": 0}],
        [RULE, SOME | {"Destination": {"Bucket": "arn:aws:s3:::another"}} | QUIET],
        [RULE, {"ID": "old", "Status": "Disabled", "Prefix": ""}],
    ],
    ids=[
        "one",
        "an empty prefix",
        "a second",
        "a second below",
        "a second elsewhere",
        "an old one, disabled",
    ],
)
def test_everything_is_copied(rules: list[dict[str, Any]]) -> None:
    """By one rule, whatever others do below it or elsewhere."""
    rule_copies_everything({"Rules": rules}, "reports", "copy")


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "0 replication rules, none of them enabled"),
        ([RULE | {"Status": "Disabled"}], "1 replication rules, none of them enabled"),
        ([RULE | {"Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}], "go to arn:aws:s3:::elsewhere"),
        ([RULE | {"Destination": {}}], "Nothing arrives in copy"),
        (
            [{key: RULE[key] for key in ("ID", "Status", "Destination")}],
            "has no Filter, no Priority, no Delete",
        ),
        ([SOME], 'takes only {"Prefix": "2026/"}'),
        ([RULE | {"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}}}], "takes only"),
        ([RULE | QUIET], "objects and not delete markers"),
        ([RULE, SOME | QUIET], "The rule some of reports copies objects and not delete markers"),
    ],
)
def test_something_is_left_behind(rules: list[dict[str, Any]], words: str) -> None:
    """No rule at work, another bucket, the old schema, a part, or no delete markers."""
    with pytest.raises(AssertionError, match=words):
        rule_copies_everything({"Rules": rules}, "reports", "copy")


@pytest.mark.parametrize(
    ("where", "words"), [("", "no bucket copy"), ("eu-west-1", "is in eu-west-1; the copies")]
)
def test_where_the_copies_are(where: str, words: str) -> None:
    """Nowhere, or in another Region than was agreed."""
    brief = Brief({"reports_copy": "copy", "copy_region": "eu-north-1"})
    copy_is_in("eu-north-1", brief)
    with pytest.raises(AssertionError, match=words):
        copy_is_in(where, brief)


ROLE = "arn:aws:iam::111122223333:role/copier"


class Copier:
    """An account with a role, its one inline policy, and buckets of this versioning."""

    id = "111122223333"

    def __init__(self, *statements: Any, status: str = "Enabled") -> None:
        self.statements, self.status = statements, status

    def client(self, _service: str, region_name: str | None = None) -> Copier:
        del region_name
        return self

    def get_bucket_versioning(self, *, Bucket: str) -> dict[str, str]:  # noqa: N803
        assert Bucket == "reports"
        return {"Status": self.status} if self.status else {}

    def get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803
        if RoleName != "copier":
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetRole")
        return {"Role": {"RoleName": "copier", "Arn": ROLE}}

    def list_role_policies(self, **_asked: Any) -> dict[str, Any]:
        return {"PolicyNames": ["job"]}

    def get_role_policy(self, **_asked: Any) -> dict[str, Any]:
        return {"PolicyDocument": json.dumps(document(*self.statements))}

    def list_attached_role_policies(self, **_asked: Any) -> dict[str, Any]:
        return {"AttachedPolicies": []}

    def get_policy(self, **_asked: Any) -> dict[str, Any]:
        return {"Policy": {"DefaultVersionId": "v1"}}

    def get_policy_version(self, **_asked: Any) -> dict[str, Any]:
        return {"PolicyVersion": {"Document": document(*self.boundary)}}

    boundary: tuple[Any, ...] = ()


@pytest.mark.parametrize("status", ["Suspended", ""])
def test_a_bucket_without_versions(status: str) -> None:
    """One that keeps none now, or never did."""
    kept: Any = Copier()
    is_versioned(kept, "reports", None)
    account: Any = Copier(status=status)
    with pytest.raises(AssertionError, match=f"Versioning of reports is: {status or 'never enabled'}"):
        is_versioned(account, "reports", None)


@pytest.mark.parametrize(
    "arn", ["", "arn:aws:iam::111122223333:role/gone", "arn:aws:iam::999988887777:role/copier"]
)
def test_a_role_that_is_not_there(arn: str) -> None:
    """Nobody's, one that is gone, or another account's."""
    account: Any = Copier()
    assert role_named_by(account, {"Role": ROLE})["RoleName"] == "copier"
    with pytest.raises(AssertionError, match=f"names the role {arn}, which is not there"):
        role_named_by(account, {"Role": arn} if arn else {})


def trusted(**more: Any) -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
        **more,
    }
    return {"RoleName": "copier", "Arn": ROLE, "AssumeRolePolicyDocument": document(trust)}


@pytest.mark.parametrize(
    "role",
    [
        trusted(),
        trusted(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}}),
        trusted(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::reports"}}),
    ],
)
def test_a_role_for_s3(role: dict[str, Any]) -> None:
    """S3 alone may take it on, for all buckets or for this account's."""
    account: Any = Copier()
    only_s3_takes_it_on(account, role, "reports")


@pytest.mark.parametrize(
    ("role", "words"),
    [
        (trusted(Principal={"Service": ["s3.amazonaws.com", "ec2.amazonaws.com"]}), "Not only S3 can"),
        (trusted(Principal={"AWS": "arn:aws:iam::111122223333:root"}), "Not only S3 can"),
        (trusted(Principal={"Service": "ec2.amazonaws.com"}), "Not only S3 can"),
        (trusted(Action="sts:TagSession"), "S3 cannot take on"),
        (trusted(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::other"}}), "S3 cannot take on"),
    ],
)
def test_a_role_for_others(role: dict[str, Any], words: str) -> None:
    """Others may take it on too, or S3 may not."""
    account: Any = Copier()
    with pytest.raises(AssertionError, match=words):
        only_s3_takes_it_on(account, role, "reports")


BUCKET = allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], "arn:aws:s3:::reports")
READS = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
OBJECTS = allow(READS, "arn:aws:s3:::reports/*")
WRITES = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"]
COPIES = allow(WRITES, "arn:aws:s3:::copy/*")
LOCKS = allow(["s3:GetObjectRetention", "s3:GetObjectLegalHold"], "arn:aws:s3:::reports/*")


@pytest.mark.parametrize("more", [[], [LOCKS]], ids=["the job", "with Object Lock"])
def test_a_role_with_this_job(more: list[Any]) -> None:
    """As S3's guide lists it; what goes with Object Lock may be there."""
    account: Any = Copier(BUCKET, OBJECTS, COPIES, *more)
    may_replicate_and_nothing_else(account, {"RoleName": "copier"}, "reports", "copy")


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ([BUCKET, OBJECTS], "put to the replication job"),
        ([BUCKET, allow(READS, "arn:aws:s3:::reports"), COPIES], "put to the replication job"),
        ([BUCKET, OBJECTS, allow(WRITES, "arn:aws:s3:::*")], "the replication job does not make"),
        ([BUCKET, OBJECTS, COPIES, allow("s3:GetObject", "arn:aws:s3:::reports/*")], "does not make"),
    ],
)
def test_a_role_with_another_job(statements: list[Any], words: str) -> None:
    """Less than the copy needs, or more."""
    account: Any = Copier(*statements)
    with pytest.raises(AssertionError, match=words):
        may_replicate_and_nothing_else(account, {"RoleName": "copier"}, "reports", "copy")


def test_a_role_with_a_boundary() -> None:
    """What its boundary does not allow, the role may not: less than the job, or just the job."""
    role = {
        "RoleName": "copier",
        "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::1:policy/b"},
    }
    broad: Any = Copier(allow("s3:*", "*"))
    broad.boundary = (BUCKET, OBJECTS, COPIES)
    may_replicate_and_nothing_else(broad, role, "reports", "copy")
    shut: Any = Copier(BUCKET, OBJECTS, COPIES)
    shut.boundary = (allow("s3:Get*", "*"),)
    with pytest.raises(AssertionError, match="put to the replication job"):
        may_replicate_and_nothing_else(shut, role, "reports", "copy")
