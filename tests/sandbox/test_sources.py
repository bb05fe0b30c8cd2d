"""What pollers make of a function's answer to a batch."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.sandbox.emulators.ministack_sources import failures_of

ALL = {"1", "2"}


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "2"}]}, {"2"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, ALL),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, ALL),
        ({"batchItemFailures": [{"id": "2"}]}, ALL),
        ({"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "9"}]}, ALL),
        ({"batchItemFailures": ["2"]}, ALL),
        ({"batchItemFailures": 1}, ALL),
        ({"batchItemFailures": {"itemIdentifier": "2"}}, ALL),
    ],
)
def test_failures_of_a_batch(answer: Any, failed: set[str]) -> None:
    """Those that are named failed; all of them where the answer names something else, or is no list."""
    assert failures_of(answer, ["1", "2"]) == failed
