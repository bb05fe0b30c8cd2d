"""Gathering policies from an account, and saying what could not be read."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cloudlings.errors import EvidenceMissing, PolicyError, SandboxUnavailable
from cloudlings.iam import Request, decide, gather

ACCOUNT = "123456789012"


def document(action: str, **more: Any) -> str:
    """A policy that allows one action."""
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, **more}})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    """A session on an empty moto account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    with mock_aws():
        yield boto3.Session(region_name="us-east-1")


def test_a_user_with_everything(session: boto3.Session) -> None:
    """Inline and managed policies of the user and of its groups, tags and id."""
    iam = session.client("iam")
    managed = iam.create_policy(PolicyName="m", PolicyDocument=document("s3:PutObject", Resource="*"))[
        "Policy"
    ]["Arn"]
    shared = iam.create_policy(PolicyName="g", PolicyDocument=document("s3:ListBucket", Resource="*"))[
        "Policy"
    ]["Arn"]
    iam.create_user(UserName="ana", Tags=[{"Key": "team", "Value": "red"}], Path="/dev/")
    iam.put_user_policy(UserName="ana", PolicyName="i", PolicyDocument=document("s3:GetObject", Resource="*"))
    iam.attach_user_policy(UserName="ana", PolicyArn=managed)
    iam.create_group(GroupName="devs")
    iam.add_user_to_group(GroupName="devs", UserName="ana")
    iam.put_group_policy(
        GroupName="devs", PolicyName="gi", PolicyDocument=document("s3:DeleteObject", Resource="*")
    )
    iam.attach_group_policy(GroupName="devs", PolicyArn=shared)
    found = gather(session, f"arn:aws:iam::{ACCOUNT}:user/dev/ana")
    assert found.unread == ()
    assert found.context == {"aws:PrincipalTag/team": "red"}
    assert found.principal.id
    assert {policy.name for policy in found.policies.identity} == {
        "inline policy i of user ana",
        "managed policy m of user ana",
    }
    for action, expected in [
        ("s3:GetObject", True), ("s3:PutObject", True), ("s3:DeleteObject", True), ("s3:ListBucket", True),
        ("s3:GetObjectAcl", False),
    ]:  # fmt: skip
        assert (
            decide(Request(found.principal, action, "arn:aws:s3:::b/x"), found.policies).allowed is expected
        )


def test_a_session_has_its_roles_policies(session: boto3.Session) -> None:
    """A session gets its role's policies, boundary, path and id; a trust policy is a resource policy."""
    iam = session.client("iam")
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document("ec2:*", Resource="*"))["Policy"][
        "Arn"
    ]
    iam.create_policy_version(
        PolicyArn=boundary, PolicyDocument=document("s3:*", Resource="*"), SetAsDefault=True
    )
    trusting = document("sts:AssumeRole", Principal={"AWS": ACCOUNT})
    iam.create_role(
        RoleName="app", Path="/teams/", AssumeRolePolicyDocument=trusting, PermissionsBoundary=boundary
    )
    iam.put_role_policy(RoleName="app", PolicyName="i", PolicyDocument=document("s3:GetObject", Resource="*"))
    found = gather(
        session, f"arn:aws:sts::{ACCOUNT}:assumed-role/app/run1", f"arn:aws:iam::{ACCOUNT}:role/teams/app"
    )
    assert found.unread == ()
    assert found.principal.role == f"arn:aws:iam::{ACCOUNT}:role/teams/app"
    assert found.principal.id.endswith(":run1")
    assert found.policies.boundary is not None
    assert found.policies.boundary.statements[0].action == ("s3:*",)
    assert len(found.policies.identity) == 1
    assert found.policies.resource is not None
    assert found.policies.resource.name == "trust policy of role app"


