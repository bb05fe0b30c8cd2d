"""``cloudlings update``: a newer version of a lab, with your work in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli import _complete

if TYPE_CHECKING:
    from cloudlings.grading.updates import Updated

app = typer.Typer()


@app.command()
def update(
    lab: Annotated[
        str | None,
        typer.Argument(
            metavar="LAB", help="a lab; all that are newer by default", autocompletion=_complete.labs
        ),
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside", help="never merge: put the newer lab beside yours")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Take the newer version of a lab into your own notebook; your work stays, and a copy of it too."""
    from cloudlings.grading import updates
    from cloudlings.grading.home import find_home
    from cloudlings.lab import Catalogue

    root, home = Catalogue.here().root, find_home()
    labs = [lab] if lab else list(updates.newer(root, home))
    done = [updates.update(root, home, one, beside=beside) for one in labs]
    if as_json:
        rows = [{"lab": d.lab, "done": d.kind, "path": str(d.path), "kept": str(d.kept or "")} for d in done]
        typer.echo(json.dumps(rows))
        return
    for each in done:
        typer.echo(_told(each))
    if not done:
        typer.echo("Every notebook of yours is of the newest version.")


def _told(done: Updated) -> str:
    match done.kind:
        case "current":
            return f"{done.lab}: nothing newer."
        case "replaced":
            return f"{done.lab}: the newer version, in {done.path.name}; nothing of yours was in it yet."
        case "merged":
            kept = done.kept.name if done.kept else ""
            return f"{done.lab}: the newer version with your work in it. As it was before: {kept}"
        case _:
            return f"{done.lab}: yours is as it was; the newer version is beside it, {done.path.name}"
