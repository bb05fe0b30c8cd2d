"""Which labs run with LocalStack behind the gateway: each lab's solution, once, and a verdict for each task.

``python -m tests.localstack.labs`` starts a LocalStack, runs them one after the other, and writes the table
into docs/sandbox.md, between its marks. What a lab asks for and LocalStack does not serve is in the words of
its answers.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from cloudlings.grading.attempt import Bench, Outcome, attempt
from cloudlings.grading.checker import Checker
from cloudlings.grading.tasks import tasks_of
from cloudlings.lab import Catalogue, solution_steps
from cloudlings.sandbox import Sandbox
from tests.localstack import host

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "sandbox.md"
BEGIN, END = "<!-- localstack: begin -->", "<!-- localstack: end -->"
SEED = "1"


HEAD = ["lab", "ran on the host", "ran in a container", "what did not run, and why"]
NOT_RUN = "not run"


@dataclass(frozen=True)
class Row:
    """A lab: how many of its tasks passed, and what became of the others."""

    lab: str
    passed: int
    tasks: int
    trouble: str

    @property
    def ran(self) -> str:
        """How far it ran, in words."""
        how = "whole" if self.passed == self.tasks else "in part" if self.passed else "no"
        return f"{how}: {self.passed} of {self.tasks} tasks"

    def cells(self, known: list[str], *, contained: bool) -> list[str]:
        """Its line of the table. ``known`` is the line until now, whose other place stays as it was."""
        host_ran, container_ran = known[1:3] if known else (NOT_RUN, NOT_RUN)
        places = [host_ran, self.ran] if contained else [self.ran, container_ran]
        return [self.lab, *places, self.trouble]


def rows(url: str, names: list[str]) -> list[Row]:
    """Every lab's row."""
    # A LocalStack that ran before may still have what seed 1 made in it.
    seed = uuid.uuid4().hex if os.environ.get(host.GIVEN) else SEED
    with Sandbox.temporary(upstream=url) as sandbox:
        checker = Checker.start(ROOT, sandbox.home)
        try:
            return [_row(Bench(ROOT, sandbox), name, seed) for name in names]
        finally:
            checker.stop()


def _row(bench: Bench, name: str, seed: str) -> Row:
    lab = Catalogue(ROOT).read(name)
    try:
        outcome = attempt(bench, lab, solution_steps(lab), seed)
    except ClientError as error:
        print(f"{name}: {error}", flush=True)
        code = error.response["Error"]["Code"]
        what = f"{error.operation_name} ({code}), so its start state cannot be laid"
        return Row(name, 0, len(tasks_of(ROOT, name)), what)
    passed = sum(verdict.passed for verdict in outcome.verdicts)
    for verdict in outcome.verdicts:
        print(
            f"{name}/{verdict.task}: {verdict.status}", "" if verdict.passed else verdict.message, flush=True
        )
    for trouble in outcome.trouble:
        print(f"{name}: {trouble.text.strip().splitlines()[-1]}", flush=True)
    return Row(name, passed, len(outcome.verdicts), _trouble(outcome))


_LAB = re.compile(r"\| \d{3}-")
_REFUSED = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")


def _trouble(outcome: Outcome) -> str:
    """The operations that were refused, and the tasks that did not pass."""
    refused = Counter(found for trouble in outcome.trouble for found in _REFUSED.findall(trouble.text))
    lost = [verdict.task for verdict in outcome.verdicts if not verdict.passed]
    parts = [f"{operation} ({code})" for code, operation in refused]
    return "; ".join(filter(None, (", ".join(parts), f"not passed: {', '.join(lost)}" if lost else "")))


def write(found: list[Row], *, contained: bool) -> None:
    """Puts these labs into the table in the docs; the others stay as they were."""
    before, _, rest = DOC.read_text().partition(BEGIN)
    known, _, after = rest.partition(END)
    lines = {cells[0]: cells for line in known.splitlines() if _LAB.match(line) for cells in [_cells(line)]}
    lines |= {row.lab: row.cells(lines.get(row.lab, []), contained=contained) for row in found}
    table = [HEAD, ["---"] * len(HEAD), *(lines[name] for name in sorted(lines))]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    DOC.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def main() -> int:
    """Run the labs that are named, or all."""
    names = sys.argv[1:] or list(Catalogue(ROOT).names)
    try:
        with host.running() as url:
            found = rows(url, names)
    except host.Unavailable as missing:
        print(f"LocalStack cannot run here: {missing}")
        return 2
    write(found, contained=host.in_a_container())
    print("\n".join(map(str, found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
