"""How verdicts and progress look in a terminal: icon and words, so that colour is never needed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cloudlings.cli._words import LOOKS
from cloudlings.grading.records import Standing
from cloudlings.grading.verdict import Status, Verdict

console = Console(highlight=False, soft_wrap=False)


def show_verdict(console: Console, verdict: Verdict) -> None:
    """Prints one verdict: the head, then the message indented below it."""
    icon, word, colour = LOOKS[verdict.status]
    points = "" if verdict.status is Status.UNAVAILABLE else f"  {verdict.points}/{verdict.max_points}"
    console.print(
        Text(f"{icon} {word}: {verdict.title}{points}  ({verdict.lab}/{verdict.task})", style=colour)
    )
    if verdict.passed:
        return
    console.print(Padding(Text(verdict.message), (0, 0, 0, 4)))
    if verdict.next_hint:
        console.print(Padding(Text(f"Next hint: cloudlings hint {verdict.lab}/{verdict.task}"), (0, 0, 1, 4)))


def progress_table(lab: str, tasks: Sequence[tuple[str, int, Standing]]) -> Table:
    """A lab's tasks with their standing, and the points so far in the title."""
    earned, total = sum(row[2].points for row in tasks), sum(row[1] for row in tasks)
    table = Table(title=f"{lab}: {earned} of {total} points", title_justify="left")
    for column in ("", "Task", "What", "Points", "Tried", "Hints"):
        table.add_column(column)
    for title, points, standing in tasks:
        icon, word, colour = LOOKS[standing.status]
        points_shown = f"{standing.points}/{points}"
        table.add_row(
            Text(f"{icon} {word}", style=colour), standing.task, title, points_shown, str(standing.attempts),
            str(standing.hints),
        )  # fmt: skip
    return table
