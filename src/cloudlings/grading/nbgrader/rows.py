"""One submission's rows in the gradebook that grading does not write: they are the same after it as before.

Code that runs unboxed on the instructor's machine may find the gradebook. A score that nbgrader itself
writes is written after that code has ended; what only a person gives, marks and comments by hand, is compared
and put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook

_BY_HAND = {"grades": ("manual_score", "extra_credit"), "comments": ("manual_comment",)}


@dataclass(frozen=True)
class Rows:
    """What a person gave to one submission, by kind, cell and column, at one moment."""

    names: Mapping[str, str]
    values: Mapping[tuple[str, str, str], Any]
    maxima: Mapping[str, float]

    @classmethod
    def of(cls, names: Mapping[str, str]) -> Rows:
        """The rows now. ``names`` are nbgrader's: ``db_url``, ``assignment``, ``notebook``, ``student``."""
        with Gradebook(names["db_url"]) as gradebook:
            notebook = _notebook(gradebook, names)
            maxima = {cell.name: cell.max_score for cell in notebook.notebook.grade_cells}
            return cls(names, {key: getattr(row, key[2]) for key, row in _cells(notebook)}, maxima)

    def put_back(self) -> list[str]:
        """Undoes what has changed since, and says what it was."""
        changed = []
        with Gradebook(self.names["db_url"]) as gradebook:
            notebook = _notebook(gradebook, self.names)
            for key, row in _cells(notebook):
                if getattr(row, key[2]) != self.values.get(key):
                    setattr(row, key[2], self.values.get(key))
                    changed.append(f"{key[2]} of {key[1]}")
            for cell in notebook.notebook.grade_cells:
                if cell.max_score != self.maxima.get(cell.name, cell.max_score):
                    cell.max_score = self.maxima[cell.name]
                    changed.append(f"max_score of {cell.name}")
            gradebook.db.commit()
        return changed


def _notebook(gradebook: Gradebook, names: Mapping[str, str]) -> Any:
    return gradebook.find_submission_notebook(names["notebook"], names["assignment"], names["student"])


def _cells(notebook: Any) -> list[tuple[tuple[str, str, str], Any]]:
    return [
        ((kind, row.name, column), row)
        for kind, columns in _BY_HAND.items()
        for row in getattr(notebook, kind)
        for column in columns
    ]
