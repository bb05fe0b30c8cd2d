"""Answers other than a lab's solution: the near-misses of ``wrong.py`` and the files of ``other/``."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cloudlings.errors import UnknownTask
from cloudlings.lab._places import Place, nearest, read_text, shown
from cloudlings.lab.model import Lab
from cloudlings.lab.notebooks import Notebook, NotebookCell, parse_notebook
from cloudlings.lab.source import RawCell, percent_cells
from cloudlings.lab.templates import read_template, template_tasks

Kind = Literal["python", "shell", "template"]
Refs = Mapping[str, str]
"""Task names by the curriculum's refs, as the graders give them: ``{"L03-T2": "tls-only"}``."""

KINDS: Mapping[str, Kind] = {
    ".py": "python",
    ".ipynb": "python",
    ".sh": "shell",
    ".yaml": "template",
    ".yml": "template",
    ".json": "template",
    ".template": "template",
}
"""What kind of answer a file is, by its suffix."""

NEAR_MISSES, OTHERS = "wrong.py", "other"


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of an answer: text that replaces the solution regions of ``tasks`` (none: it stands alone)."""

    kind: Kind
    text: str
    tasks: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Loss:
    """A task that a near-miss must lose, and the words that its verdict's message must hold."""

    task: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A wrong answer that looks right: it loses the tasks of ``loses`` and ``also``, and no other."""

    name: str
    pieces: tuple[Piece, ...]
    loses: tuple[Loss, ...]
    also: tuple[str, ...]
    refs: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """An answer from a file. With ``alone`` it runs by itself; otherwise it is spliced into the solution."""

    name: str
    pieces: tuple[Piece, ...]
    alone: bool = False

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that it answers, where it says so."""
        return tuple(dict.fromkeys(task for piece in self.pieces for task in piece.tasks))


class Answer(Protocol):
    """What can be spliced: a near-miss or another answer."""

    @property
    def name(self) -> str: ...
    @property
    def pieces(self) -> tuple[Piece, ...]: ...


def near_misses(lab: Lab, refs: Refs | None = None) -> tuple[NearMiss, ...]:
    """The near-misses of a lab's ``wrong.py``, in order; none when it has no such file.

    A near-miss is a run of cells with the same ``wrong``; those with ``says`` name the tasks that it loses.
    Errors: SourceError, UnknownTask (with file and line).
    """
    path = lab.folder / NEAR_MISSES
    if not path.exists():
        return ()
    groups: dict[str, list[RawCell]] = {}
    previous = None
    for raw in percent_cells(read_text(path), path):
        if raw.kind != "code" or _only_comments(raw.source):
            continue
        name = _name_of(raw)
        if name in groups and name != previous:
            raise raw.place.error(
                f"near-miss {name!r} comes a second time.",
                "Give it its own name, or move its cells together.",
            )
        groups.setdefault(name, []).append(raw)
        previous = name
    return tuple(_near_miss(lab, name, cells, refs or {}) for name, cells in groups.items())


def other_answers(lab: Lab, refs: Refs | None = None) -> tuple[OtherAnswer, ...]:
    """The right answers in a lab's ``other/``, by file name.

    Errors: SourceError, UnknownTask (with file and line); also for a file that names no task.
    """
    folder = lab.folder / OTHERS
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith((".", "__")) or path.suffix == ".md":
            continue
        answer = read_answer(path, lab, refs)
        if answer.alone:
            raise Place(path).error("the answer names no task.", _how_to_mark(path))
        for piece in answer.pieces:
            _check_python(piece)
        found.append(answer)
    return tuple(found)


