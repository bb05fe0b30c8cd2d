"""Graders on their own: pytest, an endpoint, the usual credentials, the same words as everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.grading.workspace import prepare
from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parent / "course"
GRADER = COURSE / "graders" / "test_990_notes.py"


@pytest.fixture(scope="module")
def space():
    with Sandbox.temporary() as sandbox:
        yield prepare(sandbox, COURSE, "990-notes", "7")


def grade(*arguments, environment=None):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", str(GRADER), "-q", "-p", "no:cacheprovider", *arguments],
        env={**kept, **(environment or {})},
        cwd=COURSE,
        capture_output=True,
        text=True,
        timeout=90,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_sandbox_is_graded_on_its_own(space):
    """One pass, one failure with its message, one not attempted; no traceback."""
    session = space.sandbox.session(space.account_ids["main"], "learner", "us-east-1")
    value = json.dumps({"count": 1, "word": space.brief.word})
    session.client("ssm").put_parameter(Name="/cloudlings/answers/count-notes", Value=value, Type="String")
    session.client("s3").create_bucket(Bucket=space.brief.bucket)
    code, shown = grade(
        "--endpoint-url", space.sandbox.endpoint_url, "--seed", "7", environment=space.environment()
    )
    assert code == 1
    assert "2 failed, 1 passed" in shown
    assert "A reader of the note learns something else." in shown
    assert "not attempted: Mend the setting" in shown
    assert "Traceback" not in shown


def test_another_seed_is_another_right_answer(space):
    """With someone else's personal values, this account's answers are not right."""
    code, shown = grade("--seed", "8", environment=space.environment())
    assert code == 1
    assert "passed" not in shown.splitlines()[-1]


def test_without_an_endpoint_the_command_is_said():
    """Nothing to grade is a usage error with the way out, not a pass."""
    code, shown = grade()
    assert code != 0
    assert "cloudlings start" in shown


def test_a_dead_endpoint_is_unavailable_and_no_pass(space):
    """Nobody answers: said as such."""
    code, shown = grade(
        "--endpoint-url", "http://127.0.0.1:9", "--seed", "7", environment=space.environment()
    )
    assert code == 1
    assert "unavailable" in shown
