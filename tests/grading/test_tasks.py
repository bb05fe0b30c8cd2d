"""Graders are found by the lab's name, read again when they change, and speak plainly when they cannot."""

from __future__ import annotations

import os
import sys

import pytest

from cloudlings.errors import GraderError, UnknownTask
from cloudlings.grading import tasks
from cloudlings.grading.tasks import task_of, tasks_of

GRADER = """
from cloudlings.grading.graders import task

@task("{name}", points=1, title="T", ref="{ref}", hints=["a", "b"])
def test_one():
    pass
"""


def write(root, text, stamp=1):
    path = root / "graders" / "test_990_x.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (stamp, stamp))


def test_a_changed_grader_is_read_again(tmp_path):
    """An author who edits a grader need not restart the checker."""
    write(tmp_path, GRADER.format(name="first", ref="L99-T1"), 1)
    assert [task.name for task in tasks_of(tmp_path, "990-x")] == ["first"]
    write(tmp_path, GRADER.format(name="second", ref="L99-T1"), 2)
    assert [task.name for task in tasks_of(tmp_path, "990-x")] == ["second"]


def test_changed_within_the_second(tmp_path, monkeypatch):
    """Nor need they wait: an edit as long as what it replaces is seen at once, by a new process too."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for name in ("first", "third", "fifth"):
        write(tmp_path, GRADER.format(name=name, ref="L99-T1"))
        tasks._loaded.clear()
        assert [task.name for task in tasks_of(tmp_path, "990-x")] == [name]


def test_a_task_is_found_by_name_and_by_ref(tmp_path):
    """tls-only and L03-T2 may be the same task."""
    write(tmp_path, GRADER.format(name="tls-only", ref="L03-T2"))
    assert task_of(tmp_path, "990-x", "L03-T2") is task_of(tmp_path, "990-x", "tls-only")


def test_an_unknown_task_names_the_nearest(tmp_path):
    """A slip of the finger is answered with what was meant."""
    write(tmp_path, GRADER.format(name="tls-only", ref="L03-T2"))
    with pytest.raises(UnknownTask, match="did you mean tls-only"):
        task_of(tmp_path, "990-x", "tls-onyl")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "declares no task"),
        (
            GRADER.format(name="a", ref="r")
            + GRADER.format(name="a", ref="r").replace("test_one", "test_two"),
            "twice",
        ),
        ("import nowhere_to_be_found", "cannot be imported"),
        ("def broken(:", "cannot be imported"),
    ],
)
def test_a_grader_file_that_is_wrong_is_said(tmp_path, text, said):
    """The author reads which file and what is wrong with it."""
    write(tmp_path, text)
    with pytest.raises(GraderError, match=rf"test_990_x.py.*{said}"):
        tasks_of(tmp_path, "990-x")


def test_a_lab_without_graders_is_said(tmp_path):
    """The missing file is named."""
    with pytest.raises(GraderError, match=r"test_990_x\.py"):
        tasks_of(tmp_path, "990-x")
