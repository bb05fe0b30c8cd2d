"""The command line: one thin module per group of verbs, found here, listed nowhere.

A module of this folder has a typer ``app``; with a ``GROUP`` its commands stand under that word (``cloudlings
lab build``), without one they stand at the top (``cloudlings start``). Names that begin with _ are no verbs.
Alone, ``cloudlings`` says where you are.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from cloudlings.errors import CloudlingsError

if TYPE_CHECKING:
    import typer

# Set by a shell that asks for completions: then the words to complete are elsewhere.
_COMPLETING = "_CLOUDLINGS_COMPLETE"


def application() -> typer.Typer:
    """The whole command line, from the modules of this folder in the order of their names."""
    import importlib
    import pkgutil

    import typer

    whole = typer.Typer(
        name="cloudlings",
        help="Learn AWS by doing it, in a sandbox on your own machine.",
        epilog="Alone, cloudlings says where you are and what comes next (--json for tools).",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        # The words are the same without rich, which takes longer to load than all of this.
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for found in pkgutil.iter_modules(__path__):
        if found.name.startswith("_"):
            continue
        module = importlib.import_module(f"{__name__}.{found.name}")
        whole.add_typer(module.app, name=getattr(module, "GROUP", None))
    return whole


def main(arguments: list[str] | None = None) -> None:
    """Runs one command. An error of ours is printed for the person, without a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        code = _where(given) if _asks_where(given) else _run(given)
    except CloudlingsError as error:
        _complain(error.message, error.next_step)
        sys.exit(1)
    except KeyboardInterrupt:
        _stopped()
    except PermissionError as error:
        _complain(
            f"This may not be written or opened: {error.filename}.",
            "give yourself the right, or set CLOUDLINGS_HOME to a folder of your own",
        )
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read has read enough (`cloudlings log | head`); Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _asks_where(given: list[str]) -> bool:
    return given in ([], ["--json"]) and _COMPLETING not in os.environ


def _where(given: list[str]) -> int:
    # Typer takes longer to load than the answer does.
    from cloudlings.cli import _now

    _now.show(as_json=bool(given))
    return 0


def _run(given: list[str]) -> object:
    import typer

    command = typer.main.get_command(application())
    # Typer brings a click of its own or takes the installed one; this is the one that it raises.
    usage = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        return command.main(given, prog_name="cloudlings", standalone_mode=False, color=colour)
    except typer.Abort:
        return _stopped()
    except usage as error:  # type: ignore[misc]
        error.show()
        sys.exit(error.exit_code)


def _stopped() -> NoReturn:
    print("\nStopped. Nothing is lost: the same command goes on from here.", file=sys.stderr)
    sys.exit(130)


def _complain(message: str, next_step: str) -> None:
    from cloudlings.cli._words import painted

    print(painted(message, "red", sys.stderr), file=sys.stderr)
    if next_step:
        print(f"Next: {next_step}", file=sys.stderr)
