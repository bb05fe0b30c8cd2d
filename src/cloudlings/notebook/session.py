"""The verbs of a learner's notebook. They ask the checker; nothing is graded in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from IPython.display import display

from cloudlings.errors import CloudlingsError, LabError
from cloudlings.grading.checker import Checker
from cloudlings.grading.home import find_home
from cloudlings.grading.replies import OpenLab
from cloudlings.grading.start import ensure_running
from cloudlings.lab import Brief, Catalogue
from cloudlings.notebook import render
from cloudlings.sandbox.environment import removed
from cloudlings.sandbox.guard import install

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

LONGEST_ANSWER = 4096
"""In characters: what a standard parameter of SSM, where answers are kept, takes."""

_open: OpenLab | None = None


def for_people(function: Callable[Parameters, Result]) -> Callable[Parameters, Result | None]:
    """Shows an error of ours as words in the cell; a learner's own mistake never ends in a traceback."""

    @wraps(function)
    def shown(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result | None:
        try:
            return function(*args, **kwargs)
        except CloudlingsError as error:
            display(render.problem(error))
            return None

    return shown


@for_people
def open_lab(name: str, seed: str | None = None) -> Brief:
    """Opens a lab: the sandbox is started where it is not, and this kernel's AWS tools lead into it.

    Returns your personal values for the lab, or those of a ``seed`` (a course sets it to your student id).
    Your work in the lab stays as you left it.
    """
    global _open
    checker = ensure_running(Catalogue.here().root, find_home(), tell=print, seed=seed)
    _open = checker.open(Catalogue.here().name(name))
    _enter(_open)
    display(render.opened(_open))
    return Brief(_open.brief)


@for_people
def check(task: str | None = None) -> None:
    """Checks one task, or every task of the lab, on what is now in your account."""
    for verdict in _checker().check(_lab().lab, task):
        display(render.verdict(verdict))


@for_people
def hint(task: str) -> None:
    """Shows the next hint of a task."""
    display(render.hint(_checker().hint(_lab().lab, task)))


@for_people
def answer(name: str, value: Any) -> None:
    """Hands in a value: it goes into your account, where the check of the task reads it."""
    import boto3

    try:
        text = json.dumps(value, ensure_ascii=False, default=_plain)
    except TypeError as error:
        raise LabError(
            f"This value cannot be handed in: {error}.",
            next_step="hand in numbers, text, lists and dictionaries: pick the fields that the task asks for",
        ) from None
    if len(text) > LONGEST_ANSWER:
        raise LabError(
            f'The answer "{name}" has {len(text):,} characters; an answer has room for {LONGEST_ANSWER:,}: '
            f"{text[:80]} …",
            next_step="look at what is in it: a task never asks for that much",
        )
    lab = _lab()
    boto3.client("ssm", region_name=lab.environment["AWS_DEFAULT_REGION"]).put_parameter(
        Name=f"/cloudlings/answers/{name}", Value=text, Type="String", Overwrite=True
    )
    print(f"Handed in {name}: {text if len(text) <= 200 else text[:200] + ' …'}")


@for_people
def progress() -> None:
    """Shows each task of the lab and where you stand."""
    display(render.progress(_lab(), _checker().progress(_lab().lab)))


@for_people
def reset_lab() -> None:
    """Puts this lab's account back to its start. Other labs stay, and so do your points."""
    global _open
    _open = _checker().reset(_lab().lab)
    _enter(_open)
    print(f"{_open.title} is back at its start. Run the notebook's cells again from the top.")


def _enter(lab: OpenLab) -> None:
    for name in removed(os.environ):
        del os.environ[name]
    os.environ.update(lab.environment)
    install()
    # A kernel that has used boto3 before holds a default session with the keys from then.
    import boto3

    boto3.DEFAULT_SESSION = None
    from cloudlings.notebook.dress import dress

    dress()


def _lab() -> OpenLab:
    if _open is None:
        raise LabError("No lab is open in this notebook.", next_step="run its first code cell: open_lab(...)")
    return _open


def _checker() -> Checker:
    return Checker(find_home(), seed=_lab().seed)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset | tuple):
        return sorted(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not JSON")
