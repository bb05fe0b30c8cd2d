"""The walk of a packet from one end of a leg to the other, in the request and in the reply.

A request leaves its interface through security groups, its subnet through the network ACL, and follows
route tables from target to target until it is delivered or dropped. The reply goes the same way with
the ends changed. A stop is recorded and the walk goes on as far as it can, so every blocker is found.
"""

from __future__ import annotations

from . import gateways, internet
from .balance import through_balancer
from .filters import through_acl, through_groups
from .index import Row, subnet_of
from .journey import End, Leg, Walk, component
from .model import Peering, Route, RouteTable, TransitGateway
from .result import Component, Phase
from .routing import Way, fault_of, ways


def connect(walk: Walk, leg: Leg) -> None:
    """Walk a leg's request, then its reply. Afterwards ``walk`` holds the hops and every reason."""
    if walk.looping():
        text = f"The connection is passed on again and again, at last by {leg.client.component}."
        walk.stop("X_ROUTING_LOOP", leg.client.component, text, "forward", leg=leg)
        return
    leg.identity, leg.outbound_identity = identities(walk, leg)
    arrived = travel(walk, leg, "forward")
    if walk.unknowns:
        return
    if not arrived:
        _look_at_the_far_side(walk, leg)
    if walk.question.replies and not _nothing_to_answer(walk, leg, arrived):
        travel(walk, leg, "return")


def _nothing_to_answer(walk: Walk, leg: Leg, arrived: bool) -> bool:
    """No reply is worth walking from a place that cannot be an end, or that nothing connects."""
    if arrived:
        return False
    far = leg.answering or leg.server
    return bool(far.outside) or any(each.code == "DISCONNECTED_VPCS" for each in walk.blockers)


def _look_at_the_far_side(walk: Walk, leg: Leg) -> None:
    """A request that got lost on its way: what would the other end have said? All blockers are told."""
    server = leg.server
    if server.outside or leg.answering is not None or not server.subnet:
        return
    if server.subnet != leg.client.subnet:
        through_acl(walk, leg, "forward", server.subnet, "ingress")
    through_groups(walk, leg, server, "ingress")


def identities(walk: Walk, leg: Leg) -> tuple[str, str]:
    """Whether inbound and outbound rules may refer to groups on this leg: "", else the code for why not."""
    client, server = leg.client, leg.server
    lost = "SG_REFERENCES_NOT_PRESERVED"
    if leg.by_public:
        return lost, lost
    if client.vpc == server.vpc or client.outside or server.outside or server.address is None:
        return "", ""
    table = walk.index.table_of(client.subnet)
    found = ways(walk.index.rows(table, walk.question.family), leg.pieces, server.address) if table else []
    target = walk.index.things.get(found[0].route.target) if found else None
    if isinstance(target, TransitGateway):
        attached = [walk.index.attachment_of.get((target.id, vpc)) for vpc in (client.vpc, server.vpc)]
        enabled = target.sg_referencing and all(each is not None and each.sg_referencing for each in attached)
        return "" if enabled else "SG_REFERENCING_SUPPORT", "SG_REFERENCING_SUPPORT"
    if isinstance(target, Peering):
        regions = {walk.index.vpcs[vpc].region for vpc in (client.vpc, server.vpc) if vpc in walk.index.vpcs}
        return ("", "") if len(regions) < 2 else (lost, lost)
    return lost, lost


def travel(walk: Walk, leg: Leg, phase: Phase) -> bool:
    """Carry the packet from its source to its destination; whether it got there (filters aside)."""
    source, target = (
        (leg.client, leg.server) if phase == "forward" else (leg.answering or leg.server, leg.client)
    )
    if source.outside == "service" and source.endpoint is not None:
        return gateways.from_endpoint(walk, leg, phase, source, target)
    if source.outside:
        return internet.enter(walk, leg, phase, source, target)
    depart(walk, leg, phase, source)
    if phase == "return" and leg.preserved:
        return _back_to_balancer(walk, leg, source, target)
    if source.subnet == target.subnet and not target.outside and not leg.far(target):
        return arrive(walk, leg, phase, target)
    return follow_routes(walk, leg, phase, source.subnet, target)


