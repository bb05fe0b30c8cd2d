"""Reading what was submitted, and making it gradable: the graded cells are the gradebook's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from cloudlings.errors import NotebookError
from cloudlings.grading.nbgrader.reading import grade_id, read
from cloudlings.grading.nbgrader.restore import MISSING, SourceCell, restore

CHECKSUM = "c" * 32


def source(name: str, text: str, *, points: float | None = None, solution: bool = False) -> SourceCell:
    return SourceCell(
        name,
        "code",
        text,
        locked=not solution,
        solution=solution,
        task=False,
        points=points,
        checksum=CHECKSUM,
    )


SOURCE = (
    source("open_lab", "brief = open_lab()"),
    source("a_answer", "# YOUR CODE HERE", solution=True),
    source("a", 'check("a")', points=3),
    source("b_answer", "# YOUR CODE HERE", solution=True),
    source("b", 'check("b")', points=2),
)


def cell(text: str, name: str = "", **marks: Any) -> nbformat.NotebookNode:
    made = nbformat.v4.new_code_cell(text)
    if name:
        made.metadata = nbformat.from_dict({"nbgrader": {"grade_id": name, **marks}})
    return made


def released() -> list[nbformat.NotebookNode]:
    return [cell(each.source, each.name) for each in SOURCE]


def shape(cells: Any) -> list[tuple[str, str]]:
    return [(grade_id(each), each.source) for each in cells]


def test_as_released() -> None:
    """A notebook as it was released stays, and its marks are the gradebook's."""
    found = restore(released(), SOURCE)
    assert shape(found.cells) == [(each.name, each.source) for each in SOURCE]
    assert found.missing == ()
    assert found.cells[2].metadata.nbgrader == {
        "cell_type": "code", "checksum": CHECKSUM, "grade": True, "grade_id": "a", "locked": True,
        "points": 3,        "schema_version": 3, "solution": False, "task": False,
    }  # fmt: skip


def test_marks_changed() -> None:
    """Points, flags and versions that were changed in the file count for nothing."""
    cells = [
        cell(each.source, each.name, grade=False, solution=True, points=99, schema_version=7)
        for each in SOURCE
    ]
    assert restore(cells, SOURCE).cells == restore(released(), SOURCE).cells


@pytest.mark.parametrize("gone", [[2], [4], [2, 4], [0], [1, 2], [1, 2, 3, 4], [0, 1, 2, 3, 4]])
def test_missing(gone: list[int]) -> None:
    """Cells that are missing are put back where they were, also several in a row."""
    found = restore([each for number, each in enumerate(released()) if number not in gone], SOURCE)
    assert [name for name, _ in shape(found.cells)] == [each.name for each in SOURCE]
    assert found.missing == tuple(SOURCE[number].name for number in gone)
    for number in gone:
        wanted = SOURCE[number].source if SOURCE[number].locked else MISSING
        assert found.cells[number].source == wanted


def test_duplicates() -> None:
    """Of cells with one name, one carries the grade; the others run as the learner's own."""
    cells = [copy for each in released() for copy in (each, cell(each.source, grade_id(each)))]
    found = restore(cells, SOURCE)
    names = [name for name, _ in shape(found.cells) if name]
    assert names == [each.name for each in SOURCE]
    assert len(found.cells) == 10


def test_check_overwritten() -> None:
    """Code that was written into a check cell still runs, and the check follows it."""
    cells = released()
    cells[2].source = "s3.create_bucket()"
    found = restore(cells, SOURCE)
    assert shape(found.cells)[2:4] == [("", "s3.create_bucket()"), ("a", 'check("a")')]


def test_kind_changed() -> None:
    """A check that was made into text is text, and the check is put back after it."""
    cells = released()
    cells[2] = nbformat.v4.new_markdown_cell('check("a")')
    cells[2].metadata = nbformat.from_dict({"nbgrader": {"grade_id": "a", "grade": True}})
    kinds = [(grade_id(each), each.cell_type) for each in restore(cells, SOURCE).cells][2:4]
    assert kinds == [("", "markdown"), ("a", "code")]


def test_marks_gone() -> None:
    """Without any marks the locked cells are known by their text, and code is kept in its place."""
    cells = [cell(each.source if each.locked else "x = 1") for each in SOURCE]
    found = restore(cells, SOURCE)
    assert [text for name, text in shape(found.cells) if name in ("", "open_lab", "a", "b")] == [
        "brief = open_lab()", "x = 1", 'check("a")', "x = 1", 'check("b")',
    ]  # fmt: skip
    assert found.missing == ("a_answer", "b_answer")


def test_unknown_names() -> None:
    """A cell with a name that the assignment does not have is the learner's own."""
    found = restore([*released(), cell("1", "bonus", grade=True, points=50)], SOURCE)
    assert shape(found.cells)[-1] == ("", "1")


def test_nbgrader_takes_it() -> None:
    """Whatever was submitted, nbgrader finds the result valid."""
    cells = [cell("1", "a", points="many"), cell("2", "a"), cell("", "nobody"), *released()[3:]]
    notebook = nbformat.v4.new_notebook(cells=list(restore(cells, SOURCE).cells))
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ('{"cells": [{"cell_type', "cut off or damaged"),
        ("[" * 100_000, "cut off or damaged"),
        ("PK\x03\x04", "cut off or damaged"),
        ("[1, 2]", "not a notebook"),
        ('{"name": "x"}', "not a notebook"),
        ('{"worksheets": 3}', "in a form that cannot be read"),
    ],
)
def test_no_notebook(tmp_path: Path, text: str, said: str) -> None:
    """A file that is no notebook says what it is."""
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(NotebookError, match=said):
        read(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file of arbitrary bytes is damaged, and not a crash."""
    path = tmp_path / "x.ipynb"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(NotebookError, match="damaged"):
        read(path)


def test_missing_file(tmp_path: Path) -> None:
    """A link that leads nowhere cannot be opened, and says so."""
    with pytest.raises(NotebookError, match="could not be opened"):
        read(tmp_path / "none.ipynb")


def test_strange_cells(tmp_path: Path) -> None:
    """What is no cell is left out; a cell keeps its kind and text, whatever else was in it."""
    cells: list[Any] = [
        None, 7, [], {}, {"cell_type": "code"}, {"cell_type": "code", "source": ["a = 1\n", "b = 2", 3]},
        {"cell_type": "heading", "source": "x", "metadata": 3},
        {"cell_type": "code", "source": 9, "metadata": {"nbgrader": {"grade_id": ["a"], "grade": {}}}},
        {"cell_type": "code", "source": "1", "outputs": [{"output_type": "evil"}], "metadata": {"tags": 1}},
    ]  # fmt: skip
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": [], "nbformat": "four"}))
    found = read(path)
    nbformat.validate(found)
    assert [(each.cell_type, each.source) for each in found.cells] == [
        ("markdown", ""), ("code", ""), ("code", "a = 1\nb = 2"), ("markdown", "x"), ("code", ""),
        ("code", "1"),
    ]  # fmt: skip
    assert all(grade_id(each) == "" for each in found.cells)


def test_old_format(tmp_path: Path) -> None:
    """A notebook in the format of long ago is read as well."""
    old = {
        "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": []}]}
        ],
    }  # fmt: skip
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(old))
    assert [each.source for each in read(path).cells] == ["x = 1"]
