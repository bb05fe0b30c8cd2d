"""Reading a notebook that somebody else wrote: tolerant of age and gaps, clear about what is unreadable."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlings.errors import NotebookError
from cloudlings.lab._places import shown

LARGEST = 50_000_000
"""Bytes above which a file is not read as a notebook."""

_AGAIN = "Save the notebook in Jupyter and try again, or begin from a fresh copy of the lab."


@dataclass(frozen=True, slots=True)
class NotebookCell:
    """One cell: its kind and text, its metadata as it was found, and its number in the notebook from 1."""

    kind: str
    source: str
    metadata: Mapping[str, Any]
    number: int

    @property
    def grade_id(self) -> str | None:
        """The cell's nbgrader id, when it has one."""
        marks = self.metadata.get("nbgrader")
        name = marks.get("grade_id") if isinstance(marks, Mapping) else None
        return name if isinstance(name, str) and name else None


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook's cells in order, and its metadata as it was found."""

    cells: tuple[NotebookCell, ...]
    metadata: Mapping[str, Any]

    @property
    def code(self) -> tuple[NotebookCell, ...]:
        """The code cells that hold anything."""
        return tuple(cell for cell in self.cells if cell.kind == "code" and cell.source.strip())

    @property
    def lab(self) -> str | None:
        """The lab whose built notebook this is, or began as."""
        ours = self.metadata.get("cloudlings")
        name = ours.get("lab") if isinstance(ours, Mapping) else None
        if isinstance(name, str):
            return name
        for cell in self.code:
            called = re.search(r"\bopen_lab\(\s*['\"]([^'\"]+)['\"]", cell.source)
            if called:
                return called[1]
        return None


def read_notebook(path: Path) -> Notebook:
    """The notebook in a file. Errors: NotebookError, for the person whose notebook it is."""
    try:
        if path.stat().st_size > LARGEST:
            raise NotebookError(
                f"{shown(path)} is larger than {LARGEST // 1_000_000} MB.",
                next_step="Clear its outputs (Edit, Clear Outputs of All Cells), save it, and try again.",
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise NotebookError(f"{shown(path)} is not there.", next_step="Check the name.") from None
    except OSError as error:
        raise NotebookError(
            f"{shown(path)} cannot be read: {error.strerror}.",
            next_step="Check the file and its permissions.",
        ) from None
    return parse_notebook(content, shown(path))


def parse_notebook(content: bytes, name: str = "The notebook") -> Notebook:
    """A notebook from its bytes, of any nbformat. ``name`` is for messages.

    Cells that are not cells are passed over; missing parts are taken as empty. Errors: NotebookError when
    there is no notebook in it: empty, cut off, not JSON, a merge conflict, no cells.
    """
    document = _document(content, name)
    cells = _cells(document, name)
    metadata = document.get("metadata")
    return Notebook(
        tuple(_cell(cell, number) for number, cell in enumerate(cells, start=1) if isinstance(cell, dict)),
        metadata if isinstance(metadata, dict) else {},
    )


def _document(content: bytes, name: str) -> dict[str, Any]:
    if not content.strip():
        raise NotebookError(f"{name} is empty.", next_step=_AGAIN)
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        document = json.loads(text)
    except UnicodeDecodeError:
        raise NotebookError(f"{name} is not text: it is no notebook.", next_step=_AGAIN) from None
    except json.JSONDecodeError as error:
        raise _not_json(text, error, name) from None
    except (RecursionError, ValueError):
        raise NotebookError(f"{name} is no notebook that can be read.", next_step=_AGAIN) from None
    if not isinstance(document, dict):
        raise NotebookError(f"{name} is JSON, but no notebook.", next_step=_AGAIN)
    return document


def _not_json(text: str, error: json.JSONDecodeError, name: str) -> NotebookError:
    if re.search(r"^(<<<<<<<|>>>>>>>)", text, re.MULTILINE):
        return NotebookError(
            f"{name} holds a merge conflict of git.", next_step="Settle the conflict, and try again."
        )
    if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg:
        return NotebookError(f"{name} is cut off at line {error.lineno}.", next_step=_AGAIN)
    return NotebookError(f"{name} is no notebook: line {error.lineno} is not JSON.", next_step=_AGAIN)


def _cells(document: Mapping[str, Any], name: str) -> list[Any]:
    """The cells, also of the formats before 4, which kept them in worksheets."""
    if isinstance(document.get("cells"), list):
        return list(document["cells"])
    sheets = document.get("worksheets")
    if isinstance(sheets, list):
        lists = [sheet["cells"] for sheet in sheets if isinstance(sheet, dict) and "cells" in sheet]
        return [cell for cells in lists if isinstance(cells, list) for cell in cells]
    raise NotebookError(f"{name} has no cells: it is no notebook.", next_step=_AGAIN)


def _cell(cell: Mapping[str, Any], number: int) -> NotebookCell:
    metadata = cell.get("metadata")
    # Before format 4 a code cell's text was called input.
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return NotebookCell(
        str(cell.get("cell_type", "code")),
        source if isinstance(source, str) else "",
        metadata if isinstance(metadata, dict) else {},
        number,
    )
