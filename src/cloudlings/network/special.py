"""Addresses that are nobody's on any network: what they are, and whether a packet can have to do with them.

The ranges are IANA's special-purpose ones (RFC 6890), and those that AWS keeps for services that every
instance has at hand (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html).
"""

from __future__ import annotations

from .addresses import Block, block, show
from .index import Index
from .result import Verdict

#: Answered beside the VPC's network: no route table, security group or network ACL has a part in it.
_AT_HAND = ("169.254.0.0/16", "fd00:ec2::/32")
_IMPOSSIBLE = {
    "0.0.0.0/8": "an address of this host on this network",
    "127.0.0.0/8": "a loopback address",
    "224.0.0.0/4": "a multicast address",
    "240.0.0.0/4": "a reserved address",
    "::/128": "the unspecified address",
    "::1/128": "a loopback address",
    "fe80::/10": "a link-local address",
    "ff00::/8": "a multicast address",
}


def no_end(index: Index, address: Block, vpc: str, role: str) -> tuple[Verdict, str, str] | None:
    """Why an address can be no end of a trace from or to ``vpc``: verdict, code, sentence; None if it can."""
    text = show(address.low, address.family)
    for cidr, what in _IMPOSSIBLE.items():
        if _within(address, cidr):
            return "blocked", "NO_PATH", f"{text} is {what}, which no packet is carried to or from."
    if any(_within(address, cidr) for cidr in _AT_HAND):
        if role == "source":
            return "blocked", "NO_PATH", f"{text} is a link-local address, from which no packet is carried."
        return "unknown", "UNSUPPORTED_COMPONENT", f"{text} is {_SERVICE}"
    if address.family == 4 and address.low == _resolver(index, vpc):
        return "unknown", "UNSUPPORTED_COMPONENT", f"{text} is the VPC's DNS resolver, {_SERVICE}"
    return None


_SERVICE = (
    "a service of AWS's own that every instance has at hand: no route table, security group or network ACL "
    "has a part in it."
)


def _within(address: Block, cidr: str) -> bool:
    found = block(cidr)
    return found is not None and found.family == address.family and found.low <= address.low <= found.high


def _resolver(index: Index, vpc: str) -> int | None:
    """The address of the resolver: the primary range's third."""
    ranges = index.vpc_blocks(vpc, 4)
    return ranges[0].low + 2 if ranges else None
