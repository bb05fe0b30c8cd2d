"""Every network case that a sandbox can hold, built and read through it: the same verdict as from data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloudlings.sandbox import Sandbox
from tests.network.reading import CASES, differences, unreadable


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.temporary() as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_case_read_from_the_sandbox_gets_the_same_verdict(sandbox: Sandbox, name: str) -> None:
    """What the engine says of a topology it also says of the same network read from an account."""
    if reason := unreadable(CASES[name]):
        pytest.skip(f"gap: {reason}")
    assert differences(sandbox, CASES[name]) == []
