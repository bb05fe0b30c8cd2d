"""How long a check takes as a notebook asks for it, on the solution state of each lab."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from cloudlings.grading.attempt import bench
from cloudlings.grading.checker import Checker
from cloudlings.grading.runner import run as run_steps
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.workspace import reset
from cloudlings.lab import Catalogue, solution_steps

ROUNDS = 10
SEED = "1"


def run() -> dict[str, Any]:
    """Milliseconds a check, through the checker's socket: median, 95th percentile and worst, by lab."""
    root = Path(__file__).resolve().parents[1]
    with bench(root) as made:
        checker = Checker(made.sandbox.home, seed=SEED)
        return {name: _lab(made, checker, name) for name in Catalogue(root).names}


def _lab(made: Any, checker: Checker, name: str) -> dict[str, Any]:
    space = reset(made.sandbox, made.root, name, SEED)
    lab = Catalogue(made.root).read(name)
    run_steps(space, solution_steps(lab), home=made.sandbox.home, check=lambda _: None)
    tasks = [task.name for task in tasks_of(made.root, name)]
    took = sorted(_milliseconds(checker, name, task) for _ in range(ROUNDS) for task in tasks)
    return {
        "checks": len(took),
        "median_ms": statistics.median(took),
        "p95_ms": took[int(len(took) * 0.95)],
        "worst_ms": took[-1],
    }


def _milliseconds(checker: Checker, lab: str, task: str) -> float:
    started = time.perf_counter()
    (verdict,) = checker.check(lab, task)
    assert verdict.passed, verdict.message
    return (time.perf_counter() - started) * 1000
