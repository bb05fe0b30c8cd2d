"""Reading notebooks that somebody else wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlings.errors import NotebookError
from cloudlings.lab import Lab, build, parse_notebook, read_notebook

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["cells", "worksheets", "metadata", "source", "input", "cell_type", "nbgrader", "grade_id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def test_a_built_notebook_is_read(lab: Lab) -> None:
    """Cells in order with their ids and texts, and the lab that it is of."""
    notebook = parse_notebook(build(lab, dict.fromkeys(lab.tasks, 1)))
    assert notebook.lab == "010-buckets"
    ids = [cell.grade_id for cell in notebook.cells if cell.grade_id]
    assert ids[:3] == ["open_lab", "make-bucket_answer", "make-bucket"]
    assert notebook.cells[1].source.endswith('open_lab("010-buckets")')
    assert [cell.number for cell in notebook.cells] == list(range(1, len(notebook.cells) + 1))


def test_a_notebook_of_format_3_is_read() -> None:
    """Old notebooks kept cells in worksheets, and code under another name."""
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y"]}]}]}
    (cell,) = parse_notebook(json.dumps(old).encode()).cells
    assert (cell.kind, cell.source) == ("code", "x = 1\ny")


def test_a_notebook_with_gaps_is_read() -> None:
    """What is missing is empty, what is no cell is passed over, nothing is raised."""
    odd = {
        "cells": [{}, 7, None, {"source": [1, "a"]}, {"metadata": {"nbgrader": []}}, {"metadata": 3}],
        "metadata": [],
    }
    notebook = parse_notebook(json.dumps(odd).encode())
    assert [(cell.source, cell.grade_id, cell.number) for cell in notebook.cells] == [
        ("", None, 1), ("a", None, 4), ("", None, 5), ("", None, 6)
    ]  # fmt: skip
    assert notebook.lab is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_other_editors_are_read(encoding: str) -> None:
    """A byte order mark or UTF-16 from an editor on Windows is no obstacle."""
    assert parse_notebook('{"cells": []}'.encode(encoding)).cells == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b'{"cells": [{"source": "x', "cut off at line 1"),
        (b'{"cells": [\n{"source": "x"},', "cut off at line 2"),
        (b'{"cells": [\n{"source" "x"}], "metadata": {}}', "line 2 is not JSON"),
        (b'{\n<<<<<<< HEAD\n"cells": []\n=======\n>>>>>>> other\n}', "merge conflict"),
        (b"[]", "JSON, but no notebook"),
        (b'{"nbformat": 4}', "no cells"),
        (b'{"cells": {}}', "no cells"),
        (b"\x89PNG\r\n\x1a\n\x00", "not text"),
        (b"[" * 100_000, "no notebook"),
    ],
)
def test_what_is_no_notebook_is_told(content: bytes, says: str) -> None:
    """Each way of being broken has its own words, and says what to do next."""
    with pytest.raises(NotebookError, match=says) as caught:
        parse_notebook(content, "hers.ipynb")
    assert caught.value.message.startswith("hers.ipynb ")
    assert caught.value.next_step


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_content_breaks_the_reader(content: bytes) -> None:
    """Any bytes are a notebook or a NotebookError."""
    try:
        notebook = parse_notebook(content)
    except NotebookError:
        return
    for cell in notebook.cells:
        assert isinstance(cell.source, str)
        assert cell.grade_id is None or isinstance(cell.grade_id, str)
    assert notebook.lab is None or isinstance(notebook.lab, str)


def test_files_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a folder and a huge file are errors for the person."""
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "huge.ipynb").write_text(" " * 200)
    monkeypatch.setattr("cloudlings.lab.notebooks.LARGEST", 100)
    for name, says in (
        ("gone.ipynb", "not there"),
        ("folder.ipynb", "folder"),
        ("huge.ipynb", "larger than"),
    ):
        with pytest.raises(NotebookError, match=says):
            read_notebook(tmp_path / name)


def test_a_lab_is_known_by_its_opening_cell() -> None:
    """Without metadata, the call that opens the lab says which it is."""
    document: dict[str, Any] = {
        "cells": [{"cell_type": "code", "source": "b = open_lab( '030-s3-policies' )"}]
    }
    assert parse_notebook(json.dumps(document).encode()).lab == "030-s3-policies"
