"""What a network is made of: frozen data, with the ids and the words of EC2's ``describe_*`` answers.

Every component has an ``id`` (``vpc-…``, ``eni-…``, an ARN for a load balancer) and a ``name``, its
Name tag: a label for people, never a key. One component refers to another by id. A reference may
point at something that is not in the network (deleted, or not read): that is data as well, and the
engine says what it means. CIDRs are kept as they were given, so a non-canonical one stays visible.

Nothing here decides anything; see :mod:`cloudlings.network.engine`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["ingress", "egress"]


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC: its IPv4 ranges (primary first) and its IPv6 ranges."""

    id: str
    cidrs: tuple[str, ...] = ()
    ipv6_cidrs: tuple[str, ...] = ()
    name: str = ""
    owner: str = ""
    region: str = ""
    #: VPC Block Public Access as it applies: "off", "block-bidirectional" or "block-ingress".
    block_public_access: str = "off"


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: one Availability Zone's slice of a VPC."""

    id: str
    vpc: str
    cidr: str = ""
    az: str = ""
    ipv6_cidrs: tuple[str, ...] = ()
    name: str = ""
    map_public_ip: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One row of a route table.

    ``destination`` is a CIDR or a prefix list's id; ``target`` the id of a gateway, NAT gateway,
    peering, transit gateway, interface, instance or endpoint, or ``"local"``. ``state`` is what the API
    said: the engine recomputes it from the target, since emulators leave it ``active``.
    """

    destination: str
    target: str
    origin: str = "CreateRoute"
    state: str = "active"


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table: the subnets (and edge gateways) explicitly associated with it, and its routes."""

    id: str
    vpc: str
    routes: tuple[Route, ...] = ()
    subnets: tuple[str, ...] = ()
    main: bool = False
    gateways: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class InternetGateway:
    """An internet gateway; ``vpc`` is "" when it is attached to none."""

    id: str
    vpc: str = ""
    state: str = "available"
    name: str = ""


@dataclass(frozen=True, slots=True)
class EgressOnlyGateway:
    """An egress-only internet gateway (IPv6 only); ``vpc`` is "" when attached to none."""

    id: str
    vpc: str = ""
    state: str = "attached"
    name: str = ""


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A NAT gateway. A zonal one lives in a subnet; a regional one has ``mode="regional"`` and no subnet."""

    id: str
    vpc: str
    subnet: str = ""
    connectivity: str = "public"
    state: str = "available"
    interface: str = ""
    private_ip: str = ""
    public_ips: tuple[str, ...] = ()
    mode: str = "zonal"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Peering:
    """A VPC peering connection; ``state`` is its status code (``active``, ``pending-acceptance``, …).

    The CIDRs of a side that the reader could not describe (another account) are what the connection tells.
    """

    id: str
    requester: str
    accepter: str
    state: str = "active"
    requester_cidrs: tuple[str, ...] = ()
    accepter_cidrs: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class TransitGateway:
    """A transit gateway. ``sg_referencing``: its security group referencing support (``enable``)."""

    id: str
    state: str = "available"
    sg_referencing: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class TransitGatewayAttachment:
    """What is attached to a transit gateway: ``resource_type`` vpc, vpn, peering, connect, …"""

    id: str
    transit_gateway: str
    resource: str
    resource_type: str = "vpc"
    subnets: tuple[str, ...] = ()
    state: str = "available"
    appliance_mode: bool = False
    sg_referencing: bool = True
    ipv6: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class TransitGatewayRoute:
    """A row of a transit gateway route table; a static blackhole has state "blackhole" and no attachment."""

    destination: str
    attachment: str = ""
    type: Literal["static", "propagated"] = "static"
    state: str = "active"


@dataclass(frozen=True, slots=True)
class TransitGatewayRouteTable:
    """A transit gateway route table: the attachments that look here, and those that are found here.

    ``associations`` are the former (their packets are routed by this table), ``propagations`` the latter.

    ``routes`` need hold the static ones only: propagated ones are derived from ``propagations`` and the
    VPCs' CIDRs. Propagated rows that the API lists are accepted too, and matter for VPN attachments.
    """

    id: str
    transit_gateway: str
    associations: tuple[str, ...] = ()
    propagations: tuple[str, ...] = ()
    routes: tuple[TransitGatewayRoute, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A VPC endpoint: type Gateway, Interface, GatewayLoadBalancer, …; service com.amazonaws.REGION.NAME.

    ``policy`` is its policy document as JSON text, "" for full access.
    """

    id: str
    vpc: str
    service: str
    type: str = "Gateway"
    state: str = "available"
    route_tables: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    private_dns: bool = False
    policy: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PrefixList:
    """A managed prefix list; AWS's own have ``owner="AWS"`` and a name like com.amazonaws.us-east-1.s3."""

    id: str
    entries: tuple[str, ...] = ()
    owner: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """One rule with one peer: a CIDR, a prefix list's id, or a security group's id.

    ``protocol``: tcp, udp, icmp, icmpv6, a number as text, or "-1" for all. For ICMP the ports are type
    and code; -1 or None is any.
    """

    direction: Direction
    protocol: str = "-1"
    from_port: int | None = None
    to_port: int | None = None
    cidr: str = ""
    prefix_list: str = ""
    group: str = ""
    id: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group with its rules, inbound and outbound."""

    id: str
    vpc: str
    rules: tuple[SecurityGroupRule, ...] = ()
    name: str = ""
    #: The group's GroupName (``name`` is the Name tag, or the GroupName when there is no tag).
    group_name: str = ""

    @property
    def inbound(self) -> tuple[SecurityGroupRule, ...]:
        """The ingress rules, in order."""
        return tuple(rule for rule in self.rules if rule.direction == "ingress")

    @property
    def outbound(self) -> tuple[SecurityGroupRule, ...]:
        """The egress rules, in order."""
        return tuple(rule for rule in self.rules if rule.direction == "egress")


@dataclass(frozen=True, slots=True)
class NetworkAclEntry:
    """One rule of a network ACL. The closing ``*`` rule (32767) may be listed or not: it always applies."""

    number: int
    egress: bool
    action: Literal["allow", "deny"]
    protocol: str = "-1"
    cidr: str = "0.0.0.0/0"
    from_port: int | None = None
    to_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkAcl:
    """A network ACL and the subnets associated with it."""

    id: str
    vpc: str
    subnets: tuple[str, ...] = ()
    entries: tuple[NetworkAclEntry, ...] = ()
    default: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. ``public_ips[i]`` is paired with ``private_ips[i]``; "" where there is none.

    ``attached_to``: the id of what uses it (instance, NAT gateway, load balancer, database, function, …).
    """

    id: str
    vpc: str
    subnet: str
    private_ips: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    source_dest_check: bool = True
    status: str = "in-use"
    type: str = "interface"
    attached_to: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance and its interfaces."""

    id: str
    interfaces: tuple[str, ...] = ()
    state: str = "running"
    type: str = ""
    auto_scaling_group: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A load balancer's listener: protocol HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP, GENEVE, QUIC, TCP_QUIC."""

    port: int
    protocol: str = "HTTP"
    target_groups: tuple[str, ...] = ()
    id: str = ""
    #: True when it can only redirect or answer with a fixed response: it needs no target.
    answers_itself: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A registered target: an instance's id, an address, an ARN (function, ALB); port 0 = the group's."""

    id: str
    port: int = 0
    az: str = ""


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group, of type instance, ip, lambda or alb; ``preserve_client_ip`` None = its default."""

    id: str
    vpc: str = ""
    port: int = 80
    protocol: str = "HTTP"
    type: str = "instance"
    targets: tuple[Target, ...] = ()
    preserve_client_ip: bool | None = None
    #: None: the load balancer's setting applies ("use_load_balancer_configuration").
    cross_zone: bool | None = None
    ip_address_type: str = "ipv4"
    name: str = ""


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer: type application, network, gateway or classic; scheme internet-facing or internal."""

    id: str
    vpc: str
    type: str = "application"
    scheme: str = "internet-facing"
    state: str = "active"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    cross_zone: bool = True
    ip_address_type: str = "ipv4"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Database:
    """An RDS DB instance: the subnets of its subnet group, its interfaces (one per subnet it may be in)."""

    id: str
    vpc: str
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    port: int = 5432
    public: bool = False
    multi_az: bool = False
    state: str = "available"
    az: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function attached to subnets (``vpc`` is "" for one that is not)."""

    id: str
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    ipv6: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class AutoScalingGroup:
    """An Auto Scaling group: its subnets, its instances, and the target groups it registers them with."""

    id: str
    subnets: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    min_size: int = 0
    max_size: int = 0
    desired: int = 0
    name: str = ""


