"""What kind of subnet it is: decided by where its routes lead, never by names, tags or flags.

The words are those of https://docs.aws.amazon.com/vpc/latest/userguide/configure-subnets.html: a public
subnet has a route to an internet gateway, an isolated one has no route out of its VPC, a private one
has a way out that is no internet gateway. Broken is ours: its default route leads nowhere.
"""

from __future__ import annotations

from typing import Literal

from .addresses import block
from .index import Index, index_of
from .model import (
    EgressOnlyGateway,
    Endpoint,
    InternetGateway,
    NatGateway,
    Network,
    Peering,
    Route,
    RouteTable,
    Subnet,
    TransitGateway,
    TransitGatewayAttachment,
)
from .nat import nat_end_of
from .routing import fault_of

Kind = Literal["public", "private", "isolated", "broken", "unknown"]
_DEFAULTS = ("0.0.0.0/0", "::/0")


def kind(network: Network, subnet: str | Subnet) -> Kind:
    """The kind of a subnet, given by id or name.

    "unknown" when the way out leads to something that the engine cannot look into, or when there is no
    such subnet or no table for it.
    """
    index = index_of(network)
    found = _subnet(index, subnet)
    table = index.table_of(found.id) if found is not None else None
    if table is None:
        return "unknown"
    return kind_of_table(index, table)


def _subnet(index: Index, subnet: str | Subnet) -> Subnet | None:
    if isinstance(subnet, Subnet):
        return subnet
    named = [each for each in index.names.get(subnet, ()) if isinstance(each, Subnet)]
    return index.subnets.get(subnet) or (named[0] if len(named) == 1 else None)


def kind_of_table(index: Index, table: RouteTable) -> Kind:
    """The kind of every subnet that a table routes; worked out once for a table."""
    known: dict[str, Kind] = index.kinds
    if table.id not in known:
        known[table.id] = _decide(index, table)
    return known[table.id]


def _decide(index: Index, table: RouteTable) -> Kind:
    led = [
        (route, leads(index, table, route, frozenset())) for route in table.routes if route.target != "local"
    ]
    if any(where == "internet gateway" for _, where in led):
        return "public"
    defaults = [where for route, where in led if _is_default(route)]
    if "nowhere" in defaults:
        return "broken"
    ways = {where for _, where in led}
    return "private" if "out" in ways else "unknown" if "unknown" in ways else "isolated"


def _is_default(route: Route) -> bool:
    found = block(route.destination)
    return found is not None and found.length == 0


def leads(index: Index, table: RouteTable, route: Route, seen: frozenset[str]) -> str:
    """Where a route leads: "internet gateway", "out" (another way out), "inside", "nowhere", "unknown"."""
    fault = fault_of(index, table, route)
    if fault is not None:
        return "unknown" if fault.unknown else "nowhere"
    target = index.things.get(route.target)
    match target:
        case InternetGateway():
            return "internet gateway"
        case EgressOnlyGateway():
            found = block(route.destination)
            return "out" if found is not None and found.family == 6 else "nowhere"
        case NatGateway():
            return _through_nat(index, target, seen)
        case Peering():
            return "nowhere" if _is_default(route) else "out"
        case TransitGateway():
            return _through_transit(index, target, table, route, seen)
        case Endpoint():
            return "inside" if target.type == "Gateway" else "unknown"
        case _:
            return "unknown"


def _through_nat(index: Index, nat: NatGateway, seen: frozenset[str]) -> str:
    """A NAT gateway leads where its own subnet's default route leads; a public one needs an address."""
    if nat.mode == "regional":
        return "unknown"
    if nat.id in seen:
        return "nowhere"
    table = index.table_of(nat.subnet)
    if table is None:
        return "unknown"
    led = default_of(index, table, seen | {nat.id})
    if led == "internet gateway":
        return "out" if nat_end_of(index, nat).public is not None else "nowhere"
    return "out" if led == "inside" and nat.connectivity == "private" else led


def default_of(index: Index, table: RouteTable, seen: frozenset[str]) -> str:
    """Where a table's IPv4 default route leads; "nowhere" when it has none."""
    for row in index.rows(table, 4):
        if row.block.length == 0:
            return leads(index, table, row.route, seen)
    return "nowhere"


def _through_transit(
    index: Index, transit: TransitGateway, table: RouteTable, route: Route, seen: frozenset[str]
) -> str:
    """A transit gateway leads on to what its table names for the destination."""
    attachment = index.attachment_of[transit.id, table.vpc]
    routes = index.transit_table_of.get(attachment.id)
    found = block(route.destination)
    if routes is None or transit.id in seen:
        return "nowhere"
    if found is None:
        return "unknown"
    rows = index.transit_rows(routes, found.family)
    covering = [row for row in rows if row[0].low <= found.low and found.high <= row[0].high]
    inner = [row for row in rows if found.low <= row[0].low and row[0].high <= found.high]
    for row in covering[:1] or inner:
        if row[3] != "active":
            continue
        onward = index.things.get(row[2])
        if not isinstance(onward, TransitGatewayAttachment) or onward.resource_type != "vpc":
            return "unknown"
        if found.length or onward.resource == table.vpc:
            return "out"
        return _egress_vpc(index, onward, seen | {transit.id})
    return "nowhere"


def _egress_vpc(index: Index, onward: TransitGatewayAttachment, seen: frozenset[str]) -> str:
    for name in onward.subnets:
        table = index.table_of(name)
        led = default_of(index, table, seen) if table is not None else "unknown"
        if led != "nowhere":
            return "nowhere" if led == "internet gateway" else led
    return "nowhere"
