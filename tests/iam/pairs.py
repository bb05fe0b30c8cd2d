"""Random pairs of policies that are near each other, for comparing two ways of judging them.

The second of a pair is made from the first by a few small changes, some of which change nothing, so that
all verdicts turn up. Documents are plain JSON data; a seed gives the same pair for good.
"""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from typing import Any

from cloudlings.iam import Grant

HOME, OTHER = "111122223333", "444455556666"
USER = f"arn:aws:iam::{HOME}:user/ana"
ROLE = f"arn:aws:iam::{HOME}:role/app"
SESSION = f"arn:aws:sts::{HOME}:assumed-role/app/run"
STRANGER = f"arn:aws:iam::{OTHER}:user/zoe"

Document = dict[str, Any]


@dataclass(frozen=True)
class Service:
    """What policies on one service are made from."""

    actions: tuple[str, ...]
    action_patterns: tuple[str, ...]
    resources: tuple[str, ...]
    trust: bool = False
    """Whether the resource's policy is a trust policy, which names no resource."""


_B = "arn:aws:s3:::app-data"
_Q = f"arn:aws:sqs:us-east-1:{HOME}:"
_T = f"arn:aws:dynamodb:us-east-1:{HOME}:table/"
_F = f"arn:aws:lambda:us-east-1:{HOME}:function:"
_K = f"arn:aws:kms:us-east-1:{HOME}:key/"
_R = f"arn:aws:iam::{HOME}:role/"
SERVICES = {
    "s3": Service(
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:ListAllMyBuckets"),
        ("s3:*", "s3:Get*", "s3:*Object", "s3:PutObject", "s3:List*", "s3:GetObject", "*"),
        (_B, f"{_B}/*", f"{_B}/a/*", f"{_B}/a/b*", f"{_B}*", f"{_B}/*.csv", f"{_B}/?/*", "*", "arn:aws:s3:::*/a/*",
         f"{_B}/${{aws:PrincipalTag/team}}/*"),
    ),
    "sqs": Service(
        ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteQueue", "sqs:ListQueues"),
        ("sqs:*", "sqs:Send*", "sqs:ReceiveMessage", "sqs:*e", "sqs:DeleteQueue"),
        (f"{_Q}jobs", f"{_Q}jobs*", f"{_Q}*", "*", f"arn:aws:sqs:*:{HOME}:jobs", f"{_Q}jobs-?"),
    ),
    "dynamodb": Service(
        ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:DeleteTable"),
        ("dynamodb:*", "dynamodb:*Item", "dynamodb:Get*", "dynamodb:Query"),
        (f"{_T}Orders", f"{_T}Orders/index/*", f"{_T}Orders*", f"{_T}*", "*", f"{_T}O*s"),
    ),
    "lambda": Service(
        ("lambda:InvokeFunction", "lambda:GetFunction", "lambda:DeleteFunction", "lambda:ListFunctions"),
        ("lambda:*", "lambda:*Function", "lambda:Invoke*", "lambda:Get*"),
        (f"{_F}app", f"{_F}app:*", f"{_F}app*", f"{_F}*", "*"),
    ),
    "kms": Service(
        ("kms:Decrypt", "kms:Encrypt", "kms:ScheduleKeyDeletion", "kms:ListKeys"),
        ("kms:*", "kms:*crypt", "kms:Decrypt", "kms:S*"),
        (f"{_K}1234abcd", f"{_K}12*", f"{_K}*", "*", "*", f"arn:aws:kms:*:{HOME}:key/1234abc?"),
    ),
    "sts": Service(
        ("sts:AssumeRole", "sts:TagSession"),
        ("sts:*", "sts:AssumeRole", "sts:AssumeRole*", "sts:TagSession"),
        (f"{_R}deploy", f"{_R}de*", f"{_R}team/*", "*", "*", f"arn:aws:iam::{OTHER}:role/deploy"),
        trust=True,
    ),
}  # fmt: skip

