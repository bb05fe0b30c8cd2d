"""``nbgrader generate_assignment``: from a lab's source to what a student may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor

from cloudlings.errors import CourseError, SourceError
from cloudlings.grading.nbgrader.secret import secret_of
from cloudlings.lab import cleared
from cloudlings.lab.markers import has_region


class ClearToStarter(ClearSolutions):  # type: ignore[misc]
    """Replaces each solution region by its author's starter; takes the place of ClearSolutions."""

    def preprocess_cell(
        self, cell: Any, resources: dict[str, Any], cell_index: int
    ) -> tuple[Any, dict[str, Any]]:
        """A cell without our regions is nbgrader's. Errors: CourseError for markers that do not pair."""
        if not has_region(cell.source):
            cleared_by_nbgrader: tuple[Any, dict[str, Any]] = super().preprocess_cell(
                cell, resources, cell_index
            )
            return cleared_by_nbgrader
        try:
            cell.source = cleared(cell.source)
        except SourceError as error:
            raise CourseError(f"Cell {cell_index + 1}: {error.message}", next_step=error.next_step) from None
        return cell, resources


class RefuseSecrets(NbGraderPreprocessor):  # type: ignore[misc]
    """Lets no release through that holds the course's secret or what is left of a solution; comes last."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Errors: CourseError; nbgrader then takes the release away."""
        course = Path(self.parent.parent.coursedir.root)
        forbidden = {"the course's secret": secret_of(course), "a solution marker": "### BEGIN SOLUTION"}
        for number, cell in enumerate(nb.cells, start=1):
            for what, text in forbidden.items():
                if text and text in str(cell):
                    raise CourseError(
                        f"Cell {number} holds {what}.", next_step="mend the notebook in source/"
                    )
        return nb, resources
