"""A learner's notebook: its verbs show words, lead into the sandbox, and never end in a traceback of ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.grading.checker import Checker
from cloudlings.sandbox import Sandbox

COURSE = Path(__file__).parents[1] / "grading" / "course"


@pytest.fixture(scope="module")
def home():
    with Sandbox.temporary() as sandbox:
        checker = Checker.start(COURSE, sandbox.home)
        yield sandbox.home
        checker.stop()


def run(home, code, **environment):
    """Runs cells as IPython does, and gives what was printed."""
    import os

    base = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    settings = {
        "CLOUDLINGS_HOME": str(home),
        "CLOUDLINGS_ROOT": str(COURSE),
        "IPYTHONDIR": str(home / "ipython"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code],
        env={**base, **settings, **environment},
        capture_output=True,
        text=True,
        timeout=90,
    )
    return done.stdout + done.stderr


OPEN = "from cloudlings.notebook import *\nbrief = open_lab('990-notes', seed='kernel')\n"


def test_a_lab_is_worked_through(home):
    """Open, solve, check, progress: the words of each step are there."""
    shown = run(
        home,
        OPEN + "import boto3\ns3 = boto3.client('s3')\ncheck('keep-note')\n"
        "s3.create_bucket(Bucket=brief.bucket)\ncheck('keep-note')\n"
        "s3.put_object(Bucket=brief.bucket, Key='note.txt', Body=brief.word)\ncheck('keep-note')\n"
        "hint('mend-setting')\nprogress()\n",
    )
    for words in (
        "Notes: a small lab for tests is open",
        "○ Not attempted: Keep a note",
        "✘ Not yet: Keep a note · 0 of 3 points",
        "A reader of the note learns something else.",
        'Next hint: hint("keep-note")',
        "✔ Passed: Keep a note · 3 of 3 points",
        "Hint 1 of 2: Mend the setting",
        "3 of 6 points",
    ):
        assert words in shown, f"{words!r} is not in:\n{shown}"
    assert "Traceback" not in shown


def test_real_credentials_on_the_machine_lead_nowhere(home, tmp_path):
    """A profile and keys of the machine's own are not used, and another endpoint is refused."""
    (tmp_path / "config").write_text("[profile work]\nregion = eu-north-1\nendpoint_url = http://192.0.2.1\n")
    shown = run(
        home,
        OPEN + "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "try:\n    boto3.client('s3', endpoint_url='https://s3.amazonaws.com').list_buckets()\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n",
        AWS_PROFILE="work",
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE",
        AWS_SECRET_ACCESS_KEY="example",
    )
    assert ":user/learner" in shown
    assert "was not sent" in shown


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("check('kep-note')", "did you mean keep-note"),
        ("open_lab('notes-990')", "990-notes"),
        ("answer('count-notes', object())", "cannot be handed in"),
        ("answer('count-notes', ['vol-0'] * 900)", "has room for 4,096"),
        ("answer('count-notes', {'a': {1, 2}})\ncheck('count-notes')", "Not yet"),
    ],
)
def test_a_slip_is_answered_with_words(home, cell, said):
    """A misspelt task or lab, a value that is not JSON: what was meant, and no traceback."""
    shown = run(home, OPEN + cell)
    assert said in shown
    assert "Traceback" not in shown


def test_a_verb_before_the_first_cell_says_what_to_run(home):
    """Whoever starts in the middle is sent to the first cell."""
    shown = run(home, "from cloudlings.notebook import *\ncheck('keep-note')")
    assert "open_lab(...)" in shown
    assert "Traceback" not in shown


def test_the_extension_gives_the_same_verbs(home):
    """%load_ext cloudlings is the other way in."""
    shown = run(home, "%load_ext cloudlings\nopen_lab('990-notes', seed='ext')\ncheck('keep-note')")
    assert "Not attempted: Keep a note" in shown
