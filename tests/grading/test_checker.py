"""The checker: opens labs, checks, hints and keeps progress for one learner, and says what is wrong."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from cloudlings.errors import CheckerUnavailable, SandboxError, UnknownLab, UnknownTask
from cloudlings.grading.checker import Checker
from cloudlings.grading.checker.client import socket_of
from cloudlings.grading.verdict import Status
from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parent / "course"


@pytest.fixture(scope="module")
def home():
    with Sandbox.temporary() as sandbox:
        checker = Checker.start(COURSE, sandbox.home)
        yield sandbox.home
        checker.stop()


def solve(home, seed, count):
    """Hands in the last task's answer as the learner would, with boto3."""
    import json

    from cloudlings.grading.workspace import workspace

    space = workspace(Sandbox.find(home), COURSE, "990-notes", seed)
    session = space.sandbox.session(space.account_ids["main"], "learner", "us-east-1")
    value = json.dumps({"count": count, "word": space.brief.word})
    name = "/cloudlings/answers/count-notes"
    session.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


def test_a_lab_is_opened_checked_and_remembered(home):
    """From not attempted through a failure to a pass, each kept in the progress."""
    checker = Checker(home, seed="walk")
    opened = checker.open("990-notes")
    assert opened.environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert opened.brief["word"]
    assert [v.status for v in checker.check("990-notes")] == [Status.NOT_ATTEMPTED] * 3
    solve(home, "walk", 2)
    (failed,) = checker.check("990-notes", "count-notes")
    assert failed.status is Status.FAILED
    assert failed.next_hint == 'hint("count-notes")'
    solve(home, "walk", 1)
    (passed,) = checker.check("990-notes", "L99-T3")
    assert (passed.status, passed.points) == (Status.PASSED, 1)
    rows = {standing.task: standing for _, _, standing in checker.progress("990-notes")}
    assert rows["count-notes"].status is Status.PASSED
    assert rows["count-notes"].attempts == 2
    assert rows["keep-note"].status is Status.NOT_ATTEMPTED


def test_opening_again_keeps_the_work(home):
    """The start state is laid once; the second opening changes nothing."""
    checker = Checker(home, seed="again")
    checker.open("990-notes")
    solve(home, "again", 1)
    checker.open("990-notes")
    assert checker.check("990-notes", "count-notes")[0].passed


def test_a_reset_empties_one_lab_and_leaves_other_learners_alone(home):
    """The reset account is at its start state again; the other is as it was."""
    for seed in ("one", "two"):
        Checker(home, seed=seed).open("990-notes")
        solve(home, seed, 1)
    Checker(home, seed="one").reset("990-notes")
    assert Checker(home, seed="one").check("990-notes", "count-notes")[0].status is Status.NOT_ATTEMPTED
    assert Checker(home, seed="one").check("990-notes", "mend-setting")[0].status is Status.NOT_ATTEMPTED
    assert Checker(home, seed="two").check("990-notes", "count-notes")[0].passed


def test_hints_come_one_by_one_and_end(home):
    """Each call climbs a rung; after the last it stays there, and a verdict no longer names a next one."""
    checker = Checker(home, seed="hints")
    checker.open("990-notes")
    rungs = [checker.hint("990-notes", "keep-note") for _ in range(3)]
    assert [(hint.rung, hint.of) for hint in rungs] == [(1, 2), (2, 2), (2, 2)]
    assert rungs[0].text != rungs[1].text
    assert checker.check("990-notes", "keep-note")[0].next_hint == ""


def test_unknown_names_name_the_nearest(home):
    """A lab and a task that are not there are answered with what was meant, across the socket."""
    checker = Checker(home, seed="walk")
    with pytest.raises(UnknownLab, match="990-notes"):
        checker.open("990-nots")
    with pytest.raises(UnknownTask, match="keep-note"):
        checker.check("990-notes", "keep-notes")
    with pytest.raises(UnknownTask, match="keep-note"):
        checker.hint("990-notes", "kept-note")


def test_a_second_start_finds_the_first(home):
    """Two at once do not fight over the socket: both handles reach the one that runs."""
    found = []
    threads = [
        threading.Thread(
            target=lambda: found.append(Checker.start(COURSE, home)._ask("GET", "/health")["pid"])
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1


def test_the_socket_is_the_owners_alone(home):
    """Nobody else on the machine can ask for verdicts or reset a lab."""
    assert stat.S_IMODE(socket_of(home).stat().st_mode) & 0o077 == 0


def test_without_a_sandbox_checks_are_unavailable_and_nothing_is_lost(tmp_path):
    """A checker whose sandbox is down says so: no zero, no attempt; opening names the command."""
    checker = Checker.start(COURSE, tmp_path)
    try:
        verdicts = checker.check("990-notes")
        assert {verdict.status for verdict in verdicts} == {Status.UNAVAILABLE}
        assert "cloudlings start" in verdicts[0].message
        assert all(standing.attempts == 0 for _, _, standing in checker.progress("990-notes"))
        with pytest.raises(SandboxError, match="cloudlings start"):
            checker.open("990-notes")
    finally:
        checker.stop()


def test_without_a_checker_the_next_step_is_said(tmp_path):
    """Nobody answers: the error names the command that helps."""
    assert Checker.find(tmp_path) is None
    with pytest.raises(CheckerUnavailable, match="cloudlings start"):
        Checker(tmp_path).check("990-notes")


def test_a_checker_ends_with_its_home(tmp_path):
    """Whoever made the home has deleted it, or was killed and others did: nobody stays behind."""
    import shutil

    import psutil

    home = tmp_path / "home"
    checker = Checker.start(COURSE, home)
    process = psutil.Process(int(checker._ask("GET", "/health")["pid"]))
    shutil.rmtree(home)
    process.wait(60)
    assert Checker.find(home) is None
