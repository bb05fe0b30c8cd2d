"""The one way out of a function's box: connections to the gateway's port are led to the gateway."""

from __future__ import annotations

import asyncio
import functools
import socket
import threading
from contextlib import suppress

_CHUNK = 65536


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop of its own, in a thread that lives as long as the process."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="function-doors", daemon=True).start()
    return loop


class Door:
    """Leads connections to a listener inside a box on to a port of this machine's loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._closed = False

    def open(self, listener: socket.socket) -> None:
        """Lead on what connects to ``listener``."""
        asyncio.run_coroutine_threadsafe(self._serve(listener), _loop())

    def close(self) -> None:
        """Lead no more; it may be called again."""
        self._closed = True
        _loop().call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self._server = await asyncio.start_server(self._lead, sock=listener)
        if self._closed:
            self._server.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_copy(reader, back), _copy(there, writer))
        for each in (writer, back):
            each.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError, RuntimeError):
        writer.write_eof()
