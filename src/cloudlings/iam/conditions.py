"""Whether a condition holds for a request: every operator, qualifier, IfExists and missing keys.

Each condition is compiled once into a function of the request's keys. The rules, from AWS's pages on
condition operators and on single-valued and multivalued keys:

- a missing key makes an operator false and a negated one true; IfExists makes both true;
- several values in the policy are alternatives, and a negated operator excludes all of them;
- ForAllValues is true of no values (also of one empty string), ForAnyValue is false of them, negated or not;
- a value that is not of the operator's type matches nothing, so a negated operator holds for it.

AWS asks for a qualifier on every key with several values and does not say what happens without one. Here
a plain operator then never holds, and a negated one only when none of the values matches.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cloudlings.errors import UnknownPolicyElement
from cloudlings.iam.globs import glob
from cloudlings.iam.operators import OPERATORS, Operator, Order
from cloudlings.iam.statements import Condition, Version
from cloudlings.iam.variables import Keys, Template, template

Holds = Callable[[Keys], bool]
Test = Callable[[str, Keys], bool]
"""Whether one value of the request matches any of the policy's values."""


def compile_condition(condition: Condition, version: Version) -> Holds:
    """The condition as a function of a request's keys, whose names are in lower case.

    Raises UnknownPolicyElement for an operator or a qualifier that AWS does not have.
    """
    known = OPERATORS.get(condition.operator)
    if known is None or condition.qualifier not in ("", "ForAllValues", "ForAnyValue"):
        raise UnknownPolicyElement(
            f"{condition.name!r} is no condition operator.",
            next_step="See AWS's list of condition operators; names are case-sensitive.",
        )
    if known.test == "null":
        return _null(condition)
    test = _TESTS[known.test](known, [template(value, version) for value in condition.values])
    if condition.qualifier == "ForAllValues":
        return _for_all(condition, test, known.negated)
    if condition.qualifier == "ForAnyValue":
        return _for_any(condition, test, known.negated)
    return _single(condition, test, known.negated)


# --- how many values ----------------------------------------------------------------------------


def _single(condition: Condition, test: Test, negated: bool) -> Holds:
    key, missing = condition.folded_key, condition.if_exists or negated

    def holds(keys: Keys) -> bool:
        values = keys.get(key)
        if not values:
            return missing
        if len(values) == 1:
            return test(values[0], keys) != negated
        return negated and not any(test(value, keys) for value in values)

    return holds


def _for_all(condition: Condition, test: Test, negated: bool) -> Holds:
    key = condition.folded_key

    def holds(keys: Keys) -> bool:
        values = keys.get(key)
        if not values or values == ("",):
            return True
        return all(test(value, keys) != negated for value in values)

    return holds


def _for_any(condition: Condition, test: Test, negated: bool) -> Holds:
    key, missing = condition.folded_key, condition.if_exists

    def holds(keys: Keys) -> bool:
        values = keys.get(key)
        if not values:
            return missing
        return any(test(value, keys) != negated for value in values)

    return holds


def _null(condition: Condition) -> Holds:
    key = condition.folded_key
    wanted = {value.lower() for value in condition.values}
    when_absent, when_present = "true" in wanted, "false" in wanted

    def holds(keys: Keys) -> bool:
        return when_present if any(keys.get(key, ())) else when_absent

    return holds


# --- one value ----------------------------------------------------------------------------------


def _string(_: Operator, values: Sequence[Template]) -> Test:
    return _equal(values, str)


def _string_ignore_case(_: Operator, values: Sequence[Template]) -> Test:
    return _equal(values, str.lower)


def _bool(_: Operator, values: Sequence[Template]) -> Test:
    equal = _equal(values, str.lower)
    return lambda value, keys: value.lower() in ("true", "false") and equal(value, keys)


def _equal(values: Sequence[Template], fold: Callable[[str], str]) -> Test:
    fixed = frozenset(fold(value.text({}) or "") for value in values if value.fixed)
    open_ = [value for value in values if not value.fixed]
    if not open_:
        return lambda value, _: fold(value) in fixed

    def test(value: str, keys: Keys) -> bool:
        folded = fold(value)
        return folded in fixed or any(
            (text := other.text(keys)) is not None and fold(text) == folded for other in open_
        )

    return test