def test_resource_policies(session: boto3.Session) -> None:
    """Bucket, queue, topic, key and secret policies are found from the resource's ARN."""
    grant = {"Principal": "*", "Resource": "*"}
    s3, sqs = session.client("s3"), session.client("sqs")
    s3.create_bucket(Bucket="app-data")
    s3.put_bucket_policy(
        Bucket="app-data", Policy=document("s3:GetObject", **{**grant, "Resource": "arn:aws:s3:::app-data/*"})
    )
    s3.put_public_access_block(
        Bucket="app-data", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True}
    )
    sqs.create_queue(QueueName="q", Attributes={"Policy": document("sqs:SendMessage", **grant)})
    topic = session.client("sns").create_topic(Name="t")["TopicArn"]
    key = session.client("kms").create_key()["KeyMetadata"]["Arn"]
    session.client("kms").create_grant(
        KeyId=key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/ana", Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"app": "shop"}},
    )  # fmt: skip
    secret = session.client("secretsmanager").create_secret(Name="s", SecretString="x")["ARN"]
    session.client("secretsmanager").put_resource_policy(
        SecretId=secret, ResourcePolicy=document("secretsmanager:GetSecretValue", **grant)
    )
    for arn in ("arn:aws:s3:::app-data/x", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", topic, key, secret):
        found = gather(session, "anonymous", arn)
        assert found.unread == ()
        assert found.policies.resource is not None, arn
    assert gather(session, "anonymous", "arn:aws:s3:::app-data").policies.settings.s3_block_public_access
    (kept,) = gather(session, "anonymous", key).policies.grants
    assert kept.operations == ("Decrypt",)
    assert kept.context_subset == (("app", "shop"),)


def test_a_resource_without_a_policy(session: boto3.Session) -> None:
    """No policy is no failure."""
    session.client("s3").create_bucket(Bucket="plain")
    found = gather(session, f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:s3:::plain")
    assert found.policies.resource is None
    assert found.unread == ()
    assert found.principal.type == "root"


def test_a_user_that_is_not_there_is_said(session: boto3.Session) -> None:
    """A caller that the account does not have is in ``unread``: nothing found is not nothing there."""
    found = gather(session, f"arn:aws:iam::{ACCOUNT}:user/ghost")
    assert [str(unread) for unread in found.unread] == ["user ghost: it is not there"]


class Broken:
    """An account whose emulator lacks much."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def client(self, service_name: str, region_name: str | None = None, /) -> Any:
        """A client that answers what it was given, and fails for the rest."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name not in self.answers:
            raise NotImplementedError(f"{name} is not implemented")
        return lambda **_: self.answers[name]


def test_an_emulator_that_lacks_much() -> None:
    """What an emulator does not answer is listed; the rest is gathered."""
    account = Broken(
        {
            "get_user": {"User": {"Arn": "arn:aws:iam::1:user/ana"}},
            "list_user_policies": {"PolicyNames": ["good", "bad"]},
            "get_user_policy": {"PolicyDocument": "%7B%22Statement%22%3A%20%5B%5D%7D"},
            "list_groups_for_user": {"Groups": []},
            "list_attached_user_policies": {
                "AttachedPolicies": [{"PolicyName": "aws", "PolicyArn": "arn:x"}]
            },
            "get_policy": {"Policy": {"DefaultVersionId": "v3"}},
            "get_policy_version": {"PolicyVersion": {}},
        }
    )
    found = gather(account, "arn:aws:iam::111122223333:user/ana", "arn:aws:s3:::b")
    assert len(found.policies.identity) == 2
    assert {unread.what for unread in found.unread} == {
        "managed policy aws of user ana", "bucket policy of b", "public access block of b",
    }  # fmt: skip
    assert any("not implemented" in unread.why for unread in found.unread)


@pytest.mark.parametrize("error", [EvidenceMissing, SandboxUnavailable])
def test_nobody_who_could_be_asked(error: type[Exception]) -> None:
    """No sandbox, or evidence from before something was read: that says nothing of the account's policies."""

    class Silent(Broken):
        def __getattr__(self, name: str) -> Any:
            raise error(name)

    with pytest.raises(error):
        gather(Silent({}), "arn:aws:sts::111122223333:assumed-role/app/session", "arn:aws:s3:::b")


def test_a_document_that_cannot_be_read_is_said() -> None:
    """A stored policy with an unknown operator is unread, not left out in silence."""
    bad = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Nope": {"k": "v"}}}}
    account = Broken(
        {
            "get_role": {"Role": {"Arn": "arn:aws:iam::1:role/app"}},
            "list_role_policies": {"PolicyNames": ["bad"]},
            "get_role_policy": {"PolicyDocument": bad},
            "list_attached_role_policies": {"AttachedPolicies": []},
        }
    )
    (unread,) = gather(account, "arn:aws:iam::111122223333:role/app").unread
    assert unread.what == "inline policy bad of role app"
    assert "'Nope'" in unread.why


def test_a_listing_of_several_pages() -> None:
    """A listing is read to its end."""

    class Paged(Broken):
        def list_user_policies(self, UserName: str, Marker: str = "") -> dict[str, Any]:  # noqa: N803
            more = {"IsTruncated": True, "Marker": "m"} if not Marker else {}
            return {"PolicyNames": [f"p{Marker}"], **more}

    account = Paged(
        {
            "get_user": {"User": {"Arn": "arn:aws:iam::1:user/ana"}},
            "get_user_policy": {"PolicyDocument": {"Statement": []}},
            "list_groups_for_user": {},
            "list_attached_user_policies": {},
        }
    )
    names = {
        policy.name for policy in gather(account, "arn:aws:iam::111122223333:user/ana").policies.identity
    }
    assert names == {"inline policy p of user ana", "inline policy pm of user ana"}


@pytest.mark.parametrize(
    "who", ["ana", "arn:aws:iam::111122223333:group/devs", "arn:aws:sts::1:assumed-role/app"]
)
def test_who_cannot_call(who: str) -> None:
    """A group, or what is no ARN, is an error that says what is needed."""
    with pytest.raises(PolicyError, match="no principal"):
        gather(Broken({}), who)


def test_a_service_has_no_policies() -> None:
    """A service principal is known by its name, and nothing is read for it."""
    found = gather(Broken({}), "sns.amazonaws.com")
    assert found.principal.type == "service"
    assert found.unread == ()
