"""A lab's own solution as a submission, to see before a release whether the lab can be graded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.job import Cell, Job
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue, opening_code, solution_steps

_NOBODY = "rehearsal"


def nobodys(root: Path, lab: str, settings: Mapping[str, Any]) -> Job:
    """A job of a lab, without a submission; ``settings`` as `course.grading_settings` gives them."""
    seconds = settings["cell_seconds"], settings["submission_seconds"]
    return Job(str(root), lab, "", [], [], {}, *seconds, Bounds(memory=settings["memory"]))


def job_of(job: Job) -> Job:
    """The solution of a job's lab as a job."""
    root = Path(job.root)
    lab = Catalogue(root).read(job.lab)
    cells = [Cell(0, 1, opening_code(lab.name, _NOBODY), None)]
    for number, step in enumerate(solution_steps(lab), start=1):
        checks = str(step.task) if step.kind == "check" else None
        cells.append(Cell(number, number + 1, step.text if checks is None else "", checks))
    tasks = [task.name for task in tasks_of(root, lab.name)]
    return replace(job, student=_NOBODY, cells=cells, tasks=tasks, files={})
