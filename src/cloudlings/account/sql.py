"""SQL as a grader may ask it: one statement, read only, of a database of this sandbox."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from cloudlings.errors import AccountError

_SECONDS = 20
_STATEMENT_MS = 3000
CANNOT_CONNECT_NOW = "57P03"
"""PostgreSQL's code of the door's refusal where this machine has none (sandbox/databases/door.py)."""


@dataclass(frozen=True)
class Login:
    """Where and as whom to ask. The password is in no evidence."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def about(self) -> dict[str, Any]:
        """All but the password."""
        return {"host": self.host, "port": self.port, "user": self.user, "database": self.database}


def ask(login: Login, statement: str) -> dict[str, Any]:
    """The rows of one statement: ``{"rows": [[...], ...]}``, or ``{"error": text, "code": sqlstate}``.

    ``code`` is "" where nobody listens. The session is read only, so a check changes no row; what is no JSON
    value comes back as text. AccountError for an address that is not of this machine.
    """
    if not is_here(login.host):
        raise AccountError(
            f"{login.host} is no database of this sandbox.", next_step="ask an endpoint that RDS describes"
        )
    import psycopg

    try:
        with psycopg.connect(
            host=login.host,
            port=login.port,
            user=login.user,
            password=login.password,
            dbname=login.database,
            connect_timeout=_SECONDS,
            options=f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MS}",
        ) as connection:
            rows = connection.execute(statement).fetchall()
    except psycopg.Error as error:
        return {"error": str(error).strip().splitlines()[0], "code": error.sqlstate or _code(str(error))}
    return {"rows": [[_plain(value) for value in row] for row in rows]}


def is_here(host: str) -> bool:
    """Whether a host is an address of this machine's loopback, as the sandbox's databases have."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _code(text: str) -> str:
    """A connection that fails has no sqlstate in psycopg: the door's words tell it."""
    return CANNOT_CONNECT_NOW if "No PostgreSQL is installed" in text else ""


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
