"""``cloudlings join``: from now on the labs have the personal values of a student of a course."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def join(
    student: Annotated[str, typer.Argument(metavar="ID", help="the id under which your course knows you")],
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Take the personal values that a course has for you, so that your work is graded with the same ones."""
    from cloudlings.grading.checker import Checker
    from cloudlings.grading.home import find_home
    from cloudlings.lab import join as join_as

    home = find_home()
    someone = join_as(home, student)
    running = Checker.find(home)
    if running is not None:
        # It holds the seed that it started with; the next notebook starts one with the new.
        running.stop()
    if as_json:
        typer.echo(json.dumps({"id": someone.seed}))
        return
    typer.echo(f"You are {someone.seed}: your personal values in every lab are made from this id.")
    typer.echo("Next: run each open notebook again from its first cell. Work under other values is kept.")
