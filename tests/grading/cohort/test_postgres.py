"""A gradebook in PostgreSQL: graded, taken up again, marked again, reported and exported as in a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")

from cloudlings.errors import GradebookUnavailable
from cloudlings.grading.cohort import grade as cohort
from cloudlings.grading.cohort.export import marks
from cloudlings.grading.cohort.gradebook import Recorder
from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.cohort.regrade import regrade, write
from cloudlings.grading.cohort.report import report
from cloudlings.grading.cohort.submissions import find, stage
from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import CONFIG, Student, add_students, gradebook, make_course
from cloudlings.lab import Catalogue
from cloudlings.sandbox.databases import machine
from tests.grading import nbgrader_course as nbc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("cohort")]
NEEDS = pytest.mark.skipif(
    bool(client.why_not()) or machine.find() is None, reason="needs a box and PostgreSQL's programs"
)
CASES = [case for case in nbc.CASES if case["student"] in ("right", "partly-right", "corrupt")]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course whose gradebook is a database, graded once."""
    folder = tmp_path_factory.mktemp("postgres") / "clouds-2026"
    with nbc.postgres() as address:
        make_course(folder, Catalogue(nbc.ROOT), db_url=address)
        nbc.nbgrader(folder, "generate_assignment", nbc.LAB)
        for case in CASES:
            nbc.submit(folder, case)
        add_students(folder, [Student(case["student"], lms_user_id="48213") for case in CASES])
        run(folder)
        yield folder


def run(folder: Path, **options: Any) -> dict[str, str]:
    """How each submission of one run ended."""
    steps = cohort.grade(folder, nbc.LAB, cohort.Options(workers=1, **options))
    return {step.outcome.student: step.outcome.kind for step in steps}


@NEEDS
def test_graded(course: Path) -> None:
    """Everybody's points are in the database, and no gradebook is made beside it."""
    assert nbc.points(course) == {case["student"]: case["points"] for case in CASES}
    assert not (course / "gradebook.db").exists()
    assert (course / CONFIG).stat().st_mode & 0o077 == 0


@NEEDS
def test_taken_up_again(course: Path) -> None:
    """What was graded and not recorded is recorded, once; nothing is run again."""
    outcomes = Outcomes(course, nbc.LAB)
    right = outcomes.of("right")
    assert right is not None
    outcomes.keep(dataclasses.replace(right, recorded=False))
    with gradebook(course) as book:
        book.remove_submission(nbc.LAB, "right")
    assert run(course, resume=True) == {"right": "graded", "partly-right": "graded", "corrupt": "unreadable"}
    assert outcomes.of("right") == right
    assert nbc.points(course) == {case["student"]: case["points"] for case in CASES}


@NEEDS
def test_stock_autograde(course: Path) -> None:
    """nbgrader's own commands grade into it and export it."""
    nbc.nbgrader(course, "autograde", nbc.LAB, "--student", "right", "--force")
    assert nbc.points(course)["right"] == nbc.TASKS
    assert float(nbc.exported(course)["right"]["score"]) == 6.0


@NEEDS
def test_reported_and_exported(course: Path) -> None:
    """Report and export say the same of it as the gradebook."""
    assert report(course, nbc.LAB).points == {"right": 6.0, "partly-right": 3.0}
    found = {mark.student: (mark.score, mark.most, mark.lms_user_id) for mark in marks(course)}
    assert found == {
        "right": (6.0, 6.0, "48213"), "partly-right": (3.0, 6.0, "48213"), "corrupt": (0.0, 6.0, "48213"),
    }  # fmt: skip


@NEEDS
def test_marked_again(course: Path) -> None:
    """What regrading writes is in the database."""
    found = regrade(course, nbc.LAB)
    assert found.changes == ()
    outcome = Outcomes(course, nbc.LAB).of("partly-right")
    assert outcome is not None
    assert outcome.verdicts is not None
    verdicts = dict(outcome.verdicts.verdicts)
    right = Outcomes(course, nbc.LAB).of("right")
    assert right is not None
    assert right.verdicts is not None
    verdicts["mend-setting"] = right.verdicts.verdicts["mend-setting"]
    results = {"partly-right": dataclasses.replace(outcome.verdicts, verdicts=verdicts)}
    assert list(write(course, nbc.LAB, dataclasses.replace(found, results=results))) == ["partly-right"]
    assert nbc.points(course)["partly-right"] == {"keep-note": 3.0, "mend-setting": 2.0, "count-notes": 0.0}


def test_ends_meanwhile(copy_course: Any, tmp_path: Path) -> None:
    """A gradebook that goes away while a run records is no fault of the submission's: the run says so."""
    folder = copy_course(tmp_path / "clouds-2026")
    nbc.submit(folder, next(case for case in CASES if case["student"] == "corrupt"))
    recorder = Recorder(folder, nbc.LAB)
    (submission,) = find(folder, nbc.LAB)
    stage(submission, nbc.LAB, recorder.stage)
    (folder / "gradebook.db").unlink()
    (folder / "gradebook.db").mkdir()
    with pytest.raises(GradebookUnavailable, match="did not take 990-notes of corrupt") as error:
        recorder.write("corrupt", None)
    assert "--resume" in error.value.next_step


def test_no_answer(tmp_path: Path) -> None:
    """A database that does not answer is named, without its password, and no half a course is left."""
    nowhere = f"postgresql+psycopg://grader:hunter2@/postgres?host={tmp_path}"
    with pytest.raises(GradebookUnavailable, match="does not answer") as error:
        make_course(tmp_path / "clouds-2026", Catalogue(nbc.ROOT), labs=[nbc.LAB], db_url=nowhere)
    assert "grader:***@" in error.value.message
    assert "hunter2" not in str(error.value)
    assert not (tmp_path / "clouds-2026" / CONFIG).exists()


@pytest.mark.parametrize("address", ["gradebook", "oracle+none://x", "mysql://grader@/x"])
def test_no_address(tmp_path: Path, address: str) -> None:
    """An address that is none, or whose driver is missing, is named, and how to write one."""
    with pytest.raises(GradebookUnavailable, match="cannot be used") as error:
        make_course(tmp_path / "clouds-2026", Catalogue(nbc.ROOT), labs=[nbc.LAB], db_url=address)
    assert "postgresql+psycopg://" in error.value.next_step
