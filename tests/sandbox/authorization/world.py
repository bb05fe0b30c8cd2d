"""What the wire tests of authorisation share: accounts with one thing of every kind, and callers by need."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from cloudlings.sandbox import Credentials, Sandbox
from cloudlings.sandbox.session import session

REGION = "us-east-1"
MAIN, OTHER, MANAGEMENT = "700000000001", "700000000002", "700000000003"
CODE = b"""
import boto3, os
def handler(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["method"])(**event["with"])
        return "allowed"
    except Exception as error:
        return str(error)
"""


def document(*statements: dict[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*principals: Any, **more: Any) -> str:
    """A trust policy."""
    who = principals[0] if len(principals) == 1 else {"AWS": list(principals)}
    return document({"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole", **more})


def zipped(code: bytes) -> bytes:
    """A deployment package."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    return packed.getvalue()


@dataclass
class World:
    """The accounts, and the names of what is in them (``<name>`` in cases)."""

    sandbox: Sandbox
    names: dict[str, str] = field(default_factory=dict)
    _admins: dict[str, boto3.Session] = field(default_factory=dict, repr=False)

    def admin(self, account: str = MAIN) -> boto3.Session:
        """An account's learner, who may do everything."""
        if account not in self._admins:
            self._admins[account] = self.sandbox.session(account, "learner", REGION)
        return self._admins[account]

    def session(self, account: str, keys: dict[str, Any], *, plain: bool = False) -> boto3.Session:
        """A session with keys as IAM or STS gives them."""
        given = Credentials(
            account, keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken", "")
        )
        return session(self.sandbox.plain_url if plain else self.sandbox.endpoint_url, given, REGION)

    def anonymous(self, service: str) -> Any:
        """A client that signs nothing."""
        return self.admin().client(service, config=Config(signature_version=UNSIGNED))

    def fill(self, value: Any) -> Any:
        """A case's value with every ``<name>`` replaced."""
        if isinstance(value, str):
            for name, text in self.names.items():
                value = value.replace(f"<{name}>", text)
            return value
        if isinstance(value, dict):
            return {self.fill(key): self.fill(one) for key, one in value.items()}
        return [self.fill(one) for one in value] if isinstance(value, list) else value


def build(sandbox: Sandbox) -> World:
    """One thing of every kind in the main account, and a bucket and a user in the other."""
    world = World(sandbox, {"main": MAIN, "other": OTHER, "management": MANAGEMENT})
    for account in (MAIN, OTHER, MANAGEMENT):
        sandbox.provision(account)
    for part in (_storage, _messages, _keys, _functions, _network, _roles, _organization):
        part(world)
    return world


def _storage(world: World) -> None:
    s3, names = world.admin().client("s3"), world.names
    names |= {"bucket": "world-main", "foreign": "world-other", "acl": "world-acl"}
    for bucket in ("world-main", "world-acl"):
        s3.create_bucket(Bucket=bucket)
    for bucket, client in (("world-main", s3), ("world-acl", s3)):
        client.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": False}
        )
    for key, tags in (("a.txt", ""), ("team/b.txt", ""), ("tagged.txt", "class=public"), ("ana/own.txt", "")):
        s3.put_object(Bucket="world-main", Key=key, Body=b"x", Tagging=tags)
    s3.put_bucket_ownership_controls(
        Bucket="world-acl", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_object(Bucket="world-acl", Key="open.txt", Body=b"x", ACL="public-read")
    s3.put_object(Bucket="world-acl", Key="closed.txt", Body=b"x")
    other = world.admin(OTHER).client("s3")
    other.create_bucket(Bucket="world-other")
    other.put_object(Bucket="world-other", Key="a.txt", Body=b"x")
    world.admin().client("dynamodb").create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    world.admin().client("ssm").put_parameter(Name="/app/db", Value="v", Type="String")
    world.admin().client("logs").create_log_group(logGroupName="/app/web")


def _messages(world: World) -> None:
    sqs, sns = world.admin().client("sqs"), world.admin().client("sns")
    world.names["queue_url"] = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    world.names["topic"] = sns.create_topic(Name="news")["TopicArn"]
    world.names["queue"] = f"arn:aws:sqs:{REGION}:{MAIN}:jobs"


def _keys(world: World) -> None:
    admin, names = world.admin(), world.names
    kms = admin.client("kms")
    key = kms.create_key()["KeyMetadata"]
    names |= {"key": key["Arn"], "key_id": key["KeyId"]}
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["KeyId"])
    names["ciphertext"] = "ciphertext"
    s3 = admin.client("s3")
    sse = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    s3.put_object(Bucket="world-main", Key="kms.txt", Body=b"x", **sse)
    s3.create_bucket(Bucket="world-kms")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}}
    s3.put_bucket_encryption(Bucket="world-kms", ServerSideEncryptionConfiguration={"Rules": [rule]})
    secret = admin.client("secretsmanager").create_secret(Name="db/main", SecretString="s")
    names["secret"] = secret["ARN"]


def _functions(world: World) -> None:
    iam = world.admin().client("iam")
    service = {"Service": "lambda.amazonaws.com"}
    for name in ("worker", "other-worker"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    world.names["worker"] = f"arn:aws:iam::{MAIN}:role/worker"
    made = world.admin().client("lambda").create_function(
        FunctionName="job", Runtime="python3.11", Role=world.names["worker"], Handler="app.handler",
        Code={"ZipFile": zipped(CODE)}, Timeout=30,
    )  # fmt: skip
    world.names["function"] = made["FunctionArn"]


def _network(world: World) -> None:
    ec2, names = world.admin().client("ec2"), world.names
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    names["vpc"] = vpc
    names["subnet"] = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    names["group"] = ec2.create_security_group(GroupName="web", Description="d", VpcId=vpc)["GroupId"]
    names["image"] = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for env in ("prod", "test"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": env}]}]
        made = ec2.run_instances(
            ImageId=names["image"], MinCount=1, MaxCount=1, InstanceType="t3.micro", SubnetId=names["subnet"],
            TagSpecifications=tags,
        )  # fmt: skip
        names[f"{env}_instance"] = made["Instances"][0]["InstanceId"]
    iam = world.admin().client("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="worker")


def _roles(world: World) -> None:
    iam = world.admin().client("iam")
    root = {"AWS": f"arn:aws:iam::{MAIN}:root"}
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust(root))
    iam.create_role(RoleName="deep", Path="/team/web/", AssumeRolePolicyDocument=trust(root))
    foreign = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "shared"}}}
    iam.create_role(RoleName="partner", AssumeRolePolicyDocument=trust(foreign, **condition))
    iam.create_role(RoleName="closed", AssumeRolePolicyDocument=trust(foreign))
    iam.create_group(GroupName="devs")


def _organization(world: World) -> None:
    organizations = world.admin(MANAGEMENT).client("organizations")
    member = organizations.create_account(Email="m@example.com", AccountName="member")
    world.names["member"] = member["CreateAccountStatus"]["AccountId"]
    world.sandbox.provision(world.names["member"])
    world.admin(world.names["member"]).client("s3").create_bucket(Bucket="world-member")
    world.names["org"] = organizations.describe_organization()["Organization"]["Id"]


def error_of(error: ClientError) -> tuple[str, str, int]:
    """Code, message and HTTP status of what boto3 raises."""
    response = error.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )
