"""The course's own labs in nbgrader: each submission gets what its account deserves, and no more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.course import make_course
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue
from tests.grading import nbgrader_course as nbc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("nbgrader-labs")]
ROOT = Path(__file__).resolve().parents[2]
LABS = ("000-orientation", "030-s3-policies")
SOME = {"block-public", "lifecycle"}
# Tricks that stand before all other cells, in the small lab's submissions too.
TRICKS = {case["student"]: case for case in nbc.CASES if "first" in case and isinstance(case["answers"], str)}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course of two labs, in which everybody was graded with stock commands."""
    folder = tmp_path_factory.mktemp("labs") / "clouds-2026"
    make_course(folder, Catalogue(ROOT), labs=LABS)
    if client.why_not():
        with (folder / "nbgrader_config.py").open("a") as file:
            file.write("\nc.GradeOnAccount.trust_submissions = True\n")
    for lab in LABS:
        nbc.nbgrader(folder, "generate_assignment", lab)
        hand_in(folder, lab, "solved", set(tasks(lab)))
        hand_in(folder, lab, "untouched", set())
    lab = LABS[1]
    hand_in(folder, lab, "partly-right", SOME)
    hand_in(folder, lab, "reordered", SOME, change=lambda cells: checks(cells) + others(cells))
    hand_in(folder, lab, "deleted", SOME, change=others)
    for student, case in TRICKS.items():
        hand_in(folder, lab, student, set(), first=case["first"], files=case.get("files", {}))
    (folder / "submitted" / "corrupt" / lab).mkdir(parents=True)
    (folder / "submitted" / "corrupt" / lab / f"{lab}.ipynb").write_text('{"cells": [')
    for lab in LABS:
        nbc.nbgrader(folder, "autograde", lab)
        nbc.nbgrader(folder, "generate_feedback", lab)
    return folder


def tasks(lab: str) -> dict[str, float]:
    return {task.name: float(task.points) for task in tasks_of(ROOT, lab)}


def checks(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade")]


def others(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if not cell["metadata"].get("nbgrader", {}).get("grade")]


def hand_in(
    folder: Path,
    lab: str,
    student: str,
    answered: set[str],
    *,
    first: str = "",
    files: Any = None,
    change: Any = None,
) -> None:
    target = folder / "submitted" / student / lab
    shutil.copytree(folder / "release" / lab, target)
    solution = json.loads((folder / "source" / lab / f"{lab}.ipynb").read_text())
    texts = {cell["id"]: cell["source"] for cell in solution["cells"]}
    path = target / f"{lab}.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["id"].partition("_answer")[0] in answered:
            cell["source"] = texts[cell["id"]]
    if first:
        notebook["cells"].insert(0, nbc.code(first) | {"id": "first"})
    if change:
        notebook["cells"] = change(notebook["cells"])
    path.write_text(json.dumps(notebook))
    for name, text in (files or {}).items():
        (target / name).write_text(text)


def test_twelve() -> None:
    """The course has a dozen submissions of one lab and more, with each way of forging among them."""
    assert len(TRICKS) >= 7
    assert {"ast-transformer", "input-transformer", "patched-run-code", "patched-check"} <= set(TRICKS)


@pytest.mark.parametrize("lab", LABS)
def test_points(course: Path, lab: str) -> None:
    """The solution earns every point, the release and each forger none, a part what the part is worth."""
    full = tasks(lab)
    none = dict.fromkeys(full, 0.0)
    wanted = {"solved": full, "untouched": none}
    if lab == LABS[1]:
        part = {name: points if name in SOME else 0.0 for name, points in full.items()}
        wanted |= {"partly-right": part, "reordered": part, "deleted": part, "corrupt": none}
        wanted |= dict.fromkeys(TRICKS, none)
    assert nbc.points(course, lab) == wanted


def test_exported(course: Path) -> None:
    """What is exported is what was graded."""
    rows = nbc.exported(course, LABS[1])
    full = sum(tasks(LABS[1]).values())
    assert (float(rows["solved"]["score"]), float(rows["solved"]["max_score"])) == (full, full)
    assert float(rows["partly-right"]["score"]) == sum(tasks(LABS[1])[name] for name in SOME)


@pytest.mark.parametrize("lab", LABS)
def test_feedback(course: Path, lab: str) -> None:
    """The feedback has each task's outcome on top, and again at its check cell with what was found."""
    page = (course / "feedback" / "untouched" / lab / f"{lab}.html").read_text()
    assert page.count("○ Not attempted") >= 2 * len(tasks(lab))
    solved = (course / "feedback" / "solved" / lab / f"{lab}.html").read_text()
    for name in tasks(lab):
        assert f'href="#{name}"' in solved
        assert f'name="{name}"' in solved
