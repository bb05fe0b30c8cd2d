"""Runs network cases from files: ``python -m cloudlings.network.cases FILE…``.

Prints each case that differs and why, then ``N/M`` last, and exits non-zero when any differs. A file is
a JSON list of cases, or YAML with ``topologies`` (named; one may be ``like`` another; ``topologies_from``
takes those of another file as well) and ``cases``.
The format is described in tests/network/README.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import CloudlingsError, NetworkError
from .engine import trace
from .findings import findings
from .kinds import kind
from .model import Network
from .result import Trace
from .topology import load_topology

_EXPECTED = frozenset(
    [
        "reachable",
        "verdict",
        "codes",
        "alt",
        "component",
        "phase",
        "path",
        "not_path",
        "min_blockers",
        "warning",
        "not_codes",
        "why",
    ]
)


@dataclass(frozen=True)
class Case:
    """One case: a topology, a question, and what is expected; ``source``: where the rule is written."""

    id: str
    title: str
    topology: Mapping[str, Any]
    query: Mapping[str, Any]
    expect: Mapping[str, Any]
    source: tuple[str, ...] = ()
    note: str = ""


@dataclass
class _Files:
    """The topologies that a file names, resolved as they are asked for."""

    named: Mapping[str, Any]
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    def topology(self, given: Any, seen: tuple[str, ...] = ()) -> dict[str, Any]:
        if isinstance(given, str):
            if given in seen or given not in self.named:
                raise NetworkError(f"There is no topology {given}.", next_step="Name one under topologies.")
            if given not in self.done:
                self.done[given] = self.topology(self.named[given], (*seen, given))
            return self.done[given]
        rest = dict(given)
        like = rest.pop("like", None)
        return rest if like is None else merged(self.topology(like, seen), rest)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``change`` laid over it: mappings are merged, null takes away, all else is replaced."""
    result = dict(base)
    for key, value in change.items():
        if value is None and key in result:
            del result[key]
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def load_cases(path: Path) -> list[Case]:
    """The cases of a JSON or YAML file.

    Raises:
        NetworkError: the file cannot be read, or a case has not the form of one.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise NetworkError(f"{path} cannot be read: {problem}", next_step="Give a case file.") from problem
    if isinstance(content, list):
        return [_case(path, _Files({}), each) for each in content]
    files = _Files(_topologies(path, content))
    return [_case(path, files, each) for each in content.get("cases") or ()]


def _topologies(path: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The topologies that a file names, and those of the file that it takes more from."""
    if not isinstance(content, Mapping):
        raise NetworkError(
            f"{path} is no case file.", next_step="Give a list of cases, or topologies and cases."
        )
    named: dict[str, Any] = {}
    if content.get("topologies_from"):
        other = path.parent / str(content["topologies_from"])
        named.update(_topologies(other, yaml.safe_load(other.read_text(encoding="utf-8"))))
    named.update(content.get("topologies") or {})
    return named


