"""Reads a network through boto3: ``describe_*`` calls, many at a time but bounded, into the frozen model.

Nothing is decided here. What could not be read is told in ``Network.unread``; what must be there
(VPCs, subnets, route tables, security groups, network ACLs, interfaces) and cannot be read is a NetworkError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from botocore.exceptions import ClientError

from cloudlings.errors import NetworkError
from cloudlings.network.around import around
from cloudlings.network.assemble import assemble
from cloudlings.network.model import Network

Rows = list[dict[str, Any]]

WORKERS = 4
MOST_ITEMS = 10_000
NOT_THERE = (
    "InvalidAction",
    "NotImplemented",
    "UnknownOperationException",
    "UnsupportedOperation",
    "501",
)


class Session(Protocol):
    """What the reader needs: a boto3 session, or a grader's ``Account``."""

    def client(self, service_name: str) -> Any: ...


@dataclass(frozen=True)
class Listing:
    """One listing: the call, where its items are, what to call them; ``needed``: no network without it."""

    service: str
    operation: str
    key: str
    what: str
    needed: bool = False
    paginated: bool = True
    after: str = ""
    """The listing without whose items this one has none: then it is not asked for."""


LISTINGS = {
    "vpcs": Listing("ec2", "describe_vpcs", "Vpcs", "VPCs", needed=True),
    "subnets": Listing("ec2", "describe_subnets", "Subnets", "subnets", needed=True),
    "route_tables": Listing("ec2", "describe_route_tables", "RouteTables", "route tables", needed=True),
    "internet_gateways": Listing(
        "ec2", "describe_internet_gateways", "InternetGateways", "internet gateways"
    ),
    "egress_only_gateways": Listing(
        "ec2", "describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", "egress-only gateways"
    ),
    "nat_gateways": Listing("ec2", "describe_nat_gateways", "NatGateways", "NAT gateways"),
    "peerings": Listing("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections", "peerings"),
    "transit_gateways": Listing("ec2", "describe_transit_gateways", "TransitGateways", "transit gateways"),
    "attachments": Listing(
        "ec2",
        "describe_transit_gateway_attachments",
        "TransitGatewayAttachments",
        "transit gateway attachments",
        after="transit_gateways",
    ),
    "vpc_attachments": Listing(
        "ec2",
        "describe_transit_gateway_vpc_attachments",
        "TransitGatewayVpcAttachments",
        "transit gateway VPC attachments",
        after="transit_gateways",
    ),
    "transit_tables": Listing(
        "ec2",
        "describe_transit_gateway_route_tables",
        "TransitGatewayRouteTables",
        "transit gateway route tables",
        after="transit_gateways",
    ),
    "endpoints": Listing("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VPC endpoints"),
    "prefix_lists": Listing("ec2", "describe_managed_prefix_lists", "PrefixLists", "prefix lists"),
    "security_groups": Listing(
        "ec2", "describe_security_groups", "SecurityGroups", "security groups", needed=True
    ),
    "rule_ids": Listing(
        "ec2", "describe_security_group_rules", "SecurityGroupRules", "ids of security group rules"
    ),
    "network_acls": Listing("ec2", "describe_network_acls", "NetworkAcls", "network ACLs", needed=True),
    "interfaces": Listing(
        "ec2", "describe_network_interfaces", "NetworkInterfaces", "network interfaces", needed=True
    ),
    "reservations": Listing("ec2", "describe_instances", "Reservations", "instances"),
    "load_balancers": Listing("elbv2", "describe_load_balancers", "LoadBalancers", "load balancers"),
    "target_groups": Listing("elbv2", "describe_target_groups", "TargetGroups", "target groups"),
    "classic": Listing(
        "elb", "describe_load_balancers", "LoadBalancerDescriptions", "classic load balancers"
    ),
    "databases": Listing("rds", "describe_db_instances", "DBInstances", "databases"),
    "functions": Listing("lambda", "list_functions", "Functions", "functions"),
    "auto_scaling_groups": Listing(
        "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "Auto Scaling groups"
    ),
}
SERVICES = tuple(dict.fromkeys(listing.service for listing in LISTINGS.values()))


