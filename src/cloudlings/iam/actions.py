"""The actions that a proof must look at, in classes that the policies cannot tell apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cloudlings.iam import data
from cloudlings.iam import service_rules as rules
from cloudlings.iam.data import Action
from cloudlings.iam.patterns import Group, combinations, glob

ANY_RESOURCE: Final = "${Anything}"
"""The shape of the resources of an action that the table does not have."""

LIST_BUCKETS: Final = "=arn:aws:s3:::*"
"""What s3:ListAllMyBuckets is checked on: a request's resource is ``*``, a policy's must cover this ARN."""

_WELL_KNOWN: Final = (
    "iam:CreateAccessKey", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:AttachRolePolicy",
    "iam:PassRole",
    "iam:UpdateAssumeRolePolicy", "s3:PutBucketPolicy", "s3:PutBucketAcl", "s3:PutObjectAcl",
    "kms:PutKeyPolicy", "lambda:AddPermission", "sqs:SetQueueAttributes",
    "s3:DeleteObject", "s3:PutObject", "s3:DeleteBucket", "ec2:TerminateInstances", "ec2:RunInstances",
    "rds:DeleteDBInstance", "dynamodb:DeleteTable", "dynamodb:PutItem", "dynamodb:DeleteItem",
    "lambda:InvokeFunction", "lambda:UpdateFunctionCode", "sqs:SendMessage", "sns:Publish",
    "sts:AssumeRole", "kms:Decrypt", "kms:ScheduleKeyDeletion", "logs:PutLogEvents", "logs:DeleteLogGroup",
    "s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter", "dynamodb:GetItem", "dynamodb:Query",
    "sqs:ReceiveMessage", "s3:ListBucket", "s3:ListAllMyBuckets", "ec2:DescribeInstances",
)  # fmt: skip
_RANK: Final = {name: rank for rank, name in enumerate(_WELL_KNOWN)}
UNLISTED: Final = "Write"
"""The access level that an action counts as when AWS does not list it."""


@dataclass(frozen=True)
class ActionClass:
    """Actions that every policy treats alike, worst and best known first.

    ``mask``: the statements whose Action or NotAction covers them.
    """

    members: tuple[Action, ...]
    mask: int

    @property
    def first(self) -> Action:
        """The one to speak of."""
        return self.members[0]


def rank(action: Action) -> tuple[int, int, str]:
    """How harmful, then how well known: the order in which actions are spoken of."""
    return action.harm, _RANK.get(action.name, len(_RANK)), action.name


_NAMED: Final = (
    rules.TRUST_ACTIONS | rules.NO_PERMISSION_NEEDED | rules.NO_PERMISSION_NEEDED_FOR_USERS
    | rules.BUCKET_POLICY_ACTIONS | rules.RCP_EXEMPT_ACTIONS | {"lambda:invokefunction"}
)  # fmt: skip


def flavour(action: Action) -> tuple[object, ...]:
    """What ``decide`` itself tells actions apart by, whatever the policies say."""
    return _flavour(action.name)


@lru_cache(maxsize=65_536)
def _flavour(action: str) -> tuple[object, ...]:
    name = action.lower()
    service = name.partition(":")[0]
    return (
        service if service in ("s3", "kms") else "",
        name if name in _NAMED else "",
        service in rules.ANONYMOUS_SERVICES or name in rules.ANONYMOUS_ACTIONS,
        name in rules.KMS_CROSS_ACCOUNT,
        service in rules.RCP_SERVICES,
    )


Bundle = tuple[Action, ...]
"""Actions of one service, worst first, of which the policies cover all or none."""


def candidates(
    patterns: Sequence[str],
    *,
    everything: bool,
    only_listed: bool,
    alike: Callable[[str], bool],
    asked: Sequence[str] = (),
) -> Iterator[Bundle]:
    """Every action of the services that the patterns name, or of all services; of those that ``asked`` names,
    where it names some.

    ``alike``: whether the policies treat all actions of a service alike. Unless ``only_listed``, a pattern
    that covers no listed action brings in made-up ones that it covers. (With ``only_listed``, only one for
    a service that is not listed at all.)
    """
    services = data.services() if everything else sorted(_services(patterns))
    within = _services(asked)
    for service in services:
        if asked and service not in within:
            continue
        if alike(service):
            yield from _bundles(service)
        else:
            yield from ((action,) for action in data.actions_of(service).values())
    idle = [p for p in patterns if not _covers_listed(p)]
    if only_listed:
        idle = [p for p in idle if not _services([p])]
    yield from ((action,) for action in _unlisted(idle, patterns))


@lru_cache(maxsize=1024)
def _bundles(service: str) -> tuple[Bundle, ...]:
    """The actions of a service, together where nothing but the name tells them apart."""
    found: dict[tuple[object, ...], list[Action]] = {}
    for action in data.actions_of(service).values():
        key = (flavour(action), templates_of(action), action.condition_keys)
        found.setdefault(key, []).append(action)
    return tuple(tuple(sorted(members, key=rank)) for members in found.values())


@lru_cache(maxsize=4096)
def _covers_listed(pattern: str) -> bool:
    """Whether the pattern covers an action that AWS lists."""
    test = matcher(pattern)
    return any(test(name) for service in sorted(_services([pattern])) for name in data.actions_of(service))


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a lower-case action name is covered."""
    lower = pattern.lower()
    if "*" not in lower and "?" not in lower:
        return lambda name: name == lower
    if lower == "*":
        return lambda _: True
    text = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in lower)
    found = re.compile(text, re.DOTALL).fullmatch
    return lambda name: found(name) is not None


