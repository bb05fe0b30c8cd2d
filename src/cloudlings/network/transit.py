"""A transit gateway's routes: static ones, and those that attachments propagate.

Order among equal prefixes: a static route, then one propagated by a VPC attachment, then by others
(https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .addresses import Block, block, show_range
from .model import TransitGatewayAttachment, TransitGatewayRoute, TransitGatewayRouteTable

if TYPE_CHECKING:
    from .index import Index

TransitRow = tuple[Block, int, str, str, object]


def rows(index: Index, table: TransitGatewayRouteTable, family: int) -> list[TransitRow]:
    """A table's routes of one family, best first: (block, priority, attachment, state, route)."""
    attachments = {each.id: each for each in index.network.transit_gateway_attachments}
    found: list[TransitRow] = []
    for route in table.routes:
        priority = 0 if route.type == "static" else 2
        plain = block(route.destination)
        blocks = [plain] if plain is not None else index.prefix_blocks(route.destination, family)
        state = _state(route, attachments)
        found.extend(
            (each, priority, route.attachment, state, route) for each in blocks if each.family == family
        )
    for attachment_id in table.propagations:
        attachment = attachments.get(attachment_id)
        if attachment is not None and attachment.resource_type == "vpc":
            found.extend(_propagated(index, attachment, family))
    found.sort(key=lambda row: (-row[0].length, row[1]))
    return found


def _propagated(index: Index, attachment: TransitGatewayAttachment, family: int) -> list[TransitRow]:
    """A VPC attachment propagates the VPC's CIDRs; the IPv6 ones only with its IPv6 support on."""
    if family == 6 and not attachment.ipv6:
        return []
    state = "active" if attachment.state == "available" else "blackhole"
    return [
        (
            each,
            1,
            attachment.id,
            state,
            TransitGatewayRoute(
                show_range(each.low, each.high, each.family), attachment.id, "propagated", state
            ),
        )
        for each in index.vpc_blocks(attachment.resource, family)
    ]


def _state(route: TransitGatewayRoute, attachments: dict[str, TransitGatewayAttachment]) -> str:
    """A route's state from its target: without a living attachment it is a blackhole, whatever it says."""
    if not route.attachment:
        return "blackhole"
    attachment = attachments.get(route.attachment)
    if attachment is None or attachment.state in ("deleted", "deleting", "failed", "rejected"):
        return "blackhole"
    return "active"
