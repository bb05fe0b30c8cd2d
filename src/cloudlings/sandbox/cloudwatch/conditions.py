"""Conditions of filter patterns: on members of JSON, and on fields between spaces.

Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, and
filter log events". ``patterns.parse`` comes here for what begins with a brace or a bracket.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from lark import Lark, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch.patterns import (
    KEY,
    NOTHING,
    Match,
    Pattern,
    finds,
    json_object,
    regex_of,
    select,
    text_of,
    unescaped,
)

MOST_REGEXES = 2
"""Regular expressions in one pattern."""


def parse(stripped: str, whole: str) -> Pattern:
    """Read a pattern that begins with a brace or a bracket; ``whole`` has the white space around it too.

    Raises ExpressionError with what is wrong, and where.
    """
    if stripped.startswith("{"):
        return _parsed(_JSON, stripped, _JsonBuilder(), whole)
    return _parsed(_DELIMITED, stripped, _DelimitedBuilder(), whole)


# --- conditions, in JSON and in fields ----------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.I)
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Value:
    """The right side of a condition: text with wildcards, a number where it is written as one, or a regex."""

    text: str
    number: float | None = None
    regex: Any = None

    def equals(self, found: str) -> bool:
        if self.regex is not None:
            return finds(self.regex, found)
        if self.number is not None and (other := _number(found)) is not None:
            return self.number == other
        return _wild(self.text, found)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _wild(text: str, found: str) -> bool:
    starts, ends = text.startswith("*"), text.endswith("*")
    core = text[1 if starts else 0 : len(text) - 1 if ends and len(text) > 1 else len(text)]
    if text in ("*", "**"):
        return True
    if starts and ends:
        return core in found
    if starts:
        return found.endswith(core)
    return found.startswith(core) if ends else found == core


def _compare(operator: str, value: Value, found: str) -> bool:
    if operator in ("=", "!="):
        return value.equals(found) == (operator == "=")
    number = _number(found)
    assert value.number is not None, "an order is between numbers; the parser sees to it"
    return number is not None and _ORDERS[operator](number, value.number)


_CONDITIONS = r"""
    ?either: both ("||" both)*
    ?both: one ("&&" one)*
    ?one: "(" either ")" | condition
    value: STRING | REGEX | WORD
    OPERATOR: "!=" | "<=" | ">=" | "=" | "<" | ">"
    STRING: /"(\\.|[^"\\])*"/
    REGEX: /%[^%]+%/
    WORD: /[\w.*:\/+-]+/
    %ignore /\s+/
