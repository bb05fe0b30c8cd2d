"""``cloudlings receipt make`` and ``cloudlings receipt verify``: a signed summary of a lab, checked again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cloudlings.cli import _complete

GROUP = "receipt"
app = typer.Typer(help="Write a signed summary of a lab, or verify one by checking its evidence again.")


@app.command()
def make(
    lab: Annotated[str, typer.Argument(metavar="LAB", autocompletion=_complete.labs)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="the file; receipt-LAB.json here by default")
    ] = None,
    seed: Annotated[str | None, typer.Option("--seed", help="whose lab; yours by default")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print it, and write no file")] = False,
) -> None:
    """Write the receipt of a lab: its tasks, their verdicts and the evidence, signed."""
    from cloudlings.grading import receipt
    from cloudlings.grading.home import find_home
    from cloudlings.lab import Catalogue, learner

    home, catalogue = find_home(), Catalogue.here()
    made = receipt.make(catalogue.root, home, lab, seed if seed is not None else learner(home).seed)
    if as_json:
        typer.echo(json.dumps(made, indent=1))
        return
    path = output or Path(f"receipt-{made['lab']}.json")
    path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    typer.echo(
        f"{path}: {made['points']} of {made['max_points']} points in {made['lab']}, for the id {made['id']}."
    )
    typer.echo("It proves: " + " ".join(made["proves"]))
    typer.echo("It does not prove: " + " ".join(made["does_not_prove"]))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a receipt")],
    student: Annotated[str | None, typer.Option("--id", help="whose it should be")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Verify a receipt: its signature, and each verdict by running the graders on its evidence again."""
    from cloudlings.cli._words import painted
    from cloudlings.grading import receipt
    from cloudlings.lab import Catalogue

    found = receipt.read(file)
    findings = list(receipt.verify(Catalogue.here().root, found, student))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in findings], indent=1))
    for one in () if as_json else findings:
        line = f"{'✔' if one.holds else '✘'} {one.what}"
        typer.echo(painted(line, "green" if one.holds else "red") + (f"\n    {one.why}" if one.why else ""))
    holds = all(one.holds for one in findings)
    if not as_json:
        typer.echo("All of it holds." if holds else "Not all of it holds.")
        typer.echo("Not proved by any receipt: " + " ".join(receipt.DOES_NOT_PROVE))
    raise typer.Exit(0 if holds else 1)
