"""What tests of several folders share: the checkout, and one sandbox a worker to try answers in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudlings.grading.attempt import Bench, bench

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def answers_bench() -> Iterator[Bench]:
    """A sandbox with a checker on the checkout's labs; answers run in accounts that are fresh each time."""
    with bench(ROOT) as made:
        yield made
