"""Reading a submitted file: a notebook, or words about why it is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

from cloudlings.errors import NotebookError

MARK = "cloudlings_grading"
"""Notebook metadata between the two halves of autograde: what the second has to know and to tell."""

LARGEST = 64 * 2**20
"""Bytes of a file beyond which it is not read as a notebook."""


def read(path: Path) -> Any:
    """The notebook in a file as a valid nbformat 4.5 one: of each cell its kind, text and nbgrader's marks.

    Whatever else was in the file is left behind, outputs too. Errors: NotebookError for what is no notebook.
    """
    return taken(_document(path))


def taken(document: Mapping[str, Any]) -> Any:
    """The same of a notebook that was read already. Errors: NotebookError."""
    cells = document.get("cells")
    if not isinstance(cells, list):
        cells = _upgraded(document).cells
    made = [_cell(cell) for cell in cells if isinstance(cell, Mapping)]
    for number, cell in enumerate(made):
        cell.id = f"cell-{number}"
    whole = v4.new_notebook(cells=made)
    metadata = document.get("metadata")
    ours = metadata.get(MARK) if isinstance(metadata, Mapping) else None
    if isinstance(ours, Mapping):
        whole.metadata[MARK] = nbformat.from_dict(ours)
    return whole


def grade_id(cell: Mapping[str, Any]) -> str:
    """The name that nbgrader's marks give a cell, "" where they give none."""
    name = cell["metadata"].get("nbgrader", {}).get("grade_id")
    return name if isinstance(name, str) else ""


def _document(path: Path) -> Mapping[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotebookError(f"The file could not be opened: {error.strerror}.") from None
    if not data.strip():
        raise NotebookError("The file is empty.")
    if len(data) > LARGEST:
        raise NotebookError(f"The file is larger than {LARGEST // 2**20} MB.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise NotebookError("The file is cut off or damaged: it cannot be read as a notebook.") from None
    if not isinstance(document, Mapping) or not {"cells", "worksheets"} & document.keys():
        raise NotebookError("The file holds something, but not a notebook.")
    return document


def _upgraded(document: Mapping[str, Any]) -> Any:
    try:
        return nbformat.reads(json.dumps(document), as_version=4)
    except Exception:
        raise NotebookError("The file is a notebook in a form that cannot be read.") from None


def _cell(cell: Mapping[str, Any]) -> NotebookNode:
    """The cell, not checked one by one: the whole notebook is."""
    kind = _text(cell.get("cell_type"))
    made = NotebookNode(cell_type=kind if kind in ("code", "raw") else "markdown", metadata=NotebookNode())
    made.source = _text(cell.get("source"))
    if kind == "code":
        made.execution_count, made.outputs = None, []
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, Mapping) else None
    if isinstance(marks, Mapping):
        plain = {str(key): value for key, value in marks.items() if isinstance(value, str | int | float)}
        made.metadata = NotebookNode({"nbgrader": NotebookNode(plain)})
    return made


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""
