"""EventBridge, SNS and SQS in MiniStack, put right where they deliver.

A target or a subscriber gets what it may get: its policy must let the service in, a function is invoked
asynchronously, and what cannot be delivered goes to the target's or the subscription's dead-letter queue. AWS
tries again for up to a day before that, where it may help; nothing here fails for a while only, so it goes at
once. Sources: EventBridge User Guide, "How EventBridge retries delivering events", "Using dead-letter
queues", "Using resource-based policies"; SNS Developer Guide, "Amazon SNS dead-letter queues".
"""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.emulators import ministack_delivery as delivery
from cloudlings.sandbox.emulators.ministack_delivery import Failure
from cloudlings.sandbox.emulators.ministack_roles import role_may

EVENTS, SNS = "events.amazonaws.com", "sns.amazonaws.com"
_CODES = {
    delivery.NO_QUEUE.code: "NO_RESOURCE",
    delivery.NO_TOPIC.code: "NO_RESOURCE",
    delivery.NO_FUNCTION.code: "NO_RESOURCE",
}
_target: contextvars.ContextVar[tuple[dict[str, Any], dict[str, Any], Any] | None] = contextvars.ContextVar(
    "target", default=None
)
_failed: contextvars.ContextVar[Failure | None] = contextvars.ContextVar("failed", default=None)


def correct(module: Any) -> None:
    """Put one of the modules right, by its name."""
    {"eventbridge": _eventbridge, "sns": _sns}[module.__name__.rpartition(".")[2]](module)


# --- EventBridge ----------------------------------------------------------------------------------


def _eventbridge(events: Any) -> None:
    invoke = events._invoke_target
    to_workflow, to_bus = events._dispatch_to_stepfunctions, events._dispatch_to_event_bus

    def invoke_target(target: dict[str, Any], event: Any, rule: dict[str, Any], view: Any = None) -> None:
        view = view or events._pattern_event_view(event)
        chosen = _target.set((target, rule, view))
        clean = _failed.set(None)
        try:
            failure = _role_fails(target)
            if failure is None:
                invoke(_with_input(target, view), event, rule, view)
                failure = _failed.get()
            if failure is not None:
                _undelivered(target, rule, view, failure)
            _measure(rule, failure)
        finally:
            _failed.reset(clean)
            _target.reset(chosen)

    def dispatch_to_lambda(arn: str, payload: str) -> None:
        service = "" if _by_role() else EVENTS
        _note(delivery.to_function(arn, _loaded(payload), service=service, source=_rule_arn()))

    def dispatch_to_sqs(spec: Any, payload: str, parameters: Mapping[str, str] | None = None) -> None:
        service = "" if _by_role() else EVENTS
        group = (parameters or {}).get("MessageGroupId", "")
        _note(delivery.to_queue(str(spec), payload, group=group, service=service, source=_rule_arn()))

    def dispatch_to_sns(arn: str, payload: str) -> None:
        service = "" if _by_role() else EVENTS
        _note(delivery.to_topic(arn, payload, service=service, source=_rule_arn()))

    def dispatch_to_workflow(arn: str, payload: str) -> None:
        from ministack.services import stepfunctions

        if stepfunctions._resolve_state_machine_arn(arn) is None:
            _note(Failure("NO_RESOURCE", f"State Machine Does Not Exist: '{arn}'"))
        else:
            to_workflow(arn, payload)

    def dispatch_to_bus(spec: Any, *rest: Any) -> None:
        if spec.resource.rpartition("/")[2] not in events._event_buses:
            _note(Failure("NO_RESOURCE", "Event bus does not exist."))
        else:
            to_bus(spec, *rest)

    events._invoke_target = invoke_target
    events._dispatch_to_lambda = dispatch_to_lambda
    events._dispatch_to_sqs = dispatch_to_sqs
    events._dispatch_to_sns = dispatch_to_sns
    events._dispatch_to_stepfunctions = dispatch_to_workflow
    events._dispatch_to_event_bus = dispatch_to_bus
    _replays(events)
    _entries(events)


def _entries(events: Any) -> None:
    """An entry whose detail is no JSON object fails by itself.

    Source: EventBridge API reference, PutEvents, PutEventsResultEntry: MalformedDetail.
    """
    put = events._put_events

    def put_events(data: dict[str, Any], *args: Any, **named: Any) -> Any:
        entries = data.get("Entries") or []
        good = [entry for entry in entries if isinstance(_loaded(entry.get("Detail", "{}")), dict)]
        if len(good) == len(entries):
            return put(data, *args, **named)
        done: list[Any] = []
        if good:
            _, _, body = put(data | {"Entries": good}, *args, **named)
            done = json.loads(body)["Entries"]
        left = iter(done)
        bad = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        told = [next(left) if entry in good else bad for entry in entries]
        failed = sum("ErrorCode" in each for each in told)
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return 200, headers, json.dumps({"FailedEntryCount": failed, "Entries": told}).encode()

    events._put_events = put_events


