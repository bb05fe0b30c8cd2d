"""What graders of queues share: a queue's attributes, and what becomes of messages that a grader sends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.s3_state import or_none

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

_MOST_LOOKS, _EMPTY_LOOKS = 30, 3


def queue_url(account: Account, arn: str) -> str:
    """The URL of a queue of this account by its ARN; "" when it is not there."""
    name = arn.rsplit(":", 1)[-1]
    reply = or_none(lambda: account.client("sqs").get_queue_url(QueueName=name), *_GONE)
    return str(reply["QueueUrl"]) if reply else ""


def attributes(account: Account, url: str) -> Mapping[str, str]:
    """All attributes of a queue."""
    found: Mapping[str, str] = account.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["All"]
    )["Attributes"]
    return found


def redrive(found: Mapping[str, str]) -> tuple[str, int]:
    """Where a queue's messages go, and after how many receives; ("", 0) without a redrive policy."""
    policy = json.loads(found.get("RedrivePolicy") or "{}")
    return str(policy.get("deadLetterTargetArn", "")), int(policy.get("maxReceiveCount", 0))


def messages(found: Mapping[str, str]) -> int:
    """How many messages a queue has, those under way among them."""
    return sum(int(found.get(name, 0)) for name in _COUNTS)


def sent(account: Account, url: str, bodies: Iterable[Any]) -> None:
    """Sends messages in one batch (probe ``sqs:SendMessageBatch``)."""
    entries = [{"Id": f"m{n}", "MessageBody": json.dumps(body)} for n, body in enumerate(bodies)]
    account.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)


def taken_out(account: Account, url: str, word: str) -> bool:
    """Whether a message with a word in its body is in a queue; it is taken out, the others stay.

    A look that finds nothing is repeated, since SQS asks a part of its servers each time. Probes
    ``sqs:ReceiveMessage`` and ``sqs:DeleteMessage``.
    """
    sqs, empty = account.client("sqs"), 0
    for _ in range(_MOST_LOOKS):
        reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2)
        for message in reply.get("Messages", []):
            if word in message["Body"]:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return True
        empty += not reply.get("Messages")
        if empty == _EMPTY_LOOKS:
            break
    return False
