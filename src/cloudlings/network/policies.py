"""Endpoint policies: asked of whoever can decide them, since this package cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .index import service_name
from .journey import Leg, Walk, component
from .model import Endpoint
from .result import Phase


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """What an endpoint policy is asked about: endpoint, policy (JSON text), the service's short name."""

    endpoint: str
    policy: str
    service: str


#: True when the policy allows the request, False when not, None when that cannot be told.
Allows = Callable[[EndpointRequest], "bool | None"]


def is_open(policy: str) -> bool:
    """Whether a policy is the default one, which lets everybody do everything."""
    if not policy:
        return True
    try:
        document = json.loads(policy)
    except ValueError:
        return False
    statements = document.get("Statement") if isinstance(document, dict) else None
    for each in statements if isinstance(statements, list) else [statements]:
        if not isinstance(each, dict) or set(each) - {"Sid", "Effect", "Principal", "Action", "Resource"}:
            return False
        everything = [each.get("Effect") == "Allow", each.get("Principal") in ("*", {"AWS": "*"})]
        everything += [each.get(key) in ("*", ["*"]) for key in ("Action", "Resource")]
        if not all(everything):
            return False
    return True


def policy_refuses(walk: Walk, leg: Leg, phase: Phase, endpoint: Endpoint) -> None:
    """Ask whether an endpoint's policy lets the request through, and record what it says."""
    if is_open(endpoint.policy):
        return
    part = component(endpoint)
    allows = walk.question.allows
    answer = None
    if callable(allows):
        answer = allows(EndpointRequest(endpoint.id, endpoint.policy, service_name(endpoint.service)))
    if answer is False:
        text = f"The policy of endpoint {part} does not allow the request."
        walk.stop("X_ENDPOINT_POLICY", part, text, phase, leg=leg)
    elif answer is None and callable(allows):
        text = f"Whether the policy of endpoint {part} allows the request cannot be told."
        walk.cannot_tell("X_ENDPOINT_POLICY", part, text, phase)
    elif answer is None:
        text = (
            f"Endpoint {part} has a policy of its own, which was not looked at: it may refuse some requests."
        )
        walk.warn("X_ENDPOINT_POLICY", part, text, phase)
