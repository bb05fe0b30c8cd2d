"""Break the labs' graders on purpose, one condition at a time, and see that some answer notices.

``python -m tests.mutants.graders [LAB …] [-m MODULE …] [--seed 1] [-k WORD …]`` tries every answer of a lab
once and keeps what each check read. Then each condition of the lab's grading code (its grader file, and the
modules of ``cloudlings.grading`` that only graders reach) is negated or dropped in turn, and the changed
graders judge the recorded evidence again: a mutant is noticed when a verdict is another one, when a near-miss
is not told its words any more, or when a check reads on past what it read before (it did not stop where it
should).

A module that several labs share is judged by the answers of all of them, when all of them were asked for;
``-m`` asks for modules alone, with all labs that use them. A mutant of a module that no answer notices is
given to the module's own tests.

What a trial's checks read is kept (``recordings.py``): another run tries only the answers that are new or
changed, and those that the graders judge otherwise by now. ``--fresh`` tries them all, as after a change of
the sandbox. ``--answers`` stops after the trials, and says which verdict is not the one that it must be.

``graders.yaml`` beside this file says of a survivor why nothing can tell it, by lab or module; one that is
not explained fails the run. Nothing in the checkout is changed.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from cloudlings.errors import EvidenceMissing
from cloudlings.grading.conformance import unexpected
from cloudlings.grading.engine import recheck
from cloudlings.grading.task import Task
from cloudlings.grading.tasks import refs
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import (
    Brief,
    Catalogue,
    Lab,
    NearMiss,
    account_id,
    brief_for,
    near_misses,
    other_answers,
    solution_steps,
    spliced,
    starter_steps,
)
from tests.mutants.conditions import Mutant, mutants
from tests.mutants.grading_code import Code, code_of
from tests.mutants.recordings import Recordings
from tests.mutants.workshop import ROOT, MutantList, Workshop
from tests.mutants.workshop import Mutant as Change

EXPLAINED = Path(__file__).with_suffix(".yaml")
_GRADING = "src/cloudlings/grading"


@dataclass(frozen=True)
class Record:
    """What one check said of one answer, and the words that it must go on saying."""

    answer: str
    verdict: Verdict
    says: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where a lab's answers were tried: its accounts' ids by name, the personal values, its first Region."""

    accounts: dict[str, str]
    brief: Brief
    region: str


@dataclass(frozen=True)
class Judge:
    """One lab's answers, which notice mutants: its grading code, its records that hang on nothing but what
    was read, where they were tried, and its graders' functions by task."""

    code: Code
    told: Sequence[Record]
    place: Place
    functions: Mapping[str, str]


# --- recording -------------------------------------------------------------------------------------


def records(kept: Recordings, lab: Lab) -> Iterator[Record]:
    """Every verdict on every answer of a lab; tells of those that are not what they must be."""
    names = refs(kept.root, lab.name)
    misses = {f"wrong:{miss.name}": miss for miss in near_misses(lab, names)}
    answers = {"solution": solution_steps(lab), "untouched": starter_steps(lab)}
    answers |= {name: spliced(lab, miss) for name, miss in misses.items()}
    answers |= {f"other:{other.name}": spliced(lab, other) for other in other_answers(lab, names)}
    for name, steps in answers.items():
        miss = misses.get(name)
        told = {loss.task: tuple(loss.says) for loss in miss.loses} if miss else {}
        for verdict in kept.verdicts(lab, steps):
            if odd := _odd(name, miss, verdict):
                print(f"odd: {name}: {odd}", flush=True)
            yield Record(name, verdict, told.get(verdict.task, ()))


def _odd(name: str, miss: NearMiss | None, verdict: Verdict) -> str:
    """What conformance would say against a verdict, or nothing."""
    if miss:
        return unexpected(miss, verdict)
    must = Status.NOT_ATTEMPTED if name == "untouched" else Status.PASSED
    broke = verdict.details.get("traceback", "")
    return "" if verdict.status is must else f"{verdict.task} is {verdict.status}: {verdict.message} {broke}"


# --- judging ---------------------------------------------------------------------------------------


def judge(lab: Lab, code: Code, told: Sequence[Record], seed: str) -> Judge:
    """Tells of the verdicts that cannot be judged again, and leaves them out."""
    ids = {name: account_id(lab.name, seed, name) for name in lab.accounts}
    place = Place(ids, brief_for(lab, seed), lab.regions[0])
    with code.loaded() as tasks:
        functions = {task.name: task.function.__name__ for task in tasks.values()}
        steady = [r for r in told if not _differs(r, tasks[r.verdict.task], place)]
    if len(steady) < len(told):
        print(f"{lab.name}: {len(told) - len(steady)} verdicts hang on more than what was read", flush=True)
    # Those about the task first, the solution before them: most mutants fail a right answer.
    steady.sort(key=lambda r: (r.answer != "solution", not r.says, r.answer))
    return Judge(code, steady, place, functions)


