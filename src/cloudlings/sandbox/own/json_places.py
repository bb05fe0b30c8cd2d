"""Where each value of a JSON text stands: offsets by path, for answers that point into a document."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]

Path = tuple[str | int, ...]
_SPACE = " \t\n\r"
_DEEPEST = 200


@dataclass(frozen=True)
class Span:
    """A value's place: the offset of its first character, and of the one behind its last."""

    start: int
    end: int


def spans(text: str) -> dict[Path, Span]:
    """Every value of a JSON text by its path: ``("Statement", 0, "Action")``; () is the whole.

    What stands before the first error is told; the rest of a text that is no JSON is left out.
    """
    found: dict[Path, Span] = {}
    with suppress(JSONDecodeError, IndexError):
        _value(text, _skip(text, 0), (), found)
    return found


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The line of an offset, counted from 1, and its column in the line, counted from 0."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _value(text: str, at: int, path: Path, found: dict[Path, Span]) -> int:
    """Note the value that begins at an offset, and all in it; gives the offset behind it."""
    start, opening = at, text[at]
    if len(path) > _DEEPEST:
        raise JSONDecodeError("nested too deeply", text, at)
    if opening in "{[":
        at = _inside(text, _skip(text, at + 1), path, found, "}" if opening == "{" else "]")
    elif opening == '"':
        _, at = scanstring(text, at + 1, True)
    else:
        while at < len(text) and text[at] not in ",]}" + _SPACE:
            at += 1
    found[path] = Span(start, at)
    return at


def _inside(text: str, at: int, path: Path, found: dict[Path, Span], closing: str) -> int:
    """The members of an object or a list, from the first on; gives the offset behind the bracket."""
    number = 0
    while text[at] != closing:
        key: str | int = number
        if closing == "}":
            if text[at] != '"':
                raise JSONDecodeError("a name is missing", text, at)
            key, at = scanstring(text, at + 1, True)
            at = _skip(text, _skip(text, at) + 1)
        at = _skip(text, _value(text, at, (*path, key), found))
        if text[at] == ",":
            at = _skip(text, at + 1)
        elif text[at] != closing:
            raise JSONDecodeError("a comma is missing", text, at)
        number += 1
    return at + 1
