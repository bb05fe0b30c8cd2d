"""``cloudlings check``, ``hint`` and ``progress``: what a notebook's verbs do, without a notebook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli import _complete

if TYPE_CHECKING:
    from cloudlings.grading.checker import Checker
    from cloudlings.grading.verdict import Verdict

app = typer.Typer()

LabTask = Annotated[
    str,
    typer.Argument(
        metavar="LAB[/TASK]", help="a lab, or one of its tasks", autocompletion=_complete.lab_tasks
    ),
]
OneTask = Annotated[str, typer.Argument(metavar="LAB/TASK", autocompletion=_complete.lab_tasks)]
AnyLab = Annotated[str | None, typer.Argument(help="a lab; all by default", autocompletion=_complete.labs)]
Seed = Annotated[str | None, typer.Option("--seed", help="whose lab; yours by default")]
Json = Annotated[bool, typer.Option("--json", help="print JSON (docs/verdict.schema.json)")]
PlainJson = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def check(target: LabTask, as_json: Json = False, seed: Seed = None) -> None:
    """Check a task, or every task of a lab, on what is now in your account."""
    from cloudlings.cli._shown import console, show_verdict

    lab, _, task = target.partition("/")
    verdicts = _checker(seed).check(lab, task or None)
    if as_json:
        typer.echo(json.dumps([verdict.to_json() for verdict in verdicts], indent=2))
    else:
        for verdict in _failures_first(verdicts):
            show_verdict(console, verdict)
    raise typer.Exit(0 if all(verdict.passed for verdict in verdicts) else 1)


@app.command()
def hint(target: OneTask, as_json: PlainJson = False, seed: Seed = None) -> None:
    """Show the next hint of a task."""
    from cloudlings.errors import UnknownTask

    lab, _, task = target.partition("/")
    if not task:
        raise UnknownTask(
            f"{lab} is a lab; a hint belongs to a task.", next_step=f"cloudlings progress {lab}"
        )
    shown = _checker(seed).hint(lab, task)
    if as_json:
        typer.echo(json.dumps(asdict(shown), indent=2, ensure_ascii=False))
    else:
        typer.echo(f"Hint {shown.rung} of {shown.of} for {shown.title}\n\n{shown.text}")


@app.command()
def progress(
    lab: AnyLab = None,
    as_json: PlainJson = False,
    seed: Seed = None,
) -> None:
    """Show where you stand in a lab, or in all of them."""
    from cloudlings.cli._shown import console, progress_table
    from cloudlings.lab import Catalogue

    labs = [Catalogue.here().name(lab)] if lab else Catalogue.here().names
    checker = _checker(seed)
    rows = {name: checker.progress(name) for name in labs}
    if as_json:
        plain = {
            name: [
                {"task": standing.task, "title": title, "points": standing.points, "max_points": points,
                 "status": standing.status, "attempts": standing.attempts, "hints": standing.hints}
                for title, points, standing in tasks
            ]
            for name, tasks in rows.items()
        }  # fmt: skip
        typer.echo(json.dumps(plain, indent=2))
        return
    for name, tasks in rows.items():
        console.print(progress_table(name, tasks))


def _checker(seed: str | None) -> Checker:
    from cloudlings.errors import CheckerUnavailable
    from cloudlings.grading.checker import Checker
    from cloudlings.grading.home import find_home

    checker = Checker.find(find_home(), seed=seed)
    if checker is None:
        raise CheckerUnavailable("Nothing is running that could check.", next_step="cloudlings start")
    return checker


def _failures_first(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return sorted(verdicts, key=lambda verdict: verdict.passed)
