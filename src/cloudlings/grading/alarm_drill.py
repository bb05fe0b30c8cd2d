"""Ringing an alarm by hand, and looking for its message; and whom a queue lets in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.alarm_rules import Raw
from cloudlings.grading.proofs import allow, decided_by, document, first_example, readable
from cloudlings.grading.task import Because
from cloudlings.iam import Policies, Principal, prove

DRILL = "cloudlings drill after "
STRANGER = "999988887777"
SNS = {"Service": "sns.amazonaws.com"}


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


def is_as_found(policy: str, topic: str, queue: str) -> bool:
    """Whether a queue's policy is the one that was there: it lets in a topic of last year, and no other."""
    condition = {"ArnEquals": {"aws:SourceArn": f"{topic.rpartition(':')[0]}:oncall-2024"}}
    found = allow("sqs:SendMessage", queue, Principal=SNS, Condition=condition)
    try:
        return bool(json.loads(policy)["Statement"] == [found])
    except (ValueError, KeyError, TypeError):
        return False


def lets_no_stranger_in(account: Account, queue_name: str, policy: str) -> None:
    """Proves, by the queue's policy, that no topic of another account gets in, and nobody without a topic.

    Over all requests that AWS makes, from wherever, whenever, and whatever the topic is called.
    """
    queue = f"arn:aws:sqs:{account.region_name}:{account.id}:{queue_name}"
    granted = Policies.of(resource=readable(policy, f"policy of the queue {queue_name}"))
    # SNS always says for which topic it calls.
    ours = (
        {"StringLike": {"aws:SourceArn": f"arn:aws:sns:*:{account.id}:*"}},
        {"Null": {"aws:SourceArn": True}},
    )
    of_ours = document(*(allow("sqs:SendMessage", queue, Principal=SNS, Condition=each) for each in ours))
    nobody: dict[str, Any] = {"aws:SourceArn": None, "aws:SourceAccount": None}
    people = [Principal("anonymous"), Principal("user", f"arn:aws:iam::{STRANGER}:user/somebody")]
    sns = [Principal("service", "sns.amazonaws.com")]
    for who, callers, context in (
        ("anybody on the internet", people, nobody),
        (f"SNS, for topics of account {STRANGER}", sns, {"aws:SourceAccount": STRANGER}),
    ):
        comparison = prove(
            granted,
            Policies.of(resource=of_ours),
            account=account.id,
            actions=["sqs:SendMessage"],
            resources=[queue],
            principals=callers,
            context=context,
            as_aws_sends=True,
            outsiders_may=True,
        )
        example = first_example(comparison, "over")
        assert example is None, Because(
            found=f"The policy of the queue {queue_name} was asked about {who}: it lets the message in.",
            consequence="A stranger may ring the pager all night.",
            counterexample=decided_by(example),
            concept="A service acts for many accounts. A condition says for whom it may act here.",
        )
