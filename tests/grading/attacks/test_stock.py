"""Every attack through stock `nbgrader autograde`: the same points as in `test_attacks`, and nothing found.

It takes minutes: `make attacks` runs it. `test_nbgrader_autograde` has the crashes and the ways of forging.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.grading.isolation import client
from tests.grading import nbgrader_course as nbc

HERE = Path(__file__).parent

CASES = {
    case["name"]: case for path in sorted(HERE.glob("*.yaml")) for case in yaml.safe_load(path.read_text())
}
ORDER = ("keep-note", "mend-setting", "count-notes")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.xdist_group("attacks"),
    pytest.mark.skipif(os.environ.get("CLOUDLINGS_ATTACKS") != "all", reason="make attacks runs it"),
    pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}"),
]


def tasks(said: Any) -> list[str]:
    return {"all": list(ORDER), "none": []}[said] if isinstance(said, str) else list(said)


def submission(released: Mapping[str, Any], case: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The released notebook: what is rightly answered before, the attack, the other answers, a last cell."""
    first, later = tasks(case.get("first", "none")), tasks(case.get("answers", "none"))
    do = case.get("do", "").replace("@COURSE@", str(folder)).replace("@ROOT@", str(nbc.ROOT))
    attack = nbc.code(do.replace("@MARK@", nbc.MARK)) | {"id": "attack"}
    clients = nbc.code('import boto3\ns3, ssm = boto3.client("s3"), boto3.client("ssm")') | {"id": "clients"}
    cells = []
    for cell in released["cells"]:
        name = cell["id"].removesuffix("_answer").removesuffix("_check")
        after = name in ORDER and name not in first
        if after and attack not in cells:
            cells += [clients, attack]
        if cell["id"].endswith("_answer") and name in ORDER:
            cell = cell | {"source": nbc.RIGHT[name] if name in (*first, *later) else ""}
        cells.append(cell)
        if cell["id"] == "open_lab":
            cells.append(clients | {"id": "clients-first"})
    if attack not in cells:
        cells += [clients, attack]
    last = nbc.code(case.get("after", "")) | {"id": "after"}
    return {**released, "cells": [*cells, last]}


@pytest.fixture(scope="module")
def course(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A course in which each attack is somebody's submission, and an honest one the last."""
    folder = copy_course(tmp_path_factory.mktemp("attacked") / "clouds-2026")
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write("\nc.GradeOnAccount.cell_seconds = 60\n")
    released = json.loads((folder / "release" / nbc.LAB / f"{nbc.LAB}.ipynb").read_text())
    for name, case in {**CASES, "zz-honest": {"answers": "all"}}.items():
        target = folder / "submitted" / name / nbc.LAB
        target.mkdir(parents=True)
        (target / f"{nbc.LAB}.ipynb").write_text(json.dumps(submission(released, case, folder)))
        for file, text in case.get("files", {}).items():
            (target / file).write_text(text)
    said = nbc.nbgrader(folder, "autograde", nbc.LAB, seconds=3000)
    return nbc.GradedCourse(folder, said, nbc.points(folder), {})


@pytest.mark.parametrize("name", CASES)
def test_attack(course: Any, name: str) -> None:
    """An attack gets the points that its account deserves; what it printed proves that it was in vain."""
    case = CASES[name]
    earned = [task for task, points in course.points[name].items() if points]
    assert earned == tasks(case["passed"]), course.printed(name)
    for words in case.get("printed", ()):
        assert words in course.printed(name)
    for words in case.get("never", ()):
        assert words.replace("@COURSE@", str(course.folder)) not in course.printed(name)


def test_secret_kept(course: Any) -> None:
    """The course's secret is in nothing that was graded, and the honest one has every point."""
    secret = (course.folder / "course_secret").read_text().strip()
    for name in CASES:
        assert secret not in course.printed(name)
    assert course.points["zz-honest"] == nbc.TASKS
    assert set(course.points) == {*CASES, "zz-honest"}
