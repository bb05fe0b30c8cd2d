"""A runbook: calls with values from an event, as Step Functions and EventBridge's input paths fill them in.

Pure. Source: Amazon EventBridge User Guide, "Input transformation" (``$.detail.instance-id``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudlings.errors import ModelError


@dataclass(frozen=True)
class Call:
    """One call as it would be sent: ``elbv2:DeregisterTargets`` and its input."""

    name: str
    input: Mapping[str, Any]


def calls(steps: Any, event: Mapping[str, Any]) -> tuple[Call, ...]:
    """A runbook's calls for one event, in order.

    Raises `ModelError` for what is no list of steps, and for a path that the event does not have.
    """
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise ModelError("A runbook is a list of steps.", next_step='A step is {"call": …, "input": {…}}.')
    made = []
    for number, step in enumerate(steps, 1):
        if not isinstance(step, Mapping) or not isinstance(step.get("input"), Mapping) or "call" not in step:
            message = f"Step {number} of the runbook has no call, or no input."
            raise ModelError(message, next_step='A step is {"call": "service:Operation", "input": {…}}.')
        made.append(Call(str(step["call"]), filled(step["input"], event)))
    return tuple(made)


def filled(value: Any, event: Mapping[str, Any]) -> Any:
    """A value with every text that begins with ``$.`` taken from the event."""
    if isinstance(value, Mapping):
        return {key: filled(inner, event) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [filled(inner, event) for inner in value]
    if not isinstance(value, str) or not value.startswith("$."):
        return value
    found: Any = event
    for key in value.removeprefix("$.").split("."):
        if not isinstance(found, Mapping) or key not in found:
            raise ModelError(f"The event has no {value}.", next_step=f"It has: {', '.join(event)}.")
        found = found[key]
    return found
