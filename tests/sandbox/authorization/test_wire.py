"""Authorisation on the wire: each case a caller, policies in play, one call through boto3, and its answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from cloudlings.sandbox import Sandbox
from tests.sandbox.authorization.world import MAIN, MANAGEMENT, OTHER, World, build, document, error_of, trust

CASES = [
    pytest.param(case, id=f"{path.stem}: {case['it']}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def world(sandbox: Sandbox) -> World:
    """One of everything, made once."""
    return build(sandbox)


def statement(text: str | dict[str, Any], effect: str) -> dict[str, Any]:
    """``"s3:GetObject, s3:PutObject on ARN, ARN"`` as a statement; a mapping is one but for its effect."""
    if isinstance(text, dict):
        return {"Effect": effect, **text}
    actions, _, resources = text.partition(" on ")
    return {
        "Effect": effect,
        "Action": actions.split(", "),
        "Resource": resources.split(", ") if resources else "*",
    }


def policy_of(case: dict[str, Any]) -> str | None:
    """The policy that a part of a case spells with ``allow`` and ``deny``."""
    found = [statement(one, "Allow") for one in _list(case.get("allow"))]
    found += [statement(one, "Deny") for one in _list(case.get("deny"))]
    return document(*found) if found else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class Play:
    """One case in play: its caller is made, its policies are laid, and taken away at the end."""

    def __init__(self, world: World, case: dict[str, Any], undo: ExitStack) -> None:
        self.world, self.case, self.undo = world, world.fill(case), undo
        self.name = f"caller-{next(_numbers)}"

    def lay(self) -> None:
        """Put the policies of resources and of the organization in place."""
        for kind, rules in (self.case.get("policies") or {}).items():
            put, take = _RESOURCES[kind](self.world)
            put(document(*[{"Effect": "Allow", **rule} for rule in _list(rules)]))
            self.undo.callback(take)
        if "scp" in self.case:
            self._scp(policy_of(self.case["scp"]) or "")

    def _scp(self, text: str) -> None:
        client = self.world.admin(MANAGEMENT).client("organizations")
        made = client.create_policy(
            Name=self.name, Description="d", Type="SERVICE_CONTROL_POLICY", Content=text
        )
        policy, target = made["Policy"]["PolicySummary"]["Id"], self.world.names["member"]
        client.attach_policy(PolicyId=policy, TargetId=target)
        self.undo.callback(client.detach_policy, PolicyId=policy, TargetId=target)

    def caller(self) -> boto3.Session:
        """The session of whoever calls."""
        kind = self.case.get("as", "user")
        plain = self.case.get("port") == "plain"
        if kind == "session":
            return self._assumed(plain)
        if kind == "function":
            raise AssertionError("functions call by themselves")
        account = {
            "user": MAIN,
            "foreign": OTHER,
            "member": self.world.names["member"],
            "manager": MANAGEMENT,
        }[kind]
        return self.world.session(account, self._user(account), plain=plain)

    def _user(self, account: str) -> dict[str, Any]:
        iam = self.world.admin(account).client("iam")
        iam.create_user(UserName=self.name, Tags=_tags(self.case))
        text = policy_of(self.case)
        if text:
            iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=text)
        for arn in _list(self.case.get("managed")):
            iam.attach_user_policy(UserName=self.name, PolicyArn=arn)
        if "group" in self.case:
            iam.create_group(GroupName=self.name)
            group = policy_of(self.case["group"]) or ""
            iam.put_group_policy(GroupName=self.name, PolicyName="all", PolicyDocument=group)
            iam.add_user_to_group(GroupName=self.name, UserName=self.name)
        if "boundary" in self.case:
            boundary = iam.create_policy(
                PolicyName=self.name, PolicyDocument=policy_of(self.case["boundary"]) or ""
            )
            iam.put_user_permissions_boundary(
                UserName=self.name, PermissionsBoundary=boundary["Policy"]["Arn"]
            )
        key: dict[str, Any] = iam.create_access_key(UserName=self.name)["AccessKey"]
        return key

    def _assumed(self, plain: bool) -> boto3.Session:
        iam = self.world.admin().client("iam")
        who = {"AWS": f"arn:aws:iam::{MAIN}:root"}
        role = iam.create_role(
            RoleName=self.name, AssumeRolePolicyDocument=trust(who), Tags=_tags(self.case)
        )["Role"]["Arn"]
        text = policy_of(self.case)
        if text:
            iam.put_role_policy(RoleName=self.name, PolicyName="own", PolicyDocument=text)
        passed = policy_of(self.case.get("session") or {})
        sts = self.world.admin().client("sts")
        more = {"Policy": passed} if passed else {}
        keys = sts.assume_role(RoleArn=role, RoleSessionName="at-work", **more)["Credentials"]
        return self.world.session(MAIN, keys, plain=plain)

    def call(self) -> tuple[str, str, int]:
        """Make the call; its error, or three empties."""
        service, _, method = self.case["call"].partition(".")
        if self.case.get("as") == "anonymous":
            client = self.world.anonymous(service)
        else:
            client = self.caller().client(service)
        for name, value in (self.case.get("headers") or {}).items():
            client.meta.events.register(
                "before-sign",
                lambda request, name=name, value=value, **_: request.headers.add_header(name, value),
            )
        self.names(client)
        try:
            getattr(client, method)(**self.case.get("with", {}))
        except ClientError as error:
            return error_of(error)
        return "", "", 0

    def names(self, client: Any) -> None:
        """``<me>`` is the caller's own name."""
        self.case["with"] = json.loads(json.dumps(self.case.get("with") or {}).replace("<me>", self.name))


