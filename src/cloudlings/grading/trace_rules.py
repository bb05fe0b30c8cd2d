"""What the grader of one order's trace asks: which request was it, and what failed first, where?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from cloudlings.grading.task import Because
from cloudlings.lab import Brief

CAUSES = ("processor timed out", "currency not set up", "certificate expired", "merchant limit reached")
"""What may have gone wrong in the payments service, as the seed lays it."""


def request_of(brief: Brief, order: str) -> str:
    """The request id of an order, as the seed lays it."""
    return "r-" + hashlib.sha256(f"{brief.tag}/{order}".encode()).hexdigest()[:12]


def _cause(brief: Brief) -> str:
    return CAUSES[hashlib.sha256(f"{brief.tag}/cause".encode()).digest()[0] % len(CAUSES)]


def names_the_cause(brief: Brief, request: str, given: Any) -> None:
    """Fails the check unless an answer names the request, and the service and cause of its first trouble."""
    said = given if isinstance(given, Mapping) else {}
    assert said.get("request") == request, Because(
        found=f'The answer "trace" names the request {said.get("request")!r}. Order {brief.complaint} was '
        "received under another.",
        consequence="One reads the life of somebody else's order.",
        concept="The order's number is known to one service; the request id goes along to all of them.",
    )
    services = ("orders", "payments", "shipping")
    assert said.get("service") in services, Because(
        found=f'The answer "trace" says: service {said.get("service")!r}. The services are '
        f"{', '.join(services)}.",
        consequence="Nobody knows which team to call.",
        concept="A log group is where a service writes; the service has a name of its own.",
    )
    right = (said.get("service"), said.get("cause")) == ("payments", _cause(brief))
    assert right, Because(
        found=f'The answer "trace" says: service {said.get("service")!r}, cause {said.get("cause")!r}. '
        "That is not the first line of this request that tells of trouble.",
        consequence="The team of a service that only suffered is woken, and the cause stays.",
        concept="Errors travel: who shouts loudest is often last. Sorted by time, the first trouble "
        "stands on top. A warning is trouble, too.",
    )
