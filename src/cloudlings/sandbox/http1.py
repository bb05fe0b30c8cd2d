"""HTTP/1.1 between processes of one sandbox: a request's bytes, and a response as its bytes come in."""

from __future__ import annotations

from collections.abc import Iterable

import httptools

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
"""What may be sent again when a connection that was kept open turns out to be closed (RFC 9110, 9.2.2)."""


def head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request up to its body. Raises ValueError for what would end a line within one."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise ValueError(f"A header of {method} {target[:200]} holds the end of a line.")
    return text.encode("utf-8", "surrogateescape")


class Answer:
    """One response: ``status``, ``headers`` (names as sent) and ``body``, once it is ``complete``.

    ``to`` is the method that it answers. ``keeps`` says whether the connection can be used again.
    """

    def __init__(self, to: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.complete = self.keeps = self.begun = False
        self._bodiless = to == "HEAD"
        self._parts: list[bytes] = []
        self._told_where_it_ends = False
        self._parser = httptools.HttpResponseParser(self)

    @property
    def body(self) -> bytes:
        return b"".join(self._parts)

    def feed(self, some: bytes) -> bool:
        """Take some bytes; whether it is complete. Raises ConnectionError for what is not HTTP."""
        self.begun = True
        try:
            self._parser.feed_data(some)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise ConnectionError(f"What answers there speaks no HTTP: {error}") from error
        return self.complete

    def end(self) -> None:
        """No more bytes will come. Raises ConnectionError where some are missing."""
        if not self.complete and (not self.status or self._told_where_it_ends):
            raise ConnectionError("The connection was closed in the middle of an answer.")
        self.complete, self.keeps = True, False

    # What the parser calls.

    def on_message_begin(self) -> None:
        # More than was asked for.
        self.keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.complete:
            self.headers.append((name, value))
            self._told_where_it_ends |= name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        if not self.complete:
            self.status = self._parser.get_status_code()
            if self._bodiless and self.status >= 200:
                self._is_complete()

    def on_body(self, part: bytes) -> None:
        if not self.complete:
            self._parts.append(part)

    def on_message_complete(self) -> None:
        if self.complete:
            return
        if self.status < 200:
            # 100 Continue: the answer itself follows.
            self.status, self.headers, self._told_where_it_ends = 0, [], False
        else:
            self._is_complete()

    def _is_complete(self) -> None:
        self.complete, self.keeps = True, bool(self._parser.should_keep_alive())
