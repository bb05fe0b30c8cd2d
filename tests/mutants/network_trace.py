"""Mutants of the network engine: ``python tests/mutants/network_trace.py [WORD …]`` (run it with nice).

Each mutant of ``network_trace.yaml`` changes one decision of the engine, in a copy of it. It is killed when a
case of ``tests/network/cases`` or a test of ``tests/network`` fails on it. Prints each that survives, then
``killed/all``; exits non-zero when a survivor is not explained, or a mutant's text is no longer there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/cloudlings/network"
LIST = Path(__file__).with_suffix(".yaml")
CASES = sorted(str(path) for path in (ROOT / "tests/network/cases").glob("*.yaml"))
TESTS = [
    f"tests/network/test_{name}.py" for name in ("trace", "statements", "findings", "addresses", "robust")
]
GATEWAYS = ("gateways.py", "internet.py", "nat.py", "between.py")


@dataclass(frozen=True)
class Mutant:
    """One change: what it gets wrong, in which file, which text becomes which."""

    name: str
    file: str
    old: str
    new: str


def place_of(mutant: Mutant) -> str:
    """The file that holds the mutant's text."""
    names = GATEWAYS if mutant.file == "gateways" else (mutant.file,)
    for name in names:
        if mutant.old in (PACKAGE / name).read_text(encoding="utf-8"):
            return name
    raise SystemExit(f"The mutant {mutant.name!r} does not fit {mutant.file} any more.")


def survives(mutant: Mutant) -> bool:
    """Whether every case and test passes on a mutant; the source itself is not touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
        path = copy / "cloudlings/network" / place_of(mutant)
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
        if _fails([sys.executable, "-m", "cloudlings.network.cases", *CASES], environment):
            return False
        tests = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS]
        return not _fails(tests, environment)


def _fails(command: list[str], environment: dict[str, str]) -> bool:
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def main(words: list[str]) -> int:
    """Try the mutants whose names hold one of the words, or all."""
    listed = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    mutants = [Mutant(**each) for each in listed["mutants"]]
    chosen = [each for each in mutants if not words or any(word in each.name for word in words)]
    for mutant in chosen:
        place_of(mutant)
    survivors = []
    for mutant in chosen:
        if survives(mutant):
            survivors.append(mutant)
            reason = listed["equivalent"].get(mutant.name, "NOT EXPLAINED")
            print(f"survives: {mutant.name} ({mutant.file}): {reason}", flush=True)
    unexplained = [each for each in survivors if each.name not in listed["equivalent"]]
    print(
        f"{len(chosen) - len(survivors)}/{len(chosen)} killed, {len(survivors) - len(unexplained)} explained"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
