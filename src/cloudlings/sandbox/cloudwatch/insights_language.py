"""The query language of Logs Insights: a query's text read into its commands.

Source: CloudWatch Logs User Guide, "CloudWatch Logs Insights language query syntax" and its commands.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import expressions
from cloudlings.sandbox.cloudwatch.insights_functions import AGGREGATES, FUNCTIONS, Duration, number, text
from cloudlings.sandbox.cloudwatch.insights_model import MOST_ROWS, Command, Expression, Item, Query, Scope

COMMANDS = ("fields", "filter", "stats", "sort", "limit", "parse", "display", "dedup")
NOT_HERE = (
    "pattern",
    "diff",
    "unnest",
    "unmask",
    "anomaly",
    "filterindex",
    "source",
    "join",
    "lookup",
    "subqueries",
)

_UNITS = {
    "ms": 1, "msec": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "hr": 3_600_000,
    "d": 86_400_000, "day": 86_400_000, "w": 604_800_000,
}  # fmt: skip


@cache
def _grammar() -> Lark:
    return Lark(
        r"""
        start: command ("|" command)*
        ?command: "fields"i item ("," item)* -> fields
                | "display"i item ("," item)* -> display
                | "filter"i either -> filter
                | "stats"i item ("," item)* [by] -> stats
                | "sort"i key ("," key)* -> sort
                | "limit"i NUMBER -> limit
                | "dedup"i name ("," name)* -> dedup
                | "parse"i [source] STRING "as"i ID ("," ID)* -> glob
                | "parse"i [source] REGEX -> regex
        source: ID | QUOTED
        by: "by"i item ("," item)*
        item: either ["as"i ID]
        key: either [ORDER]
        ?either: both ("or"i both)*
        ?both: negated ("and"i negated)*
        ?negated: "not"i negated -> negation | compared
        ?compared: sum
                 | sum SIGN sum -> comparison
                 | sum ("like"i | _MATCHES) (STRING | REGEX) -> like
                 | sum "not"i "like"i (STRING | REGEX) -> unlike
                 | sum "in"i "[" [sum ("," sum)*] "]" -> among
                 | sum "not"i "in"i "[" [sum ("," sum)*] "]" -> not_among
        ?sum: product (PLUS product)*
        ?product: signed (TIMES signed)*
        ?signed: "-" signed -> minus | power
        ?power: atom | atom "^" signed -> raised
        ?atom: DURATION -> duration
             | NUMBER -> constant
             | STRING -> string
             | name
             | ID "(" "*" ")" -> call
             | ID "(" [either ("," either)*] ")" -> call
             | "(" either ")"
        name: ID | QUOTED
        _MATCHES.3: "=~"
        ORDER.2: /(asc|desc)\b/i
        SIGN: "!=" | "<=" | ">=" | "=" | "<" | ">"
        PLUS: "+" | "-"
        TIMES: "*" | "/" | "%"
        NUMBER: /\d+(\.\d+)?([eE][+-]?\d+)?/
        DURATION.3: /\d+(\.\d+)?(msec|ms|sec|min|hr|day|s|m|h|d|w)s?\b/
        STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
        REGEX: /\/(\\.|[^\/\n\\])+\/i?/
        QUOTED: /`[^`]+`/
        ID: /[@A-Za-z_$][\w@$]*(\.[\w@$]+)*/
        %ignore /\s+/
        """,
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
    )


@lru_cache(maxsize=256)
def parse(query: str) -> Query:
    """Read a query. Raises ExpressionError with the place of what is wrong."""
    plain = _without_comments(query)
    if not plain.strip():
        raise ExpressionError("unexpected end of the query: it is empty", position=0)
    _check_commands(plain)
    try:
        tree = _grammar().parse(plain)
    except UnexpectedInput as error:
        raise _misread(error, plain) from None
    commands = tuple(_Reader(plain).command(child) for child in tree.children if isinstance(child, Tree))
    _check_aggregates(commands)
    _check_order(commands)
    return Query(commands)


def _check_order(commands: Sequence[Command]) -> None:
    """After dedup comes limit, and nothing else. Source: CloudWatch Logs User Guide, "dedup"."""
    kinds = [command.kind for command in commands]
    after = kinds[kinds.index("dedup") + 1 :] if "dedup" in kinds else []
    late = next((kind for kind in after if kind != "limit"), None)
    if late is not None:
        raise ExpressionError(f"the command {late} cannot come after dedup: only limit can")


def _check_aggregates(commands: Sequence[Command]) -> None:
    """An aggregate stands in stats; after it, its text names a column."""
    columns: set[str] = set()
    for command in commands:
        if command.kind == "stats":
            columns |= {item.name for item in (*command.items, *command.by)}
        used = [
            item.expression for item in (*command.by, *(command.items if command.kind != "stats" else ()))
        ]
        used += [command.condition] if command.condition else []
        for one in used:
            if one.aggregates and one.text not in columns:
                message = f"the aggregate function of {one.text} stands in stats only"
                raise ExpressionError(message, position=one.start)


def _without_comments(query: str) -> str:
    """Lines that begin with # count for nothing; places stay as they are."""
    lines = query.split("\n")
    return "\n".join(" " * len(line) if line.lstrip().startswith("#") else line for line in lines)


def _check_commands(plain: str) -> None:
    """Name a command that is none, or none of this sandbox's, rather than what comes after it."""
    for at, word in _first_words(plain):
        if word.lower() in NOT_HERE:
            raise ExpressionError(f"the command {word} is not available in this sandbox", position=at)
        if word.lower() not in COMMANDS:
            raise _unexpected(plain, at, word)


def _first_words(plain: str) -> Iterator[tuple[int, str]]:
    """The first word of each command, and its place."""
    tokens = expressions.compiled(r"""(?s)"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\||[^\s|"'`(]+|\(""")
    begins = True
    for found in tokens.finditer(plain):
        word = found[0]
        if begins and word != "|":
            yield found.start(), word
        begins = word == "|" and not _in_regex(plain, found.start())


def _in_regex(plain: str, at: int) -> bool:
    """Whether a bar is within slashes: some regular expression's."""
    line = plain[plain.rfind("\n", 0, at) + 1 : at]
    bare = expressions.compiled(r"""\\.|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""").sub("", line)
    opened = expressions.compiled(r"(?i)(?:like|=~|parse(?:\s+[@\w.]+)?)\s*/").split(bare)
    return len(opened) > 1 and "/" not in opened[-1]


def _unexpected(plain: str, at: int, what: str) -> ExpressionError:
    line = plain.count("\n", 0, at) + 1
    place = at - (plain.rfind("\n", 0, at) + 1) + 1
    return ExpressionError(f"unexpected symbol found {what} at line {line} and position {place}", position=at)


def _misread(error: UnexpectedInput, plain: str) -> ExpressionError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return ExpressionError("unexpected end of the query", position=len(plain))
    at = error.pos_in_stream or 0
    word = str(error.token) if isinstance(error, UnexpectedToken) else plain[at : at + 1]
    return _unexpected(plain, at, word)


# --- reading ----------------------------------------------------------------------------------------------


def _sign(sign: str) -> Callable[[Any, Any], Any]:
    compare = {
        "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
        ">=": operator.ge,
    }[sign]  # fmt: skip

    def run(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return sign == "!=" and (left is None) != (right is None)
        a, b = number(left), number(right)
        if a is not None and b is not None:
            return bool(compare(a, b))
        return bool(compare(text(left), text(right)))

    return run


def _arithmetic(sign: str) -> Callable[[Any, Any], float | None]:
    compute: Callable[[float, float], float] = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod,
        "^": operator.pow,
    }[sign]  # fmt: skip

    def run(left: Any, right: Any) -> float | None:
        a, b = number(left), number(right)
        if a is None or b is None:
            return None
        try:
            found = compute(a, b)
        except (ZeroDivisionError, OverflowError):
            return None
        return found if isinstance(found, float) else None

    return run


def holds(value: Any) -> bool:
    """Whether a condition's value is true: a number that is not 0."""
    found = number(value)
    return found is not None and found != 0


class _Reader:
    """Makes commands of a tree."""

    def __init__(self, plain: str) -> None:
        self._plain = plain

    def command(self, tree: Tree[Token]) -> Command:
        made: Command = getattr(self, f"_{tree.data}")(tree.children)
        return made

    def _fields(self, children: list[Any]) -> Command:
        return Command("fields", tuple(map(self._item, children)))

    def _display(self, children: list[Any]) -> Command:
        return Command("display", tuple(map(self._item, children)))

    def _filter(self, children: list[Any]) -> Command:
        return Command("filter", condition=self.expression(children[0]))

    def _stats(self, children: list[Any]) -> Command:
        *values, grouping = children
        items = tuple(map(self._item, values))
        by = tuple(map(self._item, grouping.children)) if grouping is not None else ()
        for item in items:
            if not item.expression.aggregates:
                message = f"stats needs an aggregate function, and {item.expression.text} is none"
                raise ExpressionError(message, position=item.expression.start)
        return Command("stats", items, by)

    def _sort(self, children: list[Any]) -> Command:
        keys = [child.children for child in children]
        items = tuple(Item(self.expression(key[0]), "") for key in keys)
        return Command("sort", items, descending=tuple(str(key[1] or "").lower() == "desc" for key in keys))

    def _limit(self, children: list[Any]) -> Command:
        count = float(children[0])
        if not count.is_integer() or not 1 <= count <= MOST_ROWS:
            raise ExpressionError(f"limit is a number from 1 to {MOST_ROWS}", position=children[0].start_pos)
        return Command("limit", count=int(count))

    def _dedup(self, children: list[Any]) -> Command:
        return Command("dedup", names=tuple(_name(child.children[0]) for child in children))

    def _glob(self, children: list[Any]) -> Command:
        source, pattern, *names = children
        parts = _string(pattern).split("*")
        if len(parts) - 1 != len(names):
            message = f"parse has {len(parts) - 1} wildcards and {len(names)} names"
            raise ExpressionError(message, position=pattern.start_pos)
        # The last wildcard takes all that is left; the others as little as they can.
        ends = ["(.*?)"] * (len(names) - 1) + ["(.*)" if not parts[-1] else "(.*?)"]
        whole = "".join(
            re.escape(part) + end for part, end in zip(parts, [*ends[: len(names)], ""], strict=True)
        )
        return self._parse(source, expressions.compiled(f"(?s){whole}"), tuple(map(str, names)))

    def _regex(self, children: list[Any]) -> Command:
        source, pattern = children
        found = _compiled(pattern)
        if not found.groupindex:
            raise ExpressionError("parse needs a named group: (?<name>…)", position=pattern.start_pos)
        return self._parse(source, found, tuple(found.groupindex))

    def _parse(self, source: Any, found: Any, names: tuple[str, ...]) -> Command:
        name = _name(source.children[0]) if source is not None else "@message"
        read = Expression(name, _field(name))
        return Command("parse", (Item(read, ""),), regex=found, names=names)

    def _item(self, tree: Tree[Token]) -> Item:
        expression = self.expression(tree.children[0])
        alias = tree.children[1]
        return Item(expression, str(alias) if alias is not None else expression.text.strip("`"))

    # --- expressions

    def expression(self, tree: Any) -> Expression:
        """An expression of a query. Raises ExpressionError for a function that is none."""
        words = self._plain[tree.meta.start_pos : tree.meta.end_pos]
        compute, aggregates = self._compute(tree)
        return Expression(words, compute, aggregates, tree.meta.start_pos)

    def _compute(self, tree: Any) -> tuple[Callable[[Scope], Any], bool]:
        kind, children = tree.data, tree.children
        if kind == "call":
            return self._call(tree)
        made = _LEAVES.get(kind)
        if made is not None:
            return made(children), False
        parts = [self.expression(child) for child in children if isinstance(child, Tree)]
        compute = _BRANCHES[kind](children, parts)
        return compute, any(part.aggregates for part in parts)

    def _call(self, tree: Any) -> tuple[Callable[[Scope], Any], bool]:
        name, *given = tree.children
        arguments = [self.expression(each) for each in given if each is not None]
        key = str(name).lower()
        if key == "bin":
            arguments = [Expression("@timestamp", _field("@timestamp")), *arguments]
            key = "datefloor"
        found = AGGREGATES.get(key) or FUNCTIONS.get(key)
        if found is None:
            raise ExpressionError(f"there is no function {name}", position=name.start_pos)
        if not found.least <= len(arguments) <= found.most:
            message = f"the function {name} does not take {len(arguments)} arguments"
            raise ExpressionError(message, position=name.start_pos)
        if key in AGGREGATES:
            return lambda scope: scope.aggregate(found, arguments), True
        inner = any(argument.aggregates for argument in arguments)
        return lambda scope: found.compute(*(argument.of(scope) for argument in arguments)), inner


def _field(name: str) -> Callable[[Scope], Any]:
    # Bare words for what JSON calls true and false, unless there is such a field.
    constant = {"true": True, "false": False}.get(name.lower())

    def look(scope: Scope) -> Any:
        found = scope.field(name)
        return constant if found is None else found

    return look


def _constant(value: Any) -> Callable[[Scope], Any]:
    return lambda _: value


def _name(token: Token) -> str:
    return str(token).strip("`")


def _string(token: Token) -> str:
    plain: str = expressions.compiled(r"\\(.)").sub(r"\1", str(token)[1:-1])
    return plain


def _compiled(token: Token) -> Any:
    body, _, flags = str(token)[1:].rpartition("/")
    try:
        return expressions.compiled(body.replace("\\/", "/"), flags)
    except ExpressionError as error:
        raise ExpressionError(error.message, position=(token.start_pos or 0) + error.position + 1) from None


def _duration(token: Token) -> Duration:
    found = expressions.compiled(r"([\d.]+)([a-z]+?)s?").fullmatch(str(token))
    unit = found[2] if found[2] in _UNITS else found[2] + "s"
    return Duration(float(found[1]) * _UNITS[unit])


_LEAVES: Mapping[str, Callable[[list[Any]], Callable[[Scope], Any]]] = {
    "constant": lambda children: _constant(float(children[0])),
    "string": lambda children: _constant(_string(children[0])),
    "duration": lambda children: _constant(_duration(children[0])),
    "name": lambda children: _field(_name(children[0])),
}

Branch = Callable[[list[Any], list[Expression]], Callable[[Scope], Any]]


def _signs(children: list[Any]) -> list[str]:
    return [str(child) for child in children if isinstance(child, Token)]


def _chain(children: list[Any], parts: list[Expression]) -> Callable[[Scope], Any]:
    operations = [_arithmetic(sign) for sign in _signs(children)]

    def run(scope: Scope) -> Any:
        found = parts[0].of(scope)
        for operation, part in zip(operations, parts[1:], strict=True):
            found = operation(found, part.of(scope))
        return found

    return run


def _comparison(children: list[Any], parts: list[Expression]) -> Callable[[Scope], Any]:
    compare = _sign(_signs(children)[0])
    return lambda scope: compare(parts[0].of(scope), parts[1].of(scope))


def _like(wanted: bool) -> Branch:
    def read(children: list[Any], parts: list[Expression]) -> Callable[[Scope], Any]:
        token = children[1]
        if token.type == "STRING":
            part = _string(token)
            return lambda scope: (
                (part in text(found)) is wanted if (found := parts[0].of(scope)) is not None else not wanted
            )
        pattern = _compiled(token)

        def run(scope: Scope) -> bool:
            found = parts[0].of(scope)
            return found is not None and (expressions.search(pattern, text(found)) is not None) is wanted

        return run

    return read


def _among(wanted: bool) -> Branch:
    equal = _sign("=")

    def read(_: list[Any], parts: list[Expression]) -> Callable[[Scope], Any]:
        def run(scope: Scope) -> bool:
            found = parts[0].of(scope)
            return any(equal(found, part.of(scope)) for part in parts[1:]) is wanted

        return run

    return read


_BRANCHES: Mapping[str, Branch] = {
    "sum": _chain,
    "product": _chain,
    "raised": lambda _, parts: _chain([Token("POWER", "^")], parts),
    "minus": lambda _, parts: lambda scope: _arithmetic("-")(0.0, parts[0].of(scope)),
    "comparison": _comparison,
    "either": lambda _, parts: lambda scope: any(holds(part.of(scope)) for part in parts),
    "both": lambda _, parts: lambda scope: all(holds(part.of(scope)) for part in parts),
    "negation": lambda _, parts: lambda scope: not holds(parts[0].of(scope)),
    "like": _like(True),
    "unlike": _like(False),
    "among": _among(True),
    "not_among": _among(False),
}
