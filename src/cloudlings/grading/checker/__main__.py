"""The checker's process: ``python -m cloudlings.grading.checker ROOT HOME [SEED]``."""

from __future__ import annotations

import fcntl
import os
import socket
import sys
from pathlib import Path

import uvicorn

from cloudlings.grading.checker.app import app
from cloudlings.grading.checker.client import socket_of
from cloudlings.grading.learner import Learner


def main(root: Path, home: Path, seed: str | None) -> None:
    """Answers on the home's socket until it is told to end. The second of two in one home leaves at once."""
    os.umask(0o077)
    with (home / "checker.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _serve(Learner(root, home, seed=seed), socket_of(home))


def _serve(learner: Learner, path: Path) -> None:
    path.unlink(missing_ok=True)
    # Bound here and not by uvicorn, which would open its UNIX sockets to every user of the machine.
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        try:
            uvicorn.Server(uvicorn.Config(app(learner), log_level="warning")).run(sockets=[listener])
        finally:
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), Path(arguments[1]), arguments[2] if len(arguments) > 2 else None)
