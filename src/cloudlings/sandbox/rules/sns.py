"""SNS: topics, subscriptions, messages."""

from __future__ import annotations

import json
import re
from typing import Any

from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}(\.fifo)?")
_PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")
_OPERATORS = (
    "prefix",
    "suffix",
    "anything-but",
    "numeric",
    "exists",
    "cidr",
    "equals-ignore-case",
    "wildcard",
)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameter", f"Invalid parameter: {message}")


@before("sns", "CreateTopic")
def name_of_a_topic(given: Given) -> Refusal | None:
    """A topic's name has 256 letters, digits, hyphens and underscores; a FIFO topic's ends with .fifo.

    Source: SNS API reference, CreateTopic, Name.
    """
    name = given.input.get("Name", "")
    fifo = str((given.input.get("Attributes") or {}).get("FifoTopic", "")).lower() == "true"
    if not _NAME.fullmatch(name) or (name.endswith(".fifo") and not fifo):
        return _invalid("Topic Name")
    if fifo and not name.endswith(".fifo"):
        message = (
            "Fifo Topic names must end with .fifo and must be made up "
            "of only uppercase and lowercase ASCII letters, "
            "numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
        )
        return _invalid(message)
    return None


@before("sns", "Subscribe")
def endpoint_of_a_subscription(given: Given) -> Refusal | None:
    """A subscription's endpoint fits its protocol, and a FIFO queue a FIFO topic.

    Source: SNS API reference, Subscribe, Protocol and Endpoint; Developer Guide, "FIFO topics".
    """
    asked = given.input
    protocol, endpoint = asked.get("Protocol", ""), str(asked.get("Endpoint", ""))
    if protocol not in _PROTOCOLS:
        return _invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol == "sqs" and not endpoint.startswith("arn:aws:sqs:"):
        return _invalid("SQS endpoint ARN")
    if protocol == "lambda" and not endpoint.startswith("arn:aws:lambda:"):
        return _invalid("Lambda endpoint ARN")
    if protocol in ("email", "email-json") and not _MAIL.fullmatch(endpoint):
        return _invalid("Email address")
    if protocol in ("http", "https") and not endpoint.startswith(f"{protocol}://"):
        return _invalid("Endpoint must match the specified protocol")
    fifo = str(asked.get("TopicArn", "")).endswith(".fifo")
    if protocol == "sqs" and endpoint.endswith(".fifo") and not fifo:
        message = (
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
        )
        return _invalid(message)
    return _bad_filter((asked.get("Attributes") or {}).get("FilterPolicy"), asked.get("Attributes") or {})


@before("sns", "SetSubscriptionAttributes")
def filter_of_a_subscription(given: Given) -> Refusal | None:
    """A filter policy is JSON of lists, with operators that there are.

    Source: SNS Developer Guide, "Amazon SNS subscription filter policies", constraints.
    """
    if given.input.get("AttributeName") != "FilterPolicy":
        return None
    return _bad_filter(given.input.get("AttributeValue"), {"FilterPolicyScope": "MessageBody"})


def _bad_filter(text: str | None, attributes: dict[str, Any]) -> Refusal | None:
    if not text:
        return None
    try:
        policy = json.loads(text)
    except ValueError:
        return _invalid("FilterPolicy: failed to parse JSON. Unexpected character")
    if not isinstance(policy, dict):
        return _invalid("FilterPolicy: Filter policy must be an object")
    return _bad_rules(policy, nested=attributes.get("FilterPolicyScope") == "MessageBody")


def _bad_rules(policy: dict[str, Any], *, nested: bool) -> Refusal | None:
    for key, rules in policy.items():
        if isinstance(rules, dict) and nested:
            refusal = _bad_rules(rules, nested=True)
            if refusal is not None:
                return refusal
            continue
        if not isinstance(rules, list):
            return _invalid(f'FilterPolicy: "{key}" must be an object or an array')
        if not rules:
            return _invalid("FilterPolicy: Empty arrays are not allowed")
        for rule in rules if key != "$or" else ():
            if isinstance(rule, dict) and not set(rule) <= set(_OPERATORS):
                return _invalid(f"FilterPolicy: Unrecognized match type {next(iter(rule))}")
    return None


@before("sns", "Publish")
def message_that_can_be_sent(given: Given) -> Refusal | None:
    """A message has text, a subject of 100 characters at most, and a default when it is told by protocol.

    Source: SNS API reference, Publish, Message, Subject, MessageStructure.
    """
    asked = given.input
    message, subject = asked.get("Message", ""), asked.get("Subject")
    if not message:
        return _invalid("Empty message")
    if subject is not None and (not 0 < len(subject) <= 100 or "\n" in subject):
        return _invalid("Subject")
    if asked.get("MessageStructure") == "json":
        try:
            parts = json.loads(message)
        except ValueError:
            return _invalid("Message Structure - JSON message body failed to parse")
        if not isinstance(parts, dict) or "default" not in parts:
            return _invalid("Message Structure - No default entry in JSON message body")
    return None


@reshape("sns", "Subscribe")
def waits_for_confirmation(given: Given, output: Output) -> None:
    """A subscription by e-mail or address has no ARN until it is confirmed.

    Source: SNS API reference, Subscribe, SubscriptionArn and ReturnSubscriptionArn.
    """
    kinds = ("email", "email-json", "http", "https")
    if given.input.get("Protocol") in kinds and not given.input.get("ReturnSubscriptionArn"):
        output["SubscriptionArn"] = "pending confirmation"
