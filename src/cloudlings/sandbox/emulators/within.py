"""An emulator in the gateway's own process, for a sandbox that lives for a second.

A grader's sandbox answers a few hundred requests: a process of the emulator's own, and a connection to it,
would cost more than the answers do. What it is asked and what it answers are the same as over a connection.
It keeps nothing, is not started again, and ends with the process.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, SandboxError
from cloudlings.sandbox import upstream
from cloudlings.sandbox.emulators.called import CalledKeeper, clean_environment
from cloudlings.sandbox.model import Request, Response

_FAILED = Response(500, (("content-type", "text/plain; charset=utf-8"),), b"Internal Server Error")


class KeeperWithin(CalledKeeper):
    """The emulator ``emulators/<name>.py`` served from here. ``environment`` is what it reads when it is
    imported, and what its functions inherit; that and the folder ``run`` become this process's own.
    """

    within = True

    def __init__(self, name: str, run: Path, environment: Mapping[str, str]) -> None:
        super().__init__(name, None)
        self._run = run
        self._environment = environment
        self._app: Any = None
        self._calls: Mapping[str, Any] = {}
        self._up = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()

    def listen(self) -> None:
        """Requests wait for ``start``."""

    def spawn(self) -> None:
        clean = clean_environment(self._environment)
        os.environ.clear()
        os.environ.update(clean)
        os.chdir(self._run)

    async def start(self) -> None:
        module = importlib.import_module(f"cloudlings.sandbox.emulators.{self.name}")
        served = module.EMULATOR(None)
        try:
            self._app = served.open()
            if served.lifespan:
                await self._begin(self._app)
            await served.ready()
        except Exception as error:
            raise SandboxError(
                f"The emulator “{self.name}” did not start: {type(error).__name__}: {error}",
                next_step="Run `cloudlings doctor`; `make start` installs what is missing.",
            ) from error
        self._calls = served.calls()
        self._up.set()

    async def _begin(self, app: Any) -> None:
        """ASGI's lifespan, up to the end of its start; its end comes with the process's."""
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        messages.put_nowait({"type": "lifespan.startup"})

        async def send(message: dict[str, Any]) -> None:
            if begun.done():
                return
            if message["type"] == "lifespan.startup.complete":
                begun.set_result(None)
            else:
                begun.set_exception(SandboxError(message.get("message") or message["type"]))

        running = self._kept(app({"type": "lifespan", "asgi": {"version": "3.0"}}, messages.get, send))
        await asyncio.wait([begun, running], return_when=asyncio.FIRST_COMPLETED)
        await (begun if begun.done() else running)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def died(self) -> None:
        await asyncio.Event().wait()

    async def forward(self, request: Request, account_id: str, host: str) -> Response:
        await self._up.wait()
        # What one request sets in its context is not the next one's; and it is carried out, whoever waits.
        return await asyncio.shield(self._kept(self._answered(request, account_id, host)))

    async def _answered(self, request: Request, account_id: str, host: str) -> Response:
        answer = _Answer(request)
        try:
            await self._app(_scope(request, account_id, host), answer.receive, answer.send)
        except Exception:
            import traceback

            traceback.print_exc()
            return _FAILED
        return answer.response()

    def _kept(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _call(self, verb: str, **args: Any) -> Any:
        await self._up.wait()
        # As where a process answers, others have their turn meanwhile.
        await asyncio.sleep(0)
        try:
            # A copy, as of what comes over a channel: neither side changes what the other holds.
            result = self._calls[verb](**json.loads(json.dumps(args)))
            if inspect.isawaitable(result):
                result = await result
        except CloudlingsError as error:
            raise SandboxError(error.message, next_step=error.next_step) from error
        except Exception as error:
            raise SandboxError(f"{type(error).__name__}: {error}") from error
        return json.loads(json.dumps(result))


def _scope(request: Request, account_id: str, host: str) -> dict[str, Any]:
    headers = [
        (name.encode("latin-1"), value.encode("utf-8", "surrogateescape"))
        for name, value in upstream.message_headers(request, account_id, host)
    ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": None,
        "client": None,
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": request.path,
        "raw_path": request.raw_path.encode("ascii", "surrogateescape"),
        "query_string": request.query_string.encode("ascii", "surrogateescape"),
        "headers": headers,
        "state": {},
    }


class _Answer:
    """The two ends of an ASGI call for one request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._asked = False
        self._over: asyncio.Event | None = None
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        self._over = self._over or asyncio.Event()
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body") and self._over is not None:
                self._over.set()

    def response(self) -> Response:
        """Raises ConnectionError where none was given."""
        if not self._status:
            raise ConnectionError("The emulator gave no answer.")
        body = b"" if self._request.method == "HEAD" else b"".join(self._parts)
        return Response(self._status, upstream.passed_on(self._request, self._headers), body)
