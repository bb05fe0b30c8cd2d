"""CreateStack, UpdateStack, DeleteStack, and what is said of a whole stack.

Source: CloudFormation API reference; CloudFormation User Guide, "Stack status codes".
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cloudlings.sandbox.cloudformation import changes, parameters
from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.model import Caller
from cloudlings.sandbox.own.cloudformation import prepare, store
from cloudlings.sandbox.own.cloudformation.common import (
    AlreadyExists,
    caller_of,
    checked_name,
    in_aws_words,
    new_id,
    only,
)
from cloudlings.sandbox.own.cloudformation.prepare import Plan
from cloudlings.sandbox.own.cloudformation.runner import Runner
from cloudlings.sandbox.own.cloudformation.updater import RESTORED, Updater
from cloudlings.sandbox.own.registry import Handling, Output, Refusal, answers

_TEMPLATE = ("StackName", "TemplateBody", "TemplateURL", "Parameters", "Capabilities", "Tags", "RoleARN",
             "ClientRequestToken", "NotificationARNs")  # fmt: skip
UPDATABLE = frozenset({
    "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED",
})  # fmt: skip


@answers("cloudformation", "CreateStack")
@in_aws_words
async def create_stack(handling: Handling) -> Output | Refusal:
    """Begin to make a stack."""
    asked = handling.input
    only(asked, *_TEMPLATE, "DisableRollback", "OnFailure", "EnableTerminationProtection", "TimeoutInMinutes",
         "RollbackConfiguration")  # fmt: skip
    name = checked_name(asked["StackName"])
    if store.find(handling.kept, name) is not None:
        raise AlreadyExists(f"Stack [{name}] already exists")
    if asked.get("OnFailure") and asked.get("DisableRollback") is not None:
        raise Invalid("You can specify either OnFailure or DisableRollback, but not both.")
    draft = {
        "StackName": name,
        "StackId": new_id(handling, "stack", name),
        "notification_arns": asked.get("NotificationARNs", []),
    }
    body = await prepare.template_text(handling, asked)
    template = await prepare.read(body)
    plan = await prepare.plan(handling, template, asked, draft)
    prepare.acknowledged(template, asked)
    caller = await caller_of(handling, asked.get("RoleARN", ""))
    record = store.new(handling.kept, draft["StackId"], name, **said(asked, plan, body), **_new_only(asked))
    begin_creation(handling, record, plan, caller)
    return {"StackId": record["StackId"]}


def begin_creation(handling: Handling, record: store.Record, plan: Plan, caller: Caller | None) -> None:
    """Have a stack made, in the background."""
    record["work"] = str(uuid.uuid4())
    store.set_status(record, "CREATE_IN_PROGRESS", "User Initiated")
    runner = Runner(handling, record, plan, caller)
    handling.begin(runner.run(runner.create, "CREATE_FAILED"))


def said(asked: Mapping[str, Any], plan: Plan, body: str) -> dict[str, Any]:
    """What a stack keeps of the request that made or changed it."""
    return {
        "template": body,
        "parameters": dict(plan.filled),
        "hidden": [name for name, one in plan.template.parameters.items() if parameters.hidden(one)],
        "looked_up": dict(plan.looked_up),
        "tags": [{"Key": t["Key"], "Value": t["Value"]} for t in asked.get("Tags", ())],
        "notification_arns": list(asked.get("NotificationARNs", ())),
        "capabilities": list(asked.get("Capabilities", ())),
        "description": plan.template.description,
        "role": asked.get("RoleARN", ""),
        "token": asked.get("ClientRequestToken", ""),
    }


def _new_only(asked: Mapping[str, Any]) -> dict[str, Any]:
    disabled = bool(asked.get("DisableRollback"))
    return {
        "on_failure": asked.get("OnFailure") or ("DO_NOTHING" if disabled else "ROLLBACK"),
        "disable_rollback": False,
        "shown_disable_rollback": disabled or asked.get("OnFailure") == "DO_NOTHING",
        "protected": bool(asked.get("EnableTerminationProtection")),
        "timeout": asked.get("TimeoutInMinutes"),
        "imports": [],
    }


@answers("cloudformation", "UpdateStack")
@in_aws_words
async def update_stack(handling: Handling) -> Output | Refusal:
    """Begin to change a stack."""
    asked = handling.input
    only(asked, *_TEMPLATE, "UsePreviousTemplate", "DisableRollback", "RollbackConfiguration")
    record = store.existing(handling.kept, asked["StackName"], "Stack [{}] does not exist")
    check_updatable(record)
    body = await prepare.template_text(handling, asked, record)
    template = await prepare.read(body)
    plan = await prepare.plan(handling, template, asked, record)
    prepare.acknowledged(template, asked)
    if not await differs(handling, record, plan, asked):
        raise Invalid("No updates are to be performed.")
    role = asked.get("RoleARN") or record.get("role", "")
    caller = await caller_of(handling, role)
    begin_update(handling, record, plan, {**asked, "RoleARN": role}, body, caller)
    return {"StackId": record["StackId"]}


def check_updatable(record: store.Record) -> None:
    """Whether a stack is in a state in which it can be updated. Raises Invalid."""
    if record["status"] not in UPDATABLE:
        raise Invalid(f"Stack:{record['StackId']} is in {record['status']} state and can not be updated.")


async def sides(handling: Handling, record: store.Record, plan: Plan) -> tuple[changes.Side, changes.Side]:
    """A stack's template and parameters as they are, and as they are to be."""
    old = await prepare.read(record["template"])
    previous = [{"ParameterKey": k, "ParameterValue": v} for k, v in record["parameters"].items()]
    scope = await prepare.plan(handling, old, {"Parameters": previous}, record, known=False)
    values = {**scope.scope.parameters, **_looked_up(record, scope)}
    before = replace(scope.scope, parameters=values)
    return changes.Side(old, before), changes.Side(plan.template, plan.scope)


