"""Whether a statement applies to a request: its action, its resource, its conditions, and whom it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cloudlings.iam.conditions import Holds, compile_condition
from cloudlings.iam.globs import Match, glob, plain
from cloudlings.iam.request import Request
from cloudlings.iam.statements import Principals, Statement
from cloudlings.iam.variables import Template, template


class Reach(IntEnum):
    """How far a grant in a resource-based policy reaches its caller, from not at all to directly.

    DELEGATED: it names the account, whose own policies must allow as well. LIMITED: it names the role
    behind a session (or the user behind a federated one), so the boundary and the session policy still
    limit it. DIRECT: it names the caller, or everyone.
    """

    NONE = 0
    DELEGATED = 1
    LIMITED = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Matcher:
    """A statement compiled: which actions and resources, which conditions."""

    action: Match
    resource: Callable[[Request], bool]
    conditions: tuple[Holds, ...]

    def applies(self, request: Request) -> bool:
        """Whether action, resource and every condition fit (who is named is a separate question)."""
        if not self.action(request.folded_action) or not self.resource(request):
            return False
        keys = request.keys
        return all(holds(keys) for holds in self.conditions)


def matcher(statement: Statement) -> Matcher:
    """The statement's compiled form, made once and kept on it."""
    kept: Matcher | None = statement.__dict__.get("_matcher")
    if kept is None:
        kept = statement.__dict__["_matcher"] = Matcher(
            action=_actions(statement),
            resource=_resources(statement),
            conditions=tuple(
                compile_condition(condition, statement.version) for condition in statement.conditions
            ),
        )
    return kept


# --- actions ------------------------------------------------------------------------------------


def _actions(statement: Statement) -> Match:
    """Action names compare without regard to case, wildcards and NotAction included."""
    patterns = statement.action if statement.action is not None else statement.not_action or ()
    covered = _any_of([pattern.lower() for pattern in patterns])
    if statement.action is not None:
        return covered
    return lambda action: not covered(action)


def _any_of(patterns: list[str]) -> Match:
    if "*" in patterns:
        return lambda _: True
    exact = frozenset(pattern for pattern in patterns if "*" not in pattern and "?" not in pattern)
    globs = [glob(plain(pattern)) for pattern in patterns if pattern not in exact]
    if not globs:
        return exact.__contains__
    if len(globs) == 1 and not exact:
        return globs[0]
    return lambda action: action in exact or any(match(action) for match in globs)


# --- resources ----------------------------------------------------------------------------------


def _resources(statement: Statement) -> Callable[[Request], bool]:
    if statement.resource is None and statement.not_resource is None:
        # The resource is the one that the policy is attached to, as in a trust policy.
        return lambda _: True
    if statement.resource is not None:
        return _covering(statement.resource, statement)
    covered = _covering(statement.not_resource or (), statement)
    return lambda request: not covered(request)


def _covering(patterns: tuple[str, ...], statement: Statement) -> Callable[[Request], bool]:
    if "*" in patterns:
        return lambda _: True
    templates = [_resource_template(pattern, statement) for pattern in patterns]
    fixed = [glob(found.pieces({}) or ()) for found in templates if found is not None and found.fixed]
    open_ = [found for found in templates if found is not None and not found.fixed]
    if len(fixed) == 1 and not open_:
        only = fixed[0]
        return lambda request: only(request.target)

    def covers(request: Request) -> bool:
        target = request.target
        if any(match(target) for match in fixed):
            return True
        return any(
            (pieces := other.pieces(request.keys)) is not None and glob(pieces)(target) for other in open_
        )

    return covers


def _resource_template(pattern: str, statement: Statement) -> Template | None:
    """The pattern's template. None when a variable stands before the fifth colon, where none is replaced."""
    found = template(complete_arn(pattern), statement.version)
    if found.fixed or not pattern.startswith("arn:"):
        return found
    before = 0
    for part in found.parts:
        if not isinstance(part, tuple):
            if before < 5:
                return None
        else:
            before += part[0].count(":")
    return found


def complete_arn(pattern: str) -> str:
    """An ARN with fewer than six fields gets ``*`` for each that is missing (AWS, policy grammar)."""
    if not pattern.startswith("arn:"):
        return pattern
    return pattern + ":*" * max(0, 5 - pattern.count(":"))


# --- principals ---------------------------------------------------------------------------------


def reach(statement: Statement, request: Request) -> Reach:
    """How far an Allow reaches the caller: whom its Principal (or NotPrincipal) names."""
    if statement.principal is not None:
        return named(statement.principal, request)
    if statement.not_principal is not None:
        return Reach.NONE if named(statement.not_principal, request) else Reach.DIRECT
    return Reach.NONE


def named(principals: Principals, request: Request) -> Reach:
    """How ``principals`` name the caller."""
    if principals.everyone:
        return Reach.DIRECT
    names = request.names
    if principals.aws:
        aws = principals.aws_set
        if not aws.isdisjoint(names.direct):
            return Reach.DIRECT
        if not aws.isdisjoint(names.limited):
            return Reach.LIMITED
        if not aws.isdisjoint(names.account):
            return Reach.DELEGATED
    if principals.canonical_user and request.principal.canonical_id in principals.canonical_user:
        return Reach.DELEGATED
    if names.service and not names.service.isdisjoint(principals.service):
        return Reach.DIRECT
    if names.federated and not names.federated.isdisjoint(principals.federated):
        return Reach.DIRECT
    return Reach.NONE


def denies(statement: Statement, request: Request, *, has_boundary: bool) -> bool:
    """Whether a Deny with a Principal or NotPrincipal is meant for the caller.

    NotPrincipal spares a caller only when the account and the user (or the role) are both listed: AWS
    may check the account first. It spares nobody who has a permissions boundary.
    """
    if statement.principal is not None:
        return named(statement.principal, request) is not Reach.NONE
    if statement.not_principal is None:
        return False
    if has_boundary and request.principal.type in ("user", "role", "session", "federated-user"):
        return True
    return not _spared(statement.not_principal, request)


def _spared(principals: Principals, request: Request) -> bool:
    if principals.everyone:
        return True
    names = request.names
    if names.service or names.federated:
        return named(principals, request) is not Reach.NONE
    account = not principals.aws_set.isdisjoint(names.account) or (
        request.principal.canonical_id in principals.canonical_user
    )
    if request.principal.type == "root":
        return account
    entity = names.limited if request.principal.type in ("session", "role") else names.direct
    return account and not principals.aws_set.isdisjoint(entity)
