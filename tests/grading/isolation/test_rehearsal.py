"""A lab's own solution graded before many submissions: what came of it is kept, until lab or code change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cloudlings.grading.isolation import client, rehearsal
from cloudlings.grading.isolation.job import Cell, Graded, Job
from cloudlings.grading.isolation.lanes import Laned, lanes
from cloudlings.grading.nbgrader.course import DEFAULTS
from cloudlings.grading.verdict import Status, Verdict

LAB = "990-notes"
SETTINGS = DEFAULTS | {"memory": 2**31}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout of its own."""
    shutil.copytree(Path(__file__).parents[1] / "course", tmp_path / "checkout")
    return tmp_path / "checkout"


@pytest.fixture
def job(root: Path, tmp_path: Path) -> Job:
    return replace(rehearsal.nobodys(root, LAB, SETTINGS), kept=str(rehearsal.folder(tmp_path)))


@pytest.fixture
def graded() -> Graded:
    verdict = Verdict(LAB, "keep-note", "Keep", Status.PASSED, 3, 3, "It is there.")
    return Graded({"keep-note": verdict}, {1: [{"a": "page"}]}, [], {}, [["s3", "us-east-1", None, True]])


@pytest.fixture
def zygote_needs_a_box() -> None:
    if client.why_not():
        pytest.skip(f"needs a box: {client.why_not()}")
    return


def test_kept(job: Job, graded: Graded) -> None:
    """What came of one is read again whole, without what its cells showed; for the lab that it was of."""
    assert rehearsal.kept(job) is None
    rehearsal.keep(job, graded)
    found = rehearsal.kept(job)
    assert found is not None
    assert found.to_json() == replace(graded, outputs={}).to_json()
    assert rehearsal.kept(replace(job, lab="991-notes")) is None


@pytest.mark.parametrize(
    "changed", [f"solutions/{LAB}/lab.py", f"solutions/{LAB}/other/more.py", "graders/test_990_notes.py"]
)
def test_changed(job: Job, graded: Graded, root: Path, changed: str) -> None:
    """A lab that has changed since, or its graders, is to be rehearsed again."""
    rehearsal.keep(job, graded)
    with (root / changed).open("a") as file:
        file.write("\n# changed\n")
    assert rehearsal.kept(job) is None


def test_code_changed(job: Job, graded: Graded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """So is one that was graded by other code."""
    rehearsal.keep(job, graded)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    monkeypatch.setattr(rehearsal.cloudlings, "__file__", str(tmp_path / "package" / "__init__.py"))
    assert rehearsal.kept(job) is None


def test_not_kept(job: Job, graded: Graded) -> None:
    """What was not all right is not kept, nor what nobody named a folder for."""
    failed = replace(graded.verdicts["keep-note"], status=Status.FAILED, points=0)
    rehearsal.keep(job, replace(graded, verdicts={"keep-note": failed}))
    rehearsal.keep(replace(job, kept=""), graded)
    assert rehearsal.kept(job) is None
    assert rehearsal.kept(replace(job, kept="")) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"of": "another"}'])
def test_unreadable(job: Job, graded: Graded, text: str) -> None:
    """A file that is none of ours, or was cut short, is as none."""
    rehearsal.keep(job, graded)
    [path] = Path(job.kept).iterdir()
    path.write_text(text)
    assert rehearsal.kept(job) is None


def test_not_writable(job: Job, graded: Graded, tmp_path: Path) -> None:
    """Where nothing can be written, nothing is kept, and nothing goes wrong."""
    (tmp_path / "cohort").write_text("in the way")
    rehearsal.keep(job, graded)
    assert rehearsal.kept(job) is None


@pytest.mark.usefixtures("zygote_needs_a_box")
@pytest.mark.slow
def test_zygote_keeps(job: Job) -> None:
    """A zygote keeps what it rehearsed, checks and clients; the next one grades at once by what was kept."""
    grade_many(job, until=lambda: rehearsal.kept(job) is not None)
    found = rehearsal.kept(job)
    assert found is not None
    assert {each.status for each in found.verdicts.values()} == {Status.PASSED}
    assert found.clients
    [path] = Path(job.kept).iterdir()
    written = path.stat().st_mtime_ns
    grade_many(job, until=lambda: True)
    assert path.stat().st_mtime_ns == written


@pytest.mark.usefixtures("zygote_needs_a_box")
@pytest.mark.slow
def test_bad_evidence(job: Job, graded: Graded) -> None:
    """Evidence that no check can read makes nothing wrong: it was to make them quick."""
    broken = replace(graded.verdicts["keep-note"], task="no-such-task", evidence=({"read": "none"},))
    rehearsal.keep(
        job, replace(graded, verdicts={"no-such-task": broken}, clients=[["none", "", None, True]])
    )
    grade_many(job, until=lambda: True)


def grade_many(job: Job, until: Callable[[], bool]) -> None:
    """Grades one submission after the other, after the lab was made ready for many, until that is so."""
    with lanes() as made:
        made.make_ready_for(replace(job, rehearse=True))
        asker = Laned(made.address)
        for turn in range(100):
            cells = [Cell(0, 1, f"print({turn})", None)]
            graded = asker.grade(replace(job, student="one", cells=cells))
            assert graded.outputs[0][0]["text"] == f"{turn}\n"
            if until():
                break
        else:
            pytest.fail("It was never so.")
        asker.close()
