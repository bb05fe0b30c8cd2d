"""Security groups and network ACLs: what they let through, and the sentence that says why not."""

from __future__ import annotations

from . import addresses
from .addresses import LAST, Piece, Rect, Sifted, sift
from .journey import End, Leg, Walk, component
from .model import NetworkAcl, NetworkAclEntry, SecurityGroup, SecurityGroupRule
from .result import Component, Explanation, Phase

#: Interfaces of these types may have no security group at all, and then nothing is filtered.
UNFILTERED_TYPES = frozenset(
    {"nat_gateway", "network_load_balancer", "gateway_load_balancer", "transit_gateway", "vpc_lattice"}
)
_WAY = {"ingress": "in", "egress": "out"}
_INTO = {"ingress": "in to", "egress": "out of"}


def through_groups(walk: Walk, leg: Leg, end: End, direction: str) -> None:
    """Put the request through the security groups of an end. Replies are tracked: they never come here."""
    if not end.filtered:
        return
    if not end.groups:
        walk.cannot_tell(
            "UNKNOWN_RESOURCE",
            end.component,
            f"No security group of {end.component} is known, so what it lets {_WAY[direction]} is not known.",
            "forward",
        )
        return
    other = leg.server if direction == "egress" else leg.client
    rects, lost_references = _rects(walk, leg, end, other, direction)
    sifted = sift(leg.pieces, rects, "server", leg.seen(other))
    if sifted.kept:
        _let_through(walk, leg, end, direction, sifted)
        return
    for explanation in _refusals(walk, leg, end, other, direction, lost_references):
        part = explanation.component
        walk.hop(
            leg,
            "forward",
            part,
            explanation.text,
            allowed=False,
            direction=direction,
            subnet=end.subnet,
            vpc=end.vpc,
            attached_to=end.component,
            explanations=(explanation,),
        )


def _rects(
    walk: Walk, leg: Leg, end: End, other: End, direction: str
) -> tuple[list[Rect], list[SecurityGroupRule]]:
    """The rules of all groups of an end as numbers (they add up), and references that the path made void."""
    rects: list[Rect] = []
    void: list[SecurityGroupRule] = []
    members = set(other.groups)
    question = walk.question
    for name in end.groups:
        group = walk.index.groups.get(name)
        if group is None:
            continue
        plain, by_group = walk.index.group_rules(group, direction, question.family, question.protocol)
        rects.extend(plain)
        for reference in by_group:
            if reference.group not in members:
                continue
            if leg.outbound_identity if direction == "egress" else leg.identity:
                void.append(reference.rule)
            else:
                rects.append(
                    Rect(0, LAST[question.family], reference.first, reference.last, True, reference.rule)
                )
    return rects, void


def _let_through(walk: Walk, leg: Leg, end: End, direction: str, sifted: Sifted) -> None:
    leg.pieces = sifted.kept
    rule = sifted.allowed_by
    group = _group_of(walk, end, rule)
    part = component(group) if group is not None else Component(end.groups[0], "security group")
    walk.hop(
        leg,
        "forward",
        part,
        f"Security group {part} lets it {_WAY[direction]}: {describe_rule(rule)}.",
        direction=direction,
        rule=rule,
        subnet=end.subnet,
        vpc=end.vpc,
        attached_to=end.component,
    )


def _group_of(walk: Walk, end: End, rule: object) -> SecurityGroup | None:
    if len(end.groups) == 1:
        return walk.index.groups.get(end.groups[0])
    groups = [walk.index.groups[name] for name in end.groups if name in walk.index.groups]
    return next((group for group in groups if any(each is rule for each in group.rules)), None)


def _refusals(
    walk: Walk, leg: Leg, end: End, other: End, direction: str, void: list[SecurityGroupRule]
) -> list[Explanation]:
    found: list[Explanation] = []
    who = walk.address(leg, other)
    port = _port_words(walk, leg, "forward")
    preposition = "from" if direction == "ingress" else "to"
    for name in end.groups:
        group = walk.index.groups.get(name)
        if group is None:
            part = Component(name, "security group")
            text = (
                f"Security group {name} of {end.component} does not exist any more: it lets nothing through."
            )
            found.append(
                walk.stop("ENI_SG_RULES_MISMATCH", part, text, "forward", direction=direction, leg=leg)
            )
            continue
        part = component(group)
        rules = group.inbound if direction == "ingress" else group.outbound
        bound = "inbound" if direction == "ingress" else "outbound"
        if not rules:
            text = f"Security group {part} of {end.component} has no {bound} rule at all."
            walk.stop(
                "SG_HAS_NO_RULES",
                part,
                text,
                "forward",
                direction=direction,
                related=(end.component,),
                leg=leg,
            )
        text = (
            f"No {bound} rule of security group {part} lets {walk.question.protocol}{port} "
            f"{preposition} {_other_words(other, who)} {_INTO[direction]} {end.component}."
        )
        found.append(
            walk.stop(
                "ENI_SG_RULES_MISMATCH",
                part,
                text,
                "forward",
                direction=direction,
                related=(end.component,),
                leg=leg,
            )
        )
    if void:
        _say_void(walk, leg, end, other, direction, void)
    return found


def _say_void(
    walk: Walk, leg: Leg, end: End, other: End, direction: str, void: list[SecurityGroupRule]
) -> None:
    part = component(walk.index.groups[next(name for name in end.groups if name in walk.index.groups)])
    text = (
        f"Security group {part} refers to group {void[0].group}, but on this path {other.component} is known "
        "by its address alone, not by its security groups."
    )
    code = leg.outbound_identity if direction == "egress" else leg.identity
    walk.stop(code, part, text, "forward", direction=direction, rule=void[0], leg=leg)


