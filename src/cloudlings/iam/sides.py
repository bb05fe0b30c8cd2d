"""Two sets of policies side by side: their statements numbered once, and where each of them stands.

A set of statements is an int, one bit for each statement, so what a request matches is one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from cloudlings.iam.public import is_public
from cloudlings.iam.request import Grant, Policies
from cloudlings.iam.statements import VARIABLE, Condition, Policy, Statement, Version

_GRANTING = frozenset({"identity", "groups", "resource", "trust"})
_SILENT_IS_NONE = frozenset({"identity", "groups", "resource"})
"""Where an Allow can grant; elsewhere (boundary, session, SCP …) it only lets pass."""


def layers(policies: Policies) -> Iterator[tuple[str, tuple[Policy, ...]]]:
    """Every layer that is there with its policies, by a name of its own."""
    several = (("identity", policies.identity), ("groups", policies.groups), ("session", policies.session))
    yield from several
    single = (
        ("boundary", policies.boundary), ("resource", policies.resource),
        ("vpce", policies.vpce), ("trust", policies.trust),
    )  # fmt: skip
    for name, policy in single:
        if policy is not None:
            yield name, (policy,)
    for name, levels in (("scp", policies.scp), ("rcp", policies.rcp)):
        for number, level in enumerate(levels):
            yield f"{name} {number}", level


@dataclass(frozen=True)
class Line:
    """A condition with what decides how its values are read: its statement's version."""

    condition: Condition
    version: Version


class Sides:
    """The statements of both sides, each once, in a fixed order."""

    def __init__(self, granted: Policies, needed: Policies) -> None:
        self.granted = granted
        self.needed = needed
        self._layers = tuple(dict(layers(side)) for side in (granted, needed))
        every = (s for side in self._layers for policies in side.values() for s in _statements(policies))
        meanings = {_meaning(statement): statement for statement in every}
        self.statements: tuple[Statement, ...] = tuple(meanings.values())
        self._bit = {meaning: 1 << place for place, meaning in enumerate(meanings)}

    def bits(self, statements: Iterable[Statement]) -> int:
        """These statements as a set."""
        found = 0
        for statement in statements:
            found |= self._bit[_meaning(statement)]
        return found

    def members(self, mask: int) -> Iterator[Statement]:
        """The statements of a set."""
        return (s for place, s in enumerate(self.statements) if mask >> place & 1)

    @cached_property
    def size(self) -> int:
        """How many characters the actions, resources and values of all statements have."""
        elements = (
            element
            for s in self.statements
            for element in (
                s.action,
                s.not_action,
                s.resource,
                s.not_resource,
                *(c.values for c in s.conditions),
            )
        )
        return sum(len(text) for element in elements for text in element or ())

    @cached_property
    def everything(self) -> int:
        """The set of all statements."""
        return (1 << len(self.statements)) - 1

    @cached_property
    def granting(self) -> tuple[int, int]:
        """For each side, the Allow statements that can grant something."""
        return tuple(  # type: ignore[return-value]
            self.bits(
                s
                for name, policies in side.items()
                if name in _GRANTING
                for s in _statements(policies)
                if s.effect == "Allow"
            )
            for side in self._layers
        )

    @cached_property
    def _places(self) -> tuple[tuple[tuple[str, int], ...], ...]:
        """For each side, each policy's layer and its statements as a set."""
        return tuple(
            tuple(
                (name, self.bits(_statements((policy,))))
                for name, policies in side.items()
                for policy in policies
            )
            for side in self._layers
        )

    @cached_property
    def _same_frame(self) -> bool:
        """Whether both sides have the same limiting layers, so that only statements can make a difference.

        Of the other layers none is as good as one that is silent.
        """
        one, other = (
            tuple((n, bool(p)) for n, p in side.items() if n not in _SILENT_IS_NONE) for side in self._layers
        )
        sides = (self.granted, self.needed)
        grants, settings, public = (
            {side.grants for side in sides},
            {side.settings for side in sides},
            {side.settings.s3_block_public_access and is_public(side.resource) for side in sides},
        )
        return one == other and len(grants) == len(settings) == len(public) == 1

    def may_differ(self, mask: int) -> bool:
        """Whether requests that match at most these statements can come out differently on the two sides."""
        if not self._same_frame:
            return True
        found = self._differing.get(mask)
        if found is None:
            granted, needed = (
                {(name, bits & mask) for name, bits in places if bits & mask} for places in self._places
            )
            found = self._differing[mask] = granted != needed
        return found

    @cached_property
    def _differing(self) -> dict[int, bool]:
        return {}

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every condition once."""
        return tuple(dict.fromkeys(Line(c, s.version) for s in self.statements for c in s.conditions))

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Every condition key that a condition reads, as first spelled, each once."""
        spelled: dict[str, str] = {}
        for line in self.lines:
            spelled.setdefault(line.condition.folded_key, line.condition.key)
        return tuple(spelled.values())

    @cached_property
    def variables(self) -> frozenset[str]:
        """Every key, in lower case, that a policy variable reads."""
        return frozenset().union(*(s.variables for s in self.statements))

    @cached_property
    def spelled(self) -> dict[str, str]:
        """How the policies spell each variable, by its name in lower case."""
        texts = [text for s in self.statements for text in (*(s.resource or ()), *(s.not_resource or ()))]
        texts += [value for line in self.lines for value in line.condition.values]
        names = (found.split(",")[0].strip() for text in texts for found in VARIABLE.findall(text))
        return {name.lower(): name for name in names}

    @cached_property
    def has_principals(self) -> bool:
        """Whether some statement names callers: callers of any account can matter then."""
        whole = (*(self.granted.resource, self.granted.trust), *(self.needed.resource, self.needed.trust))
        return any(policy is not None for policy in whole) or bool(self.grants)

    @cached_property
    def grants(self) -> tuple[Grant, ...]:
        """The KMS grants of both sides, each once."""
        return tuple(dict.fromkeys((*self.granted.grants, *self.needed.grants)))


def _statements(policies: Iterable[Policy]) -> Iterator[Statement]:
    for policy in policies:
        yield from policy.statements


def _meaning(statement: Statement) -> Statement:
    """The statement without what has no say in a decision: its Sid and its number."""
    return replace(statement, sid="", index=0)
