"""``%%aws`` and ``%%cfn``: AWS CLI commands and CloudFormation templates as cells of a lab's notebook."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display

from cloudlings.errors import LabError
from cloudlings.notebook import denials, errors, render, stacks
from cloudlings.notebook.render import Card
from cloudlings.notebook.session import _lab, for_people

_NAME = re.compile(r"\$\{?([A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*)\}?")
_MOST_SECONDS = 600


@magics_class
class AwsMagics(Magics):  # type: ignore[misc]
    """The cell magics of a lab's kernel."""

    @cell_magic  # type: ignore[untyped-decorator]
    def aws(self, line: str, cell: str) -> None:
        """Runs AWS CLI commands in the lab's account, one a line; the first that fails ends the cell.

        ``%%aws [-o NAME] [options of every command]``. The word aws may be left out, a backslash continues a
        line, # begins a comment. ``$brief.bucket`` is the value of that variable of the notebook. ``-o NAME``
        keeps the last command's answer, parsed where it is JSON, under that name.
        """
        _run_aws(self.shell, line, cell)

    @cell_magic  # type: ignore[untyped-decorator]
    def cfn(self, line: str, cell: str) -> None:
        """Makes or updates a CloudFormation stack from the template in the cell, and shows what came of it.

        ``%%cfn STACK [Parameter=value …]``. Parameters that are named like your personal values (BucketName
        for brief.bucket_name) have them already.
        """
        _deploy(self.shell, line, cell)


@for_people
def _run_aws(shell: Any, line: str, cell: str) -> None:
    _lab()
    words = shlex.split(line)
    keep = ""
    if words[:1] == ["-o"] and len(words) > 1:
        keep, words = words[1], words[2:]
    said = ""
    for command in commands(cell, shell.user_ns):
        done = _aws([*command, *words])
        said = done.stdout
        print(said, end="" if said.endswith("\n") or not said else "\n")
        if done.returncode:
            display(_failure(command, done))
            return
    if keep:
        shell.user_ns[keep] = _parsed(said)


def commands(cell: str, variables: Mapping[str, Any]) -> list[list[str]]:
    """The commands of a cell as words after ``aws``, with the notebook's variables put in.

    Errors: LabError for quotes that are not closed.
    """
    found = []
    for line in cell.replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line, comments=False)
        except ValueError as error:
            raise LabError(
                f"This line cannot be read: {line.strip()} ({error}).",
                next_step="close the quotes; a backslash at its end continues a line",
            ) from None
        found.append([filled(word, variables) for word in (words[1:] if words[0] == "aws" else words)])
    return found


def filled(text: str, variables: Mapping[str, Any]) -> str:
    """The text with ``$name`` and ``$name.attribute`` replaced where the notebook has such a variable."""
    return _NAME.sub(lambda found: _value(found, variables), text)


def _value(found: re.Match[str], variables: Mapping[str, Any]) -> str:
    first, *rest = found[1].split(".")
    if first not in variables:
        return found[0]
    value, left = variables[first], ""
    for number, name in enumerate(rest):
        if not hasattr(value, name):
            # `$name.txt`: the dot was text.
            left = "." + ".".join(rest[number:])
            break
        value = getattr(value, name)
    return (value if isinstance(value, str) else json.dumps(value, default=str)) + left


def _aws(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("aws")
    command = [str(program)] if program.exists() else [sys.executable, "-m", "awscli"]
    return subprocess.run(
        [*command, *words],
        env={**os.environ, "AWS_PAGER": ""},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=_MOST_SECONDS,
    )


def _failure(command: Sequence[str], done: subprocess.CompletedProcess[str]) -> Card:
    """A failed command: what it said, and why where it was denied."""
    said = done.stderr.strip() or f"it ended with exit code {done.returncode}"
    card = render.failure(f"aws {' '.join(command[:2])} did not succeed", said)
    denied = errors.last_denial(said)
    if denied is None:
        return card
    reason = denials.card(denied)
    return Card(card.html + reason.html, f"{card.text}\n\n{reason.text}")


def _parsed(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said.strip()


@for_people
def _deploy(shell: Any, line: str, cell: str) -> None:
    lab = _lab()
    words = [filled(word, shell.user_ns) for word in shlex.split(line)]
    if not words or "=" in words[0]:
        raise LabError("This cell does not name its stack.", next_step="%%cfn my-stack")
    odd = next((word for word in words[1:] if "=" not in word), None)
    if odd is not None:
        raise LabError(f"{odd} is no parameter.", next_step="give parameters as Name=value")
    given = dict(word.split("=", 1) for word in words[1:])
    display(stacks.deploy(words[0], cell, given, lab.brief))
