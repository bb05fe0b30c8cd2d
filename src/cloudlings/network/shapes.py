"""From the shapes of ``describe_*`` answers to the model's: one function for each kind of thing.

Each takes one item of an answer, as boto3 gives it, and returns the frozen component. Nothing is
called here and nothing is put right: what an emulator tells wrongly is :mod:`cloudlings.network.emulated`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.network.model import (
    Direction,
    EgressOnlyGateway,
    Endpoint,
    Interface,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkAclEntry,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    TransitGateway,
    TransitGatewayAttachment,
    TransitGatewayRoute,
    TransitGatewayRouteTable,
    Vpc,
)

Raw = Mapping[str, Any]
RuleKey = tuple[str, bool, str, int | None, int | None, str]

PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
LOST_ASSOCIATIONS = ("disassociated", "disassociating", "failed")
ROUTE_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "InstanceId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)


def tag(item: Raw, key: str = "Name") -> str:
    """The value of a tag of ``item``; "" when there is none."""
    rows: Iterable[Raw] = item.get("Tags") or item.get("TagSet") or item.get("TagList") or ()
    return next((str(row["Value"]) for row in rows if row.get("Key") == key), "")


def vpc(item: Raw, region: str = "") -> Vpc:
    """A VPC of describe_vpcs."""
    more = [
        row["CidrBlock"]
        for row in item.get("CidrBlockAssociationSet") or ()
        if _associated(row, "CidrBlockState")
    ]
    six = item.get("Ipv6CidrBlockAssociationSet") or ()
    return Vpc(
        id=item["VpcId"],
        cidrs=tuple(dict.fromkeys([item["CidrBlock"], *more])),
        ipv6_cidrs=tuple(row["Ipv6CidrBlock"] for row in six if _associated(row, "Ipv6CidrBlockState")),
        name=tag(item),
        owner=item.get("OwnerId", ""),
        region=region,
    )


def _associated(row: Raw, key: str) -> bool:
    return str((row.get(key) or {}).get("State", "associated")) not in LOST_ASSOCIATIONS


def subnet(item: Raw) -> Subnet:
    """A subnet of describe_subnets."""
    six = item.get("Ipv6CidrBlockAssociationSet") or ()
    return Subnet(
        id=item["SubnetId"],
        vpc=item["VpcId"],
        cidr=item.get("CidrBlock") or "",
        az=item.get("AvailabilityZone", ""),
        ipv6_cidrs=tuple(row["Ipv6CidrBlock"] for row in six if _associated(row, "Ipv6CidrBlockState")),
        name=tag(item),
        map_public_ip=bool(item.get("MapPublicIpOnLaunch")),
    )


def route(item: Raw) -> Route:
    """A row of a route table of describe_route_tables."""
    destination = (
        item.get("DestinationCidrBlock")
        or item.get("DestinationIpv6CidrBlock")
        or item.get("DestinationPrefixListId")
        or ""
    )
    return Route(
        destination=destination,
        target=next((str(item[key]) for key in ROUTE_TARGETS if item.get(key)), ""),
        origin=item.get("Origin", "CreateRoute"),
        state=item.get("State", "active"),
    )


def route_table(item: Raw) -> RouteTable:
    """A route table of describe_route_tables, with its associations."""
    rows = [
        row
        for row in item.get("Associations") or ()
        if (row.get("AssociationState") or {}).get("State", "associated") not in LOST_ASSOCIATIONS
    ]
    return RouteTable(
        id=item["RouteTableId"],
        vpc=item["VpcId"],
        routes=tuple(route(row) for row in item.get("Routes") or ()),
        subnets=tuple(row["SubnetId"] for row in rows if row.get("SubnetId")),
        main=any(row.get("Main") for row in rows),
        gateways=tuple(row["GatewayId"] for row in rows if row.get("GatewayId")),
        name=tag(item),
    )


def internet_gateway(item: Raw) -> InternetGateway:
    """An internet gateway of describe_internet_gateways."""
    attached: Raw = next(iter(item.get("Attachments") or ()), {})
    return InternetGateway(
        id=item["InternetGatewayId"],
        vpc=attached.get("VpcId", ""),
        state=attached.get("State", "available"),
        name=tag(item),
    )


def egress_only_gateway(item: Raw) -> EgressOnlyGateway:
    """An egress-only internet gateway of describe_egress_only_internet_gateways."""
    attached: Raw = next(iter(item.get("Attachments") or ()), {})
    return EgressOnlyGateway(
        id=item["EgressOnlyInternetGatewayId"],
        vpc=attached.get("VpcId", ""),
        state=attached.get("State", "attached"),
        name=tag(item),
    )


def nat_gateway(item: Raw) -> NatGateway:
    """A NAT gateway of describe_nat_gateways; the interface is that of its primary address."""
    addresses = item.get("NatGatewayAddresses") or ()
    first: Raw = next((row for row in addresses if row.get("IsPrimary")), next(iter(addresses), {}))
    return NatGateway(
        id=item["NatGatewayId"],
        vpc=item.get("VpcId", ""),
        subnet=item.get("SubnetId") or "",
        connectivity=item.get("ConnectivityType") or "public",
        state=item.get("State", "available"),
        interface=first.get("NetworkInterfaceId") or "",
        private_ip=first.get("PrivateIp") or "",
        public_ips=tuple(row["PublicIp"] for row in addresses if row.get("PublicIp")),
        mode=item.get("AvailabilityMode") or "zonal",
        name=tag(item),
    )


def peering(item: Raw) -> Peering:
    """A peering of describe_vpc_peering_connections."""
    requester, accepter = item.get("RequesterVpcInfo") or {}, item.get("AccepterVpcInfo") or {}
    return Peering(
        id=item["VpcPeeringConnectionId"],
        requester=requester.get("VpcId", ""),
        accepter=accepter.get("VpcId", ""),
        state=(item.get("Status") or {}).get("Code", "active"),
        requester_cidrs=_side_cidrs(requester),
        accepter_cidrs=_side_cidrs(accepter),
        name=tag(item),
    )


def _side_cidrs(side: Raw) -> tuple[str, ...]:
    rows = [row["CidrBlock"] for row in side.get("CidrBlockSet") or ()]
    rows += [row["Ipv6CidrBlock"] for row in side.get("Ipv6CidrBlockSet") or ()]
    return tuple(dict.fromkeys(([side["CidrBlock"]] if side.get("CidrBlock") else []) + rows))


def transit_gateway(item: Raw) -> TransitGateway:
    """A transit gateway of describe_transit_gateways."""
    options = item.get("Options") or {}
    return TransitGateway(
        id=item["TransitGatewayId"],
        state=item.get("State", "available"),
        sg_referencing=options.get("SecurityGroupReferencingSupport") == "enable",
        name=tag(item),
    )


def transit_gateway_attachment(item: Raw, vpc_attachments: Mapping[str, Raw]) -> TransitGatewayAttachment:
    """An attachment of describe_transit_gateway_attachments, with its VPC attachment's options."""
    detail = vpc_attachments.get(item["TransitGatewayAttachmentId"], {})
    options = detail.get("Options") or {}
    return TransitGatewayAttachment(
        id=item["TransitGatewayAttachmentId"],
        transit_gateway=item["TransitGatewayId"],
        resource=item.get("ResourceId") or detail.get("VpcId", ""),
        resource_type=item.get("ResourceType", "vpc"),
        subnets=tuple(detail.get("SubnetIds") or ()),
        state=item.get("State", "available"),
        appliance_mode=options.get("ApplianceModeSupport") == "enable",
        sg_referencing=options.get("SecurityGroupReferencingSupport", "enable") == "enable",
        ipv6=options.get("Ipv6Support") == "enable",
        name=tag(item),
    )


