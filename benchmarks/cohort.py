"""A cohort graded: submissions a minute by `cloudlings course grade`, by `nbgrader autograde` with our
bridge, and the way a course is graded today: stock `nbgrader autograde`, a moto server in each kernel, the
checks as asserts.

CLOUDLINGS_BENCH_COHORT sets how many submissions there are (40).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nbformat import v4

from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.nbgrader.course import Student, add_students, gradebook, make_course
from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[1]
LAB = "030-s3-policies"
COUNT = int(os.environ.get("CLOUDLINGS_BENCH_COHORT", "40"))
TOOLS = Path(sys.executable).parent
# A bucket for each task, and a moto server that the kernel starts: less work than the lab's.
_STOCK = """\
import boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0)
server.start()
url = "http://%s:%s" % server.get_host_and_port()
keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys)
"""
_TASKS = 8


def run() -> dict[str, Any]:
    """Submissions a minute of each way, their ratios, and the milliseconds of a check at the median."""
    with tempfile.TemporaryDirectory(prefix="cloudlings-bench-") as folder:
        ours, stock = Path(folder) / "ours", Path(folder) / "stock"
        _make_ours(ours)
        _make_stock(stock)
        today = _timed(["nbgrader", "autograde", "buckets"], stock)
        bridge = _timed(["nbgrader", "autograde", LAB, "--force"], ours)
        by_bridge = _scores(ours)
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
    for number in range(COUNT):
        target = folder / "submitted" / f"s{number:03}" / LAB
        target.mkdir(parents=True)
        shutil.copy(folder / "source" / LAB / f"{LAB}.ipynb", target)
    add_students(folder, [Student(f"s{number:03}") for number in range(COUNT)])


def _make_stock(folder: Path) -> None:
    source = folder / "source" / "buckets"
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'stock'\n")
    cells = [v4.new_code_cell(_STOCK)]
    for number in range(_TASKS):
        cells.append(v4.new_code_cell(f's3.create_bucket(Bucket="bucket-{number}")'))
        names = '[each["Name"] for each in s3.list_buckets()["Buckets"]]'
        marks = {"grade_id": f"check-{number}", "points": 1, "schema_version": 3, "cell_type": "code"}
        marks |= {"grade": True, "locked": True, "solution": False, "task": False}
        cells.append(v4.new_code_cell(f'assert "bucket-{number}" in {names}', metadata={"nbgrader": marks}))
    (source / "buckets.ipynb").write_text(json.dumps(v4.new_notebook(cells=cells)))
    _call(["nbgrader", "generate_assignment", "buckets"], folder)
    for number in range(COUNT):
        target = folder / "submitted" / f"s{number:03}" / "buckets"
        shutil.copytree(folder / "release" / "buckets", target)


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
