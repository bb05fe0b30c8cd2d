"""What the gateway and its emulators say to each other over a UNIX socket."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cloudlings.sandbox import http1
from cloudlings.sandbox.model import Request, Response
from cloudlings.sandbox.upstream import Upstream

_OK = b"HTTP/1.1 200 OK\r\n"
_ANSWERS = {
    "by its length": (_OK + b"Content-Length: 3\r\nX-A: 1\r\nX-A: 2\r\n\r\nabc", b"abc", True),
    "in chunks": (_OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc", True),
    "after it was told to go on": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + _OK + b"Content-Length: 3\r\n\r\nabc",
        b"abc",
        True,
    ),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "the last of its connection": (
        _OK + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
        b"abc",
        False,
    ),
}


@pytest.mark.parametrize(("said", "body", "keeps"), _ANSWERS.values(), ids=_ANSWERS)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_an_answer_is_read_as_it_comes(said: bytes, body: bytes, keeps: bool, step: int) -> None:
    """In whichever pieces the bytes come, the answer is the same, and complete when it is."""
    answer = http1.Answer("GET")
    for start in range(0, len(said), step):
        answer.feed(said[start : start + step])
    assert answer.complete
    assert answer.status in (200, 204)
    assert (answer.body, answer.keeps) == (body, keeps)


def test_more_than_was_asked_for() -> None:
    """What follows an answer is none of it, and its connection is not used again."""
    answer = http1.Answer("GET")
    answer.feed(_ANSWERS["by its length"][0] + b"HTTP/1.1 500 No\r\nX-B: 1\r\n")
    assert (answer.status, answer.body, answer.keeps) == (200, b"abc", False)
    assert (b"X-B", b"1") not in answer.headers


def test_repeated_headers_stay_in_order() -> None:
    """A header that comes twice is there twice, in the order sent."""
    answer = http1.Answer("GET")
    answer.feed(_ANSWERS["by its length"][0])
    assert answer.headers == [(b"Content-Length", b"3"), (b"X-A", b"1"), (b"X-A", b"2")]


def test_the_answer_to_head_has_no_body() -> None:
    """It is complete with its headers, whatever length they tell."""
    answer = http1.Answer("HEAD")
    assert answer.feed(_OK + b"Content-Length: 3\r\n\r\n")
    assert answer.keeps


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    """Until then more may come; one that told its length is broken off by such an end."""
    answer = http1.Answer("GET")
    assert not answer.feed(_OK + b"\r\nabc")
    answer.end()
    assert answer.complete
    assert not answer.keeps
    cut = http1.Answer("GET")
    cut.feed(_OK + b"Content-Length: 4\r\n\r\nabc")
    with pytest.raises(ConnectionError):
        cut.end()


def test_what_is_no_http_is_no_answer() -> None:
    """Anything else is told as a failed connection."""
    with pytest.raises(ConnectionError):
        http1.Answer("GET").feed(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize("value", ["a\r\nx-b: 1", "a\nb", "a\rb", "a\0b"])
def test_a_header_is_one_line(value: str) -> None:
    """A value cannot bring a header of its own."""
    with pytest.raises(ValueError, match="end of a line"):
        http1.head("GET", "/", [("x-a", value)])


def test_connections_are_used_again() -> None:
    """Requests one after the other share a connection; those at once have one each."""

    async def asked() -> tuple[list[bytes], int]:
        async with _answering([_OK + b"Content-Length: 1\r\n\r\n1"] * 9) as (upstream, heard):
            for _ in range(3):
                await _send(upstream)
            alone = len({each for each, _ in heard})
            await asyncio.gather(*(_send(upstream) for _ in range(3)))
            return [said for _, said in heard], alone

    said, alone = asyncio.run(asked())
    assert alone == 1
    assert len(said) == 6
    assert said[0].startswith(b"GET /a?b HTTP/1.1\r\n")


@pytest.mark.parametrize(("method", "comes"), [("GET", True), ("PUT", True), ("POST", False)])
def test_a_connection_that_went_away_meanwhile(method: str, comes: bool) -> None:
    """What may be sent twice is sent again on a new connection; anything else is told as failed."""

    async def asked() -> Response:
        gone = b""
        async with _answering([_OK + b"Content-Length: 1\r\n\r\n1", gone, _OK + b"\r\n"]) as (upstream, _):
            await _send(upstream)
            return await _send(upstream, method)

    if comes:
        assert asyncio.run(asked()).status == 200
    else:
        with pytest.raises(ConnectionError):
            asyncio.run(asked())


def test_nobody_there() -> None:
    """A socket that nobody listens on is a failed connection."""

    async def asked() -> None:
        await _send(Upstream(Path("/nonexistent/socket")))

    with pytest.raises(ConnectionError):
        asyncio.run(asked())


def test_closing_fails_what_is_under_way() -> None:
    """Whoever waits for an answer is told, and the next request opens a new connection."""

    async def asked() -> Response:
        async with _answering([None, _OK + b"Content-Length: 0\r\n\r\n"]) as (upstream, heard):
            waiting = asyncio.ensure_future(_send(upstream))
            while not heard:
                await asyncio.sleep(0)
            await upstream.close()
            with pytest.raises(ConnectionError):
                await waiting
            return await _send(upstream)

    assert asyncio.run(asked()).status == 200


async def _send(upstream: Upstream, method: str = "GET") -> Response:
    return await upstream.send(Request(method, "/a", "b", (("host", "here"),)), "111122223333", "s3")


@asynccontextmanager
async def _answering(
    answers: Sequence[bytes | None],
) -> AsyncIterator[tuple[Upstream, list[tuple[int, bytes]]]]:
    """A server that gives the answers in turn: b"" closes the connection, as does one without a length;
    None gives none. And what it heard, by the connection."""
    heard: list[tuple[int, bytes]] = []
    left = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await _request(reader):
            heard.append((id(writer), said))
            answer = next(left)
            if answer is None:
                await reader.read()
                break
            writer.write(answer)
            if b"Length" not in answer:
                break
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s")
        server = await asyncio.start_unix_server(serve, str(path))
        upstream = Upstream(path)
        try:
            yield upstream, heard
        finally:
            await upstream.close()
            server.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
