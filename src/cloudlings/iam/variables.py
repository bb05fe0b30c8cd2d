"""Policy variables: ``${aws:username}``, ``${aws:PrincipalTag/team, 'none'}``, ``${*}``, ``${?}``, ``${$}``.

A template is the text of a Resource or of a condition value, taken apart once. What a variable puts in
is literal: a user named ``*`` matches only that name. A variable without a value and without a default
leaves the template without a value: it equals nothing and is like nothing (AWS, "Policy variables with
no value"). A key with several values cannot be a variable. In a 2008 document there are no variables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cloudlings.iam.globs import Piece
from cloudlings.iam.statements import ESCAPES, VARIABLE, Version

Keys = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable's key in lower case, and its default (None where it has none)."""

    key: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A text with its variables: pieces and variables in order. ``fixed`` when no request changes it."""

    parts: tuple[Piece | Variable, ...]
    fixed: bool

    def pieces(self, keys: Keys) -> tuple[Piece, ...] | None:
        """The pattern for one request; None when a variable has no value."""
        if self.fixed:
            return self.parts  # type: ignore[return-value]  # fixed: no Variable is in it
        found: list[Piece] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                found.append(part)
                continue
            values = keys.get(part.key, ())
            value = values[0] if len(values) == 1 and values[0] else part.default
            if value is None:
                return None
            found.append((value, True))
        return tuple(found)

    def text(self, keys: Keys) -> str | None:
        """The plain text for one request; None when a variable has no value."""
        found = self.pieces(keys)
        return None if found is None else "".join(text for text, _ in found)


@lru_cache(maxsize=8192)
def template(text: str, version: Version) -> Template:
    """Take a text apart."""
    if version == "2008-10-17" or "${" not in text:
        return Template(((text, False),), fixed=True)
    parts: list[Piece | Variable] = []
    position = 0
    for found in VARIABLE.finditer(text):
        if found.start() > position:
            parts.append((text[position : found.start()], False))
        parts.append(_part(found[1]))
        position = found.end()
    if position < len(text):
        parts.append((text[position:], False))
    return Template(tuple(parts), fixed=not any(isinstance(part, Variable) for part in parts))


def _part(inside: str) -> Piece | Variable:
    if inside in ESCAPES:
        return (inside, True)
    key, comma, rest = inside.partition(",")
    rest = rest.strip()
    quoted = comma and len(rest) >= 2 and rest[0] == rest[-1] == "'"
    return Variable(key.strip().lower(), rest[1:-1] if quoted else None)
