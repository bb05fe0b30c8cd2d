"""Reading a lab's one source, ``solutions/<lab>/lab.py``: a py:percent notebook with a header."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cloudlings.lab import header as headers
from cloudlings.lab._places import Place, nearest, read_text
from cloudlings.lab.markers import has_region, parts_of
from cloudlings.lab.model import Cell, Header, Lab

TASK_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40

_MARKS = ("task", "tags")
_DERIVED = re.compile(r"^\s*(\w+\s*=\s*)?(check|open_lab)\(", re.MULTILINE)
_MAGIC = re.compile(r"^(\s*)# ?([!%](?=[\w$~./{%]).*)$")


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell of any percent file before its meaning is read: ``place`` and ``marks`` are its marker's."""

    kind: str
    source: str
    place: Place
    first_line: int
    marks: dict[str, Any]


def read_lab(folder: Path) -> Lab:
    """The lab in a folder, read and checked.

    Errors: SourceError with file and line for anything that an author has to mend.
    """
    path = folder / headers.SOURCE
    text = read_text(path)
    head = headers.split(text, path)
    header = headers.parsed(folder, head)
    cells = tuple(_cell(raw) for raw in percent_cells(text, path, skip=head.lines) if _says_something(raw))
    lab = Lab(**{field.name: getattr(header, field.name) for field in fields(Header)}, cells=cells)
    _check_tasks(lab, path)
    return lab


def percent_cells(text: str, path: Path, *, skip: int = 0) -> Iterator[RawCell]:
    """The cells of a percent file, with their lines; ``skip`` lines of header are passed over.

    Commented magics are the notebook's own again: ``# !aws s3 ls``, ``# %time``, and every line of a cell
    that begins with ``# %%bash``. Errors: SourceError for a cell marker that cannot be read.
    """
    # Jupytext takes a second to import, and only whoever reads a whole source needs it.
    from jupytext.cell_reader import DoublePercentScriptCellReader

    lines = text.splitlines()
    at = skip
    while at < len(lines):
        # Jupytext's own magics would also uncomment a comment such as "# copy the key".
        options = {"extension": ".py", "format_name": "percent", "comment_magics": False}
        reader = DoublePercentScriptCellReader(options, "python")
        cell, taken = reader.read(lines[at:])
        marked = lines[at].lstrip().startswith("# %%")
        yield _raw(cell, Place(path, at + 1), at + 1 + marked)
        at += taken


def _raw(cell: Any, place: Place, first_line: int) -> RawCell:
    marks = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    bad = marks.pop("incorrectly_encoded_metadata", None)
    title = str(marks.pop("title", ""))
    if bad is not None or "=" in title:
        raise place.error(
            f"the cell's marker cannot be read: {bad or title}",
            'Write it as # %% name="value" name=["a", "b"], with quotes.',
        )
    source = cell.source if cell.cell_type != "code" else _with_magics(cell.source)
    blank = len(cell.source) - len(cell.source.lstrip("\n"))
    return RawCell(cell.cell_type, source.strip("\n"), place, first_line + blank, marks)


def _with_magics(source: str) -> str:
    lines = source.split("\n")
    if re.match(r"# ?%%\w", lines[0]):
        return "\n".join(re.sub(r"^# ?", "", line) for line in lines)
    from jupytext.stringparser import StringParser

    strings = StringParser("python")
    for number, line in enumerate(lines):
        if not strings.is_quoted():
            lines[number] = _MAGIC.sub(r"\1\2", line)
        strings.read_line(line)
    return "\n".join(lines)


def _says_something(raw: RawCell) -> bool:
    return bool(raw.source.strip()) or "task" in raw.marks


def _cell(raw: RawCell) -> Cell:
    if raw.kind not in ("markdown", "code"):
        raise raw.place.error(f"a {raw.kind} cell has no place in a lab.", "Make it code or [markdown].")
    for mark in raw.marks:
        if mark not in _MARKS:
            raise raw.place.error(f"the cell has an unknown mark {mark!r}.", nearest(mark, _MARKS))
    place = raw.place.at(raw.first_line)
    task = _task(raw)
    if raw.kind == "markdown":
        return _prose(raw, place, task)
    return _code(raw, place, task)


def _task(raw: RawCell) -> str | None:
    name = raw.marks.get("task")
    if name is None:
        return None
    if not isinstance(name, str) or not TASK_NAME.fullmatch(name) or len(name) > _LONGEST:
        raise raw.place.error(
            f"{name!r} cannot be a task's name.",
            f"Use small letters, digits and single hyphens, at most {_LONGEST} characters: tls-only.",
        )
    return name


def _prose(raw: RawCell, place: Place, task: str | None) -> Cell:
    if has_region(raw.source):
        raise place.error(
            "a solution region in a markdown cell.", "Solutions are code: move it to a code cell."
        )
    return Cell("markdown", raw.source, place.line, task)


def _code(raw: RawCell, place: Place, task: str | None) -> Cell:
    cell = Cell("code", raw.source, place.line, task, parts_of(raw.source, place))
    if cell.regions and task is None:
        raise place.at(cell.regions[0].line).error(
            "a solution region in a cell of no task.",
            'Name the task on the cell\'s marker: # %% task="tls-only".',
        )
    derived = _DERIVED.search(raw.source)
    if derived is not None:
        line = place.line + raw.source[: derived.end()].count("\n")
        raise place.at(line).error(
            f"{derived[2]}(…) is derived: the built notebook opens the lab and checks each task by itself.",
            "Take this line away.",
        )
    _check_python(cell, place)
    return cell


def _check_python(cell: Cell, place: Place) -> None:
    """Both what the learner gets and what the author wrote must be Python."""
    for what, text in (("starter", cell.starter), ("solution", cell.solution)):
        if re.search(r"^\s*[!%]|=\s*[!%]", text, re.MULTILINE):
            continue  # IPython's own syntax: only a kernel can read it.
        try:
            compile(text, str(place.path), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError) as error:
            raise place.error(
                f"the cell's {what} is not Python: {getattr(error, 'msg', error)}.",
                f"Mend line {getattr(error, 'lineno', None) or 1} of the {what}: the cell begins here.",
            ) from None


def _check_tasks(lab: Lab, path: Path) -> None:
    place = Place(path)
    if not lab.tasks:
        raise place.error("the lab has no task.", 'Mark a code cell with # %% task="a-name".')
    for task in lab.tasks:
        first = lab.cells_of(task)[0]
        if not any(cell.regions for cell in lab.cells_of(task)):
            raise place.at(first.line).error(
                f"task {task!r} has no solution region.",
                "Put its solution between ### BEGIN SOLUTION and ### END SOLUTION.",
            )
    _check_order(lab, place)
    for cell in lab.cells:
        if cell.task and cell.task not in lab.tasks:
            raise place.at(cell.line).error(
                f"the text belongs to task {cell.task!r}, which has no code cell.",
                nearest(cell.task, lab.tasks),
            )


def _check_order(lab: Lab, place: Place) -> None:
    seen: list[str] = []
    for cell in lab.cells:
        if cell.kind != "code" or cell.task is None or (seen and seen[-1] == cell.task):
            continue
        if cell.task in seen:
            raise place.at(cell.line).error(
                f"task {cell.task!r} comes a second time, after task {seen[-1]!r} began.",
                "Give the second its own name, or move its cells together.",
            )
        seen.append(cell.task)
