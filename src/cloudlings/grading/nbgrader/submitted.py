"""The first half of ``nbgrader autograde``: reading what was submitted, and making it gradable."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode, v4
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from cloudlings.errors import NotebookError
from cloudlings.grading.nbgrader.reading import MARK, grade_id, read
from cloudlings.grading.nbgrader.restore import restore
from cloudlings.grading.nbgrader.source import source_cells

_UNREADABLE = "cloudlings_unreadable"


def without_links(notebooks: Sequence[str], **_: object) -> None:
    """nbgrader calls this before it copies a submission's files: it would follow links, and end at one that
    leads nowhere. They are taken away; a notebook that is one is told of by `TolerantExporter`.
    """
    for folder in {Path(name).parent for name in notebooks}:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() and str(path) not in notebooks:
                logging.getLogger("traitlets").warning("%s is a link: it was taken away.", path)
                path.unlink()


class TolerantExporter(NotebookExporter):  # type: ignore[misc]
    """Reads a submission that may be no notebook at all: it becomes an empty one, and why is told on."""

    def from_filename(
        self, filename: str, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[Any, dict[str, Any]]:
        """As nbconvert's; a file that cannot be read is no error, so that the others are graded."""
        known = named(filename, resources)
        try:
            if Path(filename).is_symlink():
                raise NotebookError("The file is a link, and no notebook.")
            notebook = read(Path(filename))
        except NotebookError as error:
            self.log.warning("%s: %s It is recorded as it is, and earns nothing.", filename, error.message)
            notebook, known[_UNREADABLE] = v4.new_notebook(), error.message
        return self.from_notebook_node(notebook, resources=known, **kw)  # type: ignore[no-any-return]


def named(filename: str, resources: Mapping[str, Any] | None) -> dict[str, Any]:
    """A notebook's resources, with where a kernel finds the files that were handed in beside it."""
    metadata = ResourcesDict(name=Path(filename).stem, path=str(Path(filename).parent))
    return {**(resources or {}), "metadata": metadata}


class RestoreCells(NbGraderPreprocessor):  # type: ignore[misc]
    """Puts the assignment's cells back, by the gradebook: takes the place of nbgrader's DeduplicateIds."""

    def preprocess(self, nb: Any, resources: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """See `restore`. Metadata that a learner may have changed does not survive."""
        names = resources["nbgrader"]
        order = _order(self.parent, names["assignment"], names["notebook"])
        with Gradebook(names["db_url"]) as gradebook:
            source = source_cells(gradebook.find_notebook(names["notebook"], names["assignment"]), order)
        restored = restore(nb.cells, source)
        unreadable = resources.get(_UNREADABLE, "")
        if restored.missing and not unreadable:
            self.log.warning("%s: put back: %s", names["student"], ", ".join(restored.missing))
        whole = v4.new_notebook(cells=list(restored.cells))
        whole.metadata[MARK] = NotebookNode(unreadable=unreadable, missing=list(restored.missing))
        return whole, resources


def source_texts(exporter: Any, names: Mapping[str, str]) -> frozenset[str]:
    """The texts of the source notebook's cells: what is in a submission besides is the learner's."""
    cells = _source(exporter, names["assignment"], names["notebook"])
    return frozenset(cell.source.strip() for cell in cells)


def _order(exporter: Any, assignment: str, notebook: str) -> list[str]:
    """The names of the source notebook's cells, in order: the gradebook does not keep it."""
    return [name for name in map(grade_id, _source(exporter, assignment, notebook)) if name]


def _source(exporter: Any, assignment: str, notebook: str) -> Sequence[NotebookNode]:
    folder = exporter.parent.coursedir
    path = Path(folder.format_path(folder.source_directory, ".", assignment)) / f"{notebook}.ipynb"
    try:
        found = path.stat()
        return _cells(path, (found.st_mtime_ns, found.st_size))
    except (OSError, NotebookError):
        return []


@functools.lru_cache(maxsize=8)
def _cells(path: Path, _: tuple[int, int]) -> Sequence[NotebookNode]:
    """Of a file as it was when it was last changed: it is asked for with each submission."""
    return tuple(read(path).cells)
