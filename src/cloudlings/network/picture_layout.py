"""Where everything of a VPC goes: zones as columns, tiers as rows, gateways on the edge, neighbours beside.

Positions only: a layout is frozen data that the drawing and the traces on it share.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cloudlings.network.model import Network, RouteTable, Subnet, Thing, Vpc
from cloudlings.network.picture_chips import NOWHERE, Chip, chips_of, grouped, stem
from cloudlings.network.picture_svg import Box

KINDS = ("public", "private", "isolated", "broken", "unknown")
MOST_RESOURCES = 60
MOST_CHIPS = 8
CHIP_HEIGHT = 34.0
CHIP_WIDTH = 190.0
GAP = 6.0
HEADER = 62.0
PAD = 10.0
TOP = 58.0
MARGIN = 12.0
WHOLE = 0.0
"""A width of nothing: laid out for its words only, so nothing is grouped."""


@dataclass(frozen=True)
class Cell:
    """A subnet as drawn."""

    subnet: Subnet
    kind: str
    route: str
    chips: tuple[Chip, ...] = ()
    box: Box = NOWHERE

    @property
    def gate(self) -> Box:
        """Where a trace passes the subnet's ACL and route table: beside the lines of CIDR and route."""
        return Box(self.box.x, self.box.y + 26, self.box.w + 8, 28)


@dataclass(frozen=True)
class Edge:
    """What sits on the VPC's border or beside it: a gateway, an endpoint, a peer, a transit gateway."""

    id: str
    tag: str
    label: str
    detail: str = ""
    faint: bool = False
    box: Box = NOWHERE

    @property
    def gate(self) -> Box:
        """Where a trace passes it: its upper side."""
        return Box(self.box.x, self.box.y - 8, self.box.w, 16)


@dataclass(frozen=True)
class Layout:
    """The whole picture's positions. ``places``: the boxes of component ids, for traces to pass through."""

    width: float
    height: float
    vpc: Vpc
    frame: Box
    zones: tuple[tuple[str, Box], ...]
    cells: tuple[Cell, ...]
    top: tuple[Edge, ...]
    bottom: tuple[Edge, ...]
    beside: tuple[Edge, ...]
    internet: Box | None
    notes: tuple[str, ...] = ()
    gutters: tuple[float, ...] = ()
    """Heights at which nothing is drawn across the zones: traces cross there."""
    places: Mapping[str, Box] = field(default_factory=dict)


def lay_out(network: Network, vpc: Vpc, kinds: Callable[[str], str], width: float) -> Layout:
    """Lays ``vpc`` out in ``width`` units; ``kinds`` tells the kind of a subnet's id."""
    cells = _cells(network, vpc, kinds, grouping=width != WHOLE)
    beside = _beside(network, vpc)
    right = 164.0 if beside else 0.0
    top, bottom = _top(network, vpc), _bottom(network, vpc)
    internet = Box(0, TOP, 0, 26) if top else None
    frame_y = TOP + (26 + 38 if top else 12)
    frame = Box(MARGIN, frame_y, width - 2 * MARGIN - right, 0)
    zones, placed, inner = _grid(cells, frame, first=frame_y + (36 if top else 16))
    frame = replace(frame, h=inner + PAD + (24 if bottom else 4) - frame.y)
    top = _along(top, frame, frame.y - 15)
    bottom = _along(bottom, frame, frame.bottom - 15)
    placed_beside = _stack(beside, frame, width)
    if internet:
        centre = sum(edge.box.cx for edge in top) / len(top)
        internet = Box(centre - 95, TOP, 190, 26)
    lowest = max([frame.bottom + (18 if bottom else 6), *(edge.box.bottom for edge in placed_beside)])
    layout = Layout(
        width,
        lowest + MARGIN,
        vpc,
        frame,
        zones,
        placed,
        top,
        bottom,
        placed_beside,
        internet,
        _notes(network),
    )
    return replace(layout, gutters=_gutters(layout), places=_places(network, layout))


# Columns and rows


def _cells(network: Network, vpc: Vpc, kinds: Callable[[str], str], *, grouping: bool) -> list[Cell]:
    subnets = [subnet for subnet in network.subnets if subnet.vpc == vpc.id]
    tables = _Tables(network, vpc)
    total = sum(len(chips_of(network, subnet)) for subnet in subnets)
    made = []
    for subnet in sorted(subnets, key=lambda one: (one.az, _cidr_key(one.cidr), one.name)):
        chips = chips_of(network, subnet)
        if grouping and (total > MOST_RESOURCES or len(chips) > MOST_CHIPS):
            chips = grouped(chips, harder=total > MOST_RESOURCES)
        made.append(Cell(subnet, kinds(subnet.id), tables.default_route(subnet), tuple(chips)))
    return made


def _cidr_key(cidr: str) -> tuple[int, int]:
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return (2**32, 0)
    return (int(network.network_address), network.prefixlen)


