"""CloudWatch Logs in MiniStack, put right where it runs: filter patterns, metric filters, embedded metrics,
subscriptions.

``correct`` is called once with MiniStack's module, when it has been loaded. Every event that arrives, by
PutLogEvents or from a function, passes ``_arrive``. The languages are in ``cloudlings.sandbox.cloudwatch``.
"""

from __future__ import annotations

import base64
import gzip
import heapq
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import embedded, metric_filters, patterns
from cloudlings.sandbox.cloudwatch.data import Datum, Event
from cloudlings.sandbox.emulators import ministack_metrics

DAY_MS = 86_400_000
OLDEST, NEWEST = 14 * DAY_MS, 2 * 3_600_000
MOST_EVENTS = 10_000
Answer = tuple[int, dict[str, str], bytes]


def correct(logs: Any) -> None:
    """Put MiniStack's CloudWatch Logs right."""
    answers: dict[str, Callable[[dict[str, Any]], Answer]] = {
        "FilterLogEvents": lambda data: _filter_log_events(logs, data),
        "TestMetricFilter": lambda data: _test_metric_filter(logs, data),
        "PutLogEvents": lambda data: _put_log_events(logs, data, logs._put_log_events),
        "PutMetricFilter": lambda data: _put_filter(data, logs._put_metric_filter),
        "PutSubscriptionFilter": lambda data: _put_filter(data, logs._put_subscription_filter),
    }
    add_answers(logs, answers | {name: partial(_insights, logs, name) for name in _INSIGHTS})
    logs._subscription_pattern_matches = _fits
    # By MiniStack's module, where the journal watches it.
    logs._deliver_to_subscriber = _deliver
    logs._fanout_to_subscription_filters = lambda group, stream, events: _arrive(logs, group, stream, events)


_INSIGHTS = ("StartQuery", "GetQueryResults", "StopQuery", "DescribeQueries", "GetLogRecord")


def _insights(logs: Any, operation: str, data: dict[str, Any]) -> Answer:
    # Here, for the parser of queries is wanted by those only that ask.
    from cloudlings.sandbox.emulators import ministack_insights

    return ministack_insights.answers(logs)[operation](data)


def add_answers(logs: Any, answers: dict[str, Callable[[dict[str, Any]], Answer]]) -> None:
    """Answer these operations here, and leave the others to MiniStack."""
    handle = logs.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: Any
    ) -> Any:
        answer = answers.get(headers.get("x-amz-target", "").rpartition(".")[2])
        if answer is None:
            return await handle(method, path, headers, body, query_params)
        return _answer(answer, body)

    logs.handle_request = handle_request


def _answer(answer: Callable[[dict[str, Any]], Answer], body: bytes) -> Answer:
    try:
        return answer(json.loads(body) if body else {})
    except json.JSONDecodeError:
        return refusal("SerializationException", "Invalid JSON")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # No client of AWS's sends it: a member that is missing, or of another type than the model's.
        print(f"CloudWatch Logs: a request that is not as its model says: {error!r}", flush=True)
        return refusal("InvalidParameterException", "The request is not as the service's model says.")


def refusal(code: str, message: str) -> Answer:
    """An error of CloudWatch Logs."""
    from ministack.core.responses import error_response_json

    found: Answer = error_response_json(code, message, 400)
    return found


def answered(content: dict[str, Any]) -> Answer:
    """An answer of CloudWatch Logs."""
    from ministack.core.responses import json_response

    found: Answer = json_response(content)
    return found


def _fits(pattern: str, message: str) -> bool:
    """Whether a message fits a pattern that was stored: one that is none fits nothing."""
    try:
        return patterns.parse(pattern or "").match(message or "") is not None
    except ExpressionError:
        return False


def _put_filter(data: dict[str, Any], put: Callable[[dict[str, Any]], Answer]) -> Answer:
    """Keep a filter whose pattern keeps to the syntax, and whose values and dimensions are its fields.

    Source: CloudWatch Logs User Guide, "Filter pattern syntax", "Configuring metric values for a metric
    filter"; API reference (InvalidParameterException).
    """
    try:
        metric_filters.check(str(data.get("filterPattern") or ""), data.get("metricTransformations") or [])
    except ExpressionError as error:
        return refusal("InvalidParameterException", error.message)
    return put(data)


# --- what arrives -----------------------------------------------------------------------------------------


