"""A worker of a running Dask cluster: it grades with its own checkout, in boxes, or does not start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloudlings.errors import GradingError
from cloudlings.grading.cohort import worker
from cloudlings.grading.isolation import client


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What this process would become."""
    found: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda _, command, variables: found.append((command, variables)))
    return found


def test_becomes_dasks(
    started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It becomes Dask's worker: processes of one thread, without a memory limit, named if asked."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(client, "why_not", lambda: "")
    monkeypatch.setenv("CLOUDLINGS_WORKER_ROOT", str(tmp_path))
    worker.serve("tcp://127.0.0.1:1", 3, "pod-7")
    ((command, variables),) = started
    assert Path(command[0]).name == "dask"
    assert command[1:5] == ["worker", "tcp://127.0.0.1:1", "--nworkers", "3"]
    assert command[5:9] == ["--nthreads", "1", "--memory-limit", "0"]
    assert command[-2:] == ["--name", "pod-7"]
    assert variables["CLOUDLINGS_WORKER_ROOT"] == str(tmp_path)


def test_own_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """It grades with the checkout that it is started in, where nothing names another."""
    monkeypatch.delenv("CLOUDLINGS_WORKER_ROOT", raising=False)
    root = Path(__file__).parents[1] / "course"
    monkeypatch.setenv("CLOUDLINGS_ROOT", str(root))
    assert worker.environment()["CLOUDLINGS_WORKER_ROOT"] == str(root)


def test_refuses(started: list[tuple[list[str], dict[str, str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no box can be had it does not start: it would leave every submission ungraded."""
    monkeypatch.setattr(client, "why_not", lambda: "Operation not permitted")
    with pytest.raises(GradingError, match="Operation not permitted"):
        worker.serve("tcp://127.0.0.1:1", 1)
    assert started == []
