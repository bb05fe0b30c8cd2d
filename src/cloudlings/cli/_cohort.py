"""What an instructor sees of a cohort being graded, and of what came of it."""

from __future__ import annotations

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from cloudlings.grading.cohort.grade import Progress as Step
    from cloudlings.grading.cohort.regrade import Regraded
    from cloudlings.grading.cohort.report import Report

_WORDS = {
    "graded": "graded",
    "unreadable": "no notebook: recorded with what is wrong, no points",
    "ungraded": "left ungraded: no score, which is not a zero",
    "refused": "not in the gradebook: nothing recorded",
}


def show_run(steps: Iterator[Step], lab: str) -> bool:
    """Shows a run as it goes: count, rate, time left, and each submission that a person should look at.

    False when something was left ungraded.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    kinds: Counter[str] = Counter()
    began = time.monotonic()
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        bar = progress.add_task(f"Grading {lab}", total=None, rate="")
        for step in steps:
            kinds[step.outcome.kind] += 1
            rate = step.done / max(time.monotonic() - began, 0.1) * 60
            progress.update(bar, total=step.total, completed=step.done, rate=f"{rate:.0f} a minute")
            if step.outcome.kind != "graded":
                what = f"{step.outcome.student}: {step.outcome.kind}: {step.outcome.message}"
                progress.console.print(escape(what), highlight=False)
    for kind, count in sorted(kinds.items()):
        console.print(f"{count} {_WORDS[kind]}", highlight=False)
    if kinds["ungraded"]:
        console.print(f"Next: cloudlings course grade {lab} --resume", highlight=False)
    return not kinds["ungraded"]


def show_changes(regraded: Regraded) -> None:
    """Whose marks change, and why, before anything is written."""
    console = Console()
    if not regraded.changes:
        console.print("No mark changes: the graders say of the recorded evidence what they said then.")
        return
    table = Table("Student", "Task", "Then", "Now", "Why", title="Marks that change", title_justify="left")
    for change in regraded.changes:
        now = f"{change.now.points} of {change.now.max_points}" if change.now else "not known"
        then = f"{change.before.points} of {change.before.max_points}"
        table.add_row(*map(escape, (change.student, change.task, then, now, change.why)))
    console.print(table)


def show_report(report: Report) -> None:
    """A lab as a table a task, and then whom to look at."""
    console = Console()
    table = Table("Task", "Passed", "Not yet", "Not tried", "Commonest near-miss", title=report.lab)
    for row in report.tasks:
        near_miss = f"{row.met}x {row.near_miss}" if row.met else ""
        table.add_row(
            *map(escape, (row.title, str(row.passed), str(row.failed), str(row.not_attempted), near_miss))
        )
    console.print(table)
    if report.points:
        average = sum(report.points.values()) / len(report.points)
        console.print(f"{len(report.points)} graded, {average:.1f} of {report.most:g} points on average.")
    if report.stuck:
        console.print(f"Under a third of the points: {', '.join(report.stuck)}", markup=False)
    for copied in report.copied:
        what = f"{copied.student} uses {copied.value}, which is {copied.owner}'s {copied.name}."
        console.print(what, markup=False, highlight=False)
    for student, problem in report.problems.items():
        console.print(f"{student}: {problem}", markup=False, highlight=False)


def write_report(report: Report, table: Path | None, whole: Path | None) -> None:
    """The same as CSV, a row a task, and as JSON."""
    if table is not None:
        with table.open("w", newline="") as file:
            rows = [asdict(row) for row in report.tasks]
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    if whole is not None:
        whole.write_text(json.dumps(report.to_json(), indent=1) + "\n")
