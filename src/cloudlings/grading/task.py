"""What a grader declares of its task, and how it says what it found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cloudlings.errors import GraderError

Grader = TypeVar("Grader", bound=Callable[..., None])
MARK = "__cloudlings_task__"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Task:
    """One task of a lab: its name (a slug), points, title, curriculum ref, hints in order, probes."""

    name: str
    points: int
    title: str
    ref: str
    hints: tuple[str, ...]
    probes: tuple[str, ...]
    function: Callable[..., None] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Because:
    """Why a task is not done: the message of a grader's assertion, in parts.

    ``found`` says what was checked and what is there, with real ids; ``consequence`` what follows from it,
    concretely; ``concept`` the idea to think about. ``counterexample`` is one request or packet that shows
    it; ``trace`` is the way there, a line each. Nothing here names the fix.
    """

    found: str
    consequence: str = ""
    concept: str = ""
    counterexample: str = ""
    trace: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = (self.found, self.consequence, self.counterexample, *self.trace, self.concept)
        return "\n".join(part for part in parts if part)


class NotAttempted(Exception):
    """Raised by `not_attempted_unless`: what the task looks at is as the lab's start left it."""


def not_attempted_unless(attempted: object, message: str) -> None:
    """Ends the check with "not attempted" where nothing of the task's own is there yet.

    ``message`` says what was looked for and where, without scolding.
    """
    if not attempted:
        raise NotAttempted(message)


def task(
    name: str,
    *,
    points: int,
    title: str,
    ref: str,
    hints: Sequence[str],
    probes: Sequence[str] = (),
) -> Callable[[Grader], Grader]:
    """Declares a pytest function to be the grader of one task.

    The function asserts with `Because`, takes fixtures by name, and needs no return value. ``hints`` is a
    ladder: the first names a concept, the last is nearly the answer. ``probes`` are the operations beyond
    reads that the check may use (``"lambda:Invoke"``).
    """
    _require(_NAME.fullmatch(name), f"task name {name!r} is not a slug", "use lower case words with hyphens")
    _require(points > 0, f"task {name!r} has no points", "give it at least one")
    _require(title.strip(), f"task {name!r} has no title", "say in a few words what is done")
    _require(ref.strip(), f"task {name!r} has no ref", "name its row of the curriculum, such as L03-T2")
    _require(
        hints and all(hint.strip() for hint in hints), f"task {name!r} lacks hints", "write at least one"
    )

    def mark(function: Grader) -> Grader:
        declared = Task(name, points, title, ref, tuple(hints), tuple(probes), function)
        setattr(function, MARK, declared)
        return function

    return mark


def _require(condition: object, what: str, remedy: str) -> None:
    if not condition:
        raise GraderError(f"{what[0].upper()}{what[1:]}.", next_step=remedy)
