"""Walls between machines: the doors that must be open, and everything else that must not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudlings.grading.tier_rules import Portal
from cloudlings.grading.wall_rules import (
    all_but_ssh,
    calls_nobody,
    door_is_open,
    followed,
    nothing_else,
    reports_work,
    stays_out,
)
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import (
    Interface,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkAclEntry,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

WORLD = "0.0.0.0/0"
OUT = SecurityGroupRule("egress", "-1", cidr=WORLD)
MACHINES = {"front": "eni-front", "app": "eni-app"}


def rule(
    protocol: str, low: int | None = None, high: int | None = None, cidr: str = WORLD
) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", protocol, low, high, cidr=cidr)


DOOR = rule("tcp", 8080, 8080)
OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))


def network(*rules: SecurityGroupRule, acl: tuple[NetworkAclEntry, ...] = OPEN, public: str = "") -> Network:
    """Two machines in two subnets; the app's groups have these rules, its subnet this network ACL."""
    return Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=(Subnet("subnet-f", "vpc-1", "10.0.1.0/24"), Subnet("subnet-a", "vpc-1", "10.0.2.0/24")),
        route_tables=(RouteTable("rtb-1", "vpc-1", (Route(WORLD, "igw-1"),), main=True),),
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
        network_acls=(
            NetworkAcl("acl-1", "vpc-1", ("subnet-f",), OPEN, default=True),
            NetworkAcl("acl-2", "vpc-1", ("subnet-a",), acl),
        ),
        security_groups=(
            SecurityGroup("sg-front", "vpc-1", (OUT,)),
            SecurityGroup("sg-app", "vpc-1", (*rules, OUT)),
        ),
        interfaces=(
            Interface("eni-front", "vpc-1", "subnet-f", ("10.0.1.9",), security_groups=("sg-front",)),
            Interface("eni-app", "vpc-1", "subnet-a", ("10.0.2.9",), (public,), security_groups=("sg-app",)),
        ),
    )


def surplus(there: Network, source: str, port: int | None) -> None:
    nothing_else(Portal(there, there.vpcs[0], {}), MACHINES, source, "app", port)


def test_a_door_is_open_or_not() -> None:
    """The one that lacks an answer is named as people name it."""
    door_is_open(network(DOOR), MACHINES, "front", "app", 8080)
    with pytest.raises(AssertionError, match="front gets no answer from app"):
        door_is_open(network(DOOR), MACHINES, "front", "app", 8081)
    with pytest.raises(
        AssertionError, match=r"from the internet to eni-app.*\n.*internet gets no answer from app"
    ):
        door_is_open(network(DOOR), MACHINES, "internet", "app", 8080)
    door_is_open(network(DOOR, public="203.0.113.9"), MACHINES, "internet", "app", 8080)


@pytest.mark.parametrize(
    ("rules", "port"),
    [((), None), ((DOOR,), 8080), ((), 8080), ((DOOR, rule("tcp", 22, 22, "10.0.9.0/24")), 8080)],
    ids=["nothing", "its door", "less than its door", "a door for somebody else"],
)
def test_nothing_else_is_open(rules: tuple[SecurityGroupRule, ...], port: int | None) -> None:
    """Whether the door itself is open is another question."""
    surplus(network(*rules), "front", port)


@pytest.mark.parametrize(
    ("surplus_rule", "port"),
    [
        (rule("-1"), None), (DOOR, None), (rule("udp", 53, 53), None), (rule("icmp", -1, -1), None),
        (rule("-1"), 8080), (rule("tcp", 8080, 8081), 8080), (rule("tcp", 8079, 8080), 8080),
        (rule("tcp", 5432, 5432), 8080), (rule("udp", 8080, 8080), 8080), (rule("icmp", -1, -1), 8080),
    ],
)  # fmt: skip
def test_more_than_the_door_is_open(surplus_rule: SecurityGroupRule, port: int | None) -> None:
    """Every port and protocol is asked; the message says which group lets it in."""
    with pytest.raises(AssertionError, match=r"has a way to app that nobody needs") as failed:
        surplus(network(surplus_rule), "front", port)
    told = failed.value.args[0]
    assert told.found.startswith("Every port of app (eni-app) was tried from front. ")
    assert told.trace == ["It is let in by a rule of sg-app."]


def test_the_world_has_a_name_of_its_own() -> None:
    """People say the internet; a network ACL that stands before a wide group is a wall as well."""
    there = network(rule("-1"), public="203.0.113.9")
    with pytest.raises(AssertionError, match="Whoever sends from the internet has a way to app"):
        surplus(there, "internet", 8080)
    shut = network(rule("-1"), public="203.0.113.9", acl=(NetworkAclEntry(90, False, "deny"), *OPEN))
    surplus(shut, "internet", 8080)


@pytest.mark.parametrize(
    ("flow", "arrives"),
    [("front > app tcp 53", True), ("front>app udp 53", False), ("app > front tcp 53", False)],
)
def test_a_flow_is_followed_as_it_is_written(flow: str, arrives: bool) -> None:
    """From the first to the second, by its protocol and port."""
    found = followed(network(rule("tcp", 53, 53)), MACHINES, flow)
    assert (found.reachable, found.port) == (arrives, 53)


