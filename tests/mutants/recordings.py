"""What the trials of a lab's answers recorded, kept from run to run in the machine's temporary folder.

A recording stands for as long as nothing that its evidence hangs on has changed: the answer's steps, the
lab's start state and personal values, the seed. Graders may change: they judge the evidence again, and the
answer is tried anew only when they read what was not read, or give another verdict. A change of the sandbox
is not seen: ``fresh`` forgets all.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from cloudlings.errors import EvidenceMissing
from cloudlings.grading.attempt import Bench, attempt, bench
from cloudlings.grading.engine import recheck
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.verdict import Verdict
from cloudlings.lab import Lab, Step, account_id, brief_for


class Recordings:
    """The verdicts on answers, with their evidence; ``tried`` counts the answers that had to be run."""

    def __init__(self, root: Path, seed: str, *, fresh: bool = False) -> None:
        self.root, self.tried = root, 0
        self._seed, self._fresh = seed, fresh
        self._folder = Path(tempfile.gettempdir()) / f"cloudlings-recordings-{os.getuid()}"
        self._stack = ExitStack()
        self._bench: Bench | None = None

    def __enter__(self) -> Recordings:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def verdicts(self, lab: Lab, steps: Iterable[Step]) -> tuple[Verdict, ...]:
        """What the lab's graders say of an answer, from its recording where that still holds."""
        steps = tuple(steps)
        path = self._folder / f"{lab.name}-{self._key(lab, steps)}.json"
        if not self._fresh and path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))
            judged = self._judged(lab, [Verdict.from_json(row) for row in rows])
            if judged:
                return judged
        tried = attempt(self._open(), lab, steps, self._seed, pictures=False).verdicts
        self.tried += 1
        rows = [verdict.to_json() for verdict in tried]
        path.write_text(json.dumps(rows), encoding="utf-8")
        return tuple(Verdict.from_json(row) for row in json.loads(json.dumps(rows)))

    def _key(self, lab: Lab, steps: Iterable[Step]) -> str:
        parts = [self._seed, *(f"{step.kind} {step.task} {step.text}" for step in steps)]
        sources = (lab.folder / name for name in ("brief.py", "seed.py"))
        parts += [path.read_text(encoding="utf-8") for path in sources if path.exists()]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _judged(self, lab: Lab, recorded: Iterable[Verdict]) -> tuple[Verdict, ...]:
        """The verdicts of today's graders on what was read; none where that cannot be said."""
        tasks = {task.name: task for task in tasks_of(self.root, lab.name)}
        ids = {name: account_id(lab.name, self._seed, name) for name in lab.accounts}
        brief = brief_for(lab, self._seed)
        known = {verdict.task: verdict for verdict in recorded}
        if known.keys() != tasks.keys():
            return ()
        judged = []
        for name, task in tasks.items():
            try:
                now = recheck(known[name], task, ids, brief, region=lab.regions[0])
            except EvidenceMissing:
                return ()
            if now.status is not known[name].status:
                return ()
            judged.append(now)
        return tuple(judged)

    def _open(self) -> Bench:
        if self._bench is None:
            self._bench = self._stack.enter_context(bench(self.root))
        return self._bench
