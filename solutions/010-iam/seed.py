"""The account that Heron Radio hands over: administrators everywhere, a key on a server, nobody's folders."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from typing import Any

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state. Every call is idempotent, so a second run changes nothing."""
    session = accounts["main"]
    account = session.client("sts").get_caller_identity()["Account"]
    _buckets(session, brief, account)
    _people(session, brief)
    _roles(session, brief, account)
    _encoder(session, brief, account)
    _nightly_job(session, brief)


def fee(contract: str) -> int:
    """The fee in a contract: made from its key, so that it stands in no brief."""
    return 1000 + int(hashlib.sha256(f"fee of {contract}".encode()).hexdigest(), 16) % 9000


def _policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _buckets(session: Any, brief: Mapping[str, Any], account: str) -> None:
    s3 = session.client("s3")
    for name in ("archive", "masters", "contracts"):
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            where = {"LocationConstraint": session.region_name}
            s3.create_bucket(Bucket=brief[name], CreateBucketConfiguration=where)
    s3.put_bucket_versioning(Bucket=brief["masters"], VersioningConfiguration={"Status": "Enabled"})
    first, second = brief["presenters"]
    for key in (
        f"{brief['incoming']}2026-03-02-morning.wav",
        f"{brief['folders']}{first}/notes.txt",
        f"{brief['folders']}{second}/salary.txt",
    ):
        s3.put_object(Bucket=brief["archive"], Key=key, Body=b"on air\n")
    s3.put_object(Bucket=brief["masters"], Key="2019/first-broadcast.wav", Body=b"RIFF")
    s3.put_object(
        Bucket=brief["contracts"],
        Key=brief["contract"],
        Body=f"Heron Radio and the trio agree on a fee of {fee(brief['contract'])} EUR.\n".encode(),
    )
    _lock_contracts(s3, brief, account)


def _lock_contracts(s3: Any, brief: Mapping[str, Any], account: str) -> None:
    """Nobody reads a contract but the lawyer's role: administrators neither."""
    lawyer = f"arn:aws:iam::{account}:role/{brief['lawyer_role']}"
    statement = {
        "Sid": "LawyersOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": f"arn:aws:s3:::{brief['contracts']}/*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": lawyer}},
    }
    s3.put_bucket_policy(Bucket=brief["contracts"], Policy=_policy(statement))


def _people(session: Any, brief: Mapping[str, Any]) -> None:
    iam = session.client("iam")
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_group(GroupName="presenters")
    for name in brief["presenters"]:
        _user(iam, name)
        iam.add_user_to_group(GroupName="presenters", UserName=name)


def _user(iam: Any, name: str) -> None:
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName=name, Path="/station/")


def _roles(session: Any, brief: Mapping[str, Any], account: str) -> None:
    iam = session.client("iam")
    masters = f"arn:aws:s3:::{brief['masters']}"
    _role(iam, brief["podcast_role"], {"Service": "lambda.amazonaws.com"})
    _role(iam, brief["editors_role"], {"AWS": f"arn:aws:iam::{account}:root"})
    iam.put_role_policy(
        RoleName=brief["editors_role"],
        PolicyName="edit-masters",
        PolicyDocument=_policy(_allow("s3:*", [masters, f"{masters}/*"])),
    )
    for name in ("chart_role", "jingle_role"):
        _role(iam, brief[name], {"Service": "lambda.amazonaws.com"})
        iam.attach_role_policy(RoleName=brief[name], PolicyArn=ADMINISTRATOR)


def _role(iam: Any, name: str, principal: Mapping[str, Any]) -> None:
    trust = {"Effect": "Allow", "Principal": dict(principal), "Action": "sts:AssumeRole"}
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))


def _encoder(session: Any, brief: Mapping[str, Any], account: str) -> None:
    """A server with a user's access key in its configuration, and no role."""
    iam, ec2 = session.client("iam"), session.client("ec2")
    user, policy = brief["encoder_user"], f"arn:aws:iam::{account}:policy/read-masters"
    _user(iam, user)
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_policy(
            PolicyName="read-masters",
            PolicyDocument=_policy(_allow("s3:GetObject", f"arn:aws:s3:::{brief['masters']}/*")),
        )
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    if not iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.create_access_key(UserName=user)
    if not ec2.describe_instances()["Reservations"]:
        named = [{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}]
        image = ec2.describe_images(Owners=["amazon"], Filters=named)["Images"][0]["ImageId"]
        ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)


def _nightly_job(session: Any, brief: Mapping[str, Any]) -> None:
    """What the chart job works with: a table of plays, and a topic or a queue for the listeners."""
    dynamodb = session.client("dynamodb")
    with contextlib.suppress(dynamodb.exceptions.ResourceInUseException):
        dynamodb.create_table(
            TableName=brief["plays_table"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "song", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "song", "AttributeType": "S"}],
        )
    if brief["tells_with"] == "sns:Publish":
        session.client("sns").create_topic(Name=brief["tells"])
    else:
        session.client("sqs").create_queue(QueueName=brief["tells"])
