"""Puts what was read together as one ``Network``: shapes, then the work-arounds, then the references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cloudlings.network import emulated, shapes
from cloudlings.network import shapes_workloads as workloads
from cloudlings.network.model import (
    Database,
    Function,
    Interface,
    LoadBalancer,
    NatGateway,
    Network,
    Subnet,
    TargetGroup,
    TransitGatewayRouteTable,
)

Rows = list[dict[str, Any]]
Detail = Callable[[str, str], Rows]

UNSUPPORTED_TARGETS = {
    "vgw-": "a virtual private gateway (VPN)",
    "lgw-": "a local gateway (Outposts)",
    "cagw-": "a carrier gateway (Wavelength)",
    "arn:aws:networkmanager": "a core network (Cloud WAN)",
    "arn:aws:odb": "an Oracle Database@AWS network",
}


def assemble(
    rows: Mapping[str, Rows], detail: Detail, unread: tuple[str, ...] = (), region: str = "us-east-1"
) -> Network:
    """The network that ``rows`` (by listing) and ``detail`` (kind, id) tell of; see ``reader.LISTINGS``."""
    subnets = tuple(shapes.subnet(row) for row in rows["subnets"])
    desk = _Interfaces(rows, subnets)
    balancers, groups = _load_balancers(rows, detail, desk)
    databases = tuple(_database(row, rows, desk) for row in rows["databases"])
    functions = tuple(_function(row, desk) for row in rows["functions"])
    tables = tuple(shapes.route_table(row) for row in rows["route_tables"])
    ids = shapes.rule_ids(rows["rule_ids"])
    vpc_attachments = {row["TransitGatewayAttachmentId"]: row for row in rows["vpc_attachments"]}
    targets = {route.target for table in tables for route in table.routes}
    transit_tables = tuple(
        emulated.with_untold(_transit_table(row, rows, detail))
        for row in rows["transit_tables"]
        if not emulated.invented(row, rows["transit_gateways"])
    )
    vpcs = tuple(shapes.vpc(row, region) for row in rows["vpcs"])
    dual = {vpc.id for vpc in vpcs if vpc.ipv6_cidrs}
    return Network(
        vpcs=vpcs,
        subnets=subnets,
        route_tables=tables,
        internet_gateways=tuple(shapes.internet_gateway(row) for row in rows["internet_gateways"]),
        egress_only_gateways=tuple(shapes.egress_only_gateway(row) for row in rows["egress_only_gateways"]),
        nat_gateways=tuple(desk.nat_gateway(row) for row in rows["nat_gateways"]),
        peerings=tuple(shapes.peering(row) for row in rows["peerings"]),
        transit_gateways=tuple(shapes.transit_gateway(row) for row in rows["transit_gateways"]),
        transit_gateway_attachments=tuple(
            shapes.transit_gateway_attachment(row, vpc_attachments) for row in rows["attachments"]
        )
        + emulated.untold(transit_tables),
        transit_gateway_route_tables=transit_tables,
        endpoints=tuple(shapes.endpoint(row) for row in rows["endpoints"]),
        prefix_lists=tuple(
            shapes.prefix_list(row, detail("entries", row["PrefixListId"])) for row in rows["prefix_lists"]
        ),
        security_groups=tuple(shapes.security_group(row, ids) for row in rows["security_groups"]),
        network_acls=tuple(
            emulated.with_ipv6_rules(shapes.network_acl(row), dual) for row in rows["network_acls"]
        ),
        interfaces=desk.all(),
        instances=tuple(
            workloads.instance(row)
            for reservation in rows["reservations"]
            for row in reservation["Instances"]
        ),
        load_balancers=balancers,
        target_groups=groups,
        databases=databases,
        functions=functions,
        auto_scaling_groups=tuple(workloads.auto_scaling_group(row) for row in rows["auto_scaling_groups"]),
        region=region,
        unread=unread,
        unsupported=tuple(sorted(_unsupported(targets))),
    )


def _unsupported(targets: Iterable[str]) -> Iterable[tuple[str, str]]:
    for target in targets:
        for prefix, what in UNSUPPORTED_TARGETS.items():
            if target.startswith(prefix):
                yield target, what


def _transit_table(row: dict[str, Any], rows: Mapping[str, Rows], detail: Detail) -> TransitGatewayRouteTable:
    of = row["TransitGatewayRouteTableId"]
    told = emulated.propagations(
        row, detail("propagations", of), rows["transit_gateways"], rows["attachments"]
    )
    return shapes.transit_gateway_route_table(
        row, detail("associations", of), told, detail("transit_routes", of)
    )


# Interfaces, and what has them


class _Interfaces:
    """The interfaces that were read, put right, and those that a sandbox does not show, made up."""

    def __init__(self, rows: Mapping[str, Rows], subnets: tuple[Subnet, ...]) -> None:
        self.subnets = {subnet.id: subnet for subnet in subnets}
        read = [shapes.interface(row) for row in rows["interfaces"]]
        self._free = emulated.Addresses(subnets, read)
        self._all = {one.id: one for one in read}
        self._described = {
            row["NetworkInterfaceId"]: row.get("Description") or "" for row in rows["interfaces"]
        }
        for nat in rows["nat_gateways"]:
            for row in nat.get("NatGatewayAddresses") or ():
                self._put_right(row.get("NetworkInterfaceId"), emulated.nat_interface, nat)
        for endpoint in rows["endpoints"]:
            for one in endpoint.get("NetworkInterfaceIds") or ():
                self._put_right(one, emulated.endpoint_interface, endpoint)

    def _put_right(
        self,
        one: str | None,
        fix: Callable[[Interface, dict[str, Any], emulated.Addresses], Interface],
        owner: dict[str, Any],
    ) -> None:
        if one in self._all:
            self._all[one] = fix(self._all[one], owner, self._free)

    def all(self) -> tuple[Interface, ...]:
        """Every interface, as read first, then the ones made up."""
        return tuple(self._all.values())

    def nat_gateway(self, row: dict[str, Any]) -> NatGateway:
        """A NAT gateway whose private address is its interface's."""
        made = shapes.nat_gateway(row)
        one = self._all.get(made.interface)
        return replace(made, private_ip=one.private_ips[0]) if one and one.private_ips else made

    def of(
        self,
        owner: str,
        name: str,
        kind: str,
        subnets: Iterable[str],
        groups: Iterable[str],
        says: str,
        *,
        public: bool = False,
    ) -> tuple[Interface, ...]:
        """The interfaces of a load balancer, database or function: read, by description, or made up."""
        inside, wanted = set(subnets), frozenset(groups)
        found = [
            replace(one, attached_to=owner)
            for one in self._all.values()
            if says in self._described.get(one.id, "")
            and one.subnet in inside
            and (not wanted or wanted == frozenset(one.security_groups))
            and not one.attached_to
        ]
        known = [self.subnets[subnet] for subnet in dict.fromkeys(subnets) if subnet in self.subnets]
        if not found:
            found = list(
                emulated.missing_interfaces(
                    owner, name, kind, known, tuple(groups), self._free, public=public
                )
            )
        self._all.update({one.id: one for one in found})
        return tuple(found)


