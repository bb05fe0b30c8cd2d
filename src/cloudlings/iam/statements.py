"""What a policy says, as frozen data: policies, statements, conditions and whom they name.

Nothing here decides anything. ``documents.parse`` makes these from JSON; ``decide`` and the proofs
read them. Element names and their meaning: AWS's "IAM JSON policy elements reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cloudlings.iam.lazy import lazy

Effect = Literal["Allow", "Deny"]
Version = Literal["2008-10-17", "2012-10-17"]
Qualifier = Literal["", "ForAllValues", "ForAnyValue"]

# `${key}` and `${key, 'default'}`; `${*}`, `${?}` and `${$}` stand for the character itself.
VARIABLE = re.compile(r"\$\{([^{}]*)\}")
ESCAPES = frozenset("*?$")


@dataclass(frozen=True)
class Place:
    """Where something stands: the document's name and a path such as ``Statement[1].Action``."""

    document: str = ""
    path: str = ""

    def __truediv__(self, part: str) -> Place:
        """The place of a part: ``Place("p", "Statement[0]") / "Action"``."""
        if not self.path:
            return Place(self.document, part)
        return Place(self.document, f"{self.path}{part}" if part.startswith("[") else f"{self.path}.{part}")

    def __str__(self) -> str:
        return ", ".join(part for part in (self.document, self.path) if part)


@dataclass(frozen=True)
class Condition:
    """One line of a Condition block: ``ForAnyValue:StringLikeIfExists`` on one key with its values.

    ``operator`` is the bare operator in AWS's spelling (``StringLike``); the qualifier and IfExists
    stand apart. ``key`` is spelled as in the document; keys compare without regard to case.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    qualifier: Qualifier = ""
    if_exists: bool = False
    place: Place = field(default=Place(), compare=False)

    @property
    def name(self) -> str:
        """The operator as written in a policy, e.g. ``ForAllValues:StringEqualsIfExists``."""
        prefix = f"{self.qualifier}:" if self.qualifier else ""
        return f"{prefix}{self.operator}{'IfExists' if self.if_exists else ''}"

    @lazy
    def folded_key(self) -> str:
        """The key in lower case, as it is looked up in a request."""
        return self.key.lower()


@dataclass(frozen=True)
class Principals:
    """Whom a Principal or NotPrincipal element names. ``everyone`` is ``*``, also as ``{"AWS": "*"}``."""

    everyone: bool = False
    aws: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    federated: tuple[str, ...] = ()
    canonical_user: tuple[str, ...] = ()

    @lazy
    def aws_set(self) -> frozenset[str]:
        """The AWS entries, for look-ups."""
        return frozenset(self.aws)


@dataclass(frozen=True)
class Statement:
    """One statement. Of each pair (action / not_action …) the one that is not written is None.

    ``resource`` and ``not_resource`` are both None in a trust policy and in some resource policies,
    where the resource is the one that the policy is attached to.
    """

    effect: Effect
    action: tuple[str, ...] | None = None
    not_action: tuple[str, ...] | None = None
    resource: tuple[str, ...] | None = None
    not_resource: tuple[str, ...] | None = None
    principal: Principals | None = None
    not_principal: Principals | None = None
    conditions: tuple[Condition, ...] = ()
    sid: str = ""
    version: Version = "2008-10-17"
    index: int = 0
    place: Place = field(default=Place(), compare=False)
    source: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the fields. What was compiled from them is made again where it is needed."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @lazy
    def variables(self) -> frozenset[str]:
        """The keys, in lower case, that the statement's variables read; none in a 2008 document."""
        if self.version == "2008-10-17":
            return frozenset()
        texts = [*(self.resource or ()), *(self.not_resource or ())]
        texts += [value for condition in self.conditions for value in condition.values]
        names = {found.split(",")[0].strip().lower() for text in texts for found in VARIABLE.findall(text)}
        return frozenset(names - ESCAPES)

    @property
    def label(self) -> str:
        """How to call the statement in a sentence: its Sid, or its number counted from 1."""
        name = f"statement {self.sid!r}" if self.sid else f"statement {self.index + 1}"
        return f"{name} of the {self.place.document}" if self.place.document else name


@dataclass(frozen=True)
class Policy:
    """A policy document: its statements. ``name`` is what a person calls it (bucket policy of b)."""

    statements: tuple[Statement, ...] = ()
    version: Version = "2008-10-17"
    id: str = ""
    name: str = field(default="", compare=False)

    @lazy
    def checked(self) -> set[str]:
        """The layers that this policy has been found fit for: each is checked once."""
        return set()
