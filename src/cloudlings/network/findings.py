"""What is worth knowing about a network beyond single traces: faults, risks, and rules without effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations, pairwise

from .addresses import block, internet, is_canonical, show_range
from .finding_rules import shadowed_rules, wide_rules
from .index import Index, index_of
from .journey import component
from .kinds import kind_of_table
from .model import NatGateway, Network, RouteTable, Subnet, Thing
from .result import Component, Finding
from .routing import fault_of


def findings(network: Network) -> tuple[Finding, ...]:
    """Every finding, problems first, then risks, then notes."""
    index = index_of(network)
    found = [finding for look in _LOOKS for finding in look(index)]
    order = {"problem": 0, "risk": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _nat_routes(index: Index) -> Iterable[tuple[Subnet, RouteTable, NatGateway]]:
    for subnet in index.network.subnets:
        table = index.table_of(subnet.id)
        for route in table.routes if table is not None else ():
            target = index.things.get(route.target)
            if table is not None and isinstance(target, NatGateway) and target.mode == "zonal":
                yield subnet, table, target


def _cross_zone_nat(index: Index) -> Iterable[Finding]:
    """A subnet whose NAT gateway is in another zone: it fails with it, and the way there is charged."""
    for subnet, table, nat in _nat_routes(index):
        home = index.subnets.get(nat.subnet)
        if home is not None and home.az != subnet.az:
            text = (
                f"Subnet {component(subnet)} is in {subnet.az}, and its NAT gateway {component(nat)} is "
                f"in {home.az}: "
                f"if {home.az} fails, {component(subnet)} loses the internet too, and traffic between "
                "zones is charged."
            )
            yield Finding("CROSS_AZ_NAT", "risk", component(nat), text, (component(subnet), component(table)))


def _single_nat(index: Index) -> Iterable[Finding]:
    """One NAT gateway that serves several zones."""
    zones: dict[str, set[str]] = {}
    for subnet, _, nat in _nat_routes(index):
        zones.setdefault(nat.id, set()).add(subnet.az)
    for vpc in index.network.vpcs:
        nats = [nat for nat in index.network.nat_gateways if nat.vpc == vpc.id and nat.id in zones]
        if len(nats) == 1 and len(zones[nats[0].id]) > 1:
            served = ", ".join(sorted(zones[nats[0].id]))
            text = (
                f"NAT gateway {component(nats[0])} alone serves {served}: one zone's failure cuts "
                "off all of them."
            )
            yield Finding("SINGLE_NAT", "risk", component(nats[0]), text)


def _implicit_main(index: Index) -> Iterable[Finding]:
    """A subnet without a table of its own follows the main table, and changes with it."""
    for subnet in index.network.subnets:
        table = index.table_of(subnet.id)
        if table is not None and index.is_implicit(subnet.id):
            text = (
                f"Subnet {component(subnet)} is associated with no route table, so it follows the main table "
                f"{component(table)}: a route added there changes this subnet as well."
            )
            yield Finding("IMPLICIT_MAIN_TABLE", "note", component(subnet), text, (component(table),))


def _broken_subnets(index: Index) -> Iterable[Finding]:
    for subnet in index.network.subnets:
        table = index.table_of(subnet.id)
        if table is not None and kind_of_table(index, table) == "broken":
            text = (
                f"The default route of subnet {component(subnet)} in table {component(table)} leads nowhere."
            )
            yield Finding("BROKEN_DEFAULT_ROUTE", "problem", component(subnet), text, (component(table),))


def _dead_routes(index: Index) -> Iterable[Finding]:
    for table in index.network.route_tables:
        for route in table.routes:
            fault = fault_of(index, table, route)
            if fault is not None and not fault.unknown:
                yield Finding("BLACKHOLE_ROUTE", "problem", component(table), fault.text, (fault.component,))


def _one_zone(index: Index) -> Iterable[Finding]:
    """A tier in one zone: a load balancer's subnets, a database's, an Auto Scaling group's."""
    network = index.network
    tiers: tuple[tuple[Thing, tuple[str, ...]], ...] = (
        *((each, each.subnets) for each in network.load_balancers),
        *((each, each.subnets) for each in network.databases),
        *((each, each.subnets) for each in network.auto_scaling_groups),
        *((each, each.subnets) for each in network.functions if each.subnets),
    )
    for thing, subnets in tiers:
        zones = {index.subnets[name].az for name in subnets if name in index.subnets}
        if len(zones) == 1:
            zone = next(iter(zones))
            text = (
                f"{component(thing).kind.capitalize()} {component(thing)} is in {zone} only and "
                "fails with it."
            )
            yield Finding("SINGLE_AZ_TIER", "risk", component(thing), text)


