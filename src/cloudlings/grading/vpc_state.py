"""What graders of networks share: reading a network, hosts that a colleague might launch, and words.

network = network_of(account)
network, host = with_host(network, subnet, public=True)
found = trace(network, "internet", host, "tcp", 443)
assert found.reachable, Because(found="…", consequence="…", trace=reasons(found), concept="…")
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.task import Because
from cloudlings.network import Network, Statement, Trace, read_network, trace
from cloudlings.network.model import (
    Interface,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

OPEN_GROUP = "sg-that-lets-everything-through"
"""The id of the security group of the hosts that `with_host` plants."""

Address = ipaddress.IPv4Network | ipaddress.IPv6Network


def network_of(account: Account, *services: str) -> Network:
    """The network of the lab's Region; EC2's part only, unless more services are named."""
    return read_network(account, services=("ec2", *services))


def ip(cidr: str) -> ipaddress.IPv4Network:
    """An IPv4 range as a number range."""
    return ipaddress.IPv4Network(cidr, strict=False)


def subnets_of(network: Network, vpc: str) -> list[Subnet]:
    """The subnets of a VPC."""
    return [subnet for subnet in network.subnets if subnet.vpc == vpc]


def inside(subnets: Iterable[Subnet], block: str) -> list[Subnet]:
    """The subnets that lie wholly in a block, in the order of their ranges."""
    found = [subnet for subnet in subnets if subnet.cidr and ip(subnet.cidr).subnet_of(ip(block))]
    return sorted(found, key=lambda subnet: ip(subnet.cidr))


def tables_of(network: Network, vpc: str) -> list[RouteTable]:
    """The route tables of a VPC."""
    return [table for table in network.route_tables if table.vpc == vpc]


def table_for(network: Network, subnet: Subnet) -> RouteTable:
    """The table that routes a subnet: the one it is associated with, else its VPC's main table."""
    explicit = (table for table in tables_of(network, subnet.vpc) if subnet.id in table.subnets)
    return next(explicit, main_table(network, subnet.vpc))


def main_table(network: Network, vpc: str) -> RouteTable:
    """The main table of a VPC; an empty one without an id where it was not read."""
    main = (table for table in tables_of(network, vpc) if table.main)
    return next(main, RouteTable("no main table", vpc, main=True))


def routes_in_words(table: RouteTable) -> str:
    """A table's routes beyond the local ones: ``0.0.0.0/0 to igw-…``."""
    rows = [f"{r.destination} to {r.target or 'nothing'}" for r in table.routes if r.target != "local"]
    return ", ".join(rows) or "only local routes"


def way_of(network: Network, subnet: Subnet) -> str:
    """How a subnet is routed, in words: ``rtb-…: 0.0.0.0/0 to igw-…``."""
    table = table_for(network, subnet)
    return f"{table.id}: {routes_in_words(table)}"


def shown(things: Sequence[str]) -> str:
    """Names as words: ``a, b and c``."""
    *first, last = things or ["none"]
    return f"{', '.join(first)} and {last}" if first else str(last)


def reasons(found: Trace, most: int = 3) -> list[str]:
    """Why a trace ended as it did, a sentence each: its first explanations."""
    return list(dict.fromkeys(each.text for each in found.explanations))[:most]


def why(statement: Statement) -> list[str]:
    """Why a statement about a network does not hold: the reasons of its trace, where it has one."""
    return reasons(statement.trace) if statement.trace else []


