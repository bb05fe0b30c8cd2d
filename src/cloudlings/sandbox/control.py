"""The sandbox at work: the ports served, the emulators watched, their state kept, and the control calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import uvicorn

import cloudlings
from cloudlings.errors import SandboxError
from cloudlings.sandbox import channel
from cloudlings.sandbox.accounts import Accounts
from cloudlings.sandbox.emulators.contract import Emulator, IdentityKeeper
from cloudlings.sandbox.gateway import Gateway
from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.mirror import Mirror
from cloudlings.sandbox.model import Who

if TYPE_CHECKING:
    from cloudlings.sandbox.daemon import Doors, Files

# How long a write may be in memory only, in seconds.
SAVE_EVERY = 0.5
# An emulator that dies again and again is started again ever more slowly, up to this many seconds.
LONGEST_PAUSE = 10.0


class Control:
    """One running sandbox."""

    def __init__(self, files: Files, doors: Doors, emulators: dict[str, Emulator]) -> None:
        self._files = files
        self._doors = doors
        self._emulators = emulators
        keeper = next(e for e in emulators.values() if isinstance(e, IdentityKeeper))
        state = files.state
        self._accounts = Accounts(keeper, state / "accounts.json" if state else None)
        self._journal = Journal(state / "journal" if state else None)
        self._mirror = Mirror(keeper)
        self._unsaved: dict[str, set[str]] = defaultdict(set)
        self._down: set[str] = set(emulators)
        self._restarts: dict[str, int] = defaultdict(int)
        self._tasks: list[asyncio.Task[None]] = []
        self._gateway = Gateway(emulators, self._accounts, self._journal, self._mirror, self._wrote)

    def _wrote(self, emulator: str, account_id: str) -> None:
        self._unsaved[emulator].add(account_id)

    async def start(self, stopping: asyncio.Event) -> None:
        """Serve both ports and the control socket; return when the first answer can be given.

        The emulator that keeps IAM must be up for that. The others may still be loading: requests for
        them wait.
        """
        self._stopping = stopping
        self._server = uvicorn.Server(self._uvicorn_config())
        # The daemon takes the signals.
        self._serving = asyncio.ensure_future(self._server._serve([self._doors.main, self._doors.plain]))
        self._control = await asyncio.start_unix_server(
            lambda r, w: channel.serve(r, w, self._calls()),
            str(self._files.control),
            limit=channel.LINE_LIMIT,
        )
        self._files.control.chmod(0o600)
        first = next(e for e in self._emulators.values() if isinstance(e, IdentityKeeper))
        rest = [emulator for emulator in self._emulators.values() if emulator is not first]
        self._tasks = [asyncio.ensure_future(self._watch(first)), asyncio.ensure_future(self._save_often())]
        await self._wait_for(first.name)
        # Only now, so that they do not compete with the first answer for the processor.
        self._tasks += [asyncio.ensure_future(self._watch(emulator)) for emulator in rest]

    async def _wait_for(self, name: str) -> None:
        while name in self._down:
            if self._restarts[name] > 1:
                raise SandboxError(
                    f"The emulator “{name}” does not start.",
                    next_step="Run `cloudlings doctor`; what it wrote is in the sandbox's log.",
                )
            await asyncio.sleep(0.005)

    def _uvicorn_config(self) -> uvicorn.Config:
        plain_port = self._doors.plain_port
        secure, plain = self._gateway.port(secure=True), self._gateway.port(secure=False)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            by_plain = scope["server"][1] == plain_port
            await (plain if by_plain else secure)(scope, receive, send)

        return uvicorn.Config(
            app,
            interface="asgi3",
            http="httptools",
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )

    async def _watch(self, emulator: Emulator) -> None:
        """Start an emulator, and start it again with its last state whenever it dies."""
        while not self._stopping.is_set():
            try:
                await emulator.start()
                self._down.discard(emulator.name)
                await emulator.died()
            except SandboxError as error:
                print(f"{emulator.name}: {error}", flush=True)
            self._down.add(emulator.name)
            self._accounts.forget_keys()
            self._mirror.forget()
            self._restarts[emulator.name] += 1
            await asyncio.sleep(min(0.1 * 2 ** self._restarts[emulator.name], LONGEST_PAUSE))

    async def _save_often(self) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(SAVE_EVERY)
            await self.save()

    async def save(self) -> None:
        """Write what has changed since the last time."""
        if self._files.state is None:
            self._unsaved.clear()
            return
        unsaved, self._unsaved = self._unsaved, defaultdict(set)
        for name, accounts in unsaved.items():
            try:
                await self._emulators[name].export_state(sorted(accounts))
            except SandboxError as error:
                print(f"{name}: not saved: {error}", flush=True)
                self._unsaved[name] |= accounts
        self._journal.save()

    async def stop(self) -> None:
        """Finish what is under way, save, and stop everything."""
        self._stopping.set()
        self._server.should_exit = True
        await self._serving
        self._control.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.save()
        await asyncio.gather(*(emulator.stop() for emulator in self._emulators.values()))
        shutil.rmtree(self._files.run, ignore_errors=True)

    def _calls(self) -> dict[str, Any]:
        return {
            "health": self.health,
            "provision": self._provision,
            "credentials": self._credentials,
            "reset": self.reset,
            "journal": lambda account_id: [asdict(entry) for entry in self._journal.of(account_id)],
            "save": self.save,
            "stop": self._stopping.set,
        }

    def health(self) -> dict[str, Any]:
        """What is running, and how it is."""
        return {
            "pid": os.getpid(),
            "port": self._doors.port,
            "plain_port": self._doors.plain_port,
            "notices": [*self._doors.notices, *(n for e in self._emulators.values() for n in e.notices)],
            "version": cloudlings.__version__,
            "emulators": {name: name not in self._down for name in self._emulators},
            "restarts": dict(self._restarts),
            "accounts": list(self._accounts.provisioned),
            "time": time.time(),
        }

    async def _provision(self, account_id: str) -> dict[str, str]:
        credentials = await self._accounts.provision(account_id)
        self._wrote_identities(account_id)
        return asdict(credentials)

    async def _credentials(self, account_id: str, who: Who) -> dict[str, str]:
        return asdict(await self._accounts.credentials(account_id, who))

    def _wrote_identities(self, account_id: str) -> None:
        for name, emulator in self._emulators.items():
            if isinstance(emulator, IdentityKeeper):
                self._wrote(name, account_id)

    async def reset(self, account_id: str) -> None:
        """Forget everything in one account; its learner gets in again with the same keys."""
        for emulator in self._emulators.values():
            await emulator.reset(account_id)
        self._accounts.forget_keys(account_id)
        self._mirror.forget(account_id)
        self._journal.forget(account_id)
        if account_id in self._accounts.provisioned:
            await self._accounts.provision(account_id)
        self._wrote_identities(account_id)
