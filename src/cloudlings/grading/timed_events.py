"""The event that a clock's target gets, by the rules of EventBridge and of EventBridge Scheduler.

Pure. Sources: EventBridge User Guide, "Amazon EventBridge input transformation", and the API's Target (Input,
InputPath, InputTransformer); Scheduler User Guide, "Adding context attributes".
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

Raw = Mapping[str, Any]


def received(target: Raw, at: dt.datetime, *, scheduler: bool) -> Any:
    """What a target's function gets when its clock fires at a moment: an object, or whatever else it is.

    ``target`` is as ``list_targets_by_rule`` shows one, with ``scheduler`` as ``get_schedule`` does.
    """
    event = _usual(at, scheduler=scheduler)
    if target.get("Input"):
        text = str(target["Input"])
        return _parsed(text.replace("<aws.scheduler.scheduled-time>", event["time"]) if scheduler else text)
    if scheduler:
        return event
    if target.get("InputTransformer"):
        return _transformed(target["InputTransformer"], event)
    return _at(event, str(target.get("InputPath") or "$"))


def _usual(at: dt.datetime, *, scheduler: bool) -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler" if scheduler else "aws.events",
        "time": f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "detail": "{}" if scheduler else {},
    }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _at(event: Any, path: str) -> Any:
    """What a path such as ``$.detail.key`` leads to; None where it leads nowhere."""
    for name in path.removeprefix("$").split("."):
        if name:
            event = event.get(name) if isinstance(event, Mapping) else None
    return event


def _transformed(transformer: Raw, event: Raw) -> Any:
    """A template with its variables filled in: values where they stand alone, text inside of a text."""
    values = {name: _at(event, str(path)) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event.json": dict(event),
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
    }
    alone = inside = str(transformer.get("InputTemplate", ""))
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        alone = alone.replace(f'"<{name}>"', f"<{name}>").replace(f"<{name}>", json.dumps(value))
        inside = inside.replace(f"<{name}>", text)
    found = _parsed(alone)
    return _parsed(inside) if isinstance(found, str) else found
