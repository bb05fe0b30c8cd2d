"""What is in a database outlives a stop, a kill and an undo of its deletion."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudlings.sandbox import Sandbox
from tests.sandbox.databases.conftest import Sql, endpoint, make

pytestmark = pytest.mark.xdist_group("databases")
ACCOUNT = "555566667777"


@pytest.fixture
def kept(home: Path, programs: Any) -> Iterator[Path]:
    """A home whose sandbox is stopped at the end."""
    yield home
    found = Sandbox.find(home)
    if found is not None:
        found.reset(ACCOUNT)
        found.stop()


def client(sandbox: Sandbox) -> Any:
    sandbox.provision(ACCOUNT)
    return sandbox.session(ACCOUNT, "learner", "us-east-1").client("rds")


def test_stop_kill_and_undo(kept: Path, sql: Sql) -> None:
    """Data and endpoint are the same after a stop and after a kill of the gateway, which leaves no server
    behind; an undo of a deletion brings the data back."""
    sandbox = Sandbox.start(kept, port=0)
    place = make(client(sandbox), "shop")
    sql(place, "create table t as select 7 as a")
    sandbox.save()
    sandbox.stop()
    assert "refused" in sql(place, "select 1")

    sandbox = Sandbox.start(kept, port=0)
    assert endpoint(client(sandbox), "shop") == place
    assert sql(place, "insert into t values (8); select count(*) from t") == "2"
    os.kill(sandbox.health()["pid"], signal.SIGKILL)
    assert _until(lambda: "refused" in sql(place, "select 1"))

    sandbox = Sandbox.start(kept, port=0)
    rds = client(sandbox)
    assert endpoint(rds, "shop") == place
    assert sql(place, "select count(*) from t") == "2"
    time.sleep(1.5)  # a snapshot is taken once a second
    rds.delete_db_instance(DBInstanceIdentifier="shop", SkipFinalSnapshot=True)
    assert _until(lambda: "refused" in sql(place, "select 1"))
    sandbox.undo([ACCOUNT])
    assert endpoint(rds, "shop") == place
    assert sql(place, "select count(*) from t") == "2"


def _until(true: Any) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(true())
