"""Whom a rule of a security group lets in: one host, the carriers of a group, or more."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.group_rules import in_words, too_many
from cloudlings.network import Network
from cloudlings.network.model import PrefixList, SecurityGroupRule, Subnet, Vpc

VPC = Vpc("vpc-1", ("10.0.0.0/16", "100.64.0.0/16"))
NETWORK = Network(
    vpcs=(VPC,),
    subnets=(Subnet("subnet-a", "vpc-1", "10.0.1.0/24", "eu-west-1a"),),
    prefix_lists=(PrefixList("pl-1", ("203.0.113.7/32",)), PrefixList("pl-2", ("203.0.113.0/24",))),
)


def rule(port: int, **source: Any) -> SecurityGroupRule:
    return SecurityGroupRule("ingress", "tcp", port, port, **source)


@pytest.mark.parametrize(
    ("port", "source", "words"),
    [
        (443, {"cidr": "10.0.1.0/24"}, ""),
        (443, {"cidr": "100.64.3.0/24"}, ""),
        (22, {"cidr": "10.0.1.0/24"}, "256 addresses"),
        (22, {"cidr": "10.0.1.9/32"}, ""),
        (22, {"cidr": "10.0.1.9"}, ""),
        (22, {"cidr": "10.0.1.3/32"}, "10.0.1.3 is one of the five"),
        (443, {"cidr": "10.0.1.255/32"}, "10.0.1.255 is one of the five"),
        (443, {"cidr": "0.0.0.0/0"}, "4,294,967,296 addresses"),
        (443, {"cidr": "10.0.0.0/8"}, "16,777,216 addresses"),
        (443, {"cidr": "::/0"}, "addresses are let in"),
        (22, {"cidr": "2001:db8::7/128"}, ""),
        (22, {"cidr": "203.0.113.7/32"}, ""),
        (22, {"group": "sg-1"}, ""),
        (22, {"prefix_list": "pl-1"}, ""),
        (22, {"prefix_list": "pl-2"}, "256 addresses"),
        (22, {"prefix_list": "pl-gone"}, "4,294,967,296 addresses"),
    ],
)
def test_too_many(port: int, source: dict[str, Any], words: str) -> None:
    """A range of the VPC's own will do but for administration; no machine has an address that AWS keeps."""
    found = too_many(NETWORK, VPC, rule(port, **source), port)
    assert (words in found) if words else found == ""


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (rule(22, cidr="10.0.0.0/8"), "(tcp 22 from 10.0.0.0/8)"),
        (SecurityGroupRule("ingress", "tcp", 0, 65535, group="sg-1"), "(tcp 0–65535 from sg-1)"),
        (SecurityGroupRule("ingress", "-1", cidr="::/0"), "(every protocol and port from ::/0)"),
        (rule(22, prefix_list="pl-1"), "(tcp 22 from pl-1)"),
    ],
)
def test_a_rule_in_words(shown: SecurityGroupRule, words: str) -> None:
    """Protocol, ports, and who."""
    assert in_words(shown) == words
