"""Every case of tests/network/cases, and the runner that an expert uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudlings.errors import NetworkError
from cloudlings.network.cases import Case, check, load_cases, main, merged

CASES = Path(__file__).parent / "cases"
ALL = [case for path in sorted(CASES.glob("*.yaml")) for case in load_cases(path)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    """The engine answers a case as it expects."""
    assert check(case) == []


def test_there_are_cases_enough_and_each_has_its_own_id_and_a_source() -> None:
    """There are at least 150 cases, and every one says where its rule is written."""
    assert len(ALL) >= 150
    assert len({case.id for case in ALL}) == len(ALL)
    assert [case.id for case in ALL if not case.source] == []


def test_others_assert_at_least_ten_of_the_outcomes() -> None:
    """At least ten cases are outcomes that Batfish's tests assert."""
    assert sum(case.source[0].startswith("batfish/") for case in ALL) >= 10


def test_the_runner_tells_what_differs_and_counts_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case that differs is printed with its reason, N/M is the last line, and the exit code is 1."""
    case = ALL[0]
    wrong = {"reachable": not case.expect["reachable"]}
    listed = [
        {"id": "right", "topology": case.topology, "query": case.query, "expect": case.expect},
        {"id": "wrong", "topology": case.topology, "query": case.query, "expect": wrong},
    ]
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    assert main([str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("wrong (")
    assert lines[-1] == "1/2"


def test_the_runner_is_content_when_nothing_differs(capsys: pytest.CaptureFixture[str]) -> None:
    """All right: the count alone, and exit code 0."""
    assert main([str(CASES / "given.yaml")]) == 0
    assert capsys.readouterr().out.splitlines() == ["59/59"]


@pytest.mark.parametrize(
    "content",
    [
        "cases: [{id: x, topology: nowhere, query: {}, expect: {}}]",
        "cases: [{id: x, topology: {}, query: {}, expect: {surprising: 1}}]",
        "cases: [{id: x, topology: {}}]",
        "cases: [1]",
        "not: [closed",
        "just text",
    ],
)
def test_a_file_that_is_no_case_file_is_an_error_by_name(tmp_path: Path, content: str) -> None:
    """What cannot be read is told, never passed over."""
    path = tmp_path / "cases.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NetworkError):
        load_cases(path)


def test_the_runner_without_files_or_with_a_missing_one_says_so(tmp_path: Path) -> None:
    """Exit code 2: nothing was checked."""
    assert main([]) == 2
    assert main([str(tmp_path / "none.yaml")]) == 2


def test_a_topology_may_be_like_another() -> None:
    """A change is laid over its base: mappings merge, null takes away, lists are replaced."""
    base = {"a": {"x": 1, "y": [1, 2]}, "b": {"z": 1}}
    assert merged(base, {"a": {"y": [3]}, "b": None, "c": {"new": True}}) == {
        "a": {"x": 1, "y": [3]},
        "c": {"new": True},
    }
