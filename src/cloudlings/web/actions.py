"""What a page's forms ask for: check, hint, undo, checkpoint, rewind, reset. Each says what it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloudlings.errors import CheckerUnavailable, SandboxError, UnknownTask
from cloudlings.grading.checker import Checker
from cloudlings.grading.verdict import Verdict
from cloudlings.sandbox import RESERVED, JournalEntry, Return
from cloudlings.web.reading import Reader, last_change


@dataclass(frozen=True)
class Said:
    """What came of a form: a title, lines under it, where on the page to look, and whether it went well.

    ``neutral``: it neither went well nor did not, as with a hint, or a task that nobody has begun.
    """

    title: str
    lines: tuple[str, ...] = ()
    anchor: str = ""
    well: bool = True
    neutral: bool = False


Form = Mapping[str, str]


def check(reader: Reader, lab: str, form: Form) -> Said:
    """Check one task (``task``), or all of a lab's."""
    task = form.get("task") or None
    verdicts = _checker(reader).check(lab, task)
    if task is None:
        passed = sum(verdict.passed for verdict in verdicts)
        return Said(f"{passed} of {len(verdicts)} tasks pass", anchor="tasks", well=passed == len(verdicts))
    return _checked(verdicts[0])


def _checked(verdict: Verdict) -> Said:
    words = {
        "passed": f"Passed: {verdict.title}",
        "failed": f"Not yet: {verdict.title}",
        "not_attempted": f"Not attempted: {verdict.title}",
        "unavailable": f"Could not be checked: {verdict.title}",
    }
    # A failure is kept, and shown with its task; the other two are said once.
    neutral = verdict.status == "not_attempted"
    lines = (verdict.message,) if verdict.status in ("not_attempted", "unavailable") else ()
    return Said(words[verdict.status], lines, f"task-{verdict.task}", verdict.passed, neutral)


def hint(reader: Reader, lab: str, form: Form) -> Said:
    """The next hint of a task."""
    if not form.get("task"):
        raise UnknownTask(f"This form names no task of {lab}.", next_step="use a task's own Hint button")
    shown = _checker(reader).hint(lab, form["task"])
    return Said(
        f"Hint {shown.rung} of {shown.of}: {shown.title}", (shown.text,), f"task-{shown.task}", neutral=True
    )


def undo(reader: Reader, lab: str, form: Form) -> Said:
    """Take back the learner's last change, if it still is the one that the page showed (``seen``)."""
    space = reader.space(lab)
    accounts = list(space.account_ids.values())
    entries = [entry for number in accounts for entry in space.running().journal(number)]
    if form.get("seen", "") != last_change(entries):
        return Said(
            "Nothing was taken back: the account has changed since this page was shown",
            ("The newest change is at the top of the list now. Take it back from there if it is the one.",),
            "journal",
            well=False,
        )
    return _went(space.running().undo(accounts))


def checkpoint(reader: Reader, lab: str, form: Form) -> Said:
    """Keep the lab's accounts as they are under a name."""
    name = form.get("name", "").strip()
    if name in RESERVED:
        raise SandboxError(f"The sandbox itself uses the name “{name}”.", next_step="choose another name")
    space = reader.space(lab)
    space.running().checkpoint(list(space.account_ids.values()), name)
    return Said(f"Kept as it is now, as “{name}”", anchor="checkpoints")


def rewind(reader: Reader, lab: str, form: Form) -> Said:
    """Return the lab's accounts to a checkpoint."""
    space = reader.space(lab)
    return _went(space.running().rewind(list(space.account_ids.values()), form.get("name", "")))


def reset(reader: Reader, lab: str, form: Form) -> Said:
    """Empty the lab's accounts and lay its start state again; only with the box ticked."""
    if form.get("sure") != "yes":
        return Said("Nothing was reset: the box was not ticked", anchor="reset", well=False)
    opened = _checker(reader).reset(lab)
    return Said(
        f"{opened.title} is as it was at the start",
        ("Your points stay. In a notebook, run the cells again from the top.",),
    )


ACTIONS: Mapping[str, Callable[[Reader, str, Form], Said]] = {
    "check": check,
    "hint": hint,
    "undo": undo,
    "checkpoint": checkpoint,
    "rewind": rewind,
    "reset": reset,
}


def _went(done: Return) -> Said:
    lines = [f"Taken back: {_named(entry)}" for entry in done.taken_back]
    lines += [f"There again: {_named(entry)}" for entry in done.brought_back]
    lines.append("To have it as it was before this, return to the checkpoint “before-undo”.")
    return Said(f"Went back to {time.strftime('%H:%M:%S', time.localtime(done.to))}", tuple(lines), "journal")


def _named(entry: JournalEntry) -> str:
    return f"{entry.service}:{entry.operation} {entry.resource}".rstrip()


def _checker(reader: Reader) -> Checker:
    checker = Checker.find(reader.home)
    if checker is None:
        raise CheckerUnavailable("Nothing is running that could check.", next_step="cloudlings start")
    return checker
