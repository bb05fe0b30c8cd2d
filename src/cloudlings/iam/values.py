"""The values of one condition key that the conditions on it can tell apart.

Two values that every condition treats alike are the same to every policy, so one of each kind is enough.
For strings and ARNs the kinds come from walking all patterns at once, for numbers and dates from the
points named and the gaps between them, for addresses from the ranges and what is left of them. A key
with several values is a set of kinds; as many values are needed as there are conditions that look for one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations as choose
from itertools import pairwise
from math import comb
from typing import Final

from cloudlings.iam.conditions import read_date, read_number, read_range
from cloudlings.iam.globs import Piece
from cloudlings.iam.operators import OPERATORS
from cloudlings.iam.patterns import Group, Pattern, arn_glob, check_time, combinations, glob, literal
from cloudlings.iam.shapes import presentable, same_matches
from cloudlings.iam.statements import Condition

Value = str | tuple[str, ...] | None
"""What a request holds for a key: one value, several, or None for a key that is not there."""

_TEXT_TESTS: Final = frozenset({"string", "string-ignore-case", "like", "arn", "binary", "bool"})
_MAX_SETS: Final = 4_000
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Kinds:
    """One value of each kind. ``exact`` is False when some kind may be missing."""

    values: tuple[str, ...]
    exact: bool = True


@dataclass(frozen=True)
class Comparand:
    """One condition with its values after variables were replaced: what the key is compared with."""

    condition: Condition
    patterns: tuple[Pattern, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def test(self) -> str:
        """The operator's kind of comparison."""
        return OPERATORS[self.condition.operator].test


def kinds(comparands: Sequence[Comparand], nice: Iterable[str] = (), *, whole_numbers: bool = False) -> Kinds:
    """One value for each way in which the comparands can come out together, readable ones first.

    ``nice`` values are tried first. Numbers fall between whole ones too unless ``whole_numbers``.
    Raises TooManyStatesError.
    """
    tests = {c.test for c in comparands} - {"null"}
    found = [*nice]
    if tests == {"bool"}:
        return Kinds(tuple(dict.fromkeys([*found, "true", "false"])))
    texts = [c for c in comparands if c.test in _TEXT_TESTS]
    if texts or not tests:
        found += [*_text_kinds(texts), ""]
    for family, values in (("numeric", _numbers), ("date", _dates), ("ip", _addresses)):
        named = [text for c in comparands if c.test == family for text in c.texts]
        if family in tests:
            found += values(named, whole_numbers)
    families = bool(texts) + len(tests - _TEXT_TESTS)
    exact = families <= 1 or (families == 2 and bool(texts) and all(_finite(c) for c in texts))
    return Kinds(tuple(dict.fromkeys(found)), exact)


def _finite(comparand: Comparand) -> bool:
    """Whether only listed texts match."""
    return all(not place.repeat and not place.but for pattern in comparand.patterns for place in pattern)


def pattern_of(condition: Condition, pieces: Sequence[Piece]) -> list[Pattern]:
    """The pattern that one value of the condition stands for, once its variables are replaced.

    None for an ARN pattern that no ARN can match, as it has too few segments.
    """
    test = OPERATORS[condition.operator].test
    if test == "arn":
        return _arn_pattern(pieces)
    if test == "like":
        return [sum((literal(text) if exact else glob(text) for text, exact in pieces), ())]
    text = "".join(part for part, _ in pieces)
    return [literal(text, ignore_case=test in ("string-ignore-case", "bool"))]


_MARKS: Final = ("\ue000", "\ue001")


def _arn_pattern(pieces: Sequence[Piece]) -> list[Pattern]:
    """The ARN pattern of a value in pieces; a literal wildcard is carried over behind a private mark."""
    text = "".join(
        part.replace("*", _MARKS[0]).replace("?", _MARKS[1]) if exact else part for part, exact in pieces
    )
    if text == "*":
        text = "arn:*:*:*:*:*"
    head, _, rest = text.partition(":")
    if text.count(":") < 5 or not Group([arn_glob(head)]).matches("arn"):
        return []
    back = {frozenset(_MARKS[0]): literal("*")[0], frozenset(_MARKS[1]): literal("?")[0]}
    return [tuple(back.get(place.chars, place) for place in arn_glob(f"arn:{rest}"))]


def _text_kinds(comparands: Sequence[Comparand]) -> list[str]:
    groups = [Group(c.patterns) for c in comparands]
    words = ("example", "other", "x")
    return [
        presentable(witness, words, same_matches(groups, combination))
        for combination, witness in combinations(groups).items()
    ]


