"""Internet gateways and egress-only internet gateways: in, out, and replies that go astray."""

from __future__ import annotations

from . import addresses, travel
from .addresses import RFC1918, RFC6598, block
from .filters import through_acl
from .journey import INTERNET, End, Leg, Walk, component
from .model import EgressOnlyGateway, InternetGateway, Route, RouteTable, Vpc
from .result import Component, Phase
from .routing import fault_of, ways


def enter(walk: Walk, leg: Leg, phase: Phase, source: End, target: End) -> bool:
    """A packet from outside comes in through the internet gateway of its destination's VPC."""
    if target.outside:
        walk.hop(leg, phase, target.component, f"It reaches {target.component} without touching a VPC.")
        return True
    if phase == "forward" and _comes_another_way(walk, leg, source, target):
        return False
    outsider = component_of_outside(source)
    words = "The request comes from" if phase == "forward" else "The reply comes from"
    walk.hop(leg, phase, outsider, f"{words} {walk.address(leg, source)}.")
    _check_outside_source(walk, leg, phase, source)
    gateway = walk.index.gateway_of.get(target.vpc)
    home = walk.index.vpcs.get(target.vpc)
    part = component(home) if home is not None else Component(target.vpc, "VPC")
    if gateway is None:
        text = f"VPC {part} has no internet gateway attached, so nothing from the internet can come in."
        found = walk.stop("NO_PATH", part, text, phase, direction="ingress", leg=leg)
        walk.hop(leg, phase, part, text, allowed=False, vpc=target.vpc, explanations=(found,))
    else:
        _in_by_gateway(walk, leg, phase, gateway, home, target)
    through_acl(walk, leg, phase, target.subnet, "ingress")
    return travel.arrive(walk, leg, phase, target)


def component_of_outside(end: End) -> Component:
    """What stands for an end outside of every VPC."""
    return end.component if end.outside != "internet" or end.address is not None else INTERNET


def _comes_another_way(walk: Walk, leg: Leg, source: End, target: End) -> bool:
    """A private address outside comes by a VPN or the like, if at all: unknown where a route leads to it."""
    table = walk.index.table_of(target.subnet)
    if table is None or source.address is None or not _private(source.address, walk.question.family):
        return False
    found = ways(walk.index.rows(table, walk.question.family), leg.pieces, source.address)
    if not found or not _leads_outside(walk, table, found[0].route):
        return False
    text = (
        f"{walk.address(leg, source)} is reached by {found[0].route.target}, so it may come in that way as "
        "well; what lies behind it is not known here."
    )
    walk.cannot_tell("UNSUPPORTED_COMPONENT", component(table), text, "forward")
    return True


def _leads_outside(walk: Walk, table: RouteTable, route: Route) -> bool:
    """Whether a route leads to what the engine cannot look into, straight or over a transit gateway."""
    fault = fault_of(walk.index, table, route)
    if fault is not None:
        return fault.unknown
    return any(
        each.transit_gateway == route.target and each.resource_type != "vpc"
        for each in walk.index.network.transit_gateway_attachments
    )


def _private(address: int, family: int) -> bool:
    """Whether no host on the internet has an address."""
    return not any(low <= address <= high for low, high in addresses.internet(family))


def _check_outside_source(walk: Walk, leg: Leg, phase: Phase, source: End) -> None:
    if walk.question.family == 6 or source.address is None:
        return
    for texts, name in ((RFC1918, "RFC1918"), (RFC6598, "RFC6598")):
        if _within(source.address, texts):
            text = f"{walk.address(leg, source)} is private ({name}), which cannot come in from the internet."
            walk.stop(f"IGW_SOURCE_ADDRESS_NOT_IN_{name}_INGRESS", source.component, text, phase, leg=leg)


