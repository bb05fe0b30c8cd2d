"""One learner's course: opening labs, checking tasks, hints, progress. The trusted side of a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

from cloudlings.errors import SandboxError
from cloudlings.grading.engine import check
from cloudlings.grading.records import Records, Standing
from cloudlings.grading.replies import Hint
from cloudlings.grading.task import Task
from cloudlings.grading.tasks import task_of, tasks_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.grading.workspace import Workspace, prepare, reset, workspace
from cloudlings.lab import Catalogue, learner
from cloudlings.sandbox import Sandbox


class Tutor:
    """What the checker does for one learner, on the sandbox in ``home`` and the records there, or others."""

    def __init__(
        self, root: Path, home: Path, *, seed: str | None = None, records: Records | None = None
    ) -> None:
        self.root, self.home = root, home
        self.seed = seed or learner(home).seed
        self.records = records or Records(home / "progress.db")

    def for_seed(self, seed: str | None) -> Tutor:
        """The same tutor for other personal values; the learner's own where ``seed`` is None."""
        if seed in (None, self.seed):
            return self
        other = copy(self)
        other.seed = str(seed)
        return other

    def open(self, lab: str) -> Workspace:
        """Makes the lab's accounts ready, with its start state; the learner's work in them stays."""
        return prepare(self._sandbox(), self.root, lab, self.seed)

    def reset(self, lab: str) -> Workspace:
        """Puts the lab's accounts back to their start; other labs and the records stay."""
        return reset(self._sandbox(), self.root, lab, self.seed)

    def check(self, lab: str, name: str | None = None) -> list[Verdict]:
        """Checks one task, or all of a lab's, and keeps each verdict."""
        lab = Catalogue(self.root).name(lab)
        tasks = [task_of(self.root, lab, name)] if name else list(tasks_of(self.root, lab))
        space = workspace(Sandbox.find(self.home), self.root, lab, self.seed)
        verdicts = [self._with_hint(check(lab, task, space.accounts, space.brief), task) for task in tasks]
        for verdict in verdicts:
            self.records.add(verdict, self.seed)
        return verdicts

    def hint(self, lab: str, name: str) -> Hint:
        """The next hint of a task; after the last one, the last one again."""
        lab = Catalogue(self.root).name(lab)
        task = task_of(self.root, lab, name)
        rung = min(self.records.hints_seen(lab, task.name, self.seed) + 1, len(task.hints))
        self.records.see_hint(lab, task.name, self.seed, rung)
        return Hint(task.name, task.title, rung, len(task.hints), task.hints[rung - 1])

    def progress(self, lab: str) -> Sequence[tuple[Task, Standing]]:
        """Each task of a lab, and where the learner stands with it."""
        lab = Catalogue(self.root).name(lab)
        return [(task, self.records.standing(lab, task.name, self.seed)) for task in tasks_of(self.root, lab)]

    def _with_hint(self, verdict: Verdict, task: Task) -> Verdict:
        wanted = verdict.status in (Status.FAILED, Status.NOT_ATTEMPTED)
        left = self.records.hints_seen(verdict.lab, task.name, self.seed) < len(task.hints)
        return replace(verdict, next_hint=f'hint("{task.name}")') if wanted and left else verdict

    def _sandbox(self) -> Sandbox:
        sandbox = Sandbox.find(self.home)
        if sandbox is None:
            raise SandboxError("The sandbox is not running.", next_step="start it with: cloudlings start")
        return sandbox
