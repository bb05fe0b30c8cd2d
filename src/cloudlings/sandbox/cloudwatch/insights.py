"""Logs Insights: a query carried out over log events.

``run`` takes a query that ``insights_language.parse`` has read. Source: CloudWatch Logs User Guide,
"CloudWatch Logs Insights language query syntax"; CloudWatch Logs API reference, GetQueryResults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import expressions
from cloudlings.sandbox.cloudwatch.discovered import Record, fields_of
from cloudlings.sandbox.cloudwatch.insights_functions import Function, number, text
from cloudlings.sandbox.cloudwatch.insights_language import holds, parse
from cloudlings.sandbox.cloudwatch.insights_model import MOST_ROWS, Command, Expression, Item, Query

__all__ = ["Outcome", "Record", "parse", "run"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """A query's rows, each its fields in their order with their texts, and how much was looked at."""

    rows: tuple[tuple[tuple[str, str], ...], ...]
    matched: int
    scanned: int
    bytes: int


@dataclass
class _State:
    """The rows as the commands leave them. ``shown`` are the columns: none as long as none are chosen."""

    rows: list[Row]
    shown: list[str] = field(default_factory=list)
    displayed: list[str] = field(default_factory=list)
    grouped: bool = False
    sorted: bool = False
    matched: int = 0


def run(query: Query, records: Iterable[Record], limit: int = MOST_ROWS) -> Outcome:
    """Carry a query out. Raises ExpressionError for what shows only then: an aggregate outside of stats."""
    every = list(records)
    # The newest first, unless the query says otherwise.
    newest = sorted(every, key=lambda record: record.timestamp, reverse=True)
    state = _State([fields_of(record) for record in newest], matched=len(every))
    for command in query.commands:
        _COMMANDS[command.kind](state, command)
    size = sum(len(record.message.encode()) for record in every)
    return Outcome(tuple(_row(row, state) for row in state.rows[:limit]), state.matched, len(every), size)


def _row(row: Row, state: _State) -> tuple[tuple[str, str], ...]:
    columns = state.displayed or state.shown or ([] if state.grouped else ["@timestamp", "@message"])
    # What is grouped is no event any more, and has no pointer to one.
    names = columns if state.grouped else [*(name for name in columns if name != "@ptr"), "@ptr"]
    return tuple((name, text(row[name])) for name in names if row.get(name) is not None)


# --- scopes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _OfRow:
    row: Mapping[str, Any]

    def field(self, name: str) -> Any:
        return self.row.get(name)

    def has(self, name: str) -> bool:
        return name in self.row

    def aggregate(self, _: Function, arguments: Sequence[Expression]) -> Any:
        used = ", ".join(argument.text for argument in arguments)
        raise ExpressionError(f"an aggregate function of {used or '*'} stands in stats only")


@dataclass(frozen=True)
class _OfGroup:
    rows: Sequence[Row]

    def field(self, name: str) -> Any:
        return self.rows[0].get(name) if self.rows else None

    def has(self, _: str) -> bool:
        return False

    def aggregate(self, function: Function, arguments: Sequence[Expression]) -> Any:
        moments = [number(row.get("@timestamp")) or 0.0 for row in self.rows]
        columns = [[argument.of(_OfRow(row)) for row in self.rows] for argument in arguments]
        return function.compute(moments, *(columns or [[True] * len(self.rows)]))


# --- commands ---------------------------------------------------------------------------------------------


def _fields(state: _State, command: Command) -> None:
    _compute(state, command.items)
    state.shown += [item.name for item in command.items if item.name not in state.shown]


def _display(state: _State, command: Command) -> None:
    _compute(state, command.items)
    state.displayed = [item.name for item in command.items]


def _compute(state: _State, items: Sequence[Item]) -> None:
    """New columns; a field that is shown as it is needs none."""
    for item in items:
        for row in state.rows:
            if item.name not in row:
                row[item.name] = item.expression.of(_OfRow(row))


def _filter(state: _State, command: Command) -> None:
    assert command.condition is not None, "the parser sees to it"
    condition = command.condition
    state.rows = [row for row in state.rows if holds(condition.of(_OfRow(row)))]
    if not state.grouped:
        state.matched = len(state.rows)


def _parse(state: _State, command: Command) -> None:
    source = command.items[0].expression
    for row in state.rows:
        value = source.of(_OfRow(row))
        found = expressions.search(command.regex, text(value)) if value is not None else None
        if found is not None:
            row.update({name: each for name, each in _groups(found, command.names) if each is not None})


def _groups(found: Any, names: Sequence[str]) -> Iterable[tuple[str, str | None]]:
    named = found.groupdict()
    return named.items() if named else zip(names, found.groups(), strict=True)


def _stats(state: _State, command: Command) -> None:
    groups: dict[tuple[str | None, ...], list[Row]] = {}
    keys: dict[tuple[str | None, ...], Row] = {}
    for row in state.rows:
        values = {item.name: item.expression.of(_OfRow(row)) for item in command.by}
        key = tuple(None if value is None else text(value) for value in values.values())
        groups.setdefault(key, []).append(row)
        keys.setdefault(key, values)
    if not command.by:
        groups, keys = {(): state.rows}, {(): {}}
    state.rows = [
        keys[key] | {item.name: item.expression.of(_OfGroup(rows)) for item in command.items}
        for key, rows in groups.items()
    ]
    state.grouped, state.displayed = True, []
    state.shown = [item.name for item in (*command.by, *command.items)]


def _sort(state: _State, command: Command) -> None:
    # From the last key to the first: sorting keeps the order of what is equal.
    for item, descending in reversed(list(zip(command.items, command.descending, strict=True))):
        there = [(_order(item.expression.of(_OfRow(row))), row) for row in state.rows]
        there.sort(key=lambda pair: pair[0], reverse=descending)
        state.rows = [row for _, row in there]
    state.sorted = True


_CHUNK = re.compile(r"\d+|[A-Za-z]+|[^\dA-Za-z]+")


def _order(value: Any) -> tuple[int, float, tuple[tuple[str, int, int], ...]]:
    """A natural order: texts before numbers; in texts, numbers by their length and then their value.

    Source: CloudWatch Logs User Guide, "sort". What is not there comes before all.
    """
    if value is None:
        return 0, 0.0, ()
    found = number(value)
    if found is not None:
        return 2, found, ()
    return 1, 0.0, tuple(_chunk_order(chunk) for chunk in _CHUNK.findall(text(value)))


def _chunk_order(chunk: str) -> tuple[str, int, int]:
    return ("0", len(chunk), int(chunk)) if chunk.isdecimal() else (chunk, 0, 0)


def _limit(state: _State, command: Command) -> None:
    state.rows = state.rows[: command.count]


def _dedup(state: _State, command: Command) -> None:
    seen: set[tuple[str, ...]] = set()
    kept = []
    for row in state.rows:
        values = [row.get(name) for name in command.names]
        key = tuple(text(value) for value in values if value is not None)
        # What lacks one of the fields is no duplicate.
        if len(key) < len(values) or key not in seen:
            kept.append(row)
            seen.add(key)
    state.rows = kept


_COMMANDS = {
    "fields": _fields,
    "display": _display,
    "filter": _filter,
    "parse": _parse,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
    "dedup": _dedup,
}
