"""What came of a cohort: how each task went, the commonest near-miss, who is stuck, whose answers are not
theirs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cloudlings.errors import NotebookError
from cloudlings.grading.cohort.grade import Run, prepare
from cloudlings.grading.cohort.outcomes import Outcome, Outcomes
from cloudlings.grading.cohort.submissions import find
from cloudlings.grading.nbgrader.reading import read
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import Catalogue, brief_for

# Shorter values, and numbers, can be everybody's by chance.
_TELLING = 6
# Of all points: who has less than this is stuck.
_STUCK = 0.34
# What differs from one student to the next in one and the same message.
_IDS = re.compile(r"(arn:\S+|[a-z]+-[0-9a-f]{8,}|\b\d{12}\b|\b\S*\d\S*)")


@dataclass(frozen=True)
class TaskRow:
    """One task over the whole cohort: how many passed, failed, did not attempt it; the commonest failure,
    with what differs from student to student as "…", and how often it was met.
    """

    task: str
    title: str
    passed: int
    failed: int
    not_attempted: int
    near_miss: str
    met: int


@dataclass(frozen=True)
class Copied:
    """A value in a student's answers that is another student's own."""

    student: str
    owner: str
    name: str
    value: str


@dataclass(frozen=True)
class Report:
    """One lab of one course. ``points`` by student are those of the graders; ``problems`` are the outcomes
    without any, by student."""

    lab: str
    tasks: tuple[TaskRow, ...]
    points: Mapping[str, float]
    most: float
    stuck: tuple[str, ...]
    copied: tuple[Copied, ...]
    problems: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def report(course: Path, lab: str) -> Report:
    """What the outcomes of a lab say. Errors: CourseError, UnknownLab."""
    run = prepare(course.absolute(), lab)
    outcomes = list(Outcomes(run.course, run.lab))
    graded = {each.student: each.verdicts.verdicts for each in outcomes if each.verdicts is not None}
    tasks = tasks_of(run.root, run.lab)
    most = float(sum(task.points for task in tasks))
    points = {
        student: float(sum(v.points for v in verdicts.values())) for student, verdicts in graded.items()
    }
    return Report(
        run.lab,
        tuple(
            _row(task.name, task.title, [v[task.name] for v in graded.values() if task.name in v])
            for task in tasks
        ),
        points,
        most,
        tuple(sorted(student for student, earned in points.items() if earned < _STUCK * most)),
        tuple(_copied(run, outcomes)),
        {each.student: f"{each.kind}: {each.message}" for each in outcomes if each.kind != "graded"},
    )


def _row(task: str, title: str, verdicts: Iterable[Verdict]) -> TaskRow:
    verdicts = list(verdicts)
    counts = Counter(verdict.status for verdict in verdicts)
    failures = Counter(_alike(verdict.found) for verdict in verdicts if verdict.status is Status.FAILED)
    near_miss, met = failures.most_common(1)[0] if failures else ("", 0)
    return TaskRow(
        task,
        title,
        counts[Status.PASSED],
        counts[Status.FAILED],
        counts[Status.NOT_ATTEMPTED],
        near_miss,
        met,
    )


def _alike(message: str) -> str:
    return _IDS.sub("…", message.split("\n")[0])


def _copied(run: Run, outcomes: Iterable[Outcome]) -> Iterable[Copied]:
    """Values in answers that are somebody else's: briefs differ, so a copied answer names its owner."""
    lab = Catalogue(run.root).header(run.lab)
    students = [each.student for each in outcomes]
    owners: dict[str, set[tuple[str, str]]] = defaultdict(set)
    own: dict[str, set[str]] = defaultdict(set)
    for student in students:
        for name, value in _values(brief_for(lab, student).to_json()):
            owners[value].add((student, name))
            own[student].add(value)
    released = "\n".join(cell.source for cell in run.source)
    for submission in find(run.course, run.lab, students):
        try:
            text = (
                "\n".join(cell.source for cell in read(submission.notebook).cells)
                if submission.notebook
                else ""
            )
        except NotebookError:
            continue
        for value in sorted(set(_words(text)) & owners.keys() - own[submission.student]):
            if value not in released and len(owners[value]) == 1:
                ((owner, name),) = owners[value]
                yield Copied(submission.student, owner, name, value)


def _values(brief: Any, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(brief, Mapping):
        for key, value in brief.items():
            yield from _values(value, f"{name}.{key}".lstrip("."))
    elif isinstance(brief, list | tuple):
        for value in brief:
            yield from _values(value, name)
    elif isinstance(brief, str) and len(brief) >= _TELLING and re.search(r"\d", brief):
        yield name, brief


def _words(text: str) -> Iterable[str]:
    """Whatever stands between what no value holds: quotes, blanks, brackets, commas; and its parts between /,
    :.
    """
    for word in re.split(r"[\s\"'`(){}\[\],;=]+", text):
        yield word
        yield from re.split(r"[/:]", word)
