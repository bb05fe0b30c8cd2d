"""Whether a tier goes on when a zone is lost: the message names the subnet that was looked at."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cloudlings.grading.tier_rules import Portal, has_room, survives
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import (
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
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
