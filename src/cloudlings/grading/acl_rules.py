"""Rules of network ACLs that a learner hands in, and what two lists of them make of the same packets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.grading.task import Because
from cloudlings.grading.vpc_state import ip
from cloudlings.network.model import NetworkAclEntry

MOST_RULES = 40
"""The most rules that a network ACL can have in one direction (VPC User Guide, quotas)."""

WITH_PORTS = ("tcp", "udp")
"""The protocols of which a rule may name ports; any other is let through or refused as a whole."""


def first_match(
    entries: Iterable[NetworkAclEntry], protocol: str, address: str, port: int
) -> NetworkAclEntry | None:
    """The rule of a network ACL that decides about a packet; None where only the closing ``*`` is left."""
    for entry in sorted(entries, key=lambda each: each.number):
        low = 0 if entry.from_port is None else entry.from_port
        high = 65535 if entry.to_port is None else entry.to_port
        ports = entry.protocol not in WITH_PORTS or low <= port <= high
        if entry.protocol in ("-1", protocol) and ports and ip(f"{address}/32").subnet_of(ip(entry.cidr)):
            return entry
    return None


def rules_of(rows: Any, answer: str, name: str) -> tuple[NetworkAclEntry, ...]:
    """Rules as the lab writes them, or as describe_network_acls gives them; inbound ones only."""
    try:
        found = tuple(_rule(row) for row in rows if not row.get("Egress"))
    except (TypeError, KeyError, ValueError, AttributeError):
        found = ()
    kept = tuple(rule for rule in found if rule.number < 32767)
    readable = bool(found) and len(kept) <= MOST_RULES
    assert readable, Because(
        found=f'In the answer "{answer}", "{name}" is no list of rules that can be read: {str(rows)[:120]}.',
        consequence="A proof that nobody can run proves nothing.",
        concept='At most 40 rules. A rule is a dictionary: {"number": 100, "action": "allow", "protocol": '
        '"tcp", "cidr": "10.0.0.0/16", "from": 80, "to": 80}; protocol "-1" has no ports.',
    )
    numbers = [rule.number for rule in kept]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    assert twice is None, Because(
        found=f'In the answer "{answer}", "{name}" has two rules with the number {twice}.',
        consequence="EC2 refuses the second one: this list can be nobody's network ACL.",
        concept="A rule's number is its place in the order, and a place is taken once in each direction.",
    )
    return kept


def _rule(row: Mapping[str, Any]) -> NetworkAclEntry:
    ports = row.get("PortRange") or {}
    protocol = str(row.get("protocol", row.get("Protocol"))).lower()
    first, last = row.get("from", ports.get("From")), row.get("to", ports.get("To"))
    cidr = str(row.get("cidr", row.get("CidrBlock")))
    ip(cidr)
    action = str(row.get("action", row.get("RuleAction"))).lower()
    if action not in ("allow", "deny"):
        raise ValueError(action)
    return NetworkAclEntry(
        int(row.get("number", row.get("RuleNumber"))),
        False,
        "allow" if action == "allow" else "deny",
        {"1": "icmp", "6": "tcp", "17": "udp", "all": "-1"}.get(protocol, protocol),
        cidr,
        None if first is None else int(first),
        None if last is None else int(last),
    )


def difference(
    one: Iterable[NetworkAclEntry], other: Iterable[NetworkAclEntry], hosts: Iterable[str]
) -> str | None:
    """A packet that two lists decide differently about, in words; None when there is none.

    Tried from ``hosts``, and at every edge of every rule: between two edges no rule changes its mind. Asked
    is every protocol that a rule names, and one that only a rule for all of them takes.
    """
    one, other = tuple(one), tuple(other)
    named = {rule.protocol for rule in (*one, *other)} - {"-1"}
    ends = {p for rule in (*one, *other) for p in (rule.from_port, rule.to_port) if p is not None}
    ports = sorted({p + step for p in ends for step in (-1, 0, 1)} | {1, 65535})
    blocks = [ip(rule.cidr) for rule in (*one, *other)]
    numbers = {int(edge) + step for b in blocks for edge in (b[0], b[-1]) for step in (-1, 0, 1)}
    edges = [str(ipaddress.IPv4Address(number)) for number in sorted(numbers) if 0 < number < 2**32]
    for protocol in dict.fromkeys((*WITH_PORTS, "icmp", "protocol 47", *sorted(named))):
        for host in [*hosts, *edges]:
            for port in ports if protocol in WITH_PORTS else [0]:
                said = [_lets_in(rules, protocol, host, port) for rules in (one, other)]
                if said[0] != said[1]:
                    what = f"{protocol} port {port}" if protocol in WITH_PORTS else protocol
                    return f"{what} from {host}"
    return None


def _lets_in(rules: Iterable[NetworkAclEntry], protocol: str, host: str, port: int) -> bool:
    decides = first_match(rules, protocol, host, port)
    return decides is not None and decides.action == "allow"
