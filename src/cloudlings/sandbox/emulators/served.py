"""An emulator's own process: the emulator's ASGI application on a passed listener, and its control calls."""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import importlib
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from cloudlings.sandbox import channel, clock, garbage
from cloudlings.sandbox.emulators.keeping import Accounts, Keeper


class Served(ABC):
    """What ``emulators/<name>.py`` provides as ``EMULATOR``: the inside of an emulator's process.

    ``state`` is the folder for its state, or None to keep nothing; ``accounts`` is what the emulator knows of
    them. The control calls are those of ``contract.Emulator``; ``extra_calls`` adds those of the contracts
    beside it.
    """

    lifespan: bool = False

    def __init__(self, state: Path | None, accounts: Accounts) -> None:
        self.state = state
        self.accounts = accounts
        self.keeper = Keeper(state, accounts) if state is not None else None
        self.told: list[str] = []

    @abstractmethod
    def open(self) -> Any:
        """Import the emulator, read its state back, and return its ASGI application. Called once."""

    async def ready(self) -> None:  # noqa: B027
        """Return once requests can be answered. Whatever it raises ends the process."""

    async def turn(self, work: Callable[..., Any], *args: Any) -> Any:
        """Run a function where nothing else changes the accounts."""
        return work(*args)

    async def reset(self, account_id: str) -> None:
        """See ``Emulator.reset``."""
        await self.turn(self.accounts.drop, account_id)
        if self.keeper is not None:
            await self.keeper.written()
            self.keeper.forget(account_id)

    async def capture(self, accounts: Sequence[str]) -> list[str]:
        """See ``Emulator.capture``."""
        return await self.keeper.capture(accounts, self.turn) if self.keeper is not None else []

    async def written(self) -> None:
        """See ``Emulator.written``."""
        if self.keeper is not None:
            await self.keeper.written()

    async def import_state(self, account_id: str, path: str | None) -> None:
        """See ``Emulator.import_state``."""
        assert self.keeper is not None, "only where state is kept can there be a snapshot"
        await self.keeper.written()
        await self.turn(self.keeper.put_back, account_id, Path(path) if path else None)

    async def prune(self, snapshots: Sequence[str]) -> None:
        """See ``Emulator.prune``."""
        if self.keeper is not None:
            await asyncio.to_thread(self.keeper.prune, [Path(path) for path in snapshots])

    async def advance(self, account_id: str, seconds: float, at: float) -> None:
        """See ``Emulator.advance``."""
        await self.turn(clock.advance, account_id, seconds, at)

    def happenings(self) -> list[dict[str, Any]]:
        """See ``Emulator.happenings``."""
        return []

    def extra_calls(self) -> dict[str, Callable[..., Any]]:
        """Control calls beyond those of every emulator."""
        return {}

    def calls(self) -> dict[str, Callable[..., Any]]:
        """The control calls by verb."""
        return {
            "ping": lambda: self.told,
            "reset": self.reset,
            "capture": self.capture,
            "written": self.written,
            "import_state": self.import_state,
            "prune": self.prune,
            "happenings": self.happenings,
            "advance": self.advance,
            "clocks": clock.all_moves,
            **self.extra_calls(),
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve one emulator until the gateway hangs up."""
    parser = argparse.ArgumentParser(prog="cloudlings.sandbox.emulators")
    parser.add_argument("name")
    parser.add_argument("--listen", type=int, required=True)
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args(arguments)
    module = importlib.import_module(f"cloudlings.sandbox.emulators.{options.name}")
    emulator: Served = module.EMULATOR(options.state)
    garbage.look_seldom()
    with _alone(options.state) as lock:
        if emulator.keeper is not None:
            emulator.keeper.lock = lock
        asyncio.run(_serve(emulator, options.listen, options.channel))


@contextmanager
def _alone(state: Path | None) -> Iterator[int | None]:
    """Hold the state's folder. A process whose gateway was killed, or a writer that it forked, may still be
    writing, and whoever comes after it must read what it writes."""
    if state is None:
        yield None
        return
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting until the process before this one has let go of {state}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


async def _serve(emulator: Served, listen: int, control: int) -> None:
    app = emulator.open()
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http="httptools",
        ws="none",
        lifespan="on" if emulator.lifespan else "off",
        # Python's own: warnings to standard error, which is the log.
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=3600,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[socket.socket(fileno=listen)]))
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=control), limit=channel.LINE_LIMIT
    )
    while not server.started and not serving.done():
        await asyncio.sleep(0.002)
    await emulator.ready()
    await channel.serve(reader, writer, emulator.calls())
    await _save_a_last_time(emulator)
    server.should_exit = True
    await serving


async def _save_a_last_time(emulator: Served) -> None:
    """The gateway has gone, perhaps killed before it could ask: keep everything that is here."""
    if emulator.keeper is not None:
        await emulator.capture(await emulator.turn(emulator.accounts.known))
        await emulator.written()
