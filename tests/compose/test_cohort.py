"""The profile ``cohort``: a scheduler, boxed workers and a PostgreSQL gradebook, graded into from outside.

``make test-compose`` asks for this folder by name; all but the first test need a Docker engine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.grading.nbgrader.course import Student, add_students, make_course
from cloudlings.lab import Catalogue
from tests.compose import test_compose as stack
from tests.grading import nbgrader_course as nbc

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROFILE = ("--profile", "cohort")
SERVICES = ("scheduler", "worker", "gradebook")
PASSWORD = "not-a-secret-here"
LAB = Catalogue(ROOT).names[0]

pytestmark = pytest.mark.timeout(5400)
NEEDS_AN_ENGINE = pytest.mark.skipif(
    stack.COMPOSE is None, reason="needs a Docker engine with compose: none answers"
)


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="needs docker-compose")
def test_only_when_asked_for() -> None:
    """The profile's services are no part of what starts without it, and every port is the loopback's."""
    command = ["docker-compose", *PROFILE, "config"]
    whole = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
    services = yaml.safe_load(whole)["services"]
    assert {name for name, one in services.items() if one.get("profiles") == ["cohort"]} == set(SERVICES)
    for name in SERVICES:
        assert all(str(port).startswith("127.0.0.1:") for port in services[name].get("ports", ()))
        assert list(services[name]["networks"]) == ["cohort"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """The three, up and healthy; taken down with their volumes in the end."""
    made = stack.Course()
    made.scheduler, made.gradebook = stack._free_port(), stack._free_port()
    made.environment |= {
        "SCHEDULER_PORT": made.scheduler, "GRADEBOOK_PORT": made.gradebook, "GRADEBOOK_PASSWORD": PASSWORD,
    }  # fmt: skip
    try:
        # The build reaches the package index by this machine's own network.
        build = ["docker", "build", "--network", "host", "-t", "cloudlings", "."]
        subprocess.run(build, cwd=ROOT, check=True)
        made.compose(*PROFILE, "up", "-d", "--no-build", *SERVICES)
        yield made
    finally:
        made.compose(*PROFILE, "down", "-v", "--timeout", "20")


@NEEDS_AN_ENGINE
def test_graded_in_containers(cluster: Any, tmp_path: Path) -> None:
    """An untouched notebook is graded by a worker in a container, in a box, into the database."""
    folder = tmp_path / "clouds-2026"
    address = f"postgresql+psycopg://grader:{PASSWORD}@127.0.0.1:{cluster.gradebook}/gradebook"
    _until(lambda: make_course(folder, Catalogue(ROOT), labs=[LAB], db_url=address), cluster)
    nbc.nbgrader(folder, "generate_assignment", LAB)
    shutil.copytree(folder / "release" / LAB, folder / "submitted" / "amara" / LAB)
    add_students(folder, [Student("amara")])
    command = [str(Path(sys.executable).parent / "cloudlings"), "course", "grade", LAB]
    command += ["--scheduler", f"tcp://127.0.0.1:{cluster.scheduler}"]
    done = subprocess.run(
        command, cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=900
    )
    shown = done.stdout + done.stderr + cluster.compose(*PROFILE, "logs", "--no-color", "worker")
    assert done.returncode == 0, shown
    assert set(nbc.points(folder, LAB)["amara"].values()) == {0.0}
    assert "1 graded" in shown


@NEEDS_AN_ENGINE
def test_ordinary_users(cluster: Any) -> None:
    """Nothing runs as root in the worker, and it can gain no rights."""
    said = cluster.compose(*PROFILE, "exec", "-T", "worker", "cat", "/proc/self/status")
    status = dict(line.split(":\t", 1) for line in said.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == {"1000"}
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["CapEff"], 16) == 0


def _until(make: Any, cluster: Any) -> None:
    """Makes a course as soon as its database answers."""
    from cloudlings.errors import GradebookUnavailable

    deadline = time.monotonic() + 300
    while True:
        try:
            make()
            return
        except GradebookUnavailable:
            assert time.monotonic() < deadline, cluster.compose(*PROFILE, "logs", "--no-color", "gradebook")
            time.sleep(1)
