"""The door of a database: it listens at the instance's endpoint, and wakes the server when somebody comes.

So an account may have many databases, and only those that are asked cost anything. A server that cannot be
woken says why in PostgreSQL's own way, so that any client shows it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress

from cloudlings.errors import SandboxError

Wake = Callable[[], Awaitable[tuple[str, int]]]
"""Makes sure that the server runs; gives where. Raises SandboxError, with what the client is told."""

_ASKS = (80_877_103, 80_877_104)  # SSLRequest, GSSENCRequest: asked before anything is said
_CANCEL = 80_877_102
_CHUNK = 64 * 1024
_PATIENCE = 10.0


class Door:
    """One endpoint. ``place`` is its address and port."""

    def __init__(self, place: tuple[str, int], wake: Wake) -> None:
        self.place = place
        self._wake = wake
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. Raises OSError where somebody else does."""
        self._server = await asyncio.start_server(self._come, *self.place)

    async def close(self) -> None:
        """Stop listening, and end the connections."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass  # one of the two has gone
        finally:
            self._open.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            where = await self._wake()
        except SandboxError as error:
            await _refuse(reader, writer, error.message)
            return
        there, back = await asyncio.open_connection(*where)
        try:
            ways = [asyncio.ensure_future(way) for way in (_pass(reader, back), _pass(there, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            back.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, why: str) -> None:
    """Tell a client why there is no database (PostgreSQL documentation, "Message Flow", Start-up)."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            length, code = struct.unpack("!II", await reader.readexactly(8))
            if code not in _ASKS:
                break
            writer.write(b"N")
        if code != _CANCEL:
            await reader.readexactly(max(0, min(length, 10_000) - 8))
            writer.write(refusal(why))
        await writer.drain()


def refusal(why: str) -> bytes:
    """PostgreSQL's message for an error that ends the connection: "cannot connect now" (57P03)."""
    fields = b"".join(
        kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", "57P03"), (b"M", why))
    )
    body = fields + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body
