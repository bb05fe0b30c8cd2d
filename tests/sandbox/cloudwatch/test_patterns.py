"""Filter patterns, against the examples of AWS's documentation and what they leave open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import patterns

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "patterns.yaml").read_text())
MATCHES = [
    pytest.param(case["pattern"], message, fits, id=f"{case['pattern']} | {message}"[:80])
    for case in CASES["match"]
    for fits, messages in ((True, case.get("fits", [])), (False, case.get("fits_not", [])))
    for message in messages
]


@pytest.mark.parametrize(("pattern", "message", "fits"), MATCHES)
def test_match(pattern: str, message: str, fits: bool) -> None:
    """A message fits a pattern, or does not, as patterns.yaml says."""
    assert (patterns.parse(pattern).match(message) is not None) is fits


@pytest.mark.parametrize("case", CASES["values"], ids=lambda case: case["pattern"][:60])
def test_values(case: dict[str, Any]) -> None:
    """What a pattern takes out of a message has the names that it gives, or numbers."""
    match = patterns.parse(case["pattern"]).match(case["message"])
    assert match is not None
    assert dict(match.values) == case["values"]
    for reference, value in case.get("references", {}).items():
        assert match.value(reference) == value


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["pattern"][:60])
def test_refused(case: dict[str, Any]) -> None:
    """A pattern that is none is refused, with the words that say why."""
    with pytest.raises(ExpressionError) as caught:
        patterns.parse(case["pattern"])
    assert case["says"] in caught.value.message


def test_a_place_is_told() -> None:
    """The error of a pattern names the place in its text."""
    with pytest.raises(ExpressionError) as caught:
        patterns.parse("  { $.a == 1 }")
    assert caught.value.position == 9


def test_length() -> None:
    """A pattern has at most 1,024 characters."""
    with pytest.raises(ExpressionError):
        patterns.parse("x" * 1025)
