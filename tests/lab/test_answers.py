"""Near-misses and other answers, as their authors and strangers write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import LabError, NotebookError, SourceError, UnknownTask
from cloudlings.lab import Lab, Loss, build, near_misses, other_answers, read_answer

Refs = dict[str, str]
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "answer_errors.yaml").read_text(encoding="utf-8"))


def test_near_misses_are_read(lab: Lab, refs: Refs) -> None:
    """A near-miss knows its task (by name or ref), its words, its dependants and its rows."""
    region, suspended, page = near_misses(lab, refs)
    assert region.name == "wrong-region"
    assert region.loses == (Loss("make-bucket", ("eu-west-1", "Region")),)
    assert (region.also, region.refs) == (("keep-versions",), ("L99-M1",))
    assert suspended.loses == (Loss("keep-versions", ("Suspended",)),)
    assert page.loses == (Loss("page-size", ("1000",)),)


def test_a_near_miss_may_change_several_tasks(lab: Lab) -> None:
    """Only the cells with ``says`` are lost; the others go along."""
    (lab.folder / "wrong.py").write_text(
        '"""Near-misses."""\n\n'
        '# %% wrong="both" task="make-bucket" says=["x"]\na = 1\n\n'
        '# %% wrong="both" task="keep-versions"\nb = 2\n'
    )
    (both,) = near_misses(lab)
    assert [piece.tasks for piece in both.pieces] == [("make-bucket",), ("keep-versions",)]
    assert [loss.task for loss in both.loses] == ["make-bucket"]


def test_other_answers_are_read_by_their_kind(lab: Lab) -> None:
    """Python, shell and CloudFormation each name their tasks in their own way; notes are passed over."""
    (lab.folder / "other" / "README.md").write_text("Notes")
    found = {answer.name: answer for answer in other_answers(lab)}
    assert {name: answer.pieces[0].kind for name, answer in found.items()} == {
        "resource.py": "python", "stack.yaml": "template", "with-cli.sh": "shell"
    }  # fmt: skip
    assert found["resource.py"].tasks == ("make-bucket", "keep-versions")
    assert found["stack.yaml"].tasks == found["with-cli.sh"].tasks == ("make-bucket",)


def test_unmarked_cells_go_with_the_next_marked_one(lab: Lab) -> None:
    """Imports before a marked cell belong to it; what follows the last belongs to the last."""
    path = lab.folder / "other" / "resource.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# %%\ntidy_up()\n", encoding="utf-8")
    first, last = read_answer(path, lab).pieces
    assert first.text.startswith("import boto3\n\nboto3.resource")
    assert last.text.endswith("enable()\n\ntidy_up()")


def test_no_answers_are_no_error(sample: Any) -> None:
    """A lab may have neither wrong.py nor other/."""
    bare = sample.read("020")
    assert near_misses(bare) == ()
    assert other_answers(bare) == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_authors_mistake_is_told_with_its_line(lab: Lab, refs: Refs, case: dict[str, Any]) -> None:
    """A mistake in wrong.py or other/ names file and line, the mistake, and what to do."""
    path = lab.folder / case["file"]
    path.write_text(case["text"], encoding="utf-8")
    with pytest.raises(LabError) as caught:
        _ = near_misses(lab, refs), other_answers(lab, refs)
    assert isinstance(caught.value, SourceError | UnknownTask)
    assert f"{case['file']}:{case['line']}: " in caught.value.message
    assert case["says"] in caught.value.message
    assert case["next"] in caught.value.next_step


def _notebook(path: Path, *cells: dict[str, Any], **metadata: Any) -> Path:
    made = [{"cell_type": "code", "metadata": {}, "source": "", "outputs": []} | cell for cell in cells]
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_a_marked_notebook_answers_its_tasks(lab: Lab, refs: Refs, tmp_path: Path) -> None:
    """A cell is marked by its metadata or by a first comment, with a name or a ref in any case."""
    path = _notebook(
        tmp_path / "a.ipynb",
        {"source": "import boto3"},
        {"source": ["x = 1\n", "y = 2"], "metadata": {"task": "l99-t1"}},
        {"source": "# task: keep-versions\nz = 3"},
        {"source": '# %% task="page-size"\nz = 4'},
        {"cell_type": "markdown", "source": "# task: page-size"},
    )
    answer = read_answer(path, lab, refs)
    assert not answer.alone
    assert [(piece.tasks, piece.text) for piece in answer.pieces] == [
        (("make-bucket",), "import boto3\n\nx = 1\ny = 2"),
        (("keep-versions",), "# task: keep-versions\nz = 3"),
        (("page-size",), '# %% task="page-size"\nz = 4'),
    ]


def test_a_whole_notebook_of_the_lab_runs_alone(lab: Lab, tmp_path: Path) -> None:
    """A learner's notebook is never completed from the solution, though its cells carry task names."""
    built = tmp_path / "built.ipynb"
    built.write_bytes(build(lab, dict.fromkeys(lab.tasks, 1)))
    by_hand = _notebook(
        tmp_path / "b.ipynb",
        {"source": 'brief = open_lab("010")'},
        {"source": "x", "metadata": {"task": "page-size"}},
    )
    for path in (built, by_hand):
        answer = read_answer(path, lab)
        assert answer.alone
        assert answer.tasks == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "import boto3\n\n# %% not a cell in a plain script?\nx = 1\n"),
        ("a.py", "import boto3\nx = (\n"),
        ("a.sh", "aws s3 ls\n# task: make-bucket\n"),
        ("a.json", '{"Resources": {}, "Metadata": {"other": 1}}'),
        ("a.yml", "Resources: {}\n"),
    ],
)
def test_an_unmarked_file_runs_alone(lab: Lab, tmp_path: Path, name: str, text: str) -> None:
    """Without a mark at its top a file stands for itself, even one with a mistake: running it will show."""
    (tmp_path / name).write_text(text)
    assert read_answer(tmp_path / name, lab).alone


