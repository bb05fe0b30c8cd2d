"""AWS's limits, defaults and shapes, probe by probe, and the table that tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.sandbox.behaviour import run, table
from tests.sandbox.behaviour.probe import Aws, Probe

KNOWN = {(gap["service"], gap["sentence"]) for gap in table.gaps()}


@pytest.fixture(scope="module")
def account() -> Iterator[Callable[[], Aws]]:
    """A way to make accounts in one sandbox."""
    with run.embedded() as make:
        yield make


@pytest.mark.parametrize("one", run.probes(), ids=lambda one: f"{one.service}-{one.name}")
def test_the_sandbox_does_as_aws_does(one: Probe, account: Callable[[], Aws]) -> None:
    """Each probe passes, but for the gaps that are named, which must be real."""
    differs = run.outcome(one, account()).differs
    if table.key(one) in KNOWN:
        assert differs, "this gap is closed: take it off gaps.yaml"
    else:
        assert not differs, f"{one.sentence} ({one.source}): {differs}"


def test_the_table_is_not_stale() -> None:
    """docs/sandbox.md has the table of these probes and gaps: `python -m tests.sandbox.behaviour`."""
    assert table.written() == table.table(run.probes(), KNOWN)


def test_gaps_are_probes() -> None:
    """Every gap is about a probe that there is."""
    assert {table.key(one) for one in run.probes()} >= KNOWN


def test_probes_are_told_apart() -> None:
    """A service has one probe of a sentence, and every probe says its source."""
    every = run.probes()
    assert len({table.key(one) for one in every}) == len(every)
    assert all(one.source and one.sentence.endswith(".") for one in every)
