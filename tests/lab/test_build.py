"""From a source to its notebook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.nbgraderformat import reads as nbgrader_reads

from cloudlings.errors import LabError
from cloudlings.lab import (
    SEED_PLACEHOLDER,
    Catalogue,
    Lab,
    Variant,
    answer_id,
    build,
    cleared,
    opening_code,
    personal,
)
from cloudlings.lab.source import read_lab

Points = dict[str, float]


def cells(notebook: bytes) -> list[nbformat.NotebookNode]:
    return list(nbformat.reads(notebook.decode(), 4).cells)


@pytest.mark.parametrize("variant", Variant)
def test_a_built_notebook_is_valid(lab: Lab, points: Points, variant: Variant) -> None:
    """Every variant is a notebook to nbformat and to nbgrader, written as nbformat writes it."""
    built = build(lab, points, variant=variant)
    notebook = nbformat.reads(built.decode(), 4)
    nbformat.validate(notebook)
    nbgrader_reads(built.decode(), 4)
    assert nbformat.writes(notebook) + "\n" == built.decode()


def test_another_process_builds_the_same_bytes(sample: Catalogue, lab: Lab, points: Points) -> None:
    """Nothing of the process, its hash seed or its working directory is in the notebook."""
    program = (
        "import sys, json; from pathlib import Path; from cloudlings.lab import Catalogue, build;"
        "lab = Catalogue(Path(sys.argv[1])).read('010-buckets');"
        "sys.stdout.buffer.write(build(lab, json.loads(sys.argv[2])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(sample.root), json.dumps(points)],
        capture_output=True,
        check=True,
        cwd="/",
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout == build(lab, points)


def test_a_cell_put_in_between_renames_no_other(sample: Catalogue, lab: Lab, points: Points) -> None:
    """Cell ids stay when another cell is added, so a learner's copy can be compared with the new one."""
    before = {cell.id for cell in cells(build(lab, points))}
    source = lab.folder / "lab.py"
    text = source.read_text(encoding="utf-8").replace(
        "# %%\nimport boto3", "# %%\nx = 1\n\n# %%\nimport boto3"
    )
    source.write_text(text, encoding="utf-8")
    after = {cell.id for cell in cells(build(sample.read("010"), points))}
    assert before < after
    assert len(after) == len(before) + 1


def test_marks_of_the_inventory_stay_with_the_author(written: Callable[..., Lab]) -> None:
    """A line that says which inventory rows a passage covers is in no notebook; the lines around it are."""
    prose = "# %% [markdown]\n# Look\n# <!-- covers: L99-01 L99-02 -->\n# here <!-- and: there -->\n\n"
    lab = written(prose + '# %% task="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION')
    text = build(lab, {"a": 1}).decode()
    assert "covers:" not in text
    assert cells(text.encode())[2].source == "Look\nhere <!-- and: there -->"


def test_a_folded_link_is_one_line(written: Callable[..., Lab]) -> None:
    """The source's line ends before a link's address; the notebook's does not."""
    prose = "# %% [markdown]\n# Look ([here](\n# https://aws.example/)) and (\n# there).\n\n"
    lab = written(prose + '# %% task="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION')
    assert cells(build(lab, {"a": 1}))[2].source == "Look ([here](https://aws.example/)) and (\nthere)."


def test_equal_cells_have_different_ids(written: Callable[..., Lab]) -> None:
    """Two cells with the same text are told apart."""
    look = "# %% [markdown]\n# Look\n\n"
    lab = written(look * 2 + '# %% task="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION')
    # nbformat gives equal ids new ones as it reads: look at the JSON itself.
    ids = [cell["id"] for cell in json.loads(build(lab, {"a": 1}))["cells"]]
    assert len(set(ids)) == len(ids)


