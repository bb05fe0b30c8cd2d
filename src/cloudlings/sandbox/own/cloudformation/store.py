"""What is kept of a stack: JSON, in the account's state, changed in place."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.cloudformation.invalid import Invalid

Record = dict[str, Any]
# Stacks that are gone are described by their id for a while, as on AWS (90 days there).
MOST_DELETED = 20
MOST_EVENTS = 3000
GONE = "DELETE_COMPLETE"
REVIEW = "REVIEW_IN_PROGRESS"


def stacks(kept: dict[str, Any]) -> dict[str, Record]:
    """The Region's stacks by id, oldest first; deleted ones too."""
    found: dict[str, Record] = kept.setdefault("stacks", {})
    return found


def find(kept: dict[str, Any], name: str) -> Record | None:
    """A stack by its id, or by its name if it is not deleted."""
    if name in stacks(kept):
        return stacks(kept)[name]
    live = (one for one in stacks(kept).values() if one["StackName"] == name and one["status"] != GONE)
    return next(live, None)


def existing(kept: dict[str, Any], name: str, words: str = "Stack with id {} does not exist") -> Record:
    """A stack that must be there. Raises Invalid."""
    found = find(kept, name)
    if found is None:
        raise Invalid(words.format(name))
    return found


def new(kept: dict[str, Any], stack_id: str, name: str, **fields: Any) -> Record:
    """A stack of that name, begun now."""
    record: Record = {
        "StackId": stack_id, "StackName": name, "created": time.time(), "status": "", "events": [],
        "resources": {}, "outputs": [], "change_sets": {}, "work": "", **fields,
    }  # fmt: skip
    every = stacks(kept)
    every[stack_id] = record
    gone = [key for key, one in every.items() if one["status"] == GONE]
    for key in gone[: max(0, len(gone) - MOST_DELETED)]:
        del every[key]
    return record


def event(
    record: Record, name: str, physical: str, kind: str, status: str, reason: str = "",
    properties: str | None = None,
) -> None:  # fmt: skip
    """Note what happened to a resource, or to the stack itself."""
    record["events"].append({
        "EventId": str(uuid.uuid4()) if physical == record["StackId"] else f"{name}-{status}-{uuid.uuid4()}",
        "StackId": record["StackId"],
        "StackName": record["StackName"],
        "LogicalResourceId": name,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "Timestamp": time.time(),
        "ResourceStatus": status,
        "ResourceStatusReason": reason or None,
        "ResourceProperties": properties,
        "ClientRequestToken": record.get("token") or None,
    })  # fmt: skip
    del record["events"][:-MOST_EVENTS]


def set_status(record: Record, status: str, reason: str = "") -> None:
    """A stack's next status, with its event."""
    record["status"], record["reason"] = status, reason
    if status.startswith("UPDATE_"):
        record["updated"] = time.time()
    event(record, record["StackName"], record["StackId"], "AWS::CloudFormation::Stack", status, reason)


def set_resource(
    record: Record, name: str, status: str, reason: str = "", properties: str | None = None
) -> None:
    """A resource's next status, with its event."""
    one = record["resources"][name]
    one["status"], one["reason"], one["time"] = status, reason, time.time()
    event(record, name, one.get("physical", ""), one["type"], status, reason, properties)


def under_way(record: Mapping[str, Any]) -> bool:
    """Whether something is being done to a stack."""
    status = str(record["status"])
    return status.endswith("_IN_PROGRESS") and status != REVIEW


def exports(kept: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The Region's exports: by name, the stack's id and the value."""
    return {
        output["ExportName"]: (record["StackId"], output["OutputValue"])
        for record in stacks(kept).values()
        if record["status"] != GONE
        for output in record["outputs"]
        if output.get("ExportName")
    }


def importers(kept: dict[str, Any], name: str) -> list[str]:
    """The stacks that import an export."""
    return [
        record["StackName"]
        for record in stacks(kept).values()
        if record["status"] != GONE and name in record.get("imports", ())
    ]
