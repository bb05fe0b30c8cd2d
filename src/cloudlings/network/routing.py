"""Which route a packet takes, and whether its target works: decided from the target, not the state told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .addresses import Piece, Rect, regions, weight
from .index import Index, Row
from .journey import component
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
from .result import Component

#: Target ids of kinds that the engine does not look into; a missing one of any other kind is a deleted one.
_OPAQUE = {
    "vgw-": "a virtual private gateway (VPN or Direct Connect)",
    "lgw-": "a local gateway (Outposts)",
    "cagw-": "a carrier gateway (Wavelength)",
    "arn:aws:networkmanager": "a Cloud WAN core network",
    "rnat-": "a regional NAT gateway",
    "odb-": "an Oracle Database network",
}
DEAD_NAT = frozenset({"deleted", "deleting", "failed"})


@dataclass(frozen=True, slots=True)
class Way:
    """The part of a packet that one target gets: the route that sends it there, and the pieces."""

    route: Route
    pieces: tuple[Piece, ...]


def ways(rows: Sequence[Row], pieces: Sequence[Piece], address: int | None) -> list[Way]:
    """Split a packet by longest prefix. A fixed address takes one route; free pieces may take several.

    The largest part comes first. What no route matches is in none of the ways.
    """
    if address is not None:
        for row in rows:
            if row.block.low <= address <= row.block.high:
                return [Way(row.route, tuple(pieces))]
        return []
    rects = [Rect(row.block.low, row.block.high, 0, 65535, True, row.route) for row in rows]
    by_target: dict[str, tuple[Route, list[Piece]]] = {}
    for piece, covering in regions(pieces, rects):
        if covering:
            route = covering[0].rule
            assert isinstance(route, Route)
            by_target.setdefault(route.target, (route, []))[1].append(piece)
    found = [Way(route, tuple(parts)) for route, parts in by_target.values()]
    found.sort(key=lambda way: -weight(way.pieces))
    return found


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a route's target takes nothing; ``unknown`` when the engine cannot tell."""

    text: str
    component: Component
    unknown: bool = False


def fault_of(index: Index, table: RouteTable, route: Route) -> Fault | None:
    """What is wrong with a route's target as seen from the table's VPC, or None when it works."""
    if route.target == "local":
        return None
    target = index.things.get(route.target)
    if target is None or route.target in index.unsupported:
        return _missing(index, table, route)
    reason = _broken(index, table.vpc, target)
    if reason is None:
        return None
    return Fault(f"{_where(table, route)} leads to {component(target)}, {reason}", component(target))


def _where(table: RouteTable, route: Route) -> str:
    return f"Route {route.destination} of route table {component(table)}"


def _missing(index: Index, table: RouteTable, route: Route) -> Fault:
    what = index.unsupported.get(route.target) or next(
        (words for prefix, words in _OPAQUE.items() if route.target.startswith(prefix)), ""
    )
    if what:
        part = Component(route.target, what)
        text = (
            f"{_where(table, route)} leads to {route.target}, {what}; what lies behind it is not known here."
        )
        return Fault(text, part, unknown=True)
    if not route.target:
        part = Component(table.id, "route table", table.name)
        text = f"{_where(table, route)} has a target of a kind that is not known here."
        return Fault(text, part, unknown=True)
    part = Component(route.target, "route target")
    text = (
        f"{_where(table, route)} leads to {route.target}, which does not exist any more: it is a blackhole."
    )
    return Fault(text, part)


def _broken(index: Index, vpc: str, target: object) -> str | None:
    """Why a target that exists does not work for a VPC, as the end of a sentence; None when it does."""
    match target:
        case InternetGateway() | EgressOnlyGateway():
            return _detached(target, vpc)
        case NatGateway():
            return _bad_nat(target, vpc)
        case Peering():
            return _bad_peering(target, vpc)
        case TransitGateway():
            return _bad_transit(index, target, vpc)
        case Endpoint():
            return _bad_endpoint(target, vpc)
        case Interface():
            return None if target.vpc == vpc else "a network interface of another VPC."
        case Instance():
            return None if target.state == "running" else f"an instance that is {target.state}."
        case _:
            return "which cannot be the target of a route."


def _detached(gateway: InternetGateway | EgressOnlyGateway, vpc: str) -> str | None:
    if not gateway.vpc:
        return "which is attached to no VPC: the route is a blackhole."
    if gateway.vpc != vpc:
        return f"which is attached to another VPC ({gateway.vpc}): the route is a blackhole."
    if gateway.state not in ("available", "attached"):
        return f"whose attachment is {gateway.state}."
    return None


def _bad_nat(nat: NatGateway, vpc: str) -> str | None:
    if nat.state in DEAD_NAT:
        return f"a NAT gateway that is {nat.state}: the route is a blackhole."
    if nat.state != "available":
        return f"a NAT gateway that is still {nat.state}."
    if nat.vpc != vpc:
        return f"a NAT gateway of another VPC ({nat.vpc})."
    return None


def _bad_peering(peering: Peering, vpc: str) -> str | None:
    if peering.state != "active":
        return f"a peering connection that is {peering.state}, not active: it carries nothing."
    if vpc not in (peering.requester, peering.accepter):
        return f"a peering connection that this VPC ({vpc}) has no part in."
    return None


def _bad_transit(index: Index, transit: TransitGateway, vpc: str) -> str | None:
    if transit.state not in ("available", "modifying"):
        return f"a transit gateway that is {transit.state}."
    attachment = index.attachment_of.get((transit.id, vpc))
    if attachment is None:
        return f"to which this VPC ({vpc}) is not attached: the route is a blackhole."
    if attachment.state not in ("available", "modifying"):
        return f"to which this VPC's attachment ({attachment.id}) is {attachment.state}."
    return None


def _bad_endpoint(endpoint: Endpoint, vpc: str) -> str | None:
    if endpoint.vpc != vpc:
        return f"an endpoint of another VPC ({endpoint.vpc})."
    if endpoint.state.lower() != "available":
        return f"an endpoint that is {endpoint.state}."
    return None
