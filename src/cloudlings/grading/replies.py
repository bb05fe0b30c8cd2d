"""What the checker answers with, beside verdicts and standings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OpenLab:
    """What a notebook needs to work in a lab: environment, personal values, a word for the person.

    ``next_lab`` is the lab that comes after this one, "" after the last.
    """

    lab: str
    title: str
    seed: str
    account_ids: Mapping[str, str]
    environment: Mapping[str, str]
    brief: Mapping[str, Any]
    notice: str
    next_lab: str
    next_title: str


@dataclass(frozen=True)
class Hint:
    """One rung of a task's ladder: ``rung`` of ``of``, counted from one."""

    task: str
    title: str
    rung: int
    of: int
    text: str
