"""A network made quick to ask: maps by id, the table and ACL of a subnet, rule lists as numbers.

Built once for a network and kept with it; every list is compiled when it is first asked for, so a
trace pays for the rules on its path and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from . import addresses
from .addresses import LAST, Block, Rect, block
from .model import (
    Endpoint,
    Interface,
    InternetGateway,
    Network,
    NetworkAcl,
    NetworkAclEntry,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Thing,
    TransitGatewayAttachment,
    TransitGatewayRouteTable,
)

#: Protocol names and numbers that mean the same; "-1" is every protocol.
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1", "": "-1", "icmp6": "icmpv6"}
WITH_PORTS = frozenset({"tcp", "udp", "icmp", "icmpv6"})

#: A part of AWS's published ranges in us-east-1, for a network that lists no AWS prefix lists of its own
#: (https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-ranges.html).
SERVICE_RANGES = {
    "s3": ("52.216.0.0/15", "54.231.0.0/16", "3.5.0.0/19", "16.15.176.0/20"),
    "dynamodb": ("52.94.0.0/22", "52.119.224.0/20"),
}
OTHER_SERVICES = ("52.94.224.0/20", "52.46.128.0/19", "54.239.16.0/20")
GATEWAY_SERVICES = frozenset(SERVICE_RANGES)
#: States of an endpoint that is not there any more, though a listing may still name it.
_GONE = frozenset({"deleting", "deleted", "rejected", "failed", "expired"})


class Row(NamedTuple):
    """A route as numbers. Rows are kept best first: longest prefix, then AWS's order among equals."""

    block: Block
    priority: int
    route: Route


class GroupRule(NamedTuple):
    """A security group rule whose peer is a security group."""

    group: str
    first: int
    last: int
    rule: SecurityGroupRule


def protocol_name(protocol: str | int) -> str:
    """The one name of a protocol: tcp, udp, icmp, icmpv6, "-1" for all, or its number as text."""
    text = str(protocol).strip().lower()
    return PROTOCOLS.get(text, text)


def service_name(service: str) -> str:
    """The short name of an AWS service: s3 for com.amazonaws.us-east-1.s3."""
    return service.removeprefix("service:").rpartition(".")[2].lower()


