"""The course that the cohort's benchmark compares with: the same lab, the way a course is graded today."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue, brief_for, solution_steps

ROOT, LAB = Path(__file__).parents[2], "030-s3-policies"
_spec = importlib.util.spec_from_file_location("_stock", ROOT / "benchmarks" / "_stock.py")
assert _spec is not None
assert _spec.loader is not None
stock: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(stock)


def test_same_work() -> None:
    """Every code cell of the lab is in it, in order; each task has its points and an assert of its own."""
    lab = Catalogue(ROOT).read(LAB)
    cells = stock.notebook(ROOT, LAB, "amara").cells[1:]
    marked = [cell for cell in cells if "nbgrader" in cell.metadata]
    assert [cell.source for cell in cells if cell not in marked] == [
        step.text for step in solution_steps(lab) if step.kind != "check"
    ]
    points = {cell.metadata["nbgrader"]["grade_id"]: cell.metadata["nbgrader"]["points"] for cell in marked}
    assert points == {task.name: task.points for task in tasks_of(ROOT, LAB)}
    assert all("assert " in cell.source for cell in marked)


def test_own_values() -> None:
    """Each student's notebook opens with their own values, and with the lab's start state."""
    lab = Catalogue(ROOT).header(LAB)
    opening = stock.notebook(ROOT, LAB, "amara").cells[0].source
    assert json.dumps(brief_for(lab, "amara").flights) in opening
    assert brief_for(lab, "bo").flights not in opening
    assert "def seed(" in opening
