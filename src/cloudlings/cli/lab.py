"""``cloudlings lab``: what authors of labs do."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from cloudlings.grading.attempt import Bench
    from cloudlings.grading.conformance import Defect
    from cloudlings.lab import Catalogue

GROUP = "lab"

app = typer.Typer(help="Write, build and prove labs.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="print JSON")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="three digits and words, such as 045-endpoints")],
    as_json: Json = False,
) -> None:
    """Write a complete tiny lab to begin from, and build it."""
    from cloudlings.lab import Catalogue, new_lab

    labs = Catalogue.here()
    written = [_from_root(path, labs) for path in new_lab(name, labs.root)]
    built = _build(labs, name)
    if as_json:
        typer.echo(json.dumps({"lab": name, "written": [str(path) for path in written], "built": str(built)}))
        return
    for path in written:
        typer.echo(f"wrote  {path}")
    typer.echo(f"built  {built}")
    typer.echo(f"Next: change these files, then prove the lab: cloudlings lab test {name}")


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(metavar="[LAB]...")] = None, as_json: Json = False
) -> None:
    """Build the learner's notebooks of the labs named, or of all of them."""
    from cloudlings.lab import Catalogue

    labs = Catalogue.here()
    built = {}
    for name in [labs.name(each) for each in names or labs.names]:
        built[name] = str(_build(labs, name))
        if not as_json:
            typer.echo(f"built  {built[name]}")
    if as_json:
        typer.echo(json.dumps(built))


@app.command(name="test")
def prove(
    names: Annotated[list[str] | None, typer.Argument(metavar="[LAB]...")] = None,
    seeds: Annotated[
        list[str] | None, typer.Option("--seed", help="whose personal values; three by default")
    ] = None,
    only: Annotated[
        str, typer.Option(help="only the trials whose name holds this: wrong:, other:, solution")
    ] = "",
    as_json: Json = False,
) -> None:
    """Prove labs: the solution earns all, the untouched lab nothing, each near-miss loses its task."""
    from rich.console import Console

    from cloudlings.grading.attempt import bench
    from cloudlings.grading.conformance import SEEDS, static_defects
    from cloudlings.lab import Catalogue

    console = Console(highlight=False, stderr=as_json)
    labs = Catalogue.here()
    chosen = [labs.name(each) for each in names or labs.names]
    defects = [defect for name in chosen for defect in static_defects(labs.root, name)]
    if not defects:
        with console.status("Starting a sandbox …"), bench(labs.root) as made:
            defects = _tried(console, made, labs, chosen, seeds or list(SEEDS), only)
    if as_json:
        typer.echo(json.dumps({"labs": chosen, "defects": [asdict(defect) for defect in defects]}, indent=2))
    else:
        for defect in defects:
            console.print(str(defect), style="red", markup=False)
        typer.echo("Every trial held." if not defects else f"{len(defects)} defects.")
    raise typer.Exit(1 if defects else 0)


@app.command(name="try")
def try_answer(
    lab: Annotated[str, typer.Argument(metavar="LAB")],
    answer: Annotated[Path, typer.Option(help="a notebook, *.py, *.sh, or a CloudFormation template")],
    seed: Annotated[str, typer.Option(help="whose personal values")] = "1",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON (docs/verdict.schema.json)")] = False,
) -> None:
    """Run one answer in a fresh sandbox and print a verdict for each task.

    An answer that is marked with tasks replaces their parts of the solution; an unmarked one runs alone.
    """
    from rich.console import Console

    from cloudlings.cli._shown import console, show_verdict
    from cloudlings.grading.attempt import try_file
    from cloudlings.lab import Catalogue

    with Console(stderr=True).status("Trying the answer in a fresh sandbox …"):
        outcome = try_file(Catalogue.here().root, lab, answer, seed)
    if as_json:
        verdicts = [verdict.without_evidence().to_json() for verdict in outcome.verdicts]
        typer.echo(
            json.dumps({"verdicts": verdicts, "trouble": [asdict(t) for t in outcome.trouble]}, indent=2)
        )
    else:
        for trouble in outcome.trouble:
            console.print(f"! {trouble}", style="yellow", markup=False)
        for verdict in outcome.verdicts:
            show_verdict(console, verdict)
        earned = sum(verdict.points for verdict in outcome.verdicts)
        typer.echo(f"{earned} of {sum(verdict.max_points for verdict in outcome.verdicts)} points")
    raise typer.Exit(0 if all(verdict.passed for verdict in outcome.verdicts) else 1)


def _tried(
    console: Console, made: Bench, labs: Catalogue, names: list[str], seeds: list[str], only: str
) -> list[Defect]:
    from rich.progress import track

    from cloudlings.grading.conformance import answers

    trials = [
        (f"{name} {trial}, seed {seed}", run, seed)
        for name in names
        for trial, run in answers(labs.root, labs.read(name)).items()
        for seed in seeds
        if only in trial
    ]
    found = []
    for what, run, seed in track(trials, description="Proving", console=console, transient=True):
        defects = run(made, seed)
        console.print(f"{'✘' if defects else '✔'} {what}", markup=False)
        found += defects
    return found


def _build(labs: Catalogue, name: str) -> Path:
    """The built notebook, from the checkout's root."""
    from cloudlings.grading.tasks import points
    from cloudlings.lab import write_built, write_coverage, write_overview

    built = write_built(labs.read(name), points(labs.root, name), labs.root / "labs")
    write_overview([labs.header(each) for each in labs.names], labs.root / "labs")
    write_coverage(labs.root, [labs.read(each) for each in labs.names])
    return _from_root(built, labs)


def _from_root(path: Path, labs: Catalogue) -> Path:
    return path.relative_to(labs.root)
