"""``cloudlings lab``: what authors of labs do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cloudlings.lab import Catalogue

GROUP = "lab"

app = typer.Typer(help="Write, build and prove labs.", no_args_is_help=True)


@app.command()
def new(name: Annotated[str, typer.Argument(help="three digits and words, such as 045-endpoints")]) -> None:
    """Write a complete tiny lab to begin from, and build it."""
    from cloudlings.lab import Catalogue, new_lab

    labs = Catalogue.here()
    for path in new_lab(name, labs.root):
        typer.echo(f"wrote  {_from_root(path, labs)}")
    _build(labs, name)
    typer.echo(f"Next: change these files, then prove the lab: cloudlings lab test {name}")


@app.command()
def build(names: Annotated[list[str] | None, typer.Argument(metavar="[LAB]...")] = None) -> None:
    """Build the learner's notebooks of the labs named, or of all of them."""
    from cloudlings.lab import Catalogue

    labs = Catalogue.here()
    for name in [labs.name(each) for each in names or labs.names]:
        _build(labs, name)


def _build(labs: Catalogue, name: str) -> None:
    from cloudlings.grading.tasks import tasks_of
    from cloudlings.lab import write_built

    points = {task.name: task.points for task in tasks_of(labs.root, name)}
    typer.echo(f"built  {_from_root(write_built(labs.read(name), points, labs.root / 'labs'), labs)}")


def _from_root(path: Path, labs: Catalogue) -> Path:
    return path.relative_to(labs.root)
