"""How clients send in a submission's namespaces, the trusted side's and the learner's: plain HTTP to the
loopback, on connections that all clients of a process share.

botocore sends by urllib3, which can do much that a sandbox in a namespace of its own never needs, and that
takes a good part of each call. What is sent and what is answered are the same; whatever else is asked for
(TLS, other hosts, bodies that are read while they are sent) goes by urllib3 as before.
"""

from __future__ import annotations

import functools
import io
import os
import select
import socket
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.endpoint import EndpointCreator
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

from cloudlings.sandbox import http1

_LOOPBACK = "127.0.0.1"
_CHUNK = 2**18
# By process: a fork shares none of its parent's.
_idle: dict[tuple[int, int], list[socket.socket]] = defaultdict(list)


def speak_plainly() -> None:
    """From here on, clients that are made in this process, and those forked from it, send this way."""
    EndpointCreator.create_endpoint = functools.partialmethod(
        EndpointCreator.create_endpoint, http_session_cls=Plain
    )


def forget() -> None:
    """Close the connections that wait for somebody to use them."""
    while _idle:
        for connection in _idle.popitem()[1]:
            connection.close()


class Plain(URLLib3Session):  # type: ignore[misc]
    """botocore's HTTP session, for the loopback."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Sends a request; its answer, read to the end. Errors: botocore's own, as its session raises."""
        url = urlsplit(request.url)
        if url.scheme != "http" or url.hostname != _LOOPBACK or not _is_whole(request) or _refused(url):
            return super().send(request)
        connect, read = self._seconds(request)
        try:
            answer = _exchange(url.port or 80, request, connect, read)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (ConnectionError, OSError) as error:
            raise ConnectionClosedError(error=error, request=request, endpoint_url=request.url) from error
        except ValueError as error:
            raise HTTPClientError(error=error) from error
        return AWSResponse(request.url, answer.status, _joined(answer.headers), _Body(answer.body))

    def _seconds(self, request: AWSPreparedRequest) -> tuple[float | None, float | None]:
        """To connect, and to read: the request's own, or the client's."""
        found = self._get_request_timeout(request) or self._timeout
        if isinstance(found, int | float):
            return found, found
        return found.connect_timeout, found.read_timeout


class _Body(io.BytesIO):
    """A body that is there, read as urllib3's are."""

    def stream(self, amt: int = _CHUNK, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002
        while some := self.read(amt):
            yield some


def _refused(url: SplitResult) -> bool:
    """Whether a guard stands in this process that will not let it go, and says why."""
    refuses = getattr(URLLib3Session.send, "refuses", None)
    return refuses is not None and refuses(url.geturl())


def _is_whole(request: AWSPreparedRequest) -> bool:
    known = (type(None), bytes, bytearray, str, io.BytesIO)
    return type(request.body) in known and "Transfer-Encoding" not in request.headers


def _exchange(
    port: int, request: AWSPreparedRequest, connect: float | None, read: float | None
) -> http1.Answer:
    message = _message(port, request)
    waiting = _idle[os.getpid(), port]
    # Looked at and taken at once: a learner's threads share the connections, too.
    while connection := _taken(waiting):
        if _has_news(connection):
            # It was closed by the other side, which had nothing to say.
            connection.close()
            continue
        return _asked(connection, request.method, message, read, waiting)
    return _asked(_connected(port, request, connect), request.method, message, read, waiting)


def _taken(waiting: list[socket.socket]) -> socket.socket | None:
    try:
        return waiting.pop()
    except IndexError:
        return None


def _has_news(connection: socket.socket) -> bool:
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(0))


def _connected(port: int, request: AWSPreparedRequest, seconds: float | None) -> socket.socket:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect((_LOOPBACK, port))
    except TimeoutError as error:
        connection.close()
        raise ConnectTimeoutError(endpoint_url=request.url, error=error) from error
    except OSError as error:
        connection.close()
        raise EndpointConnectionError(endpoint_url=request.url, error=error) from error
    return connection


def _asked(
    connection: socket.socket, method: str, message: bytes, read: float | None, waiting: list[socket.socket]
) -> http1.Answer:
    answer = http1.Answer(method)
    try:
        connection.settimeout(read)
        connection.sendall(message)
        while not answer.complete:
            some = connection.recv(_CHUNK)
            if not some:
                answer.end()
            else:
                answer.feed(some)
    except BaseException:
        connection.close()
        raise
    if answer.keeps:
        waiting.append(connection)
    else:
        connection.close()
    return answer


def _message(port: int, request: AWSPreparedRequest) -> bytes:
    url = urlsplit(request.url)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = [(name, _text(value)) for name, value in request.headers.items()]
    given = {name.lower() for name, _ in headers}
    if "host" not in given:
        headers.insert(0, ("Host", f"{_LOOPBACK}:{port}"))
    if "accept-encoding" not in given:
        headers.append(("Accept-Encoding", "identity"))
    return http1.head(request.method, target, headers) + _bytes(request.body)


def _bytes(body: Any) -> bytes:
    if isinstance(body, io.BytesIO):
        return body.read()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _text(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _joined(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; repeated ones as one, as HTTP allows."""
    found: dict[str, tuple[str, str]] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        known = found.get(name.lower())
        found[name.lower()] = (known[0], f"{known[1]}, {text}") if known else (name, text)
    return dict(found.values())
