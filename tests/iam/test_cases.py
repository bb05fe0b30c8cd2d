"""Every case file in ``cases/``: the engine says what the case expects, and each case has a source."""

import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.iam.case_files import Case, outcome_of, read_cases
from cloudlings.iam.cases import Result, main

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
CASES = [case for file in FILES for case in read_cases(file)]

GOOD = """
cases:
  - {id: one, title: t, who: user/ana, does: s3:GetObject arn:aws:s3:::b/x,
     identity: {Allow: s3:GetObject, Resource: "*"}, expected: Allowed}
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case) -> None:
    """The engine says what the case expects."""
    assert Result(case, outcome_of(case)).agrees, f"{case.title}: found {outcome_of(case)}, {case.reason}"


def test_there_are_many_and_no_id_stands_twice() -> None:
    """At least 300 cases, each under its own id."""
    assert len(CASES) >= 300
    assert len({case.id for case in CASES}) == len(CASES)


def test_source() -> None:
    """Each case says why and names a page of AWS's documentation."""
    lacking = [
        case.id
        for case in CASES
        if not case.reason or not case.source.startswith("https://docs.aws.amazon.com/")
    ]
    assert lacking == []


def test_runner_prints_the_count_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All cases agree: the count is the last line, the exit code 0."""
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    assert main([str(file)]) == 0
    assert capsys.readouterr().out == "1/1\n"


def test_runner_shows_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A case that differs is printed with both outcomes, and the exit code is 1."""
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace("expected: Allowed", "expected: ExplicitDeny, because: so"))
    assert main([str(file), str(file)]) == 1
    shown = capsys.readouterr().out
    assert "one: t" in shown
    assert "expected ExplicitDeny, found Allowed" in shown
    assert shown.endswith("\n0/2\n")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("cases: [", "not YAML"),
        ("cases: 1", "no list of cases"),
        ("- 1", "a case is a mapping"),
        ("- {id: x, who: user/ana, does: s3:GetObject}", "'expected' is missing"),
        ("- {id: x, id: y}", "twice"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_runner_refuses_a_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, word: str
) -> None:
    """A file that holds no cases is an error with its name, never 0/0."""
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    assert main([str(file)]) == 2
    shown = capsys.readouterr()
    assert word in shown.err
    assert "bad.yaml" in shown.err
    assert shown.out == ""


def test_runner_refuses_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there is an error with its name."""
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err


def test_runner_as_a_module() -> None:
    """``python -m cloudlings.iam.cases FILE…`` is the runner."""
    done = subprocess.run(
        [sys.executable, "-m", "cloudlings.iam.cases", *map(str, FILES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert done.stdout.splitlines()[-1] == f"{len(CASES)}/{len(CASES)}"


def test_runner_reads_the_json_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The spelled-out JSON form: null layers, levels of SCPs, binary comparison."""
    file = tmp_path / "cases.json"
    file.write_text("""
    {"schema": 1, "cases": [{"id": "j", "title": "t",
      "principal": {"type": "anonymous", "arn": null},
      "policies": {"identity": [], "groups": [], "boundary": null, "session": null, "vpce": null, "rcp": [],
        "scp": [], "resource": {"Version": "2012-10-17", "Statement": [
          {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}},
      "request": {"action": "s3:GetObject", "resource": "arn:aws:s3:::b/x", "context": {},
        "resource_account": "111122223333"},
      "settings": {"s3_block_public_access": true}, "expected": "ExplicitDeny", "compare": "binary"}]}
    """)
    assert main([str(file)]) == 0
    assert capsys.readouterr().out == "1/1\n"
