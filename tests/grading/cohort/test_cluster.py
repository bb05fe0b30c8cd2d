"""How work is spread over workers."""

from __future__ import annotations

from typing import Any

import distributed

from cloudlings.grading.cohort.cluster import spread


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
