"""Break the labs' graders on purpose, one condition at a time, and see that some answer notices.

``python -m tests.mutants.graders [LAB …] [--seed 1] [-k WORD …]`` tries every answer of a lab once and keeps
what each check read. Then each condition of the lab's grader file is negated or dropped in turn, and the
changed graders judge the recorded evidence again: a mutant is noticed when a verdict is another one, when a
near-miss is not told its words any more, or when a check reads on past what it read before (it did not stop
where it should).

What a trial's checks read is kept (``recordings.py``): another run tries only the answers that are new or
changed, and those that the graders judge otherwise by now. ``--fresh`` tries them all, as after a change of
the sandbox. ``--answers`` stops after the trials, and says which verdict is not the one that it must be.

``graders.yaml`` beside this file says of a survivor why no answer can tell it; one that is not explained
fails the run. Nothing in the checkout is changed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import yaml

from cloudlings.errors import EvidenceMissing
from cloudlings.grading.conformance import unexpected
from cloudlings.grading.engine import recheck
from cloudlings.grading.task import MARK, Task
from cloudlings.grading.tasks import grader_file, refs
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
from tests.mutants.recordings import Recordings

ROOT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_suffix(".yaml")


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
class Mutant:
    """One changed condition: the function that it is in, what was done to it, and the changed module."""

    function: str
    line: int
    change: str
    tree: ast.Module

    @property
    def name(self) -> str:
        return f"{self.function}: {self.change}"


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


# --- mutants ---------------------------------------------------------------------------------------


def mutants(source: str) -> Iterator[Mutant]:
    """Every way to negate or drop one condition of a grader file."""
    tree = ast.parse(source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    functions += [
        m for c in tree.body if isinstance(c, ast.ClassDef) for m in c.body if isinstance(m, ast.FunctionDef)
    ]
    for function in functions:
        for number, node in enumerate(ast.walk(function)):
            for change, act in _changes(node):
                changed, twin = _copied(tree, function, number)
                act(twin)
                line = getattr(node, "lineno", function.lineno)
                yield Mutant(function.name, line, change, ast.fix_missing_locations(changed))


def _copied(tree: ast.Module, function: ast.FunctionDef, number: int) -> tuple[ast.Module, ast.AST]:
    """A copy of the module, and in it the same node."""
    changed = copy.deepcopy(tree)
    same = next(
        node
        for node in ast.walk(changed)
        if isinstance(node, ast.FunctionDef) and (node.name, node.lineno) == (function.name, function.lineno)
    )
    return changed, list(ast.walk(same))[number]


Act = Callable[[ast.AST], None]


def _changes(node: ast.AST) -> Iterator[tuple[str, Act]]:
    """What can be done to a node, in words, and how."""
    text = partial(_short, node)
    match node:
        case ast.Assert():
            yield f"negated: assert {_short(node.test)}", partial(_negate, field="test")
            yield f"dropped: assert {_short(node.test)}", partial(_set, field="test", value=True)
        case ast.If() | ast.IfExp() | ast.While():
            yield f"negated: if {_short(node.test)}", partial(_negate, field="test")
        case ast.Expr(value=ast.Call()):
            yield f"dropped: {text()}", _drop
        case ast.Return(value=ast.Compare() | ast.UnaryOp(op=ast.Not())):
            yield f"negated: {text()}", partial(_negate, field="value")
        case ast.Call(func=ast.Name(id="not_attempted_unless"), args=[condition, *_]):
            yield f"negated: not_attempted_unless {_short(condition)}", _negate_first
        case ast.Call(func=ast.Name(id="all" | "any" as name)):
            yield f"the other quantifier: {text()}", partial(_rename, to="any" if name == "all" else "all")
        case ast.BoolOp():
            for place, operand in enumerate(node.values):
                yield f"dropped: {_short(operand)} of {text()}", partial(_without, place=place)
        case ast.comprehension() if node.ifs:
            for place, condition in enumerate(node.ifs):
                yield f"dropped: filter {_short(condition)}", partial(_unfiltered, place=place)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:99]}…"


def _negate(node: ast.AST, *, field: str) -> None:
    setattr(node, field, ast.UnaryOp(ast.Not(), getattr(node, field)))


def _set(node: ast.AST, *, field: str, value: object) -> None:
    setattr(node, field, ast.Constant(value))


def _drop(node: ast.AST) -> None:
    node.value = ast.Constant(None)  # type: ignore[attr-defined]


def _negate_first(node: ast.AST) -> None:
    assert isinstance(node, ast.Call)
    node.args[0] = ast.UnaryOp(ast.Not(), node.args[0])


def _rename(node: ast.AST, *, to: str) -> None:
    assert isinstance(node, ast.Call)
    node.func = ast.Name(to, ast.Load())


def _without(node: ast.AST, *, place: int) -> None:
    assert isinstance(node, ast.BoolOp)
    neutral = isinstance(node.op, ast.And)
    node.values[place] = ast.Constant(neutral)


def _unfiltered(node: ast.AST, *, place: int) -> None:
    assert isinstance(node, ast.comprehension)
    del node.ifs[place]


# --- judging ---------------------------------------------------------------------------------------


def _tasks(tree: ast.Module, path: Path) -> dict[str, Task]:
    name = "mutant_graders"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(tree, str(path), "exec"), vars(module))
    return {found.name: found for value in vars(module).values() if (found := getattr(value, MARK, None))}


def _users(source: str) -> dict[str, set[str]]:
    """Which of a module's functions reach each function, itself among them, by name."""
    body = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    named = {n.name: {x.id for x in ast.walk(n) if isinstance(x, ast.Name)} for n in body}
    for node in body:
        if isinstance(node, ast.ClassDef):
            for method in (m for m in node.body if isinstance(m, ast.FunctionDef)):
                named[method.name] = set()
                for uses in named.values():
                    uses |= {method.name} & {method.name if node.name in uses else ""}
    users = {name: {name} for name in named}
    grew = True
    while grew:
        grew = False
        for caller, uses in named.items():
            for used in uses & users.keys():
                if not users[caller] <= users[used]:
                    users[used] |= users[caller]
                    grew = True
    return users


