"""Requests as a stranger sends them: to the sandbox only, declared, recorded, replayed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from cloudlings.account import Account, Evidence
from cloudlings.errors import AccountError, EvidenceMissing, LeadsElsewhere, SandboxUnavailable


class Answering(BaseHTTPRequestHandler):
    """Knows one address; says what was asked."""

    def do_GET(self):
        known = self.path == "/photos/a%20b.txt?X-Amz-Signature=1"
        self.send_response(200 if known else 403)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"low tide" if known else b"<Code>AccessDenied</Code>")

    def log_message(self, *_):
        """Quiet."""


class Source:
    """A source of clients that know one endpoint."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service_name, *, region_name=None):
        return SimpleNamespace(meta=SimpleNamespace(endpoint_url=self.endpoint))


@pytest.fixture(scope="module")
def server():
    server = HTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Source(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_a_presigned_url_is_fetched_once_and_replayed(server):
    """What a stranger got is evidence: the verdict is computed again without the sandbox."""
    url = f"{server.endpoint}/photos/a%20b.txt?X-Amz-Signature=1"
    account = Account("123456789012", server, probes=["http:GET"])
    found = account.send(url)
    assert (found["status"], found["body"]) == (200, b"low tide")
    assert found["headers"]["content-type"] == "text/plain"
    kept = Evidence.from_json(account.evidence.to_json())
    again = Account("123456789012", None, probes=["http:GET"], evidence=kept)
    assert again.send(url) == found
    with pytest.raises(EvidenceMissing):
        again.send(url + "&other=1")


def test_an_address_is_written_as_a_browser_would(server):
    """Spaces and letters beyond ASCII are sent by their bytes."""
    account = Account("123456789012", server, probes=["http:GET"])
    assert account.send(f"{server.endpoint}/photos/a b.txt?X-Amz-Signature=1")["status"] == 200
    assert account.send(f"{server.endpoint}/photos/ü.txt")["status"] == 403


def test_what_is_refused_is_an_answer_too(server):
    """An error status is what the stranger saw, and no failure of the check."""
    account = Account("123456789012", server, probes=["http:GET"])
    assert account.send(f"{server.endpoint}/photos/other")["status"] == 403


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "https://127.0.0.1/", "file:///etc/passwd", "http://[", ""]
)
def test_no_other_place_is_asked(server, url):
    """An address that a learner hands in leads to the sandbox, or nowhere; that is evidence as well."""
    account = Account("123456789012", server, probes=["http:GET"])
    with pytest.raises(LeadsElsewhere, match="does not lead to") as first:
        account.send(url)
    kept = Evidence.from_json(account.evidence.to_json())
    again = Account("123456789012", None, probes=["http:GET"], evidence=kept)
    with pytest.raises(LeadsElsewhere) as second:
        again.send(url)
    assert (second.value.message, second.value.next_step) == (first.value.message, first.value.next_step)


def test_a_method_that_is_not_declared_is_refused(server):
    """Sending is a probe: the task says which methods it uses."""
    with pytest.raises(AccountError, match="http:POST"):
        Account("123456789012", server, probes=["http:GET"]).send(server.endpoint, method="POST")


def test_a_sandbox_that_is_gone_is_said_so():
    """Nobody answering is unavailable, never a wrong answer of the learner's."""
    account = Account("123456789012", Source("http://127.0.0.1:9"), probes=["http:GET"])
    with pytest.raises(SandboxUnavailable, match="did not answer"):
        account.send("http://127.0.0.1:9/bucket/key")