def _tags(case: dict[str, Any]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (case.get("tags") or {}).items()]


Put, Take = Callable[[str], Any], Callable[[], Any]


def _bucket(world: World) -> tuple[Put, Take]:
    s3, bucket = world.admin().client("s3"), world.names["bucket"]
    return (
        lambda text: s3.put_bucket_policy(Bucket=bucket, Policy=text),
        # As the grader: a policy that denies the learner is taken away all the same.
        lambda: (
            world.sandbox.session(MAIN, "grader", "us-east-1")
            .client("s3")
            .delete_bucket_policy(Bucket=bucket)
        ),
    )


def _queue(world: World) -> tuple[Put, Take]:
    sqs, url = world.admin().client("sqs"), world.names["queue_url"]

    def put(text: str) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": text})

    return put, lambda: put("")


def _topic(world: World) -> tuple[Put, Take]:
    sns, arn = world.admin().client("sns"), world.names["topic"]
    before = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]

    def put(text: str) -> None:
        sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=text)

    return put, lambda: put(before)


def _key(world: World) -> tuple[Put, Take]:
    kms, key = world.admin().client("kms"), world.names["key_id"]
    before = kms.get_key_policy(KeyId=key)["Policy"]

    def put(text: str) -> None:
        who = {"AWS": f"arn:aws:iam::{MAIN}:user/learner"}
        owner = {"Effect": "Allow", "Principal": who, "Action": "kms:*", "Resource": "*"}
        whole = document(owner, *json.loads(text)["Statement"])
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole)

    return put, lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)


def _secret(world: World) -> tuple[Put, Take]:
    client, secret = world.admin().client("secretsmanager"), world.names["secret"]
    return (
        lambda text: client.put_resource_policy(SecretId=secret, ResourcePolicy=text),
        lambda: client.delete_resource_policy(SecretId=secret),
    )


def _function(world: World) -> tuple[Put, Take]:
    client = world.admin().client("lambda")

    def put(text: str) -> None:
        for rule in json.loads(text)["Statement"]:
            client.add_permission(
                FunctionName="job",
                StatementId="case",
                Action=rule["Action"],
                Principal=rule["Principal"]["AWS"],
            )

    return put, lambda: client.remove_permission(FunctionName="job", StatementId="case")


_RESOURCES: dict[str, Callable[[World], tuple[Put, Take]]] = {
    "bucket": _bucket, "queue": _queue, "topic": _topic, "key": _key, "secret": _secret,
    "function": _function,
}  # fmt: skip


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    """What is taken away after a case."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_what_aws_gives(world: World, undo: ExitStack, case: dict[str, Any]) -> None:
    """A caller gets what the policies in play allow, and AWS's words for what they do not."""
    play = Play(world, case, undo)
    play.lay()
    code, message, status = play.call()
    if case.get("allowed"):
        assert not code or code == case.get("code"), message
        return
    assert code == case.get("code", "AccessDenied"), message
    assert status == case.get("status", 403)
    said = play.world.fill(case["denied"]).replace("<me>", play.name)
    assert said in message


def test_there_are_enough_cases() -> None:
    """Every point of authorisation is tried on the wire."""
    assert len(CASES) >= 80
