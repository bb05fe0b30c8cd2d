"""Grading all submissions of a lab: found, sent to workers, kept, recorded. Each ends with an outcome."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, CourseError, GradebookUnavailable
from cloudlings.grading.cohort import gradebook, work
from cloudlings.grading.cohort.cluster import cluster, spread
from cloudlings.grading.cohort.gradebook import Recorder
from cloudlings.grading.cohort.outcomes import Outcome, Outcomes
from cloudlings.grading.cohort.submissions import Submission, find, job, stage, unreadable
from cloudlings.grading.isolation import client
from cloudlings.grading.isolation.job import Job, raised
from cloudlings.grading.isolation.lanes import Lanes, lanes
from cloudlings.grading.nbgrader.restore import SourceCell
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue

# From so many submissions on, a rehearsal costs less than it saves.
_MANY = 20


@dataclass(frozen=True)
class Options:
    """How a cohort is graded. ``students``: these only, all where empty. ``resume``: what has an outcome for
    the same work stays. ``trust``: without a box.
    """

    students: tuple[str, ...] = ()
    workers: int = 2
    scheduler: str = ""
    resume: bool = False
    trust: bool = False


@dataclass(frozen=True)
class Progress:
    """One more submission is done. ``total`` counts all of this run, those kept from before too."""

    outcome: Outcome
    done: int
    total: int


@dataclass(frozen=True)
class Run:
    """One run: the course and what it grades with."""

    course: Path
    root: Path
    lab: str
    source: Sequence[SourceCell]
    tasks: tuple[str, ...]
    settings: dict[str, Any]


def grade(course: Path, lab: str, options: Options) -> Iterator[Progress]:
    """Grades, and tells of each submission as it is done; whoever stops listening has lost nothing.

    Errors: GradingError where no box can be had and nobody said to go without; CourseError, UnknownLab.
    """
    with contextlib.ExitStack() as stack:
        zygote = None
        if not options.trust and not options.scheduler:
            # It starts while this process reads the course.
            zygote = stack.enter_context(lanes())
            client.require()
        yield from _graded(prepare(course.absolute(), lab), options, zygote)


def _graded(run: Run, options: Options, zygote: Lanes | None) -> Iterator[Progress]:
    found = find(run.course, run.lab, options.students)
    missing = set(options.students) - {each.student for each in found}
    if missing or not found:
        raise CourseError(
            f"Nothing was handed in for {run.lab}"
            + (f" by {', '.join(sorted(missing))}." if missing else "."),
            next_step=f"put notebooks into submitted/STUDENT/{run.lab}/, or: cloudlings course collect",
        )
    outcomes = Outcomes(run.course, run.lab)
    for done, outcome in enumerate(_outcomes(run, found, outcomes, options, zygote), start=1):
        yield Progress(outcome, done, len(found))


def prepare(course: Path, lab: str) -> Run:
    """What a lab is graded with in a course."""
    settings = dict(gradebook.settings(course))
    catalogue = Catalogue(Path(settings["root"])) if settings["root"] else Catalogue.here()
    name = catalogue.name(lab)
    source = gradebook.source_cells(course, name)
    tasks = tuple(task.name for task in tasks_of(catalogue.root, name))
    return Run(course, catalogue.root, name, source, tasks, settings)


def _outcomes(
    run: Run, found: Sequence[Submission], outcomes: Outcomes, options: Options, zygote: Lanes | None
) -> Iterator[Outcome]:
    known = gradebook.students_of(run.course)
    recorder = Recorder(run.course, run.lab)
    to_run: dict[str, Submission] = {}
    for submission in found:
        before = outcomes.of(submission.student) if options.resume else None
        if before is not None and before.digest == submission.digest and before.kind != "ungraded":
            yield before if before.recorded else _record(before, submission, recorder, outcomes)
        elif at_once := _without_running(submission, known):
            yield _record(at_once, submission, recorder, outcomes)
        else:
            to_run[submission.student] = submission
    if to_run:
        for student, result in _results(run, to_run, options, zygote):
            submission = to_run[student]
            yield _record(_outcome(submission, result), submission, recorder, outcomes)


def _without_running(submission: Submission, known: Collection[str]) -> Outcome | None:
    """The outcome of what need not, or must not, be run."""
    if submission.student not in known:
        why = f"There is no student {submission.student!r} in the gradebook: nothing is recorded."
        return Outcome(submission.student, submission.digest, "refused", why)
    why = unreadable(submission)
    return Outcome(submission.student, submission.digest, "unreadable", why) if why else None


def _results(
    run: Run, found: dict[str, Submission], options: Options, zygote: Lanes | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    work_of = work.trust_one if options.trust else work.grade_one

    settings = run.settings | {"rehearse": len(found) >= _MANY}

    def job_of(submission: Submission) -> Job:
        return job(submission, run.lab, run.root, run.source, run.tasks, settings)

    def jobs() -> Iterator[tuple[str, tuple[Any, ...]]]:
        for student, submission in found.items():
            made = job_of(submission)
            more = (str(submission.folder),) if options.trust else ("", zygote.address if zygote else "")
            yield student, (made.to_line(), *more)

    if zygote is not None:
        zygote.make_ready_for(job_of(next(iter(found.values()))))
    # More workers than there is work for would only be waited for.
    workers = max(1, min(options.workers, len(found)))
    with cluster(workers, options.scheduler) as made:
        yield from spread(made, work_of, jobs())


def _outcome(submission: Submission, result: dict[str, Any]) -> Outcome:
    if "failed" in result:
        error = raised(result["failed"])
        why = f"{error.message} It has no score, which is not a zero."
        return Outcome(submission.student, submission.digest, "ungraded", why, seconds=result["seconds"])
    return Outcome(
        submission.student,
        submission.digest,
        "graded",
        " ".join((*submission.notes, *result["graded"]["notes"])),
        result["graded"],
        seconds=result["seconds"],
    )


def _record(outcome: Outcome, submission: Submission, recorder: Recorder, outcomes: Outcomes) -> Outcome:
    """Keeps an outcome, and then has the gradebook follow: cut short in between, it follows next time."""
    outcomes.keep(outcome)
    if outcome.kind in ("graded", "unreadable"):
        stage(submission, recorder.lab, recorder.stage)
        try:
            recorder.write(outcome.student, outcome.verdicts, submission.notes)
        except GradebookUnavailable:
            # It is kept, and not recorded: that is all that is missing.
            raise
        except CloudlingsError as error:
            failed = replace(outcome, kind="ungraded", message=error.message)
            outcomes.keep(failed)
            return failed
    outcome = replace(outcome, recorded=True)
    outcomes.keep(outcome)
    return outcome
