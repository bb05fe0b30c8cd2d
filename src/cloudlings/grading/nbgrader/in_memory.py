"""``nbgrader autograde`` of one submission after the other, with the notebook in memory between its steps.

nbgrader writes a notebook between the two halves of its steps and reads it again, copies it before each half,
and makes its exporter anew for each submission.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbconvert.writers import FilesWriter
from nbformat.v4.rwbase import split_lines, strip_transient
from nbgrader.converters import Autograde
from traitlets import default

from cloudlings.grading.nbgrader import reading
from cloudlings.grading.nbgrader.submitted import TolerantExporter, named

_AS_NBFORMAT: Mapping[str, Any] = {
    "indent": 1,
    "sort_keys": True,
    "separators": (",", ": "),
    "ensure_ascii": False,
}


class AutogradeInMemory(Autograde):  # type: ignore[misc]
    """Does and writes what Autograde does, by the course's own steps in their order.

    A course that reads or writes its notebooks by an exporter of its own has Autograde's way.
    """

    @default("writer")  # type: ignore[untyped-decorator]
    def _one_writer(self) -> FilesWriter:
        return FilesWriter(parent=self, config=self.config)

    @default("exporter")  # type: ignore[untyped-decorator]
    def _one_exporter(self) -> TolerantExporter:
        return _Exporter(parent=self, config=self.config)

    def start(self) -> None:
        """Errors: NbGraderException."""
        if self.exporter_class is not TolerantExporter:
            super().start()
            return
        self.init_notebooks()
        before = Path.cwd()
        os.chdir(self.coursedir.root)
        try:
            self.convert_notebooks()
        finally:
            os.chdir(before)

    def convert_single_notebook(self, notebook_filename: str) -> None:
        """Both halves of the steps."""
        if isinstance(self.exporter, _Exporter):
            self.exporter.half_done = None
        super().convert_single_notebook(notebook_filename)

    def write_single_notebook(self, output: str, resources: Mapping[str, Any]) -> None:
        """After the first half there is nothing to write but where the second one will."""
        if output:
            super().write_single_notebook(output, resources)
        else:
            names = resources["nbgrader"]
            self.writer.build_directory = self._format_dest(names["assignment"], names["student"])


class _Exporter(TolerantExporter):
    """Takes the notebook of the first half for the second, as it would be read from its file."""

    half_done: Any = None

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[Any, dict[str, Any]]:
        if self.half_done is None:
            return super().from_filename(filename, resources, **kw)
        notebook = reading.taken(self.half_done)
        return self.from_notebook_node(notebook, resources=named(filename, resources), **kw)

    def from_notebook_node(
        self, nb: Any, resources: dict[str, Any] | None = None, **_: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The text of a notebook that nobody else has; "" after the first half."""
        resources = self._init_resources(resources)
        for step in self._preprocessors:
            nb, resources = step(nb, resources)
        if self.half_done is None:
            self.half_done = nb
            return "", resources
        self._validate_preprocessor(nb, self._preprocessors[-1])
        text = json.dumps(strip_transient(split_lines(nb)), **_AS_NBFORMAT)
        return f"{text}\n", resources