def through_acl(walk: Walk, leg: Leg, phase: Phase, subnet: str, direction: str) -> None:
    """Put the packet through a subnet's network ACL: it has no memory, so replies are checked as well."""
    acl = walk.index.acl_of(subnet)
    where = walk.index.subnets.get(subnet)
    if acl is None:
        part = component(where) if where is not None else Component(subnet, "subnet")
        text = f"No network ACL of subnet {part} is known, so what it lets through is not known."
        walk.cannot_tell("UNKNOWN_RESOURCE", part, text, phase)
        return
    question = walk.question
    rects = walk.index.acl_rects(acl, direction == "egress", question.family, question.protocol)
    towards_server = phase == "forward"
    other = leg.server if (direction == "egress") == towards_server else leg.client
    pieces = (
        leg.pieces
        if towards_server or question.reply_ports is None
        else _typed(leg.pieces, question.reply_ports)
    )
    sifted = sift(pieces, rects, "server" if towards_server else "client", leg.seen(other))
    part = component(acl)
    if not sifted.kept:
        _acl_refuses(walk, leg, phase, acl, subnet, direction, sifted, other)
        return
    if sifted.lost and not towards_server:
        _warn_partial(walk, leg, phase, part, subnet, sifted, direction)
    if question.reply_ports is None or towards_server:
        leg.pieces = sifted.kept
    number = f"rule {entry.number}" if isinstance(entry := sifted.allowed_by, NetworkAclEntry) else "a rule"
    walk.hop(
        leg,
        phase,
        part,
        f"Network ACL {part} of subnet {subnet} lets it {_WAY[direction]} by {number}.",
        direction=direction,
        rule=sifted.allowed_by,
        subnet=subnet,
        vpc=acl.vpc,
    )


def _typed(pieces: list[Piece], ports: addresses.Ports) -> list[Piece]:
    """Pieces whose reply is an ICMP message of one type, in place of the client's ports."""
    return [piece._replace(client=ports) for piece in pieces]


def _acl_refuses(
    walk: Walk,
    leg: Leg,
    phase: Phase,
    acl: NetworkAcl,
    subnet: str,
    direction: str,
    sifted: Sifted,
    other: End,
) -> None:
    part = component(acl)
    entry = sifted.denied_by
    by = f"rule {entry.number} denies" if isinstance(entry, NetworkAclEntry) else "no rule allows"
    what = "the reply" if phase == "return" else "the request"
    bound = "inbound" if direction == "ingress" else "outbound"
    preposition = "from" if direction == "ingress" else "to"
    text = (
        f"Network ACL {part} of subnet {subnet} drops {what}: {by} {bound} {walk.question.protocol}"
        f"{_port_words(walk, leg, phase)} {preposition} {_other_words(other, walk.address(leg, other))}."
    )
    where = walk.index.subnets.get(subnet)
    related = (component(where),) if where is not None else ()
    found = walk.stop(
        "SUBNET_ACL_RESTRICTION", part, text, phase, direction=direction, rule=entry, related=related, leg=leg
    )
    walk.hop(
        leg,
        phase,
        part,
        text,
        allowed=False,
        direction=direction,
        rule=entry,
        subnet=subnet,
        vpc=acl.vpc,
        explanations=(found,),
    )


def _warn_partial(
    walk: Walk, leg: Leg, phase: Phase, part: Component, subnet: str, sifted: Sifted, direction: str
) -> None:
    before = sum(addresses.count(piece.client) for piece in leg.pieces)
    after = sum(addresses.count(piece.client) for piece in sifted.kept)
    if len(leg.pieces) == len(sifted.kept) and before == after:
        return
    left = addresses.show_ports(sifted.kept[0].client)
    all_ports = addresses.show_ports(leg.pieces[0].client)
    text = (
        f"Network ACL {part} of subnet {subnet} lets only some replies {_WAY[direction]}: the client may use "
        f"any of the ports {all_ports}, and {left} are open, so some connections fail."
    )
    walk.warn("X_PARTIAL_REPLY_PORTS", part, text, phase, sifted.denied_by)


def _port_words(walk: Walk, leg: Leg, phase: Phase) -> str:
    if walk.question.protocol in ("icmp", "icmpv6"):
        return (
            f" type {addresses.show_ports(walk.question.server_ports)}" if phase == "forward" else " replies"
        )
    if walk.question.protocol not in ("tcp", "udp") or not leg.pieces:
        return ""
    first = leg.pieces[0]
    return f" port {addresses.show_ports(first.server if phase == 'forward' else first.client)}"


def _other_words(other: End, address: str) -> str:
    if other.outside == "internet":
        return "the internet" if address.startswith("any ") else address
    return (
        f"{other.component} ({address})"
        if "(" not in str(other.component)
        else f"{other.component} at {address}"
    )


def describe_rule(rule: object) -> str:
    """A rule in words: ``tcp 443 from 0.0.0.0/0``."""
    if not isinstance(rule, SecurityGroupRule):
        return "a rule"
    peer = rule.cidr or rule.prefix_list or rule.group
    preposition = "from" if rule.direction == "ingress" else "to"
    protocol = "all traffic" if rule.protocol in ("-1", "all") else rule.protocol
    ports = ""
    if protocol != "all traffic" and rule.from_port not in (None, -1):
        ports = (
            f" {rule.from_port}" if rule.from_port == rule.to_port else f" {rule.from_port}–{rule.to_port}"
        )
    return f"{protocol}{ports} {preposition} {peer}"
