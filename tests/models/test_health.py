"""Health checks of targets."""

from __future__ import annotations

import pytest

from cloudlings.errors import ModelError
from cloudlings.models.health import Check, health, matcher, noticed_after, takes_requests


def test_thresholds() -> None:
    """Two failures in a row make a healthy target unhealthy, five successes in a row make it healthy
    again."""
    answers = [200, 500, 200, 500, None, 200, 200, 200, 200, 200]
    states = health(Check(), answers)
    assert states == ("healthy",) * 4 + ("unhealthy",) * 5 + ("healthy",)


def test_never_well() -> None:
    """A new target that fails is initial, then unhealthy; its first success makes a new one healthy."""
    assert health(Check(), [404, 404]) == ("initial", "unhealthy")
    assert health(Check(), [404, 200]) == ("initial", "healthy")


@pytest.mark.parametrize(
    ("codes", "code", "passes"), [("200-299", 204, True), ("200,302", 301, False), ("200", 200, True)]
)
def test_matcher(codes: str, code: int, passes: bool) -> None:
    """A matcher lists codes, and ranges of codes."""
    assert (code in matcher(codes)) is passes
    with pytest.raises(ModelError):
        matcher("ok")


def test_fail_open() -> None:
    """Requests go to the healthy; to all when none is."""
    assert takes_requests(["healthy", "unhealthy"]) == (True, False)
    assert takes_requests(["unhealthy", "unhealthy"]) == (True, True)
    assert noticed_after(Check(interval=10, unhealthy_after=3)) == 30
