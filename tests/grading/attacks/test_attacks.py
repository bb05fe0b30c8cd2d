"""No hostile submission forges, leaks, escapes, survives or harms another: cases are data.

Fields of a case: ``do``, what it tries, in a cell after the lab is opened; ``first`` and ``answers``, the
tasks that are rightly answered before and after that (all | none | a list); ``after``, a last cell;
``files``, handed in beside the notebook; ``passed``, the tasks that it must get points for, and no others;
``printed``, what proves that it did what it meant to; ``never``, what would prove that it got through;
``told``, words of the feedback; ``next``, what the next submission looks for: it must print "clean";
``seconds``, how long a cell may run. Cases that are ``always`` run in make test, all of them in make
attacks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from cloudlings.grading.isolation import client
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.job import Cell, Graded, Job

HERE = Path(__file__).parent
ROOT, LAB = HERE.parent / "course", "990-notes"
ALL = os.environ.get("CLOUDLINGS_ATTACKS") == "all"
CASES = [case for path in sorted(HERE.glob("*.yaml")) for case in yaml.safe_load(path.read_text())]
CHOSEN = [case for case in CASES if ALL or case.get("always")]
MARK = "a-process-that-an-attack-left"
ANSWERS = {
    "keep-note": "s3.create_bucket(Bucket=brief.bucket)\n"
    's3.put_object(Bucket=brief.bucket, Key="note.txt", Body=brief.word)',
    "mend-setting": 'ssm.put_parameter(Name="/notes/setting", Value=brief.word, Overwrite=True)',
    "count-notes": 'answer("count-notes", {"count": 1, "word": brief.word})',
}
OPENING = (
    f'from cloudlings.notebook import *\nbrief = open_lab("{LAB}")',
    'import boto3\ns3, ssm = boto3.client("s3"), boto3.client("ssm")',
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("attacks"),
    pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what nobody may find."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("gradebook.db", "course_secret"):
        (folder / name).write_text(f"CANARY-{name}")
        (folder / name).chmod(0o644)
    return folder


@pytest.fixture(scope="module")
def zygote() -> Iterator[client.Zygote]:
    """One process for all: what one submission does to it, the next would suffer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY_OF_THE_INSTRUCTOR", "CANARY-environment")
        made = client.Zygote()
        yield made
        made.close()


@pytest.mark.parametrize("case", CHOSEN, ids=[case["name"] for case in CHOSEN])
def test_attack(zygote: client.Zygote, course: Path, case: Mapping[str, Any]) -> None:
    """An attack gets the points that its account deserves, finds nothing, and leaves nothing behind."""
    graded = zygote.grade(_job(case, course))
    printed = _printed(graded)
    assert _passed(graded) == _tasks(case["passed"]), (printed, graded.notes)
    for words in case.get("printed", ["tried"] if "tried" in case.get("do", "") else []):
        assert words in printed, (printed, graded.notes)
    for words in case.get("never", []):
        assert words.replace("@COURSE@", str(course)) not in printed
    for words in case.get("told", []):
        assert words in " ".join(graded.notes)
    assert not _left_running()
    if ALL or "next" in case:
        _honest(zygote, case.get("next", ""))


def test_honest_after_all(zygote: client.Zygote) -> None:
    """After every attack an honest submission has all its points."""
    _honest(zygote, "")


def test_enough_attacks() -> None:
    """There are more than forty, none has the name of another, and each says what it must score."""
    assert len(CASES) > 40
    assert len({case["name"] for case in CASES}) == len(CASES)
    assert all("passed" in case and "tries" in case for case in CASES)


def _honest(zygote: client.Zygote, look: str) -> None:
    graded = zygote.grade(_job({"name": "honest", "answers": "all", "do": look}, Path("/nowhere")))
    assert _passed(graded) == list(ANSWERS), graded.notes
    if look:
        assert "clean" in _printed(graded)


def _job(case: Mapping[str, Any], course: Path) -> Job:
    first, later = _tasks(case.get("first", "none")), _tasks(case.get("answers", "none"))
    do = (
        case.get("do", "")
        .replace("@COURSE@", str(course))
        .replace("@ROOT@", str(ROOT))
        .replace("@MARK@", MARK)
    )
    steps: list[tuple[str, str | None]] = [(text, None) for text in OPENING]
    for task in first:
        steps += [(ANSWERS[task], None), ("check", task)]
    steps.append((do, None))
    for task in (name for name in ANSWERS if name not in first):
        steps += [(ANSWERS[task] if task in later else "", None), ("check", task)]
    steps.append((case.get("after", ""), None))
    cells = [Cell(number, number + 1, text, task) for number, (text, task) in enumerate(steps)]
    files = {name: text.encode() for name, text in case.get("files", {}).items()}
    return Job(
        str(ROOT), LAB, case["name"], cells, list(ANSWERS), files, case.get("seconds", 8.0), 240.0, Bounds()
    )


def _tasks(said: str | Sequence[str]) -> list[str]:
    return {"all": list(ANSWERS), "none": []}[said] if isinstance(said, str) else list(said)


def _passed(graded: Graded) -> list[str]:
    return [name for name, verdict in graded.verdicts.items() if verdict.passed]


def _printed(graded: Graded) -> str:
    rows = [row for rows in graded.outputs.values() for row in rows]
    return "".join(
        "".join(row.get("text", "")) + str(row.get("data", {}).get("text/plain", "")) + row.get("evalue", "")
        for row in rows
    )


def _left_running() -> list[list[str]]:
    """What is still there a moment later: the kernel takes a while to end a crowd."""
    deadline = time.monotonic() + 20
    while found := [
        each.info["cmdline"]
        for each in psutil.process_iter(["cmdline"])
        if MARK in (each.info["cmdline"] or [])
    ]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return found
