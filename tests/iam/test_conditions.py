"""Conditions: laws that hold for every operator, and reading of numbers, dates and addresses."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.iam import Condition
from cloudlings.iam.conditions import compile_condition, read_date, read_number, read_range
from cloudlings.iam.operators import OPERATORS

KEY = "k"
PAIRS = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("ArnEquals", "ArnNotEquals"),
    ("ArnLike", "ArnNotLike"),
    ("IpAddress", "NotIpAddress"),
]
texts = st.sampled_from(
    ["", "a", "A", "ab", "a*", "*", "?", "5", "5.0", "-1", "1e2", "true", "False", "2026-01-01", "1767225600",
     "2026-01-01T00:00:00Z", "10.0.0.0/8", "10.1.2.3", "2001:db8::1", "2001:db8::/32", "arn:aws:sns:*:1:t",
     "arn:aws:sns:us-east-1:1:t", "arn:aws:sns:us-east-1:1:t:sub", "QQ==", "${aws:username}", "${*}", "ana"]
)  # fmt: skip


def holds(name: str, policy: Any, request: Any, *, version: str = "2012-10-17") -> bool:
    """Whether an operator, as a policy writes it, holds for a key with these values; None: no key."""
    from cloudlings.iam.documents import operator_of

    operator, qualifier, if_exists = operator_of(name)
    condition = Condition(
        operator, KEY, tuple([policy] if isinstance(policy, str) else policy), qualifier, if_exists
    )
    keys: dict[str, tuple[str, ...]] = {"aws:username": ("ana",)}
    if request is not None:
        keys[KEY] = tuple([request] if isinstance(request, str) else request)
    return compile_condition(condition, version)(keys)  # type: ignore[arg-type]


@settings(max_examples=400)
@given(st.sampled_from(PAIRS), st.lists(texts, max_size=3), texts)
def test_a_negated_operator_is_the_opposite(pair: tuple[str, str], policy: list[str], value: str) -> None:
    """On one value a negated operator holds exactly when its positive does not."""
    assert holds(pair[0], policy, value) != holds(pair[1], policy, value)


@pytest.mark.parametrize("name", sorted(set(OPERATORS) - {"Null"}))
def test_a_missing_key(name: str) -> None:
    """Without the key an operator is false, a negated one true, IfExists true, the qualifiers fixed."""
    assert holds(name, "a", None) == OPERATORS[name].negated
    assert holds(f"{name}IfExists", "a", None)
    assert holds(f"ForAllValues:{name}", "a", None)
    assert not holds(f"ForAnyValue:{name}", "a", None)
    assert holds(f"ForAnyValue:{name}IfExists", "a", None)
    assert holds(name, "a", []) == OPERATORS[name].negated


@settings(max_examples=300)
@given(st.sampled_from(sorted(set(OPERATORS) - {"Null"})), st.lists(texts, max_size=3), texts)
def test_if_exists_changes_nothing_for_a_present_key(name: str, policy: list[str], value: str) -> None:
    """With the key there, IfExists is as the operator without it."""
    assert holds(f"{name}IfExists", policy, value) == holds(name, policy, value)


@settings(max_examples=400)
@given(
    st.sampled_from(sorted(set(OPERATORS) - {"Null"})),
    st.lists(texts, max_size=3),
    st.lists(texts.filter(bool), min_size=1, max_size=3),
)
def test_the_qualifiers_are_all_and_any(name: str, policy: list[str], values: list[str]) -> None:
    """ForAllValues and ForAnyValue are all and any of the operator on each value."""
    each = [holds(name, policy, value) for value in values]
    assert holds(f"ForAllValues:{name}", policy, values) == all(each)
    assert holds(f"ForAnyValue:{name}", policy, values) == any(each)


@settings(max_examples=300)
@given(st.sampled_from(sorted(set(OPERATORS) - {"Null"})), st.lists(texts, max_size=3), texts, texts)
def test_more_values_in_the_policy_are_alternatives(
    name: str, policy: list[str], more: str, value: str
) -> None:
    """Another value makes an operator hold more often, and a negated one less often."""
    before, after = holds(name, policy, value), holds(name, [*policy, more], value)
    assert (before or not after) if OPERATORS[name].negated else (after or not before)


@settings(max_examples=300)
@given(st.lists(texts, max_size=3), texts)
def test_equals_is_like_without_wildcards(policy: list[str], value: str) -> None:
    """StringEquals and StringLike agree on values without wildcards."""
    bare = [text for text in policy if not set(text) & set("*?")]
    assert holds("StringEquals", bare, value) == holds("StringLike", bare, value)


def test_several_values_without_a_qualifier() -> None:
    """A plain operator never holds for several values; a negated one holds when none of them matches."""
    assert not holds("StringEquals", ["a", "b"], ["a", "b"])
    assert not holds("StringEquals", "c", ["a", "b"])
    assert not holds("StringNotEquals", "a", ["a", "b"])
    assert holds("StringNotEquals", "c", ["a", "b"])


@pytest.mark.parametrize(
    ("wanted", "value", "expected"),
    [
        ("true", None, True), ("true", "x", False), ("false", None, False), ("false", "x", True),
        ("true", [], True), ("true", "", True), ("false", "", False), ("True", None, True),
        ("maybe", None, False), ("maybe", "x", False), ("true", ["", "x"], False),
    ],
)  # fmt: skip
def test_null(wanted: str, value: Any, expected: bool) -> None:
    """Null asks whether the key has a value."""
    assert holds("Null", wanted, value) is expected


def test_variables_only_in_2012() -> None:
    """A variable is replaced in a 2012 document, and is text in one of 2008."""
    assert holds("StringEquals", "${aws:username}", "ana")
    assert not holds("StringEquals", "${aws:username}", "ana", version="2008-10-17")
    assert holds("StringEquals", "${aws:username}", "${aws:username}", version="2008-10-17")


def test_equal_takes_a_star_escape_as_a_star() -> None:
    """``${*}`` is a star in StringEquals too."""
    assert holds("StringEquals", "a${*}", "a*")
    assert not holds("StringEquals", "a${*}", "ab")
    assert not holds("StringLike", "a${*}", "ab")


def test_a_variable_beside_other_values() -> None:
    """A value with a variable is one of several; without a value it equals nothing, not even nothing."""
    assert holds("StringEquals", ["ben", "${aws:username}"], "ben")
    assert holds("StringLike", ["b*", "${aws:username}"], "ben")
    assert not holds("StringEquals", "${aws:PrincipalTag/team}", "")
    assert holds("StringNotEquals", "${aws:PrincipalTag/team}", "")


def test_bool_compares_booleans_only() -> None:
    """A text that is neither true nor false matches no Bool, even when the policy says the same."""
    assert not holds("Bool", "yes", "yes")
    assert holds("Bool", "TRUE", "true")


def test_a_lone_star_is_any_arn() -> None:
    """``*`` in an ARN operator stands for every ARN, and for nothing else."""
    assert holds("ArnLike", "*", "arn:aws:sns:us-east-1:1:t:sub")
    assert not holds("ArnLike", "*", "anything")
    assert not holds("ArnLike", "*", "a:b:c:d:e:f")
    assert not holds("ArnLike", "arn:*", "arn:aws:sns:us-east-1:1:t")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970", 0), ("1970-01", 0), ("1970-01-02", 86400), ("1970-01-01T00:01Z", 60),
        ("1970-01-01T00:00:01Z", 1), ("1970-01-01T00:00:01.5Z", Decimal("1.5")), ("1970-01-01T00:00:01", 1),
        ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:30:00-00:30", 0), ("0", 0), ("86400", 86400),
        ("-5", -5), ("1970-13-01", None), ("1970-02-30", None), ("1970-01-01T25:00Z", None),
        ("yesterday", None),
        ("", None), ("0000", None), ("1970-1-1", None), ("1970-01-01 00:00", None),
    ],
)  # fmt: skip
def test_dates(text: str, seconds: Any) -> None:
    """W3C dates at every precision, zones, epoch seconds, and what is no date."""
    assert read_date(text) == seconds


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10), ("10.0", 10), ("-1.5", Decimal("-1.5")), ("+3", 3), ("1e2", 100), ("", None),
        ("ten", None), ("0x10", None), ("NaN", None), ("Infinity", None), ("1_000", None), ("1,5", None),
        (" 1", None),
        ("٣", None), ("1" * 200, None), ("1e9999", None), (".5", None),
    ],
)  # fmt: skip
def test_numbers(text: str, number: Any) -> None:
    """Decimal numbers, and what is none."""
    assert read_number(text) == number


def test_ranges() -> None:
    """CIDR blocks and addresses of both families, and what is none."""
    assert str(read_range("10.1.2.3/8")) == "10.0.0.0/8"
    assert str(read_range("2001:DB8::1")) == "2001:db8::1/128"
    assert read_range("10.0.0.0/33") is None
    assert read_range("${aws:SourceIp}") is None
