"""Findings about rules: admin ports open to everyone, and rules that another one leaves without effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import addresses
from .addresses import Block, Rect, block
from .index import Index, protocol_name
from .journey import CLIENT_PORTS, component
from .model import NetworkAcl, NetworkAclEntry, SecurityGroup, SecurityGroupRule
from .result import Finding, Header

#: Ports by which machines are administered: SSH and Windows remote desktop.
ADMIN_PORTS = {22: "SSH", 3389: "remote desktop (RDP)"}
#: Ports of databases, which have no business with the internet.
DATABASE_PORTS = {
    3306: "MySQL",
    5432: "PostgreSQL",
    1433: "SQL Server",
    1521: "Oracle",
    6379: "Redis",
    27017: "MongoDB",
}
_EVERYONE = frozenset({"0.0.0.0/0", "::/0"})


def wide_rules(index: Index) -> Iterable[Finding]:
    """Security group rules that open an admin or database port to the whole internet."""
    for group in index.network.security_groups:
        for rule in group.inbound:
            found = block(rule.cidr)
            if found is None or found.length != 0:
                continue
            for ports, code in ((ADMIN_PORTS, "ADMIN_PORT_OPEN"), (DATABASE_PORTS, "DATABASE_PORT_OPEN")):
                open_ports = [name for port, name in ports.items() if _opens(rule, port)]
                if open_ports:
                    text = (
                        f"Security group {component(group)} lets anyone ({rule.cidr}) in on "
                        f"{', '.join(open_ports)}."
                    )
                    yield Finding(code, "risk", component(group), text)


def _opens(rule: SecurityGroupRule, port: int) -> bool:
    protocol = protocol_name(rule.protocol)
    if protocol == "-1":
        return True
    if protocol != "tcp":
        return False
    first = 0 if rule.from_port is None else rule.from_port
    last = 65535 if rule.to_port is None else rule.to_port
    return first <= port <= last


def shadowed_rules(index: Index) -> Iterable[Finding]:
    """Network ACL rules that can never match, and security group rules that another one contains."""
    for acl in index.network.network_acls:
        for egress in (False, True):
            entries = sorted(
                (each for each in acl.entries if each.egress == egress), key=lambda each: each.number
            )
            yield from _shadowed_entries(acl, [each for each in entries if each.number < 32767])
    for group in index.network.security_groups:
        for direction in ("ingress", "egress"):
            yield from _redundant(group, [rule for rule in group.rules if rule.direction == direction])


def _shadowed_entries(acl: NetworkAcl, entries: Sequence[NetworkAclEntry]) -> Iterable[Finding]:
    for at, entry in enumerate(entries):
        found = block(entry.cidr)
        ports = _ports_of(entry)
        if found is None or ports is None:
            continue
        earlier = next((each for each in entries[:at] if _covers(each, entry, found, ports)), None)
        if earlier is None:
            continue
        way = "outbound" if entry.egress else "inbound"
        packet = _packet(entry, found, ports)
        effect = "the opposite" if earlier.action != entry.action else "the same"
        text = (
            f"Rule {entry.number} ({entry.action}, {way}) of network ACL {component(acl)} can never "
            "match: rule "
            f"{earlier.number} ({earlier.action}) comes first and takes every such packet, {packet} for "
            "one. It does "
            f"{effect}."
        )
        opposite = earlier.action != entry.action
        yield Finding("SHADOWED_RULE", "problem" if opposite else "note", component(acl), text, packet=packet)


def _ports_of(entry: NetworkAclEntry | SecurityGroupRule) -> tuple[int, int] | None:
    if protocol_name(entry.protocol) in ("icmp", "icmpv6"):
        kind = entry.icmp_type if isinstance(entry, NetworkAclEntry) else entry.from_port
        return (0, 255) if kind in (None, -1) else (kind or 0, kind or 0)
    first = 0 if entry.from_port in (None, -1) else entry.from_port or 0
    last = 65535 if entry.to_port in (None, -1) else entry.to_port or 0
    return (first, last) if first <= last else None


def _covers(earlier: NetworkAclEntry, later: NetworkAclEntry, found: Block, ports: tuple[int, int]) -> bool:
    whole, taken = block(earlier.cidr), _ports_of(earlier)
    if whole is None or taken is None or whole.family != found.family:
        return False
    every = protocol_name(earlier.protocol) == "-1"
    if not every and protocol_name(earlier.protocol) != protocol_name(later.protocol):
        return False
    inside = whole.low <= found.low and found.high <= whole.high
    return inside and (every or (taken[0] <= ports[0] and ports[1] <= taken[1]))


def _packet(entry: NetworkAclEntry, found: Block, ports: tuple[int, int]) -> Header:
    """One packet that the shadowed rule is about."""
    outside = addresses.show(found.low + (1 if found.high > found.low else 0), found.family)
    protocol = protocol_name(entry.protocol)
    shown = "tcp" if protocol == "-1" else protocol
    port = str(ports[0] or 443) if shown in ("tcp", "udp") else ""
    client = str(CLIENT_PORTS[0][0]) if port else ""
    inside = "the subnet"
    if entry.egress:
        return Header(shown, inside, client, outside, port)
    return Header(shown, outside, client, inside, port)


def _redundant(group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> Iterable[Finding]:
    """Rules add up, so one inside another changes nothing."""
    shapes = [(rule, _shape(rule)) for rule in rules]
    for at, (rule, shape) in enumerate(shapes):
        if shape is None:
            continue
        for other_at, (other, wider) in enumerate(shapes):
            if at == other_at or wider is None or not _within(rule, shape, other, wider):
                continue
            if shape == wider and other_at > at:
                continue
            text = (
                f"A rule of security group {component(group)} ({rule.protocol} {rule.cidr}) changes "
                "nothing: another one "
                f"({other.protocol} {other.cidr}) lets all of it through."
            )
            yield Finding("REDUNDANT_RULE", "note", component(group), text)
            break


def _shape(rule: SecurityGroupRule) -> Rect | None:
    found, ports = block(rule.cidr), _ports_of(rule)
    if found is None or ports is None:
        return None
    return Rect(found.low, found.high, *ports, True, (found.family, protocol_name(rule.protocol)))


def _within(rule: SecurityGroupRule, shape: Rect, other: SecurityGroupRule, wider: Rect) -> bool:
    every = protocol_name(other.protocol) == "-1"
    if block(rule.cidr) is None or shape.rule[0] != wider.rule[0]:  # type: ignore[index]
        return False
    if not every and protocol_name(rule.protocol) != protocol_name(other.protocol):
        return False
    inside = wider.low <= shape.low and shape.high <= wider.high
    return inside and (every or (wider.first <= shape.first and shape.last <= wider.last))
