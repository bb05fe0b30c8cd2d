"""``python -m tests.sandbox.behaviour``: run every probe, and build the table in docs/sandbox.md."""

from __future__ import annotations

import argparse
import sys

from tests.sandbox.behaviour import run


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.sandbox.behaviour")
    options.add_argument("--endpoint", default="", help="an endpoint that takes any 12 digits as a key")
    options.add_argument("--only", default="", help="words of a service or sentence")
    options.add_argument("--quiet", action="store_true")
    chosen = options.parse_args()
    wanted = [p for p in run.probes() if chosen.only.lower() in f"{p.service} {p.sentence}".lower()]
    if chosen.endpoint:
        results = [run.outcome(one, run.at(chosen.endpoint)()) for one in wanted]
    else:
        with run.embedded() as make:
            results = [run.outcome(one, make()) for one in wanted]
    for result in results:
        if result.differs and not chosen.quiet:
            print(f"{result.probe.service}: {result.probe.sentence} -- {result.differs[:300]}")
    passed = sum(not result.differs for result in results)
    print(
        f"{sum(r.seconds for r in results):.1f} s; slowest: "
        f"{max(results, key=lambda r: r.seconds).probe.sentence if results else ''}"
    )
    print(f"{passed}/{len(results)}")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
