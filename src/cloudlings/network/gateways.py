"""Where a route leads: hands a packet to its target. Endpoints and appliances are dealt with here."""

from __future__ import annotations

from dataclasses import replace

from . import travel
from .between import over_peering, over_transit
from .internet import leave, leave_egress_only
from .journey import End, Leg, Walk, component
from .model import (
    EgressOnlyGateway,
    Endpoint,
    Instance,
    Interface,
    InternetGateway,
    NatGateway,
    Peering,
    Route,
    RouteTable,
    TransitGateway,
)
from .nat import into_nat
from .policies import policy_refuses
from .result import Component, Phase


def is_internet_gateway(walk: Walk, route: Route) -> bool:
    """Whether a route leads to an internet gateway that exists."""
    return isinstance(walk.index.things.get(route.target), InternetGateway)


def stays_in_subnet(walk: Walk, route: Route, subnet: str) -> bool:
    """Whether the next hop is in the same subnet, so that no network ACL is crossed on the way to it."""
    target = walk.index.things.get(route.target)
    return isinstance(target, NatGateway) and target.subnet == subnet


def dispatch(
    walk: Walk,
    leg: Leg,
    phase: Phase,
    table: RouteTable,
    route: Route,
    subnet: str,
    target: End,
    came_by: str,
) -> bool:
    """Hand the packet to a working route target."""
    thing = walk.index.things[route.target]
    match thing:
        case InternetGateway():
            return leave(walk, leg, phase, thing, table, target)
        case EgressOnlyGateway():
            return leave_egress_only(walk, leg, phase, thing, table, target)
        case NatGateway():
            return into_nat(walk, leg, phase, thing, table, subnet, target)
        case Peering():
            return over_peering(walk, leg, phase, thing, table.vpc, target)
        case TransitGateway():
            return over_transit(walk, leg, phase, thing, table.vpc, subnet, target)
        case Endpoint():
            return _into_endpoint(walk, leg, phase, thing, target, came_by)
        case _:
            return _appliance(
                walk, leg, phase, thing if isinstance(thing, Interface | Instance) else None, route
            )


def _into_endpoint(walk: Walk, leg: Leg, phase: Phase, endpoint: Endpoint, target: End, came_by: str) -> bool:
    part = component(endpoint)
    if endpoint.type != "Gateway":
        text = f"The route leads to endpoint {part} ({endpoint.type}); what inspects the packet is not known."
        walk.cannot_tell("UNSUPPORTED_COMPONENT", part, text, phase)
        return False
    if came_by:
        text = f"Gateway endpoint {part} serves its own VPC only, and this came in by a {came_by}."
        walk.stop("X_GATEWAY_ENDPOINT_FROM_OUTSIDE", part, text, phase, leg=leg)
    echo = walk.question.protocol == "icmp" and walk.question.server_ports == ((8, 8),)
    if walk.question.protocol != "tcp" and not echo:
        text = f"Gateway endpoint {part} takes TCP and ping only, not {walk.question.protocol}."
        walk.stop("VPCE_GATEWAY_PROTOCOL_RESTRICTION", part, text, phase, leg=leg)
    policy_refuses(walk, leg, phase, endpoint)
    text = f"Gateway endpoint {part} carries it to {endpoint.service} without leaving AWS's network."
    walk.hop(leg, phase, part, text, vpc=endpoint.vpc)
    walk.hop(leg, phase, target.component, f"It reaches {travel.destination_words(walk, leg, target)}.")
    leg.answering = replace(target, outside="service", endpoint=endpoint)
    return True


def from_endpoint(walk: Walk, leg: Leg, phase: Phase, source: End, target: End) -> bool:
    """A service's reply through a gateway endpoint: into the client's subnet."""
    assert source.endpoint is not None
    part = component(source.endpoint)
    walk.hop(
        leg, phase, part, f"The reply comes back through gateway endpoint {part}.", vpc=source.endpoint.vpc
    )
    return travel.deliver(walk, leg, phase, source.endpoint.vpc, target, "")


def _appliance(walk: Walk, leg: Leg, phase: Phase, thing: Interface | Instance | None, route: Route) -> bool:
    part = component(thing) if thing is not None else Component(route.target, "route target")
    interface = thing if isinstance(thing, Interface) else None
    if isinstance(thing, Instance):
        interface = next(
            (walk.index.interfaces[name] for name in thing.interfaces if name in walk.index.interfaces), None
        )
    if interface is not None and interface.source_dest_check:
        text = (
            f"Route {route.destination} leads to {part}, whose source/destination check is on: it drops what "
            "is not addressed to itself."
        )
        found = walk.stop("ENI_SOURCE_DEST_CHECK_RESTRICTION", part, text, phase, rule=route, leg=leg)
        walk.hop(leg, phase, part, text, allowed=False, rule=route, explanations=(found,))
        return False
    text = (
        f"Route {route.destination} leads to {part}, an appliance; what it does with the packet is not known."
    )
    walk.cannot_tell("UNSUPPORTED_COMPONENT", part, text, phase)
    return False
