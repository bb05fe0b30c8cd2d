"""What nbgrader's steps share within a run, and that what they do stays the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from jsonschema import ValidationError
from nbformat import v4
from nbgrader import api
from nbgrader.nbgraderformat import common
from nbgrader.nbgraderformat.v3 import MetadataValidatorV3

from cloudlings.grading.nbgrader.kept import Kept

_MARKS = {
    "grade_id": "a",
    "schema_version": 3,
    "grade": True,
    "solution": False,
    "locked": True,
    "task": False,
    "points": 1,
    "cell_type": "code",
}


def _cell(**more: object) -> object:
    return v4.new_code_cell("1", metadata={"nbgrader": {**_MARKS, **more}})


def test_marks_are_checked_as_by_nbgrader() -> None:
    """A cell's marks that nbgrader takes are taken, and those that it refuses are refused in its words."""
    validator = MetadataValidatorV3()
    with Kept().in_use():
        validator.validate_cell(_cell())
        with pytest.raises(ValidationError) as ours:
            validator.validate_cell(_cell(points="many"))
    with pytest.raises(ValidationError) as theirs:
        validator.validate_cell(_cell(points="many"))
    assert ours.value.message == theirs.value.message


def test_a_gradebook_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradebooks opened one in the other share an engine, and each sees what the other has written."""
    # nbgrader calls alembic by its name.
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    with Kept().in_use(), api.Gradebook(url) as outer:
        with api.Gradebook(url) as inner:
            assert inner.engine is outer.engine
            inner.add_student("ada")
        assert [student.id for student in outer.students] == ["ada"]
        outer.add_student("bo")
    with api.Gradebook(url) as later:
        assert [student.id for student in later.students] == ["ada", "bo"]


def test_nothing_stays() -> None:
    """What nbgrader does after the block is its own."""
    before = api.create_engine, common.jsonschema
    with Kept().in_use():
        assert (api.create_engine, common.jsonschema) != before
    assert (api.create_engine, common.jsonschema) == before
