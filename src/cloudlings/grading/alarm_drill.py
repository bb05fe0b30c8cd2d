"""Ringing an alarm by hand, and looking for its message; and whom a queue lets in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.alarm_rules import Raw
from cloudlings.grading.proofs import readable
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, Principal, Request, decide

DRILL = "cloudlings drill after "


def arrives(account: Account, queue: str, alarm: Raw) -> bool:
    """Rings an alarm by hand, and looks for its message. The alarm is set back; the message is taken."""
    client, sqs = account.client("cloudwatch"), account.client("sqs")
    name = alarm["AlarmName"]
    reason = f"{DRILL}{alarm.get('StateUpdatedTimestamp')}"
    client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="cloudlings drill begins")
    client.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)
    try:
        return any(reason in body for body in _drills(sqs, queue))
    finally:
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="cloudlings drill is over")


def _drills(sqs: Any, queue: str) -> Iterator[str]:
    """The drills' messages in a queue, taken out; others are left, and seen again ten seconds later."""
    empty = 0
    for _ in range(40):
        found = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=10, WaitTimeSeconds=1
        ).get("Messages", [])
        empty += not found
        if empty > 2:
            return
        for message in found:
            if DRILL in message["Body"]:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]


def lets_no_stranger_in(account: Account, queue_name: str, topic_name: str, policy: str) -> None:
    """Decides, by the queue's policy, about a topic of another account and about anybody without one."""
    queue = f"arn:aws:sqs:{account.region_name}:{account.id}:{queue_name}"
    policies = Policies.of(resource=readable(policy, f"policy of the queue {queue_name}"))
    stranger = f"arn:aws:sns:{account.region_name}:999988887777:{topic_name}"
    service = Principal("service", "sns.amazonaws.com")
    of_stranger = {"aws:SourceArn": stranger, "aws:SourceAccount": "999988887777"}
    callers = (
        ("SNS, for the topic " + stranger, Request(service, "sqs:SendMessage", queue, context=of_stranger)),
        ("anybody on the internet", Request(Principal("anonymous"), "sqs:SendMessage", queue)),
    )
    for who, request in callers:
        assert decide(request, policies).outcome != "Allowed", Because(
            found=f"The policy of the queue {queue_name} was asked about {who}: it lets the message in.",
            consequence="A stranger may ring the pager all night.",
            concept="A service acts for many accounts. A condition says for whom it may act here.",
        )
