"""Marks again from what was recorded, after a grader was mended: nobody's code runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cloudlings.errors import EvidenceMissing
from cloudlings.grading.cohort.grade import Run, prepare
from cloudlings.grading.cohort.gradebook import Recorder
from cloudlings.grading.cohort.outcomes import Outcome, Outcomes
from cloudlings.grading.cohort.submissions import find, stage
from cloudlings.grading.engine import recheck
from cloudlings.grading.isolation.job import Graded
from cloudlings.grading.tasks import task_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Catalogue, account_id, brief_for


@dataclass(frozen=True)
class Change:
    """One task of one student whose verdict is another now; ``now`` is None where evidence does not tell."""

    student: str
    task: str
    before: Verdict
    now: Verdict | None

    @property
    def why(self) -> str:
        """In a sentence: what the grader says now, or why it cannot say."""
        if self.now is None:
            return "the grader now reads what was not read then: grade this submission again"
        return self.now.message.split("\n")[0]


@dataclass(frozen=True)
class Regraded:
    """What regrading a lab would do: every change, and each student's new result where anything changes."""

    changes: tuple[Change, ...]
    results: dict[str, Graded]


def regrade(course: Path, lab: str) -> Regraded:
    """What the graders as they are now say of the recorded evidence. Writes nothing."""
    run = prepare(course.absolute(), lab)
    changes: list[Change] = []
    results: dict[str, Graded] = {}
    for outcome in Outcomes(run.course, run.lab):
        graded = outcome.verdicts
        if graded is None:
            continue
        found = list(_changes(run, outcome.student, graded))
        changes += found
        now = {change.task: change.now for change in found if change.now is not None}
        if now:
            results[outcome.student] = replace(graded, verdicts={**graded.verdicts, **now})
    return Regraded(tuple(changes), results)


def _changes(run: Run, student: str, graded: Graded) -> Iterator[Change]:
    lab = Catalogue(run.root).header(run.lab)
    accounts = {name: account_id(lab.name, student, name) for name in lab.accounts}
    brief = brief_for(lab, student)
    for name, before in graded.verdicts.items():
        task = task_of(run.root, run.lab, name)
        try:
            now = recheck(before, task, accounts, brief, region=lab.regions[0])
        except EvidenceMissing:
            yield Change(student, name, before, None)
            continue
        if now.status is Status.UNAVAILABLE:
            yield Change(student, name, before, None)
        elif (now.status, now.points, now.max_points) != (before.status, before.points, before.max_points):
            yield Change(student, name, before, replace(now, evidence=before.evidence))


def write(course: Path, lab: str, regraded: Regraded) -> Iterator[str]:
    """Records the new results; yields each student's id once the gradebook has it. Cut short, `course grade
    --resume` ends it."""
    outcomes, recorder = Outcomes(course.absolute(), lab), Recorder(course, lab)
    for submission in find(course.absolute(), lab, list(regraded.results)):
        outcome = outcomes.of(submission.student)
        # Work that was handed in since then has other evidence: it waits for its own run.
        if outcome is None or outcome.digest != submission.digest:
            continue
        changed = _changed(outcome, regraded.results[submission.student])
        outcomes.keep(changed)
        stage(submission, lab, recorder.stage)
        recorder.write(submission.student, changed.verdicts, submission.notes)
        outcomes.keep(replace(changed, recorded=True))
        yield submission.student


def _changed(outcome: Outcome, graded: Graded) -> Outcome:
    return replace(outcome, graded=graded.to_json(), recorded=False)
