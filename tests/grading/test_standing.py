"""Where a learner stands: from the records and the built labs alone, and which lab comes next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudlings.errors import NotebookError
from cloudlings.grading.records import Records
from cloudlings.grading.standing import (
    RECORDS,
    LabStanding,
    course_standing,
    current_lab,
    task_titles,
    tasks_built,
)
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[2]
COURSE = Path(__file__).parent / "course"
LAB, SEED = "990-notes", "ana"


def standing(home: Path) -> LabStanding:
    return course_standing(COURSE, home, SEED)[0]


def checked(home: Path, task: str, status: Status, points: int, seed: str = SEED) -> None:
    Records(home / RECORDS).add(Verdict(LAB, task, task, status, points, points, "found"), seed)


def test_a_lab_goes_from_new_to_done(tmp_path: Path) -> None:
    """Points, the next task and the state follow the records of this learner alone; a pass stays one."""
    assert (standing(tmp_path).state, standing(tmp_path).points) == ("new", 6)
    checked(tmp_path, "keep-note", Status.PASSED, 3, seed="ben")
    assert standing(tmp_path).state == "new"
    checked(tmp_path, "keep-note", Status.PASSED, 3)
    checked(tmp_path, "keep-note", Status.FAILED, 0)
    begun = standing(tmp_path)
    assert (begun.state, begun.earned) == ("begun", 3)
    assert begun.next_task is not None
    assert begun.next_task.name == "mend-setting"
    checked(tmp_path, "mend-setting", Status.PASSED, 2)
    checked(tmp_path, "count-notes", Status.PASSED, 1)
    done = standing(tmp_path)
    assert (done.state, done.earned, done.next_task) == ("done", 6, None)
    assert current_lab([done], {LAB: 1.0}) is None


def test_the_lab_to_go_on_with_is_the_one_worked_in_last(tmp_path: Path) -> None:
    """Nothing begun: the first. Otherwise the last one, by a request or a check."""
    labs = course_standing(ROOT, tmp_path, SEED)
    assert current_lab(labs, {}) is labs[0]
    assert current_lab(labs, {labs[2].lab.name: 5.0, labs[1].lab.name: 9.0}) is labs[1]


@pytest.mark.parametrize("lab", Catalogue(ROOT).names)
def test_what_is_read_is_what_the_graders_declare(lab: str) -> None:
    """Names, points and titles without importing a grader are those that the graders have."""
    declared = tasks_of(ROOT, lab)
    assert set(tasks_built(Catalogue(ROOT), lab)) == {(task.name, task.points) for task in declared}
    assert dict(task_titles(ROOT, lab)) == {task.name: task.title for task in declared}


def test_a_built_lab_that_is_no_notebook_is_named(tmp_path: Path) -> None:
    """The command that mends it is said."""
    folder = tmp_path / "solutions" / LAB
    folder.mkdir(parents=True)
    (folder / "lab.py").write_text("# ---\n")
    built = tmp_path / "labs" / LAB / f"{LAB}.ipynb"
    built.parent.mkdir(parents=True)
    built.write_text(json.dumps({"cells": 3}))
    with pytest.raises(NotebookError) as caught:
        tasks_built(Catalogue(tmp_path), LAB)
    assert caught.value.next_step == f"cloudlings lab build {LAB}"