def _load_balancers(
    rows: Mapping[str, Rows], detail: Detail, desk: _Interfaces
) -> tuple[tuple[LoadBalancer, ...], tuple[TargetGroup, ...]]:
    balancers = [_load_balancer(row, detail, desk) for row in rows["load_balancers"]]
    groups = [
        workloads.target_group(
            row,
            detail("targets", row["TargetGroupArn"]),
            _attributes(detail("target_attributes", row["TargetGroupArn"])),
        )
        for row in rows["target_groups"]
    ]
    for row in rows["classic"]:
        made, own = workloads.classic_load_balancer(
            row, _balancer_interfaces(row, row["LoadBalancerName"], desk)
        )
        balancers.append(made)
        groups += own
    return tuple(balancers), tuple(groups)


def _load_balancer(row: dict[str, Any], detail: Detail, desk: _Interfaces) -> LoadBalancer:
    arn = row["LoadBalancerArn"]
    listeners = [
        workloads.listener(one, detail("rules", one["ListenerArn"])) for one in detail("listeners", arn)
    ]
    interfaces = _balancer_interfaces(row, arn, desk)
    return workloads.load_balancer(row, interfaces, listeners, _attributes(detail("attributes", arn)))


def _balancer_interfaces(row: dict[str, Any], owner: str, desk: _Interfaces) -> tuple[Interface, ...]:
    subnets = row.get("Subnets") or [
        zone["SubnetId"] for zone in row["AvailabilityZones"] if zone.get("SubnetId")
    ]
    says = f"ELB {owner.partition('loadbalancer/')[2] or owner}"
    kind = {"network": "network_load_balancer", "gateway": "gateway_load_balancer"}
    return desk.of(
        owner,
        row["LoadBalancerName"],
        kind.get(row.get("Type", ""), "load_balancer"),
        subnets,
        row.get("SecurityGroups") or (),
        says,
        public=(row.get("Scheme") or "internet-facing") == "internet-facing",
    )


def _attributes(rows: Rows) -> dict[str, str]:
    return {row["Key"]: str(row.get("Value", "")).lower() for row in rows}


def _database(row: dict[str, Any], rows: Mapping[str, Rows], desk: _Interfaces) -> Database:
    attached = [one.get("VpcId") for gateway in rows["internet_gateways"] for one in gateway["Attachments"]]
    public = emulated.publicly_accessible(row, attached)
    made = workloads.database({**row, "PubliclyAccessible": public}, ())
    interfaces = desk.of(
        made.id, made.name, "rds", made.subnets, made.security_groups, "RDSNetworkInterface", public=public
    )
    return replace(made, interfaces=tuple(one.id for one in interfaces))


def _function(row: dict[str, Any], desk: _Interfaces) -> Function:
    made = emulated.in_its_vpc(workloads.function(row, ()), desk.subnets)
    says = f"AWS Lambda VPC ENI-{made.name}"
    interfaces = desk.of(made.id, made.name, "lambda", made.subnets, made.security_groups, says)
    return replace(made, interfaces=tuple(one.id for one in interfaces))
