"""Security group rules as sources: whom a rule lets in, in words, and whether that is more than one host."""

from __future__ import annotations

import ipaddress
from typing import Any

from cloudlings.grading.vpc_state import ip, subnets_of
from cloudlings.network import Network
from cloudlings.network.model import SecurityGroupRule, Vpc

ADMIN = {22: "SSH", 3389: "remote desktop"}
"""The ports by which machines are administered."""


def includes(rule: SecurityGroupRule, port: int) -> bool:
    """Whether a rule lets a TCP port through, by name, by range or by protocol -1."""
    if rule.protocol == "-1":
        return True
    first = rule.from_port if rule.from_port not in (None, -1) else 0
    last = rule.to_port if rule.to_port not in (None, -1) else 65535
    return rule.protocol in ("tcp", "6") and first <= port <= last


def in_words(rule: SecurityGroupRule) -> str:
    """``(tcp 0–65535 from 0.0.0.0/0)``."""
    ports = (
        "every protocol and port"
        if rule.protocol == "-1"
        else (
            f"{rule.protocol} {rule.from_port}"
            + (f"–{rule.to_port}" if rule.to_port != rule.from_port else "")
        )
    )
    return f"({ports} from {rule.cidr or rule.group or rule.prefix_list})"


def too_many(network: Network, vpc: Vpc, rule: SecurityGroupRule, port: int) -> str:
    """Who else than one host, or the carriers of a group, a rule lets in; "" when nobody."""
    if rule.prefix_list:
        lists = [one for one in network.prefix_lists if one.id == rule.prefix_list]
        sources = [entry for one in lists for entry in one.entries] or ["0.0.0.0/0"]
    else:
        sources = [rule.cidr] if rule.cidr else []
    for source in sources:
        block = ipaddress.ip_network(source, strict=False)
        private = block.version == 4 and any(block.subnet_of(ip(each)) for each in vpc.cidrs)
        if block.num_addresses > 1 and (port in ADMIN or not private):
            return f"{block.num_addresses:,} addresses are let in."
        if private and block.num_addresses == 1 and _reserved(network, vpc, block):
            return (
                f"{block.network_address} is one of the five that AWS keeps in its subnet: no machine has it."
            )
    return ""


def _reserved(network: Network, vpc: Vpc, host: Any) -> bool:
    for subnet in subnets_of(network, vpc.id):
        block = ip(subnet.cidr)
        if host.subnet_of(block):
            number = int(host.network_address) - int(block.network_address)
            return number < 4 or number == block.num_addresses - 1
    return False
