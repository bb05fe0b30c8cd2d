"""A stack from a cell: made or updated, waited for, and what came of it in words."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cloudlings.errors import LabError, SandboxError
from cloudlings.notebook import render
from cloudlings.notebook.render import Card

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_MOST_SECONDS = 300
# What a first creation leaves that failed: such a stack can only be deleted.
_DEAD = "ROLLBACK_COMPLETE"


def deploy(name: str, template: str, given: Mapping[str, str], brief: Mapping[str, Any]) -> Card:
    """Make the stack, or update it where it is there, and wait until that is done or has failed.

    Parameters that are not ``given`` and are named like one of the ``brief``'s values have that value.
    Errors: LabError for a template or parameters that are refused, SandboxError when it takes too long.
    """
    client = boto3.client("cloudformation")
    asked = {
        "StackName": name,
        "TemplateBody": template,
        "Capabilities": CAPABILITIES,
        "Parameters": _parameters(client, template, given, brief),
    }
    stack = _stack(client, name)
    if stack is not None and stack["StackStatus"] == _DEAD:
        client.delete_stack(StackName=name)
        _settled(client, stack["StackId"])
        stack = None
    since = _newest_event(client, name) if stack is not None else ""
    try:
        made = client.create_stack(**asked) if stack is None else client.update_stack(**asked)
    except ClientError as error:
        said = error.response["Error"].get("Message", "")
        if "No updates are to be performed" in said:
            return _card(name, _stack(client, name) or {}, [], "is as the template says already")
        raise LabError(f"CloudFormation did not take this template: {said}") from None
    done = _settled(client, made["StackId"])
    return _card(name, done, _events(client, made["StackId"], since), "")


def _parameters(
    client: Any, template: str, given: Mapping[str, str], brief: Mapping[str, Any]
) -> list[dict[str, str]]:
    try:
        declared = client.validate_template(TemplateBody=template)["Parameters"]
    except ClientError as error:
        said = error.response["Error"].get("Message", "")
        raise LabError(f"This is no template that CloudFormation can read: {said}") from None
    names = [one["ParameterKey"] for one in declared]
    unknown = next((name for name in given if name not in names), None)
    if unknown is not None:
        there = ", ".join(names) or "none"
        raise LabError(f"The template has no parameter {unknown}.", next_step=f"its parameters are: {there}")
    personal = {"".join(part.capitalize() for part in key.split("_")): value for key, value in brief.items()}
    values = {name: given.get(name, personal.get(name)) for name in names}
    return [
        {"ParameterKey": name, "ParameterValue": _text(value)}
        for name, value in values.items()
        if value is not None
    ]


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def _stack(client: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return found


def _settled(client: Any, stack_id: str) -> dict[str, Any]:
    deadline, pause = time.monotonic() + _MOST_SECONDS, 0.05
    while time.monotonic() < deadline:
        stack = _stack(client, stack_id) or {"StackStatus": "DELETE_COMPLETE"}
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
    raise SandboxError(
        f"The stack is still {stack['StackStatus']} after {_MOST_SECONDS} s.",
        next_step="aws cloudformation describe-stack-events shows how far it is",
    )


def _newest_event(client: Any, name: str) -> str:
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return events[0]["EventId"] if events else ""


def _events(client: Any, stack_id: str, since: str) -> list[dict[str, Any]]:
    """The events after one, oldest first."""
    found: list[dict[str, Any]] = []
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for event in page["StackEvents"]:
            if event["EventId"] == since:
                return found[::-1]
            found.append(event)
    return found[::-1]


def _card(name: str, stack: Mapping[str, Any], events: list[dict[str, Any]], instead: str) -> Card:
    status = stack.get("StackStatus", "")
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    reasons = [(event["LogicalResourceId"], event.get("ResourceStatusReason", "")) for event in failed]
    outputs = [(one["OutputKey"], one["OutputValue"]) for one in stack.get("Outputs", [])]
    title = f"Stack {name} {instead}" if instead else f"Stack {name}: {status}"
    well = bool(instead) or status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
    return render.stack(title, well=well, reasons=[row for row in reasons if row[1]], outputs=outputs)
