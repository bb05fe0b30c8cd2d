"""An alarm rung by hand, and its message in the pager's queue."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.alarm_drill import arrives

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
