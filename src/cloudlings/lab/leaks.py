"""Does the learner's notebook give the solution away?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.lab._places import Place
from cloudlings.lab.header import SOURCE
from cloudlings.lab.model import Lab, Region


@dataclass(frozen=True, slots=True)
class Leak:
    """A line of a task's solution that the learner's notebook shows, and where the solution's region is."""

    task: str
    text: str
    place: Place

    def __str__(self) -> str:
        return (
            f"{self.place}: the learner's notebook shows a line of the solution of {self.task!r}: {self.text}"
        )


def leaks(lab: Lab, notebook: bytes) -> tuple[Leak, ...]:
    """The solution lines that a built notebook shows to a learner.

    A line counts as shown when any text of the notebook holds it whole: in code, in prose, commented out, in
    an output or in metadata. Lines that decide nothing do not count: imports, comments, brackets, the making
    of a client, a name passed on, one word of a dict. Code that the source itself gives elsewhere may recur
    in a solution, as long as it is not more than half of a region: then the region is given away.
    """
    texts = _Texts(lab, notebook)
    found = []
    for task in lab.tasks:
        for cell in lab.cells_of(task):
            for region in cell.regions:
                place = Place(lab.folder / SOURCE, region.line)
                found += [Leak(task, line, place) for line in _shown(region, texts)]
    return tuple(found)


class _Texts:
    """What the notebook says, squeezed, and what of its code the source gives on purpose."""

    def __init__(self, lab: Lab, notebook: bytes) -> None:
        document = json.loads(notebook)
        parts = [part for cell in lab.cells for part in cell.parts]
        self.given = _one([part.starter if isinstance(part, Region) else part.text for part in parts])
        self.everything = _one(_strings(document))
        self.prose = _one(_strings([cell for cell in document["cells"] if cell["cell_type"] == "markdown"]))

    def shows(self, line: str) -> bool:
        return _within(line, self.everything)

    def on_purpose(self, line: str) -> bool:
        return _within(line, self.given) and not _within(line, self.prose)


def _one(texts: Iterable[str]) -> str:
    return "\n".join(_squeezed(line) for text in texts for line in text.split("\n"))


def _shown(region: Region, texts: _Texts) -> list[str]:
    lines = [line for line in map(_squeezed, region.solution.split("\n")) if _decides(line)]
    # A region of nothing but small lines is still a solution: then each of them counts.
    lines = lines or [line for line in map(_squeezed, region.solution.split("\n")) if _is_code(line)]
    shown = [line for line in lines if texts.shows(line)]
    if len(shown) * 2 > len(lines):
        return shown
    return [line for line in shown if not texts.on_purpose(line)]


# Lines that say nothing about how a task is done.
_EMPTY = re.compile(
    r"""(
      [\W_]*                                                 # brackets, commas
    | (from\s+\S+\s+)?import\s.*                             # imports
    | (pass|return|break|continue|else:|try:|finally:|except.*:)
    | \w+\s*=\s*[\w.]*(client|resource|session|Session)\([^()]*\)   # s3 = boto3.client("s3")
    | ["']?[\w:-]+["']?\s*[=:]\s*(?!(?:True|False|None)\b)[A-Za-z_][\w.]*,?   # Bucket=brief.bucket,
    | ["']?[\w:-]+["']?\s*[=:]\s*(["']\w*["'],?|[\[({]+)          # "Status": "Enabled",   "Rules": [
    | return\s+[A-Za-z_][\w.]*
    | ["']?Version["']?\s*[=:]\s*["']2012-10-17["'],?
    | print\(.*\)
    )""",
    re.VERBOSE,
)
# Shorter lines occur by chance.
_SHORT = 16


def _decides(line: str) -> bool:
    if "answer(" in line:
        return _is_code(line)
    return _is_code(line) and not _EMPTY.fullmatch(line) and len(line) >= _SHORT


def _is_code(line: str) -> bool:
    return bool(re.search(r"\w", line)) and not line.startswith("#")


def _squeezed(line: str) -> str:
    return " ".join(line.split())


def _within(line: str, text: str) -> bool:
    """Whether the text holds the line, not as a part of a longer word."""
    start = r"(?<!\w)" if line[:1].isalnum() else ""
    end = r"(?!\w)" if line[-1:].isalnum() else ""
    return re.search(start + re.escape(line) + end, text) is not None


def _strings(value: Any) -> Iterator[str]:
    """Every text in a notebook's JSON; a list of texts is one text, as cells keep their lines."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        yield "".join(value)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
