"""Findings about rules: admin ports open to everyone, and rules that another one leaves without effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from . import addresses
from .addresses import ALL_PORTS, Block, Piece, Rect, block, clip, cut, regions
from .filters import describe_rule
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
    """Network ACL rules that can never match, and security group rules that change nothing."""
    for acl in index.network.network_acls:
        for egress in (False, True):
            entries = sorted(
                (each for each in acl.entries if each.egress == egress), key=lambda each: each.number
            )
            yield from _shadowed_entries(acl, [each for each in entries if each.number < 32767])
    for group in index.network.security_groups:
        for direction in ("ingress", "egress"):
            yield from _redundant(index, group, [rule for rule in group.rules if rule.direction == direction])


def _shadowed_entries(acl: NetworkAcl, entries: Sequence[NetworkAclEntry]) -> Iterable[Finding]:
    """Rules of which the ones before, together, leave nothing."""
    for at, entry in enumerate(entries):
        found, ports = block(entry.cidr), _ports_of(entry)
        if found is None or ports is None:
            continue
        earlier = _takers(entry, found, ports, entries[:at])
        if not earlier:
            continue
        way = "outbound" if entry.egress else "inbound"
        packet = _packet(entry, found, ports)
        numbers = " and ".join(f"{each.number} ({each.action})" for each in earlier)
        rules, come, take = (
            ("rule", "comes", "takes") if len(earlier) == 1 else ("rules", "come", "together take")
        )
        opposite = any(each.action != entry.action for each in earlier)
        text = (
            f"Rule {entry.number} ({entry.action}, {way}) of network ACL {component(acl)} can never match: "
            f"{rules} {numbers} {come} first and {take} every such packet, {packet} for one, which rule "
            f"{_first_taker(earlier, found, ports).number} decides. The effect is "
            f"{'the opposite' if opposite else 'the same'}."
        )
        severity: Literal["problem", "note"] = "problem" if opposite else "note"
        yield Finding("SHADOWED_RULE", severity, component(acl), text, packet=packet)


def _takers(
    later: NetworkAclEntry, found: Block, ports: tuple[int, int], before: Sequence[NetworkAclEntry]
) -> list[NetworkAclEntry]:
    """The earlier rules that together take all that a rule is about; none when something is left for it."""
    rects = [rect for each in before if (rect := _rect(each, later, found)) is not None]
    whole = Piece(found.low, found.high, (ports,), ALL_PORTS)
    taken: dict[int, NetworkAclEntry] = {}
    for piece, covering in regions([whole], rects):
        left = piece.server
        for rect in covering:
            if clip(left, rect.first, rect.last) and isinstance(rect.rule, NetworkAclEntry):
                taken.setdefault(rect.rule.number, rect.rule)
                left = cut(left, rect.first, rect.last)
        if left:
            return []
    return [taken[number] for number in sorted(taken)]


def _first_taker(earlier: Sequence[NetworkAclEntry], found: Block, ports: tuple[int, int]) -> NetworkAclEntry:
    """The rule that decides the packet shown: the first one that holds its address and port."""
    address = _shown_address(found)
    for each in earlier:
        whole, taken = block(each.cidr), _ports_of(each)
        if whole is None or taken is None or not whole.low <= address <= whole.high:
            continue
        if protocol_name(each.protocol) == "-1" or taken[0] <= _shown_port(ports) <= taken[1]:
            return each
    return earlier[0]


def _rect(earlier: NetworkAclEntry, later: NetworkAclEntry, found: Block) -> Rect | None:
    """An earlier rule as numbers, or None when it is about other packets than the later one."""
    whole, taken = block(earlier.cidr), _ports_of(earlier)
    if whole is None or taken is None or whole.family != found.family:
        return None
    every = protocol_name(earlier.protocol) == "-1"
    if not every and protocol_name(earlier.protocol) != protocol_name(later.protocol):
        return None
    if not every and earlier.icmp_code not in (None, -1) and earlier.icmp_code != later.icmp_code:
        return None
    first, last = (0, 65535) if every else taken
    return Rect(whole.low, whole.high, first, last, True, earlier)


def _ports_of(entry: NetworkAclEntry | SecurityGroupRule) -> tuple[int, int] | None:
    if protocol_name(entry.protocol) in ("icmp", "icmpv6"):
        kind = entry.icmp_type if isinstance(entry, NetworkAclEntry) else entry.from_port
        return (0, 255) if kind in (None, -1) else (kind or 0, kind or 0)
    first = 0 if entry.from_port in (None, -1) else entry.from_port or 0
    last = 65535 if entry.to_port in (None, -1) else entry.to_port or 0
    return (first, last) if first <= last else None


def _packet(entry: NetworkAclEntry, found: Block, ports: tuple[int, int]) -> Header:
    """One packet that the shadowed rule is about."""
    outside = addresses.show(_shown_address(found), found.family)
    protocol = protocol_name(entry.protocol)
    shown = "tcp" if protocol == "-1" else protocol
    port = str(_shown_port(ports)) if shown in ("tcp", "udp") else ""
    client = str(CLIENT_PORTS[0][0]) if port else ""
    inside = "the subnet"
    if entry.egress:
        return Header(shown, inside, client, outside, port)
    return Header(shown, outside, client, inside, port)


def _shown_address(found: Block) -> int:
    return found.low + (1 if found.high > found.low else 0)


def _shown_port(ports: tuple[int, int]) -> int:
    return ports[0] or min(443, ports[1])


def _redundant(index: Index, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> Iterable[Finding]:
    """Rules add up, so one inside another changes nothing."""
    for at, rule in enumerate(rules):
        for other_at, other in enumerate(rules):
            if at == other_at or not _within(index, group, rule, other):
                continue
            if other_at > at and _within(index, group, other, rule):
                continue
            text = (
                f"A rule of security group {component(group)} ({describe_rule(rule)}) changes nothing: "
                f"another one ({describe_rule(other)}) lets all of it through."
            )
            yield Finding("REDUNDANT_RULE", "note", component(group), text)
            break


def _within(index: Index, group: SecurityGroup, rule: SecurityGroupRule, other: SecurityGroupRule) -> bool:
    """Whether all that a rule lets through is let through by another one."""
    ports, wider = _ports_of(rule), _ports_of(other)
    if ports is None or wider is None:
        return False
    if protocol_name(other.protocol) != "-1":
        if protocol_name(rule.protocol) != protocol_name(other.protocol):
            return False
        if not (wider[0] <= ports[0] and ports[1] <= wider[1]):
            return False
        if protocol_name(rule.protocol) in ("icmp", "icmpv6") and other.to_port not in (
            None,
            -1,
            rule.to_port,
        ):
            return False
    return _same_or_wider_peer(index, group, rule, other)


def _same_or_wider_peer(
    index: Index, group: SecurityGroup, rule: SecurityGroupRule, other: SecurityGroupRule
) -> bool:
    if (rule.group, rule.prefix_list) == (other.group, other.prefix_list) and not rule.cidr + other.cidr:
        return True
    whole = block(other.cidr)
    if whole is None:
        return False
    if rule.group:
        # Members of a group are met by their private addresses, IPv6 ones too where the VPC has them.
        return whole.length == 0 and whole.family == 4 and not index.vpc_blocks(group.vpc, 6)
    inner = [block(rule.cidr)] if rule.cidr else _listed(index, rule.prefix_list)
    return bool(inner) and all(
        each is not None and each.family == whole.family and whole.low <= each.low and each.high <= whole.high
        for each in inner
    )


def _listed(index: Index, name: str) -> list[Block | None]:
    return [*index.prefix_blocks(name, 4), *index.prefix_blocks(name, 6)]
