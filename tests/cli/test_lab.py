"""``cloudlings lab new`` and ``lab build`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudlings.cli import main


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout that the command line works in."""
    for name in ("solutions", "graders", "labs"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("CLOUDLINGS_ROOT", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> int:
    """The exit code of one command."""
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def test_a_new_lab_is_written_and_built(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command leaves sources and a built notebook, lists them, and names the next command."""
    assert run("lab", "new", "010-my-lab") == 0
    said = capsys.readouterr().out
    assert (checkout / "labs" / "010-my-lab" / "010-my-lab.ipynb").is_file()
    for name in (
        "solutions/010-my-lab/lab.py",
        "graders/test_010_my_lab.py",
        "labs/010-my-lab/010-my-lab.ipynb",
    ):
        assert name in said
    assert "cloudlings lab test 010-my-lab" in said


def test_all_labs_are_built_or_those_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without names every lab is built; a number or words name one."""
    run("lab", "new", "010-one")
    run("lab", "new", "020-two")
    capsys.readouterr()
    assert run("lab", "build") == 0
    assert capsys.readouterr().out.count("built") == 2
    (checkout / "labs" / "020-two" / "020-two.ipynb").unlink()
    assert run("lab", "build", "two") == 0
    assert (checkout / "labs" / "020-two" / "020-two.ipynb").is_file()


def test_points_come_from_the_graders(checkout: Path) -> None:
    """A changed number of points changes the built notebook."""
    run("lab", "new", "010-one")
    built, grader = checkout / "labs/010-one/010-one.ipynb", checkout / "graders/test_010_one.py"
    assert '"points": 2' in built.read_text(encoding="utf-8")
    grader.write_text(grader.read_text(encoding="utf-8").replace("points=2", "points=7"), encoding="utf-8")
    run("lab", "build", "010")
    assert '"points": 7' in built.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("lab", "build", "ome"), "Did you mean '010-one'"),
        (("lab", "new", "one"), "cloudlings lab new 020-one"),
        (("lab", "new", "010-two"), "taken by 010-one"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(
    checkout: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    """The message and the next step go to stderr, and the exit code says that it failed."""
    run("lab", "new", "010-one")
    capsys.readouterr()
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert says in said
    assert "Next: " in said
    assert "Traceback" not in said


def test_a_mistake_in_a_source_names_its_line(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An author who breaks a lab reads file and line."""
    run("lab", "new", "010-one")
    source = checkout / "solutions/010-one/lab.py"
    source.write_text(
        source.read_text(encoding="utf-8").replace("minutes: 15", "minutes: soon"), encoding="utf-8"
    )
    assert run("lab", "build") == 1
    assert "lab.py:6: 'minutes' is 'soon'" in capsys.readouterr().err


def test_what_was_written_and_built_is_there_as_json(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same for tools: paths from the checkout's root."""
    run("lab", "new", "040-four", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["built"] == "labs/040-four/040-four.ipynb"
    assert all((checkout / path).exists() for path in told["written"])
    run("lab", "build", "040", "--json")
    assert json.loads(capsys.readouterr().out) == {"040-four": told["built"]}
