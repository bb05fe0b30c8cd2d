"""Whether the rule that somebody names for a refused packet is the one that refused it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloudlings.grading.triage_rules import names_the_rules
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import (
    Interface,
    NetworkAcl,
    NetworkAclEntry,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)

HOSTS = {"till": "10.9.1.10", "ledger": "10.9.2.10", "printer": "10.9.2.11"}
BRIEF = Brief({"kiosk_hosts": HOSTS, "incidents": {"r1": 8080, "r2": 9000, "r3": 631}})
ALL = (
    SecurityGroupRule("ingress", "-1", cidr="0.0.0.0/0"),
    SecurityGroupRule("egress", "-1", cidr="0.0.0.0/0"),
)
OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))
WALL = (
    NetworkAclEntry(90, False, "deny", "tcp", "0.0.0.0/0", 8080, 8080),
    NetworkAclEntry(80, True, "deny", "tcp", "10.9.1.0/24", 1024, 65535),
    *OPEN,
)
NETWORK = Network(
    vpcs=(Vpc("vpc-k", ("10.9.0.0/16",)),),
    subnets=(Subnet("subnet-1", "vpc-k", "10.9.1.0/24"), Subnet("subnet-2", "vpc-k", "10.9.2.0/24")),
    route_tables=(RouteTable("rtb-k", "vpc-k", main=True),),
    network_acls=(
        NetworkAcl("acl-open", "vpc-k", ("subnet-1",), OPEN, default=True),
        NetworkAcl("acl-wall", "vpc-k", ("subnet-2",), WALL),
    ),
    security_groups=(SecurityGroup("sg-open", "vpc-k", ALL), SecurityGroup("sg-shut", "vpc-k")),
    interfaces=tuple(
        Interface(
            f"eni-{name}", "vpc-k", f"subnet-{address[5]}", private_ips=(address,), security_groups=(group,)
        )
        for (name, address), group in zip(HOSTS.items(), ("sg-open", "sg-open", "sg-shut"), strict=True)
    ),
)
RIGHT: dict[str, Any] = {
    "r1": {"id": "acl-wall", "rule": "90"},
    "r2": {"id": "acl-wall", "rule": 80},
    "r3": {"id": "sg-shut"},
}


@pytest.mark.parametrize(
    "third", [{"id": "sg-shut"}, {"id": "sg-shut", "rule": 1}, {"id": "sg-shut", "rule": "*"}]
)
def test_a_group_needs_no_number(third: dict[str, Any]) -> None:
    """A group that has no rule for a packet has nothing to number: what is said of it does not count."""
    names_the_rules(NETWORK, BRIEF, RIGHT | {"r3": third})


def test_what_was_opened_since_is_named_all_the_same() -> None:
    """A packet that passes now cannot be followed to a rule any more, but the incident has an answer."""
    opened = replace(NETWORK, network_acls=tuple(replace(acl, entries=OPEN) for acl in NETWORK.network_acls))
    names_the_rules(opened, BRIEF, RIGHT)
    for given in (None, RIGHT | {"r2": None}):
        with pytest.raises(AssertionError, match="names nothing for r"):
            names_the_rules(opened, BRIEF, given)


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ({"r3": None}, "names nothing for r3"),
        ({"r1": {"rule": 90}}, "names nothing for r1"),
        ({"r1": {"id": "acl-wall", "rule": 100}}, "first rule that fits"),
        ({"r2": {"id": "acl-wall", "rule": "*"}}, "does not remember the request"),
        ({"r3": {"id": "acl-wall", "rule": 90}}, "never asked"),
    ],
    ids=["no third", "no id", "another rule", "the closing rule", "a wall that was not asked"],
)
def test_another_rule_is_not_the_one(slip: dict[str, Any], words: str) -> None:
    """The message names the incident, or the idea that leads to the rule; never the rule."""
    with pytest.raises(AssertionError) as failed:
        names_the_rules(NETWORK, BRIEF, RIGHT | slip)
    assert words in str(failed.value.args[0])
