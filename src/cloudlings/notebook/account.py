"""Looking at your own account from a notebook: draw its network, try a packet or a request, price a month.

These only read, with the learner's own keys; nothing here grades.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from IPython.display import display

from cloudlings.notebook import render
from cloudlings.notebook.session import for_people


@for_people
def draw(vpc: str = "", *, region: str | None = None, theme: Any = "auto") -> None:
    """Draws a VPC of yours as it is now (its id or Name; the one with most in it when left out)."""
    from cloudlings.network.picture import draw as drawn
    from cloudlings.network.reader import read_network

    display(drawn(read_network(_session(region)), vpc, theme=theme))


@for_people
def reach(
    source: str,
    destination: str,
    port: int | None = None,
    protocol: str = "tcp",
    *,
    region: str | None = None,
) -> None:
    """Follows a packet from one place to another, there and back, and draws its way.

    A place is an id, a name, an address, ``internet``, or ``service:s3``.
    """
    from cloudlings.network import trace
    from cloudlings.network.picture import draw as drawn
    from cloudlings.network.reader import read_network

    network = read_network(_session(region))
    found = trace(network, source, destination, protocol, port)
    display(render.said(found.sentence))
    # The picture is of the VPC that the path runs through.
    on_path = [hop.vpc for hop in found.hops if hop.vpc]
    if on_path:
        display(drawn(network, on_path[0], found))


@for_people
def can(principal: str, action: str, resource: str = "*", context: Mapping[str, Any] | None = None) -> None:
    """Says whether a principal of your account may do something, and which statement decides.

    ``principal`` is an ARN, ``role/NAME`` or ``user/NAME``. ``context`` holds condition keys, as in
    ``can("role/app", "s3:GetObject", arn, {"aws:SecureTransport": "false"})``.
    """
    from cloudlings import iam

    session = _session(None)
    if not principal.startswith("arn:") and "/" in principal:
        account = session.client("sts").get_caller_identity()["Account"]
        principal = f"arn:aws:iam::{account}:{principal}"
    gathered = iam.gather(session, principal, resource)
    asked = {**gathered.context, **(context or {})}
    request = iam.Request(gathered.principal, action, resource, context=asked)
    display(_Explained(iam.decide(request, gathered.policies)))
    for unread in gathered.unread:
        display(render.said(f"Could not be read: {unread}"))


@for_people
def cost(*, region: str | None = None) -> None:
    """What the account would cost a month on real AWS if everything stayed as it is now."""
    from cloudlings.cost import estimate

    print(estimate(_session(region)))


class _Explained:
    """A decision as HTML and as text."""

    def __init__(self, decision: Any) -> None:
        self._decision = decision

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        from cloudlings import iam

        return {"text/html": iam.explain_html(self._decision), "text/plain": iam.explain(self._decision)}


class _Session:
    """A boto3 session whose clients are kept: to load EC2's model anew takes longer than to ask EC2."""

    def __init__(self, region: str | None) -> None:
        self._session = boto3.Session(region_name=region)
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()

    def client(self, service_name: str, region_name: str | None = None) -> Any:
        key = (service_name, region_name)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(service_name, region_name=region_name)
            return self._clients[key]


def _session(region: str | None) -> _Session:
    """The session of whoever the environment says one is now."""
    return _session_of(region, tuple(sorted((k, v) for k, v in os.environ.items() if k.startswith("AWS_"))))


@lru_cache(maxsize=4)
def _session_of(region: str | None, _environment: tuple[tuple[str, str], ...]) -> _Session:
    return _Session(region)
