"""``cloudlings open``: the first lab on the screen, with the sandbox behind it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cloudlings.cli import _complete

if TYPE_CHECKING:
    from cloudlings.lab import Catalogue

app = typer.Typer()
LOOPBACK = "127.0.0.1"
SETTINGS = Path(__file__).parents[1] / "notebook" / "jupyterlab"


@app.command(name="open")
def open_(
    lab: Annotated[
        str | None,
        typer.Argument(help="a lab; the one to go on with by default", autocompletion=_complete.labs),
    ] = None,
    port: Annotated[int, typer.Option(help="JupyterLab's port; another when it is taken")] = 8888,
    ip: Annotated[
        str, typer.Option(help="JupyterLab's address; another than this in containers only")
    ] = LOOPBACK,
    browser: Annotated[bool, typer.Option(help="open the browser")] = True,
) -> None:
    """Start the sandbox and open a lab in JupyterLab: your own copy of it, in work/."""
    from cloudlings.grading import page, updates
    from cloudlings.grading.home import find_home
    from cloudlings.grading.start import ensure_running
    from cloudlings.lab import Catalogue, open_copy

    labs = Catalogue.here()
    home = find_home()
    name = labs.name(lab) if lab else _to_go_on_with(labs, home)
    ensure_running(labs.root, home, tell=typer.echo)
    page.begin(labs.root, home)
    copy = open_copy(labs.header(name), labs.root / "labs", labs.root / "work")
    for other in labs.names:
        open_copy(labs.header(other), labs.root / "labs", labs.root / "work")
        updates.note_given(labs.root, home, other)
    for each in updates.newer(labs.root, home):
        typer.echo(
            f"A newer version of {each} is there: cloudlings update {each} takes it, and keeps your work."
        )
    typer.echo(f"Opening {copy.relative_to(labs.root)} in JupyterLab. Stop JupyterLab with Ctrl-C twice.")
    _become_jupyter(labs.root, home, copy, (ip, port), browser)


def _to_go_on_with(labs: Catalogue, home: Path) -> str:
    """The lab where the learner is; the first one when all are done."""
    from cloudlings.cli._now import where

    now = where(labs.root, home)
    return now.current.lab.name if now.current else labs.names[0]


def _become_jupyter(
    root: Path, home: Path, notebook: Path, address: tuple[str, int], browser: bool
) -> NoReturn:
    # A terminal or a cell of JupyterLab finds the course's own aws and cloudlings first.
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--config={SETTINGS / 'server.json'}",
        f"--LabApp.app_settings_dir={SETTINGS}",
        f"--LabApp.extra_labextensions_path={SETTINGS / 'labextensions'}",
        f"--ServerProxy.servers={_proxied(home)}",
        # The course's own tabs, apart from those of whatever else its reader does in JupyterLab.
        f"--LabApp.workspaces_dir={home / 'jupyterlab' / 'workspaces'}",
        f"--ServerApp.root_dir={root / 'work'}",
        f"--LabApp.default_url=/lab/tree/{notebook.relative_to(root / 'work')}",
        f"--ip={address[0]}",
        f"--port={address[1]}",
        *([] if browser else ["--no-browser"]),
        # Jupyter asks whoever is root for the word; in a container everybody is.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    # In this process's place: a Ctrl-C is JupyterLab's own to answer.
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def _proxied(home: Path) -> dict[str, object]:
    """What jupyter-server-proxy is told: the course page is at course/, behind JupyterLab's own token. It is
    reached by a socket that only its owner can open, so no token of the page's is handed about."""
    from cloudlings.grading.page import socket_of

    return {
        "course": {
            "unix_socket": str(socket_of(home)),
            "command": [],
            "launcher_entry": {"enabled": False},
            "update_last_activity": False,
        }
    }
