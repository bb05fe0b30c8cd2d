"""What graders read of networks, and how they say what became of a packet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from cloudlings.account import Account
from cloudlings.grading.vpc_state import (
    as_predicted,
    inside,
    interface_at,
    made_elsewhere,
    must_not_reach,
    must_reach,
    ports_at_the_edges,
    shown,
    subnets_of,
    table_for,
    vpcs_in,
    way_of,
    why,
    with_host,
)
from cloudlings.network import Network, Statement, Trace, trace
from cloudlings.network.model import (
    Instance,
    Interface,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from cloudlings.network.result import Component, Explanation, Hop

HOME = Subnet("subnet-a", "vpc-1", "10.0.1.0/28", "eu-west-1a", ("2001:db8::/64", "2001:db8:0:1::/64"))
LATE = Subnet("subnet-b", "vpc-1", "10.0.2.0/24", "eu-west-1b")
ELSE = Subnet("subnet-c", "vpc-2", "10.0.1.0/28", "eu-west-1a")
LOCAL = Route("10.0.0.0/16", "local")
NETWORK = Network(
    vpcs=(Vpc("vpc-1", ("10.0.0.0/16", "10.9.0.0/16")), Vpc("vpc-2", ("10.0.0.0/16",))),
    subnets=(HOME, LATE, ELSE),
    route_tables=(
        RouteTable("rtb-else", "vpc-2", (LOCAL,), main=True),
        RouteTable(
            "rtb-own", "vpc-1", (LOCAL, Route("::/0", ""), Route("0.0.0.0/0", "nat-1")), ("subnet-b",)
        ),
        RouteTable("rtb-main", "vpc-1", (LOCAL,), main=True),
    ),
)


def test_what_belongs_to_a_vpc() -> None:
    """Its subnets; and the VPCs that have a range, were it the second one of theirs."""
    assert subnets_of(NETWORK, "vpc-1") == [HOME, LATE]
    assert [each.id for each in vpcs_in(NETWORK, "10.0.0.0/16")] == ["vpc-1", "vpc-2"]
    assert [each.id for each in vpcs_in(NETWORK, "10.9.0.0/16")] == ["vpc-1"]


def test_a_subnet_without_ipv4_is_in_no_block() -> None:
    """One that speaks IPv6 alone has no such range."""
    assert inside([replace(LATE, cidr=""), HOME], "10.0.0.0/16") == [HOME]


@pytest.mark.parametrize(
    ("subnet", "table", "words"),
    [
        (LATE, "rtb-own", "rtb-own: ::/0 to nothing, 0.0.0.0/0 to nat-1"),
        (HOME, "rtb-main", "rtb-main: only local routes"),
        (ELSE, "rtb-else", "rtb-else: only local routes"),
        (Subnet("subnet-d", "vpc-3"), "no main table", "no main table: only local routes"),
    ],
)
def test_how_a_subnet_is_routed(subnet: Subnet, table: str, words: str) -> None:
    """By the table that it is associated with, or else by its own VPC's main table."""
    assert table_for(NETWORK, subnet).id == table
    assert way_of(NETWORK, subnet) == words


