"""Making a course, its students, its releases."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from cloudlings.cli import main
from cloudlings.errors import CourseError, UnknownLab
from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import (
    add_labs,
    add_students,
    gradebook,
    make_course,
    read_students,
)
from cloudlings.lab import Catalogue
from tests.grading import nbgrader_course as nbc

pytestmark = pytest.mark.xdist_group("nbgrader-made")


@pytest.fixture
def course(copy_course: Any, tmp_path: Path) -> Path:
    """A copy of a course as the commands make and release it."""
    return copy_course(tmp_path / "clouds-2026")


def test_made(course: Path) -> None:
    """A course has its config, each lab's source, an example of a students file, and a secret of its own."""
    assert {path.name for path in course.iterdir()} - {"release", "cohort", ".nbgrader.log"} == {
        "nbgrader_config.py", "source", "students-example.csv", "course_secret", "gradebook.db", ".gitignore",
        "exchange",
    }  # fmt: skip
    assert "### BEGIN SOLUTION" in (course / "source" / nbc.LAB / f"{nbc.LAB}.ipynb").read_text()
    for private in ("course_secret", "gradebook.db"):
        assert stat.S_IMODE((course / private).stat().st_mode) == 0o600
        assert f"{private}" in (course / ".gitignore").read_text()


def test_two_secrets(course: Path, tmp_path: Path) -> None:
    """No two courses share a secret."""
    make_course(tmp_path / "other", Catalogue(nbc.ROOT))
    assert (course / "course_secret").read_text() != (tmp_path / "other" / "course_secret").read_text()


def test_made_twice(course: Path) -> None:
    """A course is not made over a course: nothing in it changes."""
    before = (course / "course_secret").read_text()
    with pytest.raises(CourseError, match="a course already") as error:
        make_course(course, Catalogue(nbc.ROOT))
    assert "cloudlings course add-labs" in error.value.next_step
    assert (course / "course_secret").read_text() == before


def test_bad_names(tmp_path: Path) -> None:
    """A folder's name that nbgrader could not use, and a lab that is not there, make no course."""
    with pytest.raises(CourseError, match="cannot be a course's name"):
        make_course(tmp_path / "my course", Catalogue(nbc.ROOT))
    with pytest.raises(UnknownLab):
        make_course(tmp_path / "clouds", Catalogue(nbc.ROOT), labs=["nonsense"])
    assert list(tmp_path.iterdir()) == []


def test_labs_again(course: Path) -> None:
    """Adding a lab again builds it as it is now, and keeps what an instructor changed beside it."""
    notebook = course / "source" / nbc.LAB / f"{nbc.LAB}.ipynb"
    fresh = notebook.read_bytes()
    notebook.write_text("changed")
    assert add_labs(course, Catalogue(nbc.ROOT), ["notes"]) == (nbc.LAB,)
    assert notebook.read_bytes() == fresh
    assert notebook.with_suffix(".ipynb.before").read_text() == "changed"


def test_students(course: Path, tmp_path: Path) -> None:
    """A students file fills the gradebook, and a second time brings new names up to date."""
    path = tmp_path / "students.csv"
    path.write_text("\ufeffid,first_name,email\namara,Amara,a@example.edu\nm.silva-2@example.edu,,\n")
    add_students(course, read_students(path))
    path.write_text("id,first_name\namara,Ama\n")
    add_students(course, read_students(path))
    with gradebook(course) as book:
        found = {student.id: (student.first_name, student.email) for student in book.students}
    assert found == {"amara": ("Ama", "a@example.edu"), "m.silva-2@example.edu": (None, None)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\namara\n", "no column named id"),
        ("", "no column named id"),
        ("id\namara\namara\n", "amara twice"),
        ("id\namara\n../mateo\n", "students.csv:3: '../mateo' cannot be"),
        ("id\na+b\n", "'a+b' cannot be"),
        ("id\n*\n", "cannot be a student's id"),
        ("id,email\n,x@example.edu\n", "'' cannot be"),
    ],
)
def test_bad_students(tmp_path: Path, text: str, said: str) -> None:
    """A students file that cannot be used says where and why."""
    path = tmp_path / "students.csv"
    path.write_text(text)
    with pytest.raises(CourseError) as error:
        read_students(path)
    assert said in error.value.message
    assert error.value.next_step


def test_no_course(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that is no course, the commands say so and what to do."""
    (tmp_path / "students.csv").write_text("id\namara\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["course", "add-students", "students.csv"])
    said = capsys.readouterr().err
    assert "is no course: it has no nbgrader_config.py" in said
    assert "cloudlings course init" in said


def test_release(course: Path) -> None:
    """A release has each author's starter, no solution, and nothing of the course's secret."""
    text = (course / "release" / nbc.LAB / f"{nbc.LAB}.ipynb").read_text()
    assert [path.name for path in (course / "release" / nbc.LAB).iterdir()] == [f"{nbc.LAB}.ipynb"]
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"]]
    assert sources.count("# YOUR CODE HERE") == 3
    assert "NotImplementedError" not in text
    assert "create_bucket" not in text
    assert (course / "course_secret").read_text().strip() not in text


def test_release_rehearsed(course: Path) -> None:
    """Before a lab goes out, its own solution is graded in a box."""
    if client.why_not():
        pytest.skip(f"needs a box: {client.why_not()}")
    said = nbc.nbgrader(course, "generate_assignment", nbc.LAB, "--force")
    assert f"The solution gets 6 of 6 points: {nbc.LAB} can be graded here" in said


def test_release_of_a_broken_lab(course: Path, tmp_path: Path) -> None:
    """A lab whose own solution does not pass is told of, with the task and what was found; so is a machine
    that has no boxes. Neither keeps a release back."""
    shutil.copytree(nbc.ROOT, tmp_path / "checkout")
    lab = tmp_path / "checkout" / "solutions" / nbc.LAB / "lab.py"
    lab.write_text(lab.read_text().replace('Key="note.txt"', 'Key="other.txt"'))
    with (course / "nbgrader_config.py").open("a") as file:
        file.write(f"\nc.GradeOnAccount.root = {str(tmp_path / 'checkout')!r}\n")
    said = nbc.nbgrader(course, "generate_assignment", nbc.LAB, "--force")
    assert (course / "release" / nbc.LAB / f"{nbc.LAB}.ipynb").exists()
    if client.why_not():
        assert f"{nbc.LAB} cannot be graded on this machine yet: Students' code runs in a box" in said
    else:
        assert f"The solution of {nbc.LAB} gets 3 of 6 points here: do not release it" in said
        assert "keep-note: " in said


def test_release_refused(course: Path) -> None:
    """A source that holds the course's secret is not released."""
    path = course / "source" / nbc.LAB / f"{nbc.LAB}.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"].append(nbc.code((course / "course_secret").read_text()) | {"id": "leak"})
    path.write_text(json.dumps(notebook))
    said = nbc.nbgrader(course, "generate_assignment", nbc.LAB, "--force", expect=1)
    assert "holds the course's secret" in said
    assert not (course / "release" / nbc.LAB).exists()
