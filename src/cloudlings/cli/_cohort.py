"""What an instructor sees of a cohort being graded, and of what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from cloudlings.grading.cohort.grade import Progress as Step

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
    with Progress(*columns, console=console) as progress:
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