@pytest.mark.parametrize(
    ("names", "words"), [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_names_as_words(names: list[str], words: str) -> None:
    """The last one after an and."""
    assert shown(names) == words


def found(verdict: Any = "blocked", *codes: str, kind: str = "route table", phase: Any = "forward") -> Trace:
    """What became of a packet, with the things that stopped it."""
    stops = (Explanation(code, Component("x-1", kind), f"{code} stops it.", phase) for code in codes)
    return Trace("a", "b", "tcp", 443, verdict, "A sentence.", explanations=tuple(stops))


def test_why_a_statement_does_not_hold() -> None:
    """The reasons of its trace, each once, three at most; none where it has no trace."""
    assert why(Statement(False, "No.")) == []
    traces = (found("blocked", "A", "A", "B", "C", "D"),)
    assert why(Statement(False, "No.", traces=traces)) == ["A stops it.", "B stops it.", "C stops it."]


def test_the_same_host_again_takes_the_place_of_the_first() -> None:
    """Two of one name would be two places."""
    network, _ = with_host(NETWORK, HOME)
    network, name = with_host(network, HOME)
    assert [one.id for one in network.interfaces] == [name]


@pytest.mark.parametrize(
    ("subnet", "ipv6", "addresses"),
    [(HOME, True, ("2001:db8::1000",)), (HOME, False, ()), (LATE, True, ())],
)
def test_the_ipv6_address_of_a_host(subnet: Subnet, ipv6: bool, addresses: tuple[str, ...]) -> None:
    """One where it is asked for and the subnet has a range."""
    network, _ = with_host(NETWORK, subnet, ipv6=ipv6)
    assert network.interfaces[-1].ipv6 == addresses


def test_an_address_that_is_used_in_another_vpc_is_free() -> None:
    """Two VPCs may have one range."""
    there, _ = with_host(NETWORK, ELSE)
    both, _ = with_host(there, HOME)
    assert [one.private_ips for one in both.interfaces] == [("10.0.1.14",), ("10.0.1.14",)]


WORDS = {"consequence": "nothing works", "concept": "a concept"}


@pytest.mark.parametrize(
    ("port", "protocol", "words"), [(None, "-1", ", -1 any port."), (443, "tcp", ", tcp port 443.")]
)
def test_a_packet_in_words(port: int | None, protocol: str, words: str) -> None:
    """Which one was followed, from where to where, and that it did not arrive."""
    network, host = with_host(NETWORK, HOME)
    with pytest.raises(AssertionError) as failed:
        must_reach(network, "internet", host, port, protocol=protocol, **WORDS)
    assert f"from the internet to a host in subnet-a{words} It does not get" in str(failed.value.args[0])


def test_a_machine_without_an_address_of_the_family_is_not_reached() -> None:
    """It is certain, although there is no place to which the packet could go."""
    card = Interface("eni-1", "vpc-1", "subnet-a", private_ips=("10.0.1.5",), attached_to="i-1")
    network = replace(NETWORK, interfaces=(card,), instances=(Instance("i-1"),))
    assert trace(network, "internet6", "i-1", "tcp", 443).verdict == "unknown"
    must_not_reach(network, "internet6", "i-1", 443, **WORDS)


def test_the_interface_of_a_machine() -> None:
    """By its address, in whichever range of the VPC; one that is not there fails the check, by its name."""
    cards = (
        Interface("eni-1", "vpc-1", "subnet-a", private_ips=("10.0.1.5", "10.0.1.6")),
        Interface("eni-2", "vpc-1", "subnet-a", private_ips=("10.9.0.5",)),
    )
    network = replace(NETWORK, interfaces=cards)
    assert interface_at(network, "10.0.1.6", "door") == "eni-1"
    assert interface_at(network, "10.9.0.5", "door") == "eni-2"
    with pytest.raises(AssertionError, match=r"machine door \(10.0.1.7\) is not there any more"):
        interface_at(network, "10.0.1.7", "door")


@pytest.mark.parametrize(("pairs", "more"), [(3, False), (4, True)])
def test_predictions_that_are_missing(pairs: int, more: bool) -> None:
    """Three of them are named."""
    truth = {f"a{n} > b": found() for n in range(pairs)}
    with pytest.raises(AssertionError) as failed:
        as_predicted("pairs", {}, truth)
    message = str(failed.value.args[0])
    assert ("a0 > b, a1 > b and a2 > b" in message, "and more" in message) == (True, more)


IGW = "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"


def way(*kinds: str) -> Trace:
    """A packet that arrives, and what it passes."""
    hops = (Hop(n, "forward", Component(f"{kind[:3]}-{n}", kind), True, "") for n, kind in enumerate(kinds))
    return replace(found("reachable"), forward=tuple(hops))


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (found("blocked", "NO_ROUTE"), "route table x-1 decides.*A table that does not know the destination"),
        (found("blocked", "ACL", kind="network ACL"), "network ACL x-1 decides.*Rules are read by number"),
        (found("blocked", "ACL", kind="network ACL", phase="return"), "whose reply has no way back"),
        (found("blocked", IGW, kind="internet gateway"), "delivers to public addresses only"),
        (found("blocked", IGW, kind="internet gateway", phase="return"), "whose reply has no way back"),
        (found("blocked"), "nothing on its way decides.*A table that does not know"),
        (way("network interface", "security group", "route table", "peering", "network ACL"),
         "peering pee-3 decides.*Follow both ways"),
        (way("the internet", "internet gateway", "network ACL", "security group", "network interface"),
         "network ACL net-2 decides"),
        (way("function", "the internet"), "function fun-0 decides"),
        (way("security group"), "nothing on its way decides"),
    ],
)  # fmt: skip
def test_what_decides_about_a_wrong_prediction(truth: Trace, words: str) -> None:
    """Where it stops, or what carries it on, and the idea behind."""
    with pytest.raises(AssertionError, match=f"(?s)0 of 1.*{words}"):
        as_predicted("pairs", {"a > b": not truth.reachable}, {"a > b": truth})


