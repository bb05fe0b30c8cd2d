"""The markers inside a cell: solution regions, and the starter that takes a region's place.

    ### BEGIN SOLUTION
    ### BEGIN STARTER
    # # YOUR CODE HERE: the statement that refuses plain HTTP
    # policy = {"Version": "2012-10-17", "Statement": [...]}
    ### END STARTER
    policy = ...
    ### END SOLUTION

The lines of the starter block lose one ``# `` and become the learner's code. Without a starter block the
region becomes ``# YOUR CODE HERE`` (with a ``...`` below it where a block must not be empty).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cloudlings.lab._places import Place
from cloudlings.lab.model import Given, Region

PLACEHOLDER = "# YOUR CODE HERE"

_MARKER = re.compile(r"^(?P<indent>[ \t]*)### (?P<edge>BEGIN|END) (?P<what>SOLUTION|STARTER)\s*$")
# What an author meant as a marker and nbgrader or we would not read as one.
_NEARLY = re.compile(r"^\s*#+\s*(begin|end)[ _-]*(sol|start|answer|hidden)\w*\s*$", re.IGNORECASE)


def parts_of(source: str, place: Place) -> tuple[Given | Region, ...]:
    """A cell's text as given parts and regions, in order. ``place`` is the cell's first line.

    Errors: SourceError for a marker that opens, closes or nests wrongly, a misspelt marker, an empty
    region, and a starter line that is not a comment.
    """
    reader = _Reader(place, [], [])
    for offset, text in enumerate(source.split("\n")):
        reader.read(_Line(text, place.at(place.line + offset)))
    return reader.finish()


def has_region(source: str) -> bool:
    """Whether a text holds any solution marker."""
    return any(_MARKER.match(line) for line in source.split("\n"))


def cleared(source: str) -> str:
    """A cell's text with every region replaced by its starter: what nbgrader's release needs.

    Errors: SourceError, as ``parts_of``.
    """
    parts = parts_of(source, Place(Path("cell")))
    return "\n".join(part.starter if isinstance(part, Region) else part.text for part in parts)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    place: Place


@dataclass(slots=True)
class _Reader:
    """Walks the lines of one cell; at most one region is open."""

    place: Place
    parts: list[Given | Region]
    given: list[str]
    begin: _Line | None = None
    block: _Line | None = None
    starter: list[str] | None = None
    solution: list[str] | None = None

    def read(self, line: _Line) -> None:
        marker = _MARKER.match(line.text)
        if marker is None:
            self._text(line)
        else:
            self._marker(marker["edge"], marker["what"], line)

    def _marker(self, edge: str, what: str, line: _Line) -> None:
        if what == "SOLUTION":
            self._begin_solution(line) if edge == "BEGIN" else self._end_solution(line)
        else:
            self._begin_starter(line) if edge == "BEGIN" else self._end_starter(line)

    def finish(self) -> tuple[Given | Region, ...]:
        if self.begin is not None:
            raise self.begin.place.error(
                "### BEGIN SOLUTION has no ### END SOLUTION in its cell.",
                "Add ### END SOLUTION after the last line of the solution.",
            )
        self._flush()
        return tuple(self.parts)

    def _text(self, line: _Line) -> None:
        if _NEARLY.match(line.text):
            raise line.place.error(
                f"{line.text.strip()!r} looks like a marker, and is none.",
                "Write it as ### BEGIN SOLUTION, ### END SOLUTION, ### BEGIN STARTER or ### END STARTER.",
            )
        if self.block is not None:
            self._starter_line(line)
        elif self.solution is not None:
            self.solution.append(line.text)
        else:
            self.given.append(line.text)

    def _starter_line(self, line: _Line) -> None:
        match = re.match(r"^(\s*)#( ?)(.*)$", line.text)
        if match is None and line.text.strip():
            raise line.place.error(
                "a starter line is not a comment, so it would run as part of the solution.",
                "Begin each line between ### BEGIN STARTER and ### END STARTER with '# '.",
            )
        assert self.starter is not None
        self.starter.append((match[1] + match[3]).rstrip() if match else "")

    def _begin_solution(self, line: _Line) -> None:
        if self.begin is not None:
            raise line.place.error(
                f"### BEGIN SOLUTION inside the region that began on line {self.begin.place.line}.",
                "Close the first region with ### END SOLUTION before the second begins.",
            )
        self._flush()
        self.begin, self.solution = line, []

    def _end_solution(self, line: _Line) -> None:
        if self.begin is None or self.solution is None:
            raise line.place.error(
                "### END SOLUTION without a ### BEGIN SOLUTION before it in its cell.",
                "Add ### BEGIN SOLUTION before the first line of the solution.",
            )
        if self.block is not None:
            raise self.block.place.error(
                "### BEGIN STARTER has no ### END STARTER.", "Close the starter before the solution ends."
            )
        self._close(self.begin, self.solution)

    def _begin_starter(self, line: _Line) -> None:
        if self.solution is None:
            raise line.place.error(
                "### BEGIN STARTER outside a solution region.",
                "Put the starter right after ### BEGIN SOLUTION; code that is only given needs no marker.",
            )
        if self.starter is not None or any(text.strip() for text in self.solution):
            raise line.place.error(
                "a region has one starter, before its first line.",
                "Put all starter lines into one block right after ### BEGIN SOLUTION.",
            )
        self.block, self.starter = line, []

    def _end_starter(self, line: _Line) -> None:
        if self.block is None:
            raise line.place.error(
                "### END STARTER without a ### BEGIN STARTER.",
                "Add ### BEGIN STARTER, or take this line away.",
            )
        self.block = None

    def _close(self, begin: _Line, solution: list[str]) -> None:
        indent = begin.text[: len(begin.text) - len(begin.text.lstrip())]
        if not any(text.strip() and not text.lstrip().startswith("#") for text in solution):
            raise begin.place.error(
                "the solution region holds no code.", "Write the solution between its two markers."
            )
        starter = self.starter if self.starter is not None else _default_starter(indent)
        self.parts.append(Region(indent, "\n".join(starter), "\n".join(solution), begin.place.line))
        self.begin = self.solution = self.starter = None

    def _flush(self) -> None:
        if self.given:
            self.parts.append(Given("\n".join(self.given)))
            self.given = []


def _default_starter(indent: str) -> list[str]:
    return [indent + PLACEHOLDER] + ([indent + "..."] if indent else [])
