"""A worker of a running Dask cluster, on this machine: it grades in boxes, or does not start."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from cloudlings.errors import GradingError
from cloudlings.grading.isolation import client
from cloudlings.lab import Catalogue

_ROOT = "CLOUDLINGS_WORKER_ROOT"


def serve(address: str, workers: int, name: str = "") -> None:
    """Become a Dask worker with so many processes, which ask the scheduler at ``address`` for submissions.

    Never returns. Errors: GradingError where no box can be had, or dask.distributed is missing; LabError
    where no checkout is found.
    """
    client.require()
    if importlib.util.find_spec("distributed") is None:
        raise GradingError(
            "A worker needs dask.distributed, which is not installed.",
            next_step="pip install 'cloudlings[cohort]'",
        )
    command = command_of(address, workers, name)
    os.execve(command[0], command, environment())


def command_of(address: str, workers: int, name: str = "") -> list[str]:
    """Dask's own command: processes of one thread, as each has one zygote; no memory limit but the boxes'."""
    named = ["--name", name] if name else []
    return [
        str(Path(sys.executable).parent / "dask"), "worker", address, "--nworkers", str(workers),
        "--nthreads", "1", "--memory-limit", "0", "--no-dashboard", *named,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """This one's, with the checkout that this machine grades with."""
    root = os.environ.get(_ROOT) or str(Catalogue.here().root.absolute())
    return {**os.environ, _ROOT: root, "DASK_DISTRIBUTED__WORKER__DAEMON": "False"}
