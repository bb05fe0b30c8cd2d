"""A network in words: what the picture shows, line by line, for those who read instead of looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cloudlings.network.model import Network, Vpc
from cloudlings.network.picture_chips import Chip
from cloudlings.network.picture_layout import WHOLE, lay_out
from cloudlings.network.picture_trace import heading, rule_words
from cloudlings.network.result import Hop, Trace


def outline(network: Network, vpc: Vpc, kinds: Callable[[str], str], traces: Iterable[Trace] = ()) -> str:
    """The VPC zone by zone, its gateways and neighbours, and every hop of the traces; nothing grouped."""
    return "\n".join(_lines(network, vpc, kinds, tuple(traces)))


def _lines(
    network: Network, vpc: Vpc, kinds: Callable[[str], str], traces: tuple[Trace, ...]
) -> Iterator[str]:
    layout = lay_out(network, vpc, kinds, WHOLE)
    yield f"VPC {vpc.name or vpc.id} ({vpc.id}), {', '.join((*vpc.cidrs, *vpc.ipv6_cidrs))}."
    for edge in layout.top:
        yield (
            f"On its edge: {edge.detail} {edge.label}."
            if edge.tag == "IGW"
            else f"On its edge: {edge.label}, {edge.detail}."
        )
    if not layout.top:
        yield "It has no internet gateway."
    for edge in layout.bottom:
        yield f"On its edge: {edge.label}, {edge.detail}."
    for edge in layout.beside:
        yield f"Beside it: {edge.label} ({edge.detail})."
    for zone, _ in layout.zones:
        cells = [cell for cell in layout.cells if cell.subnet.az == zone]
        yield f"Availability Zone {zone}:" if zone else "It has no subnets."
        for cell in cells:
            subnet = cell.subnet
            cidrs = ", ".join([subnet.cidr, *subnet.ipv6_cidrs])
            named = f"{subnet.name or subnet.id} ({cidrs})"
            yield f"  Subnet {named} is {cell.kind}. {_capital(_route(cell.route))}."
            yield from (f"    {_chip(chip)}" for chip in cell.chips)
            if not cell.chips:
                yield "    Nothing is in it."
    yield from layout.notes
    for trace in traces:
        yield f"Trace {heading(trace)}: {trace.verdict}. {trace.sentence}"
        yield from (f"  {_hop(number, hop)}" for number, hop in enumerate(trace.hops, 1))


def _chip(chip: Chip) -> str:
    detail = f", {chip.detail}" if chip.detail else ""
    return f"{_SPOKEN.get(chip.tag, chip.tag)} {chip.label}{detail}."


_SPOKEN = {
    "EC2": "Instance",
    "NAT": "NAT gateway",
    "RDS": "Database",
    "λ": "Function",
    "ENI": "Network interface",
    "VPCE": "Interface endpoint",
    "ALB": "Application load balancer",
    "NLB": "Network load balancer",
    "GWLB": "Gateway load balancer",
    "CLB": "Classic load balancer",
}


def _route(told: str) -> str:
    way, _, table = told.partition(" · ")
    return f"route table {table.removeprefix('main table ')}, {way.replace('→', 'out by')}" if table else told


def _hop(number: int, hop: Hop) -> str:
    way = "reply" if hop.phase == "return" else "request"
    if hop.component.kind == "the internet":
        return f"{number}. {way}: the internet"
    if not hop.allowed:
        codes = ", ".join(dict.fromkeys(one.code for one in hop.explanations))
        told = f"{number}. {way}, BLOCKED at {hop.component.kind} {hop.component}: {hop.text}"
        return f"{told} ({codes})" if codes else told
    decided = rule_words(hop)
    said = f", {decided}" if decided else ""
    return f"{number}. {way}: {hop.component.kind} {hop.component}{said}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
