"""An emulator's process as a fork of the gateway's: what ``ProcessEmulator`` asks of a ``Popen``, and no
more.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Forked:
    """A fork that serves one emulator. ``arguments`` are those of ``cloudlings.sandbox.emulators``."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        pass_fds: Sequence[int],
        cwd: Path,
        log: int,
    ) -> None:
        self.args = list(arguments)
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _serve(self.args, env, pass_fds, cwd, log)

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        if self._status is None:
            try:
                found, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                found, status = self.pid, 0
            if found:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        """Until it has ended. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            time.sleep(0.01)
        return status

    def kill(self) -> None:
        """End it now."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _serve(
    arguments: Sequence[str], env: Mapping[str, str], descriptors: Sequence[int], cwd: Path, log: int
) -> None:
    """Never returns."""
    status = 1
    try:
        from cloudlings.sandbox.emulators.served import main
        from cloudlings.sandbox.warm import keep_only

        # It may have been forked from within a loop, whose files are closed here.
        signal.set_wakeup_fd(-1)
        asyncio._set_running_loop(None)
        os.dup2(log, 1)
        os.dup2(log, 2)
        keep_only(*descriptors)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        main(arguments)
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)
