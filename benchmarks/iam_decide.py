"""How fast ``decide`` is over every case file: decisions in a second of one core's time, and the import.

``run()`` returns the figures; ``python benchmarks/iam_decide.py`` prints them as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from cloudlings.iam import Policies, Request, decide
from cloudlings.iam.case_files import expected_is_error, read_cases

CASES = Path(__file__).parent.parent / "tests" / "iam" / "cases"
ROUNDS = 40


def run() -> dict[str, float]:
    """The figures.

    ``decisions_per_second`` decides requests that are new each time under policies that were read once, as
    the sandbox does; ``first_decisions_per_second`` also reads and compiles the policies each time. Both
    count processor time, so that a busy machine does not slow them; the fastest round counts.
    ``import_seconds`` is the least of five fresh interpreters, less an empty one.
    """
    cases = [
        case
        for file in sorted(CASES.glob("*.yaml"))
        for case in read_cases(file)
        if not expected_is_error(case)
    ]
    started = time.process_time()
    for case in cases:
        decide(case.request(), case.policies())
    first = time.process_time() - started
    pairs = [(case.request(), case.policies()) for case in cases]
    _round(pairs)
    best = min(
        _round([(dataclasses.replace(request), policies) for request, policies in pairs])
        for _ in range(ROUNDS)
    )
    return {
        "cases": len(cases),
        "decisions_per_second": round(len(pairs) / best),
        "first_decisions_per_second": round(len(cases) / first),
        "import_seconds": round(_import_seconds(), 3),
    }


def _round(pairs: list[tuple[Request, Policies]]) -> float:
    """Processor seconds to decide each pair once."""
    started = time.process_time()
    for request, policies in pairs:
        decide(request, policies)
    return time.process_time() - started


def _import_seconds() -> float:
    bare = min(_interpreter("pass") for _ in range(5))
    return min(_interpreter("import cloudlings.iam") for _ in range(5)) - bare


def _interpreter(code: str) -> float:
    """Processor seconds of a fresh interpreter."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
