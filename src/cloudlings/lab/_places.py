"""Where an author's mistake is, and which name was meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import SourceError


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file. ``line`` counts from 1."""

    path: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{shown(self.path)}:{self.line}"

    def at(self, line: int) -> Place:
        """Another line of the same file."""
        return Place(self.path, line)

    def error(self, message: str, next_step: str) -> SourceError:
        """The error to raise about this line."""
        return SourceError(f"{self}: {message}", next_step=next_step)


def shown(path: Path) -> str:
    """A path as a person wants to read it: from the working directory when it lies below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def nearest(name: str, known: Iterable[str]) -> str:
    """The clause that names what was perhaps meant: ``Did you mean 'a' or 'b'? ``, or what there is."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    if close:
        return "Did you mean " + " or ".join(repr(each) for each in close) + "?"
    if not names:
        return "There is none yet."
    return f"Use one of: {', '.join(names)}."


def read_text(path: Path) -> str:
    """A file's text (UTF-8, with or without a byte order mark). Errors: SourceError."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise Place(path).error("there is no such file.", f"Write {shown(path)}.") from None
    except UnicodeDecodeError as error:
        raise Place(path).error(
            f"the file is not UTF-8 text (byte {error.start}).", "Save the file as UTF-8."
        ) from None
    except OSError as error:
        raise Place(path).error(
            f"the file cannot be read: {error.strerror}.", "Check the file and its permissions."
        ) from None