def _numbers(texts: Sequence[str], whole: bool) -> list[str]:
    points = sorted({point for text in texts if (point := read_number(text)) is not None})
    return [format(number, "f") for number in _points_and_gaps(points, Decimal(1), whole)] or ["1"]


def _dates(texts: Sequence[str], whole: bool) -> list[str]:
    points = sorted({point for text in texts if (point := read_date(text)) is not None})
    found = _points_and_gaps(points, Decimal(1), whole)
    return [_written(seconds) for seconds in found] or ["2025-06-01T12:00:00Z"]


def _points_and_gaps(points: Sequence[Decimal], unit: Decimal, whole: bool) -> Iterator[Decimal]:
    """The points named, one below, one above, and one in each gap (between whole ones unless ``whole``)."""
    if not points:
        return
    yield points[0] - unit
    yield points[-1] + unit
    yield from points
    for low, high in pairwise(points):
        between = low + unit if low + unit < high else (low + high) / 2
        if not whole or between == between.to_integral_value():
            yield between


def _written(seconds: Decimal) -> str:
    """Epoch seconds as people write a time; as a number where no calendar has them."""
    try:
        point = datetime.fromtimestamp(int(seconds // 1), UTC)
    except (ValueError, OverflowError, OSError):
        return format(seconds, ".1f")
    fraction = format(seconds % 1, "f").rstrip("0").removeprefix("0").rstrip(".")
    return f"{point:%Y-%m-%dT%H:%M:%S}{fraction[:10]}Z" if point.year >= 1000 else format(seconds, ".1f")


def _addresses(texts: Sequence[str], _whole: bool) -> list[str]:
    ranges = sorted({r for r in map(read_range, texts) if r is not None}, key=lambda r: (r.version, r))
    found = []
    for r in ranges:
        check_time()
        found.append(_free(r, [inner for inner in ranges if inner != r and _inside(inner, r)]))
    everything: tuple[tuple[_IPNetwork, str], ...] = (
        (ipaddress.ip_network("0.0.0.0/0"), "198.51.100.7"), (ipaddress.ip_network("::/0"), "2001:db8::7"),
    )  # fmt: skip
    for whole, usual in everything:
        inner = [r for r in ranges if r.version == whole.version]
        plain = ipaddress.ip_address(usual)
        outside = usual if not any(plain in r for r in inner) else _free(whole, inner)
        found.append(outside)
    return [address for address in found if address]


def _inside(inner: _IPNetwork, outer: _IPNetwork) -> bool:
    if inner.version != outer.version:
        return False
    return inner.prefixlen >= outer.prefixlen and inner.network_address in outer


def _free(outer: _IPNetwork, taken: Sequence[_IPNetwork]) -> str:
    """An address of ``outer`` that is in none of the ranges within it; "" when they leave none."""
    last = int(outer.broadcast_address)
    place = int(outer.network_address)
    for inner in sorted(taken, key=lambda r: (int(r.network_address), r.prefixlen)):
        if int(inner.network_address) > place:
            break
        place = max(place, int(inner.broadcast_address) + 1)
    if place > last:
        return ""
    if place == int(outer.network_address) and place + 1 <= last:
        following = (
            ipaddress.ip_address(place + 1) if outer.version == 4 else ipaddress.IPv6Address(place + 1)
        )
        if not any(following in inner for inner in taken):
            place += 1
    return str(ipaddress.IPv4Address(place) if outer.version == 4 else ipaddress.IPv6Address(place))


def sets_of(values: Sequence[str], conditions: Sequence[Condition]) -> Iterator[tuple[str, ...]]:
    """Sets of values that reach every way in which the conditions on a key with several values come out.

    A "for any" that holds needs one value to show it and a "for all" that fails needs one: the other
    values of a set can go. So no set needs more values than there are conditions, but two that it is a set.
    """
    for number, members in enumerate(_sets(values, conditions)):
        if number >= _MAX_SETS:
            return
        yield members


def _sets(values: Sequence[str], conditions: Sequence[Condition]) -> Iterator[tuple[str, ...]]:
    if not all(condition.qualifier for condition in conditions):
        # Without a qualifier two values alike are not one value.
        yield from ((value, value) for value in values)
    for size in range(2, _largest(values, conditions) + 1):
        yield from choose(values, size)


def _largest(values: Sequence[str], conditions: Sequence[Condition]) -> int:
    return min(max(len(conditions), 2), len(values))


def sets_are_complete(values: Sequence[str], conditions: Sequence[Condition]) -> bool:
    """Whether ``sets_of`` gives all sets that it should."""
    sizes = range(2, _largest(values, conditions) + 1)
    return len(values) + sum(comb(len(values), size) for size in sizes) <= _MAX_SETS
