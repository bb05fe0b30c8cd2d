"""A copy of some code and its tests, in which one mutant at a time is made, checked and undone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# A mutant that never ends is ended by its computing time: the clock would blame a busy machine on it.
_BOUNDED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (300, 300))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
PYTEST = (
    "-m",
    "pytest",
    "-q",
    "-x",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:cloudlings",
    "-m",
    "not slow",
)


@dataclass(frozen=True)
class Mutant:
    """One change, what it gets wrong (``name``), and why no test can tell it where that is so."""

    name: str
    file: str
    old: str
    new: str
    equivalent: str = ""


@dataclass(frozen=True)
class MutantList:
    """A list with how it is checked."""

    name: str
    package: str
    mutants: tuple[Mutant, ...]
    checks: tuple[str, ...]
    copied: tuple[str, ...] = ()
    nearest: dict[str, str] = field(default_factory=dict)

    def checks_of(self, mutant: Mutant) -> list[str]:
        """The commands to try on a mutant, in order."""
        near = self.nearest.get(mutant.file)
        return [near, *self.checks] if near else list(self.checks)


class Workshop:
    """A copy of the package and its tests, in which one mutant at a time is made and undone."""

    def __init__(self, folder: Path, listed: MutantList) -> None:
        self.folder, self.listed = folder, listed
        ignore = shutil.ignore_patterns("__pycache__")
        for name in ("src", *listed.copied):
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        shutil.copy(ROOT / "pyproject.toml", folder)

    def failing_unchanged(self) -> list[str]:
        """The checks that fail on the code as it is."""
        checks = dict.fromkeys((*self.listed.checks, *self.listed.nearest.values()))
        return [check for check in checks if not self._passes(check)]

    def survives(self, mutant: Mutant) -> bool:
        """Whether all checks pass although the engine is broken."""
        file = self.folder / self.listed.package / mutant.file
        whole = file.read_text(encoding="utf-8")
        file.write_text(whole.replace(mutant.old, mutant.new, 1), encoding="utf-8")
        try:
            return all(self._passes(check) for check in self.listed.checks_of(mutant))
        finally:
            file.write_text(whole, encoding="utf-8")

    def _passes(self, check: str) -> bool:
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", _BOUNDED, *self._arguments(check)]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, check=False)
        return done.returncode == 0

    def _arguments(self, check: str) -> Iterator[str]:
        words = check.split()
        yield from PYTEST if words[0].endswith(".py") else ("-m", words.pop(0))
        for word in words:
            yield from sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(word)) or [word]
