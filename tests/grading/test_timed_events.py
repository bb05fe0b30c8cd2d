"""The event that a clock's target gets: the usual one, one of its own, a part, or a template filled in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cloudlings.grading.timed_events import received

AT = dt.datetime(2027, 3, 24, 2, 35, tzinfo=dt.UTC)
DUE = "2027-03-24T02:35:00Z"
ASKS = '{"time": "<aws.scheduler.scheduled-time>"}'
WHEN = {"when": "$.time", "what": "$.detail"}


def template(text: str, **paths: str) -> dict[str, Any]:
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": text}}


@pytest.mark.parametrize("scheduler", [False, True])
def test_the_usual_event_tells_when_it_was_due(scheduler: bool) -> None:
    """A rule's and a schedule's, in UTC."""
    there = AT.astimezone(dt.timezone(dt.timedelta(hours=2)))
    event = received({"Arn": "a"}, there, scheduler=scheduler)
    assert event["time"] == DUE
    assert (event["source"], event["detail"]) == (
        ("aws.scheduler", "{}") if scheduler else ("aws.events", {})
    )


def test_the_whole_event_in_a_template() -> None:
    """Without its detail, or as it is."""
    short = received(template('{"all": <aws.events.event>}'), AT, scheduler=False)["all"]
    whole = received(template('{"all": <aws.events.event.json>}'), AT, scheduler=False)["all"]
    assert whole.keys() - short.keys() == {"detail"}


@pytest.mark.parametrize(
    ("target", "scheduler", "event"),
    [
        ({"Input": '{"job": "night"}'}, False, {"job": "night"}),
        ({"Input": ASKS}, True, {"time": DUE}),
        ({"Input": ASKS}, False, {"time": "<aws.scheduler.scheduled-time>"}),
        ({"Input": "no JSON"}, True, "no JSON"),
        ({"InputPath": "$.detail"}, False, {}),
        ({"InputPath": "$.time"}, False, DUE),
        ({"InputPath": "$.nowhere.else"}, False, None),
        ({"InputPath": "$.source"}, False, "aws.events"),
        (template('{"time": <when>}', **WHEN), False, {"time": DUE}),
        (template('{"time": "<when>", "detail": <what>}', **WHEN), False, {"time": DUE, "detail": {}}),
        (template('{"say": "due at <when>"}', **WHEN), False, {"say": f"due at {DUE}"}),
        (template('{"time": <aws.events.event.ingestion-time>}'), False, {"time": DUE}),
        (template('"<when>"', **WHEN), False, DUE),
    ],
)  # fmt: skip
def test_a_target_may_be_given_another(target: dict[str, Any], scheduler: bool, event: Any) -> None:
    """A text of its own, a part of the event, or a template with variables."""
    assert received(target, AT, scheduler=scheduler) == event
