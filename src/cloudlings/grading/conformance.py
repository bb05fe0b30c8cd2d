"""What every lab must hold: its solution, its near-misses and its other answers prove its graders.

Each invariant is a function that returns the `Defect`s it found; a defect names the file or the command that
mends it. ``tests/test_labs.py`` and ``cloudlings lab test`` run them for every lab that is found.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cloudlings.errors import CloudlingsError, LabError
from cloudlings.grading.attempt import Bench, Outcome, attempt, attempt_from
from cloudlings.grading.shells import Trouble
from cloudlings.grading.tasks import grader_file, points, refs, tasks_of
from cloudlings.grading.verdict import Status, Verdict
from cloudlings.lab import (
    Catalogue,
    Lab,
    NearMiss,
    OtherAnswer,
    Step,
    check_fresh,
    leaks,
    near_misses,
    other_answers,
    solution_steps,
    spliced,
    starter_steps,
)

SEEDS = ("1", "2", "3")


@dataclass(frozen=True)
class Defect:
    """One thing that a lab does not hold: which invariant, where, and what mends it."""

    lab: str
    invariant: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.lab}: {self.invariant}: {self.message}\n    mend it: {self.remedy}"


def static_defects(root: Path, name: str) -> list[Defect]:
    """What can be seen without running anything: graders, hints, a fresh notebook that gives nothing away."""
    try:
        lab = Catalogue(root).read(name)
        tasks = tasks_of(root, name)
    except CloudlingsError as error:
        return [Defect(name, "readable", error.message, error.next_step)]
    file = f"graders/{grader_file(root, name).name}"
    defects = [
        *_tasks_match(lab, [task.name for task in tasks], file),
        *(
            Defect(
                name,
                "hints",
                f"{task.name} has a ladder of {len(task.hints)}",
                f"write at least two in {file}",
            )
            for task in tasks
            if len(task.hints) < 2
        ),
    ]
    return defects or [*_fresh(root, lab), *_no_leaks(root, lab)]


def _tasks_match(lab: Lab, graded: Sequence[str], file: str) -> list[Defect]:
    source = f"solutions/{lab.name}/lab.py"
    unknown = [name for name in graded if name not in lab.tasks]
    ungraded = [name for name in lab.tasks if name not in graded]
    mark, write = 'mark its cell: # %% task="{}"', 'write @task("{}", …) in ' + file
    return [
        *(
            Defect(lab.name, "tasks", f"{name} is graded, but not in {source}", mark.format(name))
            for name in unknown
        ),
        *(Defect(lab.name, "tasks", f"{name} has no grader", write.format(name)) for name in ungraded),
    ]


def _fresh(root: Path, lab: Lab) -> list[Defect]:
    try:
        check_fresh(lab, points(root, lab.name), root / "labs")
    except LabError as error:
        return [Defect(lab.name, "fresh", error.message, error.next_step)]
    return []


def _no_leaks(root: Path, lab: Lab) -> list[Defect]:
    notebook = Catalogue(root).built(lab.name).read_bytes()
    remedy = f"keep it between ### BEGIN SOLUTION and ### END SOLUTION in solutions/{lab.name}/lab.py only"
    return [Defect(lab.name, "no leak", str(leak), remedy) for leak in leaks(lab, notebook)]


def solution_defects(lab: Lab, bench: Bench, seed: str) -> list[Defect]:
    """The solution runs without an error and earns every point."""
    outcome = attempt(bench, lab, solution_steps(lab), seed)
    where = f"solutions/{lab.name}/lab.py or {_graders(lab)}"
    return [*_ran(lab, outcome, "solution", seed, where), *_full_marks(lab, outcome, "solution", seed, where)]


def untouched_defects(lab: Lab, bench: Bench, seed: str) -> list[Defect]:
    """The notebook as a learner gets it earns nothing, and every task says so without scolding."""
    outcome = attempt(bench, lab, starter_steps(lab), seed)
    return [
        Defect(
            lab.name,
            "untouched",
            f"{verdict.task} says {verdict.status} on the untouched lab (seed {seed}): {verdict.message}",
            f"let its grader in {_graders(lab)} begin with not_attempted_unless(…), or let the lab's seed.py "
            "set a state in which it is not done",
        )
        for verdict in outcome.verdicts
        if verdict.status is not Status.NOT_ATTEMPTED
    ]


def near_miss_defects(
    lab: Lab, miss: NearMiss, bench: Bench, seed: str, *, to_the_end: bool = True
) -> list[Defect]:
    """A near-miss loses its task, is told why in the words it names, and loses nothing else.

    With ``to_the_end`` false only the tasks that it is to lose are looked at.
    """
    tries = _tries(bench, lab, spliced(lab, miss), seed, () if to_the_end else _lost(miss))
    return _none_if_one_holds(_near_miss_defects(lab, miss, outcome(), seed) for outcome in tries)


def _near_miss_defects(lab: Lab, miss: NearMiss, outcome: Outcome, seed: str) -> list[Defect]:
    name = f"near-miss {miss.name}"
    remedy = f"mend its grader in {_graders(lab)}, or the near-miss in solutions/{lab.name}/wrong.py"
    defects = _ran(lab, outcome, name, seed, remedy, refusals=True)
    refusals = "".join(f"\n    refused: {trouble}" for trouble in outcome.trouble if _is_refusal(trouble))
    for verdict in outcome.verdicts:
        text = unexpected(miss, verdict)
        if text:
            message = f"{miss.name} (seed {seed}): {text}{refusals}"
            defects.append(Defect(lab.name, "near-miss", message, remedy))
    checked = {verdict.task for verdict in outcome.verdicts}
    for task in _lost(miss) - checked:
        message = f"{miss.name} is said to lose {task}, which is passed before its first cell"
        defects.append(Defect(lab.name, "near-miss", message, remedy))
    return defects


def _lost(miss: NearMiss) -> frozenset[str]:
    return frozenset({*(loss.task for loss in miss.loses), *miss.also})


def other_answer_defects(
    lab: Lab, answer: OtherAnswer, bench: Bench, seed: str, *, to_the_end: bool = True
) -> list[Defect]:
    """Another right answer runs without an error and earns every point.

    With ``to_the_end`` false only the tasks that it answers in its own way are looked at.
    """
    where = f"solutions/{lab.name}/other/{answer.name} or {_graders(lab)}"
    name = f"other answer {answer.name}"
    only = () if to_the_end else answer.tasks
    outcomes = (outcome() for outcome in _tries(bench, lab, spliced(lab, answer), seed, only))
    return _none_if_one_holds(
        [*_ran(lab, outcome, name, seed, where), *_full_marks(lab, outcome, name, seed, where)]
        for outcome in outcomes
    )


def _tries(
    bench: Bench, lab: Lab, steps: Sequence[Step], seed: str, only: Collection[str]
) -> Iterator[Callable[[], Outcome]]:
    """Ways to try an answer that differs from the solution: what tells how the tasks of ``only`` fare, if
    there are any; all of it from where the two part; and, lest that itself is why it does not hold, from the
    start. The solution is tried by itself, so what it passed until they part is not asked about."""
    from_solution = partial(attempt_from, bench, lab, solution_steps(lab), steps, seed)
    if only:
        yield partial(from_solution, only=only)
    yield from_solution
    yield partial(attempt, bench, lab, steps, seed, pictures=False)


def _none_if_one_holds(tries: Iterable[list[Defect]]) -> list[Defect]:
    """No defects, where a try has none; otherwise the last try's."""
    defects: list[Defect] = []
    for defects in tries:
        if not defects:
            break
    return defects