@dataclass
class Answers:
    """All that was read, as boto3 gave it: rows by listing, details by (kind, id), and what was not read."""

    rows: dict[str, Rows] = field(default_factory=dict)
    details: dict[tuple[str, str], Rows] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    def detail(self, kind: str, of: str) -> Rows:
        """The rows of one detail call; empty when it was not needed or not answered."""
        return self.details.get((kind, of), [])


def read_network(
    session: Session,
    vpc: str | None = None,
    *,
    services: Iterable[str] = SERVICES,
    workers: int = WORKERS,
    region: str = "",
) -> Network:
    """Everything that makes up the network behind ``session``, or ``vpc`` (its id) and all that it touches.

    At most ``workers`` calls are under way at once. ``services`` leaves out what is not there to be asked.
    Raises NetworkError when the VPCs themselves cannot be read, or when ``vpc`` is not among them.
    """
    answers = _read(session, tuple(services), workers)
    name = region or getattr(session, "region_name", "") or "us-east-1"
    network = assemble(answers.rows, answers.detail, tuple(answers.unread), name)
    return around(network, vpc) if vpc else network


def _read(session: Session, services: tuple[str, ...], workers: int) -> Answers:
    # Clients are made one after the other: making them from a session is not thread-safe, using them is.
    clients = {name: session.client(name) for name in SERVICES if name in services}
    answers = Answers({name: [] for name in LISTINGS})
    with ThreadPoolExecutor(max_workers=workers) as pool:
        known = {name: one for name, one in LISTINGS.items() if one.service in clients}
        _ask(pool, clients, {name: one for name, one in known.items() if not one.after}, answers)
        _ask(pool, clients, {n: one for n, one in known.items() if answers.rows.get(one.after)}, answers)
        for details in (_details, _rules):
            jobs = {
                key: (call, pool.submit(_called, clients, call)) for key, call in details(answers).items()
            }
            for key, (call, detail) in jobs.items():
                answers.details[key] = _settled(detail.result, call.listing, answers)
    return answers


def _ask(
    pool: ThreadPoolExecutor,
    clients: Mapping[str, Any],
    listings: Mapping[str, Listing],
    answers: Answers,
) -> None:
    jobs = {name: pool.submit(_listed, clients[one.service], one) for name, one in listings.items()}
    for name, job in jobs.items():
        answers.rows[name] = _settled(job.result, listings[name], answers)


def _settled(result: Callable[[], Rows], listing: Listing, answers: Answers) -> Rows:
    try:
        return result()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in NOT_THERE and not listing.needed:
            return []
        said = f"The {listing.what} could not be read: {error}"
        if listing.needed:
            raise NetworkError(said, next_step="See that the sandbox runs: cloudlings doctor.") from error
        answers.unread.append(said)
    except NotImplementedError:
        # moto in the same process raises it for operations that it does not have: so nothing is there.
        return []
    return []


def _listed(client: Any, listing: Listing, **parameters: Any) -> Rows:
    if not listing.paginated:
        rows: Rows = getattr(client, listing.operation)(**parameters).get(listing.key) or []
        return rows
    pages = client.get_paginator(listing.operation).paginate(
        **parameters, PaginationConfig={"MaxItems": MOST_ITEMS}
    )
    items = [item for page in pages for item in page.get(listing.key) or ()]
    if pages.resume_token:
        raise NetworkError(
            f"There are more than {MOST_ITEMS:,} {listing.what}: a part of them would not be a network.",
            next_step="Read an account with fewer resources.",
        )
    return items


# What takes a call for each item


@dataclass(frozen=True)
class Call:
    """A detail call: the listing, and the parameters that name the item."""

    listing: Listing
    parameters: Mapping[str, Any]


