"""A mixed cohort gets exactly the expected points by `course grade`, with one worker and with two, and by
stock `nbgrader autograde` in the same course.

Right by every listed way, every kind of near-miss, hostile. CLOUDLINGS_SOAK_MIXED sets how many submissions
there are (60).
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import Student, add_students, gradebook, make_course
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import (
    Catalogue,
    Step,
    brief_for,
    near_misses,
    opening_code,
    other_answers,
    solution_steps,
    spliced,
    stack_parameters,
)
from tests.grading import nbgrader_course as nbc

TESTS = Path(__file__).parents[1]

COUNT = int(os.environ.get("CLOUDLINGS_SOAK_MIXED", "60"))
ROOT, LAB = TESTS.parent, "030-s3-policies"
# Attacks that mean the same in every lab: what each does stands before the answers.
ATTACKS = (
    "replaces-run-cell", "writes-verdicts-on-the-channel", "empties-cells-by-ast", "fork-bomb",
    "broken-json-on-the-channel", "kills-what-it-can", "own-aws-server", "daemon-that-stays", "patches-check",
)  # fmt: skip
ENDS = {
    "exits": "import os; os._exit(3)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "deaf": "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
}

pytestmark = [
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}"),
]


@dataclass(frozen=True)
class Submission:
    """What a student hands in, in order, and the tasks that it deserves."""

    student: str
    steps: Sequence[Step | str]
    deserves: frozenset[str]


CATALOGUE = Catalogue(ROOT)
READ = CATALOGUE.read(LAB)
TASKS = {task.name: float(task.points) for task in tasks_of(ROOT, LAB)}
ALL = frozenset(TASKS)


def right() -> Iterator[Submission]:
    yield Submission("right", solution_steps(READ), ALL)
    for answer in other_answers(READ):
        yield Submission(f"right-{answer.name.rpartition('.')[0]}", spliced(READ, answer), ALL)


def wrong() -> Iterator[Submission]:
    for answer in near_misses(READ):
        lost = {loss.task for loss in answer.loses} | set(answer.also)
        yield Submission(f"wrong-{answer.name}", spliced(READ, answer), ALL - lost)


def hostile() -> Iterator[Submission]:
    yield Submission("untouched", (), frozenset())
    found = [
        case
        for path in sorted((TESTS / "grading" / "attacks").glob("*.yaml"))
        for case in yaml.safe_load(path.read_text())
    ]
    named = {case["name"]: case for case in found}
    for name in ATTACKS:
        case = named[name]
        answers = solution_steps(READ) if case.get("answers") == "all" else ()
        deserves = ALL if case["passed"] == "all" else frozenset()
        yield Submission(f"hostile-{name}", ("import boto3", case["do"], *answers), deserves)
    for number, (name, text) in enumerate(ENDS.items(), start=2):
        steps = list(solution_steps(READ))
        checks = [place for place, step in enumerate(steps) if step.kind == "check"]
        kept = frozenset(str(steps[place].task) for place in checks[:number])
        yield Submission(f"hostile-{name}", [*steps[: checks[number - 1] + 1], text], kept)


@functools.cache
def chosen() -> list[Submission]:
    """All that is right and hostile, as far as they fit, and near-misses from all over the lab."""
    whole, misses = [*right(), *hostile()], list(wrong())
    if len(whole) > COUNT // 2:
        whole = whole[:: -(-len(whole) // (COUNT // 2))]
    left = COUNT - len(whole)
    return [*whole, *(misses[number * len(misses) // left] for number in range(left))]


def notebook(folder: Path, submission: Submission) -> str:
    """The released notebook with what is handed in: its marked cells keep their marks."""
    document = json.loads((folder / "release" / LAB / f"{LAB}.ipynb").read_text())
    released = {cell["id"]: cell for cell in document["cells"]}
    if not submission.steps:
        return json.dumps(document)
    cells = [nbc.code(opening_code(LAB))]
    for step in submission.steps:
        if isinstance(step, str):
            cells.append(nbc.code(step.replace("@MARK@", nbc.MARK)))
        elif step.kind == "check":
            cells.append(released.pop(f"{step.task}_check"))
        else:
            marked = released.pop(f"{step.task}_answer", {"metadata": {}})
            cells.append(nbc.code(_text(step, submission.student)) | {"metadata": marked["metadata"]})
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    return json.dumps(document | {"cells": cells})


def _text(step: Step, student: str) -> str:
    brief = brief_for(READ, student)
    if step.kind == "shell":
        exports = "".join(f"export {name}='{value}'\n" for name, value in brief.env().items())
        return f"%%bash -euo pipefail\n{exports}{step.text}"
    if step.kind == "template":
        values = stack_parameters(step.text, brief, step.place)
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
        return (
            "import boto3\n"
            'stacks = boto3.client("cloudformation")\n'
            f"stacks.create_stack(StackName='answer', TemplateBody={step.text!r}, Parameters={parameters!r},"
            " Capabilities=['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'])\n"
            'stacks.get_waiter("stack_create_complete").wait(StackName="answer", WaiterConfig={"Delay": 1})'
        )
    return step.text


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the mixed submissions, nobody graded."""
    folder = tmp_path_factory.mktemp("mixed") / "clouds-2026"
    make_course(folder, CATALOGUE, labs=[LAB])
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write("\nc.GradeOnAccount.cell_seconds = 90\n")
    nbc.nbgrader(folder, "generate_assignment", LAB)
    submissions = chosen()
    add_students(folder, [Student(each.student) for each in submissions])
    for each in submissions:
        target = folder / "submitted" / each.student / LAB
        target.mkdir(parents=True)
        (target / f"{LAB}.ipynb").write_text(notebook(folder, each))
    return folder


def grade(folder: Path, workers: int) -> None:
    command = [str(Path(sys.executable).parent / "cloudlings"), "course", "grade", LAB]
    subprocess.run([*command, "--workers", str(workers)], cwd=folder, check=True, timeout=3600)


def autograde(folder: Path, workers: int) -> None:
    command = [str(Path(sys.executable).parent / "nbgrader"), "autograde", LAB]
    subprocess.run(command, cwd=folder, check=True, timeout=3600, stderr=subprocess.DEVNULL)


def forget(folder: Path) -> None:
    """As if nobody had been graded."""
    with gradebook(folder) as book:
        for submission in chosen():
            if any(each.student.id == submission.student for each in book.assignment_submissions(LAB)):
                book.remove_submission(LAB, submission.student)
    for name in ("cohort", "autograded", "verdicts"):
        shutil.rmtree(folder / name, ignore_errors=True)


def differences(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """By student, each task whose points are not the expected ones, and who has none."""
    found = nbc.points(folder, LAB)
    wanted = {
        each.student: {task: points if task in each.deserves else 0.0 for task, points in TASKS.items()}
        for each in chosen()
    }
    return {
        student: {task: (found.get(student, {}).get(task), points) for task, points in tasks.items()
                  if found.get(student, {}).get(task) != points}
        for student, tasks in wanted.items() if found.get(student) != tasks
    }  # fmt: skip


@pytest.mark.parametrize(
    ("run", "workers"), [(grade, 1), (grade, 2), (autograde, 1)], ids=["one", "two", "stock"]
)
def test_exact(course: Path, run: Any, workers: int) -> None:
    """Every submission has the expected points, and none is missing."""
    forget(course)
    run(course, workers)
    assert differences(course) == {}
    assert len(nbc.points(course, LAB)) == len(chosen()) == COUNT