class Index:
    """Look-ups over one network. Use :func:`index_of`."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.things: dict[str, Thing] = {}
        self.names: dict[str, list[Thing]] = {}
        for thing in _things(network):
            self.things.setdefault(thing.id, thing)
            if thing.name and thing.name != thing.id:
                self.names.setdefault(thing.name, []).append(thing)
        self.vpcs = {vpc.id: vpc for vpc in network.vpcs}
        self.subnets = {subnet.id: subnet for subnet in network.subnets}
        self.groups = {group.id: group for group in network.security_groups}
        self.interfaces = {interface.id: interface for interface in network.interfaces}
        self.prefix_lists = {listed.id: listed for listed in network.prefix_lists}
        self.unsupported = dict(network.unsupported)
        #: Protocols that security group rules name besides the usual ones.
        self.other_protocols = sorted(
            {protocol_name(rule.protocol) for group in network.security_groups for rule in group.rules}
            - {"-1", *WITH_PORTS}
        )
        self._tables: dict[str, RouteTable] = {}
        self._main: dict[str, RouteTable] = {}
        self._acls: dict[str, NetworkAcl] = {}
        self._default_acls: dict[str, NetworkAcl] = {}
        self._associate()
        self.private: dict[tuple[str, int], Interface] = {}
        self.public: dict[int, Interface] = {}
        self.by_subnet: dict[str, list[Interface]] = {}
        self._place_interfaces()
        self.gateway_of: dict[str, InternetGateway] = {
            gateway.vpc: gateway for gateway in reversed(network.internet_gateways) if gateway.vpc
        }
        self._blocks: dict[tuple[str, int], list[Block]] = {}
        self._rows: dict[tuple[str, int], list[Row]] = {}
        self._group_rules: dict[tuple[str, str, int, str], tuple[list[Rect], list[GroupRule]]] = {}
        self._acl_rects: dict[tuple[str, bool, int, str], list[Rect]] = {}
        self._internet: dict[int, list[tuple[int, int]]] = {}
        self.attachment_of: dict[tuple[str, str], TransitGatewayAttachment] = {
            (attachment.transit_gateway, attachment.resource): attachment
            for attachment in network.transit_gateway_attachments
        }
        self.transit_table_of: dict[str, TransitGatewayRouteTable] = {
            attachment: table
            for table in network.transit_gateway_route_tables
            for attachment in table.associations
        }
        #: The kinds of tables, kept by the id of the table (see kinds.py).
        self.kinds: dict[str, Any] = {}
        self._transit_rows: dict[tuple[str, int], list[tuple[Block, int, str, str, object]]] = {}

    def _associate(self) -> None:
        for table in self.network.route_tables:
            if table.main:
                self._main.setdefault(table.vpc, table)
            for subnet in table.subnets:
                self._tables.setdefault(subnet, table)
        for acl in self.network.network_acls:
            if acl.default:
                self._default_acls.setdefault(acl.vpc, acl)
            for subnet in acl.subnets:
                self._acls.setdefault(subnet, acl)

    def _place_interfaces(self) -> None:
        for interface in self.network.interfaces:
            self.by_subnet.setdefault(interface.subnet, []).append(interface)
            for text in (*interface.private_ips, *interface.ipv6):
                found = block(text)
                if found:
                    self.private.setdefault((interface.vpc, found.low), interface)
            for text in interface.public_ips:
                found = block(text) if text else None
                if found:
                    self.public.setdefault(found.low, interface)
            for text in interface.ipv6:
                found = block(text)
                if found:
                    self.public.setdefault(found.low, interface)

    # -- routing -----------------------------------------------------------------------------------

    def table_of(self, subnet: str) -> RouteTable | None:
        """The table that routes a subnet: the one it is associated with, else its VPC's main table."""
        table = self._tables.get(subnet)
        if table is None and subnet in self.subnets:
            table = self._main.get(self.subnets[subnet].vpc)
        return table

    def is_implicit(self, subnet: str) -> bool:
        """Whether a subnet has no table of its own and follows the main one."""
        return subnet not in self._tables

    def vpc_blocks(self, vpc: str, family: int) -> list[Block]:
        """A VPC's CIDRs of one family."""
        key = (vpc, family)
        if key not in self._blocks:
            found = self.vpcs.get(vpc)
            texts = () if found is None else found.ipv6_cidrs if family == 6 else found.cidrs
            self._blocks[key] = [each for text in texts if (each := block(text)) and each.family == family]
        return self._blocks[key]

    def in_vpc(self, vpc: str, address: int, family: int) -> bool:
        """Whether an address lies in one of a VPC's CIDRs."""
        return any(each.low <= address <= each.high for each in self.vpc_blocks(vpc, family))

    def rows(self, table: RouteTable, family: int) -> list[Row]:
        """A table's routes of one family, best first, with the local routes that AWS always adds."""
        key = (table.id, family)
        if key not in self._rows:
            rows = [row for route in self._routes(table) for row in self._row(route, family)]
            explicit = {row.block for row in rows}
            for local in self.vpc_blocks(table.vpc, family):
                if local not in explicit:
                    route = Route(
                        addresses.show_range(local.low, local.high, family), "local", "CreateRouteTable"
                    )
                    rows.append(Row(local, 0, route))
            rows = _local_beats_propagated(rows)
            rows.sort(key=lambda row: (-row.block.length, row.priority))
            self._rows[key] = rows
        return self._rows[key]

    def _routes(self, table: RouteTable) -> Iterable[Route]:
        """The table's own routes, and those that AWS adds for the gateway endpoints that list it."""
        yield from table.routes
        targets = {route.target for route in table.routes}
        for endpoint in self.network.endpoints:
            if (
                endpoint.type == "Gateway"
                and table.id in endpoint.route_tables
                and endpoint.id not in targets
            ):
                listed = self.service_prefix_list(endpoint.service)
                yield Route(listed.id if listed else f"service:{service_name(endpoint.service)}", endpoint.id)

    def _row(self, route: Route, family: int) -> Iterable[Row]:
        propagated = route.origin == "EnableVgwRoutePropagation"
        plain = block(route.destination)
        if plain is not None:
            if plain.family == family:
                yield Row(plain, 2 if propagated else 0, route)
            return
        for each in self.prefix_blocks(route.destination, family):
            yield Row(each, 2 if propagated else 1, route)

    def prefix_blocks(self, name: str, family: int) -> list[Block]:
        """The blocks of a prefix list (by id), or of a service for which the network lists none."""
        listed = self.prefix_lists.get(name)
        if listed is not None:
            texts: Sequence[str] = listed.entries
            if not texts and listed.owner == "AWS":
                texts = SERVICE_RANGES.get(service_name(listed.name), ())
        elif name.startswith("service:"):
            texts = SERVICE_RANGES.get(service_name(name), ())
        else:
            texts = ()
        return [each for text in texts if (each := block(text)) and each.family == family]

    def service_prefix_list(self, service: str) -> PrefixList | None:
        """AWS's own prefix list for a service, when the network has it."""
        short = service_name(service)
        for listed in self.network.prefix_lists:
            if listed.owner == "AWS" and service_name(listed.name) == short and "ipv6" not in listed.name:
                return listed
        return None

    def service_blocks(self, service: str, family: int) -> list[Block]:
        """The public addresses that a service's name stands for."""
        short = service_name(service)
        listed = self.service_prefix_list(short)
        if listed is not None:
            return self.prefix_blocks(listed.id, family)
        texts = SERVICE_RANGES.get(short, OTHER_SERVICES)
        return [each for text in texts if (each := block(text)) and each.family == family]

    def internet(self, family: int) -> list[tuple[int, int]]:
        """The internet as this network sees it: no address of its VPCs, none of AWS's listed services."""
        if family not in self._internet:
            own = [each for vpc in self.network.vpcs for each in self.vpc_blocks(vpc.id, family)]
            listed = [name.id for name in self.network.prefix_lists if name.owner == "AWS"]
            names = listed or [f"service:{short}" for short in SERVICE_RANGES]
            own += [each for name in names for each in self.prefix_blocks(name, family)]
            self._internet[family] = addresses.without(
                addresses.internet(family), [(each.low, each.high) for each in own]
            )
        return self._internet[family]

    def gateway_endpoint(self, vpc: str, service: str) -> Endpoint | None:
        """A VPC's gateway endpoint for a service, if it has one."""
        return self._endpoint(vpc, service, "Gateway")

    def named_endpoint(self, vpc: str, service: str) -> Endpoint | None:
        """The interface endpoint that a service's own name leads to in a VPC: one with private DNS."""
        found = self._endpoint(vpc, service, "Interface")
        return found if found is not None and found.private_dns else None

    def _endpoint(self, vpc: str, service: str, kind: str) -> Endpoint | None:
        """Of several: one that is still there, and to which the service's name leads, before the others."""
        short = service_name(service)
        found = [
            endpoint
            for endpoint in self.network.endpoints
            if endpoint.vpc == vpc and endpoint.type == kind and service_name(endpoint.service) == short
        ]
        return min(found, key=lambda one: (one.state.lower() in _GONE, not one.private_dns), default=None)

    # -- filters -----------------------------------------------------------------------------------

    def acl_of(self, subnet: str) -> NetworkAcl | None:
        """The network ACL of a subnet: the one it is associated with, else its VPC's default."""
        acl = self._acls.get(subnet)
        if acl is None and subnet in self.subnets:
            acl = self._default_acls.get(self.subnets[subnet].vpc)
        return acl

    def acl_rects(self, acl: NetworkAcl, egress: bool, family: int, protocol: str) -> list[Rect]:
        """One direction of an ACL, in rule order; what none of them matches is denied."""
        key = (acl.id, egress, family, protocol)
        if key not in self._acl_rects:
            entries = sorted(
                (entry for entry in acl.entries if entry.egress == egress), key=lambda entry: entry.number
            )
            self._acl_rects[key] = [
                rect for entry in entries if (rect := _acl_rect(entry, family, protocol)) is not None
            ]
        return self._acl_rects[key]

    def group_rules(
        self, group: SecurityGroup, direction: str, family: int, protocol: str
    ) -> tuple[list[Rect], list[GroupRule]]:
        """One direction of a security group: rules by address, and rules by group."""
        key = (group.id, direction, family, protocol)
        if key not in self._group_rules:
            rects: list[Rect] = []
            by_group: list[GroupRule] = []
            for rule in group.rules:
                if (
                    rule.direction == direction
                    and (ports := _ports(rule.protocol, protocol, rule)) is not None
                ):
                    self._add_rule(rule, ports, family, rects, by_group)
            self._group_rules[key] = (rects, by_group)
        return self._group_rules[key]

    def _add_rule(
        self,
        rule: SecurityGroupRule,
        ports: tuple[int, int],
        family: int,
        rects: list[Rect],
        by_group: list[GroupRule],
    ) -> None:
        if rule.group:
            by_group.append(GroupRule(rule.group.rpartition("/")[2], *ports, rule))
            return
        if rule.prefix_list:
            found = self.prefix_blocks(rule.prefix_list, family)
        else:
            one = block(rule.cidr)
            found = [one] if one is not None and one.family == family else []
        rects.extend(Rect(each.low, each.high, *ports, True, rule) for each in found)

    # -- transit gateways --------------------------------------------------------------------------

    def transit_rows(
        self, table: TransitGatewayRouteTable, family: int
    ) -> list[tuple[Block, int, str, str, object]]:
        """A transit gateway table's routes, best first: (block, priority, attachment id, state, route)."""
        from .transit import rows

        key = (table.id, family)
        if key not in self._transit_rows:
            self._transit_rows[key] = rows(self, table, family)
        return self._transit_rows[key]


