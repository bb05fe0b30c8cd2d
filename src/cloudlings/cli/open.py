"""``cloudlings open``: the course on the screen, with the sandbox behind it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cloudlings.cli import _complete
from cloudlings.errors import CloudlingsError

if TYPE_CHECKING:
    from cloudlings.lab import Catalogue

app = typer.Typer()
LOOPBACK = "127.0.0.1"
SETTINGS = Path(__file__).parents[1] / "notebook" / "jupyterlab"


@dataclass(frozen=True)
class Place:
    """What JupyterLab is started with: ``notebook`` is the one to open, None for the map of the course."""

    root: Path
    home: Path
    notebook: Path | None
    ip: str
    port: int
    browser: bool


@app.command(name="open")
def open_(
    lab: Annotated[
        str | None,
        typer.Argument(help="a lab; the map of the course by default", autocompletion=_complete.labs),
    ] = None,
    port: Annotated[int, typer.Option(help="JupyterLab's port; another when it is taken")] = 8888,
    ip: Annotated[
        str, typer.Option(help="JupyterLab's address; another than this in containers only")
    ] = LOOPBACK,
    browser: Annotated[bool, typer.Option(help="open the browser")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="print where JupyterLab will answer as JSON, and open no browser")
    ] = False,
) -> None:
    """Start the sandbox and open JupyterLab on the map of the course, or on your own copy of a lab."""
    from cloudlings.grading import page
    from cloudlings.grading.home import find_home
    from cloudlings.grading.start import ensure_running
    from cloudlings.lab import Catalogue

    labs = Catalogue.here()
    home = find_home()
    name = labs.name(lab) if lab else None
    tell = _nothing if as_json else typer.echo
    ensure_running(labs.root, home, tell=tell)
    page.begin(labs.root, home)
    copies = _copies(labs, home)
    notebook = copies[name] if name else None
    place = Place(labs.root, home, notebook, ip, port, browser and not as_json)
    if as_json:
        _become_jupyter(_announced(place, name))
    for newer in _newer(labs, home):
        tell(f"A newer version of {newer} is there: cloudlings update {newer} takes it, and keeps your work.")
    what = notebook.relative_to(labs.root) if notebook else "the map of the course"
    tell(f"Opening {what} in JupyterLab. Stop JupyterLab with Ctrl-C twice.")
    _become_jupyter(place)


def _copies(labs: Catalogue, home: Path) -> dict[str, Path]:
    """The learner's own notebook of each lab, made where there is none."""
    from cloudlings.grading import updates
    from cloudlings.lab import open_copy

    found = {}
    for name in labs.names:
        found[name] = open_copy(labs.header(name), labs.root / "labs", labs.root / "work")
        updates.note_given(labs.root, home, name)
    return found


def _newer(labs: Catalogue, home: Path) -> tuple[str, ...]:
    from cloudlings.grading import updates

    return tuple(updates.newer(labs.root, home))


def _announced(place: Place, lab: str | None) -> Place:
    """The same with a port that is free and a token of ours, so that the address is known and printed now."""
    os.environ["JUPYTER_TOKEN"] = token = secrets.token_urlsafe(24)
    port = _free(place.ip, place.port)
    print(
        json.dumps({
            "url": f"http://{place.ip}:{port}{_first(place)}?token={token}",
            "lab": lab,
            "notebook": str(place.notebook) if place.notebook else None,
        })
    )  # fmt: skip
    return replace(place, port=port)


def _free(ip: str, wanted: int) -> int:
    """The port, or another that is free where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as asked:
            try:
                asked.bind((ip, port))
            except OSError:
                continue
            return int(asked.getsockname()[1])
    raise CloudlingsError(f"No port of {ip} is free.", next_step="cloudlings open --ip 127.0.0.1")


def _first(place: Place) -> str:
    """The address of what is on the screen first; the panel opens the map where no notebook is asked for."""
    return f"/lab/tree/{place.notebook.relative_to(place.root / 'work')}" if place.notebook else "/lab"


def _become_jupyter(place: Place) -> NoReturn:
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
        f"--ServerProxy.servers={_proxied(place.home)}",
        # The course's own tabs, apart from those of whatever else its reader does in JupyterLab.
        f"--LabApp.workspaces_dir={place.home / 'jupyterlab' / 'workspaces'}",
        f"--ServerApp.root_dir={place.root / 'work'}",
        f"--LabApp.default_url={_first(place)}",
        f"--ip={place.ip}",
        f"--port={place.port}",
        *([] if place.browser else ["--no-browser"]),
        # Jupyter asks whoever is root for the word; in a container everybody is.
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    # In this process's place: a Ctrl-C is JupyterLab's own to answer.
    sys.stdout.flush()
    os.execve(sys.executable, command, environment)


def _nothing(_: str) -> None:
    """Tells nobody."""


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