def _case(path: Path, files: _Files, given: Mapping[str, Any]) -> Case:
    name = str(given.get("id", "?")) if isinstance(given, Mapping) else "?"
    try:
        sources = given.get("source") or ()
        expect = dict(given["expect"])
        case = Case(
            name,
            str(given.get("title", "")),
            files.topology(given["topology"]),
            dict(given["query"]),
            expect,
            (sources,) if isinstance(sources, str) else tuple(sources),
            str(given.get("note", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise NetworkError(f"Case {name} of {path} is not complete: {problem!r}.") from problem
    unknown = set(expect) - _EXPECTED
    if unknown:
        raise NetworkError(f"Case {name} of {path} expects what is not known: {', '.join(sorted(unknown))}.")
    return case


def check(case: Case, network: Network | None = None) -> list[str]:
    """How the engine's answer differs from what a case expects; empty when it does not.

    ``network``: the case's topology read from elsewhere (a sandbox, say); built from the case when left out.
    """
    try:
        built = network if network is not None else load_topology(case.topology)
    except CloudlingsError as problem:
        return [str(problem)]
    asked = case.query.get("kind")
    if asked == "subnet":
        found = kind(built, str(case.query["subnet"]))
        wanted = case.expect["codes"]
        return [] if found in wanted else [f"kind is {found}, expected {' or '.join(wanted)}"]
    if asked == "finding":
        return _check_findings(case, built)
    port = case.query.get("port")
    answer = trace(
        built,
        str(case.query["src"]),
        str(case.query["dst"]),
        str(case.query.get("proto", "tcp")),
        None if port in (None, "") else int(port),
    )
    return list(_differences(case.expect, answer))


def _check_findings(case: Case, network: Network) -> list[str]:
    codes = {each.code for each in findings(network)}
    missing = [code for code in case.expect.get("codes") or () if code not in codes]
    wanted = case.expect.get("codes")
    # A case that asks for one finding and expects none of any kind expects that one to be absent.
    absent = [case.query["code"]] if wanted is not None and not wanted and case.query.get("code") else []
    unwanted = [code for code in (*case.expect.get("not_codes", ()), *absent) if code in codes]
    told = [f"finding {code} is missing (found: {', '.join(sorted(codes)) or 'none'})" for code in missing]
    return told + [f"finding {code} is there and should not be" for code in unwanted]


def _differences(expect: Mapping[str, Any], answer: Trace) -> Iterable[str]:
    verdict = expect.get("verdict")
    if verdict is None and expect.get("reachable") is not None:
        verdict = "reachable" if expect["reachable"] else "blocked"
    if verdict is not None and answer.verdict != verdict:
        yield f"{answer.verdict}, expected {verdict}: {answer.sentence}"
        return
    yield from _code_differences(expect, answer)
    yield from _path_differences(expect, answer)
    if expect.get("warning") and not answer.warnings:
        yield "expected a warning, found none"


def _code_differences(expect: Mapping[str, Any], answer: Trace) -> Iterable[str]:
    found = set(answer.codes) | {each.code for each in answer.warnings if expect.get("warning")}
    codes: Sequence[str] = expect.get("codes") or ()
    if expect.get("alt"):
        if not found & {*codes, *expect["alt"]}:
            yield f"none of the codes {[*codes, *expect['alt']]} among {sorted(found)}"
    elif missing := [code for code in codes if code not in found]:
        yield f"codes {missing} are missing among {sorted(found)}"
    if unwanted := [code for code in expect.get("not_codes") or () if code in found]:
        yield f"codes {unwanted} are there and should not be"
    component = expect.get("component")
    if component and component not in _blocking(answer):
        yield f"{component} is not among the blockers {sorted(_blocking(answer))}"
    if expect.get("phase") and expect["phase"] not in {each.phase for each in answer.explanations}:
        yield f"nothing blocks in phase {expect['phase']}"
    least = int(expect.get("min_blockers") or 0)
    if len(answer.explanations) < least:
        yield f"{len(answer.explanations)} blockers, expected at least {least}"


def _blocking(answer: Trace) -> set[str]:
    parts = [part for each in answer.explanations for part in each.components]
    return {part.id for part in parts} | {part.name for part in parts if part.name}


def _path_differences(expect: Mapping[str, Any], answer: Trace) -> Iterable[str]:
    on = {*answer.path, *(hop.component.name for hop in answer.hops)}
    for name in expect.get("path") or ():
        if name not in on:
            yield f"{name} is not on the path {list(answer.path)}"
    for name in expect.get("not_path") or ():
        if name in on:
            yield f"{name} is on the path and should not be"


def main(arguments: Sequence[str]) -> int:
    """Run the cases of the files; the number of differing cases decides the exit code."""
    if not arguments:
        print("usage: python -m cloudlings.network.cases FILE…", file=sys.stderr)
        return 2
    right = total = 0
    for name in arguments:
        try:
            cases = load_cases(Path(name))
        except CloudlingsError as problem:
            print(problem, file=sys.stderr)
            return 2
        for case in cases:
            total += 1
            differences = check(case)
            right += not differences
            for difference in differences:
                print(f"{case.id} ({case.title}): {difference}")
    print(f"{right}/{total}")
    return 0 if right == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