def with_host(
    network: Network,
    subnet: Subnet,
    *,
    public: bool = False,
    ipv6: bool = False,
    what: str = "a host",
    address: str = "",
) -> tuple[Network, str]:
    """The network with one more host in a subnet, and its name: what if a colleague launched it there?

    No security group stands in its way. ``public`` gives it a public IPv4 address, ``ipv6`` an address of
    the subnet's first IPv6 range (none when the subnet has no such range). ``what`` is how its name begins;
    ``address`` is its own where it must be that one.
    """
    marks = ("with a public address " if public else "") + (f"at {address} " if address else "")
    name = f"{what} {marks}in {subnet.id}"
    groups = network.security_groups
    group = f"{OPEN_GROUP}-{subnet.vpc}"
    if not any(each.id == group for each in groups):
        groups = (*groups, SecurityGroup(group, subnet.vpc, _EVERYTHING))
    host = Interface(
        name,
        subnet.vpc,
        subnet.id,
        private_ips=(address or _free_address(network, subnet),),
        public_ips=("3.208.77.7" if public else "",),
        ipv6=tuple(str(ipaddress.IPv6Network(block)[4096]) for block in subnet.ipv6_cidrs[:1] if ipv6),
        security_groups=(group,),
    )
    others = tuple(each for each in network.interfaces if each.id != name)
    return replace(network, security_groups=groups, interfaces=(*others, host)), name


_EVERYTHING = tuple(
    SecurityGroupRule(direction, "-1", cidr=cidr)
    for direction in ("ingress", "egress")
    for cidr in ("0.0.0.0/0", "::/0")
)


def _free_address(network: Network, subnet: Subnet) -> str:
    used = {address for one in network.interfaces if one.vpc == subnet.vpc for address in one.private_ips}
    block = ip(subnet.cidr)
    numbers = range(int(block[-2]), int(block[3]), -1)
    found = (str(ipaddress.IPv4Address(number)) for number in numbers)
    return next((address for address in found if address not in used), str(block[-2]))


_HALVES = {
    "internet": ("internet", "93.184.216.34", "203.0.113.80"),
    "internet6": ("internet6", "2a05:d018::80", "2600:9000::80"),
}


def must_reach(
    network: Network,
    source: str,
    destination: str,
    port: int | None,
    *,
    consequence: str,
    concept: str,
    protocol: str = "tcp",
    given: str = "",
) -> None:
    """Fails the check unless a connection is possible, there and back. ``given`` goes before the sentence.

    The internet is tried in several parts: a table may know one of them only.
    """
    for start in _HALVES.get(source, (source,)):
        for end in _HALVES.get(destination, (destination,)):
            found = trace(network, start, end, protocol, port)
            assert found.reachable, Because(
                found=f"{given}{_followed(found)} It does not get there and back.",
                consequence=consequence,
                trace=reasons(found),
                concept=concept,
            )


def _followed(found: Trace) -> str:
    port = "any port" if found.port is None else f"port {found.port}"
    places = {"internet": "the internet", "internet6": "the internet (IPv6)"}
    ends = [places.get(end, end) for end in (found.source, found.destination)]
    return f"A packet was followed from {ends[0]} to {ends[1]}, {found.protocol} {port}."


def must_not_reach(
    network: Network,
    source: str,
    destination: str,
    port: int | None,
    *,
    consequence: str,
    concept: str,
    protocol: str = "tcp",
) -> None:
    """Fails the check unless a connection is certainly not possible: unknown does not pass."""
    found = trace(network, source, destination, protocol, port)
    assert found.blocked or found.codes == ("UNASSOCIATED_COMPONENT",), Because(
        found=f"{_followed(found)} {found.sentence}",
        consequence=consequence,
        trace=reasons(found),
        concept=concept,
    )


def interface_at(network: Network, address: str, name: str) -> str:
    """The interface with a private address, by its id: a machine that was renamed is found as well."""
    found = [one.id for one in network.interfaces if address in one.private_ips]
    assert found, Because(
        found=f"The machine {name} ({address}) is not there any more.",
        consequence="Nothing can be said about its packets.",
        concept="reset_lab() lays the start state again.",
    )
    return found[0]


