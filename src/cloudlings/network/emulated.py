"""What an emulator tells wrongly about a network, put right: each work-around in one named place.

A work-around does nothing when the answer has AWS's shape, so none needs to know which emulator
answers, and each can go when the sandbox's gateway puts the shape right.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudlings.network.model import (
    Function,
    Interface,
    NetworkAcl,
    NetworkAclEntry,
    Subnet,
    TransitGatewayAttachment,
    TransitGatewayRouteTable,
)

Raw = Mapping[str, Any]
UNTOLD = "untold-attachment-of-"


class Addresses:
    """Addresses that are free in the subnets, handed out from the top: the same ones at every reading."""

    def __init__(self, subnets: Iterable[Subnet], interfaces: Iterable[Interface]) -> None:
        self._subnets = {subnet.id: subnet for subnet in subnets}
        self._used = {(one.subnet, address) for one in interfaces for address in one.private_ips}

    def holds(self, subnet: str, address: str) -> bool:
        """Whether ``address`` lies in the subnet's CIDR (also True for a subnet that was not read)."""
        network = self._network(subnet)
        try:
            return network is None or ipaddress.ip_address(address) in network
        except ValueError:
            return False

    def take(self, subnet: str) -> tuple[str, ...]:
        """One free address of the subnet; none when its CIDR is unknown or full."""
        network = self._network(subnet)
        if network is None or network.num_addresses < 8:
            return ()
        for number in range(int(network[-2]), int(network[4]), -1):
            address = str(ipaddress.IPv4Address(number))
            if (subnet, address) not in self._used:
                self._used.add((subnet, address))
                return (address,)
        return ()

    def _network(self, subnet: str) -> ipaddress.IPv4Network | None:
        found = self._subnets.get(subnet)
        try:
            return ipaddress.IPv4Network(found.cidr, strict=False) if found and found.cidr else None
        except ValueError:
            return None


def nat_interface(one: Interface, nat: Raw, free: Addresses) -> Interface:
    """moto: a NAT gateway's interface has the default group, no type, and an address outside its subnet.

    On AWS it is of type nat_gateway, in the gateway's subnet, and no security group applies to it.
    """
    subnet = nat.get("SubnetId") or one.subnet
    inside = all(free.holds(subnet, address) for address in one.private_ips)
    publics = tuple(row.get("PublicIp") or "" for row in nat.get("NatGatewayAddresses") or ())
    return replace(
        one,
        subnet=subnet,
        private_ips=one.private_ips if inside else free.take(subnet),
        public_ips=one.public_ips if any(one.public_ips) else publics,
        security_groups=(),
        type="nat_gateway",
        attached_to=nat["NatGatewayId"],
        source_dest_check=False,
    )


def endpoint_interface(one: Interface, endpoint: Raw, free: Addresses) -> Interface:
    """moto: an interface endpoint's interfaces have the default group, and addresses outside their subnets.

    On AWS they carry the endpoint's security groups.
    """
    inside = all(free.holds(one.subnet, address) for address in one.private_ips)
    groups = tuple(row["GroupId"] for row in endpoint.get("Groups") or ())
    return replace(
        one,
        private_ips=one.private_ips if inside else free.take(one.subnet),
        security_groups=groups or one.security_groups,
        type="vpc_endpoint",
        attached_to=endpoint["VpcEndpointId"],
    )


def missing_interfaces(
    owner: str,
    name: str,
    kind: str,
    subnets: Iterable[Subnet],
    groups: Sequence[str],
    free: Addresses,
    *,
    public: bool = False,
) -> Iterator[Interface]:
    """moto: load balancers, databases and functions have no interfaces. On AWS each has one in every subnet.

    A public one gets a stand-in public address, since the emulator assigns none.
    """
    for subnet in subnets:
        made = f"eni-of-{name}-in-{subnet.id}"
        private = free.take(subnet.id)
        yield Interface(
            id=made,
            vpc=subnet.vpc,
            subnet=subnet.id,
            private_ips=private,
            public_ips=tuple(stand_in_address(made) if public else "" for _ in private),
            security_groups=tuple(groups),
            type=kind,
            attached_to=owner,
            name=f"{name} in {subnet.name or subnet.id}",
        )


