"""A newer lab: merged into a learner's notebook where both agree, beside it where not, never over it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudlings.errors import LabError, NotebookError
from cloudlings.grading import updates

LAB = "990-notes"


def notebook(*sources: str, outputs: bool = False) -> bytes:
    """A notebook of code cells, run or not."""
    shown = [{"output_type": "stream", "name": "stdout", "text": "done\n"}] if outputs else []
    cells = [
        {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "source": source, "outputs": shown,
         "execution_count": 1 if outputs else None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


GIVEN = ("a = 1", "# YOUR CODE HERE", "check('x')")


@pytest.fixture
def at(tmp_path: Path) -> updates.Places:
    """A checkout with one built lab, a copy of it, and what the copy was made from."""
    (tmp_path / "solutions" / LAB).mkdir(parents=True)
    (tmp_path / "solutions" / LAB / "lab.py").write_text("# ---\n")
    at = updates.places(tmp_path, tmp_path / "home", LAB)
    for path in (at.built, at.copy):
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook(*GIVEN))
    updates.note_given(tmp_path, tmp_path / "home", LAB)
    return at


def update(at: updates.Places, **more: bool) -> updates.Updated:
    root = at.built.parents[2]
    return updates.update(root, root / "home", LAB, **more)


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_bytes())["cells"]]


def test_work_and_news_are_merged(at: updates.Places) -> None:
    """An answer with its output, and a mended cell beside it: both are there; the old copy is kept."""
    at.copy.write_bytes(notebook("a = 1", "bucket = 'mine'", "check('x')", outputs=True))
    at.built.write_bytes(notebook("a = 2", *GIVEN[1:]))
    root = at.built.parents[2]
    assert list(updates.newer(root, root / "home")) == [LAB]
    done = update(at)
    assert done.kind == "merged"
    assert sources(at.copy) == ["a = 2", "bucket = 'mine'", "check('x')"]
    assert json.loads(at.copy.read_bytes())["cells"][1]["outputs"][0]["text"] == "done\n"
    assert done.kept is not None
    assert sources(done.kept) == ["a = 1", "bucket = 'mine'", "check('x')"]
    assert list(updates.newer(root, root / "home")) == []
    assert update(at).kind == "current"


def test_what_both_changed_is_left_alone(at: updates.Places) -> None:
    """The learner's cell and the author's differ: theirs stays to the byte, the newer lab lies beside it."""
    mine = notebook("a = 1", "bucket = 'mine'", "check('x')")
    at.copy.write_bytes(mine)
    at.built.write_bytes(notebook("a = 1", "# YOUR CODE HERE: two buckets", "check('x')"))
    assert update(at).kind == "beside"
    assert at.copy.read_bytes() == mine
    assert at.beside.read_bytes() == at.built.read_bytes()
    root = at.built.parents[2]
    assert list(updates.newer(root, root / "home")) == []


def test_an_untouched_copy_is_replaced(at: updates.Places) -> None:
    """Nothing of the learner's is in it."""
    at.built.write_bytes(notebook("a = 3"))
    assert update(at).kind == "replaced"
    assert sources(at.copy) == ["a = 3"]


@pytest.mark.parametrize("beginnings", ["asked", "unknown"])
def test_beside_is_what_is_asked_for_or_all_that_is_safe(at: updates.Places, beginnings: str) -> None:
    """With --beside, and for a copy whose beginnings nobody kept, nothing is merged."""
    mine = notebook("a = 1", "bucket = 'mine'", "check('x')")
    at.copy.write_bytes(mine)
    at.built.write_bytes(notebook("a = 2", *GIVEN[1:]))
    if beginnings == "unknown":
        at.given.unlink()
    assert update(at, beside=beginnings == "asked").kind == "beside"
    assert at.copy.read_bytes() == mine


def test_a_copy_that_cannot_be_read_is_told(at: updates.Places) -> None:
    """A damaged notebook is left alone, and the way out is said; a lab never opened as well."""
    at.copy.write_bytes(b"{ not json")
    at.built.write_bytes(notebook("a = 2"))
    with pytest.raises(NotebookError, match="cannot be read"):
        update(at)
    assert at.copy.read_bytes() == b"{ not json"
    at.copy.unlink()
    with pytest.raises(LabError, match="no notebook"):
        update(at)
