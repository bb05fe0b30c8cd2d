"""SQS: names, attributes, dead letters, messages."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from cloudlings.sandbox.operations import values_of
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}(\.fifo)?")
LONGEST_VISIBILITY, LONGEST_DELAY, LONGEST_WAIT = 43_200, 900, 20
_RANGES = {
    "VisibilityTimeout": (0, LONGEST_VISIBILITY),
    "MessageRetentionPeriod": (60, 1_209_600),
    "DelaySeconds": (0, LONGEST_DELAY),
    "MaximumMessageSize": (1024, 1_048_576),
    "ReceiveMessageWaitTimeSeconds": (0, LONGEST_WAIT),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}


def _value(value: Any, parameter: str, why: str) -> Refusal:
    message = f"Value {value} for parameter {parameter} is invalid. Reason: {why}"
    return Refusal("InvalidParameterValue", message)


@before("sqs", "CreateQueue")
def name_of_a_queue(given: Given) -> Refusal | None:
    """A queue's name has 80 letters, digits, hyphens and underscores; a FIFO queue's ends with .fifo.

    Source: SQS API reference, CreateQueue, QueueName.
    """
    name = given.input.get("QueueName", "")
    fifo = str((given.input.get("Attributes") or {}).get("FifoQueue", "")).lower() == "true"
    if not _NAME.fullmatch(name) or len(name) > 80:
        why = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        return Refusal("InvalidParameterValue", why)
    if fifo and not name.endswith(".fifo"):
        message = (
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
        return Refusal("InvalidParameterValue", message)
    return None


@before("sqs", "CreateQueue", "SetQueueAttributes")
def attributes_of_a_queue(given: Given) -> Refusal | None:
    """Attributes are ones that there are, within their ranges; the policy is a policy.

    Source: SQS API reference, SetQueueAttributes, Attributes (InvalidAttributeName, InvalidAttributeValue).
    """
    from cloudlings.iam.validation import validate

    for name, value in (given.input.get("Attributes") or {}).items():
        if name not in values_of("sqs", "QueueAttributeName"):
            return Refusal("InvalidAttributeName", f"Unknown Attribute {name}.")
        least, most = _RANGES.get(name, (0, 0))
        if name in _RANGES and not (str(value).isdecimal() and least <= int(value) <= most):
            return Refusal("InvalidAttributeValue", f"Invalid value for the parameter {name}.")
        if name == "Policy" and value and validate(value, "queue"):
            return Refusal("InvalidAttributeValue", "Invalid value for the parameter Policy.")
    return None


@before("sqs", "CreateQueue", "SetQueueAttributes")
async def queue_for_dead_letters(given: Given) -> Refusal | None:
    """A dead-letter queue is there, of the same type, and messages are received 1 to 1,000 times.

    Source: SQS Developer Guide, "Using dead-letter queues in Amazon SQS"; SetQueueAttributes, RedrivePolicy.
    """
    text = (given.input.get("Attributes") or {}).get("RedrivePolicy")
    if not text:
        return None
    try:
        policy = json.loads(text)
        target, count = str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        return _value(text, "RedrivePolicy", "Amazon SQS can't parse the redrive policy.")
    if not 1 <= count <= 1000:
        why = "Invalid value for maxReceiveCount: must be an integer between 1 and 1000."
        return _value(text, "RedrivePolicy", why)
    queue = str(given.input.get("QueueName") or given.input.get("QueueUrl", ""))
    if target.endswith(".fifo") != queue.endswith(".fifo"):
        return _value(text, "RedrivePolicy", "Dead-letter queue must be same type of queue as the source.")
    if target.split(":")[4:5] == [given.call.account_id]:
        name = target.rpartition(":")[2]
        if not await given.read("GetQueueUrl", QueueName=name):
            return _value(text, "RedrivePolicy", "Dead letter target does not exist.")
    return None


@before("sqs", "SendMessage", "SendMessageBatch", "ReceiveMessage", "ChangeMessageVisibility")
def times_of_a_message(given: Given) -> Refusal | None:
    """Delays, waits and visibility keep to their ranges.

    Source: SQS API reference, SendMessage, ReceiveMessage, ChangeMessageVisibility.
    """
    asked = given.input
    entries = [asked, *(asked.get("Entries") or [])]
    for entry in entries:
        delay = entry.get("DelaySeconds")
        if isinstance(delay, int) and not 0 <= delay <= LONGEST_DELAY:
            return _value(delay, "DelaySeconds", f"DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.")
    wait, hidden = asked.get("WaitTimeSeconds"), asked.get("VisibilityTimeout")
    if isinstance(wait, int) and not 0 <= wait <= LONGEST_WAIT:
        return _value(wait, "WaitTimeSeconds", f"Must be >= 0 and <= {LONGEST_WAIT}, if provided.")
    if isinstance(hidden, int) and not 0 <= hidden <= LONGEST_VISIBILITY:
        return _value(
            hidden, "VisibilityTimeout", f"Must be between 0 and {LONGEST_VISIBILITY}, if provided."
        )
    return None


_PURGED: dict[tuple[str, str], float] = {}


@before("sqs", "PurgeQueue")
def one_purge_a_minute(given: Given) -> Refusal | None:
    """A queue is purged once in 60 seconds.

    Source: SQS API reference, PurgeQueue (PurgeQueueInProgress).
    """
    url, now = given.input.get("QueueUrl", ""), time.monotonic()
    for old in [key for key, at in _PURGED.items() if at < now - 60]:
        del _PURGED[old]
    if (given.call.account_id, url) in _PURGED:
        name = url.rpartition("/")[2]
        message = f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."
        return Refusal("AWS.SimpleQueueService.PurgeQueueInProgress", message, 403)
    _PURGED[given.call.account_id, url] = now
    return None


@before("sqs", "CreateQueue", "DeleteQueue")
def purged_and_gone(given: Given) -> None:
    """A queue that is made or deleted was not purged.

    Source: SQS API reference, PurgeQueue: it is about one queue's messages.
    """
    name = str(given.input.get("QueueName") or given.input.get("QueueUrl", "")).rpartition("/")[2]
    for key in [k for k in _PURGED if k[0] == given.call.account_id and k[1].rpartition("/")[2] == name]:
        del _PURGED[key]


@reshape("sqs", "GetQueueAttributes")
def encrypted_by_default(given: Given, output: Output) -> None:
    """A queue is encrypted with SSE-SQS unless it is told otherwise.

    Source: SQS Developer Guide, "Encryption at rest in Amazon SQS": SSE-SQS by default.
    """
    wanted = given.input.get("AttributeNames") or []
    attributes = output.get("Attributes") or {}
    if attributes.get("KmsMasterKeyId") or not {"All", "SqsManagedSseEnabled"} & set(wanted):
        return
    attributes.setdefault("SqsManagedSseEnabled", "true")
    output["Attributes"] = attributes
