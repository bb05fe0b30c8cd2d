"""How fast ``decide`` is, over every case file: decisions a second on one core, import and reading included apart.

``run()`` returns the figures; ``python benchmarks/iam_decide.py`` prints them as JSON.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

CASES = Path(__file__).parent.parent / "tests" / "iam" / "cases"
ROUNDS = 40


def run() -> dict[str, float]:
    """The figures.

    ``decisions_per_second`` decides requests that are new each time under policies that were read once, as the
    sandbox does; ``first_decisions_per_second`` also reads and compiles the policies each time.
    ``import_seconds`` is the least of five fresh interpreters, less an empty one.
    """
    from cloudlings.iam import decide
    from cloudlings.iam.case_files import expected_is_error, read_cases

    cases = [
        case
        for file in sorted(CASES.glob("*.yaml"))
        for case in read_cases(file)
        if not expected_is_error(case)
    ]
    pairs = [(case.request(), case.policies()) for case in cases]
    for request, policies in pairs:
        decide(request, policies)
    rounds = [
        [(dataclasses.replace(request), policies) for request, policies in pairs] for _ in range(ROUNDS)
    ]
    started = time.perf_counter()
    for fresh in rounds:
        for request, policies in fresh:
            decide(request, policies)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    for case in cases:
        decide(case.request(), case.policies())
    first = time.perf_counter() - started
    return {
        "cases": len(cases),
        "decisions_per_second": round(ROUNDS * len(pairs) / seconds),
        "first_decisions_per_second": round(len(cases) / first),
        "import_seconds": round(_import_seconds(), 3),
    }


def _import_seconds() -> float:
    bare = min(_interpreter("pass") for _ in range(5))
    return min(_interpreter("import cloudlings.iam") for _ in range(5)) - bare


def _interpreter(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
