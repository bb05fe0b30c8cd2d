"""Requests to an emulator over its UNIX socket or the network, on connections that are kept open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cloudlings.sandbox import http1
from cloudlings.sandbox.model import Request, Response

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

# Never passed on: they belong to one connection, or the gateway alone may say them to an emulator.
_DROPPED = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer",
                      "upgrade", "expect", "content-length", "x-forwarded-proto", "x-forwarded-for",
                      "x-moto-account-id", "x-cloudlings-host"})  # fmt: skip
_DROPPED_FROM_RESPONSE = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
# Seconds for one answer, and how many connections wait for the next request.
_LONGEST = 900
_MOST_IDLE = 64
_OWN_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Upstream:
    """An HTTP client for one UNIX socket."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []

    async def send(self, request: Request, account_id: str, host: str) -> Response:
        """Send a request on. Raises ConnectionError when the socket's other end does not answer."""
        query = f"?{request.query_string}" if request.query_string else ""
        headers = message_headers(request, account_id, host)
        first = http1.head(request.method, request.raw_path + query, headers)
        answer = await self._ask(request.method, first + request.body)
        return Response(answer.status, passed_on(request, answer.headers), answer.body)

    async def close(self) -> None:
        """Close the open connections; requests on them fail. A later ``send`` opens new ones."""
        for each in list(self._open):
            each.close()
        self._idle.clear()

    async def _ask(self, method: str, message: bytes) -> http1.Answer:
        while self._idle:
            connection = self._idle.pop()
            if connection.closed:
                continue
            try:
                return await self._ask_on(connection, method, message)
            except ConnectionError:
                if connection.began or method not in http1.IDEMPOTENT:
                    raise
        try:
            connection = _Connection(self._open)
            await asyncio.get_running_loop().create_unix_connection(lambda: connection, str(self._path))
        except OSError as error:
            raise ConnectionError(str(error)) from error
        return await self._ask_on(connection, method, message)

    async def _ask_on(self, connection: _Connection, method: str, message: bytes) -> http1.Answer:
        try:
            answer = await connection.ask(method, message)
        except BaseException:
            # Its answer may still come: nobody else's.
            connection.close()
            raise
        if answer.keeps and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return answer


class _Connection(asyncio.Protocol):
    """One connection: one request, and then, when its answer is there, another."""

    def __init__(self, among: set[_Connection]) -> None:
        self._among = among
        self._transport: asyncio.Transport | None = None
        self._answer: http1.Answer | None = None
        self._waiting: asyncio.Future[http1.Answer] | None = None
        self.closed = False

    @property
    def began(self) -> bool:
        """Whether some of the last request's answer has come."""
        return self._answer is not None and self._answer.begun

    async def ask(self, method: str, message: bytes) -> http1.Answer:
        """Send a request's bytes; its answer. Raises ConnectionError."""
        if self.closed or self._transport is None:
            raise ConnectionError("The connection is closed.")
        self._answer = http1.Answer(method)
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        self._transport.write(message)
        late = loop.call_later(_LONGEST, self.close)
        try:
            return await self._waiting
        finally:
            late.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._among.add(self)

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._waiting is None or self._waiting.done():
            # Nothing was asked.
            self.close()
            return
        try:
            if self._answer.feed(data):
                self._waiting.set_result(self._answer)
        except ConnectionError as error:
            self._waiting.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._among.discard(self)
        if self._answer is None or self._waiting is None or self._waiting.done():
            return
        try:
            self._answer.end()
            self._waiting.set_result(self._answer)
        except ConnectionError as error:
            self._waiting.set_exception(exc if isinstance(exc, ConnectionError) else error)


class NetworkUpstream:
    """An HTTP client for one address of the network, such as ``http://127.0.0.1:4566``."""

    def __init__(self, address: URL) -> None:
        self._base = str(address).rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, account_id: str, host: str) -> Response:
        """Send a request on. Raises ConnectionError when nobody answers there."""
        # Here, for a sandbox of our own emulators needs none of it, and it takes long to import.
        import aiohttp

        try:
            async with self._opened().request(
                request.method,
                _url(request, self._base),
                headers=_headers(request, account_id, host),
                data=request.body or None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
                return Response(answer.status, passed_on(request, answer.raw_headers), body)
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        """Close the open connections; requests on them fail. A later ``send`` opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3),
                timeout=aiohttp.ClientTimeout(total=_LONGEST),
                auto_decompress=False,
                skip_auto_headers=_OWN_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


def _url(request: Request, base: str) -> URL:
    from yarl import URL

    query = f"?{request.query_string}" if request.query_string else ""
    return URL(f"{base}{request.raw_path}{query}", encoded=True)


def _headers(request: Request, account_id: str, host: str) -> list[tuple[str, str]]:
    headers = [pair for pair in request.headers if pair[0] not in _DROPPED]
    headers.append(("x-forwarded-proto", "https" if request.secure else "http"))
    headers.append(("x-moto-account-id", account_id))
    headers.append(("x-cloudlings-host", host))
    if host == "s3" and request.method in ("PUT", "POST") and not request.header("content-type"):
        # What S3 keeps as an object's type when the upload says none.
        headers.append(("content-type", "binary/octet-stream"))
    if not request.body and request.method in ("PUT", "POST", "PATCH"):
        headers.append(("content-length", "0"))
    return headers


def message_headers(request: Request, account_id: str, host: str) -> list[tuple[str, str]]:
    """The headers of a request as it is passed on: all that HTTP asks for in one message."""
    headers = _headers(request, account_id, host)
    if not request.header("host"):
        headers.append(("host", "emulator"))
    if request.body:
        headers.append(("content-length", str(len(request.body))))
    return headers


def passed_on(request: Request, headers: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """The headers of an answer that are passed on, their names in lower case."""
    # The answer to a HEAD has the length of a body that is not there.
    dropped = _DROPPED_FROM_RESPONSE - ({"content-length"} if request.method == "HEAD" else set())
    named = ((name.decode("latin-1").lower(), value) for name, value in headers)
    return tuple(
        (name, value.decode("utf-8", "surrogateescape")) for name, value in named if name not in dropped
    )
