"""The command line: found by its files, words for people, JSON for tools, exit codes for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parents[1] / "grading" / "course"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with a sandbox and a checker that `cloudlings start` started."""
    home = tmp_path_factory.mktemp("home")
    code, shown = cloudlings("start", "--port", "0", home=home)
    assert code == 0, shown
    yield home
    code, shown = cloudlings("stop", home=home)
    assert "Stopped" in shown


def cloudlings(*arguments, home, **environment):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    settings = {"CLOUDLINGS_ROOT": str(COURSE), "CLOUDLINGS_HOME": str(home), "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, "-c", "from cloudlings.cli import main; main()", *arguments],
        env={**kept, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_lab_is_worked_through_in_a_terminal(home):
    """env, the AWS CLI, check, hint, progress, reset: a lab without a notebook."""
    code, shown = cloudlings("env", "990-notes", "--json", home=home)
    described = json.loads(shown)
    assert code == 0
    import boto3

    keys = described["environment"]
    client = boto3.client(
        "ssm",
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=keys["AWS_REGION"],
    )
    client.put_parameter(Name="/notes/setting", Value="wrong", Overwrite=True)
    code, shown = cloudlings("check", "990-notes/mend-setting", home=home)
    assert code == 1
    assert "not yet: Mend the setting" in shown
    assert "/notes/setting is set to wrong" in shown
    assert "cloudlings hint 990-notes/mend-setting" in shown
    _, shown = cloudlings("hint", "990-notes/mend-setting", home=home)
    assert "Hint 1 of 2" in shown
    _, shown = cloudlings("progress", "990", home=home)
    assert "990-notes: 0 of 6 points" in shown
    code, shown = cloudlings("reset", "990-notes", home=home)
    assert code == 0
    _, shown = cloudlings("check", "990/mend-setting", "--json", home=home)
    assert json.loads(shown)[0]["status"] == "not_attempted"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "909-notes"), "990-notes"),
        (("check", "990-notes/keep-nte"), "keep-note"),
        (("hint", "990-notes"), "a hint belongs to a task"),
        (("env", "notez"), "990-notes"),
        (("lab", "try", "990", "--answer", "nowhere.py"), "nowhere.py"),
        (("lab", "build", "noets"), "990-notes"),
    ],
)
def test_a_slip_is_answered_with_words(home, arguments, said):
    """What was wrong and what was meant; never a traceback; a code for scripts."""
    code, shown = cloudlings(*arguments, home=home)
    assert code == 1
    assert said in shown
    assert "Traceback" not in shown


def test_nothing_running_is_said(tmp_path):
    """Each verb that needs the sandbox names the command that starts it; stop is content."""
    for arguments in (("check", "990"), ("progress",), ("env", "990"), ("reset", "990")):
        code, shown = cloudlings(*arguments, home=tmp_path)
        assert code == 1, arguments
        assert "cloudlings start" in shown
    code, shown = cloudlings("stop", home=tmp_path)
    assert (code, shown.strip()) == (0, "Nothing was running.")


def test_a_second_start_finds_the_first(home):
    """No second sandbox, and the person is told."""
    code, shown = cloudlings("start", home=home)
    assert code == 0
    assert "running already" in shown


def test_a_stop_and_a_start_keep_the_work(tmp_path):
    """What was put into the account before is there after, and the checks agree."""
    assert cloudlings("start", "--port", "0", home=tmp_path)[0] == 0
    try:
        variables = json.loads(cloudlings("env", "990", "--json", home=tmp_path)[1])
        number = variables["account_id"]
        ssm = Sandbox.find(tmp_path).session(number, "learner", "us-east-1").client("ssm")
        ssm.put_parameter(Name="/notes/kept", Value="yes", Type="String")
        cloudlings("stop", home=tmp_path)
        assert cloudlings("start", "--port", "0", home=tmp_path)[0] == 0
        ssm = Sandbox.find(tmp_path).session(number, "learner", "us-east-1").client("ssm")
        assert ssm.get_parameter(Name="/notes/kept")["Parameter"]["Value"] == "yes"
        _, shown = cloudlings("check", "990/mend-setting", "--json", home=tmp_path)
        assert json.loads(shown)[0]["status"] == "failed"
    finally:
        cloudlings("stop", home=tmp_path)


def test_an_answer_is_tried_from_outside(tmp_path):
    """A script for one task, the rest the solution's: a verdict for each task, as words and as JSON."""
    answer = tmp_path / "answer.sh"
    answer.write_text(
        '# task: L99-T2\naws ssm put-parameter --name /notes/setting --value "$BRIEF_WORD" --overwrite\n'
    )
    code, shown = cloudlings(
        "lab", "try", "990", "--answer", str(answer), "--seed", "5", "--json", home=tmp_path
    )
    result = json.loads(shown)
    assert [verdict["status"] for verdict in result["verdicts"]] == ["passed"] * 3
    assert (code, result["trouble"]) == (0, [])
    answer.write_text("# no task: it runs alone\naws s3 mb s3://$BRIEF_BUCKET\nfalse\n")
    code, shown = cloudlings("lab", "try", "990", "--answer", str(answer), home=tmp_path)
    assert code == 1
    assert "exit 1" in shown
    assert "0 of 6 points" in shown


def test_a_home_that_cannot_be_written_is_said(tmp_path):
    """A file where the folder should be: words and the way out."""
    (tmp_path / "file").write_text("")
    code, shown = cloudlings("start", home=tmp_path / "file" / "home")
    assert code == 1
    assert "CLOUDLINGS_HOME" in shown
    assert "Traceback" not in shown
