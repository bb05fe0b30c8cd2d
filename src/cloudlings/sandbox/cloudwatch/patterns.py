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
from functools import lru_cache
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import expressions

LONGEST = 1024
"""Characters of a pattern."""


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
            found = select(self.document, reference)
            return None if found is NOTHING or isinstance(found, dict | list) else text_of(found)
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
    if stripped[:1] in ("{", "["):
        # Here, for the parser takes long to load, and most patterns are words.
        from cloudlings.sandbox.cloudwatch import conditions

        return conditions.parse(stripped, text)
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
        compiled = regex_of(found["regex"])
        return lambda message: finds(compiled, message)
    word = found["word"] if found["word"] is not None else unescaped(found["quoted"])
    return lambda message: word in message


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


_REGEX_CHARACTERS = re.compile(r"(?:\\.|[A-Za-z0-9_#=@/;:,\-^$?\[\]{}|*+.])*")


def regex_of(text: str) -> Any:
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


def finds(regex: Any, message: str) -> bool:
    """Whether a regular expression is in a message; one that takes too long is not."""
    try:
        return expressions.search(regex, message) is not None
    except ExpressionError:
        return False


# --- JSON -------------------------------------------------------------------------------------------------

KEY = r"""(?:\.[\w-]+|\.?\['[^']*'\]|\.?\["[^"]*"\]|\[\d+\])"""
_SELECTOR = re.compile(rf"\${KEY}+")
_STEP = re.compile(
    r"""\.?\['(?P<single>[^']*)'\]|\.?\["(?P<double>[^"]*)"\]|\[(?P<index>\d+)\]|\.(?P<name>[\w-]+)"""
)
NOTHING: Any = object()
"""What a selector finds where there is nothing."""


def json_object(message: str) -> dict[str, Any] | None:
    """A message as a JSON object; None when it is none."""
    if not message.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def select(document: Any, selector: str) -> Any:
    found = document
    for step in _STEP.finditer(selector, 1):
        if step["index"] is not None:
            place = int(step["index"])
            if not isinstance(found, list) or place >= len(found):
                return NOTHING
            found = found[place]
            continue
        key = next(key for key in (step["name"], step["single"], step["double"]) if key is not None)
        if not isinstance(found, dict) or key not in found:
            return NOTHING
        found = found[key]
    return found


def text_of(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)
