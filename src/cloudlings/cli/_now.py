"""``cloudlings`` alone: where you are in the course, and the next step."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlings.cli._words import LOOKS, painted
from cloudlings.errors import CloudlingsError
from cloudlings.grading.home import find_home
from cloudlings.grading.records import Records
from cloudlings.grading.standing import RECORDS, LabStanding, course_standing, current_lab
from cloudlings.lab.brief import account_id
from cloudlings.lab.catalogue import Catalogue
from cloudlings.lab.learner import learner
from cloudlings.sandbox.handle import Sandbox

_STATES = {"done": ("✔", "green"), "begun": ("◐", "cyan"), "new": ("○", "bright_black")}
_LONGEST = 160


@dataclass(frozen=True)
class Now:
    """Where a learner is.

    ``current`` is the lab to go on with (None after the last), ``sandbox`` its address ("" when it does not
    run), ``found`` what the last check of the next task found, ``next_step`` a command.
    """

    labs: tuple[LabStanding, ...]
    current: LabStanding | None
    sandbox: str
    found: str
    next_step: str


def show(*, as_json: bool) -> None:
    """Print where the learner is."""
    catalogue = Catalogue.here()
    now = where(catalogue.root, find_home())
    lines = [json.dumps(described(now), indent=2, ensure_ascii=False)] if as_json else told(now)
    sys.stdout.write("\n".join(lines) + "\n")


def where(root: Path, home: Path) -> Now:
    """Find out where the learner of a home is; asks the sandbox, if it runs, and starts nothing."""
    seed = learner(home).seed
    labs = course_standing(root, home, seed)
    sandbox = Sandbox.find(home)
    current = current_lab(labs, _worked_in(sandbox, labs, seed))
    found = _last_found(home, seed, current)
    return Now(labs, current, sandbox.endpoint_url if sandbox else "", found, _next(current, sandbox))


def told(now: Now) -> Iterator[str]:
    """The lines for a person."""
    earned, points = sum(one.earned for one in now.labs), sum(one.points for one in now.labs)
    running = f"the sandbox answers at {now.sandbox}" if now.sandbox else "the sandbox is not running"
    yield f"{painted(f'{earned} of {points} points', 'bold')} · {running}"
    yield ""
    width = max((len(one.lab.name) for one in now.labs), default=0)
    for one in now.labs:
        icon, colour = _STATES[one.state]
        here = "  ← you are here" if one is now.current else ""
        yield painted(f"  {icon} {one.lab.name:<{width}}  {one.earned:>3}/{one.points}", colour) + here
    if now.current is not None:
        yield ""
        yield f"{now.current.lab.name}: {now.current.lab.title} ({now.current.lab.minutes} minutes)"
        yield from _tasks(now)
    yield ""
    yield f"Next: {painted(now.next_step, 'bold')}"


def described(now: Now) -> dict[str, Any]:
    """The same for tools."""
    task = now.current.next_task if now.current else None
    return {
        "sandbox": now.sandbox or None,
        "points": sum(one.earned for one in now.labs),
        "max_points": sum(one.points for one in now.labs),
        "current": now.current.lab.name if now.current else None,
        "task": task.name if task else None,
        "next": now.next_step,
        "labs": [
            {
                "lab": one.lab.name, "title": one.lab.title, "minutes": one.lab.minutes, "state": one.state,
                "points": one.earned, "max_points": one.points,
                "tasks": [
                    {"task": each.name, "status": each.standing.status, "points": each.standing.points,
                     "max_points": each.max_points, "attempts": each.standing.attempts,
                     "hints": each.standing.hints}
                    for each in one.tasks
                ],
            }
            for one in now.labs
        ],
    }  # fmt: skip


def _tasks(now: Now) -> Iterator[str]:
    assert now.current is not None
    width = max((len(task.name) for task in now.current.tasks), default=0)
    for task in now.current.tasks:
        icon, word, colour = LOOKS[task.standing.status]
        yield painted(
            f"  {icon} {task.name:<{width}}  {task.standing.points}/{task.max_points}  {word}", colour
        )
        if now.found and task is now.current.next_task:
            yield f"      {now.found}"


def _next(current: LabStanding | None, sandbox: Sandbox | None) -> str:
    if current is None:
        return "every task is passed. cloudlings progress shows the whole course"
    if not current.touched or sandbox is None:
        return f"cloudlings open {current.lab.name}"
    assert current.next_task is not None
    return f"cloudlings check {current.lab.name}/{current.next_task.name}"


def _last_found(home: Path, seed: str, current: LabStanding | None) -> str:
    """What the last check of the next task found, in a line."""
    task = current.next_task if current else None
    if current is None or task is None or not task.standing.attempts:
        return ""
    verdict = Records(home / RECORDS).last(current.lab.name, task.name, seed)
    text = " ".join(verdict.found.split()) if verdict else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 2].rstrip() + " …"


def _worked_in(sandbox: Sandbox | None, labs: Sequence[LabStanding], seed: str) -> dict[str, float]:
    if sandbox is None:
        return {}
    owner = {account_id(one.lab.name, seed, name): one.lab.name for one in labs for name in one.lab.accounts}
    try:
        times = sandbox.last_times(list(owner))
    except CloudlingsError:
        return {}
    return {
        lab: max(times[number] for number in times if owner[number] == lab)
        for lab in map(owner.get, times)
        if lab
    }
