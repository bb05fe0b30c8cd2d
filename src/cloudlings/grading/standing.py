"""Where a learner stands in the whole course: from the records and the built labs, with nothing running.

No grader is imported for it, so that the command line and the course page can ask at any time.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cloudlings.errors import NotebookError
from cloudlings.grading.records import Records, Standing
from cloudlings.grading.tasks import grader_file
from cloudlings.grading.verdict import Status
from cloudlings.lab.catalogue import Catalogue
from cloudlings.lab.header import read_header
from cloudlings.lab.model import Header

RECORDS = "progress.db"


@dataclass(frozen=True)
class TaskStanding:
    """One task: its name, what it is worth, and the learner's standing."""

    name: str
    max_points: int
    standing: Standing

    @property
    def passed(self) -> bool:
        return self.standing.status is Status.PASSED


@dataclass(frozen=True)
class LabStanding:
    """One lab and its tasks. ``touched`` is when one was last checked (ISO time), "" before."""

    lab: Header
    tasks: tuple[TaskStanding, ...]
    touched: str

    @property
    def earned(self) -> int:
        return sum(task.standing.points for task in self.tasks)

    @property
    def points(self) -> int:
        return sum(task.max_points for task in self.tasks)

    @property
    def done(self) -> bool:
        return bool(self.tasks) and all(task.passed for task in self.tasks)

    @property
    def state(self) -> str:
        """``done``, ``begun`` or ``new``."""
        return "done" if self.done else "begun" if self.touched else "new"

    @property
    def next_task(self) -> TaskStanding | None:
        """The first task that is not passed."""
        return next((task for task in self.tasks if not task.passed), None)


def course_standing(root: Path, home: Path, seed: str) -> tuple[LabStanding, ...]:
    """Every lab of a checkout, in the course's order."""
    known, touched = _known(home, seed)
    catalogue = Catalogue(root)
    return tuple(
        LabStanding(_header(catalogue, name), _tasks(catalogue, name, known), touched.get(name, ""))
        for name in catalogue.names
    )


def current_lab(labs: Sequence[LabStanding], worked_in: Mapping[str, float]) -> LabStanding | None:
    """The lab to go on with: the one that was worked in last, or checked last; after a lab that is done,
    the first one that is not; None when all are done. ``worked_in``: epoch seconds by lab."""
    order = {one.lab.name: (worked_in.get(one.lab.name, 0.0), one.touched) for one in labs}
    begun = [one for one in labs if one.touched or one.lab.name in worked_in]
    latest = max(begun, key=lambda one: order[one.lab.name], default=None)
    if latest is not None and not latest.done:
        return latest
    return next((one for one in labs if not one.done), None)


def _known(home: Path, seed: str) -> tuple[Mapping[tuple[str, str], Standing], Mapping[str, str]]:
    path = home / RECORDS
    if not path.is_file():
        return {}, {}
    records = Records(path)
    return records.standings(seed), records.touched(seed)


def tasks_built(catalogue: Catalogue, lab: str) -> tuple[tuple[str, int], ...]:
    """The tasks of a built lab with their points, in its order; none when it is not built."""
    path = catalogue.built(lab)
    return _built_tasks(path, path.stat().st_mtime_ns) if path.is_file() else ()


def task_titles(root: Path, lab: str) -> Mapping[str, str]:
    """The titles of a lab's tasks by name, as its graders declare them; the graders are read, not imported.

    A title that is not written out in its decorator is left out.
    """
    path = grader_file(root, lab)
    return _declared_titles(path, path.stat().st_mtime_ns) if path.is_file() else {}


@lru_cache(maxsize=200)
def _declared_titles(path: Path, _stamp: int) -> Mapping[str, str]:
    calls = (
        call
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
    )
    return {
        str(call.args[0].value): str(word.value.value)
        for call in calls
        for word in call.keywords
        if word.arg == "title"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(word.value, ast.Constant)
    }


def _tasks(
    catalogue: Catalogue, lab: str, known: Mapping[tuple[str, str], Standing]
) -> tuple[TaskStanding, ...]:
    return tuple(
        TaskStanding(name, points, known.get((lab, name), Standing(name, Status.NOT_ATTEMPTED, 0, 0, 0)))
        for name, points in tasks_built(catalogue, lab)
    )


@lru_cache(maxsize=200)
def _built_tasks(path: Path, _stamp: int) -> tuple[tuple[str, int], ...]:
    """The tasks of a built notebook with their points: its check cells name them."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        marks = [
            (cell["metadata"].get("cloudlings", {}), cell["metadata"].get("nbgrader", {})) for cell in cells
        ]
        return tuple((ours["task"], int(grade["points"])) for ours, grade in marks if grade.get("grade"))
    except (ValueError, KeyError, TypeError) as error:
        raise NotebookError(
            f"{path.name} cannot be read: {error}.", next_step=f"cloudlings lab build {path.stem}"
        ) from error


def _header(catalogue: Catalogue, name: str) -> Header:
    folder = catalogue.root / "solutions" / name
    return _headers(folder, (folder / "lab.py").stat().st_mtime_ns)


@lru_cache(maxsize=200)
def _headers(folder: Path, _stamp: int) -> Header:
    return read_header(folder)