NO_SSH = (NetworkAclEntry(90, False, "deny", "tcp", WORLD, 22, 22), *OPEN)
LATE = (replace(NO_SSH[0], number=110), *OPEN)


TIERS = {
    tier: [Subnet(f"{tier}-{zone}", "vpc-1", f"10.0.{n}{m}.0/24") for m, zone in enumerate("ab")]
    for n, tier in enumerate(("web", "app", "data", "reports"), 1)
}
ALLOWED = [
    NetworkAclEntry(100, False, "allow", "tcp", "10.0.0.0/16", 80, 80),
    NetworkAclEntry(110, False, "allow", "tcp", "10.0.0.0/16", 443, 443),
    NetworkAclEntry(120, False, "allow", "tcp", "0.0.0.0/0", 1024, 65535),
    NetworkAclEntry(100, True, "allow"),
]


def reports(*entries: NetworkAclEntry) -> Portal:
    """The portal whose reports tier has a network ACL of these entries; all others let everything pass."""
    subnets = [subnet for tier in TIERS.values() for subnet in tier]
    own = tuple(subnet.id for subnet in TIERS["reports"])
    there = Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=tuple(subnets),
        internet_gateways=(InternetGateway("igw-1", "vpc-1"),),
        nat_gateways=(
            NatGateway("nat-1", "vpc-1", "web-a", private_ip="10.0.10.9", public_ips=("203.0.113.9",)),
        ),
        route_tables=(
            RouteTable("rtb-web", "vpc-1", (Route(WORLD, "igw-1"),), tuple(s.id for s in TIERS["web"])),
            RouteTable("rtb-main", "vpc-1", (Route(WORLD, "nat-1"),), main=True),
        ),
        network_acls=(
            NetworkAcl("acl-1", "vpc-1", tuple(s.id for s in subnets if s.id not in own), OPEN, default=True),
            NetworkAcl("acl-reports", "vpc-1", own, entries),
        ),
    )
    return Portal(there, there.vpcs[0], TIERS)


@pytest.mark.parametrize(
    ("left_out", "words"),
    [
        (None, ""),
        (0, "the doctors' report pages do not open"),
        (1, "the doctors' report pages do not open"),
        (2, "reports stay empty: the database's answers do not arrive"),
        (3, "the doctors' report pages do not open"),
    ],
)
def test_what_the_reports_need(left_out: int | None, words: str) -> None:
    """A network ACL lets in the pages' callers and all replies: without one of its rules somebody notices."""
    portal = reports(*(entry for n, entry in enumerate(ALLOWED) if n != left_out))
    brief = Brief({"database_port": 5432})
    if not words:
        reports_work(portal, brief)
        return
    with pytest.raises(AssertionError, match=rf"The NACLs as they are now\. (.|\n)*With this NACL {words}"):
        reports_work(portal, brief)


def test_replies_from_the_database_alone_are_not_enough() -> None:
    """A hospital answers a report, too."""
    near = replace(ALLOWED[2], cidr="10.0.0.0/16")
    with pytest.raises(AssertionError, match="no report can be sent to a hospital"):
        reports_work(reports(*ALLOWED[:2], near, ALLOWED[3]), Brief({"database_port": 5432}))


def test_everything_but_ssh() -> None:
    """A port list that holds 22 does not ask for it; a port that is shut is told."""
    all_but_ssh(network(rule("-1"), acl=NO_SSH), "eni-front", "eni-app", [22, 80, 65535])
    with pytest.raises(AssertionError, match="one careless security group"):
        all_but_ssh(network(rule("-1"), acl=LATE), "eni-front", "eni-app", [80])
    with pytest.raises(AssertionError, match="lose the databases"):
        all_but_ssh(network(DOOR, acl=NO_SSH), "eni-front", "eni-app", [8080, 5432])


def test_a_tier_that_stays_out() -> None:
    """No TCP port at all; a ping is not asked about."""
    stays_out(network(rule("icmp", -1, -1)), "eni-front", "eni-app")
    with pytest.raises(AssertionError, match="one security group away"):
        stays_out(network(rule("tcp", 65535, 65535)), "eni-front", "eni-app")


def test_databases_answer_and_do_not_call() -> None:
    """Replies go to high ports, so a wall that lets those out lets nobody be called on a low one."""
    inbound = NetworkAclEntry(100, False, "allow")
    for low, quiet in ((1024, True), (443, False), (None, False)):
        out = NetworkAclEntry(100, True, "allow", "tcp", WORLD, low, low and 65535)
        # The app is the database here; the front's group lets everybody in.
        there = network(acl=(inbound, out))
        front = replace(there.security_groups[0], rules=(OUT, rule("-1")))
        there = replace(there, security_groups=(front, there.security_groups[1]))
        if quiet:
            calls_nobody(there, "eni-app", "eni-front", [1, 443, 1023, 1024, 8080])
            continue
        with pytest.raises(AssertionError, match="Databases answer, they do not call"):
            calls_nobody(there, "eni-app", "eni-front", [1, 443, 1023, 1024, 8080])
