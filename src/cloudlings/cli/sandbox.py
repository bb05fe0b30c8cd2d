"""``cloudlings start``, ``stop``, ``reset``, ``doctor``, ``env`` and ``shell``: the sandbox's verbs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloudlings.cli import _complete
from cloudlings.cli.history import OneLab

if TYPE_CHECKING:
    from cloudlings.grading.workspace import Workspace
    from cloudlings.sandbox import Sandbox

app = typer.Typer()

Lab = Annotated[
    str,
    typer.Argument(metavar="LAB", help="a lab: 030-s3-policies, or 030", autocompletion=_complete.labs),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Seed = Annotated[str | None, typer.Option("--seed", help="whose lab; yours by default")]


@app.command()
def start(
    port: Annotated[int, typer.Option(help="the port to listen on; another when it is taken")] = 4566,
    wait: Annotated[
        bool, typer.Option("--wait", help="stay until Ctrl-C, then stop: for containers")
    ] = False,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="CLOUDLINGS_UPSTREAM",
            help="a LocalStack that is running already, to stand behind the gateway: http://127.0.0.1:4566, "
            "or localstack for where LOCALSTACK_HOST says",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the sandbox, and the checker beside it."""
    from cloudlings.grading.home import find_home
    from cloudlings.grading.start import ensure_running
    from cloudlings.lab import Catalogue
    from cloudlings.sandbox import Sandbox

    home = find_home()
    was_running = Sandbox.find(home)
    tell = _nothing if as_json else typer.echo
    ensure_running(Catalogue.here().root, home, tell=tell, port=port, upstream=upstream)
    sandbox = _running()
    if as_json:
        started = {"endpoint_url": sandbox.endpoint_url, "plain_url": sandbox.plain_url}
        typer.echo(
            json.dumps({**started, "was_running": was_running is not None, "notices": sandbox.notices})
        )
    elif was_running is not None:
        typer.echo(f"The sandbox was running already, at {sandbox.endpoint_url}.")
    if wait:
        _wait(home)
    elif not as_json:
        typer.echo("Next: cloudlings shell LAB for a terminal in a lab; cloudlings stop when you are done.")


