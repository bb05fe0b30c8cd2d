"""What the kernel is asked for, it does."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it is Linux's")
# An expression that computes for hours, and lets no other thread have a turn.
_BUSY = "re.match(r'(a+)+$', 'a' * 60 + 'b')"
_RUN = f"""
import re, socket, sys
from cloudlings.grading.isolation import linux
with socket.socket(fileno=int(sys.argv[1])) as asker:
    asker.sendall(b"here")
    if sys.argv[2] == "before":
        asker.recv(1)
    with linux.ended_with(asker.fileno()):
        {_BUSY} if sys.argv[2] == "meanwhile" else None
    asker.sendall(b"done")
    asker.recv(1)
"""


def _run(when: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    running = subprocess.Popen(
        [sys.executable, "-c", _RUN, str(theirs.fileno()), when], pass_fds=[theirs.fileno()]
    )
    theirs.close()
    assert ours.recv(4) == b"here"
    return ours, running


def test_ended_with_its_asker() -> None:
    """It ends when its asker goes, whatever it is at; where its asker stays, it goes on; and after the block
    its asker may go."""
    ours, running = _run("meanwhile")
    time.sleep(0.5)
    assert running.poll() is None
    ours.close()
    assert running.wait(30) == -signal.SIGKILL
    ours, running = _run("after")
    assert ours.recv(4) == b"done"
    ours.close()
    assert running.wait(30) == 0


def test_asker_that_has_gone() -> None:
    """One that went before the block ends it, too."""
    ours, running = _run("before")
    ours.shutdown(socket.SHUT_WR)
    assert running.wait(30) == -signal.SIGKILL
    ours.close()
