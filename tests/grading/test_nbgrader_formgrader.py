"""What formgrader calls: nbgrader's own API, inside a server's event loop; and a sandbox that fails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook, MissingEntry

from cloudlings.errors import SandboxError
from cloudlings.grading.isolation import client
from tests.grading import nbgrader_course as nbc

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nbgrader-made")]


@pytest.fixture
def api(copy_course: Any, tmp_path: Path) -> Any:
    """nbgrader's API on a course in which one submission waits, as formgrader makes it."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import PyFileConfigLoader

    folder = copy_course(tmp_path / "clouds-2026")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    made = NbGraderAPI(CourseDirectory(config=config, root=str(folder)), config=config)
    nbc.submit(folder, next(case for case in nbc.CASES if case["student"] == "partly-right"))
    return made


NEEDS_A_BOX = pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}")


def in_a_server(call: Any) -> Any:
    async def serving() -> Any:
        return call()

    return asyncio.run(serving())


def submission(api: Any) -> Any:
    with Gradebook(api.coursedir.db_url) as book:
        return book.find_submission(nbc.LAB, "partly-right").score


def test_formgrader(api: Any) -> None:
    """Formgrader's buttons autograde and give feedback; a mark and a comment by hand stay the next time."""
    done = in_a_server(lambda: api.autograde(nbc.LAB, "partly-right", force=True, create=True))
    assert done["success"], done
    row = api.get_submission(nbc.LAB, "partly-right")
    assert (row["autograded"], row["score"], row["max_score"]) == (True, 3.0, 6.0)
    assert not row["needs_manual_grade"]
    assert in_a_server(lambda: api.generate_feedback(nbc.LAB, "partly-right"))["success"]
    with Gradebook(api.coursedir.db_url) as book:
        notebook = book.find_submission_notebook(nbc.LAB, nbc.LAB, "partly-right")
        next(grade for grade in notebook.grades if grade.name == "count-notes").manual_score = 1
        next(each for each in notebook.comments if each.name == "keep-note_answer").manual_comment = "Neat."
        book.db.commit()
    assert api.autograde(nbc.LAB, "partly-right", force=True, create=True)["success"]
    with Gradebook(api.coursedir.db_url) as book:
        notebook = book.find_submission_notebook(nbc.LAB, nbc.LAB, "partly-right")
        points = {grade.name: grade.score for grade in notebook.grades}
        assert points == {"keep-note": 3, "mend-setting": 0, "count-notes": 1}
        assert "Neat." in [comment.comment for comment in notebook.comments]


class Failing:
    """A zygote whose sandbox fails the first times that it is asked for one, and then is the real one."""

    def __init__(self, times: int) -> None:
        self.times = times
        self._real = client.shared()

    def grade(self, job: Any) -> Any:
        if self.times:
            self.times -= 1
            raise SandboxError("The sandbox did not start.", next_step="cloudlings doctor")
        return self._real.grade(job)


def fail(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    failing = Failing(times)
    monkeypatch.setattr(client, "shared", lambda: failing)


@NEEDS_A_BOX
def test_sandbox_fails_once(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that fails once is tried again, and the submission gets what it deserves."""
    fail(monkeypatch, 1)
    assert api.autograde(nbc.LAB, "partly-right", force=True, create=True)["success"]
    assert submission(api) == 3


@NEEDS_A_BOX
def test_sandbox_fails(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that fails leaves a submission ungraded and says so; a score that is there stays."""
    fail(monkeypatch, 2)
    done = api.autograde(nbc.LAB, "partly-right", force=True, create=True)
    assert not done["success"]
    said = done["log"] + done.get("error", "")
    assert "990-notes of partly-right was left ungraded: The sandbox did not start." in said
    assert "nbgrader autograde 990-notes --student partly-right --force" in said
    with pytest.raises(MissingEntry):
        submission(api)
    assert api.autograde(nbc.LAB, "partly-right", force=True, create=True)["success"]
    assert submission(api) == 3
    monkeypatch.undo()
    fail(monkeypatch, 2)
    assert not api.autograde(nbc.LAB, "partly-right", force=True, create=True)["success"]
    assert submission(api) == 3


@NEEDS_A_BOX
def test_lab_fails(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lab that cannot be set up is nobody's zero either: it is named, with whom it concerns."""

    def broken(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError("the seed is broken")

    monkeypatch.setattr(client, "shared", broken)
    done = api.autograde(nbc.LAB, "partly-right", force=True, create=True)
    assert not done["success"]
    said = done["log"] + done.get("error", "")
    assert "990-notes of partly-right was left ungraded: RuntimeError: the seed is broken." in said
    with pytest.raises(MissingEntry):
        submission(api)
