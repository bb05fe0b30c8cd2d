"""What a lab is, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cloudlings.errors import UnknownTask
from cloudlings.lab._places import nearest


@dataclass(frozen=True, slots=True)
class Region:
    """One solution region: what the learner sees in its place, and what the author wrote.

    ``starter`` and ``solution`` are source text with their indentation; ``line`` is the line of
    ``### BEGIN SOLUTION`` in the file.
    """

    indent: str
    starter: str
    solution: str
    line: int


@dataclass(frozen=True, slots=True)
class Given:
    """Source text that the learner is given as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a lab's source. ``line`` is that of its first text in the file; ``task`` is whose it is."""

    kind: Literal["markdown", "code"]
    source: str
    line: int
    task: str | None = None
    parts: tuple[Given | Region, ...] = ()

    @property
    def regions(self) -> tuple[Region, ...]:
        """The cell's solution regions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Region))

    @property
    def starter(self) -> str:
        """The cell as the learner gets it."""
        return "\n".join(part.starter if isinstance(part, Region) else part.text for part in self.parts)

    @property
    def solution(self) -> str:
        """The cell as the author solves it, without the markers."""
        return "\n".join(part.solution if isinstance(part, Region) else part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Header:
    """A lab's folder and what the head of its ``lab.py`` says: cheap to read, nothing of its cells."""

    name: str
    folder: Path
    title: str
    minutes: int
    needs: tuple[str, ...]
    objectives: tuple[str, ...]
    regions: tuple[str, ...]
    accounts: tuple[str, ...]
    ref: str | None

    @property
    def grader(self) -> str:
        """The file name of the lab's graders."""
        return f"test_{self.name.replace('-', '_')}.py"


@dataclass(frozen=True, slots=True)
class Lab(Header):
    """A lab's source, read and found sound."""

    cells: tuple[Cell, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the lab's tasks, in the order in which a learner meets them."""
        return tuple(dict.fromkeys(cell.task for cell in self.cells if cell.task and cell.kind == "code"))

    def task(self, name: str) -> str:
        """The task's name, if the lab has it. Errors: UnknownTask, with the nearest."""
        if name not in self.tasks:
            raise UnknownTask(f"Lab {self.name} has no task {name!r}.", next_step=nearest(name, self.tasks))
        return name

    def cells_of(self, task: str) -> tuple[Cell, ...]:
        """The code cells of one task."""
        return tuple(cell for cell in self.cells if cell.task == task and cell.kind == "code")

    def last_cell_of(self, task: str) -> int:
        """The index of the task's last code cell: its check comes right after it."""
        return max(i for i, cell in enumerate(self.cells) if cell.task == task and cell.kind == "code")
