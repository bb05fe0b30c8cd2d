"""Who has no business at a machine's door."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudlings.grading.strangers import with_strangers
from cloudlings.network import Network
from cloudlings.network.model import (
    Interface,
    PrefixList,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)


def card(name: str, address: str, *groups: str, vpc: str = "vpc-1", attached_to: str = "") -> Interface:
    return Interface(
        name, vpc, "subnet-a", private_ips=(address,), security_groups=groups, attached_to=attached_to
    )


def network(*rules: SecurityGroupRule) -> Network:
    return Network(
        vpcs=(Vpc("vpc-1", ("10.0.0.0/16",)),),
        subnets=(
            Subnet("subnet-a", "vpc-1", "10.0.0.0/24"),
            Subnet("subnet-b", "vpc-1", "10.0.1.0/24", name="app-b"),
            Subnet("subnet-6", "vpc-1", ""),
        ),
        interfaces=(
            card("eni-far", "10.0.0.8", "sg-far", vpc="vpc-2"),
            card("eni-target", "10.0.0.9", "sg-door", attached_to="i-target"),
            card("eni-second", "10.0.0.10", "sg-door", attached_to="i-target"),
            card("eni-relay", "10.0.0.4", "sg-relay"),
            card("eni-spare-relay", "10.0.0.11", "sg-relay"),
            card("eni-kiosk", "10.0.0.5", "sg-kiosk"),
            card("eni-machine", "10.0.0.6", "sg-door", attached_to="i-twin"),
            card("eni-nat", "10.0.0.7"),
        ),
        security_groups=(SecurityGroup("sg-door", "vpc-1", rules), SecurityGroup("sg-kiosk", "vpc-1")),
        prefix_lists=(PrefixList("pl-1", ("10.0.1.64/30", "fd00::/8")),),
    )


def strangers(*rules: SecurityGroupRule) -> dict[str, str]:
    return with_strangers(network(*rules), "eni-target", {"eni-relay": "relay"}, {"10.0.0.5": "kiosk"})[1]


def lets_in(**source: str) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", "tcp", 8080, 8080, **source)


def addresses(*rules: SecurityGroupRule) -> set[str]:
    return {name.removeprefix("next machine at ") for name in strangers(*rules).values() if " at " in name}


def test_machines_that_are_there_and_those_that_may_come() -> None:
    """Each machine of the VPC but the callers, who wears their group, and the target's own cards."""
    assert strangers() == {
        "eni-kiosk": "kiosk",
        "eni-machine": "i-twin",
        "a host in subnet-a": "next machine in subnet-a",
        "a host in subnet-b": "next machine in app-b",
    }


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([lets_in(cidr="10.0.0.4/32")], set()),
        ([lets_in(cidr="10.0.0.4/30")], set()),
        ([lets_in(cidr="10.0.0.0/29")], set()),
        ([lets_in(cidr="10.0.0.0/28")], {"10.0.0.8"}),
        ([lets_in(prefix_list="pl-1")], {"10.0.1.64"}),
        ([lets_in(cidr="10.0.1.255/32")], set()),
        ([lets_in(group="sg-kiosk")], set()),
        ([lets_in(cidr="192.168.0.0/16")], set()),
        ([lets_in(cidr="::/0")], set()),
        ([SecurityGroupRule("egress", cidr="10.0.1.32/32")], set()),
        ([lets_in(cidr="10.0.0.0/16")], {"10.0.0.8", "10.0.1.4"}),
    ],
)
def test_a_machine_where_a_rule_lets_one_in(rules: list[SecurityGroupRule], expected: set[str]) -> None:
    """At the first free address of the range, in each subnet; AWS gives nobody a subnet's first and last."""
    assert addresses(*rules) == expected


def test_a_planted_machine_has_its_address() -> None:
    """It is in the network that is given back."""
    planned, names = with_strangers(
        network(lets_in(cidr="10.0.1.64/30")), "eni-target", {"eni-relay": "relay"}, {}
    )
    found = {one.id: one.private_ips for one in planned.interfaces}
    assert found["a host at 10.0.1.64 in subnet-b"] == ("10.0.1.64",)
    assert set(names) <= set(found)


def test_a_card_that_nothing_wears_yet() -> None:
    """It is no stranger to itself, and others that nothing wears are; who is not known is told by id."""
    planned = network()
    bare = tuple(
        card("eni-target", "10.0.0.9", "sg-door") if one.id == "eni-target" else one
        for one in planned.interfaces
    )
    names = with_strangers(replace(planned, interfaces=bare), "eni-target", {"eni-relay": "relay"}, {})[1]
    assert names["eni-kiosk"] == "eni-kiosk"
    assert "eni-target" not in names
