"""What the pages show, gathered from the records, the built labs and the sandbox; nothing is changed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, SandboxUnavailable
from cloudlings.grading.clients import Clients
from cloudlings.grading.records import Records
from cloudlings.grading.standing import (
    RECORDS,
    LabStanding,
    TaskStanding,
    course_standing,
    current_lab,
    task_titles,
)
from cloudlings.grading.verdict import Verdict
from cloudlings.grading.workspace import Workspace, workspace
from cloudlings.lab import Catalogue, learner
from cloudlings.sandbox import Checkpoint, JournalEntry, Sandbox

PAGE_ROWS = 100


@dataclass(frozen=True)
class Course:
    """The map: every lab, where to go on, and how the sandbox is (None: it does not run)."""

    labs: tuple[LabStanding, ...]
    current: LabStanding | None
    health: dict[str, Any] | None

    @property
    def earned(self) -> int:
        return sum(one.earned for one in self.labs)

    @property
    def points(self) -> int:
        return sum(one.points for one in self.labs)


@dataclass(frozen=True)
class TaskRow:
    """One task of a lab's page: its standing, its title, and its newest verdict."""

    task: TaskStanding
    title: str
    last: Verdict | None


@dataclass(frozen=True)
class Activity:
    """What was done in a lab: entries, newest first, how many there are, and which page of them this is.

    ``seen`` is the number of the learner's last change: a form that takes it back names it.
    """

    entries: tuple[JournalEntry, ...] = ()
    total: int = 0
    page: int = 1
    checkpoints: tuple[Checkpoint, ...] = ()
    seen: str = ""
    trouble: str = ""

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_ROWS))


@dataclass
class Reader:
    """Reads for one learner's pages."""

    root: Path
    home: Path
    _clients: dict[tuple[str, str], Clients] = field(default_factory=dict)

    @property
    def seed(self) -> str:
        return learner(self.home).seed

    def course(self) -> Course:
        """The map, with nothing but the records where the sandbox is down."""
        sandbox = Sandbox.find(self.home)
        labs = course_standing(self.root, self.home, self.seed)
        return Course(labs, current_lab(labs, self._worked_in(sandbox, labs)), _health(sandbox))

    def standing(self, lab: str) -> LabStanding:
        """One lab. Errors: UnknownLab."""
        name = Catalogue(self.root).name(lab)
        return next(one for one in course_standing(self.root, self.home, self.seed) if one.lab.name == name)

    def tasks(self, standing: LabStanding) -> list[TaskRow]:
        """A lab's tasks in its order."""
        titles = task_titles(self.root, standing.lab.name)
        records = Records(self.home / RECORDS)
        return [
            TaskRow(
                task,
                titles.get(task.name, task.name),
                records.last(standing.lab.name, task.name, self.seed) if task.standing.attempts else None,
            )
            for task in standing.tasks
        ]

    def space(self, lab: str) -> Workspace:
        """The lab's place in the running sandbox. Errors: SandboxUnavailable when it does not run."""
        sandbox = Sandbox.find(self.home)
        if sandbox is None:
            raise SandboxUnavailable("The sandbox is not running.", next_step="cloudlings start")
        return workspace(sandbox, self.root, lab, self.seed)

    def activity(self, lab: str, page: int = 1, *, every: bool = False, rows: int = PAGE_ROWS) -> Activity:
        """What was done in a lab, the newest first; why not, in ``trouble``, where that cannot be told."""
        try:
            space = self.space(lab)
            accounts = list(space.account_ids.values())
            found = [entry for number in accounts for entry in space.running().journal(number)]
            checkpoints = space.running().checkpoints(accounts) if space.running().keeps else ()
        except CloudlingsError as error:
            return Activity(trouble=str(error.message))
        kept = [e for e in found if every or (not e.reads and e.source != "grader")]
        newest = sorted(kept, key=lambda entry: (-entry.time, -entry.number))
        page = min(max(page, 1), max(1, -(-len(newest) // rows)))
        shown = tuple(newest[(page - 1) * rows : page * rows])
        return Activity(shown, len(newest), page, checkpoints, last_change(found))

    def session(self, space: Workspace, number: str, region: str | None = None) -> Clients:
        """boto3 clients that read an account past the learner's policies, and are in no list of theirs."""
        region = region or space.region
        key = (f"{space.running().endpoint_url}/{number}", region)
        if key not in self._clients:
            session = space.running().session(number, "grader", region)
            self._clients[key] = Clients(session, space.running().endpoint_url)
        return self._clients[key]

    def _worked_in(self, sandbox: Sandbox | None, labs: Sequence[LabStanding]) -> dict[str, float]:
        if sandbox is None:
            return {}
        spaces = [workspace(sandbox, self.root, one.lab.name, self.seed) for one in labs]
        owner = {number: space.lab.name for space in spaces for number in space.account_ids.values()}
        try:
            times = sandbox.last_times(list(owner))
        except CloudlingsError:
            return {}
        found: dict[str, float] = {}
        for number, at in times.items():
            found[owner[number]] = max(at, found.get(owner[number], 0.0))
        return found


def last_change(entries: Sequence[JournalEntry]) -> str:
    """A name for the learner's last change that stands: another one after a later one, or when it went."""
    own = [entry for entry in entries if entry.changes and entry.source == "learner"]
    newest = max(own, key=lambda entry: entry.time, default=None)
    return f"{newest.time:.6f}" if newest else ""


def _health(sandbox: Sandbox | None) -> dict[str, Any] | None:
    try:
        return {**sandbox.health(), "url": sandbox.endpoint_url} if sandbox else None
    except CloudlingsError:
        return None