"""


@dataclass(frozen=True)
class _Tree:
    """A condition, or several joined: ``holds`` is given what a name or selector stands for."""

    holds: Callable[[Callable[[str], Any]], bool]
    names: tuple[str, ...]
    regexes: int = 0


@v_args(inline=True)
class _Conditions(Transformer[Any, Any]):
    """What both languages make of their conditions."""

    def value(self, token: Any) -> Value:
        text = str(token)
        if token.type == "STRING":
            return Value(unescaped(text[1:-1]))
        if token.type == "REGEX":
            return Value(text, regex=regex_of(text[1:-1]))
        return Value(text, number=_number(text))

    def either(self, *trees: _Tree) -> _Tree:
        return _joined(any, trees)

    def both(self, *trees: _Tree) -> _Tree:
        return _joined(all, trees)

    def comparison(self, name: Any, operator: Any, value: Value) -> _Tree:
        sign = str(operator)
        if sign not in ("=", "!=") and value.number is None:
            raise ExpressionError(
                f"Invalid filter pattern: {name} {sign} needs a number, and '{value.text}' is none",
                position=int(name.start_pos or 0),
            )
        return _Tree(
            lambda look: _holds(sign, value, look(str(name))), (str(name),), int(value.regex is not None)
        )


def _holds(operator: str, value: Value, found: Any) -> bool:
    """A condition holds for strings and numbers only: never where there is nothing, a list, an object."""
    if found is NOTHING or not isinstance(found, str | int | float) or isinstance(found, bool):
        return False
    return _compare(operator, value, text_of(found))


def _joined(how: Callable[..., bool], trees: tuple[_Tree, ...]) -> _Tree:
    names = tuple(dict.fromkeys(name for tree in trees for name in tree.names))
    return _Tree(lambda look: how(t.holds(look) for t in trees), names, sum(tree.regexes for tree in trees))


def _parsed(parser: Callable[[], Lark], text: str, builder: _Conditions, whole: str) -> Pattern:
    try:
        pattern: Pattern = builder.transform(parser().parse(text))
    except VisitError as error:
        if isinstance(error.orig_exc, ExpressionError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _misread(error, text, whole) from None
    if pattern.regexes > MOST_REGEXES:  # type: ignore[attr-defined]
        raise ExpressionError(
            f"Invalid filter pattern: at most {MOST_REGEXES} regular expressions in one pattern"
        )
    return pattern


def _misread(error: UnexpectedInput, text: str, whole: str) -> ExpressionError:
    offset = len(whole) - len(whole.lstrip())
    at = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return ExpressionError(
            f"Invalid filter pattern: it ends too early: {text[-40:]}", position=len(whole)
        )
    what = text[at] if isinstance(error, UnexpectedCharacters) else str(getattr(error, "token", ""))
    message = f"Invalid filter pattern: '{what}' is not expected at position {at + offset}"
    return ExpressionError(message, position=at + offset)


@cache
def _JSON() -> Lark:  # noqa: N802
    return Lark(
        rf"""
        start: "{{" either "}}"
        condition: SELECTOR OPERATOR value -> comparison
                 | SELECTOR "NOT"i "EXISTS"i -> absent
                 | SELECTOR "IS"i CONSTANT -> is_one
        CONSTANT: /NULL|TRUE|FALSE/i
        SELECTOR: /\${KEY.replace("/", "[/]")}+/
        {_CONDITIONS}
        """,
        parser="lalr",
    )


@dataclass(frozen=True)
class Json(Pattern):
    """Conditions on the members of a message that is a JSON object."""

    tree: _Tree

    @property
    def regexes(self) -> int:
        return self.tree.regexes

    def match(self, message: str) -> Match | None:
        document = json_object(message)
        if document is None or not self.tree.holds(lambda selector: select(document, selector)):
            return None
        found = {name: select(document, name) for name in self.tree.names}
        return Match(
            {name: text_of(each) for name, each in found.items() if each is not NOTHING}, {}, document
        )


@v_args(inline=True)
class _JsonBuilder(_Conditions):
    def start(self, tree: _Tree) -> Json:
        return Json(tree)

    def absent(self, selector: Any, *_: Any) -> _Tree:
        return _Tree(lambda look: look(str(selector)) is NOTHING, (str(selector),))

    def is_one(self, selector: Any, word: Any) -> _Tree:
        wanted = {"NULL": None, "TRUE": True, "FALSE": False}[str(word).upper()]
        return _Tree(lambda look: look(str(selector)) is wanted, (str(selector),))


# --- space-delimited --------------------------------------------------------------------------------------

_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')


@cache
def _DELIMITED() -> Lark:  # noqa: N802
    return Lark(
        rf"""
        start: "[" field ("," field)* "]"
        field: "..." -> dots
             | NAME -> named
             | either -> conditional
             | -> blank
        condition: NAME OPERATOR value -> comparison
        NAME: /[A-Za-z_][\w-]*/
        {_CONDITIONS}
        """,
        parser="lalr",
    )


@dataclass(frozen=True)
class Field:
    """One field of a space-delimited pattern: its name ("" for none), and its conditions."""

    name: str = ""
    tree: _Tree | None = None
    dots: bool = False

    def fits(self, found: str) -> bool:
        return self.tree is None or self.tree.holds(lambda _: found)


@dataclass(frozen=True)
class Delimited(Pattern):
    """Fields in their order; ``before`` and ``after`` an ellipsis, or all ``before`` and no ellipsis."""

    before: tuple[Field, ...]
    after: tuple[Field, ...]
    open: bool

    @property
    def regexes(self) -> int:
        return sum(each.tree.regexes for each in (*self.before, *self.after) if each.tree is not None)

    def references(self, name: str) -> bool:
        names = {each.name for each in (*self.before, *self.after)}
        return name.startswith("$") and (name[1:].isdecimal() or name[1:] in names)

    def match(self, message: str) -> Match | None:
        found = [
            next(part for part in each.groups() if part is not None) for each in _FIELD.finditer(message)
        ]
        least = len(self.before) + len(self.after)
        if len(found) < least or (len(found) > least and not self.open):
            return None
        fields = [*self.before, *(Field() for _ in range(len(found) - least)), *self.after]
        if not all(each.fits(text) for each, text in zip(fields, found, strict=True)):
            return None
        values = {
            f"${each.name or number}": text
            for number, (each, text) in enumerate(zip(fields, found, strict=True), 1)
        }
        return Match(values, values | {f"${number}": text for number, text in enumerate(found, 1)})


@v_args(inline=True)
class _DelimitedBuilder(_Conditions):
    def start(self, *fields: Field) -> Delimited:
        dots = [number for number, each in enumerate(fields) if each.dots]
        if len(dots) > 1:
            raise ExpressionError("Invalid filter pattern: '...' stands once in a pattern")
        if not dots:
            return Delimited(fields, (), open=False)
        return Delimited(fields[: dots[0]], fields[dots[0] + 1 :], open=True)

    def dots(self) -> Field:
        return Field(dots=True)

    def named(self, name: Any) -> Field:
        return Field(str(name))

    def blank(self) -> Field:
        return Field()

    def conditional(self, tree: _Tree) -> Field:
        if len(tree.names) > 1:
            raise ExpressionError(f"Invalid filter pattern: one field has the names {', '.join(tree.names)}")
        return Field(tree.names[0], tree)
