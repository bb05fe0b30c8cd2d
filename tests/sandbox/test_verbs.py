"""The command line's verbs, as a person types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudlings.sandbox import Sandbox

LAB = "030-s3-policies"


def cloudlings(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """One command with a home of its own."""
    command = [str(Path(sys.executable).with_name("cloudlings")), *words]
    env = {**os.environ, "CLOUDLINGS_HOME": str(home), **more}
    root = Path(__file__).parents[2]
    return subprocess.run(
        command, env=env, cwd=root, capture_output=True, text=True, timeout=120, check=False
    )


def test_from_start_to_stop(home: Path) -> None:
    """Start, start again, look, work in a lab with the AWS CLI, reset, stop, stop again."""
    try:
        started = cloudlings(home, "start", "--port", "0")
        assert started.returncode == 0, started.stderr
        assert "The sandbox answers at http://127.0.0.1:" in started.stdout
        assert "was running already" in cloudlings(home, "start").stdout
        looked = cloudlings(home, "doctor")
        assert looked.returncode == 0, looked.stdout
        assert "The emulator ministack is up." in looked.stdout
        assert_a_lab_is_worked_in(home)
        stopped = cloudlings(home, "stop")
        assert stopped.stdout == "Stopped; your work is kept.\n"
        assert cloudlings(home, "stop").stdout == "Nothing was running.\n"
    finally:
        left = Sandbox.find(home)
        if left is not None:
            left.stop()


def assert_a_lab_is_worked_in(home: Path) -> None:
    shown = json.loads(cloudlings(home, "env", LAB, "--json", AWS_PROFILE="real").stdout)
    assert "AWS_PROFILE" in shown["unset"]
    assert shown["environment"]["AWS_ENDPOINT_URL"] == shown["endpoint_url"]
    assert shown["accounts"]["main"]["account_id"] == shown["account_id"]
    assert len(shown["account_id"]) == 12
    other = json.loads(cloudlings(home, "env", LAB, "--seed", "somebody", "--json").stdout)
    assert other["account_id"] != shown["account_id"]
    lines = cloudlings(home, "env", LAB, AWS_PROFILE="real").stdout
    script = f"{lines}\n{Path(sys.executable).with_name('aws')} sts get-caller-identity --query Account"
    told = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert json.loads(told.stdout) == shown["account_id"], told.stderr
    assert f"{LAB} is as it was at the start" in cloudlings(home, "reset", LAB).stdout


@pytest.mark.parametrize("words", [("env", LAB), ("reset", LAB), ("shell", LAB)])
def test_without_a_sandbox_the_next_step_is_told(home: Path, words: tuple[str, ...]) -> None:
    """What needs a sandbox says so, and how to start one, without a traceback."""
    done = cloudlings(home, *words)
    assert done.returncode == 1
    assert done.stderr == "The sandbox is not running.\nNext: cloudlings start\n"


def test_the_doctor_sees_a_machine_without_a_sandbox(home: Path) -> None:
    """On a machine where nothing runs, the doctor says what is free and what is set."""
    done = cloudlings(home, "doctor", AWS_PROFILE="real")
    assert "UNIX sockets can be made." in done.stdout
    assert "AWS_PROFILE" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_doctor_names_a_home_that_cannot_be_written(home: Path) -> None:
    """A home that is no folder is found, with a way out, and the doctor's exit says so."""
    home.write_text("")
    done = cloudlings(home, "doctor")
    assert done.returncode == 1
    assert f"{home} cannot be written to" in done.stdout
    assert "CLOUDLINGS_HOME" in done.stdout
