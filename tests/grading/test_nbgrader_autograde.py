"""Stock nbgrader commands give each submission exactly the points that its account deserves."""

from __future__ import annotations

import json
import re
from typing import Any

import psutil
import pytest

from cloudlings.grading.isolation import client
from tests.grading import nbgrader_course as nbc

# Only in a box does it not reach its parent.
NOT_WITHOUT = {"kills-its-parent"} if client.why_not() else set()
STUDENTS = {case["student"]: case for case in nbc.CASES if case["student"] not in NOT_WITHOUT}
# What ipykernel sets itself, to show colours and to page.
KERNELS_OWN = {"JPY_PARENT_PID", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER"}


# One worker grades the course for all these tests: some 30 submissions, about 3 s each on a machine at rest.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("nbgrader-course")]
NEEDS_A_BOX = pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}")


@pytest.fixture(scope="module")
def course(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One course, in which everybody's submission was graded by one stock command."""
    return nbc.grade_course(copy_course(tmp_path_factory.mktemp("graded") / "clouds-2026"), STUDENTS)


@pytest.fixture(scope="module")
def unboxed(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A course whose instructor trusts the submissions."""
    folder = copy_course(tmp_path_factory.mktemp("unboxed") / "clouds-2026")
    students = ["right", "writes-the-gradebook"]
    return nbc.grade_course(folder, students, config="c.GradeOnAccount.trust_submissions = True")


@pytest.mark.parametrize("student", STUDENTS)
def test_points(course: Any, student: str) -> None:
    """A submission gets in the gradebook, and in the export, what its account deserves."""
    wanted = STUDENTS[student]["points"]
    assert course.points[student] == wanted, course.said
    row = course.exported[student]
    assert (float(row["score"]), float(row["max_score"])) == (sum(wanted.values()), 6.0)


@pytest.mark.parametrize("student", [name for name, case in STUDENTS.items() if "words" in case])
def test_words(course: Any, student: str) -> None:
    """The feedback says in words what was found, and what happened on the way."""
    for words in STUDENTS[student]["words"]:
        assert words in course.page(student)


def test_comments(course: Any) -> None:
    """Each verdict's words are nbgrader's comment on the task's answer."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.folder / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(nbc.LAB, nbc.LAB, "partly-right")
        comments = {comment.name: comment.comment for comment in submission.comments}
    assert comments["keep-note_answer"] == "✔ Passed: Keep a note · 3 of 3 points"
    assert comments["mend-setting_answer"].endswith("0 of 2 points.\n/notes/setting is set to nope.")


def test_personal_values(course: Any) -> None:
    """A student is graded with the personal values that joining with the student's id gives at home."""
    from cloudlings.lab import Catalogue, brief_for

    lab = Catalogue(nbc.ROOT).header(nbc.LAB)
    for student in ("right", "cells-split"):
        assert brief_for(lab, student).bucket in course.page(student)


@NEEDS_A_BOX
def test_gradebook_out_of_reach(course: Any) -> None:
    """In a box a submission that knows where the gradebook is does not find it."""
    assert "unable to open database file" in course.printed("writes-the-gradebook")


@NEEDS_A_BOX
def test_files_out_of_reach(course: Any) -> None:
    """In a box neither the course's files nor the graders are there."""
    printed = course.printed("writes-the-course")
    assert "opened" not in printed
    assert printed.count("FileNotFoundError") == 2 + len(list((nbc.ROOT / "graders").glob("*.py")))


def test_nobody_else_let_in(course: Any) -> None:
    """Guessed keys of a grader, and the emulators' own paths, are refused."""
    printed = course.printed("calls-as-the-grader")
    assert "let in" not in printed
    assert printed.count("ClientError") == 6
    assert printed.count("HTTPError") == 10


def test_forgers_did_what_they_meant_to(course: Any) -> None:
    """A case that fails before its trick would prove nothing."""
    assert "asked: 200" in course.printed("asks-the-checker")
    assert "127.0.0.1" in course.printed("environment-changed")
    assert "✔ Passed: Keep a note" in html_of(course, "imitated-verdict")


def html_of(course: Any, student: str) -> str:
    return (course.folder / "feedback" / student / nbc.LAB / f"{nbc.LAB}.html").read_text()


def test_outputs_do_not_act(course: Any) -> None:
    """What a learner displays or writes runs no script on the page of who reads it; tables stay."""
    page = html_of(course, "active-outputs").rpartition('id="notebook-container"')[2]
    assert "<td>kept</td>" in page
    assert "data:image/svg+xml;base64," in page
    assert "<script" not in page
    assert not re.search(r"<[^>]* on\w+=", page)
    assert "1 &lt; 2" in page
    assert page.count("/notes/setting is set to") == 2


def test_gradebook_put_back(unboxed: Any) -> None:
    """Without a box it does, and everybody still has what they deserve; the instructor is told."""
    assert "forged grades: " in unboxed.printed("writes-the-gradebook")
    assert "forged grades: 0" not in unboxed.printed("writes-the-gradebook")
    assert unboxed.points == {student: STUDENTS[student]["points"] for student in unboxed.points}
    assert len(unboxed.points) == 2
    assert "writes-the-gradebook: the gradebook was changed while this submission ran" in unboxed.said
    assert "unboxed" in unboxed.said


def test_nothing_left_running(course: Any) -> None:
    """A process that a submission starts ends with it, in whatever session and environment."""
    assert course.points["leaves-a-process"]["keep-note"] == 3
    running = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in running if nbc.MARK in command]


@NEEDS_A_BOX
def test_nothing_handed_out(course: Any) -> None:
    """A kernel's environment and folder tell nothing of the course, the grader or the sandbox's files."""
    seen = course.printed("leaves-a-process").split("seen:")[1].splitlines()[0]
    found = json.loads(seen)
    assert str(course.folder) not in seen
    assert (course.folder / "course_secret").read_text().strip() not in seen
    assert "/sandbox/" not in seen.replace("/cloudlings/sandbox/startup", "")
    assert len(found["tmp"]) <= 3, found["tmp"]
    ours = ("AWS_", "CLOUDLINGS_", "JUPYTER_", "LC_", "PYTHON", "NO_PROXY", "no_proxy", "PYDEVD")
    others = {name for name in found["environment"] if not name.startswith(ours)} - KERNELS_OWN
    assert others <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "IPYTHONDIR",
        "LANG",
        "TZ",
        "MPLBACKEND",
        "SSL_CERT_FILE",
        "PWD",
        "USER",
    }


def test_verdicts_kept(course: Any) -> None:
    """Verdicts are kept with the reads that they rest on, where feedback does not take them from."""
    rows = json.loads((course.folder / "verdicts" / nbc.LAB / "right.json").read_text())
    assert [row["task"] for row in rows] == list(nbc.TASKS)
    assert all(row["evidence"] for row in rows)
    assert [path.name for path in (course.folder / "feedback" / "right" / nbc.LAB).iterdir()] == [
        f"{nbc.LAB}.html"
    ]
