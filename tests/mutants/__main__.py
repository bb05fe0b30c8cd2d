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
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import yaml

from tests.mutants.workshop import ROOT, Mutant, MutantList, Workshop

LISTS = Path(__file__).parent


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
