"""Break the engines on purpose, one place at a time, and see that their cases and tests notice.

``python -m tests.mutants [LIST …] [-k WORD …] [-j N]`` runs the lists beside this file: all, or those named
(``iam.decide``, ``network.trace``; ``iam`` is all of that engine). Words pick mutants by file and name.

A list is YAML: ``package`` (the folder whose files are changed), ``copied`` (what else the checks need),
``checks`` (what must fail, the cheapest first: a module to run, or pytest's arguments), ``nearest`` (a check
that goes first for one file), ``files`` (a name for several files), and ``mutants``: in a ``file``, ``old``,
which stands there once, becomes ``new``. ``equivalent`` says of a survivor why no test can tell it; one that
is not explained fails the run. The checkout itself is never changed: each worker has a copy.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LISTS = Path(__file__).parent
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


def read(path: Path) -> MutantList:
    """A list from its file; SystemExit names a mutant that does not fit the code any more."""
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    package, explained = data["package"], data.get("equivalent", {})
    groups: dict[str, list[str]] = data.get("files", {})
    mutants = tuple(
        Mutant(
            one["name"],
            _place(package, groups.get(one["file"], [one["file"]]), one),
            one["old"],
            one["new"],
            one.get("equivalent") or explained.get(one["name"], ""),
        )
        for one in data["mutants"]
    )
    return MutantList(
        path.stem.replace("_", ".", 1),
        package,
        mutants,
        tuple(data["checks"]),
        tuple(data.get("copied", ())),
        data.get("nearest", {}),
    )


def _place(package: str, names: list[str], mutant: dict[str, str]) -> str:
    """The one file that holds the mutant's text, once."""
    texts = {name: (ROOT / package / name).read_text(encoding="utf-8") for name in names}
    found = [name for name, text in texts.items() for _ in range(text.count(mutant["old"]))]
    if len(found) != 1:
        raise SystemExit(
            f"{mutant['name']!r}: {mutant['file']} holds {mutant['old']!r} {len(found)} times, not once."
        )
    return found[0]


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


def run(listed: MutantList, chosen: list[Mutant], workers: int) -> int:
    """Try the chosen mutants, print the survivors and the count; how many survive unexplained."""
    with tempfile.TemporaryDirectory() as name:
        free: SimpleQueue[Workshop] = SimpleQueue()
        shops = [Workshop(Path(name) / str(number), listed) for number in range(workers)]
        if failing := shops[0].failing_unchanged():
            raise SystemExit(f"{listed.name}: without any change these fail: {'; '.join(failing)}")
        for shop in shops:
            free.put(shop)

        def survives(mutant: Mutant) -> bool:
            shop = free.get()
            try:
                return shop.survives(mutant)
            finally:
                free.put(shop)

        survivors = []
        with ThreadPoolExecutor(workers) as pool:
            for mutant, lives in zip(chosen, pool.map(survives, chosen), strict=True):
                if lives:
                    survivors.append(mutant)
                    why = f"equivalent: {mutant.equivalent}" if mutant.equivalent else "NOT EXPLAINED"
                    print(f"survives: {mutant.file}: {mutant.name} ({why})", flush=True)
    unexplained = [mutant for mutant in survivors if not mutant.equivalent]
    explained = len(survivors) - len(unexplained)
    print(
        f"{listed.name}: {len(chosen) - len(survivors)}/{len(chosen)} noticed, {explained} explained",
        flush=True,
    )
    return len(unexplained)


def main(arguments: list[str]) -> int:
    """The command line; 1 when a survivor is not explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument(
        "lists", nargs="*", metavar="LIST", help="iam.decide, network.trace, iam …; all when left out"
    )
    parser.add_argument(
        "-k", nargs="+", default=[], metavar="WORD", help="only mutants with one of these words"
    )
    parser.add_argument("-j", type=int, default=2, metavar="N", help="workers (2)")
    asked = parser.parse_args(arguments)
    names = {path.stem.replace("_", ".", 1): path for path in sorted(LISTS.glob("*.yaml"))}
    wanted = [
        name
        for name in names
        if not asked.lists or any(f"{name}.".startswith(f"{one}.") for one in asked.lists)
    ]
    if not wanted:
        parser.error(f"There is no such list. There are {', '.join(names)}.")
    unexplained = 0
    for name in wanted:
        listed = read(names[name])
        chosen = [
            m for m in listed.mutants if not asked.k or any(word in f"{m.file} {m.name}" for word in asked.k)
        ]
        if chosen:
            unexplained += run(listed, chosen, min(asked.j, len(chosen)))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
