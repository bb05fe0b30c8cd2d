"""Every case that the analyzers' APIs can express, asked through them: the same answers as the engines'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloudlings.sandbox import Sandbox
from tests.sandbox.own import reaching, simulating

ACCOUNT = "300000000009"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.temporary() as started:
        started.provision(ACCOUNT)
        yield started


@pytest.fixture(scope="module")
def iam(sandbox: Sandbox) -> Any:
    return sandbox.session(ACCOUNT, "learner", "us-east-1").client("iam")


@pytest.mark.slow
@pytest.mark.parametrize("name", simulating.CASES)
def test_a_case_simulated_comes_out_as_the_engine_decides(iam: Any, name: str) -> None:
    """SimulateCustomPolicy says of a case what the engine says."""
    if reason := simulating.gap(simulating.CASES[name]):
        pytest.skip(f"gap: {reason}")
    assert simulating.difference(iam, simulating.CASES[name]) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", reaching.CASES)
def test_a_case_analysed_comes_out_as_the_engine_decides(sandbox: Sandbox, name: str) -> None:
    """Reachability Analyzer says of a network built in an account what the engine says of it."""
    if reason := reaching.gap(reaching.CASES[name]):
        pytest.skip(f"gap: {reason}")
    assert reaching.differences(sandbox, reaching.CASES[name]) == []
