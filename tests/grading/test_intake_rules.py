"""The events that graders of an intake function send: as five services wrap a booking."""

from __future__ import annotations

import base64
import json

from cloudlings.grading.intake_rules import door, events

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