@pytest.mark.parametrize(
    "mark",
    [
        "# task: make-bucket",
        "#task: L99-T1",
        "#!/bin/sh\n# tasks: make-bucket, page-size",
        '# task="make-bucket"',
    ],
)
@pytest.mark.parametrize("suffix", [".sh", ".py"])
def test_a_first_comment_marks_a_file(lab: Lab, refs: Refs, tmp_path: Path, mark: str, suffix: str) -> None:
    """One task or several, by name or ref, among the comments at the top."""
    path = tmp_path / f"a{suffix}"
    path.write_text(mark + "\n\nx=1\n")
    assert read_answer(path, lab, refs).tasks[0] == "make-bucket"


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.tf", b"", SourceError, r"\.tf is no kind of answer"),
        ("answer", b"", SourceError, "without a suffix"),
        ("a.ipynb", b"", NotebookError, "is empty"),
        ("a.sh", b"\xff\xfe\x00", SourceError, "not UTF-8"),
        ("a.yaml", b"a: [", SourceError, "does not parse"),
        ("a.json", b"{,}", SourceError, "not JSON"),
        ("a.yaml", b"just words", SourceError, "no Resources"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    lab: Lab, tmp_path: Path, name: str, content: bytes, error: type[LabError], says: str
) -> None:
    """A stranger's file that is none of ours is an error for the person."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says) as caught:
        read_answer(tmp_path / name, lab)
    assert caught.value.next_step


@pytest.mark.parametrize("name", ["a.py", "a.sh", "a.ipynb", "a.yaml"])
def test_a_file_that_is_not_there_is_told(lab: Lab, tmp_path: Path, name: str) -> None:
    """A name that is mistyped is an error for the person."""
    with pytest.raises(LabError):
        read_answer(tmp_path / name, lab)
