"""Where routes lead: internet, egress-only and NAT gateways, peerings, transit gateways, endpoints."""

from __future__ import annotations

from dataclasses import replace

from . import addresses, travel
from .addresses import RFC1918, RFC6598, Piece, block
from .filters import through_acl
from .index import Index
from .journey import INTERNET, WIDE_PORTS, End, Leg, Walk, component
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
    TransitGatewayAttachment,
    Vpc,
)
from .policies import policy_refuses
from .result import Component, Phase
from .routing import ways


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
            return _leave(walk, leg, phase, thing, table, target)
        case EgressOnlyGateway():
            return _leave_egress_only(walk, leg, phase, thing, table, target)
        case NatGateway():
            return _into_nat(walk, leg, phase, thing, table, subnet, target)
        case Peering():
            return _over_peering(walk, leg, phase, thing, table.vpc, target)
        case TransitGateway():
            return _over_transit(walk, leg, phase, thing, table.vpc, subnet, target)
        case Endpoint():
            return _into_endpoint(walk, leg, phase, thing, target, came_by)
        case _:
            return _appliance(
                walk, leg, phase, thing if isinstance(thing, Interface | Instance) else None, route
            )


# -- the internet ----------------------------------------------------------------------------------


def enter(walk: Walk, leg: Leg, phase: Phase, source: End, target: End) -> bool:
    """A packet from outside comes in through the internet gateway of its destination's VPC."""
    if target.outside:
        walk.hop(leg, phase, target.component, f"It reaches {target.component} without touching a VPC.")
        return True
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