def depart(walk: Walk, leg: Leg, phase: Phase, source: End) -> None:
    """The source itself, and in a request its outbound security group rules."""
    if source.trouble is not None and phase == "forward":
        walk.stop(source.trouble[0], source.component, source.trouble[1], phase)
    words = "The request leaves" if phase == "forward" else "The reply leaves"
    walk.hop(
        leg,
        phase,
        source.component,
        f"{words} {source.component}.",
        subnet=source.subnet,
        vpc=source.vpc,
    )
    if phase == "forward":
        through_groups(walk, leg, source, "egress")


def arrive(walk: Walk, leg: Leg, phase: Phase, target: End) -> bool:
    """The packet is in its destination's subnet: inbound security group rules, then the destination."""
    if phase == "forward":
        through_groups(walk, leg, target, "ingress")
        if target.trouble is not None:
            walk.stop(target.trouble[0], target.component, target.trouble[1], phase)
    words = "The request reaches" if phase == "forward" else "The reply reaches"
    walk.hop(
        leg,
        phase,
        target.component,
        f"{words} {target.component}.",
        allowed=target.trouble is None or phase == "return",
        subnet=target.subnet,
        vpc=target.vpc,
    )
    if phase == "forward" and target.balancer is not None:
        through_balancer(walk, leg, target)
    return True


def _back_to_balancer(walk: Walk, leg: Leg, source: End, target: End) -> bool:
    """A reply to a client whose address a load balancer passed on: it goes back by the load balancer."""
    if source.subnet != target.subnet:
        through_acl(walk, leg, "return", source.subnet, "egress")
        through_acl(walk, leg, "return", target.subnet, "ingress")
    return arrive(walk, leg, "return", target)


def follow_routes(walk: Walk, leg: Leg, phase: Phase, subnet: str, target: End, came_by: str = "") -> bool:
    """Route a packet that is in a subnet: look up its table, and hand it to the route's target."""
    where = walk.index.subnets.get(subnet)
    if walk.looping():
        part = component(where) if where is not None else Component(subnet, "subnet")
        walk.stop("X_ROUTING_LOOP", part, f"The packet comes back to subnet {part} again and again.", phase)
        return False
    table = walk.index.table_of(subnet)
    if table is None or where is None:
        part = component(where) if where is not None else Component(subnet, "subnet")
        walk.cannot_tell("UNKNOWN_RESOURCE", part, f"No route table of subnet {part} is known.", phase)
        return False
    rows = walk.index.rows(table, walk.question.family)
    way = _choose_way(walk, leg, phase, rows, target)
    if way is None:
        through_acl(walk, leg, phase, subnet, "egress")
        _no_route(walk, leg, phase, table, subnet, target)
        return False
    if leg.seen(target) is None:
        leg.pieces = list(way.pieces)
    if not gateways.stays_in_subnet(walk, way.route, subnet):
        through_acl(walk, leg, phase, subnet, "egress")
    return _take(walk, leg, phase, table, way.route, subnet, target, came_by)


def _choose_way(walk: Walk, leg: Leg, phase: Phase, rows: list[Row], target: End) -> Way | None:
    found = ways(rows, leg.pieces, leg.seen(target))
    if not found:
        return None
    if phase == "forward":
        return walk.choose(found)
    # A reply to "the internet" is fine where it leaves by the internet gateway: the other addresses are lost.
    back = [way for way in found if gateways.is_internet_gateway(walk, way.route)]
    return back[0] if back and target.outside else found[0]


def _no_route(walk: Walk, leg: Leg, phase: Phase, table: RouteTable, subnet: str, target: End) -> None:
    part = component(table)
    main = " (the main table, since the subnet has none of its own)" if walk.index.is_implicit(subnet) else ""
    what = "the request" if phase == "forward" else "the reply"
    text = (
        f"Route table {part} of subnet {subnet}{main} has no route for {what} to "
        f"{destination_words(walk, leg, target)}."
    )
    found = walk.stop("NO_ROUTE_TO_DESTINATION", part, text, phase, direction="egress", leg=leg)
    walk.hop(leg, phase, part, text, allowed=False, subnet=subnet, vpc=table.vpc, explanations=(found,))
    disconnected(walk, leg, phase)


