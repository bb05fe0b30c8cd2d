"""A box that cannot be begun is told of, and others still can."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from cloudlings.grading.isolation import forking


@pytest.mark.skipif(sys.platform != "linux", reason="boxes are Linux's")
def test_a_submission_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no namespaces to enter, the trusted side reads why, and nothing is forked."""
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("there is nothing to fork into"))
    ours, theirs = socket.socketpair()
    nothing = os.open(os.devnull, os.O_RDONLY)
    with ours, theirs:
        forking.begin(None, {}, [nothing, nothing, nothing, nothing, theirs.fileno(), nothing, nothing])
        ours.settimeout(10)
        assert b"OSError: " in ours.recv(4096)
    os.close(nothing)
