"""EventBridge's scheduled rules and EventBridge Scheduler, as the test clock moves.

Each fires for every time that the move passes over, in order; the event carries the time that it was due at.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.aging import ages

# Of one schedule in one move: a rate of a minute over a month would call its target for minutes on end.
MOST_FIRINGS = 100


@ages("eventbridge")
def scheduled_rules(events: Any, account_id: str, seconds: float) -> None:
    """Source: EventBridge User Guide, "Creating a scheduled rule (legacy)", rate and cron expressions."""
    for key, rule in list(events._rules._data.items()):
        if key[0] != account_id or rule.get("State") != "ENABLED" or not rule.get("ScheduleExpression"):
            continue
        last = events._rule_last_fired.get(key, float(rule.get("CreationTime") or time.time()))
        due = list(_due(events, rule["ScheduleExpression"], last, seconds))
        for at in due:
            event = _event("aws.events", rule.get("Arn", ""), key, at, rule.get("EventBusName", "default"))
            for target in events._targets._data.get(key, []):
                _fire(events, key, target, event, rule)
        # As far ahead of real time as the move was: so the next firing is a whole interval later.
        events._rule_last_fired[key] = (due[-1] if due else last) - seconds


@ages("scheduler")
def schedules(scheduler: Any, account_id: str, seconds: float) -> None:
    """Source: EventBridge Scheduler User Guide, "Schedule types in EventBridge Scheduler"."""
    from ministack.services import eventbridge as events

    fired = scheduler._schedule_last_fired
    for key, schedule in list(scheduler._schedules._data.items()):
        if key[0] != account_id or schedule.get("State") != "ENABLED":
            continue
        made = float(schedule.get("CreationDate") or time.time())
        once = scheduler._at_time_epoch(schedule.get("ScheduleExpression", ""))
        if once is None:
            last = fired.get(key, made)
            due = list(_due(events, schedule.get("ScheduleExpression", ""), last, seconds))
            due = [at for at in due if _within(scheduler, schedule, at)]
            fired[key] = (due[-1] if due else last) - seconds
        else:
            due = [once] if key not in fired and clock.is_due(account_id, once, made) else []
            fired.update(dict.fromkeys([key] if due else [], once))
        for at in due:
            event = _event("aws.scheduler", schedule.get("Arn", ""), key, at)
            _fire(events, key, schedule.get("Target") or {}, event, schedule)
        if once is not None and due and schedule.get("ActionAfterCompletion") == "DELETE":
            scheduler._schedules._data.pop(key, None)
            fired.pop(key, None)


def _within(scheduler: Any, schedule: dict[str, Any], at: float) -> bool:
    start, end = (scheduler._to_epoch(schedule.get(name)) for name in ("StartDate", "EndDate"))
    return (start is None or at >= start) and (end is None or at <= end)


def _due(events: Any, expression: str, last: float, seconds: float) -> Iterator[float]:
    """The times of an expression after ``last`` that a move by so many seconds from now passes."""
    return itertools.islice(_times(events, expression, last, time.time() + seconds), MOST_FIRINGS)


def _times(events: Any, expression: str, last: float, until: float) -> Iterator[float]:
    interval = events._parse_rate_seconds(expression)
    fields = None if interval else events._parse_cron_fields(expression)
    at = last
    while interval or fields:
        if interval:
            at += interval
        else:
            found = events._cron_next_fire(fields, datetime.fromtimestamp(at, tz=UTC))
            if found is None:
                return
            at = found.timestamp()
        if at > until:
            return
        yield at


def _event(source: str, arn: str, key: tuple[Any, ...], at: float, bus: str = "") -> dict[str, Any]:
    from ministack.core.responses import new_uuid

    found = {
        "EventId": new_uuid(),
        "Source": source,
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "Time": at,
        "Resources": [arn],
        "Account": key[0],
        "Region": key[1],
    }
    return found | ({"EventBusName": bus} if bus else {})


def _fire(
    events: Any, key: tuple[Any, ...], target: dict[str, Any], event: dict[str, Any], rule: Any
) -> None:
    from ministack.core.responses import request_scope

    if not target.get("Arn"):
        return
    with request_scope(key[0], key[1]):
        try:
            events._invoke_target(target, event, rule)
        except Exception as error:
            print(f"the test clock: {target['Arn']}: {type(error).__name__}: {error}", flush=True)
