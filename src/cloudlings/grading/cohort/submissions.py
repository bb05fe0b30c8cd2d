"""What was handed in for a lab: found, copied apart without what is dangerous in it, and read into jobs."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlings.errors import NotebookError
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.job import Cell, Job, files_beside
from cloudlings.grading.nbgrader.reading import LARGEST, grade_id, read
from cloudlings.grading.nbgrader.restore import Restored, SourceCell, restore

_TIMESTAMP = "timestamp.txt"
_MOST_FILES = 500


@dataclass(frozen=True)
class Submission:
    """One student's folder for a lab. ``notebook`` is None where there is none; ``notes`` are for both sides;
    ``digest`` is of all that counts in it: the same digest is the same work."""

    student: str
    folder: Path
    notebook: Path | None
    notes: tuple[str, ...]
    digest: str


def find(course: Path, lab: str, students: Collection[str] = ()) -> tuple[Submission, ...]:
    """The submissions of a lab in ``submitted/``, by student; of the named students only, where any are
    named.
    """
    folders = sorted(path for path in (course / "submitted").glob(f"*/{lab}") if path.is_dir())
    wanted = [path for path in folders if not students or path.parent.name in students]
    return tuple(_submission(path, lab) for path in wanted)


def _submission(folder: Path, lab: str) -> Submission:
    notebook, notes = _notebook(folder, lab)
    digest = hashlib.sha256()
    for path in [notebook] if notebook else []:
        digest.update(_bytes(path))
    for name, data in files_beside(folder).items():
        digest.update(b"\0".join((name.encode(), hashlib.sha256(data).digest())))
    stamp = folder / _TIMESTAMP
    digest.update(_bytes(stamp) if stamp.is_file() and not stamp.is_symlink() else b"")
    return Submission(folder.parent.name, folder, notebook, tuple(notes), digest.hexdigest())


def _notebook(folder: Path, lab: str) -> tuple[Path | None, Sequence[str]]:
    """The notebook of a folder, under its own name or as the only one that there is."""
    own = folder / f"{lab}.ipynb"
    if own.is_file() and not own.is_symlink():
        return own, []
    others = [path for path in sorted(folder.rglob("*.ipynb")) if path.is_file() and not path.is_symlink()]
    if len(others) == 1:
        name = others[0].relative_to(folder)
        return others[0], [f"The notebook was handed in as {name}, and was taken for {lab}.ipynb."]
    if own.is_symlink():
        return None, [f"{lab}.ipynb is a link, and no notebook."]
    found = ", ".join(str(path.relative_to(folder)) for path in others[:5])
    return None, [f"There is no {lab}.ipynb" + (f", but {found}: which one counts?" if others else ".")]


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def stage(submission: Submission, lab: str, folder: Path) -> None:
    """Copies a submission to where nbgrader will read it: plain files only, under the names that it looks
    for.

    A notebook that cannot be one, or is none, becomes an empty file, which is graded as such.
    """
    target = folder / submission.student / lab
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for number, (name, data) in enumerate(files_beside(submission.folder).items()):
        path = target / name
        if number < _MOST_FILES and path.resolve().is_relative_to(target.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    stamp = submission.folder / _TIMESTAMP
    if stamp.is_file() and not stamp.is_symlink():
        (target / _TIMESTAMP).write_bytes(_bytes(stamp)[:100])
    data = _bytes(submission.notebook) if submission.notebook else b""
    (target / f"{lab}.ipynb").write_bytes(data)


def job(
    submission: Submission,
    lab: str,
    root: Path,
    source: Sequence[SourceCell],
    tasks: Sequence[str],
    settings: Mapping[str, Any],
) -> Job:
    """A submission as a job: its cells with the assignment's put back, as ``nbgrader autograde``
    does it.

    ``settings`` has ``cell_seconds``, ``submission_seconds``, ``memory`` in bytes, and ``many``. Errors:
    NotebookError for what is no notebook.
    """
    restored = restored_cells(submission, source)
    graded = [each.name for each in source if each.points is not None and each.name in tasks]
    return Job(
        str(root),
        lab,
        submission.student,
        list(_code(restored, set(graded))),
        graded,
        files_beside(submission.folder),
        settings["cell_seconds"],
        settings["submission_seconds"],
        Bounds(memory=settings["memory"]),
        settings["many"],
    )


def restored_cells(submission: Submission, source: Sequence[SourceCell]) -> Restored:
    """The cells of a submission with the assignment's put back. Errors: NotebookError."""
    if submission.notebook is None:
        raise NotebookError(" ".join(submission.notes))
    return restore(read(submission.notebook).cells, source)


def _code(restored: Restored, tasks: Collection[str]) -> Iterator[Cell]:
    code = [(number, cell) for number, cell in enumerate(restored.cells) if cell.cell_type == "code"]
    for prompt, (number, cell) in enumerate(code, start=1):
        marks = cell.metadata.get("nbgrader", {})
        name = grade_id(cell) if marks.get("grade") else ""
        yield Cell(number, prompt, cell.source, name if name in tasks else None)
