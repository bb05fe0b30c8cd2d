"""Grading all submissions of a lab: found, sent to workers, kept, recorded. Each ends with an outcome."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, CourseError, GradebookUnavailable, NotebookError
from cloudlings.grading.cohort import gradebook, work
from cloudlings.grading.cohort.cluster import cluster, spread
from cloudlings.grading.cohort.gradebook import Recorder
from cloudlings.grading.cohort.outcomes import Outcome, Outcomes
from cloudlings.grading.cohort.submissions import Submission, find, job, stage
from cloudlings.grading.isolation import client, rehearsal
from cloudlings.grading.isolation.job import Job, raised
from cloudlings.grading.isolation.lanes import Lanes, lanes
from cloudlings.grading.nbgrader.course import grading_settings
from cloudlings.grading.nbgrader.restore import SourceCell
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue

# From so many submissions on, what makes a fork cheap costs less than it saves.
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
    settings: dict[str, Any]

    @functools.cached_property
    def source(self) -> Sequence[SourceCell]:
        """The assignment's cells. Errors: CourseError where the gradebook has none."""
        return gradebook.source_cells(self.course, self.lab)

    @functools.cached_property
    def tasks(self) -> tuple[str, ...]:
        """The names of the lab's tasks."""
        return tuple(task.name for task in tasks_of(self.root, self.lab))

    @functools.cached_property
    def recorder(self) -> Recorder:
        """Who writes in the gradebook; what it imports takes most of a second."""
        with _imported_to_stay():
            return Recorder(self.course, self.lab)


def grade(course: Path, lab: str, options: Options, zygote: Lanes | None = None) -> Iterator[Progress]:
    """Grades, and tells of each submission as it is done; whoever stops listening has lost nothing.

    ``zygote`` is one that was started for this, and is told nothing yet; without it one is started, where the
    options want one. Errors: GradingError where no box can be had and nobody said to go without; CourseError,
    UnknownLab.
    """
    with contextlib.ExitStack() as stack:
        look = _nothing
        if not options.trust and not options.scheduler:
            # It starts while this process reads the course.
            zygote, look = zygote or stack.enter_context(lanes()), client.require
        with _imported_to_stay(), _beside(look):
            run = prepare(course.absolute(), lab)
            found = _found(run, options.students)
            outcomes = Outcomes(run.course, run.lab)
            kept = _kept(found, outcomes) if options.resume else {}
            many = len(found) - len(kept) >= _MANY
            if zygote is not None and len(kept) < len(found):
                zygote.make_ready_for(_nobodys(run, many))
            known = gradebook.students_of(run.course)
        steps = _outcomes(run, found, kept, known, _Workers(options, zygote, many))
        for done, (submission, outcome) in enumerate(steps, start=1):
            if not outcome.recorded:
                outcome = _record(outcome, submission, run.recorder, outcomes)
            yield Progress(outcome, done, len(found))


@contextlib.contextmanager
def _beside(look: Callable[[], None]) -> Iterator[None]:
    """Looks while the block runs. What it finds wrong is told instead of what went wrong in the block."""
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield
        finally:
            looking.result()


@contextlib.contextmanager
def _imported_to_stay() -> Iterator[None]:
    """What the block imports is not looked through for garbage, then and later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _nothing() -> None:
    """Where there is nothing to look for."""


def prepare(course: Path, lab: str) -> Run:
    """What a lab is graded with in a course."""
    settings = dict(grading_settings(course))
    catalogue = Catalogue(Path(settings["root"])) if settings["root"] else Catalogue.here()
    return Run(course, catalogue.root, catalogue.name(lab), settings)


def _found(run: Run, students: Collection[str]) -> tuple[Submission, ...]:
    found = find(run.course, run.lab, students)
    missing = set(students) - {each.student for each in found}
    if missing or not found:
        raise CourseError(
            f"Nothing was handed in for {run.lab}"
            + (f" by {', '.join(sorted(missing))}." if missing else "."),
            next_step=f"put notebooks into submitted/STUDENT/{run.lab}/, or: cloudlings course collect",
        )
    return found


def _kept(found: Iterable[Submission], outcomes: Outcomes) -> dict[str, Outcome]:
    """By student, what came of the same work before."""
    kept = {}
    for submission in found:
        before = outcomes.of(submission.student)
        if before is not None and before.digest == submission.digest and before.kind != "ungraded":
            kept[submission.student] = before
    return kept


def _nobodys(run: Run, many: bool) -> Job:
    """A job of this run, without a submission."""
    return replace(rehearsal.nobodys(run.root, run.lab, run.settings), many=many)


def _outcomes(
    run: Run,
    found: Iterable[Submission],
    kept: Mapping[str, Outcome],
    known: Collection[str],
    workers: _Workers,
) -> Iterator[tuple[Submission, Outcome]]:
    """What comes of each submission, those first that need not, or must not, be run."""
    to_run: dict[str, Submission] = {}
    for submission in found:
        if submission.student in kept:
            yield submission, kept[submission.student]
        elif submission.student not in known:
            why = f"There is no student {submission.student!r} in the gradebook: nothing is recorded."
            yield submission, Outcome(submission.student, submission.digest, "refused", why)
        else:
            to_run[submission.student] = submission
    yield from _results(run, to_run, workers)


def _results(
    run: Run, found: Mapping[str, Submission], workers: _Workers
) -> Iterator[tuple[Submission, Outcome]]:
    unreadable: list[tuple[Submission, Outcome]] = []

    def jobs() -> Iterator[tuple[str, tuple[Any, ...]]]:
        for student, submission in found.items():
            try:
                made = job(submission, run.lab, run.root, run.source, run.tasks, settings)
            except NotebookError as error:
                outcome = Outcome(student, submission.digest, "unreadable", error.message)
                unreadable.append((submission, outcome))
            else:
                yield student, (made.to_line(), *workers.more(submission))

    settings = run.settings | {"many": workers.many}
    work = jobs()
    first = next(work, None)
    if first is not None:
        with workers.cluster(len(found)) as made:
            # The recorder is made while the first submissions are graded.
            every = itertools.chain((first,), work)
            for student, result in spread(made, workers.work, every, begun=lambda: run.recorder):
                yield found[student], _outcome(found[student], result)
                while unreadable:
                    yield unreadable.pop(0)
    yield from unreadable


@dataclass(frozen=True)
class _Workers:
    """Who grades, and where. ``many`` tells that there is much to do."""

    options: Options
    zygote: Lanes | None
    many: bool

    @property
    def work(self) -> Callable[..., dict[str, Any]]:
        return work.trust_one if self.options.trust else work.grade_one

    def more(self, submission: Submission) -> tuple[str, ...]:
        """What a worker is told beside the job."""
        if self.options.trust:
            return (str(submission.folder),)
        return "", self.zygote.address if self.zygote else ""

    def cluster(self, jobs: int) -> contextlib.AbstractContextManager[Any]:
        # More workers than there is work for would only be waited for.
        return cluster(max(1, min(self.options.workers, jobs)), self.options.scheduler)


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
