"""What a tier has: room, ways in and out, and in each zone its own; messages name the subnet in question."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from cloudlings.grading.tier_rules import (
    Portal,
    answers_the_internet,
    goes_out_and_lets_nobody_in,
    has_room,
    knew_the_laboratory,
    leaves_room,
    reaches_the_laboratory,
    survives,
)
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import (
    Interface,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkAclEntry,
    Peering,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))
WEB = [Subnet(f"web-{z}", "vpc-1", f"10.0.{n}.0/24", f"eu-west-1{z}") for n, z in enumerate("ab")]
APP = [
    Subnet("app-a", "vpc-1", "10.0.10.0/24", "eu-west-1a"),
    Subnet("app-b", "vpc-1", "10.0.11.0/24", "eu-west-1b"),
    Subnet("app-b2", "vpc-1", "10.0.12.0/28", "eu-west-1b"),
]


def portal(**nat_of: str) -> Portal:
    """Each app subnet (by its name with an underscore) goes out by the NAT gateway of a zone."""
    nats = tuple(
        NatGateway(f"nat-{z}", "vpc-1", f"web-{z}", private_ip=f"10.0.{n}.9", public_ips=(f"203.0.113.{n}",))
        for n, z in enumerate("ab")
    )
    tables = tuple(
        RouteTable(f"rtb-{name}", "vpc-1", (Route("0.0.0.0/0", f"nat-{zone}"),), (name.replace("_", "-"),))
        for name, zone in nat_of.items()
    )
    main = RouteTable("rtb-main", "vpc-1", (Route("0.0.0.0/0", "igw-1"),), main=True)
    network = Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=(*WEB, *APP),
        route_tables=(main, *tables),
        nat_gateways=nats,
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
        network_acls=(NetworkAcl("acl-1", "vpc-1", tuple(s.id for s in (*WEB, *APP)), OPEN, default=True),),
    )
    return Portal(network, network.vpcs[0], {"app": APP, "web": WEB})


def test_a_nat_gateway_in_each_zone_survives() -> None:
    """Every zone goes out by its own."""
    survives(portal(app_a="a", app_b="b", app_b2="b"))


@pytest.mark.parametrize(
    ("nat_of", "words"),
    [
        ({"app_a": "a", "app_b": "a", "app_b2": "a"}, r"eu-west-1a was taken away.*1b \(10.0.11.0/24\)"),
        ({"app_a": "a", "app_b": "b", "app_b2": "a"}, r"eu-west-1a was taken away.*1b \(10.0.12.0/28\)"),
        ({"app_a": "b", "app_b": "b", "app_b2": "b"}, r"eu-west-1b was taken away.*1a \(10.0.10.0/24\)"),
    ],
)
def test_one_that_hangs_on_another_zone(nat_of: dict[str, str], words: str) -> None:
    """The zone that was lost, and the very subnet that is cut off."""
    with pytest.raises(AssertionError) as failed:
        survives(portal(**nat_of))
    told = " ".join(str(failed.value).split())
    assert re.search(words, told), told


@pytest.mark.parametrize(
    ("zone", "room", "words"),
    [
        ("z-a", 251, ""),
        ("z-a", 252, "has 251 addresses for machines; the plan asks for 252"),
        ("z-b", 262, ""),
        ("z-b", 263, "10.0.11.0/24 and app-b2 10.0.12.0/28"),
        ("z-c", 1, "app-a in z-a, app-b in z-b and app-b2 in z-b are there"),
    ],
)
def test_room(zone: str, room: int, words: str) -> None:
    """Of each subnet AWS keeps five addresses; several subnets of a zone add up."""
    brief: Any = Brief({"tiers": {"app": "10.0.10.0/23"}, "room": {"app": room}})
    zones = {"eu-west-1a": "z-a", "eu-west-1b": "z-b"}
    found = portal(app_a="a")
    if not words:
        has_room(found, brief, "app", zone, zones)
        return
    with pytest.raises(AssertionError, match=words):
        has_room(found, brief, "app", zone, zones)


DENY_IN = (NetworkAclEntry(90, False, "deny", "tcp", "0.0.0.0/0", 443, 443), *OPEN)
DENY_REPLIES = (NetworkAclEntry(90, True, "deny", "tcp", "0.0.0.0/0", 1024, 65535), *OPEN)


@pytest.mark.parametrize("entries", [OPEN, DENY_IN, DENY_REPLIES], ids=["open", "no request", "no reply"])
def test_an_answer_to_the_internet(entries: tuple[NetworkAclEntry, ...]) -> None:
    """A route to an internet gateway is no answer yet: network ACLs have a say, in both directions."""
    found = portal(app_a="a")
    shut = replace(found.network, network_acls=(replace(found.network.network_acls[0], entries=entries),))
    there = replace(found, network=shut)
    if entries == OPEN:
        answers_the_internet(there, WEB[0])
        return
    with pytest.raises(AssertionError, match=r"internet[^.]*web-a[^.]*443\.(.|\n)*Patients get no answer"):
        answers_the_internet(there, WEB[0])


def app_with(*routes: Route) -> Network:
    """The network in which the first app subnet has these routes."""
    found = portal(app_a="a").network
    main, own = found.route_tables
    return replace(found, route_tables=(main, replace(own, routes=routes)))


NAT, HALF = Route("0.0.0.0/0", "nat-a"), Route("0.0.0.0/1", "nat-a")


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ([NAT], ""),
        ([HALF, Route("128.0.0.0/1", "nat-a")], ""),
        ([], "A machine of the app tier there cannot call the bank"),
        ([HALF], "A machine of the app tier there cannot call the bank"),
        ([Route("0.0.0.0/0", "nat-gone")], "cannot call the bank"),
        ([Route("0.0.0.0/0", "igw-1")], "cannot call the bank"),
        (
            [NAT, Route("198.51.100.0/24", "igw-1")],
            "app-a of the app tier is public: rtb-app_a: 0.0.0.0/0 to",
        ),
        ([NAT, Route("::/0", "igw-1")], "app-a of the app tier is public"),
    ],
)
def test_a_way_out_and_none_in(routes: list[Route], words: str) -> None:
    """The whole internet by a NAT gateway; beside it, not the least way by the internet gateway."""
    network = app_with(*routes)
    if not words:
        goes_out_and_lets_nobody_in(network, APP[0], "app", "call the bank")
        return
    with pytest.raises(AssertionError, match=words):
        goes_out_and_lets_nobody_in(network, APP[0], "app", "call the bank")


def laboratory(*back: Route) -> Network:
    """The laboratory's VPC beside the portal's, peered with it; its table has these routes."""
    here = app_with(NAT, Route("172.20.0.0/16", "pcx-1"))
    scanner = Subnet("lab-a", "vpc-lab", "172.20.1.0/24", "eu-west-1a")
    everything = tuple(
        SecurityGroupRule(direction, "-1", cidr="0.0.0.0/0") for direction in ("ingress", "egress")
    )
    return replace(
        here,
        vpcs=(*here.vpcs, Vpc("vpc-lab", ("172.20.0.0/16",))),
        subnets=(*here.subnets, scanner),
        route_tables=(*here.route_tables, RouteTable("rtb-lab", "vpc-lab", back, main=True)),
        network_acls=(*here.network_acls, NetworkAcl("acl-lab", "vpc-lab", ("lab-a",), OPEN, default=True)),
        peerings=(Peering("pcx-1", "vpc-1", "vpc-lab"),),
        security_groups=(SecurityGroup("sg-lab", "vpc-lab", everything),),
        interfaces=(Interface("eni-1", "vpc-lab", "lab-a", ("172.20.1.9",), security_groups=("sg-lab",)),),
    )


@pytest.mark.parametrize(
    ("back", "subnet", "reached"),
    [
        ([Route("10.0.0.0/16", "pcx-1")], APP[0], True),
        ([], APP[0], False),
        ([Route("10.0.0.0/16", "pcx-1")], APP[1], False),
    ],
    ids=["there and back", "no way back", "a table without the route"],
)
def test_the_laboratory(back: list[Route], subnet: Subnet, reached: bool) -> None:
    """Both tables know the way: the one that the subnet has now, and the laboratory's."""
    brief: Any = Brief({"laboratory_cidr": "172.20.0.0/16", "places": {"scanner": "172.20.1.9"}})
    if reached:
        reaches_the_laboratory(laboratory(*back), subnet, brief)
        return
    with pytest.raises(AssertionError, match=f"{subnet.id} to eni-1(.|\n)*Blood results no longer reach"):
        reaches_the_laboratory(laboratory(*back), subnet, brief)


