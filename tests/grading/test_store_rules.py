"""Answers about stores and caches: each slip has its own message."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.store_rules import knows_when_a_cache_pays, names_fitting_stores

FILES, WORDS, ROWS = (
    "x-ray pictures, 40 MB each",
    "words in a million letters, the best match first",
    "invoices, with totals over patients and clinics",
)
CASES = (FILES, WORDS, ROWS)
RIGHT = {FILES: "s3", WORDS: "opensearch", ROWS: "rds"}


@pytest.mark.parametrize("named", [RIGHT, RIGHT | {ROWS: "aurora"}, RIGHT | {FILES: " S3 ", "else": "mongo"}])
def test_stores_that_fit(named: dict[str, str]) -> None:
    """More than one store may fit; case, spaces and further entries do not count."""
    names_fitting_stores({"stores": named}, CASES)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, f"names no store for: {FILES}"),
        ({"stores": ["s3"]}, f"names no store for: {FILES}"),
        ({"stores": RIGHT | {WORDS: "mongo"}}, f"names no store for: {WORDS}"),
        ({"stores": RIGHT | {WORDS: None}}, f"names no store for: {WORDS}"),
        ({"stores": RIGHT | {FILES: "rds"}}, "2 of 3 fit"),
        ({"stores": RIGHT | {ROWS: "dynamodb"}}, "2 of 3 fit"),
    ],
)
def test_stores_that_do_not(said: dict[str, Any], words: str) -> None:
    """None, an unknown one, or one that is asked what it cannot do."""
    with pytest.raises(AssertionError, match=words):
        names_fitting_stores(said, CASES)


@pytest.mark.parametrize(
    ("said", "hit_rate"),
    [
        ({"break_even": 0.25, "cache": True}, 0.6),
        ({"break_even": 0.2501, "cache": "true"}, 0.25),
        ({"break_even": 0.25, "cache": False}, 0.1),
    ],
)
def test_a_cache_that_pays(said: dict[str, Any], hit_rate: float) -> None:
    """2 ms before 8 ms: from a quarter on; the decision may be handed in as text."""
    knows_when_a_cache_pays(said, 2, 8, hit_rate)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "rate of None"),
        ({"break_even": "0.25", "cache": True}, "rate of '0.25'"),
        ({"break_even": 0.75, "cache": True}, "rate of 0.75"),
        ({"break_even": float("nan"), "cache": True}, "rate of nan"),
        ({"break_even": 0.25}, "cache is None"),
        ({"break_even": 0.25, "cache": 1}, "cache is 1"),
        ({"break_even": 0.25, "cache": False}, "cache is False"),
    ],
)
def test_a_sum_or_a_decision_that_is_wrong(said: dict[str, Any], words: str) -> None:
    """The rate, its form, and what follows from it."""
    with pytest.raises(AssertionError, match=words):
        knows_when_a_cache_pays(said, 2, 8, 0.6)
