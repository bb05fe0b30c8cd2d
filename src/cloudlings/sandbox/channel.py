"""Calls between the sandbox's own processes: one JSON object a line, over a socket that only they hold.

A call is ``{"id": 1, "verb": "reset", "args": {…}}``; its answer ``{"id": 1, "result": …}`` or
``{"id": 1, "error": "…", "next_step": "…"}``. Calls may overlap. The gateway talks to its emulators this
way (a socket pair), and a Sandbox handle to the gateway (the control socket).
"""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, SandboxError

# A journal of many thousand entries travels as one line.
LINE_LIMIT = 64 * 1024 * 1024
Handlers = Mapping[str, Callable[..., Any]]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Handlers) -> None:
    """Answer calls with ``handlers`` (plain or async functions by verb) until the other side hangs up."""
    running: set[asyncio.Task[None]] = set()
    try:
        while line := await reader.readline():
            task = asyncio.ensure_future(_answer(line, writer, handlers))
            running.add(task)
            task.add_done_callback(running.discard)
        if running:
            await asyncio.wait(running)
    except (ConnectionError, ValueError):
        pass  # the other side is gone, or sent a line past all bounds: nobody is left to answer
    finally:
        writer.close()


async def _answer(line: bytes, writer: asyncio.StreamWriter, handlers: Handlers) -> None:
    call: dict[str, Any] = {}
    try:
        call = json.loads(line)
        result = handlers[call["verb"]](**call.get("args", {}))
        if inspect.isawaitable(result):
            result = await result
        answer: dict[str, Any] = {"id": call.get("id"), "result": result}
    except CloudlingsError as error:
        answer = {"id": call.get("id"), "error": error.message, "next_step": error.next_step}
    except Exception as error:
        answer = {"id": call.get("id"), "error": f"{type(error).__name__}: {error}"}
    if not writer.is_closing():
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()


class Channel:
    """The calling side, for asyncio: calls may overlap."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._last = 0
        self._pump = asyncio.ensure_future(self._read(reader))

    @classmethod
    async def over(cls, sock: socket.socket) -> Channel:
        """A channel over a connected socket."""
        return cls(*await asyncio.open_connection(sock=sock, limit=LINE_LIMIT))

    @property
    def closed(self) -> asyncio.Future[None]:
        """Done when the other side has hung up (its process ended)."""
        return self._pump

    async def call(self, verb: str, **args: Any) -> Any:
        """Call ``verb`` on the other side. Raises SandboxError with its message, or when it hangs up."""
        if self._pump.done():
            raise SandboxError(f"The process that answers “{verb}” has ended.")
        self._last += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._last] = answer
        line = json.dumps({"id": self._last, "verb": verb, "args": args}).encode()
        self._writer.write(line + b"\n")
        return await answer

    def hang_up(self) -> None:
        """Close the connection; the other side's process takes it as the end."""
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._settle(json.loads(line))
        except (ConnectionError, ValueError):
            pass
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(SandboxError("The process at the other end has ended."))
            self._waiting.clear()

    def _settle(self, answer: dict[str, Any]) -> None:
        waiting = self._waiting.pop(answer["id"], None)
        if waiting is None or waiting.done():
            return
        if "error" in answer:
            waiting.set_exception(SandboxError(answer["error"], next_step=answer.get("next_step", "")))
        else:
            waiting.set_result(answer["result"])


def call(path: Path, verb: str, timeout: float = 30.0, **args: Any) -> Any:
    """One call to the process that listens on the UNIX socket ``path``, without asyncio.

    Raises SandboxError with the other side's message, and OSError when nobody listens there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(timeout)
        sock.connect(str(path))
        sock.sendall(json.dumps({"id": 1, "verb": verb, "args": args}).encode() + b"\n")
        with sock.makefile("rb") as lines:
            line = lines.readline()
    if not line:
        raise ConnectionResetError("the sandbox hung up before it answered")
    answer = json.loads(line)
    if "error" in answer:
        raise SandboxError(answer["error"], next_step=answer.get("next_step", ""))
    return answer["result"]
