"""Addresses and ports as sets of numbers: blocks, what is left of a packet, and first-match rules over it.

"The internet" is not one address but billions, and a client's port is any of its ephemeral range. So a
trace carries what is still possible as *pieces*: an interval of addresses (of the one side that is not
fixed), the server ports and the client ports that are left for it. A rule list narrows the pieces; when
nothing is left the packet is stopped. This is exact, and costs about one step per rule.
"""

from __future__ import annotations

import ipaddress
import socket
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

Ports = tuple[tuple[int, int], ...]
Side = Literal["server", "client"]

ALL_PORTS: Ports = ((0, 65535),)
LAST = {4: 2**32 - 1, 6: 2**128 - 1}

#: Not on the internet: private, shared, loopback, link-local, multicast and reserved ranges (RFC 6890).
_NOT_INTERNET = {
    4: [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
    ],
    6: ["::/3", "64:ff9b::/96", "4000::/2", "8000::/1"],
}
RFC1918 = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
RFC6598 = ("100.64.0.0/10",)


class Block(NamedTuple):
    """A CIDR as numbers: its family (4 or 6), first and last address, and prefix length."""

    family: int
    low: int
    high: int
    length: int


class Piece(NamedTuple):
    """What is left possible: addresses of the free side, and the ports of server and client."""

    low: int
    high: int
    server: Ports
    client: Ports


class Rect(NamedTuple):
    """A rule as numbers: addresses, ports, whether it allows, and the rule it came from."""

    low: int
    high: int
    first: int
    last: int
    allow: bool
    rule: object


@lru_cache(maxsize=1 << 16)
def block(cidr: str) -> Block | None:
    """The block of a CIDR or a bare address; host bits are cut off, as AWS does. None when it is neither."""
    address, slash, length_text = cidr.strip().partition("/")
    family = 6 if ":" in address else 4
    try:
        packed = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, address)
        width = 128 if family == 6 else 32
        length = int(length_text) if slash else width
    except (OSError, ValueError):
        return None
    if not 0 <= length <= width:
        return None
    mask = (1 << (width - length)) - 1
    low = int.from_bytes(packed, "big") & ~mask
    return Block(family, low, low | mask, length)


def is_canonical(cidr: str) -> bool:
    """Whether a CIDR has no host bits set; an unreadable one is not canonical."""
    found = block(cidr)
    return found is not None and show(found.low, found.family) == cidr.strip().partition("/")[0].lower()


@lru_cache(maxsize=1 << 14)
def show(address: int, family: int) -> str:
    """An address as people write it."""
    return str(ipaddress.IPv6Address(address) if family == 6 else ipaddress.IPv4Address(address))


@lru_cache(maxsize=1 << 14)
def show_range(low: int, high: int, family: int) -> str:
    """An interval of addresses: one address, a CIDR where it is one, or ``first–last``."""
    if low == high:
        return show(low, family)
    size = high - low + 1
    if size & (size - 1) == 0 and low % size == 0:
        return f"{show(low, family)}/{(128 if family == 6 else 32) - size.bit_length() + 1}"
    return f"{show(low, family)}–{show(high, family)}"


@lru_cache(maxsize=1 << 12)
def show_ports(ports: Ports) -> str:
    """Ports as people write them: ``443`` or ``32768–60999``."""
    if ports == ALL_PORTS:
        return "any"
    return ", ".join(str(low) if low == high else f"{low}–{high}" for low, high in ports)


def clip(ports: Ports, low: int, high: int) -> Ports:
    """The part of ``ports`` within low..high."""
    if len(ports) == 1:
        first, last = ports[0]
        if low <= first and last <= high:
            return ports
    return tuple((max(first, low), min(last, high)) for first, last in ports if first <= high and last >= low)


def cut(ports: Ports, low: int, high: int) -> Ports:
    """``ports`` without low..high."""
    left: list[tuple[int, int]] = []
    for first, last in ports:
        if last < low or first > high:
            left.append((first, last))
            continue
        if first < low:
            left.append((first, low - 1))
        if last > high:
            left.append((high + 1, last))
    return tuple(left)


def join(ports: Iterable[tuple[int, int]]) -> Ports:
    """Port intervals in order, touching ones merged."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ports):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def count(ports: Ports) -> int:
    """How many ports."""
    return sum(high - low + 1 for low, high in ports)


def without(intervals: Sequence[tuple[int, int]], blocks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Address intervals minus blocks; both are (low, high) pairs, the result is in order."""
    left: list[tuple[int, int]] = []
    holes = sorted(blocks)
    for low, high in sorted(intervals):
        at = low
        for first, last in holes:
            if last < at:
                continue
            if first > high:
                break
            if first > at:
                left.append((at, first - 1))
            at = max(at, last + 1)
        if at <= high:
            left.append((at, high))
    return left