@pytest.mark.parametrize("sizes", [("10.0.0.0/25", "10.0.0.128/26"), ("10.0.0.0/26", "10.0.0.128/26")])
def test_a_block_with_room_left(sizes: tuple[str, ...]) -> None:
    """A range of the size that the plan needs is free, wherever in the block."""
    leaves_room(taken(*sizes), PLAN, "web")


def test_a_block_with_three_zones() -> None:
    """Where the third zone is there already, nothing needs to be free."""
    leaves_room(taken("10.0.0.0/25", "10.0.0.128/26", "10.0.0.192/26"), PLAN, "web")


@pytest.mark.parametrize(
    "sizes", [("10.0.0.0/25", "10.0.0.128/25"), ("10.0.0.32/27", "10.0.0.96/27", "10.0.0.128/25")]
)
def test_a_block_without_room(sizes: tuple[str, ...]) -> None:
    """All of it is taken, or what is left is in pieces that are too small."""
    with pytest.raises(AssertionError, match=r"no range for 50 machines more is free"):
        leaves_room(taken(*sizes, zones="ab"), PLAN, "web")


PLAN = Brief({"tiers": {"web": "10.0.0.0/24"}, "room": {"web": 50}})


def taken(*ranges: str, zones: str = "abc") -> Portal:
    """A web tier with these ranges, zone after zone."""
    subnets = [
        Subnet(f"web-{n}", "vpc-1", each, f"eu-west-1{zones[n % len(zones)]}")
        for n, each in enumerate(ranges)
    ]
    return Portal(Network(subnets=tuple(subnets)), Vpc("vpc-1", ("10.0.0.0/16",)), {"web": subnets})


