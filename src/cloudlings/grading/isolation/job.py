"""One submission as it is sent to a zygote, and what comes back: JSON both ways."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cloudlings.errors
from cloudlings.errors import CloudlingsError, GradingError, SandboxUnavailable
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.verdict import Status, Verdict


@dataclass(frozen=True)
class Cell:
    """One code cell: its place in the notebook, its prompt, its text, and the task that it checks, if any."""

    number: int
    prompt: int
    source: str
    checks: str | None


@dataclass(frozen=True)
class Job:
    """What is to be graded. ``files`` are those handed in beside the notebook, by their relative paths.

    ``root`` is the checkout with the labs and their graders; the student's id makes the personal values.
    Seconds: for one cell, for all of them. ``many`` tells that many of this lab will follow.
    """

    root: str
    lab: str
    student: str
    cells: Sequence[Cell]
    tasks: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    cell_seconds: float = 120.0
    submission_seconds: float = 900.0
    bounds: Bounds = field(default_factory=Bounds)
    many: bool = False

    def to_line(self) -> bytes:
        """One line of JSON."""
        row = asdict(self)
        row["files"] = {name: base64.b64encode(data).decode() for name, data in self.files.items()}
        return json.dumps(row).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        row = json.loads(line)
        row["files"] = {name: base64.b64decode(data) for name, data in row["files"].items()}
        row["cells"] = [Cell(**cell) for cell in row["cells"]]
        row["bounds"] = Bounds(**row["bounds"])
        return cls(**row)


@dataclass(frozen=True)
class Graded:
    """What came of a submission: a verdict for each task, each cell's outputs, and what there is to tell.

    ``outputs`` are by the cell's number; ``notes`` are sentences for the student and the instructor;
    ``spent`` is how many seconds each part took.
    """

    verdicts: Mapping[str, Verdict]
    outputs: Mapping[int, Sequence[Any]]
    notes: Sequence[str]
    spent: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "verdicts": {name: verdict.to_json() for name, verdict in self.verdicts.items()},
            "outputs": {str(number): list(rows) for number, rows in self.outputs.items()},
            "notes": list(self.notes),
            "spent": dict(self.spent),
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Graded:
        return cls(
            {name: Verdict.from_json(verdict) for name, verdict in row["verdicts"].items()},
            {int(number): rows for number, rows in row["outputs"].items()},
            row["notes"],
            row.get("spent", {}),
        )


def refuse_unknown(verdicts: Mapping[str, Verdict]) -> None:
    """Errors: SandboxUnavailable where a task could not be checked."""
    unknown = [verdict for verdict in verdicts.values() if verdict.status is Status.UNAVAILABLE]
    if unknown:
        first = unknown[0]
        why = first.details.get("traceback", first.message)
        raise SandboxUnavailable(
            f"{', '.join(verdict.task for verdict in unknown)} could not be checked: {why}",
            next_step="grade this submission again; if it goes on, mend the grader or the sandbox first",
        )


def failure(error: CloudlingsError) -> dict[str, str]:
    """An error as JSON."""
    return {"error": type(error).__name__, "message": error.message, "next_step": error.next_step}


def raised(row: Mapping[str, str]) -> CloudlingsError:
    """The error again, of its own kind."""
    kind = getattr(cloudlings.errors, row["error"], GradingError)
    found: CloudlingsError = CloudlingsError.__new__(kind)
    CloudlingsError.__init__(found, row["message"], next_step=row["next_step"])
    return found


def files_beside(folder: Path, largest: int = 32 * 2**20) -> dict[str, bytes]:
    """What was handed in beside the notebook: ordinary files, by relative path, up to so many bytes in all.

    A link could lead anywhere, and is left out.
    """
    found: dict[str, bytes] = {}
    left = largest
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        name = path.relative_to(folder)
        outside = any(each.is_symlink() for each in (path, *path.parents) if each.is_relative_to(folder))
        if outside or not path.is_file() or path.suffix == ".ipynb" or str(name) == "timestamp.txt":
            continue
        if path.stat().st_size <= left:
            found[str(name)] = path.read_bytes()
            left -= len(found[str(name)])
    return found
