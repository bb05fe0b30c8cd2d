"""Who may call: one caller for each way in which policies can tell callers apart.

Named users, roles, sessions, accounts, services and providers, others like them that nobody named, and
callers whose ARN or name the conditions on them can tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cloudlings.iam import shapes
from cloudlings.iam.patterns import Group, combinations
from cloudlings.iam.request import Grant, Principal, account_of
from cloudlings.iam.statements import Principals, Statement

HOME: Final = "111122223333"
"""The account of a caller when nothing says which."""
_ACCOUNT: Final = re.compile(r"\d{12}")
_USER: Final = "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"
_ROLE: Final = "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"
_NAMES: Final = ("carlos", "dana", "erin", "Deploy", "Reader", "app/Deploy")
IDENTITY_KEYS: Final = frozenset(
    {"aws:principalarn", "aws:principaltype", "aws:username", "aws:userid", "aws:principalaccount"}
)
"""Keys that say who the caller is: a policy that reads one tells callers apart by it."""


@dataclass(frozen=True)
class Scene:
    """What is known of the callers before the policies are looked at."""

    home: str
    partition: str = "aws"
    outsiders: bool = True
    """Whether callers that the home account does not know can matter: a policy with principals is there."""


def user(account: str, name: str, partition: str = "aws") -> Principal:
    """A user of an account; the name may hold a path."""
    return Principal("user", f"arn:{partition}:iam::{account}:user/{name}")


def session(role_arn: str, name: str = "session") -> Principal:
    """A session of a role."""
    parts = role_arn.split(":", 5)
    role = parts[5].rsplit("/", 1)[-1] if len(parts) == 6 else role_arn
    arn = f"arn:{parts[1]}:sts::{parts[4]}:assumed-role/{role}/{name}"
    return Principal("session", arn, role_arn=role_arn)


def callers(
    statements: Sequence[Statement], scene: Scene, arn_groups: Sequence[Group], names: Iterable[str]
) -> tuple[Principal, ...]:
    """One caller of each kind, in the order in which a person would rather read of them.

    ``arn_groups`` are the patterns that conditions compare aws:PrincipalArn with, ``names`` the user names
    that conditions and variables tell apart.
    """
    elements = [e for s in statements for e in (s.principal, s.not_principal) if e is not None]
    keys = {condition.folded_key for s in statements for condition in s.conditions}
    keys |= {name for s in statements for name in s.variables}
    picky = bool(keys & IDENTITY_KEYS)
    found: list[Principal] = []
    if scene.outsiders:
        found += [
            Principal("anonymous"),
            *_of_account(shapes.stranger([scene.home, *_accounts(statements)]), scene),
        ]
    found += _of_account(scene.home, scene, sessions=picky or scene.outsiders)
    for name in names:
        found.append(user(scene.home, name, scene.partition))
    accounts = [a for a in dict.fromkeys(_accounts(statements)) if a != scene.home]
    for account in accounts:
        found += _of_account(account, scene)
    for element in elements:
        found += _named(element)
    if scene.outsiders:
        found += [*_services(elements), *_federated(elements, scene)]
        found += [_root(account, scene) for account in (scene.home, *accounts)]
    if arn_groups:
        found += _by_arn(arn_groups, scene, (scene.home, *accounts))
    return tuple(dict.fromkeys(found))


def _root(account: str, scene: Scene) -> Principal:
    return Principal("root", f"arn:{scene.partition}:iam::{account}:root")


def _of_account(account: str, scene: Scene, *, sessions: bool = False) -> list[Principal]:
    found = [user(account, "carlos", scene.partition)]
    if sessions:
        found.append(session(f"arn:{scene.partition}:iam::{account}:role/Deploy"))
    return found


def _accounts(statements: Sequence[Statement]) -> Iterator[str]:
    """Every account that the statements name as a caller's."""
    for statement in statements:
        for element in (statement.principal, statement.not_principal):
            for name in element.aws if element else ():
                account = name if _ACCOUNT.fullmatch(name) else account_of(name)
                if _ACCOUNT.fullmatch(account):
                    yield account
        for condition in statement.conditions:
            if condition.folded_key in ("aws:principalaccount", "aws:principalarn"):
                yield from _ACCOUNT.findall(" ".join(condition.values))


def _named(element: Principals) -> Iterator[Principal]:
    for name in element.aws:
        kind, _, rest = name.partition(":")[2].split(":", 4)[-1].partition("/")
        if not name.startswith("arn:"):
            continue
        if kind == "user" and rest:
            yield Principal("user", name)
        elif kind == "role" and rest:
            yield session(name)
        elif kind == "assumed-role" and rest:
            yield Principal("session", name)
            yield Principal("session", f"{name.rsplit('/', 1)[0]}/another-session")
        elif kind == "federated-user" and rest:
            yield Principal("federated-user", name)
        elif kind == "root":
            yield Principal("root", name)


def grantees(grants: Iterable[Grant]) -> Iterator[Principal]:
    """Those whom KMS grants name."""
    for grant in grants:
        for name in filter(None, (grant.grantee, grant.retiring_principal)):
            if name.endswith(".amazonaws.com"):
                yield Principal("service", name)
            else:
                yield from _named(Principals(aws=(name,)))


def _services(elements: Sequence[Principals]) -> Iterator[Principal]:
    named = dict.fromkeys(name for element in elements for name in element.service if name != "*")
    for name in named:
        yield Principal("service", name)
    others = ("lambda.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com", "ec2.amazonaws.com")
    yield Principal("service", next(name for name in (*others, "other.amazonaws.com") if name not in named))


def _federated(elements: Sequence[Principals], scene: Scene) -> Iterator[Principal]:
    named = dict.fromkeys(name for element in elements for name in element.federated if name != "*")
    if not named:
        return
    for name in (*named, f"arn:{scene.partition}:iam::{scene.home}:oidc-provider/other.example.com"):
        yield Principal("saml" if ":saml-provider/" in name else "oidc", name)


def _by_arn(groups: Sequence[Group], scene: Scene, accounts: Iterable[str]) -> Iterator[Principal]:
    """Users and sessions of each way in which the patterns on aws:PrincipalArn can match."""
    for account in accounts:
        for template in (_USER, _ROLE):
            shape = Group([shapes.expand(template, partition=scene.partition, account=account)])
            for vector, witness in combinations(groups, within=shape).items():
                same = shapes.same_matches((*groups, shape), vector | 1 << len(groups))
                arn = shapes.presentable(witness, _NAMES, same)
                yield Principal("user", arn) if template == _USER else session(arn)