def read_answer(path: Path, lab: Lab, refs: Refs | None = None) -> OtherAnswer:
    """An answer from any file: marked with tasks it is spliced into the solution, unmarked it runs alone.

    A task is marked by its name or ref: in a notebook by cell metadata ``task``, in Python by
    ``# %% task="tls-only"``, in both and in shell by a first comment ``# task: tls-only``, in a template by
    ``Metadata: {cloudlings: {task: tls-only}}``. A notebook that opens the lab is whole: it runs alone.

    Errors: SourceError, NotebookError, UnknownTask.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise Place(path).error(
            f"{path.suffix or 'a file without a suffix'} is no kind of answer.", f"Use {', '.join(KINDS)}."
        )
    named = _Tasks(lab, refs or {})
    if path.suffix.lower() == ".ipynb":
        pieces = _from_notebook(path, named)
    elif kind == "python":
        pieces = _from_python(path, named)
    elif kind == "shell":
        text = read_text(path)
        pieces = (Piece("shell", text, named.all(_comment_tasks(text), Place(path)), Place(path)),)
    else:
        text = read_text(path)
        marked = template_tasks(read_template(text, Place(path)), Place(path)) or _comment_tasks(text)
        tasks = named.all(marked, Place(path))
        pieces = (Piece("template", text, tasks, Place(path)),)
    return OtherAnswer(path.name, pieces, alone=not any(piece.tasks for piece in pieces))


@dataclass(frozen=True, slots=True)
class _Tasks:
    """Finds a lab's tasks by name or ref."""

    lab: Lab
    refs: Refs

    def all(self, names: Sequence[str], place: Place) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.one(name, place) for name in names))

    def one(self, name: str, place: Place) -> str:
        known = {ref.lower(): task for ref, task in self.refs.items()} | {
            task: task for task in self.lab.tasks
        }
        task = known.get(name.strip(), known.get(name.strip().lower()))
        if task is None:
            raise UnknownTask(
                f"{place}: lab {self.lab.name} has no task {name!r}.",
                next_step=nearest(name, [*self.lab.tasks, *self.refs]),
            )
        return task


def _near_miss(lab: Lab, name: str, cells: Sequence[RawCell], refs: Refs) -> NearMiss:
    named = _Tasks(lab, refs)
    pieces = tuple(
        Piece("python", raw.source, _marked(raw, named), raw.place.at(raw.first_line)) for raw in cells
    )
    for piece in pieces:
        if not piece.tasks:
            raise piece.place.error(f"near-miss {name!r} names no task.", 'Add task="…" to its marker.')
        _check_python(piece)
        _check_differs(lab, name, piece)
    losses = tuple(
        Loss(task, _texts(raw, "says")) for raw, piece in zip(cells, pieces, strict=True)
        for task in piece.tasks if "says" in raw.marks
    )  # fmt: skip
    if not losses or not all(loss.says for loss in losses):
        raise cells[0].place.error(
            f"near-miss {name!r} does not say which words its verdict must hold.",
            'Add says=["a word", "another"] to its marker: words of the consequence or the concept.',
        )
    also = tuple(named.one(each, raw.place) for raw in cells for each in _texts(raw, "also"))
    marked = tuple(ref for raw in cells for ref in _texts(raw, "ref"))
    return NearMiss(name, pieces, losses, also, marked, cells[0].place)


_NEAR_MISS_MARKS = ("wrong", "task", "says", "also", "ref", "tags")


def _name_of(raw: RawCell) -> str:
    for mark in raw.marks:
        if mark not in _NEAR_MISS_MARKS:
            raise raw.place.error(f"the cell has an unknown mark {mark!r}.", nearest(mark, _NEAR_MISS_MARKS))
    name = raw.marks.get("wrong")
    if not isinstance(name, str) or not name.strip():
        raise raw.place.error(
            "the cell belongs to no near-miss.",
            'Begin it with # %% wrong="a-name" task="a-task" says=["a word"].',
        )
    return name


def _texts(raw: RawCell, mark: str) -> tuple[str, ...]:
    value = raw.marks.get(mark, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(each, str) and each.strip() for each in values):
        raise raw.place.error(f"{mark}={value!r} is no list of texts.", f'Write {mark}=["…", "…"].')
    return tuple(values)


