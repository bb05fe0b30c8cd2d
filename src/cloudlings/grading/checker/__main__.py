"""The checker's process: ``python -m cloudlings.grading.checker ROOT HOME``."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from pathlib import Path
from typing import IO

import uvicorn

from cloudlings.grading.checker.app import app
from cloudlings.grading.checker.client import socket_of
from cloudlings.grading.home import when_gone
from cloudlings.grading.tutor import Tutor


def main(root: Path, home: Path) -> None:
    """Answers on the home's socket until it is told to end, or the home has gone. The second of two in one
    home leaves at once."""
    os.umask(0o077)
    with (home / "checker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _serve(Tutor(root, home), socket_of(home), lock)


def _serve(tutor: Tutor, path: Path, lock: IO[str]) -> None:
    path.unlink(missing_ok=True)
    # Bound here and not by uvicorn, which would open its UNIX sockets to every user of the machine.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        # The path stays behind when a signal ends this; who finds nobody on it knows that nobody is there.
        server = uvicorn.Server(uvicorn.Config(app(tutor), log_level="warning"))
        when_gone(lock, lambda: setattr(server, "should_exit", True))
        server.run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