def _note(failure: Failure | None) -> None:
    if failure is not None:
        _failed.set(failure)


def _rule_arn() -> str:
    found = _target.get()
    return str(found[1].get("Arn", "")) if found is not None else ""


def _by_role() -> bool:
    """Whether the target names a role that sends, so that the resource's policy need not."""
    found = _target.get()
    return bool(found is not None and found[0].get("RoleArn"))


_BY_ROLE = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "states": "states:StartExecution",
    "events": "events:PutEvents",
}


def _role_fails(target: dict[str, Any]) -> Failure | None:
    """Why the role that a target names may not deliver to it.

    Source: EventBridge User Guide, "Using identity-based policies"; EventBridge Scheduler User Guide,
    "Setting up the execution role".
    """
    arn, role = str(target.get("Arn", "")), target.get("RoleArn")
    action = _BY_ROLE.get(arn.split(":")[2] if arn.count(":") > 2 else "")
    if ":api-destination/" in arn:
        action = "events:InvokeApiDestination"
    if not role or not action or role_may(role, action, arn):
        return None
    return Failure("NO_PERMISSIONS", f"{role} is not authorized to perform {action} on {arn}")


def _loaded(payload: str) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload


def _with_input(target: dict[str, Any], view: Any) -> dict[str, Any]:
    """The target with that part of the event which its path selects."""
    path = target.get("InputPath")
    if not path or target.get("Input") or target.get("InputTransformer"):
        return target
    found, value = follow(view.event_with_detail(), path)
    if not found:
        return target
    return {name: each for name, each in target.items() if name != "InputPath"} | {"Input": json.dumps(value)}


_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\['([^']*)'\]|\[(\d+)\]")


def follow(value: Any, path: str) -> tuple[bool, Any]:
    """What a JSON path of names and indexes leads to, and whether it leads anywhere."""
    at = 1 if path.startswith("$") else 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return False, None
        key: Any = int(step[3]) if step[3] is not None else step[1] or step[2]
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False, None
        at = step.end()
    return True, value


