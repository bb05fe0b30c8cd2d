"""How checks read a statement: its texts and its conditions, each with its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cloudlings.iam.operators import OPERATORS
from cloudlings.sandbox.own.analyzer.checks import Finding
from cloudlings.sandbox.own.json_places import Path

Found = Iterator[Finding]
_QUALIFIED: Final = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?")


@dataclass(frozen=True)
class Line:
    """One line of a condition: its qualifier, bare operator and key, its values with their paths.

    ``operator`` is "" where ``name``, as it is written, is none.
    """

    name: str
    qualifier: str
    operator: str
    if_exists: bool
    key: str
    values: tuple[tuple[str, Path], ...]
    path: Path

    @property
    def test(self) -> str:
        """What the operator compares: ``string``, ``date`` …"""
        return OPERATORS[self.operator].test


def texts(statement: Mapping[str, Any], element: str, where: Path) -> list[tuple[str, Path]]:
    """The texts of an element, each with its path."""
    value = statement.get(element)
    if isinstance(value, str):
        return [(value, (*where, element))]
    several = value if isinstance(value, list) else []
    return [(one, (*where, element, n)) for n, one in enumerate(several) if isinstance(one, str)]


def lines(statement: Mapping[str, Any], where: Path) -> Iterator[Line]:
    """The lines of the statement's condition."""
    block = statement.get("Condition")
    for name, keys in block.items() if isinstance(block, dict) else ():
        found = _QUALIFIED.fullmatch(name)
        qualifier, operator, suffix = found.groups() if found else ("", "", "")
        known = operator if operator in OPERATORS else ""
        path = (*where, "Condition", name)
        for key in keys if isinstance(keys, dict) else ():
            values = tuple(texts(keys, key, path))
            yield Line(name, qualifier or "", known, bool(suffix), key, values, (*path, key))


def principals(statement: Mapping[str, Any], kind: str, where: Path) -> list[tuple[str, Path]]:
    """The principals of a kind (``Service``) that the statement names, each with its path."""
    named = statement.get("Principal")
    return texts(named, kind, (*where, "Principal")) if isinstance(named, dict) else []
