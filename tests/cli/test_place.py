"""The terminal as a learner's place: where I am, what turned green, a shell, completion, JSON."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.checker import Checker
from cloudlings.grading.workspace import prepare
from cloudlings.sandbox import Sandbox
from tests.cli.terminal import COMMAND, COURSE, LAB, cloudlings, settings


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A running sandbox with its checker."""
    with Sandbox.temporary(keeps=True) as running:
        checker = Checker.start(COURSE, running.home)
        yield running
        checker.stop()


@pytest.fixture(scope="module")
def lab(sandbox: Sandbox) -> Any:
    """The small lab with its start state."""
    from cloudlings.lab import learner

    return prepare(sandbox, COURSE, LAB, learner(sandbox.home).seed)


def make_bucket(lab: Any, text: str) -> None:
    s3 = lab.running().session(lab.account_ids["main"], "learner", "us-east-1").client("s3")
    s3.create_bucket(Bucket=lab.brief["bucket"])
    s3.put_object(Bucket=lab.brief["bucket"], Key="note.txt", Body=text)


def test_a_newcomer_is_told_the_first_step(tmp_path: Path) -> None:
    """With nothing running: the labs, no points, and the command that opens the first lab."""
    code, shown = cloudlings(home=tmp_path)
    assert code == 0
    assert "0 of 6 points · the sandbox is not running" in shown
    assert f"Next: cloudlings open {LAB}" in shown
    assert "\x1b[" not in shown


def test_alone_it_says_where_i_am(sandbox: Sandbox, lab: Any) -> None:
    """After a check that failed: the lab, its tasks, what was found, and what to run; the same as JSON."""
    make_bucket(lab, "something else")
    cloudlings("check", f"{LAB}/keep-note", home=sandbox.home)
    _, shown = cloudlings(home=sandbox.home)
    assert f"the sandbox answers at {sandbox.endpoint_url}" in shown
    assert f"{LAB}  0/6  ← you are here".replace("  0/6", "    0/6") in shown
    assert "✘ keep-note     0/3  not yet" in shown
    assert "does not hold" in shown
    assert f"Next: cloudlings check {LAB}/keep-note" in shown
    told = json.loads(cloudlings("--json", home=sandbox.home)[1])
    assert (told["current"], told["task"], told["sandbox"]) == (LAB, "keep-note", sandbox.endpoint_url)
    assert told["labs"][0]["tasks"][0]["status"] == "failed"


def test_watch_says_what_turned_green(sandbox: Sandbox, lab: Any) -> None:
    """It checks once, sleeps until the account changes, and tells only the verdicts that changed."""
    make_bucket(lab, "something else")
    watching = subprocess.Popen(
        [*COMMAND, "watch", LAB, "--once", "--json"],
        env=settings(sandbox.home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    first = [json.loads(watching.stdout.readline()) for _ in range(3)]
    assert [one["task"] for one in first] == ["keep-note", "mend-setting", "count-notes"]
    s3 = sandbox.session(lab.account_ids["main"], "learner", "us-east-1").client("s3")
    s3.put_object(Bucket=lab.brief["bucket"], Key="note.txt", Body=lab.brief["word"])
    rest = watching.stdout.read().splitlines()
    assert watching.wait(60) == 0
    assert [(json.loads(line)["task"], json.loads(line)["status"]) for line in rest] == [
        ("keep-note", "passed")
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("hint", f"{LAB}/keep-note"),
        ("undo", "--dry-run", "--lab", LAB),
        ("checkpoint", "here", "--lab", LAB),
        ("rewind", "--lab", LAB),
        ("clock", "show", "--lab", LAB),
        ("progress", LAB),
        ("start",),
        ("shell", LAB),
    ],
)
def test_every_answer_is_there_as_json(sandbox: Sandbox, lab: Any, words: tuple[str, ...]) -> None:
    """--json prints JSON and nothing else."""
    make_bucket(lab, "something else")  # so that there is something to take back
    code, shown = cloudlings(*words, "--json", home=sandbox.home)
    assert code == 0, shown
    assert json.loads(shown)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("cloudlings check 99", [LAB]),
        (f"cloudlings check {LAB}/k", [f"{LAB}/keep-note"]),
        ("cloudlings env 9", [LAB]),
    ],
)
def test_labs_and_tasks_are_completed(tmp_path: Path, typed: str, offered: list[str]) -> None:
    """A lab by its number, a task after the slash; nothing has to run."""
    asked = {"_CLOUDLINGS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": "2"}
    assert cloudlings(home=tmp_path, **asked)[1].split() == offered