def _like(_: Operator, values: Sequence[Template]) -> Test:
    fixed = [glob(value.pieces({}) or ()) for value in values if value.fixed]
    open_ = [value for value in values if not value.fixed]

    def test(value: str, keys: Keys) -> bool:
        if any(match(value) for match in fixed):
            return True
        return any((pieces := other.pieces(keys)) is not None and glob(pieces)(value) for other in open_)

    return test


def _arn(_: Operator, values: Sequence[Template]) -> Test:
    def test(value: str, keys: Keys) -> bool:
        parts = value.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return False
        return any(
            (pieces := other.pieces(keys)) is not None and _arn_like(pieces, parts) for other in values
        )

    return test


def _arn_like(pieces: tuple[tuple[str, bool], ...], parts: list[str]) -> bool:
    patterns = _arn_components(pieces)
    if patterns is None:
        return False
    return all(match(part) for match, part in zip(patterns, parts, strict=True))


@lru_cache(maxsize=4096)
def _arn_components(pieces: tuple[tuple[str, bool], ...]) -> tuple[Callable[[str], bool], ...] | None:
    """A pattern's six components, each on its own; ``*`` alone stands for any ARN. None: not an ARN."""
    if pieces == (("*", False),):
        return (glob(pieces),) * 6
    components: list[list[tuple[str, bool]]] = [[]]
    for text, literal in pieces:
        first, *others = text.split(":", 6 - len(components))
        components[-1].append((first, literal))
        components += [[(other, literal)] for other in others]
    return tuple(glob(tuple(component)) for component in components) if len(components) == 6 else None


_ORDERS: dict[Order, Callable[[Any, Any], bool]] = {
    "": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _compared(known: Operator, values: Sequence[Template], read: Callable[[str], Any]) -> Test:
    compare = _ORDERS[known.order]
    limits = [limit for value in values if (limit := read(value.text({}) or "")) is not None]

    def test(value: str, _: Keys) -> bool:
        found = read(value)
        return found is not None and any(compare(found, limit) for limit in limits)

    return test


def _numeric(known: Operator, values: Sequence[Template]) -> Test:
    return _compared(known, values, read_number)


def _date(known: Operator, values: Sequence[Template]) -> Test:
    return _compared(known, values, read_date)


def _binary(known: Operator, values: Sequence[Template]) -> Test:
    return _compared(known, values, _read_base64)


def _ip(_: Operator, values: Sequence[Template]) -> Test:
    ranges = [found for value in values if (found := read_range(value.text({}) or "")) is not None]

    def test(value: str, _: Keys) -> bool:
        address = _read_address(value)
        return address is not None and any(
            address.version == range_.version and address in range_ for range_ in ranges
        )

    return test


_TESTS: dict[str, Callable[[Operator, Sequence[Template]], Test]] = {
    "string": _string, "string-ignore-case": _string_ignore_case, "like": _like, "arn": _arn, "bool": _bool,
    "numeric": _numeric, "date": _date, "binary": _binary, "ip": _ip,
}  # fmt: skip


# --- reading values -----------------------------------------------------------------------------

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?",
    re.ASCII,
)


@lru_cache(maxsize=4096)
def read_number(text: str) -> Decimal | None:
    """An integer or decimal number; None for anything else. ``10`` equals ``10.0``."""
    return Decimal(text) if len(text) <= 100 and _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=4096)
def read_date(text: str) -> Decimal | None:
    """A W3C date (year, month, day, or to the second with a zone) or epoch seconds, in epoch seconds.

    Four digits are a year. A time without a zone counts as UTC.
    """
    found = _DATE.fullmatch(text)
    if not found:
        return read_number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    shift = 0
    if zone and zone != "Z":
        shift = (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * (1 if zone[0] == "+" else -1)
    return Decimal(int(moment.timestamp()) - shift) + Decimal(f"0.{fraction or 0}")


def _read_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=4096)
def read_range(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A CIDR block, or one address (a block of one); None for anything else. Host bits may be set."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
