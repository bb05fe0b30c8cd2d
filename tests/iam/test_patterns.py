"""Which combinations of patterns a string can reach, against trying all short strings."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.iam.globs import glob as matcher
from cloudlings.iam.patterns import (
    ANY_RUN,
    Group,
    Groups,
    Token,
    TooManyStatesError,
    arn_glob,
    combinations,
    glob,
    group,
    kept_combinations,
    literal,
    states,
)  # fmt: skip

texts = st.text("ab*?", max_size=5)


def tried(patterns: list[str], longest: int) -> dict[int, int]:
    """Every combination that strings over a, b and c reach, with the length of the shortest."""
    tests = [matcher(((pattern, False),)) for pattern in patterns]
    found: dict[int, int] = {}
    for length in range(longest + 1):
        for chars in product("abc", repeat=length):
            text = "".join(chars)
            found.setdefault(sum(1 << n for n, test in enumerate(tests) if test(text)), length)
    return found


@given(st.lists(texts, min_size=1, max_size=3))
@settings(max_examples=150)
def test_every_reachable_combination(patterns: list[str]) -> None:
    """Whatever a short string reaches is found, with a string that reaches it and none is shorter."""
    found = combinations([group(pattern) for pattern in patterns])
    tests = [matcher(((pattern, False),)) for pattern in patterns]
    for combination, length in tried(patterns, 6).items():
        assert len(found[combination].text) == length
    for combination, witness in found.items():
        assert combination == sum(1 << n for n, test in enumerate(tests) if test(witness.text))


@given(texts, st.text("abc", max_size=6))
@settings(max_examples=300)
def test_a_group_matches_as_decide_does(pattern: str, text: str) -> None:
    """The automaton of a pattern and the matcher that decides agree on every text."""
    assert group(pattern).matches(text) == matcher(((pattern, False),))(text)


@given(st.lists(texts, min_size=2, max_size=3), st.text("abc", max_size=6))
@settings(max_examples=150)
def test_a_group_is_any_of_its_patterns(patterns: list[str], text: str) -> None:
    """A group matches when one of its patterns does."""
    assert group(*patterns).matches(text) == any(group(pattern).matches(text) for pattern in patterns)


@given(texts, texts)
@settings(max_examples=100)
def test_within_a_shape(pattern: str, shape: str) -> None:
    """Within a shape, only strings of the shape count."""
    found = combinations([group(pattern)], within=group(shape))
    for witness in found.values():
        assert group(shape).matches(witness.text)
    both = combinations([group(pattern), group(shape)])
    assert set(found) == {combination & 1 for combination in both if combination & 2}


@given(texts, texts, texts, texts)
@settings(max_examples=150)
def test_within_limits(pattern: str, shape: str, one: str, other: str) -> None:
    """Within limits, only strings that match them all count; the shortest of them are found as without."""
    found = combinations([group(pattern)], within=group(shape), limits=[group(one), group(other)])
    every = combinations([group(pattern), group(one), group(other)], within=group(shape))
    within = {combination & 1: witness.text for combination, witness in every.items() if combination & 6 == 6}
    assert {combination: len(witness.text) for combination, witness in found.items()} == {
        combination: len(text) for combination, text in within.items()
    }
    for witness in found.values():
        assert all(group(each).matches(witness.text) for each in (shape, one, other))


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("arn:aws:sns:*:1:x", "arn:aws:sns:us-east-1:1:x", True),
        ("arn:aws:sns:*:x", "arn:aws:sns:us-east-1:1:x", False),
        ("arn:aws:s3:::a*", "arn:aws:s3:::a/b:c", True),
        ("arn:aws:s?s:*:*:x", "arn:aws:sns:::x", True),
        ("arn:*:*:*:*:*", "arn:aws:sns:::x:y", True),
    ],
)
def test_arn_patterns(pattern: str, text: str, matches: bool) -> None:
    """In an ARN pattern a wildcard stays in its segment, but in the last one takes colons too."""
    assert Group([arn_glob(pattern)]).matches(text) is matches


def test_literal_wildcards() -> None:
    """A literal star is a character; ignoring case takes both."""
    assert Group([literal("a*")]).matches("a*")
    assert not Group([literal("a*")]).matches("ab")
    assert Group([literal("aB", ignore_case=True)]).matches("Ab")
    assert not Group([literal("aB")]).matches("Ab")


def test_runs_side_by_side_are_one() -> None:
    """Stars that follow one another are one, and a question mark among them goes first."""
    assert glob("a**b") == glob("a*b")
    assert glob("a*?*b") == glob("a?*b")
    assert not group("a*?b").matches("ab")
    assert group("a*?b").matches("axxb")


def test_no_pattern_matches_nothing() -> None:
    """A group without patterns is never matched, and an empty pattern matches the empty text only."""
    assert not Group([]).matches("")
    assert group("").matches("")
    assert not group("").matches("a")


def test_free_characters() -> None:
    """A witness says which of its characters nothing forced."""
    witness = combinations([group("a??b")])[1]
    assert witness.text.startswith("a")
    assert list(witness.runs()) == [(1, 3)]


def test_the_cap() -> None:
    """A walk past its limit says so and does not answer with a part."""
    groups = [group(f"*{a}*{b}*") for a, b in ("ab", "cd", "ef", "gh")]
    with pytest.raises(TooManyStatesError):
        combinations(groups, max_states=20)
    assert len(combinations(groups)) == 16


def test_states_lead_on() -> None:
    """From given states, one text for every joint state that can follow."""
    one = group("home/bob/*")
    found = {w.text for w in states([(one, one.read(one.start, "home/"))], within=glob("?*"))}
    assert "bob" in found
    assert all(found)
    assert {one.read(one.read(one.start, "home/"), text) for text in found} >= {0, 1}


def test_groups_are_made_once() -> None:
    """The same patterns give the same group again."""
    made = Groups()
    assert made.of([glob("a*")]) is made.of([glob("a*")])
    assert made.of([glob("a*")]) is not made.of([glob("b*")])
    assert made.of([(ANY_RUN,)]).matches("anything")


def test_walks_are_kept() -> None:
    """What was walked for one question is not walked again for the next, and is what a walk finds."""
    patterns, shape = [[glob("a*")], [glob("*b"), glob("c")]], (ANY_RUN,)
    first, second = (
        kept_combinations(tuple(made.of(each) for each in patterns), made.of([shape]))
        for made in (Groups(), Groups())
    )
    assert first is second
    assert first == combinations([Group(each) for each in patterns])
    assert kept_combinations((Groups().of([glob("d")]),), Groups().of([shape])) != first


def test_a_character_that_a_run_leaves_out_is_tried() -> None:
    """A string with a character that one pattern's run excludes, and another's takes, is found."""
    without_colon = (Token(frozenset("a")), Token(frozenset(":"), but=True, repeat=True))
    found = combinations([Group([without_colon]), group("a*")])
    assert set(found) == {0b00, 0b10, 0b11}
    assert found[0b10].text == "a:"
