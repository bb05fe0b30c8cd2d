"""One zygote for all workers of a machine: its modules are imported once."""

from __future__ import annotations

import contextlib
import functools
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cloudlings.grading.isolation import leftovers
from cloudlings.grading.isolation.client import Answering, Zygote, bare_environment
from cloudlings.grading.isolation.job import Job

_WAITING = 256
# A lane comes when all has been imported.
_READY_SECONDS = 600


class Lanes:
    """A zygote that is starting, or has started; ``address`` is where workers ask it for lanes."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "zygote.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address)
        listener.listen(_WAITING)
        module = "cloudlings.grading.isolation.zygote"
        with listener:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, "--lanes", str(listener.fileno())],
                env=bare_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
                start_new_session=True,
                cwd="/",
                bufsize=0,
            )

    def make_ready_for(self, job: Job) -> None:
        """Say, once, what the first lanes will be asked for. Whoever asks before is served after it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.to_line())
        except OSError:
            return  # It has gone: each worker will start one of its own, and tell why it cannot.

    def end(self) -> None:
        """End it, with all that it has started."""
        self._process.kill()
        self._process.wait()
        leftovers.sweep()
        if self._process.stdin is not None:
            self._process.stdin.close()


@contextlib.contextmanager
def lanes() -> Iterator[Lanes]:
    """A zygote for the block. It is not waited for: who asks for a lane waits."""
    folder = Path(tempfile.mkdtemp(prefix="cloudlings-"))
    try:
        made = Lanes(folder)
        try:
            yield made
        finally:
            made.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Connection:
    """A connection, as much of a process as `Zygote` asks for."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(address)
        self.stdin: IO[bytes] | None = self._socket.makefile("wb")
        self.stdout: IO[bytes] | None = self._socket.makefile("rb")

    def poll(self) -> int | None:
        return None

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def wait(self) -> int:
        self._socket.close()
        return 0


class Laned(Zygote):
    """A lane of the zygote at an address; a zygote of its own, where nobody answers there."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def _started(self) -> Answering:
        if self._process is None and self._address:
            try:
                self._process = _Connection(self._address)
                self._line(time.monotonic() + _READY_SECONDS)
            except (OSError, EOFError, TimeoutError):
                self.close()
                self._address = ""
        return super()._started()


@functools.cache
def shared(address: str) -> Zygote:
    """This process's own lane of a zygote; its own zygote where ``address`` is empty."""
    from cloudlings.grading.isolation import client

    return Laned(address) if address else client.shared()
