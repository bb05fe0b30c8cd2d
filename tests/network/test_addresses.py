"""Blocks, port sets and first-match rules."""

from __future__ import annotations

import pytest

from cloudlings.network import addresses
from cloudlings.network.addresses import ALL_PORTS, Piece, Rect, block, sift


@pytest.mark.parametrize(
    "text", ["10.0.0.0/33", "10.0.0/8", "x", "", "10.0.0.0/-1", "::/129", "10.0.0.0/x", "1.2.3.4.5"]
)
def test_what_is_no_cidr_is_none(text: str) -> None:
    """It matches nothing, rather than something wrong."""
    assert block(text) is None


def test_host_bits_are_cut_off() -> None:
    """10.0.0.5/24 is 10.0.0.0/24; a bare address is one address."""
    assert block("10.0.0.5/24") == block("10.0.0.0/24")
    bare = block("10.0.0.5")
    assert bare is not None
    assert bare.low == bare.high
    assert not addresses.is_canonical("10.0.0.5/24")
    assert addresses.is_canonical("2001:db8::/32")


def test_ports_are_cut_and_clipped() -> None:
    """Intervals are split where something is taken out of them."""
    assert addresses.cut(((10, 20),), 12, 14) == ((10, 11), (15, 20))
    assert addresses.cut(((10, 20),), 0, 30) == ()
    assert addresses.clip(((10, 20), (30, 40)), 15, 35) == ((15, 20), (30, 35))
    assert addresses.join([(15, 20), (1, 14), (30, 40)]) == ((1, 20), (30, 40))
    assert addresses.count(((1, 20), (30, 30))) == 21


def test_the_first_rule_that_matches_decides_for_each_address() -> None:
    """A deny for the middle of a range leaves both sides of it."""
    rects = [Rect(5, 6, 0, 65535, False, "deny"), Rect(0, 9, 443, 443, True, "allow")]
    found = sift([Piece(0, 20, ((443, 443),), ALL_PORTS)], rects, "server", None)
    assert [(piece.low, piece.high) for piece in found.kept] == [(0, 4), (7, 9)]
    assert (found.allowed_by, found.denied_by) == ("allow", "deny")


def test_ports_that_no_rule_takes_are_lost() -> None:
    """The client's ports shrink to those that are let through."""
    rects = [Rect(0, 9, 1000, 1999, False, "deny"), Rect(0, 9, 0, 2999, True, "allow")]
    found = sift([Piece(0, 9, ALL_PORTS, ((500, 5000),))], rects, "client", None)
    assert found.kept == [Piece(0, 9, ALL_PORTS, ((500, 999), (2000, 2999)))]
    assert found.lost


def test_intervals_without_holes() -> None:
    """Holes may overlap, touch the ends, and lie outside."""
    assert addresses.without([(0, 10), (20, 30)], [(3, 4), (4, 5), (9, 22), (40, 50)]) == [
        (0, 2),
        (6, 8),
        (23, 30),
    ]


def test_the_internet_holds_no_private_address() -> None:
    """Private, shared, loopback, link-local and multicast ranges are out; documentation ranges are in."""

    def on_it(text: str) -> bool:
        found = block(text)
        assert found is not None
        return any(low <= found.low <= high for low, high in addresses.internet(found.family))

    for text in (
        "10.1.1.1",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "224.0.0.1",
        "fe80::1",
    ):
        assert not on_it(text), text
    for text in ("8.8.8.8", "203.0.113.9", "172.32.0.1", "100.128.0.1", "2600:1f18::1"):
        assert on_it(text), text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 2**32 - 1, "0.0.0.0/0"), (167772160, 167772160, "10.0.0.0"), (1, 3, "0.0.0.1–0.0.0.3")],
)
def test_ranges_are_shown_as_people_write_them(low: int, high: int, text: str) -> None:
    """An address, a CIDR where it is one, or first and last."""
    assert addresses.show_range(low, high, 4) == text