def test_each_task_has_one_locked_check_after_its_last_cell(lab: Lab, points: Points) -> None:
    """The check of a task stands right after its last cell, is worth the graders' points, and is locked."""
    built = cells(build(lab, points))
    for task in lab.tasks:
        own = [i for i, cell in enumerate(built) if cell.metadata.get("cloudlings", {}).get("task") == task]
        check = built[own[-1]]
        assert check.source == f'check("{task}")'
        assert check.metadata.nbgrader == {
            "grade": True, "grade_id": task, "locked": True, "points": points[task],
            "schema_version": 3, "solution": False, "task": False,
        }  # fmt: skip
        assert (check.metadata.editable, check.metadata.deletable) == (False, False)
        assert own == list(range(own[0], own[-1] + 1))


def test_answers_are_solution_cells(lab: Lab, points: Points) -> None:
    """A cell to fill in is nbgrader's solution cell, not locked, with an id of its own."""
    marks = {cell.id: cell.metadata.nbgrader for cell in cells(build(lab, points)) if "_answer" in cell.id}
    second = answer_id("page-size", 2)
    assert list(marks) == ["make-bucket_answer", "keep-versions_answer", answer_id("page-size"), second]
    for mark in marks.values():
        assert (mark.solution, mark.grade, mark.locked) == (True, False, False)


def test_the_learner_gets_starters_only(lab: Lab, points: Points) -> None:
    """No marker and no solution is in the learner's notebook; the author's starter is."""
    text = build(lab, points).decode()
    assert "SOLUTION" not in text
    assert "STARTER" not in text
    assert "put_bucket_versioning" not in text
    assert "s3.create_bucket(Bucket=...)" in text