def test_a_shell_has_the_courses_programs_and_the_lab(sandbox: Sandbox, lab: Any, tmp_path: Path) -> None:
    """In the shell aws reaches the lab's account, whatever PATH the person's own files set."""
    (tmp_path / ".bashrc").write_text("PATH=/usr/bin:/bin\n")
    done = subprocess.run(
        [*COMMAND, "shell", "990"],
        env=settings(sandbox.home, SHELL="/bin/bash", HOME=str(tmp_path)),
        input="aws sts get-caller-identity --output text; complete -p cloudlings; echo lab=$CLOUDLINGS_LAB\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"arn:aws:iam::{lab.account_ids['main']}:user/learner" in done.stdout, done.stdout + done.stderr
    assert f"lab={LAB}" in done.stdout
    assert "_cloudlings_words" in done.stdout


@pytest.mark.parametrize(
    ("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(
    tmp_path: Path, more: dict[str, str], coloured: bool
) -> None:
    """On a terminal there are colours; with NO_COLOR, on a dumb one, or in a pipe there are none."""
    ours, theirs = pty.openpty()
    environment = settings(tmp_path, **{"TERM": "xterm", **more})
    environment.pop("NO_COLOR", None) if "NO_COLOR" not in more else None
    subprocess.run(COMMAND, env=environment, stdout=theirs, stdin=subprocess.DEVNULL, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    assert (b"\x1b[" in shown) is coloured


def test_a_receipt_is_written_and_verified(sandbox: Sandbox, lab: Any, tmp_path: Path) -> None:
    """The file says what it proves and what not; another id, or a changed word, does not hold."""
    from cloudlings.lab import learner

    me = learner(sandbox.home).seed
    cloudlings("check", LAB, home=sandbox.home)
    file = tmp_path / "receipt.json"
    code, shown = cloudlings("receipt", "make", LAB, "-o", str(file), home=sandbox.home)
    assert code == 0, shown
    assert "It does not prove: Who did the work" in shown
    code, shown = cloudlings("receipt", "verify", str(file), "--id", me, home=tmp_path)
    assert (code, "All of it holds." in shown) == (0, True), shown
    assert cloudlings("receipt", "verify", str(file), "--id", "somebody", home=tmp_path)[0] == 1
    file.write_text(file.read_text().replace('"points": 0', '"points": 9', 1))
    assert cloudlings("receipt", "verify", str(file), home=tmp_path)[0] == 1


def test_the_course_page_is_started_once_and_stops_with_the_sandbox(tmp_path: Path) -> None:
    """Its address holds the token; a second call finds it; stop ends it; its file is its owner's alone."""
    import httpx

    try:
        code, shown = cloudlings("page", "--json", home=tmp_path)
        assert code == 0, shown
        first = json.loads(shown)["url"]
        assert json.loads(cloudlings("page", "--json", home=tmp_path)[1])["url"] == first
        assert httpx.get(first, follow_redirects=True, trust_env=False).status_code == 200
        assert (tmp_path / "page.json").stat().st_mode & 0o077 == 0
    finally:
        cloudlings("stop", home=tmp_path)
    with pytest.raises(httpx.ConnectError):
        httpx.get(first, trust_env=False)


def test_a_slip_is_no_traceback(tmp_path: Path) -> None:
    """An unknown verb and a missing argument are told in words, with the way to help."""
    for words in (("nosuch",), ("check",), ("undo", "many")):
        code, shown = cloudlings(*words, home=tmp_path)
        assert code == 2
        assert "Traceback" not in shown
        assert "-h" in shown


def test_stop_says_who_keeps_what_was_made(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """Behind a LocalStack that is LocalStack, which forgets; otherwise the sandbox."""
    from types import SimpleNamespace

    from cloudlings.cli import main
    from cloudlings.grading import start

    monkeypatch.setattr(start, "stop_all", lambda home: True)
    for behind, said in (("http://127.0.0.1:4566", "as long as that keeps it"), ("", "your work is kept")):
        monkeypatch.setattr(Sandbox, "find", lambda home, behind=behind: SimpleNamespace(upstream=behind))
        with pytest.raises(SystemExit):
            main(["stop"])
        assert said in capsys.readouterr().out


# What has no --json of its own, and why.
WITHOUT_JSON = {
    "course init": "writes a folder that nbgrader reads",
    "course add-labs": "writes notebooks that nbgrader reads",
    "course add-students": "writes the gradebook, which nbgrader exports",
    "course grade": "writes the gradebook; course report --json FILE tells what is in it",
    "course worker": "serves until it is told to end",
    "course regrade": "asks a person; course report --json FILE tells what came of it",
    "course export": "writes the formats of learning platforms",
    "course collect": "writes the folder that nbgrader reads",
}


def test_every_command_has_json_or_a_reason() -> None:
    """All commands are walked: --json is an option of each, but for those named above."""
    import typer

    from cloudlings.cli import application

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        for word, each in getattr(command, "commands", {}).items():
            yield from walk(each, f"{name} {word}".strip())
        if not hasattr(command, "commands"):
            yield name, command

    found = dict(walk(typer.main.get_command(application()), ""))
    without = {
        name for name, command in found.items() if not any("--json" in one.opts for one in command.params)
    }
    assert len(found) > 25
    assert without <= set(WITHOUT_JSON)


def test_a_page_that_was_shown_comes_back_with_the_sandbox(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab's panel finds it again after a stop and a start; where none was shown, none is started."""
    from cloudlings.grading import page, start

    begun: list[Path] = []
    monkeypatch.setattr(page, "begin", lambda root, home: begun.append(home))
    start.ensure_running(COURSE, sandbox.home, tell=print)
    assert begun == []
    (sandbox.home / page.FILE).write_text("{}")
    start.ensure_running(COURSE, sandbox.home, tell=print)
    (sandbox.home / page.FILE).unlink()
    assert begun == [sandbox.home]
