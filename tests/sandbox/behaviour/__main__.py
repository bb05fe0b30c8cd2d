"""``python -m tests.sandbox.behaviour``: run the probes, and build the table in docs/sandbox.md.

``--only WORDS`` runs those of a service, or with these words in their sentence; ``--endpoint URL`` asks
another endpoint, which takes any 12 digits for a key. Only a whole run of the sandbox writes the table.
"""

from __future__ import annotations

import argparse
import sys

from tests.sandbox.behaviour import run, table


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.sandbox.behaviour")
    options.add_argument("--endpoint", default="")
    options.add_argument("--only", default="")
    chosen = options.parse_args()
    words = chosen.only.lower()
    wanted = [p for p in run.probes() if words == p.service.lower() or words in p.sentence.lower()]
    results = _results(wanted, chosen.endpoint)
    for result in results:
        if result.differs:
            print(f"{result.probe.service}: {result.probe.sentence} -- {result.differs[:300]}")
    differing = {table.key(result.probe) for result in results if result.differs}
    if not chosen.endpoint and not chosen.only:
        table.write(table.table(wanted, differing))
    print(f"{sum(result.seconds for result in results):.0f} s")
    print(f"{len(results) - len(differing)}/{len(results)}")
    known = {(gap["service"], gap["sentence"]) for gap in table.gaps()}
    return 0 if differing <= known else 1


def _results(wanted: list[run.Probe], endpoint: str) -> list[run.Result]:
    if endpoint:
        make = run.at(endpoint)
        return [run.outcome(one, make()) for one in wanted]
    with run.embedded() as make:
        return [run.outcome(one, make()) for one in wanted]


if __name__ == "__main__":
    sys.exit(main())
