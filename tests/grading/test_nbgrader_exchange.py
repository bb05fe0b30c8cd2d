"""The way of an assignment through nbgrader's exchange: out, back, graded, and the feedback out again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbgrader.utils import get_username

from tests.grading import nbgrader_course as nbc

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nbgrader-made")]


def as_student(home: Path, course: Path, *arguments: str) -> str:
    """One of nbgrader's commands as a student types it, who has no course folder."""
    home.mkdir(exist_ok=True)
    settings = {"HOME": str(home), "PATH": os.environ["PATH"]}
    where = [f"--Exchange.root={course / 'exchange'}", "--course", course.name]
    command = [str(Path(sys.executable).parent / "nbgrader"), *arguments, *where]
    done = subprocess.run(command, cwd=home, env=settings, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_out_and_back(copy_course: Any, tmp_path: Path) -> None:
    """A released lab is fetched, handed in, collected, graded; its feedback is fetched."""
    course, home, student = copy_course(tmp_path / "clouds-2026"), tmp_path / "home", get_username()
    nbc.nbgrader(course, "release_assignment", nbc.LAB)
    as_student(home, course, "fetch_assignment", nbc.LAB)
    assert (home / nbc.LAB / f"{nbc.LAB}.ipynb").read_text() == (
        course / "release" / nbc.LAB / f"{nbc.LAB}.ipynb"
    ).read_text()
    as_student(home, course, "submit", nbc.LAB)
    nbc.nbgrader(course, "collect", nbc.LAB)
    assert (course / "submitted" / student / nbc.LAB / "timestamp.txt").is_file()
    nbc.nbgrader(course, "autograde", nbc.LAB)
    assert nbc.points(course) == {student: dict.fromkeys(nbc.TASKS, 0.0)}
    nbc.nbgrader(course, "generate_feedback", nbc.LAB)
    nbc.nbgrader(course, "release_feedback", nbc.LAB)
    as_student(home, course, "fetch_feedback", nbc.LAB)
    (page,) = (home / nbc.LAB / "feedback").rglob("*.html")
    assert "Not attempted" in page.read_text()
    assert nbc.exported(course)[student]["timestamp"] != "None"
