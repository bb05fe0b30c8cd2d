"""What a grader function may ask for by naming it as a parameter.

A fixture is a function here that is marked with `@fixture` and takes the `Context` of the check. The engine
and the pytest plugin both read this page, so a grader sees the same things wherever it runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cloudlings.account import Account
from cloudlings.errors import GraderError
from cloudlings.lab import Brief


@dataclass(frozen=True)
class Context:
    """What one check works on: the lab's accounts by name, and the learner's personal values."""

    accounts: Mapping[str, Account]
    brief: Brief


FIXTURES: dict[str, Callable[[Context], Any]] = {}


def fixture(function: Callable[[Context], Any]) -> Callable[[Context], Any]:
    """Offers a function's result to graders under the function's name."""
    FIXTURES[function.__name__] = function
    return function


@fixture
def account(context: Context) -> Account:
    """The lab's main account."""
    return context.accounts["main"]


@fixture
def accounts(context: Context) -> Mapping[str, Account]:
    """Every account of the lab, by the name that the lab gives it."""
    return context.accounts


@fixture
def brief(context: Context) -> Brief:
    """The learner's personal values."""
    return context.brief


@fixture
def answer(context: Context) -> Callable[[str], Any]:
    """``answer(name)``: what the learner handed in under that name, None when nothing."""
    return context.accounts["main"].answer


def arguments(function: Callable[..., Any], context: Context) -> dict[str, Any]:
    """The fixtures that a grader function names, or `GraderError` for a name that is none."""
    names = inspect.signature(function).parameters
    unknown = [name for name in names if name not in FIXTURES]
    if unknown:
        raise GraderError(
            f"{function.__name__} asks for {', '.join(unknown)}, and there is no such fixture.",
            next_step=f"use one of: {', '.join(sorted(FIXTURES))}",
        )
    return {name: FIXTURES[name](context) for name in names}