# Key -> its operators with their values.
_TEXT = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
_DATES = ("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z", "2026-01-01T00:00:00Z")
CONDITIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aws:PrincipalTag/team": (_TEXT, ("red", "r*", "*d", "blue", "RED", "r?d")),
    "s3:prefix": (_TEXT, ("a/", "a/*", "*/", "a/b*", "", "${aws:PrincipalTag/team}/*")),
    "sts:ExternalId": (_TEXT, ("12345", "1*", "*", "${aws:PrincipalTag/team}-1")),
    "aws:SourceArn": (
        ("ArnEquals", "ArnLike", "ArnNotLike", "ArnNotEquals"),
        (f"arn:aws:sns:us-east-1:{HOME}:alerts", f"arn:aws:sns:*:{HOME}:*", "arn:aws:s3:::logs", "arn:aws:*:*:*:al*"),
    ),
    "aws:SourceIp": (
        ("IpAddress", "NotIpAddress"), ("10.0.0.0/8", "10.1.0.0/16", "203.0.113.0/24", "203.0.113.9", "0.0.0.0/1"),
    ),
    "s3:max-keys": (
        ("NumericLessThan", "NumericLessThanEquals", "NumericEquals", "NumericNotEquals", "NumericGreaterThan",
         "NumericGreaterThanEquals"), ("10", "11", "100", "10.0"),
    ),
    "aws:CurrentTime": (
        ("DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals", "DateEquals", "DateNotEquals"),
        _DATES,
    ),
    "aws:SecureTransport": (("Bool",), ("true", "false")),
    "aws:MultiFactorAuthPresent": (("Bool",), ("true", "false")),
}  # fmt: skip
TAG_KEYS = ("team", "cost", "c*", "env")


def pair(seed: int) -> tuple[Document, Document, str]:
    """Two near sets of policies as documents by layer, and the service they are about."""
    rng = random.Random(seed)
    name = rng.choice(list(SERVICES))
    one = _layers(rng, SERVICES[name])
    other = copy.deepcopy(one)
    for _ in range(rng.choice((1, 2, 2, 3))):
        _change(rng, other, SERVICES[name])
    return (one, other, name) if rng.random() < 0.5 else (other, one, name)


def widened(rng: random.Random, layers: Document, name: str) -> Document:
    """The same with layers that the plain pairs leave out; often alike for both of a pair."""
    service, found = SERVICES[name], dict(layers)
    own = random.Random(f"{name}{rng.random() < 0.6}")
    if own.random() < 0.5:
        found["groups"] = [_document(own, service, 2)]
    if rng.random() < 0.4 and not service.trust:
        found["vpce"] = _document(own, service, 2, principals=True)
    if rng.random() < 0.3 and not service.trust:
        guard = _document(own, service, 1)
        found["rcp"] = [
            [{**guard, "Statement": [{**s, "Effect": "Deny", "Principal": "*"} for s in guard["Statement"]]}]
        ]
    if rng.random() < 0.4:
        found["settings"] = {"s3_block_public_access": True}
    if name == "kms" and rng.random() < 0.6:
        found["grants"] = [
            Grant(rng.choice((USER, ROLE, STRANGER)), rng.choice((("Decrypt",), ("Encrypt", "Decrypt"))))
        ]
    return found


def _layers(rng: random.Random, service: Service) -> Document:
    found: Document = {"identity": [_document(rng, service, 3)]}
    if rng.random() < 0.3:
        found["boundary"] = _document(rng, service, 2)
    guarded = service.trust or service is SERVICES["kms"]
    if rng.random() < (0.8 if guarded else 0.35):
        found["resource"] = _document(rng, service, 2, principals=True)
    if rng.random() < 0.15:
        found["scp"] = [[_document(rng, service, 2)]]
    if rng.random() < 0.1:
        found["session"] = [_document(rng, service, 2)]
    return found


def _document(rng: random.Random, service: Service, most: int, *, principals: bool = False) -> Document:
    effects = [
        "Allow",
        *("Deny" if rng.random() < 0.25 else "Allow" for _ in range(rng.randint(0, most - 1))),
    ]
    statements = [_statement(rng, service, effect, principals) for effect in effects]
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(rng: random.Random, service: Service, effect: str, principals: bool) -> Document:
    statement: Document = {"Effect": effect}
    patterns = rng.sample(
        (*service.action_patterns, *service.action_patterns[:2], *service.actions), rng.choice((1, 2, 2))
    )
    statement["NotAction" if rng.random() < 0.1 else "Action"] = patterns
    if not (principals and service.trust):
        resources = rng.sample(service.resources, rng.choice((1, 1, 2)))
        statement["NotResource" if rng.random() < 0.1 else "Resource"] = resources
    if principals:
        statement["NotPrincipal" if statement["Effect"] == "Deny" and rng.random() < 0.2 else "Principal"] = (
            _principal(rng)
        )
    if rng.random() < 0.45:
        statement["Condition"] = _conditions(rng)
    return statement