def transit_gateway_route_table(
    item: Raw, associations: Iterable[Raw], propagations: Iterable[Raw], routes: Iterable[Raw]
) -> TransitGatewayRouteTable:
    """A transit gateway's route table, with what three more calls tell of it."""
    return TransitGatewayRouteTable(
        id=item["TransitGatewayRouteTableId"],
        transit_gateway=item["TransitGatewayId"],
        associations=tuple(
            row["TransitGatewayAttachmentId"] for row in associations if row.get("State") != "disassociated"
        ),
        propagations=tuple(
            row["TransitGatewayAttachmentId"] for row in propagations if row.get("State") != "disabled"
        ),
        routes=tuple(_transit_route(row) for row in routes),
        name=tag(item),
    )


def _transit_route(row: Raw) -> TransitGatewayRoute:
    attached: Raw = next(iter(row.get("TransitGatewayAttachments") or ()), {})
    return TransitGatewayRoute(
        destination=row.get("DestinationCidrBlock") or row.get("PrefixListId") or "",
        attachment=attached.get("TransitGatewayAttachmentId", ""),
        type="propagated" if row.get("Type") == "propagated" else "static",
        state=row.get("State", "active"),
    )


def endpoint(item: Raw) -> Endpoint:
    """A VPC endpoint of describe_vpc_endpoints."""
    return Endpoint(
        id=item["VpcEndpointId"],
        vpc=item["VpcId"],
        service=item["ServiceName"],
        type=item.get("VpcEndpointType", "Gateway"),
        state=str(item.get("State", "available")).lower(),
        route_tables=tuple(item.get("RouteTableIds") or ()),
        subnets=tuple(item.get("SubnetIds") or ()),
        security_groups=tuple(row["GroupId"] for row in item.get("Groups") or ()),
        interfaces=tuple(item.get("NetworkInterfaceIds") or ()),
        private_dns=bool(item.get("PrivateDnsEnabled")),
        policy=item.get("PolicyDocument") or "",
        name=tag(item),
    )