def index_of(network: Network) -> Index:
    """The index of a network, built at the first question and kept with it."""
    found = network.__dict__.get("_index")
    if found is None:
        found = Index(network)
        object.__setattr__(network, "_index", found)
    assert isinstance(found, Index)
    return found


def _things(network: Network) -> Iterable[Thing]:
    yield from network.vpcs
    yield from network.subnets
    yield from network.instances
    yield from network.load_balancers
    yield from network.databases
    yield from network.functions
    yield from network.endpoints
    yield from network.internet_gateways
    yield from network.egress_only_gateways
    yield from network.nat_gateways
    yield from network.peerings
    yield from network.transit_gateways
    yield from network.transit_gateway_attachments
    yield from network.transit_gateway_route_tables
    yield from network.route_tables
    yield from network.prefix_lists
    yield from network.security_groups
    yield from network.network_acls
    yield from network.interfaces
    yield from network.target_groups
    yield from network.auto_scaling_groups


def _local_beats_propagated(rows: list[Row]) -> list[Row]:
    """Drop propagated routes inside a local one: the local route is preferred even over a longer prefix."""
    local = [row.block for row in rows if row.route.target == "local"]
    return [
        row
        for row in rows
        if row.priority != 2
        or not any(each.low <= row.block.low and row.block.high <= each.high for each in local)
    ]