def noticed_by(mutant: Mutant, path: Path, told: Sequence[Record], place: Place) -> str:
    """The answer that notices a mutant; "" when none does."""
    try:
        tasks = _tasks(mutant.tree, path)
    except Exception as error:
        return f"import ({type(error).__name__})"
    for record in told:
        if _differs(record, tasks[record.verdict.task], place):
            return record.answer
    return ""


def _differs(record: Record, task: Task, place: Place) -> bool:
    try:
        found = recheck(record.verdict, task, place.accounts, place.brief, region=place.region)
    except EvidenceMissing:
        return True
    if found.status is not record.verdict.status:
        return True
    return any(word.lower() not in found.message.lower() for word in record.says)


def survivors(lab: Lab, told: Sequence[Record], seed: str, words: Sequence[str]) -> tuple[list[Mutant], int]:
    """The mutants of a lab's graders that no answer notices, and how many were tried."""
    path = grader_file(ROOT, lab.name)
    source = path.read_text(encoding="utf-8")
    ids = {name: account_id(lab.name, seed, name) for name in lab.accounts}
    place = Place(ids, brief_for(lab, seed), lab.regions[0])
    tasks = _tasks(ast.parse(source), path)
    functions = {task.name: task.function.__name__ for task in tasks.values()}
    steady = [r for r in told if not _differs(r, tasks[r.verdict.task], place)]
    if len(steady) < len(told):
        print(f"{lab.name}: {len(told) - len(steady)} verdicts hang on more than what was read", flush=True)
    users = _users(source)
    found, count = [], 0
    for mutant in mutants(source):
        if words and not any(word in mutant.name for word in words):
            continue
        count += 1
        reached = users.get(mutant.function, {mutant.function})
        mine = [r for r in steady if functions[r.verdict.task] in reached]
        # Those about the task first, the solution before them: most mutants fail a right answer.
        mine.sort(key=lambda r: (r.answer != "solution", not r.says, r.answer))
        if not noticed_by(mutant, path, mine, place):
            found.append(mutant)
            print(f"survives: {path.name}:{mutant.line}: {mutant.name}", flush=True)
    return found, count


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.graders")
    parser.add_argument("labs", nargs="*", metavar="LAB", help="all when left out")
    parser.add_argument("--seed", default="1")
    parser.add_argument(
        "-k", nargs="+", default=[], metavar="WORD", help="only mutants with one of these words"
    )
    parser.add_argument("--fresh", action="store_true", help="try every answer anew")
    parser.add_argument("--answers", action="store_true", help="only the trials, no mutants")
    asked = parser.parse_args(arguments)
    labs = Catalogue(ROOT)
    explained = yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")) or {} if EXPLAINED.exists() else {}
    open_ = 0
    with Recordings(ROOT, asked.seed, fresh=asked.fresh) as kept:
        for name in asked.labs or labs.names:
            lab = labs.read(name)
            told = list(records(kept, lab))
            print(f"{name}: {len(told)} verdicts, {kept.tried} answers tried now", flush=True)
            if asked.answers:
                continue
            lived, count = survivors(lab, told, asked.seed, asked.k)
            reasons = explained.get(name, {})
            unexplained = [mutant for mutant in lived if mutant.name not in reasons]
            open_ += len(unexplained)
            print(f"{name}: {count - len(lived)}/{count} noticed, {len(lived) - len(unexplained)} explained")
    return 1 if open_ else 0


if __name__ == "__main__":
    sys.exit(main())