def prefix_list(item: Raw, entries: Iterable[Raw]) -> PrefixList:
    """A managed prefix list with the entries of get_managed_prefix_list_entries."""
    return PrefixList(
        id=item["PrefixListId"],
        entries=tuple(row["Cidr"] for row in entries),
        owner=item.get("OwnerId", ""),
        name=tag(item) or item.get("PrefixListName", ""),
    )


def security_group(item: Raw, ids: Mapping[RuleKey, str]) -> SecurityGroup:
    """A group of describe_security_groups; ``ids`` are its rules' ids (see ``rule_ids``)."""
    rules: list[SecurityGroupRule] = []
    for key, direction in (("IpPermissions", "ingress"), ("IpPermissionsEgress", "egress")):
        for permission in item.get(key) or ():
            rules += _rules(
                item["GroupId"], permission, "ingress" if direction == "ingress" else "egress", ids
            )
    return SecurityGroup(
        id=item["GroupId"],
        vpc=item.get("VpcId", ""),
        rules=tuple(rules),
        name=tag(item) or item.get("GroupName", ""),
        group_name=item.get("GroupName", ""),
    )


def _rules(
    group: str, permission: Raw, direction: Direction, ids: Mapping[RuleKey, str]
) -> list[SecurityGroupRule]:
    protocol = str(permission["IpProtocol"])
    protocol = PROTOCOLS.get(protocol, protocol)
    first, last = permission.get("FromPort"), permission.get("ToPort")
    peers: list[tuple[str, str, Raw]] = [
        *(("cidr", row["CidrIp"], row) for row in permission.get("IpRanges") or ()),
        *(("cidr", row["CidrIpv6"], row) for row in permission.get("Ipv6Ranges") or ()),
        *(("prefix_list", row["PrefixListId"], row) for row in permission.get("PrefixListIds") or ()),
        *(("group", row.get("GroupId", ""), row) for row in permission.get("UserIdGroupPairs") or ()),
    ]
    return [
        SecurityGroupRule(
            direction=direction,
            protocol=protocol,
            from_port=first,
            to_port=last,
            cidr=peer if kind == "cidr" else "",
            prefix_list=peer if kind == "prefix_list" else "",
            group=peer if kind == "group" else "",
            id=ids.get((group, direction == "egress", protocol, _port(first), _port(last), peer), ""),
            description=row.get("Description") or "",
        )
        for kind, peer, row in peers
    ]