@dataclass(frozen=True)
class Network:
    """Everything that was read, as one value. Two equal networks give equal answers.

    ``unread`` lists what the reader could not read, as sentences; ``unsupported`` maps the id of a
    component that is there but that the engine cannot look into (a VPN gateway, a firewall endpoint, an
    appliance) to what it is. Both make an answer that depends on them "unknown".
    """

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    internet_gateways: tuple[InternetGateway, ...] = ()
    egress_only_gateways: tuple[EgressOnlyGateway, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    peerings: tuple[Peering, ...] = ()
    transit_gateways: tuple[TransitGateway, ...] = ()
    transit_gateway_attachments: tuple[TransitGatewayAttachment, ...] = ()
    transit_gateway_route_tables: tuple[TransitGatewayRouteTable, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    prefix_lists: tuple[PrefixList, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    network_acls: tuple[NetworkAcl, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    instances: tuple[Instance, ...] = ()
    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    databases: tuple[Database, ...] = ()
    functions: tuple[Function, ...] = ()
    auto_scaling_groups: tuple[AutoScalingGroup, ...] = ()
    region: str = "us-east-1"
    unread: tuple[str, ...] = ()
    unsupported: tuple[tuple[str, str], ...] = field(default=())


Thing = (
    Vpc
    | Subnet
    | RouteTable
    | InternetGateway
    | EgressOnlyGateway
    | NatGateway
    | Peering
    | TransitGateway
    | TransitGatewayAttachment
    | TransitGatewayRouteTable
    | Endpoint
    | PrefixList
    | SecurityGroup
    | NetworkAcl
    | Interface
    | Instance
    | LoadBalancer
    | TargetGroup
    | Database
    | Function
    | AutoScalingGroup
)


def label(thing: Thing) -> str:
    """How a person finds it: ``app (i-0ab…)``, or the id alone when it has no name of its own."""
    return f"{thing.name} ({thing.id})" if thing.name and thing.name != thing.id else thing.id
