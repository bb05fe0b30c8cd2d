"""What is said of stacks: their state, resources, events, exports.

Source: CloudFormation API reference.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.own.cloudformation import store
from cloudlings.sandbox.own.cloudformation.common import in_aws_words
from cloudlings.sandbox.own.registry import Handling, Output, Refusal, answers

PAGE = 100
PATIENCE = 8.0
"""Seconds that DescribeStacks waits for a stack that is in progress: a waiter that asks every 30 seconds, as
boto3's do, sees a stack that takes less at its first question."""


@answers("cloudformation", "DescribeStacks")
@in_aws_words
async def describe_stacks(handling: Handling) -> Output | Refusal:
    """One stack, or all that are not deleted."""
    name = handling.input.get("StackName")
    if name:
        return {"Stacks": [shown(await settled(handling, name))]}
    every = [one for one in store.stacks(handling.kept).values() if one["status"] != store.GONE]
    return _page(handling, "Stacks", [shown(one) for one in reversed(every)])


async def settled(handling: Handling, name: str) -> store.Record:
    """A stack, waited for a moment while it is in progress. Raises Invalid."""
    record = store.existing(handling.kept, name)
    deadline = time.monotonic() + PATIENCE
    while store.under_way(record) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        record = store.existing(handling.kept, record["StackId"])
    return record


def shown(record: store.Record) -> dict[str, Any]:
    """A stack as DescribeStacks tells it."""
    return {
        "StackId": record["StackId"],
        "StackName": record["StackName"],
        "Description": record.get("description") or None,
        "Parameters": [_parameter(record, name) for name in record.get("parameters", {})],
        "CreationTime": record["created"],
        "LastUpdatedTime": record.get("updated"),
        "DeletionTime": record.get("deleted"),
        "StackStatus": record["status"],
        "StackStatusReason": record.get("reason") or None,
        "DisableRollback": bool(record.get("shown_disable_rollback")),
        "NotificationARNs": list(record.get("notification_arns", ())),
        "TimeoutInMinutes": record.get("timeout"),
        "Capabilities": list(record.get("capabilities", ())),
        "Outputs": record["outputs"],
        "RoleARN": record.get("role") or None,
        "Tags": record.get("tags", []),
        "EnableTerminationProtection": bool(record.get("protected")),
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        "RollbackConfiguration": {"RollbackTriggers": []},
        "ChangeSetId": record.get("change_set") or None,
    }


def _parameter(record: store.Record, name: str) -> dict[str, str]:
    value = "****" if name in record.get("hidden", ()) else record["parameters"][name]
    found = {"ParameterKey": name, "ParameterValue": value}
    looked_up = record.get("looked_up", {}).get(name)
    return {**found, "ResolvedValue": looked_up} if looked_up is not None else found


@answers("cloudformation", "ListStacks")
@in_aws_words
async def list_stacks(handling: Handling) -> Output | Refusal:
    """Every stack in short, deleted ones too."""
    wanted = set(handling.input.get("StackStatusFilter", ()))
    found = [
        {
            "StackId": one["StackId"],
            "StackName": one["StackName"],
            "TemplateDescription": one.get("description") or None,
            "CreationTime": one["created"],
            "LastUpdatedTime": one.get("updated"),
            "DeletionTime": one.get("deleted"),
            "StackStatus": one["status"],
            "StackStatusReason": one.get("reason") or None,
            "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        }
        for one in reversed(list(store.stacks(handling.kept).values()))
        if not wanted or one["status"] in wanted
    ]
    return _page(handling, "StackSummaries", found)


@answers("cloudformation", "DescribeStackEvents")
@in_aws_words
async def describe_stack_events(handling: Handling) -> Output | Refusal:
    """What happened to a stack, the newest first."""
    record = store.existing(handling.kept, handling.input["StackName"], "Stack [{}] does not exist")
    return _page(handling, "StackEvents", list(reversed(record["events"])))


@answers("cloudformation", "DescribeStackResources")
@in_aws_words
async def describe_stack_resources(handling: Handling) -> Output | Refusal:
    """A stack's resources, by the stack or by a resource's physical id."""
    name, physical = handling.input.get("StackName"), handling.input.get("PhysicalResourceId")
    logical = handling.input.get("LogicalResourceId")
    if bool(name) == bool(physical):
        raise Invalid("You must specify either StackName or PhysicalResourceId, but not both.")
    record = store.existing(handling.kept, name) if name else _owner(handling, str(physical))
    found = [
        {**_resource(record, each), "StackId": record["StackId"], "StackName": record["StackName"]}
        for each in record["resources"]
        if logical in (None, each)
    ]
    return {"StackResources": found}


def _owner(handling: Handling, physical: str) -> store.Record:
    for record in store.stacks(handling.kept).values():
        if record["status"] != store.GONE and any(
            r["physical"] == physical for r in record["resources"].values()
        ):
            return record
    raise Invalid(f"Stack for {physical} does not exist")


@answers("cloudformation", "DescribeStackResource")
@in_aws_words
async def describe_stack_resource(handling: Handling) -> Output | Refusal:
    """One resource of a stack."""
    asked = handling.input
    record = store.existing(handling.kept, asked["StackName"], "Stack '{}' does not exist")
    name = asked["LogicalResourceId"]
    if name not in record["resources"]:
        raise Invalid(f"Resource {name} does not exist for stack {record['StackName']}")
    found = _resource(record, name)
    found["LastUpdatedTimestamp"] = found.pop("Timestamp")
    metadata = record["resources"][name].get("metadata")
    return {
        "StackResourceDetail": {
            **found,
            "StackId": record["StackId"],
            "StackName": record["StackName"],
            "Metadata": json.dumps(metadata) if metadata is not None else None,
        }
    }


@answers("cloudformation", "ListStackResources")
@in_aws_words
async def list_stack_resources(handling: Handling) -> Output | Refusal:
    """A stack's resources in short."""
    record = store.existing(handling.kept, handling.input["StackName"])
    found = []
    for name in record["resources"]:
        one = _resource(record, name)
        one["LastUpdatedTimestamp"] = one.pop("Timestamp")
        found.append(one)
    return _page(handling, "StackResourceSummaries", found)


def _resource(record: store.Record, name: str) -> dict[str, Any]:
    one = record["resources"][name]
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": one["physical"] or None,
        "ResourceType": one["type"],
        "Timestamp": one["time"],
        "ResourceStatus": one["status"],
        "ResourceStatusReason": one["reason"] or None,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


@answers("cloudformation", "ListExports")
@in_aws_words
async def list_exports(handling: Handling) -> Output | Refusal:
    """The Region's exports."""
    found = [
        {"ExportingStackId": stack_id, "Name": name, "Value": value}
        for name, (stack_id, value) in sorted(store.exports(handling.kept).items())
    ]
    return _page(handling, "Exports", found)


@answers("cloudformation", "ListImports")
@in_aws_words
async def list_imports(handling: Handling) -> Output | Refusal:
    """The stacks that import an export."""
    name = handling.input["ExportName"]
    found = store.importers(handling.kept, name)
    if not found:
        raise Invalid(f"Export '{name}' is not imported by any stack.")
    return _page(handling, "Imports", found)


def _page(handling: Handling, member: str, every: Sequence[Any]) -> Output:
    token = handling.input.get("NextToken") or "0"
    if not str(token).isdecimal():
        raise Invalid("Invalid NextToken.")
    first = int(token)
    more = {"NextToken": str(first + PAGE)} if first + PAGE < len(every) else {}
    return {member: list(every[first : first + PAGE]), **more}