def _port(number: Any) -> int | None:
    return None if number in (None, -1) else int(number)


def rule_ids(rows: Iterable[Raw]) -> dict[RuleKey, str]:
    """The ids of rules by what they say, from describe_security_group_rules."""
    found: dict[RuleKey, str] = {}
    for row in rows:
        protocol = str(row.get("IpProtocol", "-1"))
        peer = (
            row.get("CidrIpv4")
            or row.get("CidrIpv6")
            or row.get("PrefixListId")
            or (row.get("ReferencedGroupInfo") or {}).get("GroupId", "")
        )
        ports = (_port(row.get("FromPort")), _port(row.get("ToPort")))
        key = (row["GroupId"], bool(row.get("IsEgress")), PROTOCOLS.get(protocol, protocol), *ports, peer)
        found[key] = row["SecurityGroupRuleId"]
    return found


def network_acl(item: Raw) -> NetworkAcl:
    """A network ACL of describe_network_acls."""
    return NetworkAcl(
        id=item["NetworkAclId"],
        vpc=item["VpcId"],
        subnets=tuple(row["SubnetId"] for row in item.get("Associations") or () if row.get("SubnetId")),
        entries=tuple(_entry(row) for row in item.get("Entries") or ()),
        default=bool(item.get("IsDefault")),
        name=tag(item),
    )


def _entry(row: Raw) -> NetworkAclEntry:
    protocol = str(row.get("Protocol", "-1"))
    ports, icmp = row.get("PortRange") or {}, row.get("IcmpTypeCode") or {}
    return NetworkAclEntry(
        number=int(row["RuleNumber"]),
        egress=bool(row.get("Egress")),
        action="allow" if row.get("RuleAction") == "allow" else "deny",
        protocol=PROTOCOLS.get(protocol, protocol),
        cidr=row.get("CidrBlock") or row.get("Ipv6CidrBlock") or "",
        from_port=ports.get("From"),
        to_port=ports.get("To"),
        icmp_type=icmp.get("Type"),
        icmp_code=icmp.get("Code"),
    )


def interface(item: Raw) -> Interface:
    """A network interface of describe_network_interfaces."""
    privates = item.get("PrivateIpAddresses") or ()
    if not privates and item.get("PrivateIpAddress"):
        privates = [{"PrivateIpAddress": item["PrivateIpAddress"], "Primary": True}]
    return Interface(
        id=item["NetworkInterfaceId"],
        vpc=item.get("VpcId", ""),
        subnet=item.get("SubnetId", ""),
        private_ips=tuple(row["PrivateIpAddress"] for row in privates),
        public_ips=tuple(_public_ip(row, item) for row in privates),
        ipv6=tuple(row["Ipv6Address"] for row in item.get("Ipv6Addresses") or ()),
        security_groups=tuple(row["GroupId"] for row in item.get("Groups") or ()),
        source_dest_check=item.get("SourceDestCheck") is not False,
        status=item.get("Status", "in-use"),
        type=item.get("InterfaceType") or "interface",
        attached_to=(item.get("Attachment") or {}).get("InstanceId") or "",
        name=tag(item) or item.get("Description") or "",
    )


def _public_ip(row: Raw, item: Raw) -> str:
    own = (row.get("Association") or {}).get("PublicIp")
    if not own and (row.get("Primary") or row.get("PrivateIpAddress") == item.get("PrivateIpAddress")):
        own = (item.get("Association") or {}).get("PublicIp")
    return own or ""
