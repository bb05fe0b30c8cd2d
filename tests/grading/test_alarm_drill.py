"""An alarm rung by hand, and its message in the pager's queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from cloudlings.grading.alarm_drill import arrives, is_as_found, lets_no_stranger_in

ALARM = {"AlarmName": "slow", "StateUpdatedTimestamp": "2026-01-01"}


class Pager:
    """An account with an alarm, and with these messages in the queue."""

    def __init__(self, *bodies: str, broken: bool = False) -> None:
        self.bodies, self.broken = list(bodies), broken
        self.states: list[str] = []
        self.taken: list[str] = []

    def client(self, _service: str) -> Pager:
        return self

    def set_alarm_state(self, *, AlarmName: str, StateValue: str, StateReason: str) -> None:  # noqa: N803
        assert AlarmName == "slow"
        self.states.append(StateValue)
        del StateReason

    def receive_message(self, **_asked: Any) -> dict[str, Any]:
        if self.broken:
            raise ConnectionError
        left = [body for body in self.bodies if body not in self.taken]
        return {"Messages": [{"Body": body, "ReceiptHandle": body} for body in left]} if left else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        del QueueUrl
        self.taken.append(ReceiptHandle)


@pytest.mark.parametrize(
    ("bodies", "arrived", "taken"),
    [
        (['{"NewStateReason": "cloudlings drill after 2026-01-01"}'], True, 1),
        (["an order", "cloudlings drill after 2026-01-01"], True, 1),
        (["cloudlings drill after 2025-12-31"], False, 1),
        (["an order"], False, 0),
        ([], False, 0),
    ],
)
def test_arrives(bodies: list[str], arrived: bool, taken: int) -> None:
    """Only this drill's message counts; drills are taken out of the queue, and nothing else is."""
    account: Any = Pager(*bodies)
    assert arrives(account, "queue", ALARM) is arrived
    assert len(account.taken) == taken
    assert account.states == ["OK", "ALARM", "OK"]


def test_the_alarm_is_set_back() -> None:
    """After the drill it is OK, even where the queue could not be read."""
    account: Any = Pager(broken=True)
    with pytest.raises(ConnectionError):
        arrives(account, "queue", ALARM)
    assert account.states[-1] == "OK"


TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:pager"
ACCOUNT: Any = SimpleNamespace(id="123456789012", region_name="eu-west-1")
SNS = {"Service": "sns.amazonaws.com"}


def let(principal: Any = SNS, **condition: Any) -> dict[str, Any]:
    """A statement that lets a caller send, under a condition."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": QUEUE}
    return {**statement, **({"Condition": condition} if condition else {})}


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


RIGHT = let(ArnEquals={"aws:SourceArn": TOPIC})
LAST_YEAR = let(ArnEquals={"aws:SourceArn": f"{TOPIC}-2024"})


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([LAST_YEAR], True),
        ([RIGHT], False),
        # A right statement beside the old one is an answer.
        ([LAST_YEAR, RIGHT], False),
        ([let(ArnEquals={"aws:SourceArn": [f"{TOPIC}-2024", TOPIC]})], False),
    ],
)
def test_as_found(statements: list[dict[str, Any]], found: bool) -> None:
    """Only the very policy that was there is no answer."""
    assert is_as_found(policy(*statements), TOPIC, QUEUE) is found


@pytest.mark.parametrize("text", ["", "{}", "[]", "no policy"])
def test_no_policy_is_not_the_one_that_was_there(text: str) -> None:
    """Who took it away has done something."""
    assert not is_as_found(text, TOPIC, QUEUE)


@pytest.mark.parametrize(
    "statements",
    [
        [RIGHT],
        [RIGHT, LAST_YEAR],
        [let("*", ArnEquals={"aws:SourceArn": TOPIC})],
        [let("*", StringLike={"aws:SourceArn": "arn:aws:sns:*:123456789012:*"})],
        [let(ArnEqualsIfExists={"aws:SourceArn": TOPIC})],
        [let(StringEquals={"aws:SourceAccount": "123456789012"})],
        [let(), {**let("*", ArnNotEquals={"aws:SourceArn": TOPIC}), "Effect": "Deny"}],
        [RIGHT, let({"AWS": "arn:aws:iam::123456789012:root"})],
        [{**RIGHT, "Action": "SQS:*", "Resource": "*"}],
    ],
)
def test_no_stranger_gets_in(statements: list[dict[str, Any]]) -> None:
    """By the topic or by the account that it is of, with or without a service, by allowing or by denying."""
    lets_no_stranger_in(ACCOUNT, "pager", policy(*statements))


@pytest.mark.parametrize(
    ("statements", "who"),
    [
        ([let()], "topics of account"),
        ([let(ArnLike={"aws:SourceArn": "arn:aws:sns:eu-west-1:*:oncall"})], "topics of account"),
        # By another name than this account's topic has.
        ([RIGHT, let(ArnLike={"aws:SourceArn": "arn:aws:sns:*:*:alerts"})], "topics of account"),
        ([let("*")], "anybody on the internet"),
        ([let("*", ArnEqualsIfExists={"aws:SourceArn": TOPIC})], "anybody on the internet"),
        # Everybody speaks TLS, and everybody has an address.
        ([RIGHT, let("*", Bool={"aws:SecureTransport": "true"})], "anybody on the internet"),
        ([RIGHT, let({"AWS": "*"}, IpAddress={"aws:SourceIp": "0.0.0.0/0"})], "anybody on the internet"),
        ([RIGHT, let({"AWS": "999988887777"})], "anybody on the internet"),
    ],
)
def test_a_stranger_gets_in(statements: list[dict[str, Any]], who: str) -> None:
    """A topic of another account by whatever name, or somebody without one, fails the check."""
    with pytest.raises(AssertionError, match=f"({who}).*: it lets the message in"):
        lets_no_stranger_in(ACCOUNT, "pager", policy(*statements))
