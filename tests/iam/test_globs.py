"""Patterns of * and ?: the same answer as a plain definition, in linear time."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloudlings.iam.globs import glob, plain

alphabet = st.text(alphabet="ab*?:", max_size=12)


def covers(pattern: str, text: str) -> bool:
    """The definition itself, by dynamic programming over every prefix."""
    reached = [True] + [False] * len(text)
    for char in pattern:
        if char == "*":
            for place in range(1, len(text) + 1):
                reached[place] = reached[place] or reached[place - 1]
            continue
        reached = [False] + [reached[place] and char in ("?", text[place]) for place in range(len(text))]
    return reached[-1]


@given(alphabet, alphabet)
@example("a*a", "a")
@example("*", "")
@example("a?*?b", "axb")
@example("**a**", "a")
@example("?", "*")
@example("*ab*ba*", "aba:")
@example("a*b:*:b", "aab:b")
def test_matches_as_defined(pattern: str, text: str) -> None:
    """A pattern matches what the definition says."""
    assert glob(plain(pattern))(text) == covers(pattern, text)


@given(alphabet, alphabet, alphabet)
def test_literal_pieces_are_literal(before: str, inside: str, after: str) -> None:
    """Stars and question marks in a literal piece stand for themselves only."""
    match = glob(((before, False), (inside, True), (after, False)))
    assert match(before + inside + after)
    if set(inside) & set("*?") and not set(before + after) & set("*?"):
        assert not match(before + inside.replace("*", "b").replace("?", "b") + after)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 5000 + "b", "a" * 20_000),
        ("*a*b*c*d*e*f*g*h" * 500, "abcdefg" * 5000),
        ("*" * 100_000 + "x", "a" * 10_000),
        ("*a?" * 2000 + "b", "a" * 20_000),
        ("?" * 20_000 + "*b", "a" * 20_000),
        ("*" + "a?" * 3000 + "b*", "a" * 30_000),
    ],
    ids=range(6),
)
def test_pathological_patterns_are_bounded(pattern: str, text: str) -> None:
    """Patterns that make a backtracking matcher hang are answered in time."""
    started = time.process_time()
    assert not glob(plain(pattern))(text)
    assert time.process_time() - started < 5


def test_newlines_are_characters() -> None:
    """A question mark takes a newline as well."""
    assert glob(plain("a?b"))("a\nb")
    assert glob(plain("a*b"))("a\n\nb")
    assert not glob(plain("a?"))("ab\n")
