"""Trying one answer: a fresh account, the answer run as a learner would, a verdict for each task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloudlings.grading.checker import Checker
from cloudlings.grading.engine import check
from cloudlings.grading.runner import Trouble, run
from cloudlings.grading.tasks import refs, tasks_of
from cloudlings.grading.verdict import Verdict
from cloudlings.grading.workspace import reset
from cloudlings.lab import Catalogue, Lab, Step, read_answer, spliced
from cloudlings.sandbox import Sandbox


@dataclass(frozen=True)
class Bench:
    """Where answers are tried: a sandbox with a checker in its home, and the labs of one checkout."""

    root: Path
    sandbox: Sandbox


@dataclass(frozen=True)
class Outcome:
    """What came of one answer: a verdict for each task that was checked, and what went wrong while it ran."""

    verdicts: tuple[Verdict, ...]
    trouble: tuple[Trouble, ...]


@contextmanager
def bench(root: Path) -> Iterator[Bench]:
    """A fresh sandbox with a checker, gone at the end of the ``with`` block."""
    with Sandbox.temporary() as sandbox:
        checker = Checker.start(root, sandbox.home)
        try:
            yield Bench(root, sandbox)
        finally:
            checker.stop()


def attempt(
    bench: Bench,
    lab: Lab,
    steps: Iterable[Step],
    seed: str,
    *,
    pictures: bool = True,
    known: Collection[str] = (),
    once_more: bool = True,
) -> Outcome:
    """Runs an answer in the lab's accounts, fresh with their start state, and checks every task.

    As in a cohort: a task passed where the notebook checks it stays passed, the others are checked once
    more at the end, unless ``once_more`` is false. ``pictures``: see ``run``. Tasks in ``known`` are not
    asked about: they are not checked, and have no verdict.
    """
    space = reset(bench.sandbox, bench.root, lab.name, seed)
    tasks = {task.name: task for task in tasks_of(bench.root, lab.name)}
    verdicts: dict[str, Verdict] = {}

    def keep(name: str) -> None:
        if name not in known and (name not in verdicts or not verdicts[name].passed):
            verdicts[name] = check(lab.name, tasks[name], space.accounts, space.brief)

    trouble = run(space, steps, home=bench.sandbox.home, check=keep, pictures=pictures)
    if once_more:
        for name in tasks:
            keep(name)
    return Outcome(tuple(verdicts[name] for name in tasks if name in verdicts), trouble)


def try_file(root: Path, name: str, answer: Path, seed: str) -> Outcome:
    """Tries an answer from any file in a fresh sandbox of its own.

    Errors: SourceError, NotebookError or UnknownTask for a file that is no answer.
    """
    labs = Catalogue(root)
    lab = labs.read(name)
    steps = spliced(lab, read_answer(answer, lab, refs(root, lab.name)))
    with bench(root) as made:
        return attempt(made, lab, steps, seed)
