"""What a Lambda function's time costs, who calls it, and what an execution environment remembers.

Pure. Sources: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", "Configure
Lambda function memory", "Invoking Lambda with events from other AWS services", "How Lambda processes records
from stream and queue-based event sources"; AWS Compute Blog, "AWS Lambda standardizes billing for INIT Phase"
(in force since 1 August 2025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Literal

from cloudlings.errors import ModelError

MEMORY_OF_A_VCPU = 1769
"""The MB at which a function has one whole vCPU; less memory is a smaller share of one."""

Calls = Literal["poll", "event", "call"]
CALLS: Mapping[str, Calls] = {
    "SQS": "poll",
    "DynamoDB stream": "poll",
    "Kinesis": "poll",
    "S3": "event",
    "SNS": "event",
    "EventBridge rule": "event",
    "API Gateway": "call",
    "load balancer": "call",
    "Cognito": "call",
    "Step Functions task": "call",
}
"""How a service brings its events: Lambda polls it, or it hands over and goes on, or it calls and waits."""

STEPS = ("call", "error", "timeout", "new code", "new setting")


def vcpus(memory_mb: int) -> float:
    """The share of CPU that comes with memory: 1 at 1,769 MB, in proportion below and above."""
    return memory_mb / MEMORY_OF_A_VCPU


def billed_ms(duration: float, init: float = 0.0) -> int:
    """Milliseconds that one invocation is billed: whole ones, INIT included where there was a cold start."""
    return ceil(round(duration + init, 6))


def counted(plan: Sequence[str]) -> list[int]:
    """What a function that counts in a global variable answers, for each "call" of a plan in turn.

    One after another, so one environment is enough, and it stays warm between. An error in the handler
    leaves it as it is (the count was raised before the error). A timeout ends it; new code and new settings
    begin new ones. `ModelError` for another step.
    """
    answers, count = [], 0
    for step in plan:
        if step not in STEPS:
            raise ModelError(f"“{step}” is no step of such a plan.", next_step=f"use {', '.join(STEPS)}")
        count = count + 1 if step in ("call", "error") else 0
        if step == "call":
            answers.append(count)
    return answers
