"""Who can do what, as a small matrix: the principals of an account against the resources in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cloudlings import iam
from cloudlings.errors import CloudlingsError

MOST_PRINCIPALS, MOST_RESOURCES = 12, 10
# What stands for reading, for writing and for giving others access, by service: one action of AWS's each.
ACTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "s3": {
        "read": ("s3:GetObject", "/*"),
        "write": ("s3:PutObject", "/*"),
        "manage": ("s3:PutBucketPolicy", ""),
    },
    "dynamodb": {
        "read": ("dynamodb:GetItem", ""),
        "write": ("dynamodb:PutItem", ""),
        "manage": ("dynamodb:DeleteTable", ""),
    },
    "sqs": {
        "read": ("sqs:ReceiveMessage", ""),
        "write": ("sqs:SendMessage", ""),
        "manage": ("sqs:SetQueueAttributes", ""),
    },
    "secretsmanager": {
        "read": ("secretsmanager:GetSecretValue", ""),
        "write": ("secretsmanager:PutSecretValue", ""),
        "manage": ("secretsmanager:PutResourcePolicy", ""),
    },
    "lambda": {
        "read": ("lambda:GetFunction", ""),
        "write": ("lambda:InvokeFunction", ""),
        "manage": ("lambda:UpdateFunctionCode", ""),
    },
    "kms": {"read": ("kms:Decrypt", ""), "write": ("kms:Encrypt", ""), "manage": ("kms:PutKeyPolicy", "")},
}


class Session(Protocol):
    """What is asked of an account."""

    def client(self, service_name: str, region_name: str | None = None, /) -> Any: ...


@dataclass(frozen=True)
class Cell:
    """What one principal may do with one resource: the words that hold, and those that cannot be told."""

    may: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """Rows of principals (ARN, cells), columns of resources (ARNs), how many are left out, what is unread."""

    resources: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    left_out: int
    unread: tuple[str, ...]


def read_matrix(session: Session) -> Matrix:
    """Decide every cell from the policies that are in the account now.

    Requests are plain ones, by TLS and with no context of their own: a policy with conditions may allow more
    or less for others.
    """
    unread: list[str] = []
    resources = [arn for one in _LISTS for arn in _found(one, session, unread)]
    principals = list(_found(_principals, session, unread))
    rows = tuple(
        (one, tuple(_cell(session, one, arn, unread) for arn in resources[:MOST_RESOURCES]))
        for one in principals[:MOST_PRINCIPALS]
    )
    left_out = max(0, len(resources) - MOST_RESOURCES) + max(0, len(principals) - MOST_PRINCIPALS)
    return Matrix(tuple(resources[:MOST_RESOURCES]), rows, left_out, tuple(dict.fromkeys(unread)))


def _cell(session: Session, principal: str, resource: str, unread: list[str]) -> Cell:
    may, unknown = [], []
    for word, (action, tail) in ACTIONS[resource.split(":")[2]].items():
        try:
            gathered = iam.gather(session, principal, resource + tail)
            asked = _places(resource, gathered.policies) if tail else [resource]
            allowed = [_is_allowed(gathered, action, one) for one in asked]
            if any(allowed):
                may.append(word if all(allowed) else f"{word} some")
            unread.extend(map(str, gathered.unread))
        except CloudlingsError as error:
            unknown.append(word)
            unread.append(str(error.message))
    return Cell(tuple(may), tuple(unknown))


def _is_allowed(gathered: iam.Gathered, action: str, resource: str) -> bool:
    context = {**gathered.context, "aws:SecureTransport": "true"}
    asked = iam.Request(gathered.principal, action, resource, context=context)
    return iam.decide(asked, gathered.policies).allowed


def _places(bucket: str, policies: iam.Policies) -> list[str]:
    """Objects to ask about: one of a name that no policy has, and one for each pattern that names objects of
    the bucket."""
    documents = [*policies.identity, *policies.groups, *([policies.resource] if policies.resource else [])]
    named = [
        pattern
        for policy in documents
        for statement in policy.statements
        for pattern in (*(statement.resource or ()), *(statement.not_resource or ()))
        if pattern.startswith(f"{bucket}/") and "${" not in pattern
    ]
    return list(
        dict.fromkeys([f"{bucket}/any-object", *(re.sub(r"[*?]", "x", pattern) for pattern in named)])
    )


def _found(listing: Callable[[Session], Iterator[str]], session: Session, unread: list[str]) -> Iterator[str]:
    try:
        yield from listing(session)
    except (ClientError, BotoCoreError, CloudlingsError) as error:
        unread.append(f"{listing.__name__.strip('_')}: {error}")


def _principals(session: Session) -> Iterator[str]:
    client = session.client("iam")
    for page in client.get_paginator("list_users").paginate():
        yield from (one["Arn"] for one in page["Users"])
    for page in client.get_paginator("list_roles").paginate():
        # Services use their own roles; nobody gives those more or less.
        yield from (one["Arn"] for one in page["Roles"] if not one["Path"].startswith("/aws-service-role/"))


def _buckets(session: Session) -> Iterator[str]:
    yield from (f"arn:aws:s3:::{one['Name']}" for one in session.client("s3").list_buckets()["Buckets"])


def _tables(session: Session) -> Iterator[str]:
    client = session.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        yield client.describe_table(TableName=name)["Table"]["TableArn"]


def _queues(session: Session) -> Iterator[str]:
    client = session.client("sqs")
    for url in client.list_queues().get("QueueUrls", []):
        yield client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _secrets(session: Session) -> Iterator[str]:
    yield from (one["ARN"] for one in session.client("secretsmanager").list_secrets()["SecretList"])


def _functions(session: Session) -> Iterator[str]:
    yield from (one["FunctionArn"] for one in session.client("lambda").list_functions()["Functions"])


def _keys(session: Session) -> Iterator[str]:
    client = session.client("kms")
    for one in client.list_keys()["Keys"]:
        if client.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyManager"] == "CUSTOMER":
            yield one["KeyArn"]


_LISTS = (_buckets, _tables, _queues, _secrets, _functions, _keys)
