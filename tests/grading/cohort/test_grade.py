"""`cloudlings course grade`: every submission ends with an outcome, once in the gradebook, whatever was
handed in.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("distributed")

from cloudlings.grading.cohort.outcomes import Outcomes
from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import Student, add_students
from cloudlings.lab import Catalogue, brief_for
from tests.grading import nbgrader_course as nbc

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("cohort"),
    pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}"),
]
CASES = [
    case
    for case in nbc.CASES
    if case["student"] in ("right", "partly-right", "corrupt", "exits", "checks-replaced-and-multiplied")
]
NOTHING = dict.fromkeys(nbc.TASKS, 0.0)
BAD = ("link", "wrong-name", "not-there", "binary", "claims-points")
COPIER = {"student": "copier", "answers": "none"}


@pytest.fixture(scope="module")
def course(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with submissions of many kinds, graded by the command with two workers."""
    folder: Path = copy_course(tmp_path_factory.mktemp("cohort") / "clouds-2026")
    for case in CASES:
        nbc.submit(folder, case)
    _hand_in_badly(folder)
    theirs = brief_for(Catalogue(nbc.ROOT).header(nbc.LAB), "right").bucket
    nbc.submit(folder, COPIER | {"then": {"keep-note": f's3.create_bucket(Bucket="{theirs}")'}})
    names = (*(case["student"] for case in CASES), *BAD, "copier")
    add_students(folder, [Student(name) for name in names])
    (folder / "said").write_text(grade(folder))
    return folder


def _hand_in_badly(folder: Path) -> None:
    right = next(case for case in nbc.CASES if case["student"] == "right")
    for name in (*BAD, "stranger"):
        nbc.submit(folder, right | {"student": name})
    places = {name: folder / "submitted" / name / nbc.LAB for name in BAD}
    own = f"{nbc.LAB}.ipynb"
    (places["link"] / own).unlink()
    (places["link"] / own).symlink_to(folder / "gradebook.db")
    (places["link"] / "secret.txt").symlink_to(folder / "course_secret")
    (places["wrong-name"] / own).rename(places["wrong-name"] / "Notes (2).ipynb")
    (places["not-there"] / own).unlink()
    (places["binary"] / own).write_bytes(b"\xff\xfe\x00PK\x03\x04" * 1000)
    claimed = json.loads((folder / "release" / nbc.LAB / own).read_text())
    claim = {"keep-note": {"status": "passed", "points": 3}}
    claimed["metadata"]["cloudlings_grading"] = {"verdicts": claim}
    (places["claims-points"] / own).write_text(json.dumps(claimed))


def grade(folder: Path, *more: str, expect: int = 0) -> str:
    """What the command says."""
    command = [str(Path(sys.executable).parent / "cloudlings"), "course", "grade", nbc.LAB, *more]
    environment = {**os.environ, "PATH": os.defpath}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=540)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_points(course: Path) -> None:
    """Each submission gets in the gradebook what its account deserves, as by nbgrader's own command."""
    wanted = {case["student"]: case["points"] for case in CASES}
    wanted |= dict.fromkeys(("link", "not-there", "binary", "claims-points"), NOTHING)
    wanted["wrong-name"] = nbc.TASKS
    wanted["copier"] = NOTHING
    assert nbc.points(course) == wanted, (course / "said").read_text()


def test_every_submission_has_an_outcome(course: Path) -> None:
    """What cannot be graded is named, with why; nobody is graded who is not in the gradebook."""
    said = " ".join((course / "said").read_text().split())
    kinds = {outcome.student: outcome.kind for outcome in Outcomes(course, nbc.LAB)}
    bad = dict.fromkeys(("corrupt", "link", "not-there", "binary"), "unreadable")
    assert {name: kind for name, kind in kinds.items() if kind != "graded"} == bad | {"stranger": "refused"}
    for words in ("stranger: refused", "link: unreadable", f"There is no {nbc.LAB}.ipynb", "7 graded"):
        assert words in said


def test_feedback(course: Path) -> None:
    """Feedback tells what was found, and what happened on the way."""
    nbc.nbgrader(course, "generate_feedback", nbc.LAB)
    pages = {name: (course / "feedback" / name / nbc.LAB / f"{nbc.LAB}.html").read_text() for name in BAD}
    assert "with exit code 3" in (course / "feedback" / "exits" / nbc.LAB / f"{nbc.LAB}.html").read_text()
    assert "was taken for 990-notes.ipynb" in pages["wrong-name"]
    secret = (course / "course_secret").read_text().strip()
    handed_out = [path.read_bytes() for path in (course / "feedback").rglob("*.*") if path.is_file()]
    assert handed_out
    assert not any(secret.encode() in data for data in handed_out)


