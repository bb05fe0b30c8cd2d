"""The course's own labs in nbgrader: the solution handed in earns every point, the release none."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.nbgrader.course import make_course
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue

_spec = importlib.util.spec_from_file_location(
    "nbgrader_course", Path(__file__).parent / "nbgrader_course.py"
)
assert _spec is not None
assert _spec.loader is not None
nbc: Any = importlib.util.module_from_spec(_spec)
sys.modules["nbgrader_course"] = nbc
_spec.loader.exec_module(nbc)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("lab", ["000-orientation", "030-s3-policies"])
def test_lab(lab: str, tmp_path: Path) -> None:
    """From source to export with stock commands."""
    folder = tmp_path / "clouds-2026"
    make_course(folder, Catalogue(ROOT), labs=[lab])
    nbc.nbgrader(folder, "generate_assignment", lab)
    for student, given in (("solved", "source"), ("untouched", "release")):
        shutil.copytree(folder / given / lab, folder / "submitted" / student / lab)
    said = nbc.nbgrader(folder, "autograde", lab)
    tasks = {task.name: float(task.points) for task in tasks_of(ROOT, lab)}
    assert nbc.points(folder, lab) == {"solved": tasks, "untouched": dict.fromkeys(tasks, 0.0)}, said
    rows = nbc.exported(folder, lab)
    assert float(rows["solved"]["score"]) == sum(tasks.values()) == float(rows["solved"]["max_score"])
    nbc.nbgrader(folder, "generate_feedback", lab)
    page = (folder / "feedback" / "untouched" / lab / f"{lab}.html").read_text()
    assert page.count("○ Not attempted") >= len(tasks)