def stand_in_address(seed: str) -> str:
    """A public address of EC2's us-east-1 range (3.208.0.0/12) for a resource that the emulator gave none."""
    return str(ipaddress.IPv4Address("3.208.0.0") + zlib.crc32(seed.encode()) % 2**20)


def publicly_accessible(item: Raw, vpcs_with_gateway: Iterable[str]) -> bool:
    """moto: ``PubliclyAccessible`` is missing when the learner left it out. AWS decides at creation.

    CreateDBInstance: with a subnet group, it is public when the VPC has an internet gateway attached.
    """
    told = item.get("PubliclyAccessible")
    if told is not None:
        return bool(told)
    return (item.get("DBSubnetGroup") or {}).get("VpcId") in set(vpcs_with_gateway)


def with_ipv6_rules(acl: NetworkAcl, vpcs_with_ipv6: Container[str]) -> NetworkAcl:
    """moto: a default network ACL has no IPv6 rules, whatever ranges its VPC has.

    AWS adds ones that allow all when the VPC gets its range, unless the IPv4 ones were changed before.
    """
    allows_all = {
        entry.egress
        for entry in acl.entries
        if (entry.action, entry.protocol, entry.cidr) == ("allow", "-1", "0.0.0.0/0")
    }
    told = any(":" in entry.cidr for entry in acl.entries)
    if not acl.default or told or acl.vpc not in vpcs_with_ipv6 or allows_all != {True, False}:
        return acl
    added = tuple(NetworkAclEntry(101, egress, "allow", "-1", "::/0") for egress in (False, True))
    return replace(acl, entries=(*acl.entries, *added))


def in_its_vpc(function: Function, subnets: Mapping[str, Subnet]) -> Function:
    """moto: the VPC in a function's ``VpcConfig`` is made up. It is that of its subnets."""
    return replace(function, vpc=next((subnets[one].vpc for one in function.subnets if one in subnets), ""))


def invented(table: Raw, gateways: Iterable[Raw]) -> bool:
    """moto: a transit gateway has a default route table even when its options say that it has none.

    Such a table, with all the attachments associated, is not there on AWS.
    """
    gateway = next((g for g in gateways if g["TransitGatewayId"] == table["TransitGatewayId"]), {})
    association = (gateway.get("Options") or {}).get("DefaultRouteTableAssociation")
    return bool(table.get("DefaultAssociationRouteTable")) and association == "disable"


def untold(tables: Iterable[TransitGatewayRouteTable]) -> tuple[TransitGatewayAttachment, ...]:
    """moto: a static route of a transit gateway is told without its attachment.

    Where it leads cannot be known, so it gets one that nobody can look into: what depends on it is unknown.
    """
    return tuple(
        TransitGatewayAttachment(
            f"{UNTOLD}{table.id}", table.transit_gateway, "", "the sandbox does not tell what"
        )
        for table in tables
        if any(route.attachment == f"{UNTOLD}{table.id}" for route in table.routes)
    )


def with_untold(table: TransitGatewayRouteTable) -> TransitGatewayRouteTable:
    """The table, its active static routes without an attachment leading to the one of ``untold``."""
    routes = tuple(
        replace(route, attachment=f"{UNTOLD}{table.id}")
        if route.state == "active" and not route.attachment
        else route
        for route in table.routes
    )
    return replace(table, routes=routes)


def propagations(
    table: Raw, told: Sequence[Raw], gateways: Iterable[Raw], attachments: Iterable[Raw]
) -> Sequence[Raw]:
    """moto: attachments do not propagate to the default table, though the gateway's options say so.

    On AWS every VPC attachment of such a gateway propagates there. What a learner has switched off
    cannot be told from what the emulator never recorded.
    """
    gateway = next((g for g in gateways if g["TransitGatewayId"] == table["TransitGatewayId"]), {})
    options = gateway.get("Options") or {}
    default = options.get("PropagationDefaultRouteTableId") == table["TransitGatewayRouteTableId"]
    if told or not default or options.get("DefaultRouteTablePropagation") != "enable":
        return told
    return [one for one in attachments if one["TransitGatewayId"] == table["TransitGatewayId"]]
