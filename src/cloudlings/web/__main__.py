"""The course page's process: ``python -m cloudlings.web ROOT HOME``."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import sys
import time
from pathlib import Path
from typing import TextIO

import uvicorn

from cloudlings.grading import page
from cloudlings.grading.home import when_gone
from cloudlings.web.app import application
from cloudlings.web.door import Door

LOOPBACK, PORT = "127.0.0.1", 4580
_PATIENCE = 10.0


def main(root: Path, home: Path) -> None:
    """Answers until it is told to end, or the home has gone. The second of two in one home leaves; one that
    ends is waited for."""
    os.umask(0o077)
    with (home / "page.lock").open("w") as lock:
        deadline = time.monotonic() + _PATIENCE
        while not _locked(lock):
            if page.find(home) is not None or time.monotonic() > deadline:
                return
            time.sleep(0.05)
        _serve(root, home, lock)


def _locked(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _serve(root: Path, home: Path, lock: TextIO) -> None:
    token = secrets.token_urlsafe(24)
    path = page.socket_of(home)
    path.unlink(missing_ok=True)
    with _loopback() as outside, socket.socket(socket.AF_UNIX) as inside:
        inside.bind(str(path))
        page.note(home, page.Page(os.getpid(), outside.getsockname()[1], token))
        config = uvicorn.Config(
            Door(application(root, home), token),
            log_level="warning",
            ws="none",
            lifespan="off",
            proxy_headers=False,
            # Open pages wait for news; nobody waits for them.
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        when_gone(lock, lambda: setattr(server, "should_exit", True))
        server.run(sockets=[outside, inside])


def _loopback() -> socket.socket:
    """A socket on the usual port, or on a free one where that is taken."""
    for port in (PORT, 0):
        listener = socket.socket(socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("no port of the loopback is free")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
