"""Filter patterns of CloudWatch Logs: terms, space-delimited fields, JSON, and regular expressions in each.

``parse`` reads a pattern once; ``Pattern.match`` tries it on a message. Source: CloudWatch Logs User Guide,
"Filter pattern syntax for metric filters, subscription filters, and filter log events". Case counts; a
``*`` is a wildcard at the beginning and the end of a value only.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import expressions

MOST_REGEXES = 2
"""Regular expressions in one JSON or space-delimited pattern."""
LONGEST = 1024


@dataclass(frozen=True)
class Match:
    """What a message gave to a pattern that it fits.

    ``values`` are what the pattern names: ``$.selector`` or ``$field`` to text. ``fields`` has every field
    of a space-delimited message, by name and by number; ``document`` is the message as JSON.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    document: Any = None

    def value(self, reference: str) -> str | None:
        """What ``$.selector``, ``$name`` or ``$3`` stands for in the message; None where there is nothing."""
        if reference in self.fields:
            return self.fields[reference]
        if isinstance(self.document, dict) and reference.startswith("$") and _SELECTOR.fullmatch(reference):
            found = _select(self.document, reference)
            return None if found is _NOTHING or isinstance(found, dict | list) else _text(found)
        return None


class Pattern(ABC):
    """A filter pattern, read."""

    @abstractmethod
    def match(self, message: str) -> Match | None:
        """What a message gives to the pattern; None when it does not fit."""

    def references(self, name: str) -> bool:
        """Whether a metric's value or dimension may be written so: ``$.latency``, ``$size``."""
        return name.startswith("$.") or name.startswith("$[")


@lru_cache(maxsize=1024)
def parse(text: str) -> Pattern:
    """Read a pattern. Raises ExpressionError with what is wrong, and where."""
    stripped = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"A filter pattern has at most {LONGEST} characters.", position=LONGEST)
    if stripped.startswith("{"):
        return _parsed(_JSON, stripped, _JsonBuilder(), text)
    if stripped.startswith("["):
        return _parsed(_DELIMITED, stripped, _DelimitedBuilder(), text)
    return _terms(text)


# --- terms ------------------------------------------------------------------------------------------------

_TERM = re.compile(
    r'\s*(?P<sign>-\s*|\?)?(?:"(?P<quoted>(?:\\.|[^"\\])*)"|%(?P<regex>[^%]+)%|(?P<word>\w+))(?=\s|$)'
)


@dataclass(frozen=True)
class Terms(Pattern):
    """Words that a message has, has not, or has one of. ``optional`` counts only where it stands alone."""

    wanted: tuple[Callable[[str], bool], ...] = ()
    refused: tuple[Callable[[str], bool], ...] = ()
    optional: tuple[Callable[[str], bool], ...] = ()

    def match(self, message: str) -> Match | None:
        if self.wanted or self.refused:
            fits = all(term(message) for term in self.wanted) and not any(t(message) for t in self.refused)
        else:
            fits = not self.optional or any(term(message) for term in self.optional)
        return Match() if fits else None

    def references(self, name: str) -> bool:  # noqa: ARG002 - it names nothing
        return False


def _terms(text: str) -> Terms:
    kinds: dict[str, list[Callable[[str], bool]]] = {"": [], "-": [], "?": []}
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TERM.match(text, at)
        if found is None:
            word = text[at:].split()[0]
            raise ExpressionError(
                f"Invalid character(s) in term '{word}'",
                position=at + len(text[at:]) - len(text[at:].lstrip()),
                next_step="Put a term with other characters than letters, digits and _ into quotes.",
            )
        kinds[(found["sign"] or "").strip()].append(_term(found))
        at = found.end()
    return Terms(tuple(kinds[""]), tuple(kinds["-"]), tuple(kinds["?"]))


def _term(found: re.Match[str]) -> Callable[[str], bool]:
    if found["regex"] is not None:
        compiled = _regex(found["regex"])
        return lambda message: _finds(compiled, message)
    word = found["word"] if found["word"] is not None else _unescaped(found["quoted"])
    return lambda message: word in message


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


_REGEX_CHARACTERS = re.compile(r"(?:\\.|[A-Za-z0-9_#=@/;:,\-^$?\[\]{}|*+.])*")


def _regex(text: str) -> Any:
    fitting = _REGEX_CHARACTERS.match(text)
    assert fitting is not None, "it matches the empty text"
    if fitting.end() < len(text):
        raise ExpressionError(
            f"Invalid character(s) in regex '%{text}%': '{text[fitting.end()]}' is not supported",
            position=fitting.end(),
        )
    try:
        return expressions.compiled(text)
    except ExpressionError as error:
        raise ExpressionError(f"Invalid regex '%{text}%': {error.message}", position=error.position) from None


def _finds(regex: Any, message: str) -> bool:
    """Whether a regular expression is in a message; one that takes too long is not."""
    try:
        return expressions.search(regex, message) is not None
    except ExpressionError:
        return False


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
            return _finds(self.regex, found)
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
            return Value(_unescaped(text[1:-1]))
        if token.type == "REGEX":
            return Value(text, regex=_regex(text[1:-1]))
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
    if found is _NOTHING or not isinstance(found, str | int | float) or isinstance(found, bool):
        return False
    return _compare(operator, value, _text(found))


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


# --- JSON -------------------------------------------------------------------------------------------------

_KEY = r"""(?:\.[\w-]+|\.?\['[^']*'\]|\.?\["[^"]*"\]|\[\d+\])"""
_SELECTOR = re.compile(rf"\${_KEY}+")
_STEP = re.compile(
    r"""\.?\['(?P<single>[^']*)'\]|\.?\["(?P<double>[^"]*)"\]|\[(?P<index>\d+)\]|\.(?P<name>[\w-]+)"""
)
_NOTHING: Any = object()


@cache
def _JSON() -> Lark:  # noqa: N802
    return Lark(
        rf"""
        start: "{{" either "}}"
        condition: SELECTOR OPERATOR value -> comparison
                 | SELECTOR "NOT"i "EXISTS"i -> absent
                 | SELECTOR "IS"i CONSTANT -> is_one
        CONSTANT: /NULL|TRUE|FALSE/i
        SELECTOR: /\${_KEY.replace("/", "[/]")}+/
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
        if document is None or not self.tree.holds(lambda selector: _select(document, selector)):
            return None
        found = {name: _select(document, name) for name in self.tree.names}
        return Match(
            {name: _text(each) for name, each in found.items() if each is not _NOTHING}, {}, document
        )


@v_args(inline=True)
class _JsonBuilder(_Conditions):
    def start(self, tree: _Tree) -> Json:
        return Json(tree)

    def absent(self, selector: Any, *_: Any) -> _Tree:
        return _Tree(lambda look: look(str(selector)) is _NOTHING, (str(selector),))

    def is_one(self, selector: Any, word: Any) -> _Tree:
        wanted = {"NULL": None, "TRUE": True, "FALSE": False}[str(word).upper()]
        return _Tree(lambda look: look(str(selector)) is wanted, (str(selector),))


def json_object(message: str) -> dict[str, Any] | None:
    """A message as a JSON object; None when it is none."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _select(document: Any, selector: str) -> Any:
    found = document
    for step in _STEP.finditer(selector, 1):
        if step["index"] is not None:
            place = int(step["index"])
            if not isinstance(found, list) or place >= len(found):
                return _NOTHING
            found = found[place]
            continue
        key = next(key for key in (step["name"], step["single"], step["double"]) if key is not None)
        if not isinstance(found, dict) or key not in found:
            return _NOTHING
        found = found[key]
    return found


def _text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)


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
