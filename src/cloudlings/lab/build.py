"""From a lab's source to its notebook: the same source gives the same bytes.

Nothing here depends on the day, the machine, the other labs, or the version of a library: cell ids are made
from names and texts, and the JSON is written as nbformat writes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from cloudlings.errors import LabError
from cloudlings.lab._places import shown
from cloudlings.lab.model import Cell, Lab

Points = Mapping[str, float]
"""A lab's points by task, as its graders give them."""

OPEN_ID = "open_lab"
PROGRESS_ID = "progress"
SEED_PLACEHOLDER = "STUDENT-SEED"
"""The seed in a released notebook that is not yet anybody's: see ``personal``."""

# An author's mark of the inventory's rows that a passage meets; no learner needs it.
_COVERS = re.compile(r"^[ \t]*<!-- covers:[^>]*-->[ \t]*\n?", re.MULTILINE)
# A source folds its lines before a link's address; within brackets JupyterLab then shows one too many.
_FOLDED = re.compile(r"\]\(\n(?=\S)")
_KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class Variant(Enum):
    """Whom a notebook is for."""

    LEARNER = "learner"
    """Starters, checks, and links to the other labs: what is kept in ``labs/``."""
    SOURCE = "source"
    """Solutions between their markers: an nbgrader course's ``source/``."""
    RELEASE = "release"
    """Starters and checks without links: what an nbgrader release holds."""