def as_predicted(name: str, given: Any, truth: Mapping[str, Trace]) -> None:
    """Fails the check unless a prediction (connection as text: True or False) is as the packets go.

    The message counts, and shows where one wrong one is decided; it does not say which one that is.
    """
    said = {_squeezed(each): value for each, value in given.items()} if isinstance(given, Mapping) else {}
    missing = [each for each in truth if not isinstance(said.get(_squeezed(each)), bool)]
    assert not missing, Because(
        found=f'The answer "{name}" says neither true nor false of {shown(missing[:3])}'
        f"{' and more' if len(missing) > 3 else ''}.",
        consequence="A prediction with holes is filled by guesses, on the day of the incident.",
        concept=f"{len(truth)} connections, each True (request and reply arrive) or False.",
    )
    wrong = [found for each, found in truth.items() if said[_squeezed(each)] != found.reachable]
    assert not wrong, Because(
        found=f"{len(truth) - len(wrong)} of {len(truth)} connections are told as the packets go. In "
        f"one of the others, {_met(wrong[0])} decides.",
        consequence="Somebody opens a firewall for a path that does not exist, or trusts in a wall that is "
        "none.",
        concept=_idea(wrong[0]),
    )


def _squeezed(text: Any) -> str:
    return "".join(str(text).split()).lower()


def _met(found: Trace) -> str:
    """The component that decides: where the packet stops, or what carries it on in the middle of its way."""
    if found.explanations:
        return f"{found.explanations[0].component.kind} {found.explanations[0].component}"
    passed = ("security group", "the internet")
    hops = [hop.component for hop in found.forward if hop.component.kind not in passed]
    return f"{hops[len(hops) // 2].kind} {hops[len(hops) // 2]}" if hops else "nothing on its way"


def _idea(found: Trace) -> str:
    codes = set(found.codes)
    if found.reachable:
        return "Follow both ways, gate by gate: a packet that nothing on its way refuses arrives."
    if found.explanations and found.explanations[0].phase == "return":
        return "A request can arrive whose reply has no way back: then there is no connection."
    if codes & {"IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"}:
        return "An internet gateway delivers to public addresses only."
    if found.explanations and found.explanations[0].component.kind == "network ACL":
        return "Rules are read by number, the first that fits decides, and after the last comes a no."
    return "A table that does not know the destination ends the journey, whoever is peered with whom."


def ports_at_the_edges(network: Network, vpc: str, *more: int) -> list[int]:
    """The TCP and UDP ports at which any rule of a VPC begins or ends, and their neighbours.

    Between two of them no rule changes its mind, so a question about every port needs these only.
    """
    rules: list[Any] = [rule for group in network.security_groups if group.vpc == vpc for rule in group.rules]
    rules += [entry for acl in network.network_acls if acl.vpc == vpc for entry in acl.entries]
    ends = {port for rule in rules for port in (rule.from_port, rule.to_port) if port is not None}
    near = {port + step for port in ends | set(more) for step in (-1, 0, 1)}
    return sorted(port for port in near | {1, 65535} if 1 <= port <= 65535)


def vpcs_in(network: Network, cidr: str) -> list[Vpc]:
    """The VPCs that have exactly this range as one of theirs; the default VPC is not among them."""
    return [vpc for vpc in network.vpcs if cidr in vpc.cidrs]


def made_elsewhere(account: Account, operation: str, find: Callable[[str], Iterable[str]]) -> str:
    """``id in Region`` of what the learner made in another Region than the lab's, "" when nothing.

    ``find(region)`` gives the ids; it is asked only where the account's journal has the operation.
    """
    regions = {
        str(row["region"])
        for row in account.journal()
        if row["operation"] == operation and row["status"] < 300 and row["region"] != account.region_name
    }
    for region in sorted(regions):
        for found in find(region):
            return f"{found} in {region}"
    return ""


def the_one(candidates: Sequence[Vpc], cidr: str, whose: str) -> Vpc:
    """The only candidate; two fail the check, and the message names both."""
    ids = [vpc.id for vpc in candidates]
    assert len(candidates) == 1, Because(
        found=f"{len(ids)} VPCs have the range {cidr}: {shown(ids)}. Which one is {whose} cannot be told.",
        consequence="Half of the next steps would land in one network and half in the other, and two "
        "networks with one range can never be connected.",
        concept="A range does not name a VPC: AWS lets you make as many as you like with the same one.",
    )
    return candidates[0]


def region_ids(account: Account) -> dict[str, str]:
    """Zone ids by zone name, of the lab's Region."""
    zones = account.client("ec2").describe_availability_zones()["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in zones}