def test_a_notebook_has_no_outputs(lab: Lab, points: Points) -> None:
    """Nothing was run: no outputs, no counts."""
    code = [cell for cell in cells(build(lab, points)) if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_the_head_tells_what_the_source_says_once(sample: Catalogue, points: Points) -> None:
    """Title, time, tasks, points, objectives and the labs before are derived."""
    head, opening, *_ = cells(build(sample.read("010"), points))
    assert head.source.startswith("# Buckets: first steps\n")
    assert "About 20 minutes · 3 tasks · 4.5 points" in head.source
    assert "- tell how long a listing is" in head.source
    assert opening.source == opening_code("010-buckets")
    second = cells(build(sample.read("020"), {"make-queue": 1}))[0].source
    assert "1 task · 1 point · builds on [010-buckets](../010-buckets/010-buckets.ipynb)" in second


def test_the_learners_notebook_ends_with_progress(lab: Lab, points: Points) -> None:
    """The last cell shows what is done and what comes next; a release has none."""
    assert cells(build(lab, points))[-1].source == "progress()"
    assert all(cell.source != "progress()" for cell in cells(build(lab, points, variant=Variant.RELEASE)))


def test_a_release_links_to_no_other_lab(sample: Catalogue) -> None:
    """In an nbgrader release the other labs are not beside it."""
    release = build(sample.read("020"), {"make-queue": 1}, variant=Variant.RELEASE)
    assert b"../010-buckets" not in release
    assert b"010-buckets" in release


def test_the_source_variant_clears_to_the_release(lab: Lab, points: Points) -> None:
    """Clearing each cell of the instructor's source gives the cells of the release."""
    source = [cleared(cell.source) for cell in cells(build(lab, points, variant=Variant.SOURCE))]
    assert source == [cell.source for cell in cells(build(lab, points, variant=Variant.RELEASE))]


def test_the_source_variant_keeps_every_marker(lab: Lab, points: Points) -> None:
    """nbgrader's own preprocessor finds every region in a solution cell."""
    for cell in cells(build(lab, points, variant=Variant.SOURCE)):
        has_region = "### BEGIN SOLUTION" in cell.source
        assert has_region == cell.metadata.get("nbgrader", {}).get("solution", False)


def test_a_seed_is_in_the_opening_cell_only(lab: Lab, points: Points) -> None:
    """A student's copy differs from the placeholder's in the seed alone, and can be made from it."""
    placeholder = build(lab, points, variant=Variant.RELEASE, seed=SEED_PLACEHOLDER)
    student = build(lab, points, variant=Variant.RELEASE, seed='o"brien')
    assert personal(placeholder, 'o"brien') == student
    assert cells(student)[1].source.endswith('brief = open_lab("010-buckets", seed="o\\"brien")')
    assert [c.source for c in cells(student)[2:]] == [c.source for c in cells(placeholder)[2:]]


def test_only_a_built_notebook_is_made_personal() -> None:
    """Another notebook is refused, not changed."""
    with pytest.raises(LabError, match="not a built lab"):
        personal(b'{"cells": [], "metadata": {}}', "x")


@pytest.mark.parametrize(
    ("change", "says", "next_step"),
    [
        (
            {"page-size": None},
            "Task 'page-size' of lab 010-buckets has no grader",
            '@task("page-size", points=…)',
        ),
        ({"page-sise": 1}, "grades 'page-sise', which is no task", 'task="page-sise"'),
        ({"page-size": 0}, "is worth 0 points", "graders/test_010_buckets.py"),
    ],
)
def test_tasks_and_graders_must_agree(
    lab: Lab, points: Points, change: dict[str, float | None], says: str, next_step: str
) -> None:
    """A task without a grader, a grader without a task, and a task without points are each told."""
    changed = {task: value for task, value in (points | change).items() if value is not None}
    with pytest.raises(LabError, match=re.escape(says)) as caught:
        build(lab, changed)
    assert next_step in caught.value.next_step


names = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
words = st.text(st.sampled_from("abc xyz.,'*#äß→\\"), min_size=1, max_size=20).map(str.strip).filter(bool)


@st.composite
def sources(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """A lab's source, the secret words of its solutions, the words of its starters."""
    text, secrets, shown = "# ---\n# title: T\n# minutes: 5\n# objectives: [o]\n# ---\n", [], []
    for number, task in enumerate(draw(st.lists(names, min_size=1, max_size=4, unique=True))):
        for line in draw(st.lists(words, max_size=2)):
            text += f"\n# %% [markdown]\n# Text {line}\n"
        indent = draw(st.sampled_from(["", "    "]))
        secrets.append(f"secret_{number}")
        text += f'\n# %% task="{task}"\ngiven_{number} = 0\n' + ("if given_0 == 0:\n" if indent else "")
        text += f"{indent}### BEGIN SOLUTION\n"
        if draw(st.booleans()):
            shown.append(f"shown_{number}")
            text += f"{indent}### BEGIN STARTER\n{indent}# shown_{number} = ...\n{indent}### END STARTER\n"
        text += f"{indent}secret_{number} = {number}\n{indent}### END SOLUTION\n"
    return text, secrets, shown


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=sources())
def test_no_secret_and_every_starter_is_in_any_learners_notebook(
    made: tuple[str, list[str], list[str]], tmp_path: Path
) -> None:
    """Whatever the source, the learner's notebook holds its starters and given code, and no solution."""
    text, secrets, shown = made
    folder = tmp_path / "050-any"
    folder.mkdir(exist_ok=True)
    (folder / "lab.py").write_text(text, encoding="utf-8")
    lab = read_lab(folder)
    points = dict.fromkeys(lab.tasks, 1.0)
    learner = build(lab, points).decode()
    source = build(lab, points, variant=Variant.SOURCE).decode()
    assert not [secret for secret in secrets if secret in learner]
    assert all(word in learner and word in source for word in shown)
    assert all(secret in source for secret in secrets)
    assert [cell.source for cell in cells(learner.encode()) if cell.source.startswith("check(")] == [
        f'check("{task}")' for task in lab.tasks
    ]
    for cell in cells(learner.encode()):
        if cell.cell_type == "code":
            compile(cell.source, "cell", "exec")