def _principal(rng: random.Random) -> Any:
    names: list[Any] = [
        "*", {"AWS": [USER, HOME]}, {"AWS": HOME}, {"AWS": [STRANGER, OTHER]}, {"AWS": OTHER}, {"AWS": ROLE},
        {"AWS": SESSION}, {"Service": "sns.amazonaws.com"}, {"AWS": USER},
    ]  # fmt: skip
    return rng.choice(names)


def _conditions(rng: random.Random) -> Document:
    found: Document = {}
    for _ in range(rng.choice((1, 1, 2))):
        operator, key, values = _condition(rng)
        found.setdefault(operator, {})[key] = values
    return found


def _condition(rng: random.Random) -> tuple[str, str, list[str]]:
    chance = rng.random()
    if chance < 0.12:
        return "Null", rng.choice(list(CONDITIONS)), [rng.choice(("true", "false"))]
    if chance < 0.3:
        qualifier = rng.choice(("ForAllValues", "ForAnyValue"))
        operator = rng.choice(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"))
        return f"{qualifier}:{operator}", "aws:TagKeys", rng.sample(TAG_KEYS, rng.choice((1, 2)))
    key = rng.choice(list(CONDITIONS))
    operators, values = CONDITIONS[key]
    suffix = "IfExists" if rng.random() < 0.25 else ""
    return rng.choice(operators) + suffix, key, rng.sample(values, rng.choice((1, 1, 2)))


def _change(rng: random.Random, layers: Document, service: Service) -> None:
    documents = [d for name in ("identity", "session") for d in layers.get(name, [])]
    documents += [layers[name] for name in ("boundary", "resource") if name in layers]
    documents += [d for level in layers.get("scp", []) for d in level]
    principals = rng.choice(documents)
    statements: list[Document] = principals["Statement"]
    statement = rng.choice(statements)
    ways = (_split, _double, _shuffle, _toggle_if_exists, _toggle_if_exists, _rewrite_resource, _rewrite_resource,
            _rewrite_action, _rewrite_action, _drop_condition, _add_condition, _add_condition)  # fmt: skip
    rng.choice(ways)(rng, statements, statement, service)


def _split(rng: random.Random, statements: list[Document], statement: Document, service: Service) -> None:
    """Changes nothing: two statements for two values of a list."""
    for element in ("Action", "Resource"):
        if len(statement.get(element, [])) > 1:
            twin = copy.deepcopy(statement)
            statement[element], twin[element] = statement[element][:1], twin[element][1:]
            statements.append(twin)
            return


def _rewrite_resource(
    rng: random.Random, statements: list[Document], statement: Document, service: Service
) -> None:
    element = "NotResource" if "NotResource" in statement else "Resource"
    if element in statement:
        statement[element] = [rng.choice(service.resources), *statement[element][1:]]


def _rewrite_action(
    rng: random.Random, statements: list[Document], statement: Document, service: Service
) -> None:
    element = "Action" if "Action" in statement else "NotAction"
    statement[element] = [rng.choice((*service.action_patterns, *service.actions)), *statement[element][1:]]


def _toggle_if_exists(
    rng: random.Random, statements: list[Document], statement: Document, service: Service
) -> None:
    block = statement.get("Condition", {})
    for operator in list(block):
        if operator != "Null":
            bare = operator.removesuffix("IfExists")
            block[bare if bare != operator else f"{operator}IfExists"] = block.pop(operator)
            return


def _drop_condition(
    rng: random.Random, statements: list[Document], statement: Document, service: Service
) -> None:
    statement.pop("Condition", None)


def _add_condition(
    rng: random.Random, statements: list[Document], statement: Document, service: Service
) -> None:
    operator, key, values = _condition(rng)
    statement.setdefault("Condition", {}).setdefault(operator, {})[key] = values


def _double(rng: random.Random, statements: list[Document], statement: Document, service: Service) -> None:
    """Changes nothing: the same statement twice."""
    statements.append(copy.deepcopy(statement))


def _shuffle(rng: random.Random, statements: list[Document], statement: Document, service: Service) -> None:
    """Changes nothing: another order."""
    rng.shuffle(statements)
