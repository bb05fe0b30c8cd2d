"""What of the inventory the labs cover, and where: ``docs/coverage.md``, from marks in the labs' sources.

A passage, a task or a demonstration that meets a row of ``docs/course/inventory.json`` is marked
``<!-- covers: L04-01 L04-07 -->`` in the lab's source; the mark is not in what a learner opens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

from cloudlings.errors import LabError, StaleLab
from cloudlings.lab._places import shown
from cloudlings.lab.model import Header, Lab

INVENTORY: Final = Path("docs/course/inventory.json")
PAGE: Final = Path("docs/coverage.md")

_MARK: Final = re.compile(r"<!-- covers:([^>]*)-->")
_HEADING: Final = re.compile(r"^#{1,4} +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the course must cover: its id (``L04-07``), what it is, and of which kind."""

    id: str
    what: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a row is covered: the lab, and the heading that the mark stands on, or else the nearest above."""

    row: str
    lab: str
    heading: str


def inventory(root: Path) -> dict[str, tuple[Row, ...]]:
    """The rows by the curriculum's number of the lab (``L04``)."""
    found = json.loads((root / INVENTORY).read_text(encoding="utf-8"))["rows_by_lab"]
    return {
        number: tuple(Row(row["id"], row["what"], row["kind"]) for row in rows)
        for number, rows in found.items()
    }


def marks(lab: Lab) -> Iterator[Mark]:
    """The marks of a lab, in its order."""
    heading = lab.title
    for cell in lab.cells:
        if cell.kind != "markdown":
            continue
        lines = [line for line in cell.source.splitlines() if line.strip()]
        for line, below in zip_longest(lines, lines[1:], fillvalue=""):
            titled = _HEADING.match(line)
            heading = titled[1].strip() if titled else heading
            next_one = _HEADING.match(below)
            for mark in _MARK.findall(line):
                for row in mark.replace(",", " ").split():
                    yield Mark(row, lab.name, next_one[1].strip() if next_one else heading)


def uncovered(rows: dict[str, tuple[Row, ...]], labs: Sequence[Lab]) -> list[str]:
    """What is wrong with the labs' marks, in words: rows of theirs that no lab covers, marks of no row."""
    found = [mark for lab in labs for mark in marks(lab)]
    covered, known = {mark.row for mark in found}, {row.id for all_ in rows.values() for row in all_}
    wrong = [f"{m.lab} marks {m.row}, and the inventory has no such row" for m in found if m.row not in known]
    for lab in labs:
        missing = [f"{row.id} ({row.what})" for row in rows.get(lab.ref or "", ()) if row.id not in covered]
        wrong += [f"{lab.name} covers no {each}" for each in missing]
    return wrong


def coverage_page(rows: dict[str, tuple[Row, ...]], labs: Sequence[Lab]) -> str:
    """The page in Markdown: every row with where it is covered; rows of labs to come are counted."""
    where: dict[str, list[Mark]] = {}
    for lab in labs:
        for mark in marks(lab):
            where.setdefault(mark.row, []).append(mark)
    refs: dict[str | None, Header] = {lab.ref: lab for lab in labs}
    parts = [
        "# What the course covers",
        "Built from the marks in the labs' sources by `cloudlings lab build`; `docs/course/inventory.json` "
        "says what must be there.",
        f"{len(where)} of {sum(map(len, rows.values()))} rows are covered.",
    ]
    for number, of in rows.items():
        parts += _section(number, of, refs.get(number), where)
    return "\n\n".join(parts) + "\n"


def _section(
    number: str, rows: Sequence[Row], lab: Header | None, where: dict[str, list[Mark]]
) -> Iterator[str]:
    yield f"## {number}: [{lab.name}](../labs/{lab.name}/{lab.name}.ipynb)" if lab else f"## {number}"
    told = [row for row in rows if lab or row.id in where]
    if told:
        head = ["| Row | What | Kind | Where |", "| --- | --- | --- | --- |"]
        lines = (f"| {row.id} | {_cell(row.what)} | {row.kind} | {_places(where, row)} |" for row in told)
        yield "\n".join([*head, *lines])
    left = len(rows) - len(told)
    if left:
        yield f"{left} row{'s' * (left > 1)} for a lab to come."


def _places(where: dict[str, list[Mark]], row: Row) -> str:
    found = dict.fromkeys(f"{mark.lab}, “{mark.heading}”" for mark in where.get(row.id, ()))
    return _cell("; ".join(found)) or "–"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write_coverage(root: Path, labs: Sequence[Lab]) -> Path:
    """Write the page; nothing where the checkout has no inventory. Returns its path."""
    if (root / INVENTORY).is_file():
        (root / PAGE).write_text(coverage_page(inventory(root), labs), encoding="utf-8")
    return root / PAGE


def check_coverage(root: Path, labs: Sequence[Lab]) -> None:
    """Errors: LabError when a row of a lab is covered nowhere, StaleLab when the page is old."""
    rows = inventory(root)
    wrong = uncovered(rows, labs)
    if wrong:
        step = "mark where it is covered in the lab's source: <!-- covers: ROW -->"
        raise LabError("\n".join(wrong), next_step=step)
    page = root / PAGE
    if not page.is_file() or page.read_text(encoding="utf-8") != coverage_page(rows, labs):
        raise StaleLab(
            f"{shown(page)} is not what the labs' marks say now.", next_step="cloudlings lab build"
        )
