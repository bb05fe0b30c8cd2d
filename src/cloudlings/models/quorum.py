"""Copies of data and quorums: what a storage that votes can still do when some copies are lost.

Pure. Source: AWS Database Blog, "Amazon Aurora under the hood: quorums and correlated failure" (six copies,
two in each of three Availability Zones, four to write, three to read); Aurora User Guide, "Amazon Aurora
storage".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import combinations

from cloudlings.errors import ModelError


@dataclass(frozen=True)
class Quorum:
    """``per_zone`` copies in each of ``zones`` zones; a write needs ``write`` votes, a read ``read``.

    A copy is named by its zone's letter and a number from 1: ``a1``, ``c2``.
    """

    per_zone: int
    zones: int
    write: int
    read: int

    def __post_init__(self) -> None:
        if min(self.per_zone, self.zones, self.write, self.read) < 1 or self.zones > 26:
            raise ModelError(
                "A quorum counts copies, zones and votes from 1.", next_step="Give whole numbers."
            )
        if max(self.write, self.read) > self.per_zone * self.zones:
            raise ModelError("A quorum cannot need more votes than there are copies.", next_step="Give less.")

    @property
    def copies(self) -> tuple[str, ...]:
        """The names of all copies."""
        letters = [chr(ord("a") + number) for number in range(self.zones)]
        return tuple(f"{letter}{number}" for letter in letters for number in range(1, self.per_zone + 1))

    @property
    def sound(self) -> bool:
        """Whether every read meets the last write, and every write the one before it.

        Gifford's rule, as the blog gives it: read + write > copies, and write > copies / 2.
        """
        every = len(self.copies)
        return self.read + self.write > every and 2 * self.write > every


AURORA = Quorum(per_zone=2, zones=3, write=4, read=3)


def lost(quorum: Quorum, names: Collection[str]) -> frozenset[str]:
    """The copies that go with what is named: a copy (``b2``), or a whole zone (``b``)."""
    gone: set[str] = set()
    for name in names:
        found = {copy for copy in quorum.copies if copy == name or copy[0] == name}
        if not found:
            raise ModelError(
                f"There is no copy or zone {name!r}.", next_step=f"Use {', '.join(quorum.copies)}."
            )
        gone |= found
    return frozenset(gone)


def left_with(quorum: Quorum, gone: Collection[str]) -> str:
    """What still works without some copies: ``write`` (and read), ``read`` only, or ``none``."""
    there = len(set(quorum.copies) - lost(quorum, gone))
    return "write" if there >= max(quorum.write, quorum.read) else "read" if there >= quorum.read else "none"


def failures(quorum: Quorum) -> Iterator[frozenset[str]]:
    """Every set of copies that may be lost, none and all among them: 64 for six copies."""
    for many in range(len(quorum.copies) + 1):
        for gone in combinations(quorum.copies, many):
            yield frozenset(gone)


def counts(quorum: Quorum) -> dict[str, int]:
    """How many of all failures leave writes, reads only, nothing."""
    found = [left_with(quorum, gone) for gone in failures(quorum)]
    return {name: found.count(name) for name in ("write", "read", "none")}


def survives_zone(quorum: Quorum) -> str:
    """What is left when any one zone goes: the worst of all zones."""
    return _worst(quorum, [frozenset(letter) for letter in _letters(quorum)])


def survives_zone_and_one(quorum: Quorum) -> str:
    """What is left when any one zone and any one copy of another go ("AZ+1")."""
    return _worst(
        quorum,
        [frozenset((zone, copy)) for zone in _letters(quorum) for copy in quorum.copies if copy[0] != zone],
    )


def _letters(quorum: Quorum) -> list[str]:
    return sorted({copy[0] for copy in quorum.copies})


def _worst(quorum: Quorum, losses: list[frozenset[str]]) -> str:
    order = ("none", "read", "write")
    return min((left_with(quorum, gone) for gone in losses), key=order.index, default="none")
