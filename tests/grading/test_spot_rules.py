"""Runbooks for a Spot warning: off the target group first, then saved, each for its own instance."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.spot_rules import drains

JOBS = "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/reports/1"
BRIEF = {"reports": "reports", "checkpoint_bucket": "saves"}
ID = "$.detail.instance-id"
OFF: dict[str, Any] = {
    "call": "elbv2:DeregisterTargets",
    "input": {"TargetGroupArn": JOBS, "Targets": [{"Id": ID}]},
}
SAVE: dict[str, Any] = {"call": "s3:PutObject", "input": {"Bucket": "saves", "Key": ID}}
ELSE = {"call": "sns:Publish", "input": {"Message": "a warning"}}


@pytest.mark.parametrize("steps", [[OFF, SAVE], [ELSE, OFF, ELSE, SAVE], [SAVE, OFF, SAVE]])
def test_a_runbook(steps: list[Any]) -> None:
    """Other steps may stand between; a first save before is no harm."""
    drains(BRIEF, steps, JOBS)


def with_input(step: dict[str, Any], **change: Any) -> dict[str, Any]:
    return step | {"input": step["input"] | change}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (None, "A runbook is a list of steps"),
        ("drain it", "A runbook is a list of steps"),
        ([{"call": "s3:PutObject"}], "Step 1 of the runbook has no call, or no input"),
        ([with_input(OFF, Targets=[{"Id": "$.detail.nothing"}]), SAVE], "was run for a warning about i-0123"),
        ([SAVE], "does not take i-0123456789abcdef0 off reports"),
        ([with_input(OFF, Targets=[{"Id": "i-0123456789abcdef0"}]), SAVE], "take i-0fedcba9876543210 off"),
        ([with_input(OFF, Targets=[{"Id": ID}, {"Id": "i-1"}]), SAVE], "does not take"),
        ([with_input(OFF, Targets=ID), SAVE], "does not take"),
        ([with_input(OFF, TargetGroupArn="arn:else"), SAVE], "does not take"),
        ([OFF], "does not save its job"),
        ([OFF, with_input(SAVE, Key="last")], "does not save its job under a key of its own"),
        ([OFF, with_input(SAVE, Bucket="else")], "does not save its job"),
        ([SAVE, OFF], "saves the job before new ones are kept away"),
    ],
)
def test_what_loses_a_job(steps: Any, words: str) -> None:
    """No steps, a fixed instance, another group or bucket, one key for all, the wrong order."""
    with pytest.raises(AssertionError, match=words):
        drains(BRIEF, steps, JOBS)
