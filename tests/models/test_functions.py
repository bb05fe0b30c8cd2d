"""What an environment remembers, what time costs, who calls."""

from __future__ import annotations

import pytest

from cloudlings.errors import ModelError
from cloudlings.models.functions import CALLS, billed_ms, counted, vcpus


@pytest.mark.parametrize(
    ("duration", "init", "billed"),
    [(27.4, 0, 28), (27.55, 0, 28), (28.0, 0, 28), (0.3, 0, 1), (1049.63, 1293.83, 2344)],
)
def test_billed(duration: float, init: float, billed: int) -> None:
    """Time is billed by the whole millisecond, INIT with it."""
    assert billed_ms(duration, init) == billed


def test_vcpus() -> None:
    """CPU comes with memory, one vCPU at 1,769 MB."""
    assert vcpus(1769) == 1
    assert vcpus(10_240) == pytest.approx(5.79, abs=0.01)


@pytest.mark.parametrize(
    ("plan", "answers"),
    [
        (["call", "call"], [1, 2]),
        (["call", "error", "call"], [1, 3]),
        (["call", "timeout", "call", "call"], [1, 1, 2]),
        (["new code", "call", "new setting", "call"], [1, 1]),
        (["error", "timeout"], []),
    ],
)
def test_counted(plan: list[str], answers: list[int]) -> None:
    """An error keeps the environment; a timeout, new code and new settings begin another."""
    assert counted(plan) == answers


def test_unknown_step() -> None:
    """A step that is none is an error by name."""
    with pytest.raises(ModelError, match="reboot"):
        counted(["reboot"])


def test_polled() -> None:
    """Queues and streams are what Lambda polls, and nothing else here."""
    assert {name for name, how in CALLS.items() if how == "poll"} == {"SQS", "Kinesis", "DynamoDB stream"}