TARGETS = Listing("elbv2", "describe_target_health", "TargetHealthDescriptions", "targets", paginated=False)
TARGET_ATTRIBUTES = Listing(
    "elbv2", "describe_target_group_attributes", "Attributes", "target group attributes", paginated=False
)
LISTENERS = Listing("elbv2", "describe_listeners", "Listeners", "listeners")
RULES = Listing("elbv2", "describe_rules", "Rules", "listener rules")
ATTRIBUTES = Listing(
    "elbv2", "describe_load_balancer_attributes", "Attributes", "load balancer attributes", paginated=False
)
ENTRIES = Listing("ec2", "get_managed_prefix_list_entries", "Entries", "prefix list entries")
ASSOCIATIONS = Listing(
    "ec2", "get_transit_gateway_route_table_associations", "Associations", "transit gateway associations"
)
PROPAGATIONS = Listing(
    "ec2",
    "get_transit_gateway_route_table_propagations",
    "TransitGatewayRouteTablePropagations",
    "transit gateway propagations",
)
TRANSIT_ROUTES = Listing(
    "ec2", "search_transit_gateway_routes", "Routes", "transit gateway routes", paginated=False
)
NETWORK_PROTOCOLS = ("TCP", "UDP", "TLS", "TCP_UDP", "QUIC", "TCP_QUIC")
ANY_STATE = [{"Name": "state", "Values": ["active", "blackhole"]}]


def _called(clients: Mapping[str, Any], call: Call) -> Rows:
    return _listed(clients[call.listing.service], call.listing, **call.parameters)


def _details(answers: Answers) -> dict[tuple[str, str], Call]:
    calls: dict[tuple[str, str], Call] = {}
    for balancer in answers.rows["load_balancers"]:
        arn = balancer["LoadBalancerArn"]
        calls["listeners", arn] = Call(LISTENERS, {"LoadBalancerArn": arn})
        if balancer.get("Type") != "application":
            calls["attributes", arn] = Call(ATTRIBUTES, {"LoadBalancerArn": arn})
    for group in answers.rows["target_groups"]:
        arn = group["TargetGroupArn"]
        calls["targets", arn] = Call(TARGETS, {"TargetGroupArn": arn})
        if group.get("Protocol") in NETWORK_PROTOCOLS:
            calls["target_attributes", arn] = Call(TARGET_ATTRIBUTES, {"TargetGroupArn": arn})
    for table in answers.rows["transit_tables"]:
        which = {"TransitGatewayRouteTableId": table["TransitGatewayRouteTableId"]}
        of = table["TransitGatewayRouteTableId"]
        calls["associations", of] = Call(ASSOCIATIONS, which)
        calls["propagations", of] = Call(PROPAGATIONS, which)
        calls["transit_routes", of] = Call(TRANSIT_ROUTES, {**which, "Filters": ANY_STATE})
    for listed in _lists_in_use(answers):
        calls["entries", listed] = Call(ENTRIES, {"PrefixListId": listed})
    return calls


def _lists_in_use(answers: Answers) -> Iterable[str]:
    """The learner's own prefix lists, and those of AWS's that a route or a rule names."""
    named = {
        row.get("DestinationPrefixListId")
        for table in answers.rows["route_tables"]
        for row in table["Routes"]
    }
    for group in answers.rows["security_groups"]:
        for permission in (*group.get("IpPermissions", ()), *group.get("IpPermissionsEgress", ())):
            named |= {row["PrefixListId"] for row in permission.get("PrefixListIds") or ()}
    for listed in answers.rows["prefix_lists"]:
        if listed.get("OwnerId") != "AWS" or listed["PrefixListId"] in named:
            yield listed["PrefixListId"]


def _rules(answers: Answers) -> dict[tuple[str, str], Call]:
    """The rules of HTTP listeners; the others have none but their default action."""
    listeners = [row for (kind, _), rows in answers.details.items() if kind == "listeners" for row in rows]
    return {
        ("rules", one["ListenerArn"]): Call(RULES, {"ListenerArn": one["ListenerArn"]})
        for one in listeners
        if one.get("Protocol") in ("HTTP", "HTTPS")
    }