def build(lab: Lab, points: Points, *, variant: Variant = Variant.LEARNER, seed: str | None = None) -> bytes:
    """The notebook of a lab, as UTF-8 bytes of nbformat 4.5.

    ``points`` come from the graders. With a ``seed`` the notebook opens the lab with that learner's personal
    values (``SEED_PLACEHOLDER`` keeps the place for one); without, with the learner's own.

    Errors: LabError when the tasks and the points do not name the same things.
    """
    check_points(lab, points)
    cells = list(_cells(lab, points, variant, seed))
    metadata = {
        "cloudlings": {"lab": lab.name, "variant": variant.value},
        "kernelspec": _KERNEL,
        "language_info": {"name": "python"},
    }
    return _bytes({"cells": _with_ids(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def personal(notebook: bytes, seed: str) -> bytes:
    """The same built notebook, opening the lab with the seed of one student.

    Errors: LabError when it is no notebook that ``build`` made.
    """
    document = json.loads(notebook)
    name = document.get("metadata", {}).get("cloudlings", {}).get("lab")
    opening = [cell for cell in document.get("cells", ()) if cell.get("id") == OPEN_ID]
    if not name or len(opening) != 1:
        raise LabError("The notebook is not a built lab.", next_step="Build it with cloudlings lab build.")
    opening[0]["source"] = _lines(opening_code(name, seed))
    return _bytes(document)


def opening_code(name: str, seed: str | None = None) -> str:
    """The first code cell of every lab."""
    whose = f", seed={_quoted(seed)}" if seed is not None else ""
    return f"from cloudlings.notebook import *\n\nbrief = open_lab({_quoted(name)}{whose})"


def answer_id(task: str, number: int = 1) -> str:
    """The nbgrader id of a task's n-th solution cell. A check cell's id is the task's name itself."""
    return f"{task}_answer" if number == 1 else f"{task}_answer_{number}"


def check_points(lab: Lab, points: Points) -> None:
    """Errors: LabError when a task has no points, when points are of no task, or are not above zero."""
    graders = f"graders/{lab.grader}"
    for task in lab.tasks:
        if task not in points:
            raise LabError(
                f"Task {task!r} of lab {lab.name} has no grader.",
                next_step=f'Write a function with @task("{task}", points=…) in {graders}.',
            )
        if not points[task] > 0:
            raise LabError(
                f"Task {task!r} of lab {lab.name} is worth {points[task]} points.",
                next_step=f"Give it points above zero in {graders}.",
            )
    for name in points:
        if name not in lab.tasks:
            raise LabError(
                f"{graders} grades {name!r}, which is no task of {shown(lab.folder)}.",
                next_step=f'Mark the cell that answers it with # %% task="{name}", or take the grader away.',
            )


def _cells(lab: Lab, points: Points, variant: Variant, seed: str | None) -> Iterator[dict[str, Any]]:
    yield _markdown(_head(lab, points, variant))
    yield _code(opening_code(lab.name, seed), id=OPEN_ID, nbgrader=_nbgrader(OPEN_ID, locked=True))
    numbers: Counter[str] = Counter()
    last = {lab.last_cell_of(task): task for task in lab.tasks}
    for index, cell in enumerate(lab.cells):
        yield _authored(cell, variant, numbers)
        if index in last:
            yield _check(last[index], points[last[index]])
    if variant is Variant.LEARNER:
        yield _markdown("## Where you are\n\nRun this cell to see what is done and which lab comes next.")
        yield _code("progress()", id=PROGRESS_ID)


def _head(lab: Lab, points: Points, variant: Variant) -> str:
    total = sum(points[task] for task in lab.tasks)
    facts = [f"About {lab.minutes} minutes", _counted(len(lab.tasks), "task"), _counted(total, "point")]
    if lab.needs:
        facts.append("builds on " + ", ".join(_link(name, variant) for name in lab.needs))
    goals = "\n".join(f"- {goal}" for goal in lab.objectives)
    return (
        f"# {lab.title}\n\n{' · '.join(facts)}\n\n**In this lab you will:**\n\n{goals}\n\n"
        "Run the next cell first. It opens the lab and shows your personal values."
    )


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}" + ("" if number == 1 else "s")


def _link(name: str, variant: Variant) -> str:
    return f"[{name}](../{name}/{name}.ipynb)" if variant is Variant.LEARNER else name


def _authored(cell: Cell, variant: Variant, numbers: Counter[str]) -> dict[str, Any]:
    if cell.kind == "markdown":
        return _markdown(_FOLDED.sub("](", _COVERS.sub("", cell.source)).strip("\n"))
    text = cell.source if variant is Variant.SOURCE else cell.starter
    if cell.task is None:
        return _code(text)
    # A task's cell that only gives code is nobody's answer: nbgrader would blank it.
    if not cell.regions:
        return _code(text, task=cell.task)
    numbers[cell.task] += 1
    name = answer_id(cell.task, numbers[cell.task])
    return _code(text, id=name, task=cell.task, nbgrader=_nbgrader(name, solution=True))


def _check(task: str, points: float) -> dict[str, Any]:
    marks = _nbgrader(task, grade=True, locked=True) | {"points": points}
    return _code(f"check({_quoted(task)})", id=f"{task}_check", task=task, nbgrader=marks)


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, Any]:
    return {
        "grade": grade,
        "grade_id": grade_id,
        "locked": locked,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }


def _markdown(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(
    text: str, *, id: str | None = None, task: str | None = None, nbgrader: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if task is not None:
        metadata["cloudlings"] = {"task": task}
    if nbgrader is not None:
        metadata["nbgrader"] = dict(nbgrader)
        metadata["deletable"] = False
        if nbgrader["locked"]:
            metadata["editable"] = False
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "outputs": []}
    cell |= {"metadata": metadata, "source": text}
    return cell if id is None else cell | {"id": id}


def _with_ids(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the unnamed cells ids made from their texts, so that a cell put in between renames no other."""
    seen: Counter[str] = Counter()
    named = []
    for cell in cells:
        text = cell["source"]
        if "id" not in cell:
            digest = hashlib.sha256(f"{cell['cell_type']}\0{text}".encode()).hexdigest()[:12]
            seen[digest] += 1
            cell = cell | {"id": digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"}
        named.append(cell | {"source": _lines(text)})
    return named


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bytes(document: Mapping[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": "))
    return (text + "\n").encode()