def _put_log_events(logs: Any, data: dict[str, Any], put: Callable[[dict[str, Any]], Answer]) -> Answer:
    """Store the events that are neither too old nor too new, and name the others.

    Source: CloudWatch Logs API reference, PutLogEvents, RejectedLogEventsInfo.
    """
    group = logs._log_groups.get(data.get("logGroupName"))
    events = data.get("logEvents", [])
    if group is None:
        return put(data)
    # Real time, as the events' own: what arrives after a move of the test clock is new.
    now = time.time() * 1000
    days = group.get("retentionInDays")
    oldest, kept = now - OLDEST, now - days * DAY_MS if days else 0
    rejected = {
        "tooOldLogEventEndIndex": sum(event["timestamp"] < oldest for event in events),
        "expiredLogEventEndIndex": sum(event["timestamp"] < kept for event in events),
        "tooNewLogEventStartIndex": next(
            (number for number, event in enumerate(events) if event["timestamp"] > now + NEWEST), None
        ),
    }
    told = {
        name: index for name, index in rejected.items() if index or (index == 0 and name.startswith("tooNew"))
    }
    taken = [event for event in events if max(oldest, kept) <= event["timestamp"] <= now + NEWEST]
    answer = put(data | {"logEvents": taken})
    return (
        answered(json.loads(answer[2]) | {"rejectedLogEventsInfo": told})
        if told and answer[0] == 200
        else answer
    )


def _arrive(logs: Any, group_name: str, stream: str, events: Sequence[dict[str, Any]]) -> None:
    """What becomes of events that were stored: metrics, and deliveries to subscribers."""
    if not events:
        return
    arrived = [Event(int(event["timestamp"]), str(event.get("message", ""))) for event in events]
    ministack_metrics.publish(
        [
            *_filtered(logs, group_name, arrived),
            *_embedded(group_name, arrived),
            *_incoming(group_name, arrived),
        ]
    )
    group = logs._log_groups.get(group_name) or {}
    for subscription in list((group.get("subscriptionFilters") or {}).values()):
        matched = _matched(subscription, arrived)
        if matched:
            logs._deliver_to_subscriber(subscription, group_name, stream, matched)


def _incoming(group_name: str, events: Sequence[Event]) -> list[Datum]:
    """How much came in. Source: CloudWatch Logs User Guide, "Monitoring with CloudWatch metrics"."""
    values = {
        "IncomingLogEvents": (float(len(events)), "Count"),
        "IncomingBytes": (float(sum(len(event.message.encode()) for event in events)), "Bytes"),
    }
    now = time.time()
    return [
        Datum("AWS/Logs", name, value, now, unit, dimensions)
        for name, (value, unit) in values.items()
        for dimensions in ((), (("LogGroupName", group_name),))
    ]


def _filtered(logs: Any, group_name: str, events: Sequence[Event]) -> list[Datum]:
    made: list[Datum] = []
    for (name, _), one in list(logs._metric_filters.items()):
        if name == group_name:
            try:
                made += metric_filters.data_of(
                    one["filterPattern"], one["metricTransformations"], events, ministack_metrics.has_data
                )
            except ExpressionError as error:
                print(f"metric filter {one['filterName']} of {group_name}: {error.message}", flush=True)
    return made


def _embedded(group_name: str, events: Sequence[Event]) -> list[Datum]:
    made: list[Datum] = []
    for event in events:
        found = embedded.data_of(event)
        made += found.data
        if found.invalid:
            where = (("LogGroupName", group_name),)
            count = float(found.invalid)
            made.append(
                Datum("AWS/Logs", "EMFValidationErrors", count, event.timestamp / 1000, "Count", where)
            )
    return made


# --- subscriptions ----------------------------------------------------------------------------------------


Matched = Sequence[tuple[Event, patterns.Match]]


def _matched(subscription: dict[str, Any], events: Sequence[Event]) -> Matched:
    """The events that a subscription is for, with what its pattern takes out of them."""
    try:
        pattern = patterns.parse(subscription.get("filterPattern") or "")
    except ExpressionError:
        return ()
    found = ((event, pattern.match(event.message)) for event in events)
    return [(event, match) for event, match in found if match is not None]


