"""What a query of Logs Insights is, once it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cloudlings.sandbox.cloudwatch.insights_functions import Function

MOST_ROWS = 10_000
"""Rows of an answer."""


class Scope(Protocol):
    """Where an expression is evaluated: over one row, or over the rows of a group."""

    def field(self, name: str) -> Any:
        """A field's value; None where it is not there."""

    def has(self, name: str) -> bool:
        """Whether there is a column of this very name."""

    def aggregate(self, function: Function, arguments: Sequence[Expression]) -> Any:
        """An aggregate over the rows. Raises ExpressionError where there is no group."""


@dataclass(frozen=True)
class Expression:
    """A part of a query: its text and place, and its value in a scope."""

    text: str
    compute: Callable[[Scope], Any]
    aggregates: bool = False
    start: int = -1

    def of(self, scope: Scope) -> Any:
        """Its value; a column that has its text for a name is its value already."""
        return scope.field(self.text) if scope.has(self.text) else self.compute(scope)


@dataclass(frozen=True)
class Item:
    """An expression with its name."""

    expression: Expression
    name: str


@dataclass(frozen=True)
class Command:
    """One command of a query. Which of the others it has hangs on ``kind``."""

    kind: str
    items: tuple[Item, ...] = ()
    by: tuple[Item, ...] = ()
    descending: tuple[bool, ...] = ()
    condition: Expression | None = None
    count: int = 0
    regex: Any = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Query:
    """A query, read."""

    commands: tuple[Command, ...]
