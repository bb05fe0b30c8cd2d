"""``cloudlings log``, ``undo``, ``checkpoint`` and ``rewind``: what was done in a lab, and taking it back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli import _complete

if TYPE_CHECKING:
    from rich.table import Table

    from cloudlings.grading.workspace import Workspace
    from cloudlings.sandbox import JournalEntry, Return, Sandbox

app = typer.Typer()

LAB_VARIABLE = "CLOUDLINGS_LAB"
"""Set in a shell that `cloudlings shell` opened: the lab that it is in."""

OneLab = Annotated[
    str | None,
    typer.Argument(
        metavar="LAB", help="a lab; by default the one you worked in last", autocompletion=_complete.labs
    ),
]
Lab = Annotated[
    str | None,
    typer.Option(
        "--lab", "-l", help="which lab; the one you worked in last by default", autocompletion=_complete.labs
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Seed = Annotated[str | None, typer.Option("--seed", help="whose lab; yours by default")]
Look = Annotated[bool, typer.Option("--dry-run", help="say what would be taken back, and take nothing back")]


@app.command("log")
def show_log(
    lab: OneLab = None,
    seed: Seed = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="how many requests to show")] = 30,
    every: Annotated[
        bool, typer.Option("--all", help="show reads, and the checks' own requests, too")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON lines")] = False,
) -> None:
    """Show the requests that changed something in a lab, the newest last."""
    space = _workspace(lab, seed)
    entries = [e for e in _entries(space) if every or (not e.reads and e.source != "grader")][-last:]
    if as_json:
        for entry in entries:
            typer.echo(json.dumps(asdict(entry)))
        return
    if not entries:
        typer.echo(f"No request has changed anything in {space.lab.name} yet.")
        return
    from cloudlings.cli._shown import console

    console.print(_table(space.lab.name, entries))


@app.command()
def undo(
    count: Annotated[int, typer.Argument(metavar="N", min=1, help="how many of your requests")] = 1,
    lab: Lab = None,
    seed: Seed = None,
    dry_run: Look = False,
    as_json: Json = False,
) -> None:
    """Take back your last N requests that changed something in a lab.

    The sandbox keeps a snapshot at most once a second, so requests made in the same second go together; all
    that are taken back are named.
    """
    space = _workspace(lab, seed)
    done = space.running().undo(_accounts(space), count, look=dry_run)
    _tell(space, done, dry_run=dry_run, as_json=as_json)


@app.command()
def checkpoint(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    lab: Lab = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Keep a lab's accounts as they are now under a name, to come back to."""
    from cloudlings.errors import SandboxError
    from cloudlings.sandbox import RESERVED

    if name in RESERVED:
        raise SandboxError(f"The sandbox itself uses the name “{name}”.", next_step="choose another name")
    space = _workspace(lab, seed)
    space.running().checkpoint(_accounts(space), name)
    if as_json:
        typer.echo(json.dumps({"lab": space.lab.name, "checkpoint": name}))
        return
    typer.echo(f"Kept {space.lab.name} as it is now. Back to here: cloudlings rewind {name}{_option(lab)}")


@app.command()
def rewind(
    name: Annotated[str | None, typer.Argument(metavar="NAME")] = None,
    lab: Lab = None,
    seed: Seed = None,
    dry_run: Look = False,
    as_json: Json = False,
) -> None:
    """Return a lab's accounts to a checkpoint; without a name, list the checkpoints."""
    space = _workspace(lab, seed)
    if name is None:
        _list_checkpoints(space, as_json=as_json)
        return
    done = space.running().rewind(_accounts(space), name, look=dry_run)
    _tell(space, done, dry_run=dry_run, as_json=as_json)


def _list_checkpoints(space: Workspace, *, as_json: bool) -> None:
    found = space.running().checkpoints(_accounts(space))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found]))
        return
    for each in found:
        typer.echo(f"{each.name}  ({_clock(each.time)})")
    if not found:
        typer.echo(f"{space.lab.name} has no checkpoints yet: cloudlings checkpoint NAME makes one.")


