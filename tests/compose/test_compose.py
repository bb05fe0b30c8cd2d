"""``docker compose up``: the course in containers, worked from outside through its published port.

``make test-compose`` asks for this folder by name; it needs a Docker engine and either docker-compose or the
compose plugin.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from cloudlings.lab import Catalogue

ROOT = Path(__file__).resolve().parents[2]
LAB = Catalogue(ROOT).names[0]
SEED = "compose"
WORKER = Path(__file__).with_name("work_through.py")


def _compose() -> list[str] | None:
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], capture_output=True).returncode:
        return None
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


COMPOSE = _compose()
pytestmark = [
    pytest.mark.skipif(COMPOSE is None, reason="needs a Docker engine with compose: none answers"),
    # An image is built from nothing, and copied whole for each container where the engine cannot do better.
    pytest.mark.timeout(3600),
]


def _free_port() -> str:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return str(door.getsockname()[1])


class Course:
    """The project under a name and ports of its own."""

    def __init__(self) -> None:
        self.port, self.jupyter = _free_port(), _free_port()
        # An engine without overlays copies the whole image for each container.
        patience = {"COMPOSE_HTTP_TIMEOUT": "900"}
        ours = {"CLOUDLINGS_PORT": self.port, "JUPYTER_PORT": self.jupyter, **patience}
        self.environment = {**os.environ, **ours, "COMPOSE_PROJECT_NAME": f"cloudlings-test-{os.getpid()}"}

    def compose(self, *words: str, timeout: int = 1200, codes: tuple[int, ...] = (0,)) -> str:
        """Runs one compose command; its output, or a failure that shows it when it ends in another code."""
        assert COMPOSE is not None
        done = subprocess.run(
            [*COMPOSE, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode in codes, f"compose {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def cloudlings(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Runs one of the course's own commands beside the sandbox."""
        return self.compose("exec", "-T", "sandbox", "cloudlings", *words, codes=codes)

    def ready(self) -> None:
        """Waits until both services answer on the ports of this machine."""
        deadline = time.monotonic() + 180
        for url in (f"http://127.0.0.1:{self.port}/", f"http://127.0.0.1:{self.jupyter}/api"):
            while True:
                try:
                    httpx.get(url, timeout=5)
                    break
                except httpx.HTTPError:
                    assert time.monotonic() < deadline, self.compose("logs", "--no-color")
                    time.sleep(0.5)

    def passed(self) -> dict[str, bool]:
        """Which tasks of the lab are passed, as the checker in the container says."""
        shown = json.loads(self.cloudlings("check", LAB, "--seed", SEED, "--json", codes=(0, 1)))
        return {one["task"]: one["status"] == "passed" for one in shown}


@pytest.fixture(scope="module")
def course():
    """Built and up; taken down with its volumes in the end."""
    made = Course()
    try:
        # The build reaches the package index by this machine's own network.
        subprocess.run(
            ["docker", "build", "--network", "host", "-t", "cloudlings", "."], cwd=ROOT, check=True
        )
        made.compose("up", "-d", "--no-build")
        made.ready()
        yield made
    finally:
        made.compose("down", "-v", "--timeout", "20")


def test_a_lab_is_worked_from_outside_and_survives_a_restart(course):
    """The solution earns every task through the published port, and still has them after stop and start."""
    environment = json.loads(course.cloudlings("env", LAB, "--seed", SEED, "--json"))
    assert not any(course.passed().values())
    outside = {**environment["environment"], "AWS_ENDPOINT_URL": f"http://127.0.0.1:{course.port}"}
    subprocess.run(
        [sys.executable, str(WORKER), LAB, SEED],
        env={**os.environ, **outside, "CLOUDLINGS_ENDPOINTS": outside["AWS_ENDPOINT_URL"]},
        check=True,
        timeout=300,
    )
    assert all(course.passed().values()), course.passed()
    course.compose("stop", "--timeout", "20")
    course.compose("start")
    course.ready()
    assert all(course.passed().values()), course.passed()


ASK_A_DATABASE = """
import boto3, psycopg
rds = boto3.client("rds")
rds.create_db_instance(
    DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t3.micro", AllocatedStorage=20,
    MasterUsername="keeper", MasterUserPassword="correct-horse-1", DBName="shop",
)
rds.get_waiter("db_instance_available").wait(DBInstanceIdentifier="shop", WaiterConfig={"Delay": 1})
where = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]["Endpoint"]
with psycopg.connect(
    host=where["Address"], port=where["Port"], user="keeper", password="correct-horse-1", dbname="shop"
) as database:
    print(database.execute("select 6 * 7").fetchone()[0])
"""


def test_a_database_answers_sql(course):
    """The image has PostgreSQL: an instance that is made in the sandbox answers at its endpoint."""
    environment = json.loads(course.cloudlings("env", LAB, "--seed", SEED, "--json"))["environment"]
    variables = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    assert course.compose("exec", "-T", *variables, "sandbox", "python", "-c", ASK_A_DATABASE).strip() == "42"


def test_jupyter_prints_its_address_and_wants_the_token(course):
    """The log holds an address with a token; without the token nobody gets in."""
    assert "token=" in course.compose("logs", "--no-color", "jupyter")
    assert httpx.get(f"http://127.0.0.1:{course.jupyter}/api/contents").status_code == 403


def test_nothing_listens_beyond_this_machine_and_nobody_is_root(course):
    """Ports are published on the loopback only, and the programs run as an ordinary user."""
    published = course.compose("port", "sandbox", "4566")
    assert published.strip() == f"127.0.0.1:{course.port}"
    assert course.compose("exec", "-T", "sandbox", "id", "-u").strip() != "0"