def _in_by_gateway(
    walk: Walk, leg: Leg, phase: Phase, gateway: InternetGateway, home: Vpc | None, target: End
) -> None:
    part = component(gateway)
    text, allowed = f"Internet gateway {part} passes it to {target.component}.", True
    known = any(each.code == "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS" for each in walk.blockers)
    if target.public is None and not (phase == "return" and known):
        allowed = False
        kind = (
            "public IPv4 address" if walk.question.family == 4 else "IPv6 address that the internet can reach"
        )
        text = f"{target.component} has no {kind}, so internet gateway {part} has nothing to deliver to."
        walk.stop(
            "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
            part,
            text,
            phase,
            direction="ingress",
            related=(target.component,),
            leg=leg,
        )
    if phase == "forward" and home is not None and home.block_public_access.startswith("block"):
        allowed = False
        text = f"VPC {component(home)} has Block Public Access on, which stops traffic from the internet."
        walk.stop(
            "VPC_BLOCK_PUBLIC_ACCESS_ENABLED", component(home), text, phase, direction="ingress", leg=leg
        )
    walk.hop(leg, phase, part, text, allowed=allowed, direction="ingress", vpc=target.vpc)
    _edge_table(walk, leg, phase, gateway, target)


def _edge_table(walk: Walk, leg: Leg, phase: Phase, gateway: InternetGateway, target: End) -> None:
    """A gateway route table may send what comes in to an appliance first."""
    for table in walk.index.network.route_tables:
        if gateway.id not in table.gateways or target.address is None:
            continue
        found = ways(walk.index.rows(table, walk.question.family), leg.pieces, target.address)
        if found and found[0].route.target != "local":
            text = (
                f"Route table {component(table)} of internet gateway {component(gateway)} sends it to "
                f"{found[0].route.target} first, and what that does with it is not known here."
            )
            walk.cannot_tell("UNSUPPORTED_COMPONENT", component(table), text, phase)


def leave(
    walk: Walk, leg: Leg, phase: Phase, gateway: InternetGateway, table: RouteTable, target: End
) -> bool:
    """A packet goes out through an internet gateway."""
    source = leg.client if phase == "forward" else (leg.answering or leg.server)
    part = component(gateway)
    allowed, text = (
        True,
        f"Internet gateway {part} sends it out to {travel.destination_words(walk, leg, target)}.",
    )
    if phase == "return" and not target.outside and not (leg.far(target) or walk.question.family == 6):
        return astray(walk, leg, phase, part, table, target)
    if phase == "forward" and (source.public is None or source.vpc != gateway.vpc):
        allowed = False
        text = _no_public_address(walk, source, part)
        walk.stop(
            "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
            part,
            text,
            phase,
            direction="egress",
            related=(source.component,),
            leg=leg,
        )
    if phase == "forward" and leg.by_public:
        leg.translated = True
    if phase == "forward" and _outbound_blocked(walk, leg, phase, gateway.vpc):
        allowed = False
        text = walk.blockers[-1].text
    seen = leg.seen(target)
    if (
        walk.question.family == 4
        and seen is not None
        and _private_destination(walk, leg, phase, part, seen, table)
    ):
        walk.hop(leg, phase, part, walk.blockers[-1].text, allowed=False, direction="egress", vpc=gateway.vpc)
        return False
    walk.hop(leg, phase, part, text, allowed=allowed, direction="egress", vpc=gateway.vpc)
    if target.outside:
        walk.hop(
            leg,
            phase,
            component_of_outside(target),
            f"It reaches {travel.destination_words(walk, leg, target)}.",
        )
        return True
    return _in_again(walk, leg, phase, target)


def _outbound_blocked(walk: Walk, leg: Leg, phase: Phase, vpc: str) -> bool:
    """Whether VPC Block Public Access stops what starts inside; its ingress-only mode does not."""
    home = walk.index.vpcs.get(vpc)
    if home is None or home.block_public_access != "block-bidirectional":
        return False
    text = f"VPC {component(home)} has Block Public Access on in both directions, which stops it."
    walk.stop("VPC_BLOCK_PUBLIC_ACCESS_ENABLED", component(home), text, phase, direction="egress", leg=leg)
    return True