Trial = Callable[[Bench, str], list[Defect]]


def answers(root: Path, lab: Lab) -> dict[str, Trial]:
    """Every trial of a lab by name: solution, untouched, each near-miss, each other answer.

    A trial takes a bench and a seed and returns the defects that it found; near-misses and other answers take
    ``to_the_end`` besides.
    """
    names = refs(root, lab.name)
    trials: dict[str, Trial] = {
        "solution": partial(solution_defects, lab),
        "untouched": partial(untouched_defects, lab),
    }
    for miss in near_misses(lab, names):
        trials[f"wrong:{miss.name}"] = partial(near_miss_defects, lab, miss)
    for other in other_answers(lab, names):
        trials[f"other:{other.name}"] = partial(other_answer_defects, lab, other)
    return trials


def unexpected(miss: NearMiss, verdict: Verdict) -> str:
    """What is wrong with one verdict on a near-miss, in words; empty when nothing is."""
    lost = not verdict.passed
    if verdict.status is Status.UNAVAILABLE:
        return f"the check of {verdict.task} broke: {verdict.message} {verdict.details.get('traceback', '')}"
    loss = next((loss for loss in miss.loses if loss.task == verdict.task), None)
    if loss is not None:
        missing = [word for word in loss.says if word.lower() not in verdict.message.lower()]
        if not lost:
            return f"it passes {verdict.task}"
        if verdict.status is Status.NOT_ATTEMPTED:
            return f"{verdict.task} is called not attempted: {verdict.message}"
        if missing:
            return f"{verdict.task} is not told {', '.join(map(repr, missing))}, but: {verdict.message}"
        return ""
    if lost and verdict.task not in miss.also:
        return f"it also loses {verdict.task} ({verdict.status}): {verdict.message}"
    if not lost and verdict.task in miss.also:
        return f"it lists {verdict.task} in also=, but passes it"
    return ""


def _ran(
    lab: Lab, outcome: Outcome, what: str, seed: str, remedy: str, *, refusals: bool = False
) -> list[Defect]:
    """An answer's code must run; a wrong one may be refused by AWS, which raises ClientError."""
    return [
        Defect(lab.name, "runs", f"{what} (seed {seed}): {trouble}", remedy)
        for trouble in outcome.trouble
        if not (refusals and _is_refusal(trouble))
    ]


def _is_refusal(trouble: Trouble) -> bool:
    return "An error occurred (" in trouble.text


def _full_marks(lab: Lab, outcome: Outcome, what: str, seed: str, remedy: str) -> list[Defect]:
    return [
        Defect(
            lab.name,
            "full marks",
            f"{what} (seed {seed}) gets {verdict.status} for {verdict.task}: {verdict.message} "
            f"{verdict.details.get('traceback', '')}".rstrip(),
            remedy,
        )
        for verdict in outcome.verdicts
        if not verdict.passed
    ]


def _graders(lab: Lab) -> str:
    return f"graders/test_{lab.name.replace('-', '_')}.py"
