"""Trying one answer: a fresh account, the answer run as a learner would, a verdict for each task.

Answers that begin alike are tried from where they part (``trunk``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cloudlings.errors import SandboxError
from cloudlings.grading.checker import Checker
from cloudlings.grading.engine import check
from cloudlings.grading.runner import Running
from cloudlings.grading.shells import Trouble
from cloudlings.grading.tasks import refs, tasks_of
from cloudlings.grading.trunk import Trunk, parting
from cloudlings.grading.verdict import Verdict
from cloudlings.grading.workspace import Workspace, reset
from cloudlings.lab import Catalogue, Lab, Step, own_part, read_answer, spliced
from cloudlings.sandbox import Sandbox


@dataclass(frozen=True)
class Bench:
    """Where answers are tried: a sandbox with a checker in its home, and the labs of one checkout."""

    root: Path
    sandbox: Sandbox
    _trunks: dict[tuple[str, str], Trunk] = field(default_factory=dict, compare=False, repr=False)
    # Labs whose accounts do not go back to where answers part.
    _whole: set[str] = field(default_factory=set, compare=False, repr=False)

    def trunk(self, lab: Lab, steps: Sequence[Step], seed: str) -> Trunk:
        """The answer of a lab that others part from; the one of the last lab and seed is kept."""
        key = (lab.name, seed)
        if key not in self._trunks:
            self.close()
            space = reset(self.sandbox, self.root, lab.name, seed)
            self._trunks[key] = Trunk(space, steps)
        return self._trunks[key]

    def close(self) -> None:
        """End the trunk that is kept, if any: its accounts are wanted for something else."""
        while self._trunks:
            self._trunks.popitem()[1].close()


@dataclass(frozen=True)
class Outcome:
    """What came of one answer: a verdict for each task that was checked, and what went wrong while it ran."""

    verdicts: tuple[Verdict, ...]
    trouble: tuple[Trouble, ...]


@contextmanager
def bench(root: Path) -> Iterator[Bench]:
    """A fresh sandbox with a checker, gone at the end of the ``with`` block."""
    with Sandbox.temporary(keeps="checkpoints") as sandbox:
        checker = Checker.start(root, sandbox.home)
        made = Bench(root, sandbox)
        try:
            yield made
        finally:
            made.close()
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
    more at the end, unless ``once_more`` is false. ``pictures``: see ``Running``. Tasks in ``known`` are not
    asked about: they are not checked, and have no verdict.
    """
    bench.close()
    space = reset(bench.sandbox, bench.root, lab.name, seed)
    with closing(Running(space, home=bench.sandbox.home, pictures=pictures)) as running:
        return _outcome(bench, space, running, steps, known, once_more=once_more)


def attempt_from(
    bench: Bench,
    lab: Lab,
    trunk: Sequence[Step],
    steps: Sequence[Step],
    seed: str,
    *,
    only: Collection[str] = (),
) -> Outcome:
    """Tries an answer from where it parts from another, ``trunk``: the accounts are made what they are there.

    Tasks that both check before are not asked about. With ``only``, tasks, nothing is done but what tells how
    these fare (``own_part``), and nothing is checked once more. Where accounts do not go back, as where they
    hold databases, it runs from the start.
    """
    at = parting(steps, trunk)
    known = frozenset(str(step.task) for step in steps[:at] if step.kind == "check")
    if lab.name not in bench._whole:
        with suppress(SandboxError):
            stem = bench.trunk(lab, trunk, seed)
            rest = own_part(steps[at:], only) if only else steps[at:]
            with closing(stem.branch(at)) as running:
                return _outcome(bench, stem.space, running, rest, known, once_more=not only)
        bench._whole.add(lab.name)
    parts = own_part(steps, only) if only else steps
    return attempt(bench, lab, parts, seed, pictures=False, known=known, once_more=not only)


def _outcome(
    bench: Bench,
    space: Workspace,
    running: Running,
    steps: Iterable[Step],
    known: Collection[str],
    *,
    once_more: bool,
) -> Outcome:
    tasks = {task.name: task for task in tasks_of(bench.root, space.lab.name)}
    verdicts: dict[str, Verdict] = {}

    def keep(name: str) -> None:
        if name not in known and (name not in verdicts or not verdicts[name].passed):
            verdicts[name] = check(space.lab.name, tasks[name], space.accounts, space.brief)

    running.go(steps, keep)
    if once_more:
        for name in tasks:
            keep(name)
    return Outcome(tuple(verdicts[name] for name in tasks if name in verdicts), tuple(running.trouble))


def try_file(root: Path, name: str, answer: Path, seed: str) -> Outcome:
    """Tries an answer from any file in a fresh sandbox of its own.

    Errors: SourceError, NotebookError or UnknownTask for a file that is no answer.
    """
    labs = Catalogue(root)
    lab = labs.read(name)
    steps = spliced(lab, read_answer(answer, lab, refs(root, lab.name)))
    with bench(root) as made:
        return attempt(made, lab, steps, seed)
