"""A submission's own way to send: the same on the wire, and the same answers, as botocore's."""

from __future__ import annotations

import http.server
import io
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.httpsession import URLLib3Session

from cloudlings.grading.isolation.transport import Plain
from cloudlings.sandbox import guard
from cloudlings.sandbox import session as sessions
from cloudlings.sandbox.model import Credentials


class _Handler(http.server.BaseHTTPRequestHandler):
    """Says by its path what it does, and notes what it was sent."""

    protocol_version = "HTTP/1.1"
    heard: list[tuple[Any, ...]]

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.heard.append((self.command, self.path, sorted(self.headers.items()), body))
        what = self.path.partition("?")[0].strip("/")
        if what == "silence":
            self.close_connection = True
            return
        if what == "wait":
            self.rfile.read(1)
            return
        self.send_response(int(what) if what.isdigit() else 200)
        self.send_header("X-Twice", "1")
        self.send_header("x-twice", "2")
        if what == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n0\r\n\r\n")
        elif what == "last":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"to the end")
        elif what == "204":
            self.end_headers()
        else:
            self.send_header("Content-Length", "5")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"hello")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    heard: list[tuple[Any, ...]] = []
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"heard": heard}))
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}", heard
    made.shutdown()
    made.server_close()


_CASES: dict[str, tuple[str, str, Any, dict[str, Any]]] = {
    "read": ("GET", "/a%20b?x=%2F&y", None, {"X-Amz-Date": "1"}),
    "write": ("PUT", "/k", b"xyz", {"Content-Length": "3"}),
    "text": ("POST", "/", "Action=é", {"Content-Length": "9"}),
    "upload": ("PUT", "/k", b"file", {"Content-Length": "4", "Expect": b"100-continue"}),
    "nothing to write": ("POST", "/", b"", {"Content-Length": "0"}),
    "head": ("HEAD", "/k", None, {}),
    "none": ("DELETE", "/204", None, {}),
    "missing": ("GET", "/404", None, {}),
    "chunked": ("GET", "/chunked", None, {}),
    "to the connection's end": ("GET", "/last", None, {"Host": "elsewhere"}),
}


@pytest.mark.parametrize(("method", "path", "body", "headers"), _CASES.values(), ids=_CASES)
@pytest.mark.parametrize("streamed", [False, True])
def test_it_sends_and_hears_what_botocore_does(
    server: tuple[str, list[tuple[Any, ...]]],
    method: str,
    path: str,
    body: Any,
    headers: dict[str, Any],
    streamed: bool,
) -> None:
    """The server hears the same request, twice on one connection, and its answer is read the same."""
    url, heard = server
    headers = {"User-Agent": b"us", **headers}
    seen = []
    for session in (URLLib3Session(), Plain()):
        for _ in range(2):
            sent = io.BytesIO(body) if "Expect" in headers else body
            answer = session.send(
                AWSPreparedRequest(method, url + path, HeadersDict(headers), sent, streamed)
            )
            got = b"".join(answer.raw.stream()) if streamed else answer.content
            kept = {name.lower(): text for name, text in answer.headers.items() if name != "Date"}
            seen.append((answer.status_code, got, kept, answer.url))
    assert seen[0] == seen[1] == seen[2] == seen[3]
    assert heard[0] == heard[1] == heard[2] == heard[3]


@pytest.mark.parametrize(
    ("path", "headers", "error"),
    [
        ("/silence", {}, ConnectionClosedError),
        ("/wait", {}, ReadTimeoutError),
        ("/", {"X-A": "1\r\nX-B: 2"}, HTTPClientError),
    ],
)
def test_it_fails_as_botocore_does(
    server: tuple[str, list[tuple[Any, ...]]], path: str, headers: dict[str, str], error: type[Exception]
) -> None:
    """A connection that is closed, an answer that does not come, a header that is none: botocore's errors."""
    for session in (URLLib3Session(timeout=(5, 0.05)), Plain(timeout=(5, 0.05))):
        with pytest.raises(error):
            session.send(AWSPreparedRequest("GET", server[0] + path, HeadersDict(headers), None, False))


def test_threads_share_connections(server: tuple[str, list[tuple[Any, ...]]]) -> None:
    """Many at once are all answered, and each takes a connection that nobody else has."""

    def ask(number: int) -> tuple[int, bytes]:
        request = AWSPreparedRequest("GET", f"{server[0]}/{number}", HeadersDict(), None, False)
        answer = Plain().send(request)
        return answer.status_code, answer.content

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, [201] * 400)) == {(201, b"hello")}


def test_a_guard_stands_before_it(
    server: tuple[str, list[tuple[Any, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the guard of a learner's process refuses is not sent this way either; what it lets go is."""
    monkeypatch.setattr(URLLib3Session, "send", URLLib3Session.send)
    monkeypatch.setattr(guard._Guard, "endpoints", ())
    request = AWSPreparedRequest("GET", f"{server[0]}/201", HeadersDict(), None, False)
    guard.install(["http://127.0.0.1:1"])
    with pytest.raises(guard.EndpointRefusedError):
        Plain().send(request)
    assert server[1] == []
    guard.install([server[0]])
    assert Plain().send(request).status_code == 201


def test_nobody_listens() -> None:
    """As with botocore, that is an endpoint that cannot be reached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        for session in (URLLib3Session(), Plain()):
            with pytest.raises(EndpointConnectionError):
                session.send(AWSPreparedRequest("GET", url, HeadersDict(), None, False))


def test_a_lent_client_has_its_sessions_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two have one at a time; it has the keys of who has it, and none when it was given back; another
    Region's is another."""
    monkeypatch.setattr(sessions, "_lent", None)
    monkeypatch.setattr(sessions, "_ready", defaultdict(list))
    endpoint = "http://127.0.0.1:9"
    first, second = (
        sessions.session(endpoint, Credentials("111122223333", name, f"{name}-secret", token), "eu-west-1")
        for name, token in (("one", ""), ("two", "a-token"))
    )
    own = first.client("sts")
    sessions.give_back()
    assert first.client("sts") is not own, "nothing is lent as yet"
    sessions.lend()
    elsewhere = first.client("sts", region_name="us-east-1")
    made = first.client("sts")
    another = second.client("sts")
    assert [_keys(each) for each in (elsewhere, made, another)] == [
        ("one", "one-secret", None),
        ("one", "one-secret", None),
        ("two", "two-secret", "a-token"),
    ]
    assert made.meta.region_name == another.meta.region_name == "eu-west-1"
    assert made.meta.config.read_timeout == another.meta.config.read_timeout
    sessions.give_back()
    assert {_keys(each) for each in (elsewhere, made, another)} == {("none", "none", None)}
    again = [second.client("sts"), second.client("sts", region_name="us-east-1")]
    assert again[0] in (made, another)
    assert again[1] is elsewhere
    assert {_keys(each) for each in again} == {("two", "two-secret", "a-token")}


def _keys(client: Any) -> tuple[str, str, str | None]:
    """Those that a request of the client's is signed with."""
    signed = {}

    def look(request: Any, **_: Any) -> None:
        signed.update(dict(request.headers))
        raise InterruptedError

    client.meta.events.register("before-send.sts.GetCallerIdentity", look)
    with pytest.raises(InterruptedError):
        client.get_caller_identity()
    client.meta.events.unregister("before-send.sts.GetCallerIdentity", look)
    frozen = client._request_signer._credentials.get_frozen_credentials()
    said = signed["Authorization"]
    assert f"Credential={frozen.access_key}/" in (said.decode() if isinstance(said, bytes) else said)
    return frozen.access_key, frozen.secret_key, frozen.token
