"""Match a string against one of IAM's patterns (``*`` any run, ``?`` one character) in linear time.

A pattern splits at its stars into chunks of fixed length; the first must begin the text, the last end
it, and each between is taken at its first place. Nothing is ever tried twice, so ``*a*b*c*…`` costs no
more than its length. Patterns come as pieces, since what a policy variable puts in is taken literally.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

Piece = tuple[str, bool]
"""A part of a pattern: its text, and whether ``*`` and ``?`` in it are only characters."""
Match = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What stands between two stars: plain text, or a regex where a ``?`` is in it. Its length is fixed."""

    text: str
    regex: re.Pattern[str] | None
    length: int

    def at(self, text: str, position: int) -> bool:
        if self.regex is None:
            return text.startswith(self.text, position)
        return self.regex.match(text, position) is not None

    def find(self, text: str, start: int, end: int) -> int:
        if self.regex is None:
            return text.find(self.text, start, end)
        found = self.regex.search(text, start, end)
        return found.start() if found else -1


@lru_cache(maxsize=8192)
def glob(pieces: tuple[Piece, ...]) -> Match:
    """The test for a pattern: a function from a text to whether the pattern covers all of it."""
    chunks = _chunks(pieces)
    if len(chunks) == 1:
        only = chunks[0]
        return only.text.__eq__ if only.regex is None else _exactly(only)
    if len(chunks) == 2 and chunks[0].regex is None and chunks[1].length == 0:
        return _begins(chunks[0].text)
    return _starred(chunks[0], tuple(chunks[1:-1]), chunks[-1])


def plain(pattern: str) -> tuple[Piece, ...]:
    """A pattern with no variable in it, as pieces."""
    return ((pattern, False),)


def _begins(text: str) -> Match:
    if not text:
        return lambda _: True
    return lambda value: value.startswith(text)


def _exactly(chunk: _Chunk) -> Match:
    return lambda value: len(value) == chunk.length and chunk.at(value, 0)


def _starred(head: _Chunk, middle: tuple[_Chunk, ...], tail: _Chunk) -> Match:
    least = head.length + tail.length + sum(chunk.length for chunk in middle)

    def match(text: str) -> bool:
        end = len(text) - tail.length
        if len(text) < least or not head.at(text, 0) or not tail.at(text, end):
            return False
        position = head.length
        for chunk in middle:
            position = chunk.find(text, position, end)
            if position < 0:
                return False
            position += chunk.length
        return True

    return match


def _chunks(pieces: Iterable[Piece]) -> list[_Chunk]:
    """Split at every star that is one; a run of stars is one star."""
    chunks: list[list[Piece]] = [[]]
    for text, literal in pieces:
        if literal:
            chunks[-1].append((text, True))
            continue
        first, *others = text.split("*")
        chunks[-1].append((first, False))
        chunks += [[(other, False)] for other in others]
    kept = [chunk for chunk in chunks[1:-1] if any(text for text, _ in chunk)]
    ends = [chunks[0]] if len(chunks) == 1 else [chunks[0], *kept, chunks[-1]]
    return [_chunk(chunk) for chunk in ends]


def _chunk(pieces: Iterable[Piece]) -> _Chunk:
    parts = list(pieces)
    text = "".join(part for part, _ in parts)
    if not any("?" in part and not literal for part, literal in parts):
        return _Chunk(text, None, len(text))
    source = "".join(re.escape(part) if literal else _escape(part) for part, literal in parts)
    return _Chunk(text, re.compile(source, re.DOTALL), len(text))


def _escape(part: str) -> str:
    return ".".join(re.escape(plain_part) for plain_part in part.split("?"))