def destination_words(walk: Walk, leg: Leg, target: End) -> str:
    """A destination in words: its name and the address that routes are looked up by."""
    if target.outside == "service":
        return f"the AWS service {target.service}"
    address = walk.address(leg, target)
    if target.outside:
        return "the internet" if address.startswith("any ") else address
    return f"{target.component} at {address}"


def disconnected(walk: Walk, leg: Leg, phase: Phase) -> None:
    """Say so when the two ends are in VPCs that nothing connects."""
    client, server = leg.client, leg.server
    if client.outside or server.outside or client.vpc == server.vpc or leg.by_public or phase == "return":
        return
    if server.vpc in _linked(walk, client.vpc):
        return
    part = walk.index.vpcs.get(server.vpc)
    text = (
        f"VPC {client.vpc} and VPC {server.vpc} are not connected: there is no peering connection and no "
        "transit gateway between them."
    )
    shown = component(part) if part is not None else Component(server.vpc, "VPC")
    walk.stop("DISCONNECTED_VPCS", shown, text, phase)


def _linked(walk: Walk, vpc: str) -> set[str]:
    """The VPCs that peerings and transit gateways connect with one, over any number of them."""
    network = walk.index.network
    links = [{peering.requester, peering.accepter} for peering in network.peerings]
    for transit in network.transit_gateways:
        attached = network.transit_gateway_attachments
        links.append({each.resource for each in attached if each.transit_gateway == transit.id})
    found, grew = {vpc}, True
    while grew:
        grew = False
        for link in links:
            if link & found and not link <= found:
                found |= link
                grew = True
    return found


def _take(
    walk: Walk,
    leg: Leg,
    phase: Phase,
    table: RouteTable,
    route: Route,
    subnet: str,
    target: End,
    came_by: str,
) -> bool:
    part = component(table)
    fault = fault_of(walk.index, table, route)
    if fault is not None:
        if fault.unknown:
            found = walk.cannot_tell("UNSUPPORTED_COMPONENT", fault.component, fault.text, phase)
        else:
            found = walk.stop(
                "BAD_STATE_ROUTE", part, fault.text, phase, rule=route, related=(fault.component,), leg=leg
            )
        walk.hop(
            leg,
            phase,
            part,
            fault.text,
            allowed=False,
            rule=route,
            subnet=subnet,
            vpc=table.vpc,
            explanations=(found,),
        )
        return False
    thing = walk.index.things.get(route.target)
    to = "the VPC itself" if thing is None else str(component(thing))
    text = f"Route table {part} sends it by route {route.destination} to {to}."
    walk.hop(leg, phase, part, text, rule=route, subnet=subnet, vpc=table.vpc)
    if route.target == "local":
        return deliver(walk, leg, phase, table.vpc, target, subnet)
    return gateways.dispatch(walk, leg, phase, table, route, subnet, target, came_by)


def deliver(walk: Walk, leg: Leg, phase: Phase, vpc: str, target: End, from_subnet: str) -> bool:
    """The packet is in the VPC of its destination's address: into the destination's subnet."""
    if target.outside or target.vpc != vpc or leg.far(target):
        seen = leg.seen(target)
        home = walk.index.vpcs.get(vpc)
        part = component(home) if home is not None else Component(vpc, "VPC")
        address = walk.address(leg, target)
        where = subnet_of(walk.index, vpc, seen, walk.question.family) if seen is not None else None
        nobody = "nobody has it" if target.outside else f"it is not the address of {target.component}"
        text = f"{address} lies in VPC {part}'s own range, so the packet stays there, where {nobody}."
        related = (component(where),) if where is not None else ()
        found = walk.stop("NO_POSSIBLE_DESTINATION", part, text, phase, related=related, leg=leg)
        walk.hop(leg, phase, part, text, allowed=False, vpc=vpc, explanations=(found,))
        return False
    if target.subnet != from_subnet:
        through_acl(walk, leg, phase, target.subnet, "ingress")
    return arrive(walk, leg, phase, target)