def _one_subnet_balancer(index: Index) -> Iterable[Finding]:
    """An Application Load Balancer needs two zones."""
    for balancer in index.network.load_balancers:
        if balancer.type == "application" and len(balancer.subnets) < 2:
            text = (
                f"Application Load Balancer {component(balancer)} has {len(balancer.subnets)} subnet: AWS "
                "asks for at "
                "least two, in two Availability Zones."
            )
            yield Finding("ALB_ONE_SUBNET", "problem", component(balancer), text)


def _balancer_in_private(index: Index) -> Iterable[Finding]:
    for balancer in index.network.load_balancers:
        if balancer.scheme != "internet-facing":
            continue
        for name in balancer.subnets:
            table = index.table_of(name)
            if table is not None and kind_of_table(index, table) in ("private", "isolated", "broken"):
                text = (
                    f"Internet-facing load balancer {component(balancer)} has a node in subnet {name}, "
                    "which has no route "
                    "to an internet gateway: clients that get this node's address get no answer."
                )
                yield Finding("PUBLIC_LB_IN_PRIVATE_SUBNET", "problem", component(balancer), text)


def _peering_overlap(index: Index) -> Iterable[Finding]:
    """Peered VPCs whose ranges overlap: AWS refuses such a connection."""
    for peering in index.network.peerings:
        sides = (peering.requester, peering.accepter)
        ranges = [index.vpc_blocks(side, 4) + index.vpc_blocks(side, 6) for side in sides]
        if sides[0] != sides[1] and any(
            one.family == other.family and one.low <= other.high and other.low <= one.high
            for one in ranges[0]
            for other in ranges[1]
        ):
            text = (
                f"The VPCs of peering connection {component(peering)} ({' and '.join(sides)}) have "
                "overlapping ranges: "
                "packets for the shared addresses never leave their own VPC."
            )
            yield Finding("PCX_OVERLAP", "problem", component(peering), text)


def _transit_overlap(index: Index) -> Iterable[Finding]:
    for transit in index.network.transit_gateways:
        attached = [
            each.resource
            for each in index.network.transit_gateway_attachments
            if each.transit_gateway == transit.id and each.resource_type == "vpc"
        ]
        for one, other in combinations(sorted(set(attached)), 2):
            if any(
                first.low <= second.high and second.low <= first.high
                for first in index.vpc_blocks(one, 4)
                for second in index.vpc_blocks(other, 4)
            ):
                text = (
                    f"VPCs {one} and {other}, both attached to {component(transit)}, have overlapping ranges."
                )
                yield Finding("TGW_OVERLAP", "problem", component(transit), text)


def _subnet_ranges(index: Index) -> Iterable[Finding]:
    """Subnets that overlap, or lie outside of their VPC; ranges that are not written canonically."""
    for subnet in index.network.subnets:
        found = block(subnet.cidr)
        if subnet.cidr and found is None:
            text = f"{subnet.cidr} of subnet {component(subnet)} is no CIDR."
            yield Finding("UNREADABLE_CIDR", "problem", component(subnet), text)
        elif found is not None and not any(
            each.low <= found.low and found.high <= each.high for each in index.vpc_blocks(subnet.vpc, 4)
        ):
            text = f"{subnet.cidr} of subnet {component(subnet)} is not within VPC {subnet.vpc}'s range."
            yield Finding("SUBNET_OUTSIDE_VPC", "problem", component(subnet), text)
    by_vpc: dict[str, list[Subnet]] = {}
    for subnet in index.network.subnets:
        by_vpc.setdefault(subnet.vpc, []).append(subnet)
    for subnets in by_vpc.values():
        yield from _overlapping(subnets)


def _overlapping(subnets: list[Subnet]) -> Iterable[Finding]:
    placed = sorted((found.low, found.high, each.id, each) for each in subnets if (found := block(each.cidr)))
    for (_, high, _, one), (low, _, _, other) in pairwise(placed):
        if low <= high:
            text = f"Subnets {component(one)} ({one.cidr}) and {component(other)} ({other.cidr}) overlap."
            yield Finding("SUBNET_OVERLAP", "problem", component(one), text, (component(other),))


