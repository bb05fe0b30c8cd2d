"""Runbooks."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.errors import ModelError
from cloudlings.models.runbook import Call, calls

EVENT = {"source": "aws.ec2", "detail": {"instance-id": "i-1"}}


def test_values_from_the_event() -> None:
    """What begins with $. is taken from the event, at any depth; the rest stays."""
    steps = [{"call": "a:B", "input": {"x": [{"Id": "$.detail.instance-id"}], "y": "z", "n": 3}}]
    assert calls(steps, EVENT) == (Call("a:B", {"x": [{"Id": "i-1"}], "y": "z", "n": 3}),)


@pytest.mark.parametrize(
    "steps",
    [
        None,
        [],
        "stop",
        [{"call": "a:B"}],
        ["a:B"],
        [{"call": "a:B", "input": {"x": "$.detail.instanceId"}}],
        [{"call": "a:B", "input": {"x": "$.source.more"}}],
    ],
)
def test_no_runbook(steps: Any) -> None:
    """What is no runbook, and a path that leads nowhere, are errors."""
    with pytest.raises(ModelError):
        calls(steps, EVENT)
