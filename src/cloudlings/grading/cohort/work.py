"""What a worker does: one submission, in its own zygote. Sent JSON, and sends JSON: no code travels."""

from __future__ import annotations

import os
import time
from typing import Any

from cloudlings.errors import CloudlingsError, GradingError, SandboxError
from cloudlings.grading.isolation import client, lanes
from cloudlings.grading.isolation.job import Job, failure


def grade_one(line: bytes, root: str = "", lanes_at: str = "") -> dict[str, Any]:
    """What came of a job (`Job.to_line`): ``graded``, or ``failed`` with its kind; and ``seconds``.

    ``root`` is the checkout of this worker's machine, where that is another than the one that sent the job;
    ``lanes_at`` is where a zygote of this machine gives lanes. A sandbox that fails once is not held against
    anybody.
    """
    began = time.perf_counter()
    job = Job.from_line(line)
    here = root or os.environ.get("CLOUDLINGS_WORKER_ROOT", "")
    if here:
        job = Job(**{**vars(job), "root": here})
    try:
        if not lanes_at:
            client.require()
        graded = _twice(lanes.shared(lanes_at), job)
    except CloudlingsError as error:
        return {"failed": failure(error), "seconds": time.perf_counter() - began}
    except Exception as error:
        fault = GradingError(f"{type(error).__name__}: {error}", next_step="report this fault of cloudlings")
        return {"failed": failure(fault), "seconds": time.perf_counter() - began}
    return {"graded": graded, "seconds": time.perf_counter() - began}


def _twice(zygote: client.Zygote, job: Job) -> dict[str, Any]:
    try:
        return zygote.grade(job).to_json()
    except SandboxError:
        return zygote.grade(job).to_json()


def trust_one(line: bytes, folder: str) -> dict[str, Any]:
    """As `grade_one`, without a box, for submissions that are trusted; ``folder`` is what was handed in."""
    from pathlib import Path

    from cloudlings.grading.nbgrader import run
    from cloudlings.grading.nbgrader.submission import Limits, Submission

    began = time.perf_counter()
    job = Job.from_line(line)
    limits = Limits(job.cell_seconds, job.submission_seconds, 4 * job.bounds.memory)
    submission = Submission(Path(job.root), job.lab, job.student, Path(folder))
    try:
        graded = run.grade(submission, job.cells, job.tasks, limits).to_json()
    except CloudlingsError as error:
        return {"failed": failure(error), "seconds": time.perf_counter() - began}
    return {"graded": graded, "seconds": time.perf_counter() - began}
