"""Run case files: ``python -m cloudlings.iam.cases FILE…``.

Prints each case that differs, then ``N/M`` last; the exit code is 1 when any differs, 2 when a file
cannot be read. The two forms of case files are described in ``case_files``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import CloudlingsError
from cloudlings.iam.case_files import Case, outcome_of, read_cases


@dataclass(frozen=True)
class Result:
    """A case and what the engine said of it."""

    case: Case
    found: str

    @property
    def agrees(self) -> bool:
        """Whether it is what the case expects; ``denied`` is either kind of deny."""
        if self.case.expected == "denied":
            return self.found in ("ExplicitDeny", "ImplicitDeny")
        return self.found == self.case.expected


def run(cases: Iterable[Case]) -> tuple[Result, ...]:
    """Decide each case."""
    return tuple(Result(case, outcome_of(case)) for case in cases)


def main(arguments: Sequence[str]) -> int:
    """The command line: file names, nothing else."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m cloudlings.iam.cases FILE…", file=sys.stderr)
        return 0 if arguments else 2
    try:
        results = run(case for name in arguments for case in read_cases(Path(name)))
    except CloudlingsError as error:
        print(error, file=sys.stderr)
        return 2
    for result in results:
        if not result.agrees:
            print(_difference(result))
    agreed = sum(result.agrees for result in results)
    print(f"{agreed}/{len(results)}")
    return 0 if agreed == len(results) else 1


def _difference(result: Result) -> str:
    case = result.case
    lines = [
        f"{case.id}: {case.title}",
        f"  expected {case.expected}, found {result.found}",
        *([f"  because  {case.reason}"] if case.reason else []),
        *([f"  source   {case.source}"] if case.source else []),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
