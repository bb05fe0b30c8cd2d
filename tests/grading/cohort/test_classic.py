"""An assignment that is no lab, by stock `nbgrader autograde` in its own kernel: the kernel is boxed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.provisioning import KernelProvisionerFactory
from nbformat import v4
from nbgrader.api import Gradebook  # noqa: F401 - the import takes a while, and is no part of a case

from cloudlings.grading.isolation import client
from cloudlings.grading.nbgrader.collecting import copy_plain
from cloudlings.grading.nbgrader.course import gradebook
from cloudlings.grading.nbgrader.provisioner import NAME, BoxedKernelManager, BoxedProvisioner
from tests.grading import nbgrader_course as nbc

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("cohort")]
NEEDS_A_BOX = pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}")
NAMES = ("first", "second")
LOOK = """
import os
print("files", sorted(os.listdir(".")), open("data.csv").read())
for path in ("@COURSE@", "@COURSE@/gradebook.db", "@COURSE@/course_secret", "@ROOT@/graders", "/root/.ssh"):
    try:
        print("found", os.listdir(path) if os.path.isdir(path) else open(path).read(100))
    except OSError:
        print("nothing")
print("environment", dict(os.environ), open("/proc/self/environ").read())
first = 1
"""
SUBMITTED = {
    "right": ({"first": "first = 1", "second": "second = 2"}, {"first": 2.0, "second": 3.0}),
    "crashes": (
        {"first": "first = 1", "second": "import os; os._exit(3)"}, {"first": 2.0, "second": 0.0},
    ),
    "looks": ({"first": LOOK, "second": "while True: pass"}, {"first": 2.0, "second": 0.0}),
}  # fmt: skip


def _marks(name: str, **more: Any) -> dict[str, Any]:
    whole = {"grade_id": name, "schema_version": 3, "task": False, "locked": False, "grade": False}
    return {"nbgrader": whole | {"solution": False} | more}


def _source() -> str:
    cells = []
    for name, points, wanted in zip(NAMES, (2, 3), (1, 2), strict=True):
        answer = f"### BEGIN SOLUTION\n{name} = {wanted}\n### END SOLUTION"
        cells += [
            v4.new_code_cell(answer, metadata=_marks(f"{name}_answer", solution=True)),
            v4.new_code_cell(
                f"assert {name} == {wanted}", metadata=_marks(name, grade=True, locked=True, points=points)
            ),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return json.dumps(v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}))


def _hand_in(folder: Path, student: str, answers: Mapping[str, str]) -> None:
    document = json.loads((folder / "release" / "classic" / "classic.ipynb").read_text())
    for cell in document["cells"]:
        name = cell["metadata"]["nbgrader"]["grade_id"].removesuffix("_answer")
        if cell["metadata"]["nbgrader"]["solution"]:
            text = answers[name].replace("@COURSE@", str(folder))
            cell["source"] = text.replace("@ROOT@", str(nbc.ROOT))
    target = folder / "submitted" / student / "classic"
    target.mkdir(parents=True)
    (target / "classic.ipynb").write_text(json.dumps(document))
    (target / "data.csv").write_text("1,2")


@pytest.fixture(scope="module")
def course(copy_course: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with an assignment of nbgrader's own kind, graded by stock commands."""
    folder: Path = copy_course(tmp_path_factory.mktemp("classic") / "clouds-2026")
    (folder / "source" / "classic").mkdir()
    (folder / "source" / "classic" / "classic.ipynb").write_text(_source())
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write("\nc.Execute.timeout = 4\n")
    nbc.nbgrader(folder, "generate_assignment", "classic")
    for student, (answers, _) in SUBMITTED.items():
        _hand_in(folder, student, answers)
    _hand_in_links(folder)
    nbc.nbgrader(folder, "autograde", "classic")
    return folder


def _hand_in_links(folder: Path) -> None:
    """One whose notebook is a link to somebody else's, one with links beside it."""
    place = folder / "submitted" / "linked" / "classic"
    place.mkdir(parents=True)
    (place / "classic.ipynb").symlink_to(folder / "submitted" / "right" / "classic" / "classic.ipynb")
    place = folder / "submitted" / "looks" / "classic"
    (place / "secret.txt").symlink_to(folder / "course_secret")
    (place / "folder").symlink_to(folder)
    (place / "nowhere").symlink_to(folder / "nowhere")


def printed(folder: Path, student: str) -> str:
    path = folder / "autograded" / student / "classic" / "classic.ipynb"
    rows = [row for cell in json.loads(path.read_text())["cells"] for row in cell.get("outputs", ())]
    return "".join("".join(row.get("text", "")) + row.get("evalue", "") for row in rows)


@NEEDS_A_BOX
def test_points(course: Path) -> None:
    """Each has nbgrader's own points; a kernel that ends, or is stopped, keeps those that were earned."""
    with gradebook(course) as book:
        found = {
            each.student.id: {grade.name: grade.score for grade in each.notebooks[0].grades}
            for each in book.assignment_submissions("classic")
        }
    wanted = {student: points for student, (_, points) in SUBMITTED.items()}
    assert found == wanted | {"linked": dict.fromkeys(NAMES, 0.0)}


@NEEDS_A_BOX
def test_words(course: Path) -> None:
    """What ended a cell is told in it, and in those that did not run."""
    assert "with exit code 3" in printed(course, "crashes")
    assert "this cell did not run" in printed(course, "crashes")
    assert "still running after 4 s" in printed(course, "looks")


@NEEDS_A_BOX
def test_out_of_reach(course: Path) -> None:
    """The kernel has the submission's own files, and finds neither course nor graders nor an environment."""
    said = printed(course, "looks")
    assert "files ['data.csv'] 1,2" in said
    assert said.count("nothing") == 5
    assert "found" not in said
    assert str(course) not in said.partition("environment")[2]
    assert "PYTEST" not in said


@NEEDS_A_BOX
def test_links(course: Path) -> None:
    """Links are followed nowhere: neither into the kernel's folder nor into the graded one."""
    graded = course / "autograded" / "looks" / "classic"
    assert sorted(path.name for path in graded.iterdir()) == ["classic.ipynb", "data.csv"]
    assert "second = 2" not in (course / "autograded" / "linked" / "classic" / "classic.ipynb").read_text()


def test_collected_as_plain_files(tmp_path: Path) -> None:
    """From the exchange come plain files: no link is followed, and no pipe waited for."""
    source = tmp_path / "inbound"
    (source / "data" / "deep").mkdir(parents=True)
    (source / "data" / "deep" / "a.csv").write_text("1")
    (tmp_path / "secret").write_text("secret")
    (source / "file").symlink_to(tmp_path / "secret")
    (source / "folder").symlink_to(tmp_path)
    os.mkfifo(source / "pipe")
    left_out = list(copy_plain(source, tmp_path / "taken"))
    assert sorted(left_out) == ["file", "folder", "pipe"]
    found = [path for path in (tmp_path / "taken").rglob("*") if not path.is_dir()]
    assert [str(path.relative_to(tmp_path / "taken")) for path in found] == ["data/deep/a.csv"]


def test_registered() -> None:
    """Jupyter finds the provisioner by its name, and a manager of ours asks for it, with its limits."""
    found = KernelProvisionerFactory.instance()._get_provisioner(NAME)
    assert found.load() is BoxedProvisioner
    spec = BoxedKernelManager(kernel_name="python3", cell_seconds=7.0).kernel_spec
    assert spec is not None
    stanza = spec.metadata["kernel_provisioner"]
    assert stanza["provisioner_name"] == NAME
    assert stanza["config"]["cell_seconds"] == 7.0