@lru_cache(maxsize=65_536)
def covers(patterns: tuple[str, ...], name: str) -> bool:
    """Whether one of the patterns covers the action."""
    return any(matcher(pattern)(name.lower()) for pattern in patterns)


def applying(keys: tuple[str, ...], action: Action) -> tuple[bool, ...]:
    """Of each condition key, whether a request for this action can have it."""
    found = _applying(keys)
    if action.name not in found:
        found[action.name] = tuple(data.applies(key, action) for key in keys)
    return found[action.name]


@lru_cache(maxsize=256)
def _applying(_: tuple[str, ...]) -> dict[str, tuple[bool, ...]]:
    return {}


def _services(patterns: Iterable[str]) -> set[str]:
    return {name for pattern in patterns for name in _services_of(pattern.lower().partition(":")[0])}


@lru_cache(maxsize=4096)
def _services_of(prefix: str) -> tuple[str, ...]:
    """The services that the part of an action pattern before the colon names."""
    test = matcher(prefix)
    return tuple(name for name in data.services() if test(name))


def _unlisted(idle: Sequence[str], patterns: Sequence[str]) -> Iterator[Action]:
    """Made-up actions for patterns that cover none that AWS lists: one for each combination of patterns."""
    if not idle:
        return
    groups = [Group([glob(p, ignore_case=True)]) for p in patterns]
    wanted = sum(1 << place for place, p in enumerate(patterns) if p in idle)
    for vector, witness in combinations(groups).items():
        if vector & wanted:
            name = _spelled(witness.text, idle)
            yield Action(name, UNLISTED, (data.ResourceType("", "anything", ANY_RESOURCE),), frozenset())


def _spelled(name: str, patterns: Sequence[str]) -> str:
    """The name as a policy spells it, with a colon where the pattern leaves it out."""
    for pattern in patterns:
        if pattern.lower() == name.lower():
            return pattern if ":" in pattern else f"{pattern}:"
    if ":" not in name:
        return f"{name}:Action"
    return name if not name.endswith(":") else f"{name}Action"


def classes(
    bundles: Iterable[Bundle],
    mask_of: Callable[[str], int],
    kind_of: Callable[[Action, int], object],
    *,
    keep: Callable[[int], bool],
) -> tuple[ActionClass, ...]:
    """Actions grouped by the statements that cover them and whatever else ``kind_of`` tells apart.

    Classes whose mask ``keep`` refuses are left out. The worst comes first.
    """
    found: dict[tuple[object, ...], list[Action]] = {}
    for bundle in bundles:
        first = bundle[0]
        mask = mask_of(first.name)
        if keep(mask):
            found.setdefault((mask, flavour(first), kind_of(first, mask)), []).extend(bundle)
    grouped = (
        ActionClass(tuple(sorted(members, key=rank)), key[0] if isinstance(key[0], int) else 0)
        for key, members in found.items()
    )
    return tuple(sorted(grouped, key=lambda one: rank(one.first)))


def templates_of(action: Action) -> tuple[str, ...]:
    """The shapes of the resources it can be asked for; "*" alone when it has none."""
    if action.name == "s3:ListAllMyBuckets":
        return (LIST_BUCKETS,)
    return action.templates or ("*",)
