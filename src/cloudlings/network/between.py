"""Between VPCs: peering connections, which are not transitive, and transit gateways with their tables."""

from __future__ import annotations

from . import addresses, travel
from .addresses import Piece
from .filters import through_acl
from .journey import End, Leg, Walk, component
from .model import Peering, TransitGateway, TransitGatewayAttachment
from .result import Phase


def over_peering(walk: Walk, leg: Leg, phase: Phase, peering: Peering, vpc: str, target: End) -> bool:
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


def over_transit(
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
