"""The portal's network for graders of security: found whole or not at all, and walls that are supposed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudlings.grading.portal_walls import open_to_the_world, portal_in, with_open_acls
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import NetworkAcl, SecurityGroup, SecurityGroupRule, Subnet, Vpc

BRIEF = Brief({"vpc_cidr": "10.3.0.0/16", "subnets": {"web": ["10.3.1.0/24"], "data": ["10.3.2.0/24"]}})
WORLD = (SecurityGroupRule("ingress", "tcp", 22, 22, cidr="0.0.0.0/0"),)
NETWORK = Network(
    vpcs=(Vpc("vpc-1", ("10.3.0.0/16",)), Vpc("vpc-2", ("10.4.0.0/16",))),
    subnets=(Subnet("subnet-w", "vpc-1", "10.3.1.0/24"), Subnet("subnet-d", "vpc-1", "10.3.2.0/24")),
    network_acls=(NetworkAcl("acl-1", "vpc-1", ("subnet-w", "subnet-d"), default=True),),
    security_groups=(
        SecurityGroup("sg-1", "vpc-1", WORLD, group_name="admin"),
        SecurityGroup("sg-2", "vpc-1", WORLD, group_name="front"),
        SecurityGroup("sg-3", "vpc-2", WORLD, group_name="admin"),
    ),
)


def test_a_portal_without_one_of_its_subnets_is_gone() -> None:
    """A part that was deleted is told, not stumbled over."""
    assert [one.id for one in portal_in(NETWORK, BRIEF).tiers["data"]] == ["subnet-d"]
    with pytest.raises(AssertionError, match="not all of them are there"):
        portal_in(replace(NETWORK, subnets=NETWORK.subnets[:1]), BRIEF)


def test_only_the_portal_s_inherited_groups_count_as_left_open() -> None:
    """A group of that name in another VPC is somebody else's, one of another name is the learner's."""
    portal = portal_in(NETWORK, BRIEF)
    assert len(open_to_the_world(portal)) == 1
    shut = replace(NETWORK, security_groups=NETWORK.security_groups[1:])
    assert not open_to_the_world(replace(portal, network=shut))


def test_a_supposed_wall_takes_the_place_of_the_real_one() -> None:
    """A subnet has one network ACL: the others keep theirs."""
    network = with_open_acls(portal_in(NETWORK, BRIEF), "data")
    assert [acl.subnets for acl in network.network_acls] == [("subnet-w",), ("subnet-d",)]
