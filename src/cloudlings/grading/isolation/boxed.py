"""The trusted side of a box: cells sent in, bounded outputs taken out, everything ended at the end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from typing import Any

from cloudlings.errors import GradingError
from cloudlings.grading.isolation.cells import LONGEST_LINE
from cloudlings.grading.nbgrader.outputs import Outputs
from cloudlings.grading.nbgrader.submission import Limits, Ran

_START_SECONDS = 60
_INTERRUPT_SECONDS = 10


class Boxed:
    """A learner's shell in its box. ``dead`` says how it ended; no cell is run after that.

    ``channel`` carries cells and messages, ``control`` speaks to the first process of the box, ``pipes`` are
    what its programs write as standard output and error.
    """

    def __init__(
        self, channel: socket.socket, control: socket.socket, pipes: dict[int, str], limits: Limits
    ) -> None:
        self._channel, self._control, self._pipes, self._limits = channel, control, pipes, limits
        self._deadline = time.monotonic() + limits.submission_seconds
        self._rest = b""
        self._overlong = False
        self._said = b""
        self._first = -1
        self.dead = ""
        for each in (channel, control):
            each.setblocking(False)
        for descriptor in pipes:
            os.set_blocking(descriptor, False)

    def wait_until_ready(self) -> None:
        """Errors: GradingError when the box could not be made; its words say why."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._has_ended():
            if any(message.get("msg_type") == "ready" for message in self._messages(0.2)):
                return
        raise GradingError(
            f"The box for this submission was not made: {self.dead or 'no answer'}.",
            next_step="cloudlings doctor; then grade again",
        )

    def run(self, code: str) -> Ran:
        """Run one cell to its end, its time limit or its shell's death."""
        outputs = Outputs()
        seconds = min(self._limits.cell_seconds, self._deadline - time.monotonic())
        if self.dead:
            return Ran([])
        if seconds <= 0:
            return Ran([], "It was not run: the time for the whole notebook was over.")
        self._forget_what_is_late()
        if not self._sent(code):
            return Ran([], self.dead)
        if self._follow(outputs, time.monotonic() + seconds):
            self._take_pipes(outputs)
            return Ran(outputs.rows)
        why = "it wrote too much" if outputs.flooded else f"it was still running after {seconds:.0f} s"
        return Ran(outputs.rows, self._stop(why))

    def close(self) -> None:
        """End the box: its first process takes all others with it."""
        if self._first >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            # It has ended when all others have.
            select.select([self._first], [], [])
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, self._first, os.WEXITED)
            os.close(self._first)
        for each in (self._channel, self._control):
            each.close()
        for descriptor in self._pipes:
            os.close(descriptor)

    def _sent(self, code: str) -> bool:
        line = json.dumps({"code": code}).encode() + b"\n"
        deadline = time.monotonic() + _INTERRUPT_SECONDS
        while line and time.monotonic() < deadline:
            try:
                line = line[self._channel.send(line) :]
            except BlockingIOError:
                select.select([], [self._channel], [], 0.2)
            except OSError:
                break
        if line and not self._has_ended():
            self.dead = "The kernel took no more cells, and was ended."
        return not line

    def _forget_what_is_late(self) -> None:
        """What was written after the last cell had ended belongs to no cell."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and (self._messages(0) or self._read_pipes()):
            pass

    def _follow(self, outputs: Outputs, deadline: float) -> bool:
        """Take what a cell writes until it has ended (True), or something else ended it (False)."""
        while time.monotonic() < deadline and not outputs.flooded:
            for message in self._messages(0.1):
                # A message can be anything; what is none is nothing.
                with contextlib.suppress(Exception):
                    if outputs.take(message):
                        return True
            self._take_pipes(outputs)
            if self._has_ended():
                for message in self._messages(0):
                    with contextlib.suppress(Exception):
                        outputs.take(message)
                return False
        return False

    def _take_pipes(self, outputs: Outputs) -> None:
        for name, text in self._read_pipes():
            content = {"name": name, "text": text}
            outputs.take({"msg_type": "stream", "header": {"msg_type": "stream"}, "content": content})

    def _read_pipes(self) -> list[tuple[str, str]]:
        found = []
        for descriptor, name in list(self._pipes.items()):
            with contextlib.suppress(BlockingIOError):
                some = os.read(descriptor, 65536)
                if some:
                    found.append((name, some.decode(errors="replace")))
                else:
                    # Nobody can write there any more: it would be ready for ever.
                    os.close(descriptor)
                    del self._pipes[descriptor]
        return found

    def _messages(self, wait: float) -> list[dict[str, Any]]:
        """The whole messages that have come, after waiting so long for one."""
        watched: list[Any] = [self._channel, self._control, *self._pipes]
        ready = select.select(watched, [], [], wait)[0]
        if self._channel not in ready:
            return []
        try:
            some = self._channel.recv(2**18)
        except OSError:
            return []
        *lines, self._rest = (self._rest + some).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            # Nobody honest sends that: what comes up to its end is nothing.
            self._rest, self._overlong = b"", True
        if lines and self._overlong:
            lines, self._overlong = lines[1:], False
        if not some:
            time.sleep(min(wait, 0.05))
        return [message for message in map(_parsed, lines) if message]

    def _stop(self, why: str) -> str:
        if self.dead:
            return self.dead
        with contextlib.suppress(OSError):
            self._control.send(b"i")
        if not self._idle_within(_INTERRUPT_SECONDS) and not self.dead:
            self.dead = f"The kernel was ended in this cell: {why}, and could not be interrupted."
        return self.dead or f"It was stopped: {why}."

    def _idle_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._has_ended():
            for message in self._messages(0.1):
                content = message.get("content")
                if message.get("msg_type") == "status" and content == {"execution_state": "idle"}:
                    return True
            self._read_pipes()
        return False

    def _has_ended(self) -> bool:
        try:
            some, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
        except BlockingIOError:
            return bool(self.dead)
        except OSError:
            some = b""
        self._said += some
        if descriptors:
            self._first = descriptors[0]
        if not some:
            self.dead = self.dead or "The kernel ended in this cell."
        for line in self._said.decode(errors="replace").splitlines():
            word, _, rest = line.partition(" ")
            if word != "first":
                self.dead = _how(int(rest)) if word == "ended" else line
        return bool(self.dead)


def _how(code: int) -> str:
    how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with exit code {code}"
    return f"The kernel ended in this cell, {how}."


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    # nbformat reads a message's kind from its header.
    return {**found, "header": {"msg_type": found.get("msg_type")}} if isinstance(found, dict) else {}
