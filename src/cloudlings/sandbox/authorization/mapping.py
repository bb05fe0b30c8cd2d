"""From a request to what it needs: the service's own mapping where there is one, else the common rule."""

from __future__ import annotations

from cloudlings.sandbox.authorization import common, services
from cloudlings.sandbox.authorization.need import Asked, Need
from cloudlings.sandbox.authorization.registry import ALSO, WHOLE


def needs_of(asked: Asked) -> tuple[Need, ...]:
    """Every permission that a request needs, in the order in which they are asked for."""
    services.load()
    operation = asked.call.operation
    mapper = WHOLE.get((asked.prefix, operation)) or WHOLE.get((asked.prefix, "")) or common.needs_of
    found = [*mapper(asked), *(need for extra in ALSO for need in extra(asked))]
    unique = {(need.action, need.resource, repr(need.context)): need for need in found}
    return tuple(unique.values())
