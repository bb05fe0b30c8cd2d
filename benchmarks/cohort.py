"""A cohort graded: submissions a minute by `cloudlings course grade`, by `nbgrader autograde` with our
bridge, and the way a course is graded today: stock `nbgrader autograde` with a moto server in each kernel
(`_stock` tells what is equal). The same submissions three times, and the same scores.

CLOUDLINGS_BENCH_COHORT sets how many submissions there are (40).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import _stock
from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.nbgrader.course import Student, add_students, gradebook, make_course
from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[1]
LAB = "030-s3-policies"
COUNT = int(os.environ.get("CLOUDLINGS_BENCH_COHORT", "40"))
STUDENTS = [f"s{number:03}" for number in range(COUNT)]
TOOLS = Path(sys.executable).parent


def run() -> dict[str, Any]:
    """Submissions a minute of each way, their ratios, and the milliseconds of a check at the median."""
    with tempfile.TemporaryDirectory(prefix="cloudlings-bench-") as folder:
        ours, stock = Path(folder) / "ours", Path(folder) / "stock"
        _make_ours(ours)
        _make_stock(stock)
        today = _timed(["nbgrader", "autograde", LAB, "--create"], stock)
        bridge = _timed(["nbgrader", "autograde", LAB, "--force"], ours)
        by_bridge = _scores(ours)
        assert _scores(stock) == by_bridge, "the stock way must give the same scores"
        cohort = _timed(["cloudlings", "course", "grade", LAB, "--workers", "2"], ours)
        assert _scores(ours) == by_bridge, "both ways must give the same scores"
        checks = _checks(ours)
    return {
        "submissions": COUNT,
        "a_minute": {"stock_nbgrader": today, "our_bridge": bridge, "course_grade": cohort},
        "times_stock": cohort / today,
        "times_bridge": cohort / bridge,
        "check_median_ms": checks[len(checks) // 2],
    }


def _make_ours(folder: Path) -> None:
    make_course(folder, Catalogue(ROOT), labs=[LAB])
    _call(["nbgrader", "generate_assignment", LAB], folder)
    for student in STUDENTS:
        target = folder / "submitted" / student / LAB
        target.mkdir(parents=True)
        shutil.copy(folder / "source" / LAB / f"{LAB}.ipynb", target)
    add_students(folder, [Student(student) for student in STUDENTS])


def _make_stock(folder: Path) -> None:
    _stock.make_course(folder, ROOT, LAB)
    _call(["nbgrader", "generate_assignment", LAB], folder)
    for student in STUDENTS:
        _stock.hand_in(folder, ROOT, LAB, student)


def _timed(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    _call(command, folder)
    return COUNT / (time.perf_counter() - began) * 60


def _call(command: list[str], folder: Path) -> None:
    path = os.pathsep.join((str(TOOLS), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, "CLOUDLINGS_ROOT": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _scores(folder: Path) -> dict[str, float]:
    with gradebook(folder) as book:
        return {each.student.id: float(each.score) for each in book.assignment_submissions(LAB)}


def _checks(folder: Path) -> list[float]:
    graded = [outcome.verdicts for outcome in Outcomes(folder, LAB)]
    return sorted(v.seconds * 1000 for each in graded if each for v in each.verdicts.values())
