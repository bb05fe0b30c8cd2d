"""The pipeline, many times."""

from __future__ import annotations

import os

import pytest

from tests.sandbox import pipeline
from tests.sandbox.behaviour import run

TIMES = int(os.environ.get("CLOUDLINGS_SOAK_PIPELINES", "50"))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_no_run_differs() -> None:
    """Fifty runs, each in an account of its own of one sandbox, end alike."""
    with run.embedded() as account:
        for _ in range(TIMES):
            pipeline.run(account())
