"""An emulator in a process of its own, listening on a UNIX socket that only the gateway opens.

The gateway makes the listening socket and keeps it, so requests queue while an emulator starts or is
started again. A second, unnamed pair of sockets carries the control calls; when either side goes, the
other notices.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.channel import Channel
from cloudlings.sandbox.emulators.called import CalledEmulator, CalledKeeper, clean_environment
from cloudlings.sandbox.emulators.contract import IdentityKeeper, IdentityMirror
from cloudlings.sandbox.model import Request, Response
from cloudlings.sandbox.upstream import Upstream

if TYPE_CHECKING:
    from cloudlings.sandbox.emulators.forked import Forked

# Whoever starts a sandbox learns within 15 s of an emulator that hangs; one that is busy loading, on a
# machine that has much else to do, may take longer.
START_TIMEOUT = 12.0
LONGEST_START = 90.0
_IDLE_FOR = 2.0
STOP_TIMEOUT = 5.0
# Whether this is a grader's sandbox, forked from a process that has them imported (``sandbox.warm``):
# MiniStack is then served from here (``within``), and moto's first process is a fork of this one.
FORKS = False


class ProcessEmulator(CalledEmulator):
    """An emulator that ``python -m cloudlings.sandbox.emulators NAME`` serves.

    ``run`` is the folder for its socket, ``state`` the one for its state (None: keep nothing),
    ``environment`` what its process is given on top of the machine's own.
    """

    def __init__(self, name: str, run: Path, state: Path | None, environment: Mapping[str, str]) -> None:
        super().__init__(name, state)
        self._path = run / f"{name}.sock"
        self._log = run / f"{name}.log"
        self._environment = environment
        self._listener: socket.socket | None = None
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._channel: Channel | None = None
        self._upstream = Upstream(self._path)
        self._starts = 0
        self._failures = 0
        # Of a grader's sandbox, most labs need one emulator only; the other is started when it is asked.
        self._asleep = FORKS and not isinstance(self, IdentityKeeper)
        self._woken: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    def listen(self) -> None:
        self._listener = _listen(self._path)

    def spawn(self) -> None:
        assert self._listener is not None, "listen() comes before spawn()"
        if self._asleep:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        command = [sys.executable, "-P", "-m", "cloudlings.sandbox.emulators", self.name]
        command += ["--listen", str(self._listener.fileno()), "--channel", str(theirs.fileno())]
        if self._state is not None:
            self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
            command += ["--state", str(self._state)]
        settings: dict[str, Any] = {
            "env": clean_environment(self._environment),
            "pass_fds": (self._listener.fileno(), theirs.fileno()),
            "cwd": self._path.parent,
        }
        with self._log.open("ab") as log:
            if FORKS and not self._starts:
                # Here, for only a grader's sandbox starts this way.
                from cloudlings.sandbox.emulators.forked import Forked

                self._process = Forked(command[4:], log=log.fileno(), **settings)
            else:
                self._process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **settings
                )
        theirs.close()
        self._control = ours

    async def start(self) -> None:
        if self._asleep:
            return
        if self._control is None:
            self.spawn()
        assert self._control is not None
        self._channel = await Channel.over(self._control)
        self._control = None
        try:
            self.notices = tuple(await self._first_answer(self._channel))
        except (SandboxError, TimeoutError) as error:
            await self._give_up()
            why = "it ended" if isinstance(error, SandboxError) else "it did not answer"
            raise SandboxError(
                f"The emulator “{self.name}” did not start: {why}. "
                f"The last line of its log: {self._last_words()}",
                next_step="Run `cloudlings doctor`; `make start` installs what is missing.",
            ) from error
        self._starts += 1
        self._failures = 0

    async def _wake(self) -> None:
        """Return when it answers; begin to start it, if it was let sleep. Raises SandboxError."""
        if self._asleep:
            self._asleep = False
            self._woken = asyncio.ensure_future(self._start_late())
        if self._woken is not None:
            # Whoever asked first may go away; the others wait on.
            await asyncio.shield(self._woken)

    async def _start_late(self) -> None:
        try:
            await self.start()
        finally:
            self._awake.set()

    async def _first_answer(self, channel: Channel) -> list[str]:
        """What it says once it is up. Raises TimeoutError when it hangs, and SandboxError when it ends."""
        began = time.monotonic()
        answer = asyncio.ensure_future(channel.call("ping"))
        await asyncio.wait([answer], timeout=START_TIMEOUT)
        computed = self._computed()
        while not answer.done():
            await asyncio.wait([answer], timeout=_IDLE_FOR)
            before, computed = computed, self._computed()
            if computed == before or time.monotonic() - began > LONGEST_START:
                answer.cancel()
                raise TimeoutError
        said: list[str] = answer.result()
        return said

    def _computed(self) -> float:
        """Seconds of the processor that its process has used."""
        # Here, for it is wanted by those only that are late.
        import psutil

        assert self._process is not None
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.NoSuchProcess:
            return 0.0
        return float(times.user + times.system)

    async def _give_up(self) -> None:
        """End what does not come up. Who waits for its answers gets an error."""
        self._failures += 1
        if self._channel is not None:
            self._channel.hang_up()
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        await self._upstream.close()

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self._log.read_bytes()[-20_000:].decode("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "(it is empty)")
        return "(there is none)"

    async def stop(self) -> None:
        if self._channel is not None:
            self._channel.hang_up()
        await self._upstream.close()
        self._awake.set()
        if self._process is not None:
            if not self._starts:
                # It was never up: there is nothing to save, and loading may take it long.
                self._process.kill()
            await asyncio.to_thread(_wait_or_kill, self._process)
        if self._listener is not None:
            self._listener.close()
            self._path.unlink(missing_ok=True)

    async def died(self) -> None:
        if self._asleep or self._woken is not None:
            await self._awake.wait()
            self._woken = None
        assert self._channel is not None
        await asyncio.wait([self._channel.closed])
        if self._process is not None:
            await asyncio.to_thread(_wait_or_kill, self._process)
        await self._upstream.close()

    async def forward(self, request: Request, account_id: str, host: str) -> Response:
        if self._failures > 1:
            raise SandboxError(f"The emulator “{self.name}” does not come up.")
        await self._wake()
        return await self._upstream.send(request, account_id, host)

    async def reset(self, account_id: str) -> None:
        if not self._asleep:
            await super().reset(account_id)

    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        return accounts if self._asleep else await super().capture(accounts)

    async def written(self) -> None:
        if not self._asleep:
            await super().written()

    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        return () if self._asleep else await super().happenings()

    async def _call(self, verb: str, **args: Any) -> Any:
        await self._wake()
        if self._channel is None:
            raise SandboxError(f"The emulator “{self.name}” is not running.")
        return await self._channel.call(verb, **args)


class IdentityProcess(ProcessEmulator, CalledKeeper):
    """The process emulator that keeps IAM and STS."""


class MirroringProcess(ProcessEmulator, IdentityMirror):
    """A process emulator that is told of the roles and instance profiles kept elsewhere."""

    async def adopt_identities(self, account_id: str, identities: dict[str, Any]) -> None:
        await self._call("adopt_identities", account_id=account_id, identities=identities)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The folder is 0700 already; the mask closes the moment between bind and chmod.
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(512)
    return listener


def _wait_or_kill(process: subprocess.Popen[bytes] | Forked) -> None:
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