def _rows(cells: list[Cell]) -> list[list[Cell]]:
    """Rows of cells, at most one of each zone: public tiers first, a tier's subnets beside each other."""
    tiers: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda c: _cidr_key(c.subnet.cidr)):
        tiers.setdefault(stem(cell.subnet.name) or cell.subnet.id, []).append(cell)
    rows: list[tuple[int, list[Cell]]] = []
    for tier in tiers.values():
        rank = min(_rank(cell) for cell in tier)
        own: list[list[Cell]] = [] if len(tier) > 1 else [row for level, row in rows if level == rank]
        for cell in tier:
            row = next((r for r in own if all(c.subnet.az != cell.subnet.az for c in r)), None)
            if row is None:
                row = []
                own.append(row)
                rows.append((rank, row))
            row.append(cell)
    return [row for _, row in sorted(rows, key=lambda item: item[0])]


def _rank(cell: Cell) -> int:
    return KINDS.index(cell.kind) if cell.kind in KINDS else len(KINDS)


def _grid(
    cells: list[Cell], frame: Box, first: float
) -> tuple[tuple[tuple[str, Box], ...], tuple[Cell, ...], float]:
    zones = sorted({cell.subnet.az for cell in cells}) or [""]
    wide = (frame.w - PAD * (len(zones) + 1)) / len(zones)
    columns = {zone: frame.x + PAD + number * (wide + PAD) for number, zone in enumerate(zones)}
    y = first + 26
    placed: list[Cell] = []
    for row in _rows(cells):
        high = max(_cell_height(cell, wide) for cell in row)
        for cell in row:
            box = Box(columns[cell.subnet.az] + 6, y, wide - 12, high)
            placed.append(replace(cell, box=box, chips=_placed_chips(cell.chips, box)))
        y += high + PAD
    if not cells:
        y += 40
    boxes = tuple((zone, Box(columns[zone], first, wide, y - first)) for zone in zones)
    return boxes, tuple(placed), y


def _gutters(layout: Layout) -> tuple[float, ...]:
    tops = sorted({cell.box.y for cell in layout.cells})
    zone = layout.zones[0][1]
    return (zone.y - 8, *(top - PAD / 2 for top in tops[1:]), zone.bottom + 8)