def _in_again(walk: Walk, leg: Leg, phase: Phase, target: End) -> bool:
    """Out by one gateway and in by the destination's: the ends meet by their public addresses."""
    gateway = walk.index.gateway_of.get(target.vpc)
    home = walk.index.vpcs.get(target.vpc)
    if gateway is None:
        part = component(home) if home is not None else Component(target.vpc, "VPC")
        text = f"VPC {part} has no internet gateway attached, so nothing from the internet can come in."
        walk.stop("NO_PATH", part, text, phase, direction="ingress", leg=leg)
    else:
        _in_by_gateway(walk, leg, phase, gateway, home, target)
    through_acl(walk, leg, phase, target.subnet, "ingress")
    return travel.arrive(walk, leg, phase, target)


def _no_public_address(walk: Walk, source: End, part: Component) -> str:
    if walk.question.family == 6:
        return f"{source.component} has no IPv6 address of this VPC, so internet gateway {part} drops it."
    return (
        f"{source.component} has no public IPv4 address, so internet gateway {part} cannot translate its "
        "private one, and the packet is dropped."
    )


def _private_destination(
    walk: Walk, leg: Leg, phase: Phase, part: Component, seen: int, table: RouteTable
) -> bool:
    for texts, name in ((RFC1918, "RFC1918"), (RFC6598, "RFC6598")):
        if _within(seen, texts):
            if phase == "forward":
                travel.disconnected(walk, leg, phase)
                _no_own_route(walk, leg, phase, table)
            text = (
                f"{addresses.show(seen, 4)} is a private address ({name}): internet gateway {part} sends "
                "nothing there."
            )
            code = f"IGW_DESTINATION_ADDRESS_NOT_IN_{name}_EGRESS"
            walk.stop(code, part, text, phase, direction="egress", leg=leg)
            return True
    return False


def _no_own_route(walk: Walk, leg: Leg, phase: Phase, table: RouteTable) -> None:
    """A private destination that only the default route matched: the table has no route that leads there."""
    first = walk.index.table_of(leg.client.subnet) or table
    if leg.server.outside:
        return
    text = (
        f"Route table {component(first)} has no route that leads to VPC {leg.server.vpc}: only its default "
        f"route matches {leg.server.component}, and that leads to the internet."
    )
    walk.stop("NO_ROUTE_TO_DESTINATION", component(first), text, phase, direction="egress", leg=leg)


def _within(address: int, texts: tuple[str, ...]) -> bool:
    return any(found.low <= address <= found.high for text in texts if (found := block(text)))


def leave_egress_only(
    walk: Walk, leg: Leg, phase: Phase, gateway: EgressOnlyGateway, table: RouteTable, target: End
) -> bool:
    part = component(gateway)
    if walk.question.family == 4:
        text = f"Egress-only internet gateway {part} carries IPv6 only, and this is IPv4."
        walk.stop("PROTOCOL_RESTRICTION", part, text, phase, direction="egress", leg=leg)
        return False
    if phase == "return":
        return astray(walk, leg, phase, part, table, target)
    _outbound_blocked(walk, leg, phase, gateway.vpc)
    text = f"Egress-only internet gateway {part} sends it out, and lets the replies back in."
    walk.hop(leg, phase, part, text, direction="egress", vpc=gateway.vpc)
    if target.outside:
        walk.hop(
            leg,
            phase,
            component_of_outside(target),
            f"It reaches {travel.destination_words(walk, leg, target)}.",
        )
        return True
    return _in_again(walk, leg, phase, target)


def astray(walk: Walk, leg: Leg, phase: Phase, part: Component, table: RouteTable, target: End) -> bool:
    """A reply that does not go back the way the request came: no connection is there to match it to."""
    shown = component(table)
    text = (
        f"The reply to {travel.destination_words(walk, leg, target)} goes by route table {shown} to {part}, "
        "not back the way the request came, so the connection is never established."
    )
    found = walk.stop("X_ASYMMETRIC_RETURN", shown, text, phase, direction="egress", related=(part,), leg=leg)
    walk.hop(leg, phase, part, text, allowed=False, direction="egress", vpc=table.vpc, explanations=(found,))
    if not target.outside:
        text = f"Route table {shown} has no route that leads the reply back to {target.component}."
        walk.stop("NO_ROUTE_TO_DESTINATION", shown, text, phase, direction="egress", leg=leg)
    return False
