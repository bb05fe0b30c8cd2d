"""A cohort's run is killed in every way, and taken up again: everybody is graded once, as in an undisturbed
run; on SQLite and on PostgreSQL.

CLOUDLINGS_SOAK_COHORT sets how many submissions there are (100).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
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
from cloudlings.sandbox.databases import machine
from tests.grading import nbgrader_course as nbc

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


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where the gradebook is: "" for its own file."""
    if request.param == "sqlite":
        yield ""
    elif machine.find() is None:
        pytest.skip("needs PostgreSQL's programs")
    else:
        with nbc.postgres() as address:
            yield address


@pytest.fixture
def course(tmp_path: Path, db_url: str) -> Iterator[Path]:
    """A course with many submissions, nobody graded."""
    folder = tmp_path / "clouds-2026"
    make_course(folder, Catalogue(nbc.ROOT), db_url=db_url)
    nbc.nbgrader(folder, "generate_assignment", nbc.LAB)
    cases = [KINDS[number % len(KINDS)] | {"student": f"s{number:04}"} for number in range(COUNT)]
    for case in cases:
        nbc.submit(folder, case)
    add_students(folder, [Student(case["student"]) for case in cases])
    place = tempfile.mkdtemp(prefix="cl-soak-", dir="/tmp")
    (folder / "left-in").write_text(place)
    yield folder
    shutil.rmtree(place)


def wanted() -> dict[str, Any]:
    return {f"s{number:04}": KINDS[number % len(KINDS)]["points"] for number in range(COUNT)}


def begin(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [str(TOOLS / "cloudlings"), "course", "grade", nbc.LAB, "--resume", *more]
    settings = {"cwd": folder, "env": {**os.environ, "TMPDIR": str(left_in(folder))}}
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True, **settings)


def left_in(folder: Path) -> Path:
    """Where the runs of a course have their temporary files; a short name, as sockets are among them."""
    return Path((folder / "left-in").read_text())


def done(folder: Path) -> int:
    return sum(outcome.recorded for outcome in Outcomes(folder, nbc.LAB))


def until(folder: Path, run: subprocess.Popen[bytes], count: int) -> bool:
    """Whether so many are recorded, while the run still goes on."""
    while run.poll() is None:
        if done(folder) >= count:
            return True
        time.sleep(0.05)
    return False


def workers(run: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Those that grade: Dask forks them from a server of its own, a child of the command."""
    found = []
    # Any of them may have gone by now.
    with suppress(psutil.Error):
        for child in psutil.Process(run.pid).children():
            with suppress(psutil.Error):
                if "multiprocessing.forkserver" in " ".join(child.cmdline()):
                    found += child.children()
    return found


def finish(folder: Path, *more: str) -> None:
    for _ in range(20):
        if begin(folder, *more).wait(3600) == 0:
            break
    assert nbc.points(folder) == wanted(), (folder / "said").read_text()[-3000:]
    assert done(folder) == COUNT
    # What those left that were killed, the next one takes away that makes boxes.
    command = [sys.executable, "-c", "from cloudlings.grading.isolation import leftovers; leftovers.sweep()"]
    subprocess.run(command, env={**os.environ, "TMPDIR": str(left_in(folder))}, check=True, timeout=60)
    assert not list(left_in(folder).glob("cloudlings-boxes-*"))


def test_command_killed(course: Path) -> None:
    """The command is killed again and again, at any moment: nothing is lost, and nothing is there twice."""
    for kill in range(1, COMMAND_KILLS + 1):
        run = begin(course)
        if until(course, run, kill * COUNT // (2 * COMMAND_KILLS)):
            time.sleep(random.random())
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    finish(course)


def test_workers_killed(course: Path) -> None:
    """Workers are killed while they grade: their submissions are graded by others, in the same run."""
    run, killed = begin(course), 0
    while killed < WORKER_KILLS and until(course, run, (killed + 1) * COUNT // (2 * WORKER_KILLS)):
        found = workers(run)
        if found:
            with suppress(psutil.NoSuchProcess):
                random.choice(found).kill()
                killed += 1
    run.wait(3600)
    assert killed >= min(WORKER_KILLS, COUNT // 8)
    assert run.returncode == 0, (course / "said").read_text()[-3000:]
    finish(course)


def test_workers_killed_while_they_start(course: Path) -> None:
    """Workers that are killed before they have begun start anew, and the run goes on."""
    run, killed = begin(course), 0
    while killed < 1 and run.poll() is None:
        for found in workers(run):
            with suppress(psutil.NoSuchProcess):
                found.kill()
                killed += 1
        time.sleep(0.01)
    assert run.wait(3600) == 0, (course / "said").read_text()[-3000:]
    assert killed
    finish(course)


def test_scheduler_killed(course: Path) -> None:
    """A scheduler of its own is killed: the command says so and ends, and the next one goes on."""
    for kill in range(1, SCHEDULER_KILLS + 1):
        with dask_cluster(left_in(course)) as (address, scheduler):
            run = begin(course, "--scheduler", address)
            if until(course, run, kill * COUNT // (2 * SCHEDULER_KILLS)):
                scheduler.kill()
            run.wait(600)
    finish(course)


@contextmanager
def dask_cluster(temporary: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    settings: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    settings["env"] = {**os.environ, "CLOUDLINGS_WORKER_ROOT": str(nbc.ROOT), "TMPDIR": str(temporary)}
    port = address.rpartition(":")[2]
    started = [
        subprocess.Popen(command, **settings)
        for command in (
            [str(TOOLS / "dask"), "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"],
            [str(TOOLS / "cloudlings"), "course", "worker", address],
        )
    ]
    try:
        yield address, started[0]
    finally:
        for each in started:
            each.kill()
            each.wait()
