"""A new lab from one command."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

from cloudlings.errors import LabError
from cloudlings.lab import (
    Catalogue,
    brief_for,
    build,
    check_fresh,
    leaks,
    near_misses,
    new_lab,
    other_answers,
    spliced,
    write_built,
)


@pytest.fixture
def made(sample: Catalogue) -> Catalogue:
    new_lab("045-end-points", sample.root)
    return sample


def test_a_new_lab_builds_at_once(made: Catalogue) -> None:
    """Its source is sound, its notebook leaks nothing, its answers splice."""
    lab = made.read("045")
    points = dict.fromkeys(lab.tasks, 1)
    write_built(lab, points, made.root / "labs")
    check_fresh(lab, points, made.root / "labs")
    assert lab.title == "End points"
    assert leaks(lab, build(lab, points)) == ()
    assert brief_for(lab, "a") != brief_for(lab, "b")
    answers = [*near_misses(lab), *other_answers(lab)]
    assert len(answers) == 3
    assert all(any(step.answered for step in spliced(lab, answer)) for answer in answers)


def test_its_graders_are_those_of_its_tasks(made: Catalogue) -> None:
    """The grader file declares each task of the lab, with a title and hints."""
    path = made.root / "graders" / "test_045_end_points.py"
    decorators = [
        decorator
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call)
    ]
    names = [ast.literal_eval(decorator.args[0]) for decorator in decorators]
    assert tuple(names) == made.read("045").tasks
    spec = importlib.util.spec_from_file_location("a_new_grader", path)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_authors_comments_are_not_the_learners(made: Catalogue) -> None:
    """What the scaffold tells its author is not in the notebook."""
    lab = made.read("045")
    notebook = build(lab, dict.fromkeys(lab.tasks, 1)).decode()
    for word in ("author", "starter", "graders", "derive"):
        assert word not in notebook.lower()


@pytest.mark.parametrize(
    ("name", "says", "next_step"),
    [
        ("endpoints", "no lab name", "cloudlings lab new 030-endpoints"),
        ("45 End Points!", "no lab name", "cloudlings lab new 030-end-points"),
        ("../045-x", "no lab name", "cloudlings lab new 030-x"),
        ("", "no lab name", "cloudlings lab new 030-my-lab"),
        ("010-other", "taken by 010-buckets", "cloudlings lab new 030-other"),
    ],
)
def test_a_name_that_cannot_be_is_told_with_one_that_can(
    sample: Catalogue, name: str, says: str, next_step: str
) -> None:
    """A name without a number, with signs, or with a number that is taken is told with a command to copy."""
    before = sorted(sample.root.rglob("*"))
    with pytest.raises(LabError, match=says) as caught:
        new_lab(name, sample.root)
    assert caught.value.next_step.startswith(next_step)
    assert sorted(sample.root.rglob("*")) == before


def test_nothing_is_overwritten(made: Catalogue) -> None:
    """A lab, a half-made folder or graders of that name stay as they are."""
    with pytest.raises(LabError, match="is taken by"):
        new_lab("045-end-points", made.root)
    graders = made.root / "graders" / "test_055_other.py"
    graders.write_text("mine")
    with pytest.raises(LabError, match="is there already"):
        new_lab("055-other", made.root)
    assert graders.read_text() == "mine"
    assert not (made.root / "solutions" / "055-other").exists()


def test_all_files_are_written_or_none(sample: Catalogue) -> None:
    """Where graders/ cannot be made, no lab is left half written."""
    (sample.root / "graders").rmdir() if (sample.root / "graders").exists() else None
    Path(sample.root / "graders").write_text("a file")
    with pytest.raises(LabError, match="cannot be written"):
        new_lab("045-end-points", sample.root)
    assert sorted(path.name for path in (sample.root / "solutions").iterdir()) == [
        "010-buckets",
        "020-queues",
    ]


def test_graders_go_again_when_the_lab_cannot_be_placed(
    sample: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up at the last moment leaves neither a lab nor graders."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "solutions")

    monkeypatch.setattr("cloudlings.lab.new.os.rename", full)
    with pytest.raises(LabError, match="No space left"):
        new_lab("045-end-points", sample.root)
    assert not (sample.root / "solutions" / "045-end-points").exists()
    assert not (sample.root / "graders" / "test_045_end_points.py").exists()