def _tell(space: Workspace, done: Return, *, dry_run: bool, as_json: bool) -> None:
    """Name what went, and what came back."""
    if as_json:
        typer.echo(json.dumps({"lab": space.lab.name, "done": not dry_run, **asdict(done)}, indent=2))
        return
    lab = space.lab.name
    verb = "would go" if dry_run else "went"
    typer.echo(f"{lab} {verb} back to {_clock(done.to)}.")
    for title, entries in (("Taken back", done.taken_back), ("There again", done.brought_back)):
        if entries:
            typer.echo(f"{title}:")
        for entry in entries:
            typer.echo(f"  {_clock(entry.time)}  {_who(entry):<9} {_what(entry)}")
    if not done.taken_back and not done.brought_back:
        typer.echo("No request had changed anything since.")
    if not dry_run:
        typer.echo("To have it as it was before this: cloudlings rewind before-undo")


def _table(lab: str, entries: Sequence[JournalEntry]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"What was asked in {lab}", title_justify="left", box=None, pad_edge=False)
    for column in ("No.", "Time", "Who", "Request", "Result"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(
            str(entry.number), _clock(entry.time), _who(entry), Text(_what(entry)), Text(_result(entry))
        )
    return table


def _clock(at: float) -> str:
    shape = "%H:%M:%S" if time.time() - at < 12 * 3600 else "%Y-%m-%d %H:%M:%S"
    return time.strftime(shape, time.localtime(at))


def _who(entry: JournalEntry) -> str:
    """Who asked, in a word: a principal's own name for the learner's, the service for what it did by
    itself."""
    if entry.source == "learner":
        return entry.principal.rpartition(":")[2].removeprefix("user/").removeprefix("assumed-role/") or "you"
    return {"grader": "a check", "service": entry.service}.get(entry.source, entry.source)


def _what(entry: JournalEntry) -> str:
    name = (
        f"{entry.service}:{entry.operation}"
        if entry.service != "cloudlings"
        else f"cloudlings {entry.operation}"
    )
    return f"{name} {entry.resource}".rstrip()


def _result(entry: JournalEntry) -> str:
    if entry.undone:
        return "taken back"
    return entry.error or ("" if entry.status < 400 else str(entry.status))


def _entries(space: Workspace) -> list[JournalEntry]:
    found = [entry for number in _accounts(space) for entry in space.running().journal(number)]
    return sorted(found, key=lambda entry: entry.time)


def _accounts(space: Workspace) -> list[str]:
    return list(space.account_ids.values())


def _option(lab: str | None) -> str:
    return f" --lab {lab}" if lab else ""


def _workspace(lab: str | None, seed: str | None) -> Workspace:
    from cloudlings.errors import SandboxUnavailable
    from cloudlings.grading.home import find_home
    from cloudlings.grading.workspace import workspace
    from cloudlings.lab import Catalogue, learner
    from cloudlings.sandbox import Sandbox

    home = find_home()
    sandbox = Sandbox.find(home)
    if sandbox is None:
        raise SandboxUnavailable("The sandbox is not running.", next_step="cloudlings start")
    whose = seed if seed is not None else learner(home).seed
    catalogue = Catalogue.here()
    name = lab or os.environ.get(LAB_VARIABLE)
    if name is not None:
        return workspace(sandbox, catalogue.root, name, whose)
    return _latest(sandbox, [workspace(sandbox, catalogue.root, each, whose) for each in catalogue.names])


def _latest(sandbox: Sandbox, spaces: Sequence[Workspace]) -> Workspace:
    """The lab that the learner worked in last."""
    from cloudlings.errors import SandboxError

    times = sandbox.last_times([number for space in spaces for number in _accounts(space)])
    worked_in = [space for space in spaces if any(number in times for number in _accounts(space))]
    if not worked_in:
        raise SandboxError("No lab has been worked in yet.", next_step="cloudlings open")
    return max(worked_in, key=lambda space: max(times.get(number, 0.0) for number in _accounts(space)))
