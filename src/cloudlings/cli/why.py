"""``cloudlings why``: why the last requests in a lab were denied."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli.history import OneLab, Seed

if TYPE_CHECKING:
    from cloudlings.sandbox import Denied

app = typer.Typer()


@app.command()
def why(
    lab: OneLab = None,
    seed: Seed = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="how many denied requests to show")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Show why the last request in a lab was denied: what it needed, what was allowed, what was missing."""
    from cloudlings.cli.history import _workspace

    space = _workspace(lab, seed)
    found = [one for number in space.account_ids.values() for one in space.running().denials(number, last)]
    newest = sorted(found, key=lambda denied: denied.time, reverse=True)[:last]
    if as_json:
        for denied in newest:
            typer.echo(json.dumps(asdict(denied)))
    elif not newest:
        typer.echo(f"Nothing has been denied in {space.lab.name} since the sandbox started.")
    else:
        typer.echo("\n\n".join("\n".join(_lines(denied)) for denied in newest))


def _lines(denied: Denied) -> Iterable[str]:
    at = time.strftime("%H:%M:%S", time.localtime(denied.time))
    yield f"{at}  {denied.service}:{denied.operation}  by {denied.principal}"
    for need, mark in denied.marks:
        yield f"  {mark:<9} {need}"
    yield ""
    yield from (f"  {line}".rstrip() for line in denied.explanation.splitlines())
