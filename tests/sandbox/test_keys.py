"""Keys: who they stand for, when they stop working, and whom no policy applies to."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cloudlings.errors import SandboxError
from cloudlings.sandbox import Credentials, Sandbox
from tests.sandbox.conftest import code_of

AsKeys = Callable[[str, dict[str, Any]], boto3.Session]
DENY_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_learner_is_an_iam_user_with_administrator_rights(
    learner: boto3.Session, account_id: str
) -> None:
    """The learner is user ``learner`` of the account, with AdministratorAccess attached."""
    assert learner.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account_id}:user/learner"
    attached = learner.client("iam").list_attached_user_policies(UserName="learner")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AdministratorAccess"]


def test_provisioning_again_gives_the_same_keys(sandbox: Sandbox, account_id: str) -> None:
    """Provisioning is idempotent."""
    assert sandbox.provision(account_id) == sandbox.provision(account_id)


def test_an_account_id_has_twelve_digits(sandbox: Sandbox) -> None:
    """Anything else is refused, with what an account id is."""
    with pytest.raises(SandboxError, match="“12” is not an account id") as caught:
        sandbox.provision("12")
    assert "12 digits" in caught.value.next_step


@pytest.mark.parametrize("service", ["s3", "ec2"])
def test_a_key_that_the_learner_makes_works_until_it_is_deactivated(
    learner: boto3.Session, account_id: str, as_keys: AsKeys, service: str
) -> None:
    """CreateAccessKey gives keys that work at both emulators, except while they are deactivated."""
    iam = learner.client("iam")
    keys = iam.create_access_key(UserName="learner")["AccessKey"]
    client = as_keys(account_id, keys).client(service)
    call = client.list_buckets if service == "s3" else client.describe_vpcs
    assert code_of(call) == ""
    for status, expected in (("Inactive", {"InvalidAccessKeyId", "AuthFailure"}), ("Active", {""})):
        iam.update_access_key(UserName="learner", AccessKeyId=keys["AccessKeyId"], Status=status)
        assert code_of(call) in expected


def test_a_deleted_key_is_revoked_at_once(learner: boto3.Session, account_id: str, as_keys: AsKeys) -> None:
    """After DeleteAccessKey the next request with the key is refused."""
    iam = learner.client("iam")
    keys = iam.create_access_key(UserName="learner")["AccessKey"]
    ec2 = as_keys(account_id, keys).client("ec2")
    assert code_of(ec2.describe_vpcs) == ""
    iam.delete_access_key(UserName="learner", AccessKeyId=keys["AccessKeyId"])
    assert code_of(ec2.describe_vpcs) == "AuthFailure"


def test_an_assumed_role_acts_as_the_role_at_both_emulators(
    learner: boto3.Session, account_id: str, as_keys: AsKeys
) -> None:
    """AssumeRole's keys are the role's session everywhere, with the role's rights."""
    may = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}
    role = learner.client("iam").create_role(
        RoleName="reader", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{account_id}:root"})
    )["Role"]["Arn"]
    vpcs = json.dumps({"Version": "2012-10-17", "Statement": may})
    learner.client("iam").put_role_policy(RoleName="reader", PolicyName="vpcs", PolicyDocument=vpcs)
    keys = learner.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    session = as_keys(account_id, keys)
    assert session.client("sts").get_caller_identity()["Arn"].endswith(":assumed-role/reader/me")
    assert session.client("ec2").describe_vpcs()["Vpcs"][0]["OwnerId"] == account_id
    assert code_of(session.client("s3").list_buckets) == "AccessDenied"


def test_a_session_needs_its_token(learner: boto3.Session, account_id: str, as_keys: AsKeys) -> None:
    """Temporary keys without their token, or with another, are refused."""
    keys = learner.client("sts").get_session_token()["Credentials"]
    assert code_of(as_keys(account_id, keys).client("sqs").list_queues) == ""
    for token in ("", "another"):
        client = as_keys(account_id, {**keys, "SessionToken": token}).client("sqs")
        assert code_of(client.list_queues) == "InvalidToken"


def test_root_keys_of_the_emulators_are_nobodys(account_id: str, as_keys: AsKeys) -> None:
    """``test`` and an account's number open the emulators as root; from outside they open nothing."""
    for key in ("test", account_id, "000000000000"):
        keys = {"AccessKeyId": key, "SecretAccessKey": "test"}
        assert code_of(as_keys(account_id, keys).client("s3").list_buckets) == "InvalidAccessKeyId"
        assert code_of(as_keys(account_id, keys).client("sts").get_caller_identity) != ""


def test_a_wrong_secret_opens_nothing(sandbox: Sandbox, account_id: str, as_keys: AsKeys) -> None:
    """Learner's and grader's key ids are no use without their secrets."""
    for who in ("learner", "grader"):
        keys = {"AccessKeyId": sandbox.credentials(account_id, who).access_key_id, "SecretAccessKey": "guess"}
        for service, operation in (("s3", "list_buckets"), ("ec2", "describe_vpcs"), ("sqs", "list_queues")):
            call = getattr(as_keys(account_id, keys).client(service), operation)
            assert code_of(call) == "SignatureDoesNotMatch"


def test_no_policy_of_the_learners_applies_to_the_grader(
    learner: boto3.Session, grader: boto3.Session, bucket: str
) -> None:
    """A bucket policy that denies everything to everybody stops the learner, not the grader."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                 "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    learner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    learner.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    assert code_of(learner.client("s3").get_object, Bucket=bucket, Key="k") == "AccessDenied"
    assert grader.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"


def test_no_listing_shows_the_grader(
    learner: boto3.Session, grader: boto3.Session, sandbox: Sandbox, account_id: str
) -> None:
    """After the grader has read, IAM lists the user ``learner`` with one key, and nothing else."""
    grader.client("s3").list_buckets()
    iam = learner.client("iam")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["learner"]
    assert iam.list_roles()["Roles"] == []
    keys = iam.list_access_keys(UserName="learner")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in keys] == [sandbox.credentials(account_id, "learner").access_key_id]


def test_a_learner_who_is_locked_out_is_let_in_again(
    sandbox: Sandbox, account_id: str, learner: boto3.Session
) -> None:
    """Without rights, key and user, provisioning brings all three back."""
    iam = learner.client("iam")
    iam.detach_user_policy(UserName="learner", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert code_of(iam.list_users) == "AccessDenied"
    sandbox.provision(account_id)
    assert code_of(iam.list_users) == ""
    iam.delete_access_key(UserName="learner", AccessKeyId=sandbox.provision(account_id).access_key_id)
    assert code_of(iam.list_users) == "InvalidClientTokenId"
    sandbox.provision(account_id)
    assert code_of(iam.list_users) == ""


def test_accounts_do_not_see_each_other(sandbox: Sandbox, learner: boto3.Session, account_id: str) -> None:
    """What one account has at either emulator, another account does not list."""
    other_id = str(int(account_id) + 500_000)
    sandbox.provision(other_id)
    other = sandbox.session(other_id, "learner", "us-east-1")
    vpc = learner.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    learner.client("sqs").create_queue(QueueName="mine")
    assert vpc not in {v["VpcId"] for v in other.client("ec2").describe_vpcs()["Vpcs"]}
    assert other.client("sqs").list_queues().get("QueueUrls", []) == []


def test_credentials_do_not_show_their_secret() -> None:
    """Printing credentials shows the key id and not the secret."""
    shown = repr(Credentials("111122223333", "AKIAIOSFODNN7EXAMPLE", "hush", "hush-too"))
    assert "AKIAIOSFODNN7EXAMPLE" in shown
    assert "hush" not in shown