def _loose_cidrs(index: Index) -> Iterable[Finding]:
    """CIDRs with host bits set, which AWS cuts off: they cover more than they seem to."""
    for table in index.network.route_tables:
        for route in table.routes:
            if block(route.destination) is not None and not is_canonical(route.destination):
                text = f"Route {route.destination} of {component(table)} is not a network's first address."
                yield Finding("NON_CANONICAL_CIDR", "note", component(table), text)
    for group in index.network.security_groups:
        for rule in group.rules:
            if block(rule.cidr) is not None and not is_canonical(rule.cidr):
                text = f"{rule.cidr} in a rule of {component(group)} is not a network's first address."
                yield Finding("NON_CANONICAL_CIDR", "note", component(group), text)


def _borrowed_ranges(index: Index) -> Iterable[Finding]:
    """A VPC with addresses that are somebody else's on the internet: it can never reach those hosts."""
    for vpc in index.network.vpcs:
        for found in index.vpc_blocks(vpc.id, 4):
            if any(low <= found.high and found.low <= high for low, high in internet(4)):
                text = (
                    f"Range {show_range(found.low, found.high, 4)} of VPC {component(vpc)} is not a private "
                    "one: hosts on the internet that have its addresses cannot be reached from inside."
                )
                yield Finding("PUBLIC_RANGE", "note", component(vpc), text)


def _routed_to(index: Index) -> set[str]:
    return {route.target for table in index.network.route_tables for route in table.routes}


def _unused_gateways(index: Index) -> Iterable[Finding]:
    """Gateways that no route leads to; NAT gateways and transit attachments cost money all the same."""
    used = _routed_to(index)
    network = index.network
    for gateway in network.internet_gateways:
        if not gateway.vpc:
            text = f"Internet gateway {component(gateway)} is attached to no VPC."
            yield Finding("DETACHED_IGW", "note", component(gateway), text)
    gateways: tuple[Thing, ...] = (
        *network.internet_gateways,
        *network.egress_only_gateways,
        *network.nat_gateways,
        *(each for each in network.peerings if each.state == "active"),
    )
    for each in gateways:
        if each.id not in used:
            shown = component(each)
            text = f"No route leads to {shown.kind} {shown}, so nothing uses it."
            yield Finding("UNUSED_GATEWAY", "note", shown, text)


def _one_way_peering(index: Index) -> Iterable[Finding]:
    """A peering that one side routes to and the other does not: requests arrive, replies do not."""
    for peering in index.network.peerings:
        sides = {
            table.vpc
            for table in index.network.route_tables
            if any(route.target == peering.id for route in table.routes)
        }
        both = {peering.requester, peering.accepter}
        silent = next(iter(both - sides), "")
        if len(sides & both) == 1 and silent and peering.state == "active":
            text = (
                f"VPC {silent} has no route to peering connection {component(peering)}, so it cannot answer."
            )
            yield Finding("PCX_NO_RETURN_ROUTE", "problem", component(peering), text)


def _deleted_references(index: Index) -> Iterable[Finding]:
    for group in index.network.security_groups:
        for rule in group.rules:
            named = rule.group.rpartition("/")[2]
            if named and named not in index.groups:
                text = f"A rule of {component(group)} refers to security group {named}, which is not there."
                yield Finding("STALE_SG_REFERENCE", "note", component(group), text)
            if rule.prefix_list and rule.prefix_list not in index.prefix_lists:
                part = Component(rule.prefix_list, "prefix list")
                text = (
                    f"A rule of {component(group)} refers to prefix list {rule.prefix_list}, which "
                    "is not there."
                )
                yield Finding("STALE_PREFIX_LIST", "note", component(group), text, (part,))


def _exposed_databases(index: Index) -> Iterable[Finding]:
    for database in index.network.databases:
        public = {
            name
            for name in database.subnets
            if (table := index.table_of(name)) is not None and kind_of_table(index, table) == "public"
        }
        if database.public and public:
            text = (
                f"Database {component(database)} is publicly accessible and in public subnet "
                f"{', '.join(sorted(public))}: "
                "only security groups and network ACLs stand between it and the internet."
            )
            yield Finding("PUBLIC_DATABASE", "risk", component(database), text)


_LOOKS: tuple[Callable[[Index], Iterable[Finding]], ...] = (
    _broken_subnets,
    _dead_routes,
    _one_way_peering,
    _peering_overlap,
    _transit_overlap,
    _subnet_ranges,
    _borrowed_ranges,
    _one_subnet_balancer,
    _balancer_in_private,
    _exposed_databases,
    _single_nat,
    _cross_zone_nat,
    _one_zone,
    _implicit_main,
    _unused_gateways,
    _deleted_references,
    _loose_cidrs,
    wide_rules,
    shadowed_rules,
)
