"""The built lab on disk: writing it to ``labs/``, checking that it is fresh, the learner's own copy."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cloudlings.errors import LabError, StaleLab
from cloudlings.lab._places import shown
from cloudlings.lab.build import Points, build
from cloudlings.lab.model import Header, Lab

ASSETS = ("img", "files")
"""Folders beside ``lab.py`` that the learner's notebook refers to: pictures, and files to start from."""


def write_built(lab: Lab, points: Points, labs: Path) -> Path:
    """Build a lab into ``labs/<lab>/`` with its pictures and files; return the notebook's path.

    Writes only what differs. Errors: LabError when points are missing or the folder cannot be written.
    """
    folder = labs / lab.name
    notebook = folder / f"{lab.name}.ipynb"
    try:
        _write(notebook, build(lab, points))
        for path, content in _assets(lab.folder):
            _write(folder / path, content)
        for path, _ in list(_assets(folder)):
            if not (lab.folder / path).exists():
                (folder / path).unlink()
    except OSError as error:
        raise _no_access(folder, error) from None
    return notebook


def check_fresh(lab: Lab, points: Points, labs: Path) -> None:
    """Errors: StaleLab when ``labs/<lab>/`` is not what the source builds now; it says what mends it."""
    folder = labs / lab.name
    notebook = folder / f"{lab.name}.ipynb"
    if not notebook.exists():
        raise _stale(lab, f"{shown(notebook)} is missing.")
    wanted, found = build(lab, points), notebook.read_bytes()
    if wanted != found:
        raise _stale(lab, f"{shown(notebook)} is not what its source builds: {_difference(wanted, found)}.")
    ours, theirs = dict(_assets(lab.folder)), dict(_assets(folder))
    for path in sorted(ours.keys() | theirs.keys()):
        if ours.get(path) != theirs.get(path):
            raise _stale(lab, f"{shown(folder / path)} is not the same as {shown(lab.folder / path)}.")


def open_copy(lab: Header, labs: Path, work: Path) -> Path:
    """The learner's own copy, ``work/<lab>/<lab>.ipynb``, made on first opening and never overwritten.

    Pictures and files that are missing beside it are added. Errors: LabError when the lab is not built, or
    the folder cannot be written.
    """
    built, folder = labs / lab.name, work / lab.name
    notebook = f"{lab.name}.ipynb"
    if not (built / notebook).is_file():
        raise LabError(
            f"{shown(built / notebook)} is missing: lab {lab.name} is not built.",
            next_step=f"cloudlings lab build {lab.name}",
        )
    try:
        _put(folder / notebook, (built / notebook).read_bytes())
        for path, content in _assets(built):
            _put(folder / path, content)
    except OSError as error:
        raise _no_access(folder, error) from None
    return folder / notebook


def _assets(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for name in ASSETS:
        for path in sorted((folder / name).rglob("*")):
            if path.is_file() and not any(
                part.startswith((".", "__")) for part in path.relative_to(folder).parts
            ):
                yield path.relative_to(folder), path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    with _Whole(path, content) as temporary:
        temporary.replace(path)


def _put(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all, whoever else does the same."""
    if path.exists():
        return
    with _Whole(path, content) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        except OSError:  # A file system without hard links.
            shutil.copyfile(temporary, path)


class _Whole:
    """A temporary file beside the one to write: an interrupted write leaves nothing half done."""

    def __init__(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        self.path = Path(name)
        self.path.chmod(0o644)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)


def _difference(wanted: bytes, found: bytes) -> str:
    """The first cell that differs, as a person can look for it."""
    try:
        ours, theirs = (json.loads(text)["cells"] for text in (wanted, found))
        for ours_cell, theirs_cell in zip(ours, theirs, strict=False):
            if ours_cell != theirs_cell:
                return f"cell {ours_cell['id']!r} differs"
        return "a cell is missing" if len(ours) > len(theirs) else "it has more cells, or other metadata"
    except (ValueError, KeyError, TypeError):
        return "it is no notebook"


def _stale(lab: Lab, message: str) -> StaleLab:
    return StaleLab(message, next_step=f"cloudlings lab build {lab.name}")


def _no_access(folder: Path, error: OSError) -> LabError:
    return LabError(
        f"{shown(folder)} cannot be written: {error.strerror} ({error.filename}).",
        next_step="Make the folder yours, or free some space, and try again. Nothing was overwritten.",
    )
