"""What a verdict scores by nbgrader's own rule, and how it reads."""

from __future__ import annotations

import logging
from typing import Any

import nbformat
import pytest
from nbgrader.utils import determine_grade

from cloudlings.grading.nbgrader.outputs import Outputs
from cloudlings.grading.nbgrader.words import about, check_outputs, comment
from cloudlings.grading.verdict import Status, Verdict


def verdict(status: Status, points: int = 0, found: str = "Bucket `x` is <open>.") -> Verdict:
    return Verdict("990-notes", "keep-note", "Keep a note", status, points, 3, found, "Anyone can read.")


@pytest.mark.parametrize(
    ("status", "points", "worth", "score"),
    [
        (Status.PASSED, 3, 3.0, 3.0),
        (Status.PASSED, 3, 6.0, 6.0),
        (Status.FAILED, 0, 3.0, 0.0),
        (Status.FAILED, 2, 3.0, 2.0),
        (Status.NOT_ATTEMPTED, 0, 3.0, 0.0),
    ],
)
def test_score(status: Status, points: int, worth: float, score: float) -> None:
    """nbgrader gives what the verdict earns of what the gradebook gives for the task."""
    cell = nbformat.v4.new_code_cell("check()")
    cell.outputs = check_outputs(verdict(status, points), worth)
    cell.metadata = nbformat.from_dict({"nbgrader": {"grade": True, "solution": False, "points": worth}})
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    assert determine_grade(cell, logging.getLogger()) == (score, worth)


def test_words() -> None:
    """A verdict reads the same in words and on a page, where its text is no markup."""
    data = check_outputs(verdict(Status.FAILED), 3.0)[0].data
    assert data["text/plain"] == (
        "✘ Not yet: Keep a note · 0 of 3 points.\nBucket `x` is <open>.\nAnyone can read."
    )
    assert "Bucket <code>x</code> is &lt;open&gt;." in data["text/html"]


def test_passed_says_little() -> None:
    """A task that passed needs no explanation."""
    assert comment(verdict(Status.PASSED, 3), 3.0) == "✔ Passed: Keep a note · 3 of 3 points"


def test_about() -> None:
    """The first cell has each task's outcome, whose values were used, and what happened on the way."""
    found = {"keep-note": verdict(Status.FAILED), "other|task": verdict(Status.PASSED, 3)}
    text = about(
        "amara", ["In [4]: It was stopped.", "two\nlines"], found, {"keep-note": 3, "other|task": 6}
    ).source
    assert "| ✘ Not yet | [Keep a note](#keep-note) | 0 of 3 |" in text
    assert "| 6 of 6 |" in text
    assert "`amara`" in text
    assert text.endswith("- In [4]: It was stopped.\n- two lines")


def message(kind: str, **content: Any) -> dict[str, Any]:
    return {"msg_type": kind, "header": {"msg_type": kind}, "content": content}


def test_outputs_join() -> None:
    """What one stream writes in pieces is one output."""
    outputs = Outputs()
    for text in ("a", "b"):
        outputs.take(message("stream", name="stdout", text=text))
    outputs.take(message("stream", name="stderr", text="c"))
    assert [(row.name, row.text) for row in outputs.rows] == [("stdout", "ab"), ("stderr", "c")]


def test_outputs_end() -> None:
    """The kernel's word that it is idle ends a cell; clearing its outputs clears them."""
    outputs = Outputs()
    outputs.take(message("stream", name="stdout", text="a"))
    assert not outputs.take(message("status", execution_state="busy"))
    outputs.take(message("clear_output", wait=False))
    assert outputs.rows == []
    assert outputs.take(message("status", execution_state="idle"))


@pytest.mark.parametrize(
    "strange",
    [
        {"msg_type": "stream", "content": None},
        message("stream", name=3, text=["x"]),
        message("display_data", data="text", metadata=None),
        message("execute_result"),
        message("evil", data={}),
        {},
    ],
)
def test_outputs_strange(strange: dict[str, Any]) -> None:
    """A changed kernel can send anything: what is no output is not kept."""
    outputs = Outputs()
    assert not outputs.take(strange)
    assert outputs.rows == []


def test_outputs_bounded() -> None:
    """The beginning of a long output is kept, and that the rest was not is said once."""
    outputs = Outputs()
    for _ in range(100):
        outputs.take(message("stream", name="stdout", text="x" * 100_000))
    text = "".join(row.text for row in outputs.rows)
    assert outputs.flooded
    assert 256 * 2**10 <= len(text) < 257 * 2**10
    assert text.count("was not kept") == 1
