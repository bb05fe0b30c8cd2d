"""SQL of a grader: this machine's databases only, and no password in the evidence."""

from __future__ import annotations

import socket

import pytest

from cloudlings.account import Account
from cloudlings.account.sql import Login, ask
from cloudlings.errors import AccountError, EvidenceMissing


@pytest.mark.parametrize(
    "host", ["192.0.2.7", "db.example.com", "", "appointments.eu-west-1.rds.amazonaws.com"]
)
def test_elsewhere(host: str) -> None:
    """A database that is not of this machine is not asked."""
    with pytest.raises(AccountError):
        ask(Login(host, 5432, "auditor", "look-only", "appointments"), "select 1")


def test_nobody_listens() -> None:
    """Where nobody listens, the answer is an error without a code."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = ask(Login("127.0.0.1", port, "auditor", "look-only", "appointments"), "select 1")
    assert (sorted(found), found["code"]) == (["code", "error"], "")


def test_about() -> None:
    """What is recorded of a login has no password."""
    assert "look-only" not in str(Login("127.0.0.1", 5432, "auditor", "look-only", "appointments").about())


class Nobody:
    """A source of clients that is asked for none."""

    def client(self, service_name: str, *, region_name: str | None = None) -> None:
        raise AssertionError(f"{service_name} was asked for")


def login() -> Login:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Login("127.0.0.1", free.getsockname()[1], "auditor", "look-only", "appointments")


def test_undeclared() -> None:
    """A task that did not declare it asks no database."""
    with pytest.raises(AccountError, match="may not ask"):
        Account("123456789012", Nobody()).ask(login(), "select 1")


def test_recorded() -> None:
    """What was asked is answered again from the evidence, which has no password; nothing else is."""
    here = login()
    first = Account("123456789012", Nobody(), probes=["sql:Select"])
    found = first.ask(here, "select 1")
    again = Account("123456789012", None, probes=["sql:Select"], evidence=first.evidence)
    assert again.ask(here, "select 1") == found
    assert "look-only" not in str(first.evidence.to_json())
    with pytest.raises(EvidenceMissing):
        again.ask(here, "select 2")