def _leave(
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
        return _astray(walk, leg, phase, part, table, target)
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
    home = walk.index.vpcs.get(gateway.vpc)
    if phase == "forward" and home is not None and home.block_public_access == "block-bidirectional":
        allowed = False
        text = f"VPC {component(home)} has Block Public Access on in both directions, which stops it."
        walk.stop(
            "VPC_BLOCK_PUBLIC_ACCESS_ENABLED", component(home), text, phase, direction="egress", leg=leg
        )
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


def _leave_egress_only(
    walk: Walk, leg: Leg, phase: Phase, gateway: EgressOnlyGateway, table: RouteTable, target: End
) -> bool:
    part = component(gateway)
    if walk.question.family == 4:
        text = f"Egress-only internet gateway {part} carries IPv6 only, and this is IPv4."
        walk.stop("PROTOCOL_RESTRICTION", part, text, phase, direction="egress", leg=leg)
        return False
    if phase == "return":
        return _astray(walk, leg, phase, part, table, target)
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


def _astray(walk: Walk, leg: Leg, phase: Phase, part: Component, table: RouteTable, target: End) -> bool:
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


# -- NAT gateways ----------------------------------------------------------------------------------


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


def _into_nat(
    walk: Walk, leg: Leg, phase: Phase, nat: NatGateway, table: RouteTable, subnet: str, target: End
) -> bool:
    part = component(nat)
    if phase == "return":
        return _astray(walk, leg, phase, part, table, target)
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


# -- between VPCs ----------------------------------------------------------------------------------


def _over_peering(walk: Walk, leg: Leg, phase: Phase, peering: Peering, vpc: str, target: End) -> bool:
    other = peering.accepter if vpc == peering.requester else peering.requester
    part = component(peering)
    if other not in walk.index.vpcs:
        text = f"Peering connection {part} leads to VPC {other}, which is not known here (another account?)."
        walk.cannot_tell("UNKNOWN_RESOURCE", part, text, phase)
        return False
    seen = leg.seen(target)
    if seen is None or not walk.index.in_vpc(other, seen, walk.question.family):
        text = (
            f"Peering connection {part} carries only what is addressed to VPC {other} itself, and "
            f"{travel.destination_words(walk, leg, target)} is not in its range: peering is not transitive."
        )
        found = walk.stop("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", part, text, phase, leg=leg)
        walk.hop(leg, phase, part, text, allowed=False, explanations=(found,))
        return False
    walk.hop(leg, phase, part, f"Peering connection {part} carries it to VPC {other}.", vpc=other)
    return travel.deliver(walk, leg, phase, other, target, "")


def _over_transit(
    walk: Walk, leg: Leg, phase: Phase, transit: TransitGateway, vpc: str, subnet: str, target: End
) -> bool:
    attachment = walk.index.attachment_of[transit.id, vpc]
    part = component(transit)
    zone = walk.index.subnets[subnet].az
    entry = [name for name in attachment.subnets if _zone(walk, name) == zone]
    if attachment.subnets and not entry:
        text = (
            f"Transit gateway {part} has no subnet of {vpc} in {zone} in its attachment {attachment.id}, so "
            f"nothing from subnet {subnet} can enter it."
        )
        walk.stop("TGW_ROUTE_AZ_RESTRICTION", part, text, phase, leg=leg)
    if entry:
        through_acl(walk, leg, phase, entry[0], "ingress")
    return _route_in_transit(walk, leg, phase, transit, attachment, zone, target)


def _zone(walk: Walk, subnet: str) -> str:
    found = walk.index.subnets.get(subnet)
    return found.az if found is not None else ""


def _route_in_transit(
    walk: Walk,
    leg: Leg,
    phase: Phase,
    transit: TransitGateway,
    attachment: TransitGatewayAttachment,
    zone: str,
    target: End,
) -> bool:
    part = component(transit)
    table = walk.index.transit_table_of.get(attachment.id)
    if table is None:
        text = (
            f"Attachment {component(attachment)} of transit gateway {part} is associated with no route table."
        )
        walk.stop("TGW_ATTACH_MISSING_TGW_RTB_ASSOCIATION", component(attachment), text, phase, leg=leg)
        return False
    shown = component(table)
    rows = walk.index.transit_rows(table, walk.question.family)
    seen = leg.seen(target)
    matching = [row for row in rows if _covers(row[0].low, row[0].high, seen, leg.pieces)]
    if not matching:
        text = f"Transit gateway table {shown} has no route to {travel.destination_words(walk, leg, target)}."
        found = walk.stop("TGW_RTB_NO_ROUTE_TO_TGW_ATTACHMENT", shown, text, phase, related=(part,), leg=leg)
        walk.hop(leg, phase, shown, text, allowed=False, explanations=(found,))
        return False
    row = matching[0]
    if row[3] != "active":
        text = (
            f"Transit gateway route table {shown} drops it: its route "
            f"{addresses.show_range(row[0].low, row[0].high, row[0].family)} is a blackhole."
        )
        found = walk.stop(
            "TGW_RTB_BAD_STATE_ROUTE", shown, text, phase, rule=row[4], related=(part,), leg=leg
        )
        walk.hop(leg, phase, shown, text, allowed=False, rule=row[4], explanations=(found,))
        return False
    onward = walk.index.things.get(row[2])
    text = f"Transit gateway {part} sends it by table {shown} to attachment {row[2]}."
    walk.hop(leg, phase, part, text, rule=row[4])
    assert isinstance(onward, TransitGatewayAttachment)
    return _out_of_transit(walk, leg, phase, onward, zone, target)


def _covers(low: int, high: int, seen: int | None, pieces: list[Piece]) -> bool:
    if seen is not None:
        return low <= seen <= high
    return any(low <= piece.low and piece.high <= high for piece in pieces)


def _out_of_transit(
    walk: Walk, leg: Leg, phase: Phase, attachment: TransitGatewayAttachment, zone: str, target: End
) -> bool:
    part = component(attachment)
    if attachment.resource_type != "vpc" or attachment.resource not in walk.index.vpcs:
        text = (
            f"Attachment {part} leads to {attachment.resource or 'something'} ({attachment.resource_type}), "
            "and what lies behind it is not known here."
        )
        walk.cannot_tell("UNSUPPORTED_COMPONENT", part, text, phase)
        return False
    if attachment.state not in ("available", "modifying"):
        text = f"Attachment {part} is {attachment.state}."
        walk.stop("BAD_STATE_ATTACHMENT", part, text, phase, leg=leg)
        return False
    subnets = [name for name in attachment.subnets if name in walk.index.subnets]
    if not subnets:
        if not target.outside and target.vpc == attachment.resource:
            return travel.deliver(walk, leg, phase, attachment.resource, target, "")
        text = f"The subnets of attachment {part} are not known."
        walk.cannot_tell("UNKNOWN_RESOURCE", part, text, phase)
        return False
    near = [name for name in subnets if _zone(walk, name) == zone] or subnets
    landing = walk.choose(near)
    if target.subnet == landing and not target.outside and not leg.far(target):
        return travel.arrive(walk, leg, phase, target)
    return travel.follow_routes(walk, leg, phase, landing, target, came_by="transit gateway")


# -- endpoints and appliances ----------------------------------------------------------------------


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
