"""What a process that makes boxes leaves, when it is ended by force, is taken away by the next one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cloudlings.grading.isolation import groups, leftovers
from cloudlings.grading.isolation.box import Bounds

OWNER = """
import os, sys, time
from cloudlings.grading.isolation import leftovers
place = leftovers.claim()
(place / "file").write_text("left")
if sys.argv[1] == "forks" and os.fork() == 0:
    time.sleep(600)
print(place, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


@contextmanager
def owner(how: str = "alone") -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Another process that has claimed a folder."""
    command = [sys.executable, "-c", OWNER, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield Path(process.stdout.readline().strip()), process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


def test_left_by_one_that_was_killed() -> None:
    """A folder whose owner was killed is gone when the next one claims its own, and so are its groups."""
    with owner() as (place, process):
        assert (place / "file").exists()
        made = groups.make(f"{place.name}-7", Bounds())
        process.kill()
        process.wait()
    claimed = leftovers.claim()
    assert not place.exists()
    assert not any(Path(group).exists() for group in made)
    leftovers.release(claimed)
    assert not claimed.exists()


def test_not_of_one_that_lives() -> None:
    """A folder whose owner lives, or a process that it forked, is left alone."""
    with owner() as (place, _), owner("forks") as (other, process):
        process.kill()
        process.wait()
        leftovers.sweep()
        assert (place / "file").exists()
        assert (other / "file").exists()


def test_not_through_a_link(tmp_path: Path) -> None:
    """A link that is named like a folder leads to nothing being taken away."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "owner").touch()
    (tmp_path / "cloudlings-boxes-x").symlink_to(tmp_path / "mine")
    leftovers.sweep()
    assert (tmp_path / "mine" / "owner").exists()


def test_not_while_it_is_made(tmp_path: Path) -> None:
    """A folder that has no lock yet is somebody's who is about to take it; an old one is nobody's."""
    young, old = tmp_path / "cloudlings-boxes-young", tmp_path / "cloudlings-boxes-old"
    for folder in (young, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    leftovers.sweep()
    assert young.exists()
    assert not old.exists()
