"""What a cohort's run writes is what nbgrader's own steps write, to the byte and to the row."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from cloudlings.errors import GradebookUnavailable
from cloudlings.grading.cohort.gradebook import Recorder
from cloudlings.grading.cohort.submissions import find, stage
from cloudlings.grading.isolation.job import Graded
from cloudlings.grading.nbgrader import grade
from cloudlings.grading.nbgrader.course import Student, add_students, gradebook
from cloudlings.grading.verdict import Status, Verdict
from tests.grading import nbgrader_course as nbc

CASES = {
    case["student"]: case
    for case in nbc.CASES
    if case["student"] in ("right", "partly-right", "corrupt", "checks-replaced-and-multiplied")
}
LATE = """
from nbgrader.plugins import LateSubmissionPlugin

class HalfOff(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2

c.AssignLatePenalties.plugin_class = HalfOff
"""
STREAM = {"output_type": "stream", "name": "stdout", "text": "two\nlines\n"}


@dataclass(frozen=True)
class Written:
    """A gradebook's rows of the lab, and the files beside it with their rights."""

    rows: object
    files: object


@pytest.fixture
def course(copy_course: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A course where one comes late, and one was marked by hand before."""
    folder = copy_course(tmp_path / "clouds-2026")
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(LATE)
    for case in CASES.values():
        nbc.submit(folder, case)
    (folder / "submitted" / "right" / nbc.LAB / "timestamp.txt").write_text("2026-02-02 12:00:00 UTC")
    (folder / "submitted" / "right" / nbc.LAB / "notes.txt").write_text("beside it")
    add_students(folder, [Student(name) for name in CASES])
    with gradebook(folder) as book:
        book.update_or_create_assignment(nbc.LAB, duedate="2026-02-01 12:00:00 UTC")
        book.update_or_create_submission(nbc.LAB, "partly-right")
        marked = book.find_grade("mend-setting", nbc.LAB, nbc.LAB, "partly-right")
        marked.manual_score = 1.5
        book.db.commit()
    return folder


def _found(student: str) -> Graded:
    """Everything passed but the last task of those who are not right; with outputs, and things to tell."""
    verdicts = {}
    for task, points in nbc.TASKS.items():
        earned = student == "right" or task == "keep-note"
        status, gets = (Status.PASSED, points) if earned else (Status.FAILED, 0)
        verdicts[task] = Verdict(nbc.LAB, task, f"The task {task}", status, gets, points, "As it _is_.")
    return Graded(verdicts, {1: [STREAM]}, ["One thing happened."])


def _by_nbgrader(folder: Path, student: str, graded: Graded | None, stage_at: Path) -> None:
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    from cloudlings.grading.nbgrader.course import settings_of

    config = settings_of(folder)
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.assignment_id = nbc.LAB
    directory = CourseDirectory(config=config)
    directory.student_id, directory.submitted_directory = student, str(stage_at.relative_to(folder))
    grade.GIVEN[nbc.LAB, student] = graded or Graded({}, {}, [])
    converter = Autograde(coursedir=directory, config=config)
    converter.force, converter.create_student = True, False
    try:
        converter.start()
    finally:
        del grade.GIVEN[nbc.LAB, student]


def _written(folder: Path) -> Written:
    with gradebook(folder) as book:
        rows = [
            (
                each.student.id,
                str(each.timestamp),
                each.score,
                each.late_submission_penalty,
                each.needs_manual_grade,
                sorted((g.name, g.auto_score, g.manual_score, g.needs_manual_grade) for g in notebook.grades),
                sorted((c.name, c.auto_comment, c.manual_comment) for c in notebook.comments),
            )
            for each in book.assignment_submissions(nbc.LAB)
            for notebook in each.notebooks
        ]
    files = {
        str(path.relative_to(folder)): (path.stat().st_mode, path.read_bytes())
        for top in ("autograded", "verdicts")
        for path in (folder / top).rglob("*")
        if path.is_file()
    }
    return Written(sorted(rows), files)


def test_as_nbgrader(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores, comments, penalties, graded notebooks and the files beside them are nbgrader's, also where a
    submission was graded before."""
    # nbgrader calls alembic by its name.
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    theirs, folders = tmp_path / "theirs" / "clouds-2026", {}
    shutil.copytree(course, theirs)
    config = theirs / "nbgrader_config.py"
    config.write_text(config.read_text().replace(str(course), str(theirs)))
    for folder in (course, theirs):
        recorder = Recorder(folder, nbc.LAB)
        for again in range(2):
            for submission in find(folder, nbc.LAB):
                student = submission.student
                stage(submission, nbc.LAB, recorder.stage)
                graded = None if student == "corrupt" else _found("right" if again else student)
                if folder is course:
                    recorder.write(student, graded)
                else:
                    _by_nbgrader(folder, student, graded, recorder.stage)
                    shutil.rmtree(recorder.stage / student)
            folders[folder, again] = _written(folder)
    for again in range(2):
        assert folders[course, again] == folders[theirs, again]
    rows: Any = folders[course, 1].rows
    assert {row[0]: (row[2], row[3]) for row in rows} == {
        # A mark by hand counts more than what was found.
        "right": (6.0, 3.0),
        "partly-right": (5.5, 0.0),
        "checks-replaced-and-multiplied": (6.0, 0.0),
        "corrupt": (0.0, 0.0),
    }


def test_all_or_nothing(course: Path) -> None:
    """Where the gradebook fails amid a submission, it has nothing of it; written again, it has all."""
    recorder = Recorder(course, nbc.LAB)
    (submission,) = find(course, nbc.LAB, ["right"])
    before = _written(course)
    written: list[str] = []

    def fail(*given: Any) -> None:
        statement = str(given[2])
        written.append(statement)
        if statement.startswith("UPDATE grade") or "INTO comment" in statement:
            raise OperationalError(statement, {}, Exception("the disk is full"))

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        stage(submission, nbc.LAB, recorder.stage)
        with pytest.raises(GradebookUnavailable, match="the disk is full"):
            recorder.write("right", _found("right"))
    finally:
        event.remove(Engine, "before_cursor_execute", fail)
    assert any(statement.startswith("INSERT INTO submitted_assignment") for statement in written)
    assert _written(course) == before
    stage(submission, nbc.LAB, recorder.stage)
    recorder.write("right", _found("right"))
    assert nbc.points(course)["right"] == nbc.TASKS
