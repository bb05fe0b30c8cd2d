"""Making any submission gradable: the graded cells are the gradebook's, whatever became of them in it.

A submitted cell keeps its place in nbgrader's eyes only while it is what was released: known, of the same
kind, and, if it is locked, with the same text. Any other cell is the learner's own: it runs, and carries no
grade. What is missing then is put back, after the cell that it follows in the source. No code of a learner's
is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from nbformat import NotebookNode, v4

from cloudlings.grading.nbgrader.reading import grade_id

MISSING = "# This cell was missing from the submission."


@dataclass(frozen=True)
class SourceCell:
    """One cell of an assignment as the gradebook has it. ``points`` is None where it carries no grade."""

    name: str
    kind: Literal["code", "markdown", "raw"]
    source: str
    locked: bool
    solution: bool
    task: bool
    points: float | None
    checksum: str | None

    def metadata(self) -> NotebookNode:
        """What nbgrader reads of the cell, version 3."""
        marks: dict[str, object] = {
            "cell_type": self.kind,
            "checksum": self.checksum,
            "grade": self.points is not None and not self.task,
            "grade_id": self.name,
            "locked": self.locked,
            "schema_version": 3,
            "solution": self.solution,
            "task": self.task,
        }
        marks["points"] = self.points
        return NotebookNode({key: value for key, value in marks.items() if value is not None})


@dataclass(frozen=True)
class Restored:
    """A gradable notebook's cells, and the names of the cells that had to be put back."""

    cells: tuple[NotebookNode, ...]
    missing: tuple[str, ...]


def restore(submitted: Iterable[NotebookNode], source: Sequence[SourceCell]) -> Restored:
    """The cells of a submission with every cell of the source in them exactly once.

    ``submitted`` is as `reading.read` gives it; ``source`` is in the order of the assignment.
    """
    cells = [deepcopy(cell) for cell in submitted]
    named = [grade_id(cell) for cell in cells]
    for cell in cells:
        cell.metadata = NotebookNode()
    at = _places(cells, named, {each.name: each for each in source})
    for each in source:
        if each.name in at:
            cell = cells[at[each.name]]
            cell.metadata = NotebookNode({"nbgrader": each.metadata()})
    return _with_missing(cells, at, named, source)


def _places(
    cells: Sequence[NotebookNode], named: Sequence[str], source: Mapping[str, SourceCell]
) -> dict[str, int]:
    """Where each source cell is. Of several, the last that still is what was released counts."""
    by_text = {(each.kind, each.source.strip()): name for name, each in source.items() if each.locked}
    found: dict[str, int] = {}
    for number, cell in enumerate(cells):
        # Editors that do not know nbgrader drop its marks, and leave the text.
        name = named[number] or by_text.get((cell.cell_type, cell.source.strip()), "")
        known = source.get(name)
        if known is None or cell.cell_type != known.kind:
            continue
        if known.locked and cell.source.strip() != known.source.strip():
            continue
        cell.source = known.source if known.locked else cell.source
        found[name] = number
    return found


def _with_missing(
    cells: Sequence[NotebookNode], at: Mapping[str, int], named: Sequence[str], source: Sequence[SourceCell]
) -> Restored:
    added: dict[int, list[NotebookNode]] = {}
    missing = []
    anchor = -1
    for each in source:
        if each.name in at:
            anchor = at[each.name]
            continue
        # A cell that was changed beyond recognition still tells where it belongs.
        changed = [number for number, name in enumerate(named) if name == each.name]
        anchor = changed[-1] if changed else anchor
        missing.append(each.name)
        added.setdefault(anchor, []).append(_new(each))
    whole = list(added.get(-1, []))
    for number, cell in enumerate(cells):
        whole += [cell, *added.get(number, [])]
    return Restored(tuple(_with_ids(whole)), tuple(missing))


def _new(cell: SourceCell) -> NotebookNode:
    text = cell.source if cell.locked else MISSING
    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell, "raw": v4.new_raw_cell}[cell.kind]
    made: NotebookNode = make(text if cell.kind == "code" or cell.locked else MISSING.lstrip("# "))
    made.metadata = NotebookNode({"nbgrader": cell.metadata()})
    return made


def _with_ids(cells: Sequence[NotebookNode]) -> Sequence[NotebookNode]:
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return cells