def test_ports_of_rules_elsewhere_and_of_no_port() -> None:
    """Another VPC's network ACLs do not count, and a rule for ICMP gives no ports beyond the ends."""
    entry = NetworkAclEntry(100, False, "allow", "6", from_port=80, to_port=80)
    acls = (NetworkAcl("acl-1", "vpc-1", (), (entry,)),
            NetworkAcl("acl-2", "vpc-2", (), (replace(entry, from_port=7, to_port=9),)))  # fmt: skip
    ping = SecurityGroupRule("ingress", "icmp", -1, -1, cidr="0.0.0.0/0")
    every = SecurityGroupRule("ingress", "tcp", 0, 65535, cidr="0.0.0.0/0")
    network = replace(
        NETWORK, network_acls=acls, security_groups=(SecurityGroup("sg-1", "vpc-1", (ping, every)),)
    )
    assert ports_at_the_edges(network, "vpc-1") == [1, 79, 80, 81, 65534, 65535]


class Journal:
    """An account that keeps what was asked, and remembers where it was searched."""

    region_name = "eu-west-1"

    def __init__(self, *rows: dict[str, Any]) -> None:
        usual = {"operation": "CreateVpc", "status": 200, "region": "us-east-1"}
        self._rows = [usual | row for row in rows]
        self.searched: list[str] = []

    def journal(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def find(self, region: str) -> list[str]:
        self.searched.append(region)
        return {"us-east-1": ["vpc-9", "vpc-8"], "eu-west-1": ["vpc-1"]}.get(region, [])


@pytest.mark.parametrize(
    ("rows", "seen", "searched"),
    [
        ([{}], "vpc-9 in us-east-1", ["us-east-1"]),
        ([{}, {"region": "ap-south-1"}], "vpc-9 in us-east-1", ["ap-south-1", "us-east-1"]),
        ([{"region": "ap-south-1"}], "", ["ap-south-1"]),
        ([{"region": "eu-west-1"}], "", []),
        ([{"status": 400}], "", []),
        ([{"operation": "CreateSubnet"}], "", []),
        ([], "", []),
    ],
    ids=["there", "in the second", "gone again", "here", "refused", "something else", "nothing"],
)
def test_what_was_made_in_another_region(rows: list[dict[str, Any]], seen: str, searched: list[str]) -> None:
    """It is looked for only where the journal says that one was made, and told with its Region."""
    account = Journal(*rows)
    assert made_elsewhere(cast(Account, account), "CreateVpc", account.find) == seen
    assert account.searched == searched