def _ports(ruled: str, protocol: str, rule: SecurityGroupRule | NetworkAclEntry) -> tuple[int, int] | None:
    """The ports that a rule takes of a protocol, or None when it is about another one.

    For ICMP a "port" is the type: a rule on one code only is taken when it can match code 0, the code of
    an echo. A rule on a protocol that has no ports takes all of it, whatever its port fields say.
    """
    name = protocol_name(ruled)
    if name == "-1":
        return (0, 65535)
    if name != protocol:
        return None
    if name not in WITH_PORTS:
        return (0, 65535)
    if name in ("icmp", "icmpv6"):
        return _icmp(rule)
    if rule.from_port is None and rule.to_port is None:
        return (0, 65535)
    first = rule.from_port if rule.from_port is not None else 0
    last = rule.to_port if rule.to_port is not None else first
    if first == -1:
        return (0, 65535)
    return (first, last) if 0 <= first <= last else None


def _icmp(rule: SecurityGroupRule | NetworkAclEntry) -> tuple[int, int] | None:
    if isinstance(rule, NetworkAclEntry):
        kind, code = rule.icmp_type, rule.icmp_code
    else:
        kind, code = rule.from_port, rule.to_port
    if kind is None or kind == -1:
        return (0, 65535)
    if code not in (None, -1, 0):
        return None
    return (kind, kind)


def _acl_rect(entry: NetworkAclEntry, family: int, protocol: str) -> Rect | None:
    found = block(entry.cidr)
    ports = _ports(entry.protocol, protocol, entry)
    if found is None or found.family != family or ports is None:
        return None
    return Rect(found.low, found.high, *ports, entry.action == "allow", entry)


def everything(family: int) -> tuple[int, int]:
    """The whole address range of a family."""
    return (0, LAST[family])


def subnet_of(index: Index, vpc: str, address: int, family: int) -> Subnet | None:
    """The subnet of a VPC that an address lies in."""
    for subnet in index.network.subnets:
        if subnet.vpc != vpc:
            continue
        for text in (subnet.cidr, *subnet.ipv6_cidrs):
            found = block(text)
            if found and found.family == family and found.low <= address <= found.high:
                return subnet
    return None