def _undelivered(target: dict[str, Any], rule: dict[str, Any], view: Any, failure: Failure) -> None:
    """Send an event that a target did not get to the target's dead-letter queue."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    said = {
        "RULE_ARN": str(rule.get("Arn", "")),
        "TARGET_ARN": str(target.get("Arn", "")),
        "ERROR_CODE": _CODES.get(failure.code, failure.code),
        "ERROR_MESSAGE": failure.message,
    }
    body, source = json.dumps(view.event_with_detail()), str(rule.get("Arn", ""))
    if ":schedule/" not in source:
        delivery.to_queue(queue, body, said, service=EVENTS, source=source)
    elif role_may(str(target.get("RoleArn", "")), "sqs:SendMessage", queue):
        # A schedule's own role sends there.
        delivery.to_queue(queue, str(target.get("Input") or body), said)


def _measure(rule: dict[str, Any], failure: Failure | None) -> None:
    """Count in AWS/Events.

    Source: EventBridge User Guide, "Monitoring Amazon EventBridge": Invocations, FailedInvocations.
    """
    from ministack.services import cloudwatch

    names = ["Invocations"] + (["FailedInvocations"] if failure is not None else [])
    for name in names:
        for dimensions in ({"RuleName": str(rule.get("Name", ""))}, {}):
            cloudwatch.record_metric("AWS/Events", name, 1.0, "Count", dimensions)


def _replays(events: Any) -> None:
    """A replay is for the rules that it names, or for all."""
    dispatch = events._dispatch_event

    def dispatch_event(event: dict[str, Any], view: Any = None) -> None:
        replay = events._replays.get(event.get("ReplayName") or "") or {}
        wanted = (replay.get("Destination") or {}).get("FilterArns") or ()
        if not wanted:
            dispatch(event, view)
            return
        invoke = events._invoke_target
        view = view or events._pattern_event_view(event)
        for key, rule in list(events._rules.items()):
            fits = rule.get("EventPattern") and rule.get("State") == "ENABLED" and rule.get("Arn") in wanted
            if fits and events._matches_pattern_view(rule["EventPattern"], view):
                for target in events._targets.get(key, []):
                    invoke(target, event, rule, view)

    events._dispatch_event = dispatch_event


# --- SNS ------------------------------------------------------------------------------------------


def _sns(sns: Any) -> None:
    fan_out = sns._fanout

    def fanout(topic_arn: str, *args: Any, **named: Any) -> None:
        fan_out(topic_arn, *args, **named)
        _count(topic_arn)

    def deliver_to_sqs(
        endpoint: str,
        envelope: str,
        raw: bool,
        raw_message: str,
        message_group_id: str = "",
        message_dedup_id: str = "",
        message_attributes: dict[str, Any] | None = None,
        topic_arn: str = "",
    ) -> None:
        body = raw_message if raw else envelope
        failure = _send(
            endpoint, body, message_attributes if raw else None, message_group_id, message_dedup_id, topic_arn
        )
        if failure is not None:
            _undeliverable(sns, topic_arn, endpoint, body, message_group_id, message_dedup_id)

    def deliver_to_lambda(endpoint: str, envelope: str, topic_arn: str, sub_arn: str, *_: Any) -> None:
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": sub_arn,
            "Sns": json.loads(envelope),
        }
        failure = delivery.to_function(endpoint, {"Records": [record]}, service=SNS, source=topic_arn)
        if failure is not None:
            _undeliverable(sns, topic_arn, endpoint, envelope)

    fits = sns._matches_filter_policy

    def matches_filter_policy(
        subscription: dict[str, Any], attributes: dict[str, Any], message: str = ""
    ) -> bool:
        own = subscription.get("attributes") or {}
        if own.get("FilterPolicyScope") != "MessageBody" or not own.get("FilterPolicy"):
            return bool(fits(subscription, attributes, message))
        return _body_matches(own["FilterPolicy"], message)

    sns._matches_filter_policy = matches_filter_policy
    sns._fanout = fanout
    sns._deliver_to_sqs = deliver_to_sqs
    sns._deliver_to_lambda = deliver_to_lambda


def _body_matches(policy: str, message: str) -> bool:
    """Whether a message is JSON that a policy lets through, into nested fields and lists.

    Source: SNS Developer Guide, "Amazon SNS subscription filter policies", payload-based message filtering.
    """
    from ministack.services import eventbridge

    try:
        body = json.loads(message)
    except ValueError:
        return False
    alternatives = eventbridge._compiled_pattern(policy) or []
    return isinstance(body, dict) and any(eventbridge._matches_detail(body, each) for each in alternatives)


def _send(
    arn: str, body: str, attributes: dict[str, Any] | None, group: str, deduplication: str, topic: str
) -> Failure | None:
    """Send to a queue; message attributes stay what they are with raw delivery."""
    from ministack.core.responses import get_account_id, request_scope
    from ministack.services import sqs

    owner, region = sqs._owner_from_queue_arn(arn)
    if not owner or not region or sqs._queue_by_arn(arn) is None:
        return delivery.NO_QUEUE
    source_account = topic.split(":")[4] if topic.count(":") >= 5 else get_account_id()
    if not sqs.queue_policy_allows(arn, SNS, topic, source_account):
        return delivery.NOT_LET_IN
    with request_scope(owner, region):
        url = sqs._queue_url(arn.rpartition(":")[2])
        asked = {"QueueUrl": url, "MessageBody": body, "MessageAttributes": dict(attributes or {})}
        if group:
            asked["MessageGroupId"] = group
        if deduplication and arn.endswith(".fifo"):
            asked["MessageDeduplicationId"] = deduplication
        try:
            sqs._act_send_message(asked, url)
        except sqs._Err as error:
            return Failure(str(getattr(error, "code", "")), str(error))
    return None


def _undeliverable(
    sns: Any, topic_arn: str, endpoint: str, body: str, group: str = "", deduplication: str = ""
) -> None:
    """Send what a subscriber did not get to its subscription's dead-letter queue."""
    topic = sns._topic_by_arn_any_scope(topic_arn) or {}
    for subscription in topic.get("subscriptions", []):
        if subscription.get("endpoint") != endpoint:
            continue
        try:
            policy = json.loads((subscription.get("attributes") or {}).get("RedrivePolicy") or "{}")
        except ValueError:
            policy = {}
        if policy.get("deadLetterTargetArn"):
            _send(policy["deadLetterTargetArn"], body, None, group, deduplication, topic_arn)
            return


def _count(topic_arn: str) -> None:
    """Count in AWS/SNS.

    Source: SNS Developer Guide, "Monitoring Amazon SNS topics using CloudWatch": NumberOfMessagesPublished.
    """
    from ministack.services import cloudwatch

    name = topic_arn.rpartition(":")[2]
    cloudwatch.record_metric("AWS/SNS", "NumberOfMessagesPublished", 1.0, "Count", {"TopicName": name})
