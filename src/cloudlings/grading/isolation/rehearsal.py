"""A lab's own solution graded before the first of many submissions, so that they find the checks warm."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cloudlings.grading.engine import recheck
from cloudlings.grading.isolation import warming
from cloudlings.grading.isolation.job import Cell, Graded, Job
from cloudlings.grading.tasks import task_of, tasks_of
from cloudlings.lab import Catalogue, account_id, brief_for, opening_code, solution_steps

_NOBODY = "rehearsal"


def job_of(job: Job) -> Job:
    """The solution of a job's lab as a job."""
    root = Path(job.root)
    lab = Catalogue(root).read(job.lab)
    cells = [Cell(0, 1, opening_code(lab.name, _NOBODY), None)]
    for number, step in enumerate(solution_steps(lab), start=1):
        checks = str(step.task) if step.kind == "check" else None
        cells.append(Cell(number, number + 1, step.text if checks is None else "", checks))
    tasks = [task.name for task in tasks_of(root, lab.name)]
    return replace(job, student=_NOBODY, cells=cells, tasks=tasks, files={}, rehearsal=True)


def learn(job: Job, line: bytes) -> None:
    """Check the rehearsal's evidence again in this process, for what the checks keep on the way, and make the
    clients that it had to make."""
    said = json.loads(line)
    warming.make_clients(said["clients"])
    lab = Catalogue(Path(job.root)).header(job.lab)
    accounts = {name: account_id(lab.name, _NOBODY, name) for name in lab.accounts}
    brief = brief_for(lab, _NOBODY)
    for name, verdict in Graded.from_json(said).verdicts.items():
        recheck(verdict, task_of(Path(job.root), lab.name, name), accounts, brief, region=lab.regions[0])
