"""The learner's own seed, kept in ``<home>/learner.json`` and made on first use."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import LabError
from cloudlings.lab._places import shown

FILE = "learner.json"


@dataclass(frozen=True, slots=True)
class Learner:
    """Who works in this checkout: the ``seed`` that all personal values and account ids are made from."""

    seed: str


def learner(home: Path) -> Learner:
    """The learner of a home folder; a new one, with a random seed, on first use.

    Safe when two programs ask at the same time: both get the one that was written first.
    Errors: LabError when the file cannot be read or written.
    """
    path = home / FILE
    try:
        if not path.exists():
            _keep(path, Learner(secrets.token_hex(8)), replace=False)
        return _read(path)
    except OSError as error:
        raise _no_access(path, error) from None


def join(home: Path, seed: str) -> Learner:
    """From now on this checkout's learner has the given seed: a student's id in a course.

    Errors: LabError when the seed is empty or the file cannot be written.
    """
    if not seed.strip():
        raise LabError("The student id is empty.", next_step="Give the id under which your course knows you.")
    someone = Learner(seed.strip())
    try:
        _keep(home / FILE, someone, replace=True)
    except OSError as error:
        raise _no_access(home / FILE, error) from None
    return someone


def _read(path: Path) -> Learner:
    try:
        seed = json.loads(path.read_text(encoding="utf-8"))["seed"]
    except (ValueError, KeyError, TypeError):
        seed = None
    if not isinstance(seed, str) or not seed.strip():
        # A new seed would silently change every name that the learner's work already uses.
        raise LabError(
            f"{shown(path)} cannot be read: your personal values are made from the seed in it.",
            next_step='Put back a copy, or write {"seed": "your id"} into it; or delete it for new values.',
        )
    return Learner(seed)


def _keep(path: Path, someone: Learner, *, replace: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=FILE)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"seed": someone.seed}, file, indent=1)
            file.write("\n")
        if replace:
            Path(temporary).replace(path)
        elif not path.exists():
            _link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _link(temporary: str, path: Path) -> None:
    """Put the whole file in place unless another program was quicker."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return


def _no_access(path: Path, error: OSError) -> LabError:
    return LabError(
        f"{shown(path)} cannot be read or written: {error.strerror}.",
        next_step="Make the folder yours, or set CLOUDLINGS_HOME to a folder that you can write to.",
    )
