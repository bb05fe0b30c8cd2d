"""What came of each submission, kept in the course: written whole or not at all, so that any end is a safe
end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlings.grading.isolation.job import Graded

FOLDER = "cohort"


@dataclass(frozen=True)
class Outcome:
    """What came of one submission, by its ``digest``.

    ``kind``: "graded"; "unreadable" (no notebook: zero, and told); "ungraded" (the sandbox or a grader
    failed, the message says how: no score, which is not a zero); "refused" (not to be graded: nobody of that
    id). ``recorded`` tells that the gradebook has it. ``seconds`` is how long it took.
    """

    student: str
    digest: str
    kind: str
    message: str = ""
    graded: dict[str, Any] | None = None
    recorded: bool = False
    seconds: float = 0.0

    @property
    def verdicts(self) -> Graded | None:
        return Graded.from_json(self.graded) if self.graded is not None else None


class Outcomes:
    """The outcomes of one lab in one course. For the instructor only: the evidence is in them."""

    def __init__(self, course: Path, lab: str) -> None:
        self.folder = course / FOLDER / lab
        self.folder.mkdir(parents=True, exist_ok=True)
        (course / FOLDER).chmod(0o700)

    def keep(self, outcome: Outcome) -> None:
        """Writes one in place of what was there."""
        path = self._path(outcome.student)
        draft = path.with_suffix(".draft")
        with draft.open("w") as file:
            # In one piece: json.dump would write each part of the evidence by itself.
            file.write(json.dumps(vars(outcome)))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def of(self, student: str) -> Outcome | None:
        """What is kept of a student; None where nothing is, or cannot be read any more."""
        try:
            return Outcome(**json.loads(self._path(student).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def __iter__(self) -> Iterator[Outcome]:
        for path in sorted(self.folder.glob("*.json")):
            found = self.of(path.stem)
            if found is not None:
                yield found

    def _path(self, student: str) -> Path:
        return self.folder / f"{student}.json"
