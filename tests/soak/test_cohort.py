"""A cohort's run is killed in every way, and taken up again: everybody is graded once, as in an undisturbed
run.

CLOUDLINGS_SOAK_COHORT sets how many submissions there are (100).
"""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import Student, add_students, make_course
from cloudlings.lab import Catalogue

_spec = importlib.util.spec_from_file_location(
    "nbgrader_course", Path(__file__).parents[1] / "grading" / "nbgrader_course.py"
)
assert _spec is not None
assert _spec.loader is not None
nbc: Any = importlib.util.module_from_spec(_spec)
sys.modules["nbgrader_course"] = nbc
_spec.loader.exec_module(nbc)

COUNT = int(os.environ.get("CLOUDLINGS_SOAK_COHORT", "100"))
WORKER_KILLS, COMMAND_KILLS, SCHEDULER_KILLS = 10, 5, 5
KINDS = [
    case
    for case in nbc.CASES
    if case["student"] in ("right", "partly-right", "untouched", "exits", "corrupt")
]
TOOLS = Path(sys.executable).parent

pytestmark = [
    pytest.mark.timeout(7200),
    pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}"),
]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course with many submissions, nobody graded."""
    folder = tmp_path / "clouds-2026"
    make_course(folder, Catalogue(nbc.ROOT))
    nbc.nbgrader(folder, "generate_assignment", nbc.LAB)
    cases = [KINDS[number % len(KINDS)] | {"student": f"s{number:04}"} for number in range(COUNT)]
    for case in cases:
        nbc.submit(folder, case)
    add_students(folder, [Student(case["student"]) for case in cases])
    return folder


def wanted() -> dict[str, Any]:
    return {f"s{number:04}": KINDS[number % len(KINDS)]["points"] for number in range(COUNT)}


def begin(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [str(TOOLS / "cloudlings"), "course", "grade", nbc.LAB, "--resume", *more]
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, start_new_session=True)


def done(folder: Path) -> int:
    return sum(outcome.recorded for outcome in Outcomes(folder, nbc.LAB))


def until(folder: Path, run: subprocess.Popen[bytes], count: int) -> bool:
    """Whether so many are recorded while the run still goes on."""
    while run.poll() is None:
        if done(folder) >= count:
            return True
        time.sleep(0.05)
    return False


def workers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those that grade: the command's descendants that have a zygote."""
    found = []
    for zygote in psutil.process_iter():
        # Any of them may have gone by now.
        with suppress(psutil.Error):
            if "cloudlings.grading.isolation.zygote" in zygote.cmdline():
                parent = zygote.parent()
                above = [] if parent is None else [each.pid for each in parent.parents()]
                if parent is not None and run.pid in above and "zygote" not in " ".join(parent.cmdline()):
                    found.append(parent)
    return found


def finish(folder: Path, *more: str) -> None:
    for _ in range(20):
        if begin(folder, *more).wait(3600) == 0:
            break
    assert nbc.points(folder) == wanted(), (folder / "said").read_text()[-3000:]
    assert done(folder) == COUNT


def test_command_killed(course: Path) -> None:
    """The command is killed again and again, at any moment: nothing is lost, and nothing is there twice."""
    for kill in range(1, COMMAND_KILLS + 1):
        run = begin(course)
        if until(course, run, kill * COUNT // (COMMAND_KILLS + 2)):
            time.sleep(random.random())
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    finish(course)


def test_workers_killed(course: Path) -> None:
    """Workers are killed while they grade: their submissions are graded by others, in the same run."""
    run, killed = begin(course), 0
    while killed < WORKER_KILLS and until(course, run, (killed + 1) * COUNT // (WORKER_KILLS + 2)):
        found = workers(run)
        if found:
            with suppress(psutil.NoSuchProcess):
                random.choice(found).kill()
                killed += 1
    run.wait(3600)
    assert killed >= min(WORKER_KILLS, COUNT // 4)
    finish(course)


def test_scheduler_killed(course: Path) -> None:
    """A scheduler of its own is killed: the command says so and ends, and the next one goes on."""
    for kill in range(1, SCHEDULER_KILLS + 1):
        with dask_cluster() as (address, scheduler):
            run = begin(course, "--scheduler", address)
            if until(course, run, kill * COUNT // (SCHEDULER_KILLS + 2)):
                scheduler.kill()
            run.wait(600)
    finish(course)


@contextmanager
def dask_cluster() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    settings = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen([str(TOOLS / "dask"), *words, "--no-dashboard"], **settings)
        for words in (
            ["scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2]],
            ["worker", address, "--nworkers", "2", "--nthreads", "1", "--host", "127.0.0.1"],
        )
    ]
    try:
        yield address, started[0]
    finally:
        for each in started:
            each.kill()
            each.wait()
