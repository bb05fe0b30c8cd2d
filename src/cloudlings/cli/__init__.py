"""The command line: one thin module per group of verbs, found here, listed nowhere.

A module of this folder has a typer ``app``; with a ``GROUP`` its commands stand under that word (``cloudlings
lab build``), without one they stand at the top (``cloudlings start``).
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click
import typer

from cloudlings.errors import CloudlingsError


def application() -> typer.Typer:
    """The whole command line, from the modules of this folder in the order of their names."""
    whole = typer.Typer(
        name="cloudlings",
        help="Learn AWS by doing it, in a sandbox on your own machine.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        if hasattr(module, "app"):
            whole.add_typer(module.app, name=getattr(module, "GROUP", None))
    return whole


def main(arguments: list[str] | None = None) -> None:
    """Runs one command. An error of ours is printed for the person, without a traceback."""
    try:
        code = typer.main.get_command(application()).main(
            arguments, prog_name="cloudlings", standalone_mode=False
        )
    except CloudlingsError as error:
        typer.secho(error.message, fg="red", err=True)
        if error.next_step:
            typer.echo(f"Next: {error.next_step}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        typer.echo("\nStopped. Nothing is lost: the same command goes on from here.", err=True)
        sys.exit(130)
    except PermissionError as error:
        typer.secho(f"This may not be written or opened: {error.filename}.", fg="red", err=True)
        typer.echo("Next: give yourself the right, or set CLOUDLINGS_HOME to a folder of your own", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
