"""What a cell writes, kept in nbformat's shape, within bounds, and without scripts."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from nbformat import ValidationError, from_dict, v4
from nbformat.validator import get_validator

from cloudlings.grading.nbgrader import quiet

_KEPT_BYTES = 256 * 2**10
_KEPT_ROWS = 500
# A cell that has written this much is stopped: reading it on would only take memory and time.
_FLOOD_BYTES = 4 * 2**20
_CUT = "\n… the rest of this output was not kept …\n"
# By kind of output: what it takes from the message.
_KINDS = {
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}


class Outputs:
    """The outputs of one cell. ``flooded`` tells that it has written more than is read."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.flooded = False
        self._kept = self._seen = 0

    def take(self, message: Mapping[str, Any]) -> bool:
        """Takes one iopub message; True when it says that the cell has ended."""
        kind, content = message.get("msg_type"), message.get("content")
        if not isinstance(content, dict):
            return False
        if kind == "status":
            return content.get("execution_state") == "idle"
        if kind == "clear_output":
            self.rows.clear()
        elif kind in _KINDS:
            self._add(message, content)
        return False

    def _add(self, message: Mapping[str, Any], content: Mapping[str, Any]) -> None:
        text = content.get("text")
        size = len(text) if isinstance(text, str) else len(json.dumps(content))
        self._seen += size
        self.flooded = self._seen > _FLOOD_BYTES
        room = _KEPT_BYTES - self._kept
        self._kept += size
        if size <= room and len(self.rows) < _KEPT_ROWS:
            self._keep(_row(message))
        elif room > 0:
            self._kept = _KEPT_BYTES
            if isinstance(text, str):
                self._keep(_row({**message, "content": {**content, "text": text[:room]}}))
            self._keep(v4.new_output("stream", name="stdout", text=_CUT))

    def _keep(self, row: Any) -> None:
        last = self.rows[-1] if self.rows else None
        if row and last and row.output_type == last.output_type == "stream" and row.name == last.name:
            last.text += row.text
        elif row:
            self.rows.append(row)


def _row(message: Mapping[str, Any]) -> Any:
    """The message as an output, or None: a kernel that a learner has changed can send anything."""
    kind, content = message["msg_type"], message["content"]
    try:
        row = from_dict({"output_type": kind, **{name: content[name] for name in _KINDS[kind]}})
        _check(row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError):
        return None
    return quiet.output(row)


@functools.cache
def _schema() -> Any:
    # The compiled one reads whole notebooks only; the other takes milliseconds for each output.
    return get_validator(v4.nbformat, v4.nbformat_minor, name="fastjsonschema")


def _check(row: Any) -> None:
    """Errors: ValidationError for what is no output in nbformat's schema."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "one",
        "metadata": {},
        "execution_count": None,
        "source": "",
    }
    notebook = {"nbformat": v4.nbformat, "nbformat_minor": v4.nbformat_minor, "metadata": {}}
    _schema().validate({**notebook, "cells": [{**cell, "outputs": [row]}]})
