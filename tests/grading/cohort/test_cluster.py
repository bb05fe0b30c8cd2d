"""How work is spread over workers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import distributed

from cloudlings.grading.cohort.cluster import spread

_BEGUN_BEFORE = """
import os
from multiprocessing import forkserver

from cloudlings.grading.cohort import cluster

if __name__ == "__main__":
    cluster.begin()
    began = forkserver._forkserver._forkserver_pid
    with cluster.cluster(2, "") as client:
        assert set(client.run(os.getppid).values()) == {began}
    print("forks of it")
"""


def _double(number: int) -> dict[str, Any]:
    return {"twice": 2 * number}


def test_each_job_is_done_once_and_named() -> None:
    """What came of each job comes with its name; what is to be done meanwhile is done once, before it."""
    told: list[Any] = []
    jobs = [(f"job-{number}", (number,)) for number in range(7)]
    with distributed.Client(processes=False, n_workers=1, dashboard_address=None) as client:
        for name, result in spread(client, _double, iter(jobs), lambda: told.append("meanwhile")):
            told.append((name, result["twice"]))
    assert told[0] == "meanwhile"
    assert sorted(told[1:]) == [(f"job-{number}", 2 * number) for number in range(7)]


def test_workers_are_forks_of_the_process_that_began_before(tmp_path: Path) -> None:
    """So what they need is imported while the command reads the course."""
    script = tmp_path / "grade.py"
    script.write_text(_BEGUN_BEFORE)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "forks of it\n", done.stderr
