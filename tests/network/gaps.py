"""What an emulator cannot build or tell of a topology: the gaps of reading it back, each by name."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping
from typing import Any

Topology = Mapping[str, Any]

#: What a topology can say and no API call can bring about: states that pass, and what emulators do not have.
PASSING_STATES = ("nats", "lbs", "dbs", "endpoints", "pcx", "tgws")


def lost(topology: Topology) -> str:
    """What moto forgets of a topology that was built, so that no reading can tell it; "" when nothing."""
    for row in (topology.get("tgws") or {}).values():
        tables = [row, *(row.get("tables") or {}).values()]
        if any(target != "blackhole" for table in tables for _, target in table.get("routes", ())):
            return "the attachment of a transit gateway's static route"
    for row in (topology.get("nacls") or {}).values():
        entries = [*row.get("in", ()), *row.get("out", ())]
        if any(str(entry[2]).startswith("icmp") and str(entry[3]) for entry in entries):
            return "the type in a network ACL's rule about ICMP"
    return ""


def gap(topology: Topology) -> str:
    """Why a topology cannot be built through the API of an emulator; "" when it can."""
    for part in PASSING_STATES:
        if any("state" in row for row in (topology.get(part) or {}).values()):
            return f"a passing state of {part}"
    for row in (topology.get("vpcs") or {}).values():
        if row.get("bpa"):
            return "VPC Block Public Access"
        if isinstance(row.get("ipv6"), str):
            return "an IPv6 range of one's own choice"
    for row in (topology.get("tgws") or {}).values():
        if row.get("others") or row.get("attachment_state"):
            return "transit gateway attachments that are no VPC's, or in a passing state"
    if any(row.get("mode") or row.get("eip") is False for row in (topology.get("nats") or {}).values()):
        return "regional NAT gateways, and public ones without an address"
    if any(
        len(route) > 2 for row in (topology.get("tables") or {}).values() for route in row.get("routes", ())
    ):
        return "routes propagated from a VPN"
    if _subnets_overlap(topology):
        return "subnets that overlap"
    endpoints = topology.get("endpoints") or {}
    if any(
        route[1] in endpoints
        for row in (topology.get("tables") or {}).values()
        for route in row.get("routes", ())
    ):
        return "routes to endpoints that inspect traffic"
    if any(row.get("ipv6") for row in (topology.get("lambdas") or {}).values()):
        return "dual-stack functions"
    return "Auto Scaling groups with instances of their own" if topology.get("groups") else ""


def _subnets_overlap(topology: Topology) -> bool:
    rows = (topology.get("subnets") or {}).values()
    blocks = [(row["vpc"], ipaddress.ip_network(row["cidr"], strict=False)) for row in rows]
    pairs = itertools.combinations(blocks, 2)
    return any(one[0] == other[0] and one[1].overlaps(other[1]) for one, other in pairs)
