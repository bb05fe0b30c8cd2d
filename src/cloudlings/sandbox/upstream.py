"""Requests to an emulator over its UNIX socket or the network, on connections that are kept open."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from yarl import URL

from cloudlings.sandbox.model import Request, Response

# Never passed on: they belong to one connection, or the gateway alone may say them to an emulator.
_DROPPED = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer",
                      "upgrade", "expect", "content-length", "x-forwarded-proto", "x-forwarded-for",
                      "x-moto-account-id", "x-cloudlings-host"})  # fmt: skip
_DROPPED_FROM_RESPONSE = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_OWN_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Upstream:
    """An HTTP client for one UNIX socket."""

    _base = "http://emulator"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, account_id: str, host: str) -> Response:
        """Send a request on. Raises ConnectionError when the socket's other end does not answer."""
        try:
            async with self._open().request(
                request.method,
                _url(request, self._base),
                headers=_headers(request, account_id, host),
                data=request.body or None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
                return Response(answer.status, _response_headers(request, answer), body)
        except aiohttp.ClientError as error:
            raise ConnectionError(str(error)) from error

    async def close(self) -> None:
        """Close the open connections; requests on them fail. A later ``send`` opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _connector(self) -> aiohttp.BaseConnector:
        return aiohttp.UnixConnector(str(self._path), limit=0, keepalive_timeout=300)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._connector(),
                timeout=aiohttp.ClientTimeout(total=900),
                auto_decompress=False,
                skip_auto_headers=_OWN_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


class NetworkUpstream(Upstream):
    """An HTTP client for one address of the network, such as ``http://127.0.0.1:4566``."""

    def __init__(self, address: URL) -> None:
        super().__init__(Path())
        self._base = str(address).rstrip("/")

    def _connector(self) -> aiohttp.BaseConnector:
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=3)


def _url(request: Request, base: str) -> URL:
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


def _response_headers(request: Request, answer: aiohttp.ClientResponse) -> tuple[tuple[str, str], ...]:
    # The answer to a HEAD has the length of a body that is not there.
    dropped = _DROPPED_FROM_RESPONSE - ({"content-length"} if request.method == "HEAD" else set())
    return tuple(
        (name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape"))
        for name, value in answer.raw_headers
        if name.lower().decode("latin-1") not in dropped
    )