def _wait(home: Path) -> None:
    """Stay while the sandbox runs; a signal to end stops it in order."""
    from cloudlings.grading.start import stop_all
    from cloudlings.sandbox import Sandbox

    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    while not told.wait(2):
        if Sandbox.find(home) is None:
            typer.echo("The sandbox has ended.")
            raise typer.Exit(1)
    stop_all(home)


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop the sandbox and the checker; what you made is kept for the next start."""
    from cloudlings.grading.home import find_home
    from cloudlings.grading.start import stop_all
    from cloudlings.sandbox import Sandbox

    home = find_home()
    running = Sandbox.find(home)
    upstream = running.upstream if running else ""
    stopped = stop_all(home)
    if as_json:
        typer.echo(json.dumps({"stopped": stopped, "upstream": upstream or None}))
    elif upstream:
        typer.echo(
            f"Stopped. Your notebooks and points are kept; what you made is in the LocalStack at {upstream}, "
            "for as long as that keeps it: its free edition forgets everything when it stops."
        )
    else:
        typer.echo("Stopped; your work is kept." if stopped else "Nothing was running.")


@app.command()
def reset(lab: Lab, seed: Seed = None, as_json: Json = False) -> None:
    """Empty a lab's accounts and lay its start state again; no other lab is touched."""
    from cloudlings.grading import workspace
    from cloudlings.lab import Catalogue

    space = workspace.reset(_running(), Catalogue.here().root, lab, _seed(seed))
    if as_json:
        typer.echo(json.dumps({"lab": space.lab.name, "account_ids": dict(space.account_ids)}))
    else:
        typer.echo(f"{space.lab.name} is as it was at the start. Its keys are the same.")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check this machine and the running sandbox."""
    from cloudlings.grading.home import find_home
    from cloudlings.sandbox.doctor import examine

    findings = list(examine(find_home()))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    for finding in () if as_json else findings:
        icon, colour = ("✔", "green") if finding.well else ("✘", "red")
        typer.secho(f"{icon} {finding.found}", fg=colour)
        if not finding.well:
            typer.echo(f"  Next: {finding.next_step}")
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


@app.command()
def env(
    lab: Lab,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of shell lines")] = False,
) -> None:
    """Print what any tool needs to work in a lab: endpoint, keys, account ids, Region.

    In a shell: eval "$(cloudlings env LAB)"
    """
    from cloudlings.sandbox.environment import removed
    from cloudlings.sandbox.shell import exports

    space = _workspace(lab, seed)
    variables = space.variables()
    unset = [name for name in removed(os.environ) if name not in variables]
    if as_json:
        typer.echo(json.dumps(_described(space, variables, unset), indent=2))
        return
    typer.echo("".join(f"unset {name}\n" for name in unset) + exports(variables), nl=False)


@app.command()
def shell(
    lab: OneLab = None,
    seed: Seed = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="open nothing; print what would be run, and with which variables")
    ] = False,
) -> None:
    """Open a shell in which every AWS tool works in a lab's account."""
    from cloudlings.sandbox import shell as shells

    space = _workspace(lab or _current(), seed)
    folder = space.running().home / "sandbox" / "shell"
    # The course's own aws and cloudlings are found first.
    tools = Path(sys.executable).parent
    inside = {**space.environment(), shells.TOOLS: str(tools), "CLOUDLINGS_LAB": space.lab.name}
    words, environment = shells.command(inside, folder, space.lab.name)
    if as_json:
        changed = {name: value for name, value in environment.items() if os.environ.get(name) != value}
        gone = [name for name in os.environ if name not in environment]
        told = {"lab": space.lab.name, "command": words, "environment": changed, "unset": gone}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"A shell in {space.lab.name} ({space.running().endpoint_url}). Leave it with exit.")
    typer.echo("Try: aws sts get-caller-identity · cloudlings check " + space.lab.name)
    raise typer.Exit(subprocess.run(words, env=environment, check=False).returncode)


def _current() -> str:
    """The lab to go on with; the first one when all are done."""
    from cloudlings.cli._now import where
    from cloudlings.grading.home import find_home
    from cloudlings.lab import Catalogue

    catalogue = Catalogue.here()
    now = where(catalogue.root, find_home())
    return os.environ.get("CLOUDLINGS_LAB") or (now.current.lab.name if now.current else catalogue.names[0])


def _nothing(_: str) -> None:
    """Tells nobody."""


def _running() -> Sandbox:
    from cloudlings.errors import SandboxUnavailable
    from cloudlings.grading.home import find_home
    from cloudlings.sandbox import Sandbox

    sandbox = Sandbox.find(find_home())
    if sandbox is None:
        raise SandboxUnavailable("The sandbox is not running.", next_step="cloudlings start")
    return sandbox


def _seed(given: str | None) -> str:
    from cloudlings.grading.home import find_home
    from cloudlings.lab import learner

    return given if given is not None else learner(find_home()).seed


def _workspace(lab: str, seed: str | None) -> Workspace:
    from cloudlings.grading.workspace import prepare
    from cloudlings.lab import Catalogue

    return prepare(_running(), Catalogue.here().root, lab, _seed(seed))


def _described(space: Workspace, variables: dict[str, str], unset: list[str]) -> dict[str, object]:
    sandbox = space.running()
    return {
        "lab": space.lab.name,
        "seed": space.seed,
        "endpoint_url": sandbox.endpoint_url,
        "plain_url": sandbox.plain_url,
        "region": space.region,
        "account_id": space.account_ids["main"],
        "accounts": {
            name: {
                "account_id": number,
                "access_key_id": space.credentials(name).access_key_id,
                "secret_access_key": space.credentials(name).secret_access_key,
            }
            for name, number in space.account_ids.items()
        },
        "environment": variables,
        "unset": unset,
    }
