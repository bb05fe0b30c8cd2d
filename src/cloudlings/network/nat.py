"""NAT gateways: a connection of their own towards the destination, and replies back to the client."""

from __future__ import annotations

from dataclasses import replace

from . import addresses, travel
from .addresses import block
from .filters import through_acl
from .index import Index
from .internet import astray
from .journey import WIDE_PORTS, End, Leg, Walk, component
from .model import NatGateway, RouteTable
from .result import Component, Phase


def nat_end_of(index: Index, nat: NatGateway) -> End:
    """A NAT gateway as an end: it starts connections, with ports of its own, and accepts none."""
    interface = index.interfaces.get(nat.interface)
    private = nat.private_ip or next(iter(interface.private_ips), "") if interface else nat.private_ip
    found = block(private) if private else None
    where = index.subnets.get(nat.subnet)
    inside = block(where.cidr) if where is not None else None
    public = next((each for text in nat.public_ips if (each := block(text))), None)
    return End(
        component(nat),
        address=found.low if found else inside.low + 5 if inside else 0,
        public=public.low if public and nat.connectivity == "public" else None,
        interface=interface,
        subnet=nat.subnet,
        vpc=nat.vpc,
        ports=WIDE_PORTS,
    )


def into_nat(
    walk: Walk, leg: Leg, phase: Phase, nat: NatGateway, table: RouteTable, subnet: str, target: End
) -> bool:
    part = component(nat)
    if phase == "return":
        return astray(walk, leg, phase, part, table, target)
    if nat.mode == "regional" or not nat.subnet:
        text = f"NAT gateway {part} is a regional one, which this engine does not look into."
        walk.cannot_tell("UNSUPPORTED_COMPONENT", part, text, phase)
        return False
    if walk.question.family == 6:
        text = f"NAT gateway {part} takes IPv6 only for NAT64, which this engine does not look into."
        walk.cannot_tell("UNSUPPORTED_COMPONENT", part, text, phase)
        return False
    if walk.question.protocol not in ("tcp", "udp", "icmp"):
        text = f"NAT gateway {part} carries TCP, UDP and ICMP only, not protocol {walk.question.protocol}."
        walk.stop("PROTOCOL_RESTRICTION", part, text, phase, leg=leg)
    if nat.id in walk.gateways:
        return _nat_loop(walk, leg, phase, part, nat, table)
    walk.gateways.append(nat.id)
    if nat.subnet != subnet:
        through_acl(walk, leg, phase, nat.subnet, "ingress")
    public = ", ".join(nat.public_ips) if nat.connectivity == "public" else ""
    as_whom = f"its public address {public}" if public else f"its private address {nat.private_ip}"
    text = f"NAT gateway {part} sends it on as {as_whom}, from a port of its own (1024–65535)."
    walk.hop(leg, phase, part, text, subnet=nat.subnet, vpc=nat.vpc)
    return _beyond_nat(walk, leg, nat_end_of(walk.index, nat), target)


def _beyond_nat(walk: Walk, leg: Leg, end: End, target: End) -> bool:
    """The NAT gateway's own connection; what it can reach limits what the client can."""
    pieces = [piece._replace(client=WIDE_PORTS) for piece in leg.pieces]
    second = Leg(end, target, pieces, by_public=leg.by_public)
    travel.connect(walk, second)
    if target.address is None:
        left = addresses.overlap(leg.pieces, [(piece.low, piece.high) for piece in second.pieces])
        leg.pieces = left or leg.pieces
    leg.answering = replace(
        target, subnet=end.subnet, vpc=end.vpc, outside="", component=end.component, public=None
    )
    return True


def _nat_loop(
    walk: Walk, leg: Leg, phase: Phase, part: Component, nat: NatGateway, table: RouteTable
) -> bool:
    shown = component(table)
    text = (
        f"Route table {shown} of NAT gateway {part}'s own subnet {nat.subnet} sends the packet back to that "
        "NAT gateway: it goes round and never reaches an internet gateway."
    )
    walk.stop("X_ROUTING_LOOP", part, text, phase, related=(shown,), leg=leg)
    text = f"Route table {shown} of subnet {nat.subnet}, where NAT gateway {part} is, has no route out."
    found = walk.stop("NO_ROUTE_TO_DESTINATION", shown, text, phase, direction="egress", leg=leg)
    walk.hop(leg, phase, part, text, allowed=False, subnet=nat.subnet, vpc=nat.vpc, explanations=(found,))
    return False
