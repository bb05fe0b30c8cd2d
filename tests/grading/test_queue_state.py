"""What graders read of a queue's attributes, and the batches that they hand to a function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.queue_state import messages, queue_url, redrive, sent, taken_out
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


class Queue:
    """An account with one queue, whose looks find these bodies."""

    def __init__(self, *looks: list[str]) -> None:
        self.looks, self.asked = list(looks), 0
        self.sent: list[Any] = []
        self.taken: list[str] = []

    def client(self, _service: str) -> Queue:
        return self

    def get_queue_url(self, *, QueueName: str) -> Any:  # noqa: N803
        if QueueName != "reminders":
            code = "AWS.SimpleQueueService.NonExistentQueue"
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetQueueUrl")
        return {"QueueUrl": "http://q"}

    def send_message_batch(self, *, Entries: list[Any], **_asked: Any) -> None:  # noqa: N803
        self.sent += [json.loads(each["MessageBody"]) for each in Entries]

    def receive_message(self, **_asked: Any) -> Any:
        bodies = self.looks[self.asked] if self.asked < len(self.looks) else []
        self.asked += 1
        return {"Messages": [{"Body": each, "ReceiptHandle": each} for each in bodies]} if bodies else {}

    def delete_message(self, *, ReceiptHandle: str, **_asked: Any) -> None:  # noqa: N803
        self.taken.append(ReceiptHandle)


def test_a_queue_by_its_arn() -> None:
    """Its URL, or nothing."""
    account: Any = Queue()
    assert queue_url(account, ARN) == "http://q"
    assert queue_url(account, f"{ARN}-gone") == ""
    sent(account, "http://q", [{"id": 1}, {"id": 2}])
    assert account.sent == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("looks", "taken", "asked"),
    [
        ([["x"], [], ["y", "the word"]], ["the word"], 3),
        ([[], ["x"], [], []], [], 4),
        ([["x"]] * 40, [], 30),
    ],
)
def test_taken_out(looks: list[list[str]], taken: list[str], asked: int) -> None:
    """The message with the word alone; three empty looks, or thirty in all, and one gives up."""
    account: Any = Queue(*looks)
    assert taken_out(account, "http://q", "word") is bool(taken)
    assert (account.taken, account.asked) == (taken, asked)
