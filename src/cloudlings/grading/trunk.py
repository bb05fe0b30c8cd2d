"""An answer that others begin like: stopped where one parts from it, so that each goes on from there.

Most answers that a lab is proved with are its solution but for one task. Their accounts are restored to what
they were where that task begins, and the shell is a fork of the one that ran the cells before it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from cloudlings.grading.runner import Running
from cloudlings.grading.workspace import Workspace
from cloudlings.lab import Step


@dataclass(frozen=True)
class _Stop:
    """Where the answer stands still: before which step, with what in its folder."""

    at: int
    running: Running
    files: Path

    @property
    def checkpoint(self) -> str:
        return f"step-{self.at}"


class Trunk:
    """One answer in a lab's accounts, ``space``, which nobody else may change. Its checks are not asked.

    Raises SandboxError where the accounts do not go back.
    """

    def __init__(self, space: Workspace, steps: Sequence[Step]) -> None:
        self.space = space
        self._steps = tuple(steps)
        self._accounts = list(space.account_ids.values())
        self._kept = tempfile.TemporaryDirectory(prefix="cloudlings-trunk-")
        self._stops: dict[int, _Stop] = {}
        running = Running(space, home=space.running().home, pictures=False)
        try:
            self._stop(0, running)
        except BaseException:
            running.close()
            self.close()
            raise

    def branch(self, at: int) -> Running:
        """The answer as it stands before the step ``at``, to go on in another way; close it before the
        next."""
        stop = self._stops[max(each for each in self._stops if each <= at)]
        running = self._again(stop)
        if stop.at == at:
            return running
        running.go(self._steps[stop.at : at], check=lambda _: None)
        # As it is now, it need not be restored.
        return self._stop(at, running).running.branch()

    def close(self) -> None:
        """End what stands still."""
        for stop in reversed(self._stops.values()):
            stop.running.close()
        self._stops.clear()
        self._kept.cleanup()

    def _stop(self, at: int, running: Running) -> _Stop:
        stop = _Stop(at, running, Path(self._kept.name) / str(at))
        self.space.running().checkpoint(self._accounts, stop.checkpoint)
        shutil.copytree(running.folder, stop.files, symlinks=True)
        self._stops[at] = stop
        return stop

    def _again(self, stop: _Stop) -> Running:
        self.space.running().restore(self._accounts, stop.checkpoint)
        for path in stop.running.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.copytree(stop.files, stop.running.folder, symlinks=True, dirs_exist_ok=True)
        return stop.running.branch()


def parting(steps: Sequence[Step], others: Sequence[Step]) -> int:
    """How many steps two answers begin alike with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(steps, others, strict=False)))
