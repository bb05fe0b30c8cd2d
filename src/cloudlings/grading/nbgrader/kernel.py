"""A submission's kernel: trusted with nothing, run under limits, and ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from cloudlings.errors import GradingError
from cloudlings.grading.nbgrader import keeper
from cloudlings.grading.nbgrader.outputs import Outputs
from cloudlings.grading.nbgrader.submission import Limits, Ran

_START_SECONDS = 50
# How long a cell that was interrupted may take to notice, before its kernel is ended.
_INTERRUPT_SECONDS = 10
_END_SECONDS = 10
_MARK = "CLOUDLINGS_SUBMISSION"


class Kernel:
    """One running kernel. ``dead`` says how it ended; no cell is run after that."""

    def __init__(
        self, process: subprocess.Popen[bytes], client: BlockingKernelClient, limits: Limits
    ) -> None:
        self._process, self._client, self._limits = process, client, limits
        self._deadline = time.monotonic() + limits.submission_seconds
        self._heard = b""
        self.dead = ""

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        environment: Mapping[str, str],
        *,
        cwd: Path,
        files: Path,
        limits: Limits,
        box: Sequence[str] = (),
    ) -> Iterator[Kernel]:
        """A fresh kernel with exactly this environment; at the end everything that it started is ended.

        ``files`` takes its sockets; ``box`` comes before its command (`box.command`). Errors: GradingError.
        """
        connection, _ = write_connection_file(
            str(files / "kernel.json"),
            transport="ipc",
            ip=str(files / "k"),
            key=secrets.token_hex(32).encode(),
        )
        mark = secrets.token_hex(16)
        process = _launch([*box, *_command(connection, limits.memory)], {**environment, _MARK: mark}, cwd)
        client = BlockingKernelClient(connection_file=connection)
        try:
            client.load_connection_file()
            client.start_channels(hb=False)
            kernel = cls(process, client, limits)
            kernel._wait_until_ready()
            yield kernel
        finally:
            client.stop_channels()
            _end(process, mark)

    def run(self, code: str) -> Ran:
        """Runs one cell to its end, its time limit or the kernel's death."""
        outputs = Outputs()
        seconds = min(self._limits.cell_seconds, self._deadline - time.monotonic())
        if self.dead:
            return Ran([])
        if seconds <= 0:
            return Ran([], "It was not run: the time for the whole notebook was over.")
        request = self._client.execute(code, allow_stdin=False, stop_on_error=False)
        if self._follow(request, outputs, time.monotonic() + seconds):
            return Ran(outputs.rows)
        why = "it wrote too much" if outputs.flooded else f"it was still running after {seconds:.0f} s"
        return Ran(outputs.rows, self._stop(request, why))

    def _stop(self, request: str, why: str) -> str:
        """Ends a cell that has not ended by itself, and says what happened."""
        if self.dead:
            return self.dead
        self._interrupt(request, why)
        return self.dead or f"It was stopped: {why}."

    def _follow(self, request: str, outputs: Outputs, deadline: float) -> bool:
        """Collects what a cell writes until the kernel is idle (True), or something else ended it (False)."""
        while time.monotonic() < deadline and not outputs.flooded:
            try:
                message = self._client.get_iopub_msg(timeout=0.2)
            except queue.Empty:
                if self._has_ended():
                    return False
                if self._replied(request):
                    return True
                continue
            except Exception:
                # The kernel can put anything on its sockets; what is no message is nothing.
                continue
            if message.get("parent_header", {}).get("msg_id") != request:
                continue
            if outputs.take(message):
                return True
        return False

    def _replied(self, request: str, wait: float = 0) -> bool:
        """Whether a cell that says nothing more has ended: its last message can be lost in a flood."""
        try:
            reply = self._client.get_shell_msg(timeout=wait)
        except Exception:
            return False
        return bool(reply.get("parent_header", {}).get("msg_id") == request)

    def _interrupt(self, request: str, why: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            os.write(self._process.stdin.fileno(), b"\n")
        deadline = time.monotonic() + _INTERRUPT_SECONDS
        # Its answer, and not the end of its output: after a flood there may be seconds of that to read.
        while not self._replied(request, wait=0.05):
            if self._has_ended():
                return
            if time.monotonic() > deadline:
                self.dead = f"The kernel was ended in this cell: {why}, and could not be interrupted."
                return

    def _has_ended(self) -> bool:
        said = self._hear()
        if "ended" in said:
            code = int(said.split("ended")[1].split()[0])
            how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with exit code {code}"
            self.dead = f"The kernel ended in this cell, {how}."
        elif self._process.poll() is not None:
            self.dead = "The kernel ended in this cell."
        return bool(self.dead)

    def _hear(self) -> str:
        """All that the keeper has said so far."""
        assert self._process.stdout is not None
        number = self._process.stdout.fileno()
        while select.select([number], [], [], 0)[0]:
            some = os.read(number, 4096)
            if not some:
                break
            self._heard += some
        return self._heard.decode()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            late = time.monotonic() > deadline
            if late or self._has_ended():
                raise GradingError(
                    "The kernel for this submission did not start: "
                    + (f"no answer in {_START_SECONDS} s." if late else "its process ended at once."),
                    next_step=f"try: {sys.executable} -m ipykernel_launcher --version, then autograde again",
                )

    def _answers(self) -> bool:
        try:
            self._client.wait_for_ready(timeout=1)
        except RuntimeError:
            return False
        return True


def _command(connection: str, memory: int) -> list[str]:
    # -P: a submission may bring files that are named like Python's own modules.
    kernel = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", connection]
    keep = [sys.executable, "-I", "-S", keeper.__file__, str(memory)]
    return [*keep, *kernel, "--HistoryManager.enabled=False"]


def _launch(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """Ends the kernel, and whatever it started, however that has hidden."""
    deadline = time.monotonic() + _END_SECONDS
    with contextlib.suppress(psutil.NoSuchProcess):
        holder = psutil.Process(process.pid)
        while (started := _alive(holder.children(recursive=True))) and time.monotonic() < deadline:
            _kill(started)
            time.sleep(0.01)
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    # Where the holder was killed first, what it held has another parent now.
    while (strays := list(_marked(mark))) and time.monotonic() < deadline:
        _kill(strays)
        time.sleep(0.01)


def _alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    found = []
    for each in processes:
        with contextlib.suppress(psutil.Error):
            if each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


def _kill(processes: list[psutil.Process]) -> None:
    for name in (signal.SIGSTOP, signal.SIGKILL):
        for each in processes:
            with contextlib.suppress(psutil.Error):
                each.send_signal(name)


def _marked(mark: str) -> Iterator[psutil.Process]:
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if each.status() != psutil.STATUS_ZOMBIE and each.environ().get(_MARK) == mark:
                yield each
