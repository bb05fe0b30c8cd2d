"""Change sets: what a stack's creation or update would do, and its execution.

A change set is ready with the answer to CreateChangeSet. Properties that are not there in AWS's schema fail
it, as AWS's validation before deployment does.

Source: CloudFormation API reference; User Guide, "Change sets", "Validate stack deployments".
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.cloudformation import changes, check, parameters, schema
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.own.cloudformation import prepare, stacks, store
from cloudlings.sandbox.own.cloudformation.common import (
    AlreadyExists,
    caller_of,
    checked_name,
    in_aws_words,
    new_id,
    only,
)
from cloudlings.sandbox.own.cloudformation.prepare import Plan
from cloudlings.sandbox.own.registry import Handling, Output, Refusal, answers

_ASKED = ("StackName", "TemplateBody", "TemplateURL", "UsePreviousTemplate", "Parameters",
          "Capabilities", "Tags", "RoleARN", "NotificationARNs", "ChangeSetName", "ClientToken",
          "Description", "ChangeSetType", "RollbackConfiguration", "OnStackFailure")  # fmt: skip
_NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
MOST_CHANGES = 100


@answers("cloudformation", "CreateChangeSet")
@in_aws_words
async def create_change_set(handling: Handling) -> Output | Refusal:
    """Find out what an update, or a creation, would do."""
    asked = handling.input
    only(asked, *_ASKED)
    if not _NAME.fullmatch(asked["ChangeSetName"]):
        raise Invalid(
            f"1 validation error detected: Value '{asked['ChangeSetName']}' at 'changeSetName' failed to "
            "satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    kind = asked.get("ChangeSetType", "UPDATE")
    if kind not in ("CREATE", "UPDATE"):
        raise Invalid(f"The sandbox does not carry out change sets of the type {kind}.")
    record, is_new = _stack(handling, asked, kind)
    if any(one["ChangeSetName"] == asked["ChangeSetName"] for one in record["change_sets"].values()):
        raise AlreadyExists(f"ChangeSet {asked['ChangeSetName']} already exists")
    body = await prepare.template_text(handling, asked, record)
    template = await prepare.read(body)
    plan = await prepare.plan(handling, template, asked, record)
    prepare.acknowledged(template, asked)
    await caller_of(handling, asked.get("RoleARN", ""))
    if is_new:
        store.stacks(handling.kept)[record["StackId"]] = record
        store.set_status(record, store.REVIEW, "User Initiated")
    made = await _made(handling, record, plan, asked, kind, body)
    record["change_sets"][made["ChangeSetId"]] = made
    return {"Id": made["ChangeSetId"], "StackId": record["StackId"]}


def _stack(handling: Handling, asked: Mapping[str, Any], kind: str) -> tuple[store.Record, bool]:
    name = asked["StackName"]
    found = store.find(handling.kept, name)
    if kind == "UPDATE":
        if found is None:
            raise Invalid(f"Stack [{name}] does not exist")
        if found["status"] == store.REVIEW:
            raise Invalid(f"Stack [{name}] is in REVIEW_IN_PROGRESS state and can not be updated.")
        stacks.check_updatable(found)
        return found, False
    if found is not None and found["status"] != store.REVIEW:
        raise Invalid(
            f"Stack [{name}] already exists and cannot be created again with the changeSet "
            f"[{asked['ChangeSetName']}]."
        )
    if found is not None:
        return found, False
    drafted: dict[str, Any] = {}
    record = store.new(
        drafted, new_id(handling, "stack", checked_name(name)), name, tags=[], parameters={}, imports=[],
        on_failure="ROLLBACK", notification_arns=[],
    )  # fmt: skip
    return record, True


async def _made(
    handling: Handling, record: store.Record, plan: Plan, asked: Mapping[str, Any], kind: str, body: str
) -> dict[str, Any]:
    found, reason = [], ""
    faults = check.faults(plan.resources, plan.scope)
    if faults:
        reason = " ".join(f"{name}: {words}" for name, words in faults.items())
    elif kind == "CREATE":
        found = [changes.Change("Add", name, one.type) for name, one in plan.resources.items()]
    else:
        tags = asked.get("Tags", record["tags"])
        before, after = await stacks.sides(handling, record, plan)
        found = changes.between(before, after, tags_changed=tags != record["tags"])
        if not await stacks.differs(handling, record, plan, asked):
            reason = _NOTHING
    return {
        "ChangeSetId": new_id(handling, "changeSet", asked["ChangeSetName"]),
        "ChangeSetName": asked["ChangeSetName"],
        "kind": kind,
        "created": time.time(),
        "status": "FAILED" if reason else "CREATE_COMPLETE",
        "execution": "UNAVAILABLE" if reason else "AVAILABLE",
        "reason": reason,
        "changes": [_change(record, each) for each in found],
        "asked": {
            k: v for k, v in asked.items() if k not in ("TemplateBody", "TemplateURL", "UsePreviousTemplate")
        },
        "filled": dict(plan.filled),
        "template": body,
        "hidden": [n for n, one in plan.template.parameters.items() if parameters.hidden(one)],
    }


def _change(record: store.Record, one: changes.Change) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Action": one.action, "LogicalResourceId": one.name, "ResourceType": one.type,
        "Scope": list(one.scope),
        "Details": [_detail(one, name) for name in one.properties],
    }  # fmt: skip
    if one.action != "Add":
        told["PhysicalResourceId"] = record["resources"].get(one.name, {}).get("physical") or None
    if one.action == "Modify":
        told["Replacement"] = one.replacement
    return {"Type": "Resource", "ResourceChange": told}


def _detail(one: changes.Change, name: str) -> dict[str, Any]:
    if "Tags" in one.scope and name == schema.tag_property(one.type):
        target = {"Attribute": "Tags", "RequiresRecreation": "Never"}
    else:
        target = {
            "Attribute": "Properties",
            "Name": name,
            "RequiresRecreation": changes.recreation(one.type, name),
        }
    dynamic = name in one.dynamic
    return {
        "Target": target,
        "Evaluation": "Dynamic" if dynamic else "Static",
        "ChangeSource": "ResourceReference" if dynamic else "DirectModification",
    }


@answers("cloudformation", "DescribeChangeSet")
@in_aws_words
async def describe_change_set(handling: Handling) -> Output | Refusal:
    """A change set with its changes."""
    record, one = _find(handling)
    if isinstance(record, Refusal):
        return record
    token = str(handling.input.get("NextToken") or "0")
    first = int(token) if token.isdecimal() else 0
    more = {"NextToken": str(first + MOST_CHANGES)} if first + MOST_CHANGES < len(one["changes"]) else {}
    asked = one["asked"]
    return {
        **_summary(record, one),
        "Parameters": [
            {"ParameterKey": k, "ParameterValue": "****" if k in one["hidden"] else v}
            for k, v in one["filled"].items()
        ],
        "NotificationARNs": asked.get("NotificationARNs", []),
        "RollbackConfiguration": {},
        "Capabilities": asked.get("Capabilities", []),
        "Tags": asked.get("Tags", []),
        "Changes": one["changes"][first : first + MOST_CHANGES],
        **more,
    }


def _summary(record: store.Record, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "StackId": record["StackId"],
        "StackName": record["StackName"],
        "ChangeSetId": one["ChangeSetId"],
        "ChangeSetName": one["ChangeSetName"],
        "Description": one["asked"].get("Description"),
        "CreationTime": one["created"],
        "Status": one["status"],
        "StatusReason": one["reason"] or None,
        "ExecutionStatus": one["execution"],
        "IncludeNestedStacks": False,
    }


def _find(handling: Handling) -> tuple[Any, dict[str, Any]]:
    asked = handling.input
    name, stack = asked["ChangeSetName"], asked.get("StackName")
    if not name.startswith("arn:") and not stack:
        raise Invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    every = (
        [store.existing(handling.kept, stack, "Stack [{}] does not exist")]
        if stack
        else list(store.stacks(handling.kept).values())
    )
    for record in every:
        for key, one in record["change_sets"].items():
            if name in (key, one["ChangeSetName"]):
                return record, one
    return Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404), {}


@answers("cloudformation", "ListChangeSets")
@in_aws_words
async def list_change_sets(handling: Handling) -> Output | Refusal:
    """A stack's change sets."""
    record = store.existing(handling.kept, handling.input["StackName"], "Stack [{}] does not exist")
    return {"Summaries": [_summary(record, one) for one in record["change_sets"].values()]}