def _looked_up(record: store.Record, plan: Plan) -> dict[str, Any]:
    return parameters.values(plan.template.parameters, plan.filled, record.get("looked_up", {}))


async def differs(handling: Handling, record: store.Record, plan: Plan, asked: Mapping[str, Any]) -> bool:
    """Whether there is anything to update."""
    tags = [{"Key": t["Key"], "Value": t["Value"]} for t in asked.get("Tags", record["tags"])]
    if record["status"] in ("UPDATE_FAILED", "CREATE_FAILED"):
        return True
    try:
        before, after = await sides(handling, record, plan)
    except Invalid:
        return True
    return changes.anything(before, after, tags_changed=tags != record["tags"])


def begin_update(
    handling: Handling,
    record: store.Record,
    plan: Plan,
    asked: Mapping[str, Any],
    body: str,
    caller: Caller | None,
) -> None:
    """Have a stack changed, in the background."""
    record["previous"] = {name: record[name] for name in RESTORED if name in record}
    fresh = said(asked, plan, body)
    if "Tags" not in asked:
        fresh["tags"] = record["tags"]
    if "NotificationARNs" not in asked:
        fresh["notification_arns"] = record["notification_arns"]
    record.update(fresh)
    record["disable_rollback"] = bool(asked.get("DisableRollback"))
    record["work"] = str(uuid.uuid4())
    store.set_status(record, "UPDATE_IN_PROGRESS", "User Initiated")
    updater = Updater(handling, record, plan, caller)
    handling.begin(updater.run(updater.update, "UPDATE_FAILED"))


@answers("cloudformation", "DeleteStack")
@in_aws_words
async def delete_stack(handling: Handling) -> Output | Refusal:
    """Begin to delete a stack; one that is not there is deleted."""
    asked = handling.input
    only(asked, "StackName", "RetainResources", "RoleARN", "ClientRequestToken", "DeletionMode")
    record = store.find(handling.kept, asked["StackName"])
    if record is None or record["status"] == store.GONE:
        return {}
    if record.get("protected"):
        raise Invalid(
            f"Stack [{record['StackName']}] cannot be deleted while TerminationProtection is enabled"
        )
    if store.under_way(record) and record["status"] != "CREATE_IN_PROGRESS":
        if record["status"] == "DELETE_IN_PROGRESS":
            return {}
        raise Invalid(f"Stack [{record['StackId']}] cannot be deleted while in status {record['status']}")
    if asked.get("RetainResources") and record["status"] != "DELETE_FAILED":
        raise Invalid(
            "Invalid operation on stack. You can only retain resources of a stack in the DELETE_FAILED state."
        )
    caller = await caller_of(handling, asked.get("RoleARN") or record.get("role", ""))
    record["retain"] = list(asked.get("RetainResources", ()))
    record["token"] = asked.get("ClientRequestToken", "")
    if record["status"] == "CREATE_IN_PROGRESS":
        # Whoever makes it stops making, and deletes what there is.
        record["cancelled"] = True
        store.set_status(record, "DELETE_IN_PROGRESS", "User Initiated")
        return {}
    record["work"] = str(uuid.uuid4())
    if record["status"] == store.REVIEW:
        record["deleted"] = time.time()
        store.set_status(record, store.GONE)
        return {}
    store.set_status(record, "DELETE_IN_PROGRESS", "User Initiated")
    if _in_use(handling, record):
        return {}
    runner = Runner(handling, record, None, caller)
    handling.begin(runner.run(runner.delete, "DELETE_FAILED"))
    return {}


def _in_use(handling: Handling, record: store.Record) -> bool:
    for output in record["outputs"]:
        users = store.importers(handling.kept, output["ExportName"]) if output.get("ExportName") else []
        if users:
            words = (
                f"Export {output['ExportName']} cannot be deleted as it is in use by {' and '.join(users)}"
            )
            store.set_status(record, "DELETE_FAILED", words)
            return True
    return False


@answers("cloudformation", "UpdateTerminationProtection")
@in_aws_words
async def update_termination_protection(handling: Handling) -> Output | Refusal:
    """Protect a stack from deletion, or not any more."""
    record = store.existing(handling.kept, handling.input["StackName"], "Stack [{}] does not exist")
    record["protected"] = text(handling.input["EnableTerminationProtection"]).lower() == "true"
    return {"StackId": record["StackId"]}
