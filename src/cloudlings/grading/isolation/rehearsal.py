"""A lab's own solution graded before the first of many submissions, so that they find the checks warm.

What came of it is kept with the course: the same lab, graded by the same code, is not rehearsed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cloudlings
from cloudlings.grading.isolation import warming
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.job import Cell, Graded, Job
from cloudlings.grading.tasks import task_of, tasks_of
from cloudlings.grading.verdict import Status
from cloudlings.lab import Catalogue, account_id, brief_for, opening_code, solution_steps

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
    return replace(job, student=_NOBODY, cells=cells, tasks=tasks, files={}, rehearse=False, rehearsal=True)


def learn(job: Job, graded: Graded) -> None:
    """Check a rehearsal's evidence again in this process, for what the checks keep on the way, and make the
    clients that it had to make."""
    # Who only looks for what is kept does without the graders.
    from cloudlings.grading.engine import recheck

    warming.make_clients(graded.clients)
    lab = Catalogue(Path(job.root)).header(job.lab)
    accounts = {name: account_id(lab.name, _NOBODY, name) for name in lab.accounts}
    brief = brief_for(lab, _NOBODY)
    for name, verdict in graded.verdicts.items():
        recheck(verdict, task_of(Path(job.root), lab.name, name), accounts, brief, region=lab.regions[0])


def folder(course: Path) -> Path:
    """Where a course keeps rehearsals, for `Job.kept`."""
    return course / "cohort" / ".rehearsed"


def keep(job: Job, graded: Graded) -> None:
    """Keep what came of a rehearsal in the folder that the job names, if all of it was right. What cannot be
    written is not kept: it can be had again."""
    right = all(verdict.status is Status.PASSED for verdict in graded.verdicts.values())
    if not job.kept or not right:
        return
    path = _path(job)
    draft = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(json.dumps({"of": _made_of(job), **replace(graded, outputs={}).to_json()}))
        draft.replace(path)


def kept(job: Job) -> Graded | None:
    """What is kept of the job's lab; None where nothing is, or lab or code have changed since."""
    try:
        found = json.loads(_path(job).read_text()) if job.kept else {}
        return Graded.from_json(found) if found.get("of") == _made_of(job) else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _path(job: Job) -> Path:
    return Path(job.kept) / f"{job.lab}.json"


def _made_of(job: Job) -> str:
    """The digest of what a rehearsal depends on: the lab, its graders, and all of this program."""
    root, package = Path(job.root), Path(cloudlings.__file__).parent
    grader = root / "graders" / f"test_{job.lab.replace('-', '_')}.py"
    seen = hashlib.sha256()
    for place in (root / "solutions" / job.lab, package):
        for row in sorted(_files(place)):
            seen.update(row.encode())
    seen.update(grader.read_bytes())
    return seen.hexdigest()


def _files(place: Path) -> Iterator[str]:
    """Each source below a folder, with its size and when it was written."""
    for name, folders, files in os.walk(place):
        folders[:] = [each for each in folders if each != "__pycache__"]
        for path in (Path(name, each) for each in files):
            about = path.stat()
            yield f"{path} {about.st_size} {about.st_mtime_ns}\n"
