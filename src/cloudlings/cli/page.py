"""``cloudlings page``: the course page in a browser, without JupyterLab."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def page(
    browser: Annotated[bool, typer.Option(help="open the browser")] = True,
    course: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="an nbgrader course: show how its cohort does")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, and open nothing")] = False,
) -> None:
    """Show the course page: the map, your labs, their accounts as they change, the way back.

    Its address holds a token; whoever has it can do there what you can.
    """
    from cloudlings.grading import page as pages
    from cloudlings.grading.home import find_home
    from cloudlings.grading.start import ensure_running
    from cloudlings.lab import Catalogue

    home, root = find_home(), Catalogue.here().root
    ensure_running(root, home, tell=_nothing if as_json else typer.echo)
    found = pages.start(root, home)
    url = found.url
    if course is not None:
        pages.tell_course(home, course)
        url = url.replace("/?", "/cohort?")
    if as_json:
        typer.echo(json.dumps({"url": url, "port": found.port}))
        return
    typer.echo(f"The course page: {url}")
    if browser:
        typer.launch(url)


def _nothing(_: str) -> None:
    """Tells nobody."""
