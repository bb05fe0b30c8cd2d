"""What is run for an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlings.errors import SourceError
from cloudlings.lab import (
    Lab,
    OtherAnswer,
    Piece,
    Step,
    near_misses,
    other_answers,
    read_answer,
    solution_steps,
    spliced,
    starter_steps,
)
from cloudlings.lab._places import Place

Refs = dict[str, str]
PLACE = Place(Path("answer.py"))


def outline(steps: tuple[Step, ...]) -> list[tuple[str, str | None]]:
    return [(step.kind, step.task) for step in steps]


def answer(*pieces: tuple[str, str, tuple[str, ...]]) -> OtherAnswer:
    return OtherAnswer("an answer", tuple(Piece(kind, text, tasks, PLACE) for kind, text, tasks in pieces))  # type: ignore[arg-type]


def test_the_solution_runs_every_cell_and_checks_each_task(lab: Lab) -> None:
    """All code cells in order, without markers, and a check after each task's last cell."""
    steps = solution_steps(lab)
    assert outline(steps) == [
        ("python", None), ("python", "make-bucket"), ("check", "make-bucket"), ("python", "keep-versions"),
        ("check", "keep-versions"), ("python", None), ("python", "page-size"), ("python", "page-size"),
        ("check", "page-size"),
    ]  # fmt: skip
    assert not any("SOLUTION" in step.text or "STARTER" in step.text or step.answered for step in steps)


def test_the_untouched_lab_runs_its_starters(lab: Lab) -> None:
    """The same steps with the starters in them."""
    steps = starter_steps(lab)
    assert outline(steps) == outline(solution_steps(lab))
    assert "s3.create_bucket(Bucket=...)" in steps[1].text
    assert "    ..." in steps[3].text


def test_a_near_miss_changes_its_task_alone(lab: Lab, refs: Refs) -> None:
    """Every step but the near-miss's is the solution's."""
    _, suspended, _ = near_misses(lab, refs)
    changed = spliced(lab, suspended)
    different = [(old, new) for old, new in zip(solution_steps(lab), changed, strict=True) if old != new]
    ((old, new),) = different
    assert new.answered
    assert new.text == old.text.replace("Enabled", "Suspended")


def test_an_answer_is_indented_as_its_region(lab: Lab) -> None:
    """A region inside a function takes the answer at the function's depth."""
    steps = spliced(lab, answer(("python", "if bucket:\n    keep_it()", ("keep-versions",))))
    assert "def keep(bucket):\n    if bucket:\n        keep_it()\n" in steps[3].text
    compile(steps[3].text, "step", "exec")


def test_one_piece_for_two_regions_takes_the_first(lab: Lab) -> None:
    """The task's other regions are left out, and with them cells that are then empty."""
    steps = spliced(lab, answer(("python", "answer('page-size', 1)", ("page-size",))))
    assert [step.text for step in steps if step.task == "page-size"] == ["answer('page-size', 1)", ""]


def test_as_many_pieces_as_regions_take_them_one_by_one(lab: Lab) -> None:
    """Two cells for a task with two regions keep their places."""
    steps = spliced(lab, answer(("python", "a = 1", ("page-size",)), ("python", "b = 2", ("page-size",))))
    assert [step.text for step in steps if step.task == "page-size"] == ["a = 1", "b = 2", ""]


def test_three_pieces_for_two_regions_run_together_first(lab: Lab) -> None:
    """With another number of pieces all stand in the first region, in order."""
    pieces = [("python", f"a{i} = {i}", ("page-size",)) for i in range(3)]
    steps = spliced(lab, answer(*pieces))
    assert [step.text for step in steps if step.task == "page-size"] == ["a0 = 0\n\na1 = 1\n\na2 = 2", ""]


def test_a_region_left_out_of_a_block_leaves_the_block_sound(written: Callable[..., Lab]) -> None:
    """Where a later region is a whole function body, the body stays Python."""
    region = "### BEGIN SOLUTION\n{0}x = 1\n{0}### END SOLUTION\n"
    lab = written(
        '# %% task="a"\n' + region.format("") + '\n# %% task="a"\ndef f():\n    ' + region.format("    ")
    )
    steps = spliced(lab, answer(("python", "y = 2", ("a",))))
    assert [step.text for step in steps] == ["y = 2", "def f():\n    pass", ""]


@pytest.mark.parametrize(("name", "kind"), [("with-cli.sh", "shell"), ("stack.yaml", "template")])
def test_a_script_or_template_stands_where_the_region_was(lab: Lab, name: str, kind: str) -> None:
    """The step has the file's text; the rest of the lab is the solution's."""
    (found,) = [each for each in other_answers(lab) if each.name == name]
    steps = spliced(lab, found)
    assert outline(steps)[:3] == [("python", None), (kind, "make-bucket"), ("check", "make-bucket")]
    assert steps[1].text == (lab.folder / "other" / name).read_text(encoding="utf-8")
    assert steps[2:] == solution_steps(lab)[2:]


def test_given_code_around_a_script_still_runs(written: Callable[..., Lab]) -> None:
    """What the cell gives before and after its region runs before and after the script."""
    lab = written('# %% task="a"\nbefore = 1\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\nafter = 2\n')
    steps = spliced(lab, answer(("shell", "aws s3 ls", ("a",))))
    assert [(step.kind, step.text, step.answered) for step in steps] == [
        ("python", "before = 1", False),
        ("shell", "aws s3 ls", True),
        ("python", "after = 2", False),
        ("check", "", False),
    ]


def test_a_script_inside_a_function_is_refused(lab: Lab) -> None:
    """Code that stands in a block cannot become a script; the error says where."""
    with pytest.raises(SourceError, match="region on line 42, inside a block"):
        spliced(lab, answer(("shell", "aws s3 ls", ("keep-versions",))))


def test_one_script_for_two_tasks_runs_once(written: Callable[..., Lab]) -> None:
    """It stands where the first task stands, and the second's region is left out."""
    region = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"
    lab = written(f'# %% task="a"\n{region}\n# %% task="b"\n{region}')
    steps = spliced(lab, answer(("shell", "both", ("b", "a"))))
    assert outline(steps) == [("shell", "a"), ("check", "a"), ("check", "b")]


def test_an_answer_alone_is_all_that_runs(lab: Lab, tmp_path: Path) -> None:
    """Nothing of the solution runs with an unmarked file; every task is checked after it."""
    (tmp_path / "a.sh").write_text("aws s3 ls\n")
    steps = spliced(lab, read_answer(tmp_path / "a.sh", lab))
    assert outline(steps) == [("shell", None), *(("check", task) for task in lab.tasks)]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(st.sampled_from(["make-bucket", "keep-versions", "page-size"]), min_size=1, max_size=6)
)
def test_any_python_answer_runs_once_and_replaces_what_it_names(lab: Lab, chosen: list[str]) -> None:
    """Every piece runs exactly once, no replaced solution runs, all others do, and all of it is Python."""
    pieces = [("python", f"piece_{number} = {number}", (task,)) for number, task in enumerate(chosen)]
    steps = spliced(lab, answer(*pieces))
    text = "\n".join(step.text for step in steps)
    assert all(text.count(f"piece_{number} =") == 1 for number in range(len(chosen)))
    for task in lab.tasks:
        for cell in lab.cells_of(task):
            for region in cell.regions:
                assert (region.solution in text) == (task not in chosen)
    assert [step.task for step in steps if step.kind == "check"] == list(lab.tasks)
    for step in steps:
        if "!aws" not in step.text:
            compile(step.text, "step", "exec")
