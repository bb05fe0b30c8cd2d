"""What graders read of a queue's attributes, and the batches that they hand to a function."""

from __future__ import annotations

import json

from cloudlings.grading.queue_state import messages, redrive
from cloudlings.grading.reminder_rules import batch_event

ARN = "arn:aws:sqs:eu-west-1:111122223333:reminders"


def test_redrive() -> None:
    """Where dead letters go and after how many receives, also where the number was written as text."""
    assert redrive({}) == ("", 0)
    written = json.dumps({"deadLetterTargetArn": ARN, "maxReceiveCount": "5"})
    assert redrive({"RedrivePolicy": written}) == (ARN, 5)


def test_messages_count_those_under_way() -> None:
    """A message that is hidden, or delayed, is in the queue."""
    names = ("Messages", "MessagesNotVisible", "MessagesDelayed")
    found = {f"ApproximateNumberOf{name}": str(n) for n, name in enumerate(names, 1)}
    assert messages(found) == 6


def test_a_batch_keeps_its_order() -> None:
    """Records come in the order given, with the message ids that a report must name."""
    event = batch_event(ARN, {"m-1": {"id": "a"}, "m-2": {"id": "b"}})
    assert [row["messageId"] for row in event["Records"]] == ["m-1", "m-2"]
    assert json.loads(event["Records"][1]["body"]) == {"id": "b"}
    assert event["Records"][0]["awsRegion"] == "eu-west-1"
