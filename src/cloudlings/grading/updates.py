"""A newer version of a lab for a learner's own notebook: merged where that is safe, never over it.

What a learner was given is kept in ``<home>/given``: between it, their copy and the newer lab, nbdime merges.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cloudlings.errors import LabError, NotebookError
from cloudlings.lab import Catalogue

Kind = Literal["current", "replaced", "merged", "beside"]


@dataclass(frozen=True)
class Updated:
    """What was done about one lab.

    ``current``: nothing newer. ``replaced``: the copy was as given. ``merged``: with the learner's work, and
    ``kept`` is their copy from before. ``beside``: theirs is as it was, ``path`` is the newer one.
    """

    lab: str
    kind: Kind
    path: Path
    kept: Path | None = None


@dataclass(frozen=True)
class Places:
    """Where one lab's notebooks are: built, the learner's copy, and what that copy was made from."""

    built: Path
    copy: Path
    given: Path

    @property
    def beside(self) -> Path:
        return self.copy.with_name(f"{self.copy.stem}.new.ipynb")


def places(root: Path, home: Path, lab: str) -> Places:
    """The places of one lab."""
    built = Catalogue(root).built(lab)
    return Places(built, root / "work" / lab / built.name, home / "given" / built.name)


def note_given(root: Path, home: Path, lab: str) -> None:
    """Keep what a copy was made from, while it still is as it was given."""
    at = places(root, home, lab)
    if at.given.exists() or not at.copy.is_file():
        return
    content = at.copy.read_bytes()
    if content == at.built.read_bytes():
        at.given.parent.mkdir(parents=True, exist_ok=True)
        _write(at.given, content)


def newer(root: Path, home: Path) -> Iterator[str]:
    """The labs of which a newer version is there than the learner's copy was made from, and not beside it."""
    for lab in Catalogue(root).names:
        at = places(root, home, lab)
        if not (at.copy.is_file() and at.given.is_file() and at.built.is_file()):
            continue
        built = at.built.read_bytes()
        if built != at.given.read_bytes() and not (at.beside.is_file() and at.beside.read_bytes() == built):
            yield lab


def update(root: Path, home: Path, lab: str, *, beside: bool = False) -> Updated:
    """Bring one lab up to date. What both sides changed, and a copy whose beginnings are not known, is left
    alone: the newer lab then lies beside it. Errors: LabError, NotebookError."""
    lab = Catalogue(root).name(lab)
    at = places(root, home, lab)
    if not at.copy.is_file():
        raise LabError(f"There is no notebook of {lab} in work/ yet.", next_step=f"cloudlings open {lab}")
    built, copy = at.built.read_bytes(), at.copy.read_bytes()
    given = at.given.read_bytes() if at.given.is_file() else None
    if built in (copy, given):
        return Updated(lab, "current", at.copy)
    if copy == given and not beside:
        return _taken(at, lab, built, built, "replaced", None)
    merged = None if beside or given is None else merge(given, copy, built)
    if merged is None:
        _write(at.beside, built)
        return Updated(lab, "beside", at.beside)
    kept = _free(at.copy.with_name(f"{at.copy.stem}.before-update.ipynb"))
    _write(kept, copy)
    return _taken(at, lab, merged, built, "merged", kept)


def merge(given: bytes, copy: bytes, built: bytes) -> bytes | None:
    """The newer lab with the learner's changes in it, or None where both changed the same.

    Errors: NotebookError for a copy that cannot be read.
    """
    # Takes a second to load.
    from nbdime.merging.notebooks import merge_notebooks  # type: ignore[import-untyped]

    merged, decisions = merge_notebooks(*(_read(one) for one in (given, copy, built)))
    if any(decision.conflict for decision in decisions):
        return None
    return (json.dumps(merged, indent=1, ensure_ascii=False) + "\n").encode()


def _taken(at: Places, lab: str, content: bytes, built: bytes, kind: Kind, kept: Path | None) -> Updated:
    _write(at.copy, content)
    _write(at.given, built)
    return Updated(lab, kind, at.copy, kept)


def _read(content: bytes) -> Any:
    from nbformat import NotebookNode, from_dict

    try:
        found = from_dict(json.loads(content))
    except ValueError as error:
        raise NotebookError(
            f"A notebook of this lab cannot be read: {error}.", next_step="cloudlings update LAB --beside"
        ) from None
    assert isinstance(found, NotebookNode)
    return found


def _free(path: Path) -> Path:
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return found


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)