def _deliver(subscription: dict[str, Any], group_name: str, stream: str, matched: Matched) -> None:
    """Send the events that fit to a subscriber: a function, or a Kinesis stream.

    Source: CloudWatch Logs User Guide, "Log group-level subscription filters". A function that is subscribed
    to its own logs would call itself for ever, and is left out.
    """
    from ministack.core.responses import get_account_id, new_uuid

    content = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group_name,
        "logStream": stream,
        "subscriptionFilters": [subscription.get("filterName", "")],
        "logEvents": [
            {"id": new_uuid().replace("-", ""), "timestamp": event.timestamp, "message": event.message}
            | ({"extractedFields": _without_sign(match.values)} if match.fields else {})
            for event, match in matched
        ],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(content).encode())).decode()
    arn = str(subscription.get("destinationArn", ""))
    if ":function:" in arn:
        _call(arn, group_name, packed)
    elif arn.split(":")[2:3] == ["kinesis"]:
        _put_record(arn, stream, packed)


def _without_sign(values: Any) -> dict[str, str]:
    return {name.removeprefix("$"): value for name, value in values.items()}


def _call(arn: str, group_name: str, packed: str) -> None:
    from ministack.services import lambda_svc

    name = arn.split(":function:")[1].split(":")[0]
    function = lambda_svc._functions.get(name)
    if function is None or group_name == f"/aws/lambda/{name}":
        return
    # In the scope of the function's account: a new thread has none of its own.
    threading.Thread(
        target=lambda_svc._execute_function_with_config_scope,
        args=(function, {"awslogs": {"data": packed}}),
        daemon=True,
    ).start()


def _put_record(arn: str, stream: str, packed: str) -> None:
    from ministack.services import kinesis

    kinesis._put_record({"StreamName": arn.rpartition("/")[2], "Data": packed, "PartitionKey": stream})


# --- reading ----------------------------------------------------------------------------------------------


def _filter_log_events(logs: Any, data: dict[str, Any]) -> Answer:
    """The events that fit, in the order of their time, a page at a time.

    Source: CloudWatch Logs API reference, FilterLogEvents.
    """
    name = logs._resolve_log_group_name(data)
    if name not in logs._log_groups:
        return refusal("ResourceNotFoundException", f"The specified log group does not exist: {name}")
    if data.get("logStreamNames") and data.get("logStreamNamePrefix"):
        return refusal(
            "InvalidParameterException",
            "logStreamNames and logStreamNamePrefix cannot be specified together.",
        )
    try:
        pattern = patterns.parse(data.get("filterPattern") or "")
        start = logs._decode_token(data.get("nextToken"))
    except ExpressionError as error:
        return refusal("InvalidParameterException", error.message)
    limit = min(data.get("limit") or MOST_EVENTS, MOST_EVENTS)
    fitting = (event for event in _events(logs, name, data) if pattern.match(event["message"]) is not None)
    found = list(islice(fitting, start, start + limit + 1))
    more = {"nextToken": logs._encode_token(start + limit)} if len(found) > limit else {}
    return answered({"events": found[:limit], "searchedLogStreams": []} | more)


def _events(logs: Any, group_name: str, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    streams = logs._log_groups[group_name]["streams"]
    prefix, wanted = data.get("logStreamNamePrefix") or "", data.get("logStreamNames")
    names = [name for name in wanted or list(streams) if name in streams and name.startswith(prefix)]
    start, end = data.get("startTime", 0), data.get("endTime", float("inf"))
    with logs._log_events_lock:
        kept = [(name, list(streams[name]["events"])) for name in names]
    ranges = [
        [event | {"logStreamName": name} for event in events if start <= event["timestamp"] <= end]
        for name, events in kept
    ]
    yield from heapq.merge(*ranges, key=lambda event: (event["timestamp"], event.get("ingestionTime", 0)))


def _test_metric_filter(_: Any, data: dict[str, Any]) -> Answer:
    """Which of some messages fit a pattern, and what they give.

    Source: CloudWatch Logs API reference, TestMetricFilter.
    """
    try:
        pattern = patterns.parse(data.get("filterPattern") or "")
    except ExpressionError as error:
        return refusal("InvalidParameterException", error.message)
    messages = enumerate(data.get("logEventMessages", []), 1)
    matches = [
        {"eventNumber": number, "eventMessage": message, "extractedValues": dict(match.values)}
        for number, message in messages
        if (match := pattern.match(message)) is not None
    ]
    return answered({"matches": matches})