def _check_differs(lab: Lab, name: str, piece: Piece) -> None:
    for task in piece.tasks:
        right = "\n".join(region.solution for cell in lab.cells_of(task) for region in cell.regions)
        if textwrap.dedent(right).split() == piece.text.split():
            raise piece.place.error(
                f"near-miss {name!r} is the solution of {task!r}, word for word.", "Put the mistake into it."
            )


def _check_python(piece: Piece) -> None:
    if piece.kind != "python" or re.search(r"^\s*[!%]|=\s*[!%]", piece.text, re.MULTILINE):
        return
    try:
        # A region inside a function may hold a return: parse the text where that is allowed.
        ast.parse("async def answer():\n" + textwrap.indent(piece.text, " ") + "\n pass")
    except (SyntaxError, ValueError) as error:
        line = piece.place.line + max((getattr(error, "lineno", None) or 2) - 2, 0)
        raise piece.place.at(line).error(
            f"the answer is not Python: {getattr(error, 'msg', error)}.", "Mend this line."
        ) from None


def _from_python(path: Path, named: _Tasks) -> tuple[Piece, ...]:
    text = read_text(path)
    if not re.search(r"^# ?%%", text, re.MULTILINE):
        return (Piece("python", text, named.all(_comment_tasks(text), Place(path)), Place(path)),)
    cells = [raw for raw in percent_cells(text, path) if raw.kind == "code" and raw.source.strip()]
    return tuple(
        _gathered(
            Piece("python", raw.source, _marked(raw, named), raw.place.at(raw.first_line)) for raw in cells
        )
    )


def _from_notebook(path: Path, named: _Tasks) -> tuple[Piece, ...]:
    try:
        notebook = parse_notebook(path.read_bytes(), shown(path))
    except OSError as error:
        raise Place(path).error(f"the file cannot be read: {error.strerror}.", "Check its name.") from None
    pieces = (
        Piece("python", cell.source, _tasks_of_cell(cell, notebook, named, path), Place(path, cell.number))
        for cell in notebook.code
    )
    return tuple(_gathered(pieces))


def _tasks_of_cell(cell: NotebookCell, notebook: Notebook, named: _Tasks, path: Path) -> tuple[str, ...]:
    if notebook.lab is not None:
        return ()
    marks = cell.metadata.get("task", [])
    names = [marks] if isinstance(marks, str) else marks if isinstance(marks, list) else []
    return named.all([*map(str, names), *_comment_tasks(cell.source)], Place(path, cell.number))


def _gathered(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Unmarked cells go with the marked one after them (the last ones with the last): imports, helpers."""
    found = list(pieces)
    if not any(piece.tasks for piece in found):
        yield from found
        return
    waiting: list[str] = []
    last = max(i for i, piece in enumerate(found) if piece.tasks)
    for index, piece in enumerate(found):
        waiting.append(piece.text)
        if piece.tasks:
            after = [each.text for each in found[last + 1 :]] if index == last else []
            yield Piece(piece.kind, "\n\n".join([*waiting, *after]), piece.tasks, piece.place)
            waiting = []
        if index == last:
            return


def _marked(raw: RawCell, named: _Tasks) -> tuple[str, ...]:
    return named.all([*_texts(raw, "task"), *_comment_tasks(raw.source)], raw.place)


def _comment_tasks(text: str) -> list[str]:
    """The tasks of ``# task: one, two`` (or ``# %% task="one"``) among the comment lines at the top."""
    names: list[str] = []
    for line in text.split("\n"):
        if line.strip() and not line.startswith("#"):
            break
        mark = re.match(r"#\s*(?:%%\s*)?tasks?\s*[:=]\s*(.+)$", line.strip(), re.IGNORECASE)
        names += re.findall(r"[\w-]+", mark[1]) if mark else []
    return names


def _only_comments(text: str) -> bool:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in tree.body)


def _how_to_mark(path: Path) -> str:
    kind = KINDS[path.suffix.lower()]
    if kind == "template":
        return "Add Metadata: {cloudlings: {task: a-task}} to the template."
    return "Begin it with a comment '# task: a-task'" + (
        ', or its cells with # %% task="a-task".' if kind == "python" else "."
    )
