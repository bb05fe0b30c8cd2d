"""Deliveries inside MiniStack, from one of its services to another: to a queue, a topic, a function, a bus.

Each says what went wrong in AWS's words, or "" when it was delivered; what an undelivered message becomes is
the sender's to decide. A service is let in by the policy of the resource, as MiniStack reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """Why something was not delivered: AWS's error code, and its words."""

    code: str
    message: str


NO_QUEUE = Failure("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
NO_TOPIC = Failure("NotFound", "Topic does not exist")
NO_FUNCTION = Failure("ResourceNotFoundException", "Function not found")
NOT_LET_IN = Failure("NO_PERMISSIONS", "The resource's policy does not let the service in.")


def to_queue(
    arn: str,
    body: str,
    attributes: Mapping[str, str] | None = None,
    group: str = "",
    deduplication: str = "",
    *,
    service: str = "",
    source: str = "",
) -> Failure | None:
    """Send a message to a queue; ``service`` must be let in by its policy, unless it is a role that sends."""
    from ministack.core.responses import request_scope
    from ministack.services import sqs

    owner, region = sqs._owner_from_queue_arn(arn)
    if not owner or not region or sqs._queue_by_arn(arn) is None:
        return NO_QUEUE
    if service and not sqs.queue_policy_allows(arn, service, source, _account_of(source)):
        return NOT_LET_IN
    texts = {k: {"DataType": "String", "StringValue": str(v)} for k, v in (attributes or {}).items() if v}
    asked = {"MessageBody": body, "MessageAttributes": texts}
    if group:
        asked["MessageGroupId"] = group
    if deduplication:
        asked["MessageDeduplicationId"] = deduplication
    with request_scope(owner, region):
        url = sqs._queue_url(arn.rpartition(":")[2])
        try:
            sqs._act_send_message(asked | {"QueueUrl": url}, url)
        except sqs._Err as error:
            return Failure(str(getattr(error, "code", "InvalidParameterValue")), str(error))
    return None


def to_topic(
    arn: str,
    message: str,
    subject: str = "",
    attributes: Mapping[str, str] | None = None,
    *,
    service: str = "",
    source: str = "",
) -> Failure | None:
    """Publish to a topic."""
    from ministack.core.responses import new_uuid
    from ministack.services import sns

    if sns._topic_by_arn_any_scope(arn) is None:
        return NO_TOPIC
    if service and not topic_lets_in(arn, service, source):
        return NOT_LET_IN
    texts = {k: {"DataType": "String", "StringValue": str(v)} for k, v in (attributes or {}).items() if v}
    sns._fanout(arn, new_uuid(), message, subject, "", texts)
    return None


def to_function(arn: str, event: Any, *, service: str = "", source: str = "") -> Failure | None:
    """Invoke a function asynchronously."""
    from ministack.services import lambda_svc

    found, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not found or not config:
        return NO_FUNCTION
    if service and not function_lets_in(arn, service, source):
        return NOT_LET_IN
    lambda_svc.invoke_async_with_retry(record(arn, found, config), event)
    return None


def to_bus(
    arn: str, source: str, kind: str, detail: Mapping[str, Any], resources: list[str]
) -> Failure | None:
    """Put an event on a bus."""
    from ministack.services import eventbridge

    entry = {
        "Source": source,
        "DetailType": kind,
        "Detail": json.dumps(detail),
        "Resources": resources,
        "EventBusName": arn.rpartition("/")[2],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    return None


def topic_lets_in(arn: str, service: str, source: str) -> bool:
    """Whether a topic's policy lets a service publish for a source; the policy that a topic is made with
    does not.

    Source: EventBridge User Guide, "Using resource-based policies for Amazon EventBridge", Amazon SNS
    permissions."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.services import sns

    topic = sns._topic_by_arn_any_scope(arn) or {}
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="sns:Publish",
        resource_arn=arn,
        region=arn.split(":")[3],
        service_context={"aws:sourcearn": source, "aws:sourceaccount": _account_of(source)},
    )
    policy = (topic.get("attributes") or {}).get("Policy") or ""
    return bool(policy and evaluate_resource_policy(policy, context, service=service).decision == "Allow")


def function_lets_in(arn: str, service: str, source: str) -> bool:
    """Whether a function's policy lets a service invoke it for a source (an ARN)."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.core.responses import get_region
    from ministack.services import lambda_svc

    name, qualifier = lambda_svc._resolve_name_and_qualifier(arn)
    base = lambda_svc._functions.get(name)
    if base is None:
        return False
    own = base["config"]["FunctionArn"]
    context = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=f"{own}:{qualifier}" if qualifier else own,
        region=get_region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": _account_of(source)},
    )
    return bool(evaluate_resource_policy(base.get("policy"), context, service=service).decision == "Allow")


def record(ref: str, found: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """A function as it is executed, which knows by which version or alias it was called."""
    from ministack.services import lambda_svc

    made: dict[str, Any] = dict(lambda_svc._execution_record_for_config(found, config))
    if ref.startswith("arn:"):
        made["config"] = dict(config) | {"FunctionArn": ref}
    return made


def _account_of(arn: str) -> str:
    """The account that an ARN is of; a bucket's ARN names none, so the one at hand."""
    from ministack.core.responses import get_account_id

    parts = arn.split(":")
    return parts[4] if len(parts) > 4 and parts[4] else str(get_account_id())