def _chip_columns(wide: float, chips: int) -> int:
    """As many as leave room for a name beside a trace's marks, and no more than there are chips."""
    return max(1, min(chips, int((wide - 16 + GAP) // (CHIP_WIDTH + GAP))))


def _cell_height(cell: Cell, wide: float) -> float:
    rows = -(-len(cell.chips) // _chip_columns(wide - 12, len(cell.chips)))
    return HEADER + rows * (CHIP_HEIGHT + GAP) + (4 if rows else 0)


def _placed_chips(chips: tuple[Chip, ...], cell: Box) -> tuple[Chip, ...]:
    columns = _chip_columns(cell.w, len(chips))
    wide = (cell.w - 16 - GAP * (columns - 1)) / columns
    return tuple(
        replace(
            chip,
            box=Box(
                cell.x + 8 + (number % columns) * (wide + GAP),
                cell.y + HEADER + (number // columns) * (CHIP_HEIGHT + GAP),
                wide,
                CHIP_HEIGHT,
            ),
        )
        for number, chip in enumerate(chips)
    )


class _Tables:
    """Which route table a subnet uses, and where its default route goes, in a few words."""

    def __init__(self, network: Network, vpc: Vpc) -> None:
        tables = [table for table in network.route_tables if table.vpc == vpc.id]
        self._own = {subnet: table for table in tables for subnet in table.subnets}
        self._main = next((table for table in tables if table.main), None)
        targets: tuple[Thing, ...] = (
            *network.internet_gateways,
            *network.egress_only_gateways,
            *network.nat_gateways,
            *network.peerings,
            *network.transit_gateways,
            *network.instances,
            *network.interfaces,
        )
        self._names = {one.id: one.name for one in targets if one.name}

    def default_route(self, subnet: Subnet) -> str:
        """For example ``→ igw · rt-public``: the way out, and the table that says so."""
        table = self._own.get(subnet.id, self._main)
        if table is None:
            return "no route table"
        named = table.name or table.id
        name = named if subnet.id in self._own else f"main table {named}"
        return f"{self._way_out(table)} · {name}"

    def _way_out(self, table: RouteTable) -> str:
        ways = {}
        for route in table.routes:
            if route.destination in ("0.0.0.0/0", "::/0"):
                ways[route.destination] = self._names.get(route.target, route.target)
        four, six = ways.get("0.0.0.0/0"), ways.get("::/0")
        if four and six and four != six:
            return f"→ {four}, IPv6 → {six}"
        if six and not four:
            return f"IPv6 → {six}"
        return f"→ {four}" if four else "no default route"


# The edge, and beside


def _top(network: Network, vpc: Vpc) -> tuple[Edge, ...]:
    made = [
        Edge(one.id, "IGW", one.name or one.id, "internet gateway")
        for one in network.internet_gateways
        if one.vpc == vpc.id
    ]
    made += [
        Edge(one.id, "EIGW", one.name or one.id, "egress-only, IPv6")
        for one in network.egress_only_gateways
        if one.vpc == vpc.id
    ]
    return tuple(made)


def _bottom(network: Network, vpc: Vpc) -> tuple[Edge, ...]:
    return tuple(
        Edge(one.id, "VPCE", one.name or one.id, f"gateway endpoint: {one.service.rpartition('.')[2]}")
        for one in network.endpoints
        if one.vpc == vpc.id and one.type == "Gateway"
    )


def _beside(network: Network, vpc: Vpc) -> tuple[Edge, ...]:
    vpcs = {one.id: one for one in network.vpcs}
    made: list[Edge] = []
    for peering in network.peerings:
        ends = (peering.requester, peering.accepter)
        if vpc.id in ends:
            other = ends[1] if ends[0] == vpc.id else ends[0]
            name = vpcs[other].name or other if other in vpcs else other
            state = "" if peering.state == "active" else f" · {peering.state}"
            detail = f"peering {peering.name or peering.id}{state}"
            made.append(Edge(peering.id, "VPC", name, detail, faint=bool(state)))
    for gateway in network.transit_gateways:
        attached = [
            one.resource for one in network.transit_gateway_attachments if one.transit_gateway == gateway.id
        ]
        if vpc.id in attached:
            others = [vpcs[one].name or one if one in vpcs else one for one in attached if one != vpc.id]
            detail = f"to {', '.join(others) or 'nothing'}"
            made.append(Edge(gateway.id, "TGW", gateway.name or gateway.id, detail))
    return tuple(made)


def _along(edges: tuple[Edge, ...], frame: Box, y: float) -> tuple[Edge, ...]:
    """Edges side by side on a horizontal border, around its middle."""
    if not edges:
        return ()
    wide = min(176.0, (frame.w - 20 - 12 * (len(edges) - 1)) / len(edges))
    total = wide * len(edges) + 12 * (len(edges) - 1)
    start = frame.cx - total / 2
    return tuple(
        replace(edge, box=Box(start + number * (wide + 12), y, wide, 30)) for number, edge in enumerate(edges)
    )


def _stack(edges: tuple[Edge, ...], frame: Box, width: float) -> tuple[Edge, ...]:
    """Edges one below the other in the right margin, from the middle of the frame."""
    high = 46.0
    total = len(edges) * high + 12 * (len(edges) - 1)
    start = max(frame.y + 20, frame.cy - total / 2)
    x = frame.right + 26
    return tuple(
        replace(edge, box=Box(x, start + number * (high + 12), width - MARGIN - x, high))
        for number, edge in enumerate(edges)
    )


def _notes(network: Network) -> tuple[str, ...]:
    loose = [one.name or one.id for one in network.internet_gateways if not one.vpc]
    notes = [f"Not attached to any VPC: internet gateway {', '.join(loose)}."] if loose else []
    return (*notes, *network.unread)


def _places(network: Network, layout: Layout) -> dict[str, Box]:
    places: dict[str, Box] = {}
    for edge in (*layout.top, *layout.bottom, *layout.beside):
        places[edge.id] = edge.gate
    for cell in layout.cells:
        places[cell.subnet.id] = cell.gate
        for chip in cell.chips:
            for one in chip.ids:
                places.setdefault(one, chip.box)
                places[f"{one}@{cell.subnet.id}"] = chip.box
    _place_rules(network, places)
    _place_neighbours(network, layout, places)
    if layout.internet:
        places["internet"] = layout.internet
    return places


def _place_rules(network: Network, places: dict[str, Box]) -> None:
    """Tables and ACLs that serve one subnet only are there; others are found by the hop's subnet."""
    for table in network.route_tables:
        if len(table.subnets) == 1 and table.subnets[0] in places:
            places[table.id] = places[table.subnets[0]]


def _place_neighbours(network: Network, layout: Layout, places: dict[str, Box]) -> None:
    """What is in a neighbouring VPC is where that VPC is drawn."""
    own = layout.vpc.id
    for peering in network.peerings:
        if peering.id in places:
            other = peering.accepter if peering.requester == own else peering.requester
            places.setdefault(other, places[peering.id])
    for attachment in network.transit_gateway_attachments:
        if attachment.transit_gateway in places:
            places.setdefault(attachment.id, places[attachment.transit_gateway])
            if attachment.resource != own:
                places.setdefault(attachment.resource, places[attachment.transit_gateway])
    for vpc in network.vpcs:
        if vpc.id != own and vpc.id in places:
            for subnet in network.subnets:
                if subnet.vpc == vpc.id:
                    places.setdefault(subnet.id, places[vpc.id])
            for one in network.interfaces:
                if one.vpc == vpc.id:
                    places.setdefault(one.id, places[vpc.id])
                    if one.attached_to:
                        places.setdefault(one.attached_to, places[vpc.id])
