"""HTTP as a stranger speaks it: no credentials, no redirects, and to one place only."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from cloudlings.errors import LeadsElsewhere, SandboxUnavailable

_SECONDS = 10
_LARGEST = 32_000_000


def exchange(
    endpoint: str, url: str, method: str, headers: Mapping[str, str], body: bytes = b""
) -> dict[str, Any]:
    """Sends one request and gives its status, headers and body.

    Errors: LeadsElsewhere when ``url`` leads elsewhere than ``endpoint``; SandboxUnavailable.
    """
    place, here = _parts(url), urlsplit(endpoint)
    if place is None or (place.scheme, place.netloc) != (here.scheme, here.netloc):
        raise LeadsElsewhere(
            f"{url} does not lead to {endpoint}.", next_step="make the address with a client of this lab"
        )
    # As a browser does it: what is no part of an address is written by its bytes.
    target = quote(f"{place.path or '/'}?{place.query}".rstrip("?"), safe="%/?&=:@!$'()*+,;~-._#")
    connection = HTTPConnection(str(place.hostname), place.port or 80, timeout=_SECONDS)
    try:
        connection.request(method, target, body=body or None, headers=dict(headers))
        reply = connection.getresponse()
        found = {name.lower(): value for name, value in reply.getheaders()}
        return {"status": reply.status, "headers": found, "body": reply.read(_LARGEST)}
    except (OSError, HTTPException) as error:
        raise SandboxUnavailable(
            f"The sandbox did not answer {method} {place.path}.",
            next_step="look with: cloudlings doctor; start it with: cloudlings start; then check again",
        ) from error
    finally:
        connection.close()


def _parts(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:  # brackets that are no address
        return None
