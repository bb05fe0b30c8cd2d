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

from cloudlings.sandbox import channel


class Served(ABC):
    """What ``emulators/<name>.py`` provides as ``EMULATOR``: the inside of an emulator's process.

    ``state`` is the folder for its state, or None to keep nothing. The control calls are those of
    ``contract.Emulator``; ``extra_calls`` adds those of the contracts beside it.
    """

    lifespan: bool = False

    def __init__(self, state: Path | None) -> None:
        self.state = state

    @abstractmethod
    def open(self) -> Any:
        """Import the emulator, read its state back, and return its ASGI application. Called once."""

    @abstractmethod
    def reset(self, account_id: str) -> Any:
        """See ``Emulator.reset``."""

    @abstractmethod
    def export_state(self, accounts: Sequence[str]) -> Any:
        """See ``Emulator.export_state``."""

    @abstractmethod
    def import_state(self) -> Any:
        """See ``Emulator.import_state``."""

    def notices(self) -> Any:
        """What the learner should be told once the emulator is up: state that could not be read back."""
        return []

    def extra_calls(self) -> dict[str, Callable[..., Any]]:
        """Control calls beyond those of every emulator."""
        return {}

    def calls(self) -> dict[str, Callable[..., Any]]:
        """The control calls by verb."""
        return {
            "ping": self.notices,
            "reset": self.reset,
            "export_state": self.export_state,
            "import_state": self.import_state,
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
    with _alone(options.state):
        asyncio.run(_serve(emulator, options.listen, options.channel))


@contextmanager
def _alone(state: Path | None) -> Iterator[None]:
    """Hold the state's folder. A process whose gateway was killed saves once more before it ends, and
    whoever comes after it must read what it saves."""
    if state is None:
        yield
        return
    with (state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _serve(emulator: Served, listen: int, control: int) -> None:
    app = emulator.open()
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http="httptools",
        ws="none",
        lifespan="on" if emulator.lifespan else "off",
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
    await channel.serve(reader, writer, emulator.calls())
    server.should_exit = True
    await serving
