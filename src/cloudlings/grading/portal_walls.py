"""The hospital portal's network for graders of security: its tiers, and walls that are supposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cloudlings.account import Account
from cloudlings.grading.task import Because
from cloudlings.grading.tier_rules import Portal
from cloudlings.grading.vpc_state import network_of, subnets_of, the_one, vpcs_in, with_host
from cloudlings.lab import Brief
from cloudlings.network import Network
from cloudlings.network.model import NetworkAcl, NetworkAclEntry, SecurityGroupRule, Subnet

INHERITED = {"launch-wizard-1", "admin", "test-2023"}
"""The names of the groups that the contractor left."""


def portal_of(account: Account, brief: Brief) -> Portal:
    """The portal's network as the account has it now; fails the check where a part of it is gone."""
    return portal_in(network_of(account), brief)


def portal_in(network: Network, brief: Brief) -> Portal:
    """The portal in a network: the one VPC with its range, and the brief's subnets by tier."""
    found = vpcs_in(network, brief.vpc_cidr)
    gone = Because(
        found=f"The portal's network ({brief.vpc_cidr}) and its eight subnets were looked for; not all of "
        "them are there.",
        consequence="The portal is down.",
        concept="What runs is made safe in place. reset_lab() lays the start state again.",
    )
    here = {subnet.cidr: subnet for vpc in found for subnet in subnets_of(network, vpc.id)}
    assert {block for blocks in brief.subnets.values() for block in blocks} <= here.keys(), gone
    vpc = the_one(found, brief.vpc_cidr, "the portal's")
    tiers = {tier: [here[block] for block in blocks] for tier, blocks in brief.subnets.items()}
    return Portal(network, vpc, tiers)


def open_to_the_world(portal: Portal) -> list[SecurityGroupRule]:
    """The inbound rules of the inherited groups that let in everybody."""
    return [
        rule
        for group in portal.network.security_groups
        if group.vpc == portal.vpc.id and group.group_name in INHERITED
        for rule in group.inbound
        if rule.cidr in ("0.0.0.0/0", "::/0")
    ]


RULE_200 = NetworkAclEntry(200, False, "deny", "tcp", "0.0.0.0/0", 22, 22)
"""The deny of SSH in the inherited network ACL."""


def inherited_in(brief: Brief) -> tuple[NetworkAclEntry, ...]:
    """The inbound rules of the network ACL that the seed lays on the reports tier."""
    return (
        NetworkAclEntry(100, False, "allow", "tcp", brief.vpc_cidr, 80, 80),
        NetworkAclEntry(110, False, "allow", "tcp", brief.vpc_cidr, 443, 443),
        RULE_200,
    )


def inherited_out(brief: Brief) -> tuple[NetworkAclEntry, ...]:
    """Its outbound rules."""
    return (NetworkAclEntry(100, True, "allow", "-1", brief.vpc_cidr),)


def with_acl(
    portal: Portal,
    subnets: Iterable[Subnet],
    entries: tuple[NetworkAclEntry, ...],
    name: str = "acl-as-inherited",
) -> Network:
    """The portal's network, with one network ACL of these entries on the subnets."""
    ids = {subnet.id for subnet in subnets}
    others = tuple(
        replace(acl, subnets=tuple(name for name in acl.subnets if name not in ids))
        for acl in portal.network.network_acls
    )
    own = NetworkAcl(name, portal.vpc.id, tuple(sorted(ids)), entries)
    return replace(portal.network, network_acls=(*others, own))


_OPEN = (NetworkAclEntry(100, False, "allow"), NetworkAclEntry(100, True, "allow"))


def with_open_acls(portal: Portal, *tiers: str) -> Network:
    """The portal's network with an open network ACL on these tiers: what another task is about stays out."""
    return with_acl(portal, [subnet for tier in tiers for subnet in portal.tiers[tier]], _OPEN, "acl-open")


def with_places(network: Network, portal: Portal) -> tuple[Network, dict[str, str]]:
    """The network with a host in each tier, none behind a security group: only routes and ACLs count."""
    tiers, places = portal.tiers, {"internet": "internet"}
    wanted = {
        "web": tiers["web"][0],
        "app": tiers["app"][0],
        "data": tiers["data"][0],
        "reports": tiers["reports"][0],
        "neighbour": tiers["reports"][0],
        "reports-b": tiers["reports"][1],
    }
    for name, subnet in wanted.items():
        network, places[name] = with_host(network, subnet, what=f"host {name}")
    return network, places