def overlap(pieces: Iterable[Piece], intervals: Sequence[tuple[int, int]]) -> list[Piece]:
    """The pieces cut down to the intervals, ports kept."""
    return [
        Piece(max(piece.low, low), min(piece.high, high), piece.server, piece.client)
        for piece in pieces
        for low, high in intervals
        if piece.low <= high and piece.high >= low
    ]


@lru_cache(maxsize=8)
def internet(family: int) -> tuple[tuple[int, int], ...]:
    """The addresses that can be on the internet, as intervals."""
    holes = [found for text in _NOT_INTERNET[family] if (found := block(text))]
    return tuple(without([(0, LAST[family])], [(hole.low, hole.high) for hole in holes]))


def weight(pieces: Iterable[Piece]) -> int:
    """How many addresses the pieces hold."""
    return sum(piece.high - piece.low + 1 for piece in pieces)


class Sifted(NamedTuple):
    """What a rule list left: the pieces kept, the first rule that allowed any, the first that denied any."""

    kept: list[Piece]
    allowed_by: object | None
    denied_by: object | None
    lost: bool


def sift(pieces: Sequence[Piece], rects: Sequence[Rect], ports: Side, remote: int | None) -> Sifted:
    """Put pieces through a rule list: the first rule that matches decides, and what none matches is refused.

    ``ports`` says which side's ports the rules are about (the packet's destination). ``remote`` is the
    other side's address when it is fixed; None when it is the side that the pieces are free in.
    """
    if remote is not None:
        covering = [rect for rect in rects if rect.low <= remote <= rect.high]
        return _gather(ports, ((piece, covering) for piece in pieces))
    return _gather(ports, regions(pieces, rects))


def _gather(ports: Side, parts: Iterable[tuple[Piece, Sequence[Rect]]]) -> Sifted:
    kept: list[Piece] = []
    allowed_by: object | None = None
    denied_by: object | None = None
    lost = False
    for piece, rects in parts:
        left, allowing, denying = _decide(piece.server if ports == "server" else piece.client, rects)
        allowed_by = allowed_by or allowing
        denied_by = denied_by or denying
        before = piece.server if ports == "server" else piece.client
        if left != before:
            lost = True
        if left:
            kept.append(
                piece
                if left == before
                else piece._replace(server=left)
                if ports == "server"
                else piece._replace(client=left)
            )
    return Sifted(kept, allowed_by, denied_by, lost)


def _decide(ports: Ports, rects: Sequence[Rect]) -> tuple[Ports, object | None, object | None]:
    """The ports that a first-match list lets through, the first rule that allowed, the first that denied."""
    left = ports
    granted: list[tuple[int, int]] = []
    allowing: object | None = None
    denying: object | None = None
    for rect in rects:
        taken = clip(left, rect.first, rect.last)
        if not taken:
            continue
        if rect.allow:
            if taken == ports:
                return ports, rect.rule, denying
            granted.extend(taken)
            allowing = allowing or rect.rule
        else:
            denying = denying or rect.rule
        left = cut(left, rect.first, rect.last)
        if not left:
            break
    return join(granted), allowing, denying


def regions(pieces: Sequence[Piece], rects: Sequence[Rect]) -> Iterator[tuple[Piece, list[Rect]]]:
    """Split pieces where a rule begins or ends, and give the rules that cover each part, in rule order.

    One sweep over all of it in the order of addresses, so the cost grows with pieces plus rules.
    """
    edges: dict[int, list[tuple[int, bool]]] = {}
    for order, rect in enumerate(rects):
        edges.setdefault(rect.low, []).append((order, True))
        edges.setdefault(rect.high + 1, []).append((order, False))
    marks = sorted(edges)
    at = 0
    active: list[int] = []
    for piece in sorted(pieces):
        while at < len(marks) and marks[at] <= piece.low:
            _switch(active, edges[marks[at]])
            at += 1
        start = piece.low
        while at < len(marks) and marks[at] <= piece.high:
            yield piece._replace(low=start, high=marks[at] - 1), [rects[order] for order in active]
            start = marks[at]
            _switch(active, edges[start])
            at += 1
        yield piece._replace(low=start), [rects[order] for order in active]


def _switch(active: list[int], changes: Iterable[tuple[int, bool]]) -> None:
    """Rules that begin at an edge become active, those that ended before it do not stay."""
    for order, begins in changes:
        if begins:
            insort(active, order)
        else:
            active.remove(order)