@answers("cloudformation", "DeleteChangeSet")
@in_aws_words
async def delete_change_set(handling: Handling) -> Output | Refusal:
    """Forget a change set; one that is not there is forgotten."""
    record, one = _find(handling)
    if one:
        del record["change_sets"][one["ChangeSetId"]]
    return {}


@answers("cloudformation", "ExecuteChangeSet")
@in_aws_words
async def execute_change_set(handling: Handling) -> Output | Refusal:
    """Do what a change set says."""
    only(handling.input, "ChangeSetName", "StackName", "ClientRequestToken", "DisableRollback")
    record, one = _find(handling)
    if isinstance(record, Refusal):
        return record
    if one["execution"] != "AVAILABLE":
        return Refusal(
            "InvalidChangeSetStatus",
            f"ChangeSet [{one['ChangeSetId']}] cannot be executed in its current status of [{one['status']}]",
        )
    asked, disabled = dict(one["asked"]), bool(handling.input.get("DisableRollback"))
    asked["ClientRequestToken"] = handling.input.get("ClientRequestToken", "")
    asked["Parameters"] = [{"ParameterKey": k, "ParameterValue": v} for k, v in one["filled"].items()]
    if one["kind"] == "UPDATE":
        stacks.check_updatable(record)
    template = await prepare.read(one["template"])
    plan = await prepare.plan(handling, template, asked, record)
    role = asked.get("RoleARN") or record.get("role", "")
    caller = await caller_of(handling, role)
    record["change_sets"].clear()
    record["change_set"] = one["ChangeSetId"]
    if one["kind"] == "CREATE":
        on_failure = asked.get("OnStackFailure") or ("DO_NOTHING" if disabled else "ROLLBACK")
        record.update(stacks.said(asked, plan, one["template"]))
        record |= {"on_failure": on_failure, "shown_disable_rollback": disabled}
        stacks.begin_creation(handling, record, plan, caller)
    else:
        updated = {**asked, "RoleARN": role, "DisableRollback": disabled}
        stacks.begin_update(handling, record, plan, updated, one["template"], caller)
    return {}
