"""The sandbox at work: the ports served, the emulators watched, their state kept, and the control calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import uvicorn

import cloudlings
from cloudlings.errors import SandboxError
from cloudlings.sandbox import channel
from cloudlings.sandbox.accounts import Accounts
from cloudlings.sandbox.authorization.authorizer import Authorizer
from cloudlings.sandbox.authorization.source import EmulatorSource
from cloudlings.sandbox.clocks import Clocks
from cloudlings.sandbox.databases.sources import of as databases
from cloudlings.sandbox.emulators import gateway
from cloudlings.sandbox.emulators.contract import Emulator, IdentityKeeper, Informant
from cloudlings.sandbox.gate import Gate
from cloudlings.sandbox.gateway import Gateway
from cloudlings.sandbox.history import History
from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.keep import Keep
from cloudlings.sandbox.mirror import Mirror
from cloudlings.sandbox.model import Who
from cloudlings.sandbox.own.desk import Desk

if TYPE_CHECKING:
    from cloudlings.sandbox.daemon import Doors, Files

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
        self._journal = Journal(state / "journal" if state and files.often else None)
        self._mirror = Mirror(keeper)
        self._gate = Gate()
        self._keep = Keep(emulators, self._journal, self._gate, state, often=files.often)
        self._history = History(emulators, self._journal, self._gate, self._keep, self._forget)
        self._clocks = Clocks(emulators, self._journal, self._keep.wrote)
        self._databases = databases(emulators, files.root.parent, state if files.often else None)
        self._failed: dict[str, SandboxError] = {}
        self._down: set[str] = set(emulators)
        self._restarts: dict[str, int] = defaultdict(int)
        self._tasks: list[asyncio.Task[None]] = []
        informants = {name: each for name, each in emulators.items() if isinstance(each, Informant)}
        self._authorizer = Authorizer(EmulatorSource(informants))
        self._accounts.on_forget.append(self._authorizer.forget)
        own = emulators.get(gateway.NAME)
        self._desk = (
            Desk(own, self._accounts, self._journal, self._keep.wrote, doors.url)
            if isinstance(own, gateway.OwnServices)
            else None
        )
        self._gateway = Gateway(
            emulators,
            self._accounts,
            self._journal,
            self._mirror,
            self._keep.wrote,
            self._gate,
            self._authorizer,
            self._desk,
        )

    def _forget(self, account_id: str) -> None:
        """What was remembered about an account is old: it was emptied, or went back to an earlier state."""
        self._clocks.follow_soon(account_id)
        self._databases.touched(account_id)
        self._accounts.forget_keys(account_id)
        self._mirror.forget(account_id)

    async def start(self, stopping: asyncio.Event) -> None:
        """Serve both ports and the control socket; return when every emulator answers.

        Requests that come earlier wait for theirs. Raises SandboxError, with the reason, when one does not
        come up.
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
        self._tasks = [asyncio.ensure_future(self._watch(emulator)) for emulator in self._emulators.values()]
        self._tasks.append(asyncio.ensure_future(self._keep.save_often(stopping)))
        try:
            await self._all_up()
        except SandboxError:
            await self._end_emulators()
            raise
        self._databases.start()

    async def _all_up(self) -> None:
        # Told to stop meanwhile, as when the owner has gone: nobody starts what is down any more.
        while self._down and not self._stopping.is_set():
            for failed in self._failed.values():
                raise failed
            await asyncio.sleep(0.005)

    async def _end_emulators(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(emulator.stop() for emulator in self._emulators.values()))

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
            # Python's own: warnings to standard error, which is the log.
            log_config=None,
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
                self._clocks.follow_all(emulator.name)
                self._down.discard(emulator.name)
                await emulator.died()
                print(f"{emulator.name}: ended, and is started again", flush=True)
            except SandboxError as error:
                print(f"{emulator.name}: {error}", flush=True)
                self._failed[emulator.name] = error
            self._down.add(emulator.name)
            self._accounts.forget_keys()
            self._mirror.forget()
            self._restarts[emulator.name] += 1
            await asyncio.sleep(min(0.1 * 2 ** self._restarts[emulator.name], LONGEST_PAUSE))

    async def save(self) -> None:
        """Write what has changed since the last time."""
        await self._keep.gather()
        async with self._keep.turn:
            await self._keep.save()

    async def stop(self) -> None:
        """Finish what is under way, save, and stop everything."""
        self._stopping.set()
        self._server.should_exit = True
        await self._serving
        if self._desk is not None:
            self._desk.end()
        self._control.close()
        await self._databases.stop()
        with suppress(SandboxError):
            await self.save()
        await self._end_emulators()
        shutil.rmtree(self._files.run, ignore_errors=True)

    def _calls(self) -> dict[str, Any]:
        return {
            "health": self.health,
            "provision": self._provision,
            "credentials": self._credentials,
            "reset": self.reset,
            "journal": lambda account_id: [entry.to_json() for entry in self._journal.of(account_id)],
            "news": self._journal.news,
            "keeps": lambda: self._keep.snapshots is not None,
            "denials": self._authorizer.log.denials,
            "decisions": self._authorizer.log.decisions,
            "save": self.save,
            "last_times": self._journal.last_times,
            "checkpoint": self._history.checkpoint,
            "checkpoints": self._history.checkpoints,
            "undo": self._history.undo,
            "rewind": self._history.rewind,
            "restore": self._restore,
            "advance": self._clocks.advance,
            "clock": self._clocks.shows,
            "stop": self._stopping.set,
        }

    def health(self) -> dict[str, Any]:
        """What is running, and how it is."""
        return {
            "pid": os.getpid(),
            "stopping": self._stopping.is_set(),
            "port": self._doors.port,
            "plain_port": self._doors.plain_port,
            "notices": self._notices(),
            "version": cloudlings.__version__,
            "emulators": {name: name not in self._down for name in self._emulators},
            "restarts": dict(self._restarts),
            "accounts": list(self._accounts.provisioned),
            "upstream": next((e.upstream for e in self._emulators.values() if e.upstream), ""),
            "era": "".join(e.era for e in self._emulators.values()),
            "time": time.time(),
        }

    def _notices(self) -> list[str]:
        told = [*self._doors.notices, *(n for e in self._emulators.values() for n in e.notices)]
        told += self._databases.notices
        return [*told, self._keep.trouble] if self._keep.trouble else told

    async def _provision(self, account_id: str) -> dict[str, str]:
        credentials = await self._accounts.provision(account_id)
        self._wrote_identities(account_id)
        return asdict(credentials)

    async def _credentials(self, account_id: str, who: Who) -> dict[str, str]:
        return asdict(await self._accounts.credentials(account_id, who))

    def _wrote_identities(self, account_id: str) -> None:
        for name, emulator in self._emulators.items():
            if isinstance(emulator, IdentityKeeper):
                self._keep.wrote(name, account_id)

    async def _restore(self, accounts: Sequence[str], name: str) -> None:
        if any(self._databases.has_data(account_id) for account_id in accounts):
            raise SandboxError(
                "There are databases here, and what is in them does not go back to a checkpoint.",
                next_step="cloudlings reset LAB lays a lab's start state again",
            )
        await self._history.restore(accounts, name)
        for account_id in accounts:
            self._authorizer.log.forget(account_id)

    async def reset(self, account_id: str) -> None:
        """Forget everything in one account; its learner gets in again with the same keys."""
        async with self._keep.turn:
            for emulator in self._emulators.values():
                await emulator.reset(account_id)
            await self._databases.reset(account_id)
            self._forget(account_id)
            self._journal.forget(account_id)
            self._authorizer.log.forget(account_id)
            if self._keep.snapshots is not None:
                self._keep.snapshots.forget(account_id)
        if account_id in self._accounts.provisioned:
            await self._accounts.provision(account_id)
        self._wrote_identities(account_id)
