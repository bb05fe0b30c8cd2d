"""Real databases: skipped, by name, where this machine has no PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cloudlings.sandbox.databases import machine

USER, PASSWORD = "keeper", "correct-horse-1"


@pytest.fixture(scope="session")
def programs() -> machine.Programs:
    """This machine's PostgreSQL."""
    found = machine.find()
    if found is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    return found


Sql = Callable[..., str]


@pytest.fixture(scope="session")
def sql(programs: machine.Programs) -> Sql:
    """Ask a database as a client does: what it answers, or the error that it gives."""

    def ask(
        endpoint: dict[str, Any], statement: str, *, user: str = USER, password: str = PASSWORD, **more: str
    ) -> str:
        where = {"host": endpoint["Address"], "port": endpoint["Port"], "user": user}
        said = {**where, "dbname": "shop", "connect_timeout": 20, **more}
        ran = subprocess.run(
            [
                programs.path("psql"),
                "-XqAt",
                " ".join(f"{key}={value}" for key, value in said.items()),
                "-c",
                statement,
            ],
            env={"PGPASSWORD": password, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
        )
        return (ran.stdout or ran.stderr).strip()

    return ask


def make(rds: Any, name: str, **more: Any) -> dict[str, Any]:
    """A PostgreSQL instance, and its endpoint."""
    asked = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "MasterUsername": USER,
        "DBName": "shop",
    }
    if "ManageMasterUserPassword" not in more:
        asked["MasterUserPassword"] = PASSWORD
    rds.create_db_instance(DBInstanceIdentifier=name, **(asked | more))
    return endpoint(rds, name)


def shown(rds: Any, name: str) -> dict[str, Any]:
    """An instance as RDS describes it."""
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    return found


def endpoint(rds: Any, name: str) -> dict[str, Any]:
    """An instance's endpoint."""
    found: dict[str, Any] = shown(rds, name)["Endpoint"]
    return found


@pytest.fixture
def rds(learner: boto3.Session) -> Any:
    """The learner's client, in an account of the test's own."""
    return learner.client("rds")
