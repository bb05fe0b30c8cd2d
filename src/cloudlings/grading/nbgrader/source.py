"""What an assignment's source was when it was released: its cells, as the gradebook has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudlings.grading.nbgrader.restore import SourceCell

if TYPE_CHECKING:
    from nbgrader.api import Notebook


def source_cells(notebook: Notebook, order: list[str]) -> list[SourceCell]:
    """An assignment's cells as the gradebook has them, in the order of the source notebook."""
    graded = {cell.name: cell for cell in (*notebook.grade_cells, *notebook.task_cells)}
    tasks = {cell.name for cell in notebook.task_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    places = {name: number for number, name in enumerate(order)}
    return [
        SourceCell(
            name=cell.name,
            kind=cell.cell_type,
            source=cell.source or "",
            locked=bool(cell.locked),
            solution=cell.name in solutions,
            task=cell.name in tasks,
            points=float(graded[cell.name].max_score) if cell.name in graded else None,
            checksum=cell.checksum,
        )
        for cell in sorted(notebook.source_cells, key=lambda cell: places.get(cell.name, len(places)))
    ]
