"""The values of a key that conditions can tell apart, against trying many values."""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.iam.conditions import compile_condition
from cloudlings.iam.statements import Condition
from cloudlings.iam.values import Comparand, kinds, pattern_of, sets_are_complete, sets_of
from cloudlings.iam.variables import template

TEXT = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
NUMBERS = (
    "NumericEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericNotEquals",
)
DATES = ("DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals")
ADDRESSES = ("IpAddress", "NotIpAddress")
ARNS = ("ArnLike", "ArnNotEquals")
POOLS: dict[tuple[str, ...], tuple[list[str], list[str]]] = {
    TEXT: (
        ["red", "r*", "*d", "RED", "r?d", "", "*", "a*b"],
        ["red", "rd", "RED", "rod", "bad", "blue", "x", "", "r", "d", "ab", "acb", "Red"],
    ),
    NUMBERS: (["5", "10", "10.0", "11", "-3", "x"], ["4", "5", "5.5", "7", "10", "10.5", "11", "12", "-3", "-4", "0"]),
    DATES: (
        ["2025-01-01", "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z", "2025-06-01T00:00:01Z", "1750000000"],
        ["2024-12-31T23:59:59Z", "2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z", "2025-06-01T00:00:00Z",
         "2025-06-01T00:00:00.5Z", "2025-06-01T00:00:01Z", "2025-06-15T15:06:40Z", "2026-01-01T00:00:00Z"],
    ),
    ADDRESSES: (
        ["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "203.0.113.0/24", "0.0.0.0/0", "2001:db8::/32"],
        ["10.0.0.5", "10.200.1.1", "10.1.2.3", "10.1.2.4", "203.0.113.77", "8.8.8.8", "2001:db8::1", "2001:db9::1"],
    ),
    ARNS: (
        ["arn:aws:sns:*:1:x", "arn:aws:sns:us-east-1:1:*", "arn:aws:s3:::b", "*", "arn:aws:s3", "arn:*:*:*:*:x"],
        ["arn:aws:sns:us-east-1:1:x", "arn:aws:sns:eu-west-1:1:x", "arn:aws:sns:us-east-1:1:y", "arn:aws:s3:::b", "x",
         "arn:aws:s3:::c"],
    ),
}  # fmt: skip


def comparand(condition: Condition) -> Comparand:
    patterns = []
    for value in condition.values:
        patterns += pattern_of(condition, template(value, "2012-10-17").pieces({}) or ())
    return Comparand(condition, tuple(patterns), condition.values)


def outcomes(conditions: list[Condition], values: Any) -> set[tuple[bool, ...]]:
    tests = [compile_condition(condition, "2012-10-17") for condition in conditions]
    held = []
    for value in values:
        keys = {"k": value if isinstance(value, tuple) else (value,)}
        held.append(tuple(test(keys) for test in tests))
    return set(held)


@st.composite
def lines(draw: Any) -> tuple[list[Condition], list[str]]:
    operators = draw(st.sampled_from(list(POOLS)))
    named, others = POOLS[operators]
    made = draw(
        st.lists(
            st.builds(
                Condition,
                st.sampled_from(operators),
                st.just("k"),
                st.lists(st.sampled_from(named), min_size=1, max_size=2).map(tuple),
            ),
            min_size=1,
            max_size=3,
        )
    )
    return made, others


@given(lines())
@settings(max_examples=300)
def test_no_value_is_missed(drawn: tuple[list[Condition], list[str]]) -> None:
    """However a value makes the conditions come out, one of the kinds does the same."""
    conditions, others = drawn
    found = kinds([comparand(condition) for condition in conditions])
    assert found.exact
    assert outcomes(conditions, others) <= outcomes(conditions, found.values)


@given(
    st.lists(
        st.builds(
            Condition,
            st.sampled_from(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike")),
            st.just("k"),
            st.lists(st.sampled_from(("a", "b", "a*", "c")), min_size=1, max_size=2).map(tuple),
            st.sampled_from(("ForAllValues", "ForAnyValue", "")),
        ),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=200)
def test_no_set_is_missed(conditions: list[Condition]) -> None:
    """However several values make the conditions come out, one of the sets does the same."""
    found = kinds([comparand(condition) for condition in conditions])
    every = [(v,) for v in found.values] + list(sets_of(found.values, conditions))
    pool = ("a", "ab", "ac", "b", "c", "d", "")
    tried = [(x,) for x in pool] + [(x, y) for x in pool for y in pool] + [
        (x, y, z) for x in pool for y in pool for z in pool
    ] + [(x, y, z, w) for x in pool for y in pool for z in pool for w in pool]  # fmt: skip
    assert sets_are_complete(found.values, conditions)
    assert outcomes(conditions, tried) <= outcomes(conditions, every)


def test_plain_values_come_first() -> None:
    """Values that read well are tried before made-up ones, and a Bool has two values."""
    one = Condition("StringLike", "k", ("home/*",))
    assert kinds([comparand(one)], ["photos/"]).values[0] == "photos/"
    assert kinds([comparand(Condition("Bool", "k", ("true",)))]).values == ("true", "false")


def test_two_types_at_once() -> None:
    """A key compared as text and as number is exact only when the texts are fixed ones."""
    number = comparand(Condition("NumericLessThan", "k", ("5",)))
    assert kinds([number, comparand(Condition("StringEquals", "k", ("7",)))]).exact
    assert not kinds([number, comparand(Condition("StringLike", "k", ("7*",)))]).exact
    assert not kinds([number, comparand(Condition("IpAddress", "k", ("10.0.0.0/8",)))]).exact


def test_whole_numbers() -> None:
    """Where numbers are whole, nothing lies between ten and eleven."""
    conditions = [comparand(Condition("NumericLessThan", "k", (value,))) for value in ("10", "11")]
    assert "10.5" in kinds(conditions).values
    assert "10.5" not in kinds(conditions, whole_numbers=True).values


def test_all_addresses_taken() -> None:
    """Ranges that leave no address of a wider one give none outside themselves."""
    conditions = [
        comparand(Condition("IpAddress", "k", (r,))) for r in ("10.0.0.0/9", "10.128.0.0/9", "10.0.0.0/8")
    ]
    found = kinds(conditions).values
    assert len([a for a in found if a.startswith("10.")]) == 2


def test_too_many_sets() -> None:
    """More sets than may be followed are said to be incomplete."""
    conditions = [Condition("StringEquals", "k", (str(n),), "ForAnyValue") for n in range(12)]
    values = [str(n) for n in range(30)]
    assert not sets_are_complete(values, conditions)
    assert len(list(sets_of(values, conditions))) == 4_000


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
def test_a_literal_star(operator: str) -> None:
    """``${*}`` in a value is the character itself."""
    condition = Condition(operator, "k", ("a${*}",))
    assert outcomes([condition], kinds([comparand(condition)]).values) == {(True,), (False,)}
    assert "a*" in kinds([comparand(condition)]).values