def test_resume(course: Path) -> None:
    """A run that was cut short goes on where it was: what is done stays, what was not recorded is, once."""
    outcomes = Outcomes(course, nbc.LAB)
    right, exits = outcomes.of("right"), outcomes.of("exits")
    assert right is not None
    outcomes.keep(dataclasses.replace(right, recorded=False))
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        book.remove_submission(nbc.LAB, "right")
    grade(course, "--resume")
    assert outcomes.of("right") == right
    assert outcomes.of("exits") == exits
    assert nbc.points(course)["right"] == nbc.TASKS
    assert len(nbc.points(course)) == len(CASES) + len(BAD) + 1


def test_one_student(course: Path) -> None:
    """One student's submission can be graded alone, and nobody else's is touched."""
    before = {outcome.student: outcome for outcome in Outcomes(course, nbc.LAB)}
    assert "1 graded" in grade(course, "--students", "partly-right", "--workers", "1")
    after = {outcome.student: outcome for outcome in Outcomes(course, nbc.LAB)}
    assert {name for name in after if after[name] != before[name]} == {"partly-right"}
    said = grade(course, "--students", "nobody", expect=1)
    assert "Nothing was handed in for 990-notes by nobody." in " ".join(said.split())


def test_report(course: Path) -> None:
    """A report says how each task went, the commonest near-miss, who is stuck, and whose answer a copy is."""
    from cloudlings.grading.cohort.report import Copied, report

    found = report(course, nbc.LAB)
    rows = {row.task: row for row in found.tasks}
    assert (rows["mend-setting"].passed, rows["mend-setting"].failed) == (3, 1)
    assert (rows["mend-setting"].near_miss, rows["mend-setting"].met) == ("/notes/setting is set to nope.", 1)
    assert set(found.stuck) == {"claims-points", "copier"} | {
        name for name, earned in found.points.items() if earned <= 2
    }
    theirs = brief_for(Catalogue(nbc.ROOT).header(nbc.LAB), "right").bucket
    assert found.copied == (Copied("copier", "right", "bucket", theirs),)
    assert set(found.problems) == {"corrupt", "link", "not-there", "binary", "stranger"}
    assert json.loads(json.dumps(found.to_json()))["tasks"][0]["task"] == "keep-note"


def test_regrade(course: Path, tmp_path: Path) -> None:
    """A mended grader gives new marks from the recorded evidence: told before they are written, and why."""
    from cloudlings.grading.cohort.regrade import regrade, write

    assert regrade(course, nbc.LAB).changes == ()
    folder = _with_a_mended_grader(course, tmp_path)
    before = nbc.points(folder)
    found = regrade(folder, nbc.LAB)
    told = {(change.student, change.task): change.now for change in found.changes}
    mended = told.pop(("partly-right", "mend-setting"))
    assert mended is not None
    assert mended.points == 2
    # The other grader reads something new, of which nothing was recorded.
    assert told
    assert set(told.values()) == {None}
    assert {task for _, task in told} == {"count-notes"}
    assert nbc.points(folder) == before
    assert list(write(folder, nbc.LAB, found)) == ["partly-right"]
    assert nbc.points(folder) == before | {"partly-right": before["partly-right"] | {"mend-setting": 2.0}}


def _with_a_mended_grader(course: Path, place: Path) -> Path:
    root, folder = place / "checkout", place / "clouds-2026"
    shutil.copytree(nbc.ROOT, root)
    shutil.copytree(course, folder, symlinks=True)
    config = folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace(str(nbc.ROOT), str(root)))
    grader = root / "graders" / "test_990_notes.py"
    text = grader.read_text().replace("assert brief.word in", "assert {brief.word, 'nope'} &")
    text = text.replace("& values.values()", "& set(values.values())")
    new = "def test_count_notes(answer, brief, account):\n    account.client('sqs').list_queues()\n"
    grader.write_text(text.replace("def test_count_notes(answer, brief):\n", new))
    return folder


def test_no_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no box can be had nothing is graded, and the words say how to get one, or to go without."""
    from cloudlings.errors import GradingError
    from cloudlings.grading.cohort.grade import Options, grade

    monkeypatch.setattr(client, "why_not", lambda: "Operation not permitted")
    with pytest.raises(GradingError, match="Operation not permitted") as error:
        next(grade(Path("nowhere"), nbc.LAB, Options()))
    assert "--trust-submissions" in error.value.next_step