LABORATORY = Brief({"laboratory_cidr": "10.5.0.0/16", "places": {"scanner": "10.5.0.9"}})


def peered(there: str, back: str) -> Network:
    """A web subnet and a laboratory, each with one route to the other."""
    vpcs = (Vpc("vpc-1", ("10.0.0.0/16",)), Vpc("vpc-2", ("10.5.0.0/16",)))
    subnets = (WEB[0], Subnet("lab", "vpc-2", "10.5.0.0/24", "eu-west-1a"))
    tables = (
        RouteTable("rtb-1", "vpc-1", (Route(there, "pcx-1"),), main=True),
        RouteTable("rtb-2", "vpc-2", (Route(back, "pcx-1"),), main=True),
    )
    return Network(
        vpcs=vpcs,
        subnets=subnets,
        route_tables=tables,
        peerings=(Peering("pcx-1", "vpc-1", "vpc-2"),),
        interfaces=(
            Interface("eni-s", "vpc-2", "lab", private_ips=("10.5.0.9",), security_groups=("sg-1",)),
        ),
        security_groups=(
            SecurityGroup("sg-1", "vpc-2", (SecurityGroupRule("ingress", "-1", cidr="0.0.0.0/0"),)),
        ),
        network_acls=tuple(NetworkAcl(f"acl-{s.id}", s.vpc, (s.id,), OPEN, default=True) for s in subnets),
    )


def test_the_way_to_the_laboratory() -> None:
    """To all of it: a route to the scanner alone leaves its other machines behind."""
    reaches_the_laboratory(peered("10.5.0.0/16", "10.0.0.0/16"), WEB[0], LABORATORY)
    with pytest.raises(AssertionError, match="a machine in lab"):
        reaches_the_laboratory(
            peered("10.5.0.9/32", "10.0.0.0/16"), WEB[0], LABORATORY, "The receptions wait"
        )


@pytest.mark.parametrize(
    ("back", "known"),
    [("10.0.0.0/16", True), ("10.0.8.0/21", False), ("pl-1", False), ("2001:db8::/56", False)],
)
def test_who_could_talk_to_the_laboratory(back: str, known: bool) -> None:
    """A subnet to which the laboratory has a way back."""
    assert knew_the_laboratory(peered("10.5.0.0/16", back), WEB[0], LABORATORY) is known
