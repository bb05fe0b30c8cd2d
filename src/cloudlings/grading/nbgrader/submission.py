"""What a submission is to those who run it, in a kernel or in a box: whose it is, what it may use, what came
of its cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Submission:
    """What is graded: the lab, the student's id, the folder of what was handed in."""

    root: Path
    lab: str
    student: str
    folder: Path

    @property
    def seed(self) -> str:
        """What the personal values are made from: the id, as a student joins with it at home."""
        return self.student


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds for a cell and for all of them, bytes of memory."""

    cell_seconds: float
    submission_seconds: float
    memory: int


@dataclass(frozen=True)
class Ran:
    """What came of one cell: its outputs (nbformat), and in words what stopped it, empty when nothing did."""

    outputs: list[Any]
    trouble: str = ""
