"""``cloudlings join``: the personal values of a student of a course."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cloudlings.cli import main
from cloudlings.lab import learner
from tests.cli.terminal import cloudlings


def join(home: Path, monkeypatch: pytest.MonkeyPatch, student: str) -> int:
    monkeypatch.setenv("CLOUDLINGS_HOME", str(home))
    with pytest.raises(SystemExit) as ended:
        main(["join", student])
    return int(str(ended.value))


def test_join(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """After joining, the values at home are made from the student's id; joining again changes them."""
    for student in ("amara", "mateo"):
        assert join(tmp_path, monkeypatch, student) == 0
        assert learner(tmp_path).seed == student
        assert f"You are {student}" in capsys.readouterr().out


def test_join_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty id is refused, and nothing is changed."""
    join(tmp_path, monkeypatch, "amara")
    assert join(tmp_path, monkeypatch, " ") == 1
    assert "The student id is empty." in capsys.readouterr().err
    assert learner(tmp_path).seed == "amara"


def test_who_one_is_now_is_there_as_json(tmp_path: Path) -> None:
    """--json prints the id and nothing else."""
    code, shown = cloudlings("join", "amara", "--json", home=tmp_path)
    assert (code, json.loads(shown)) == (0, {"id": "amara"})
