"""A grader's sandbox, whose emulator is in the gateway's process, answers as every other sandbox does: tests
of a sandbox's behaviour, once more on such a one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cloudlings.sandbox import Sandbox
from tests.sandbox.behaviour import run
from tests.sandbox.conftest import code_of
from tests.sandbox.test_clock import TestSandbox as TestClock  # noqa: F401
from tests.sandbox.test_pipeline import *  # noqa: F403
from tests.sandbox.test_presigned import *  # noqa: F403
from tests.sandbox.test_rules_s3 import *  # noqa: F403
from tests.sandbox.test_services import *  # noqa: F403

_DAEMON = """
import sys
from cloudlings.sandbox.emulators import process
process.FORKS = True
from cloudlings.sandbox.daemon import main
sys.exit(main())
"""
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a grader's sandbox is Linux's"),
    pytest.mark.xdist_group("within"),
]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox as a grader's is, but for the namespaces around it."""
    home = tmp_path_factory.mktemp("within")
    ours, theirs = os.pipe()
    options = ["--home", str(home), "--port", "0", "--temporary", "--ready", str(theirs)]
    with subprocess.Popen(
        [sys.executable, "-c", _DAEMON, *options], pass_fds=(theirs,), start_new_session=True
    ) as running:
        try:
            os.close(theirs)
            with os.fdopen(ours) as ready:
                said = ready.readline()
            found = Sandbox.find(home)
            assert found is not None, said
            yield found
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(30)


def test_there_is_one_process_less(sandbox: Sandbox) -> None:
    """MiniStack is the gateway, and is up; it came up once."""
    health = sandbox.health()
    assert health["emulators"]["ministack"]
    assert not health["restarts"]
    children = Path(f"/proc/{health['pid']}/task/{health['pid']}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0") for child in children]
    assert not [command for command in commands if b"ministack" in command]


def test_a_reset_sets_the_clock_back(sandbox: Sandbox, account_id: str) -> None:
    """An account that is emptied has real time again, moved once or twice; another's stays."""
    other = str(int(account_id) + 500_000)
    sandbox.provision(other)
    for account in (account_id, other):
        sandbox.advance(account, 3600)
    sandbox.advance(account_id, 60)
    assert sandbox.now(account_id) - sandbox.now(other) == pytest.approx(60, abs=2)
    sandbox.reset(account_id)
    assert sandbox.now(other) - sandbox.now(account_id) == pytest.approx(3600, abs=2)


def test_what_fails_inside_is_an_answer(learner: boto3.Session) -> None:
    """An operation that the emulator does not know is refused with a code, and the next is answered."""
    client = learner.client("s3")
    assert code_of(client.get_bucket_intelligent_tiering_configuration, Bucket="none-there", Id="x")
    assert client.list_buckets()["Buckets"] is not None


def test_a_stack_in_a_stack(sandbox: Sandbox) -> None:
    """Work that goes on after its answer is found under way by whoever looks at once."""
    one = next(p for p in run.probes() if p.sentence.startswith("A stack in a stack is made"))
    assert not run.outcome(one, run.Accounts(sandbox.endpoint_url, sandbox.provision).new()).differs
