"""The learner's own seed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cloudlings.errors import LabError
from cloudlings.lab import Learner, join, learner


def test_a_learner_is_made_once(tmp_path: Path) -> None:
    """First use makes a seed; later uses keep it; another home has another."""
    first = learner(tmp_path / "home")
    assert len(first.seed) == 16
    assert learner(tmp_path / "home") == first
    assert learner(tmp_path / "other") != first


def test_programs_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    """The seed that was written first counts for all."""
    found: list[Learner] = []
    threads = [threading.Thread(target=lambda: found.append(learner(tmp_path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["learner.json"]


def test_joining_a_course_sets_the_seed(tmp_path: Path) -> None:
    """The student id becomes the seed, whatever was there before."""
    learner(tmp_path)
    assert join(tmp_path, " s1234 ") == Learner("s1234")
    assert learner(tmp_path) == Learner("s1234")


def test_an_empty_id_joins_nothing(tmp_path: Path) -> None:
    """An id of blanks is refused and changes nothing."""
    before = learner(tmp_path)
    with pytest.raises(LabError, match="empty"):
        join(tmp_path, "  ")
    assert learner(tmp_path) == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"seed": 7}', '{"seed": ""}', "{}", "\x00"])
def test_a_broken_file_is_told_and_kept(tmp_path: Path, content: str) -> None:
    """A file that cannot be read is no reason for a new seed: the person decides."""
    (tmp_path / "learner.json").write_text(content)
    with pytest.raises(LabError, match="personal values"):
        learner(tmp_path)
    assert (tmp_path / "learner.json").read_text() == content


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file where the home should be is an error for the person."""
    (tmp_path / "home").write_text("")
    with pytest.raises(LabError) as caught:
        learner(tmp_path / "home")
    assert "CLOUDLINGS_HOME" in caught.value.next_step