def noticed_by(mutant: Mutant, judge: Judge) -> str:
    """The answer that notices a mutant; "" when none does."""
    reached = judge.code.reached.get((mutant.file, mutant.within), set())
    mine = [r for r in judge.told if judge.functions[r.verdict.task] in reached]
    if not mine:
        return ""
    try:
        with judge.code.loaded(mutant.file, mutant.tree) as tasks:
            return next(
                (r.answer for r in mine if _differs(r, tasks[r.verdict.task], judge.place)),
                "",
            )
    except Exception as error:
        return f"import ({type(error).__name__})"


def _differs(record: Record, task: Task, place: Place) -> bool:
    try:
        found = recheck(record.verdict, task, place.accounts, place.brief, region=place.region)
    except EvidenceMissing:
        return True
    if found.status is not record.verdict.status:
        return True
    return any(word.lower() not in found.message.lower() for word in record.says)


def survivors(file: str, judges: Sequence[Judge], words: Sequence[str]) -> tuple[list[Mutant], int]:
    """The mutants of one file that no answer of these labs notices, and how many were tried."""
    source = judges[0].code.files[file].read_text(encoding="utf-8")
    tried = [m for m in mutants(source, file) if not words or any(word in m.name for word in words)]
    return [m for m in tried if not any(noticed_by(m, each) for each in judges)], len(tried)


def tests_of(module: str) -> list[str]:
    """The test files that import a module of ``cloudlings.grading``."""
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"cloudlings.grading.{module} " in text or f"cloudlings.grading import {module}" in text:
            found.append(str(path.relative_to(ROOT)))
    return found


def untested(module: str, path: Path, lived: Sequence[Mutant]) -> list[Mutant]:
    """Those mutants that the module's own tests do not notice either."""
    tests = tests_of(module)
    if not tests or not lived:
        return list(lived)
    whole = path.read_text(encoding="utf-8")
    listed = MutantList(module, _GRADING, (), (" ".join(tests),), ("tests", "graders", "solutions"))
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder), listed)
        if failing := shop.failing_unchanged():
            raise SystemExit(f"{module}: without any change these fail: {'; '.join(failing)}")
        changes = {each: Change(each.name, path.name, whole, ast.unparse(each.tree)) for each in lived}
        return [each for each, change in changes.items() if shop.survives(change)]


def _judged(section: str, file: str, judges: Sequence[Judge], words: Sequence[str]) -> int:
    """Judge one file's mutants, say what came of it; how many survive unexplained."""
    path = judges[0].code.files[file]
    lived, count = survivors(file, judges, words)
    noticed = count - len(lived)
    if file != judges[0].code.graders:
        lived = untested(section, path, lived)
    reasons = (yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or {}).get(section, {})
    unexplained = [mutant for mutant in lived if mutant.name not in reasons]
    for mutant in unexplained:
        print(f"survives: {path.name}:{mutant.line}: {mutant.name}", flush=True)
    if count:
        by_tests = count - noticed - len(lived)
        print(
            f"{section}: {noticed}/{count} noticed by answers, {by_tests} by tests, "
            f"{len(lived) - len(unexplained)} explained, {len(unexplained)} not",
            flush=True,
        )
    return len(unexplained)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.graders")
    parser.add_argument("labs", nargs="*", metavar="LAB", help="all when left out")
    parser.add_argument(
        "-m", nargs="+", default=[], metavar="MODULE", help="only these modules of cloudlings.grading"
    )
    parser.add_argument("--seed", default="1")
    parser.add_argument(
        "-k", nargs="+", default=[], metavar="WORD", help="only mutants with one of these words"
    )
    parser.add_argument("--fresh", action="store_true", help="try every answer anew")
    parser.add_argument("--answers", action="store_true", help="only the trials, no mutants")
    asked = parser.parse_args(arguments)
    labs = Catalogue(ROOT)
    codes = {name: code_of(ROOT, name) for name in labs.names}
    modules = _modules(codes)
    if unknown := set(asked.m) - {_short(file) for file in modules}:
        parser.error(f"no lab's graders have a module {', '.join(sorted(unknown))} of their own")
    modules = {file: users for file, users in modules.items() if not asked.m or _short(file) in asked.m}
    used = {name for users in modules.values() for name in users}
    judges: dict[str, Judge] = {}
    open_ = 0
    with Recordings(ROOT, asked.seed, fresh=asked.fresh) as kept:
        for name in asked.labs or [name for name in labs.names if not asked.m or name in used]:
            lab = labs.read(name)
            told = list(records(kept, lab))
            print(f"{name}: {len(told)} verdicts, {kept.tried} answers tried now", flush=True)
            if not asked.answers:
                judges[name] = judge(lab, codes[name], told, asked.seed)
                if not asked.m:
                    open_ += _judged(name, codes[name].graders, [judges[name]], asked.k)
    for file, users in modules.items():
        if users <= judges.keys():
            open_ += _judged(_short(file), file, [judges[name] for name in sorted(users)], asked.k)
    return 1 if open_ else 0


def _modules(codes: Mapping[str, Code]) -> dict[str, set[str]]:
    """By module that only graders reach: the labs whose graders do."""
    found: dict[str, set[str]] = {}
    for lab, code in codes.items():
        for file in code.files:
            if file != code.graders:
                found.setdefault(file, set()).add(lab)
    return dict(sorted(found.items()))


def _short(file: str) -> str:
    return file.rpartition(".")[2]


if __name__ == "__main__":
    sys.exit(main())
