"""The events that graders of an intake function send: as five services wrap a booking."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest

from cloudlings.grading.intake_rules import books_by_every_door, door, events, quick_when_warm

BOOKINGS = [f"k{n}-000{n}" for n in range(10)]


def test_each_door_is_tried() -> None:
    """All five services send something, and one of the web's bodies is base64."""
    sent = events(BOOKINGS)
    assert {via for _, _, via, _ in sent} == {"api", "s3", "sqs", "dynamodb", "eventbridge"}
    assert [event["isBase64Encoded"] for _, event, via, _ in sent if via == "api"] == [False, False, True]


def test_what_is_held_is_in_the_event() -> None:
    """Each booking that must be found is somewhere in its event."""
    for _, event, _, held in events(BOOKINGS):
        text = base64.b64decode(event["body"]).decode() if event.get("isBase64Encoded") else json.dumps(event)
        assert held
        assert all(booking in text for booking in held)


def test_a_removed_row_holds_no_booking() -> None:
    """A row that was removed is in the batch, and its booking is not among those to be found."""
    (rows,) = [(event, held) for _, event, via, held in events(BOOKINGS) if via == "dynamodb"]
    removed = [row for row in rows[0]["Records"] if row["eventName"] == "REMOVE"]
    assert [row["dynamodb"]["Keys"]["booking"]["S"] for row in removed] == ["k7-0007"]
    assert "k7-0007" not in rows[1]
    assert "NewImage" not in removed[0]["dynamodb"]


def test_files_lie_in_folders_with_names_as_in_a_url() -> None:
    """S3's key has folders and a space, which is a plus in the event."""
    (record,) = door("s3", "k1-0001")["Records"]
    assert record["s3"]["object"]["key"] == "new+bookings/2027/k1-0001.json"


class Intake:
    """An account whose one function takes so many milliseconds, call after call, and answers this."""

    def __init__(self, *took: float | None, value: Any = None) -> None:
        self.took, self.value, self.calls = took, value, 0

    def client(self, _service: str) -> Intake:
        return self

    def invoke(self, **_asked: Any) -> dict[str, Any]:
        took = self.took[min(self.calls, len(self.took) - 1)]
        self.calls += 1
        line = "" if took is None else f"REPORT RequestId: 1 Duration: {took} ms"
        payload = io.BytesIO(json.dumps(self.value).encode())
        return {"Payload": payload, "LogResult": base64.b64encode(line.encode()).decode()}


@pytest.mark.parametrize(("took", "calls"), [([3], 1), ([None, 900, 3], 3), ([None, 420, 249.9], 3)])
def test_quick(took: list[float | None], calls: int) -> None:
    """One quick call is enough, and is the last; a log without a report says nothing."""
    account: Any = Intake(*took)
    quick_when_warm(account, "intake", {})
    assert account.calls == calls


@pytest.mark.parametrize(
    ("took", "words"), [([420], "take 420 ms"), ([None], "take 0 ms"), ([900, 600, 250], "take 250 ms")]
)
def test_slow(took: list[float | None], words: str) -> None:
    """Eight calls, none of them quick: the best is told."""
    account: Any = Intake(*took)
    with pytest.raises(AssertionError, match=words):
        quick_when_warm(account, "intake", {})
    assert account.calls == 8


def test_what_was_sent_is_told() -> None:
    """What it was, and how many bookings it held."""
    account: Any = Intake(1, value=[])
    with pytest.raises(AssertionError, match=r"sent an event of API Gateway \(1.0\) with 1 booking. It"):
        books_by_every_door(account, "intake", {"k1": "North"})


def test_a_row_is_new_unless_told() -> None:
    """A DynamoDB record by itself is of a row that was put."""
    (record,) = door("dynamodb", "k1-0001")["Records"]
    assert record["eventName"] == "INSERT"
