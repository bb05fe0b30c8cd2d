"""What event source mappings do: batches of a queue or of a table's stream become invocations.

Sources: Lambda Developer Guide, "Creating and configuring an Amazon SQS event source mapping", "Handling
errors for an SQS event source in Lambda", "Process DynamoDB records with Lambda", "Configuring partial batch
response with DynamoDB and Lambda", "Control which events Lambda sends to your function".
"""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cloudlings.sandbox.emulators import ministack_delivery as delivery
from cloudlings.sandbox.emulators import ministack_lineage

Record = dict[str, Any]
_REPORTS = "ReportBatchItemFailures"
_AGAIN = 0.5
# The longest that an environment may take to start, beginning anew once.
_STARTS = 30.0
_LONGEST_BACKOFF = 5.0


def correct(service: Any) -> None:
    """Take over the reading of queues and of tables' streams, and filters of both."""
    create = service._create_esm

    def create_mapping(data: Record) -> Any:
        answer = create(data)
        # The poller sleeps long while there is nothing to read.
        service._esm_wake.set()
        return answer

    service._create_esm = create_mapping
    service._match_esm_filter = _matches
    service._poll_sqs = lambda: _each(service, _poll_queue, "sqs")
    service._run_sqs_batch = lambda *args: _run_batch(service, *args)
    service._poll_dynamodb_streams = lambda: _each(service, _poll_stream, "dynamodb")


def _matches(record: Record, pattern: Mapping[str, Any]) -> bool:
    """Filters are written in the language of EventBridge's patterns."""
    from ministack.services import eventbridge

    alternatives = eventbridge._compiled_pattern(json.dumps(pattern))
    return any(eventbridge._matches_detail(record, one) for one in alternatives or [])


def _each(service: Any, poll: Any, kind: str) -> bool:
    """Poll every mapping of a kind of source; whether any had something to do."""
    from ministack.core.responses import request_scope

    busy = False
    for account_id, region, mapping in service._iter_all_esms():
        parts = str(mapping.get("EventSourceArn", "")).split(":")
        if len(parts) < 6 or parts[2:5] != [kind, region, account_id] or not mapping.get("Enabled", True):
            continue
        if service._esm_backoff_until.get(mapping["UUID"], 0) > time.time():
            continue
        with request_scope(account_id, region):
            function, config = service._get_func_record_for_qualifier(
                mapping["FunctionName"], mapping.get("Qualifier")
            )
            if function is not None:
                busy = poll(service, mapping, function, config) or busy
    return busy


def failures_of(failures: Any, ids: Sequence[str]) -> set[str]:
    """Which of a batch failed, by what its function answered; all of them where the answer makes no sense.

    Source: "Handling errors for an SQS event source in Lambda", success and failure conditions.
    """
    if failures is None or failures == {}:
        return set()
    listed = failures.get("batchItemFailures") if isinstance(failures, dict) else []
    if not listed:
        return set()
    rows = listed if isinstance(listed, list) else [None]
    named = [each.get("itemIdentifier") if isinstance(each, dict) else None for each in rows]
    return {str(name) for name in named} if all(name in ids for name in named) else set(ids)


# --- queues ---------------------------------------------------------------------------------------

# When a mapping first saw the messages that it gathers.
_gathering: dict[str, float] = {}


def _poll_queue(service: Any, mapping: Record, function: Record, config: Record) -> bool:
    from ministack.services import sqs

    url = sqs._queue_url(mapping["EventSourceArn"].rpartition(":")[2])
    queue, uuid = sqs._queues.get(url), mapping["UUID"]
    if not queue:
        return False
    limit = service._sqs_esm_concurrency(mapping, function, config, queue)
    # A function that may not run at all still takes its messages, as Lambda does, and is throttled over them.
    if service._esm_inflight.get(uuid, 0) >= max(limit, 1):
        return False
    if not _is_gathered(service, mapping, queue):
        return False
    batch = _receive(sqs, url, int(mapping.get("BatchSize") or 10))
    if not batch:
        return False
    records = [_queue_record(mapping["EventSourceArn"], message) for message in batch]
    kept = service._apply_filter_criteria(records, mapping)
    wanted = {record["messageId"] for record in kept}
    _forget(sqs, url, [message for message in batch if message["id"] not in wanted])
    if kept:
        batch = [message for message in batch if message["id"] in wanted]
        # By the module's name, which the journal watches.
        run = service._run_sqs_batch
        service._dispatch_esm_batch(uuid, run, mapping, function, {"Records": kept}, batch, url, url)
    return True


def _is_gathered(service: Any, mapping: Record, queue: Record) -> bool:
    """Whether a batch is to be taken now: it is full, or its window is over, or there is none."""
    window, uuid, now = (
        float(mapping.get("MaximumBatchingWindowInSeconds") or 0),
        mapping["UUID"],
        time.time(),
    )
    if not window:
        return True
    visible = sum(message["visible_at"] <= now for message in list(queue["messages"]))
    if not visible:
        _gathering.pop(uuid, None)
        return False
    left = _gathering.setdefault(uuid, now) + window - now
    if visible < int(mapping.get("BatchSize") or 10) and left > 0:
        waker = threading.Timer(left, service._esm_wake.set)
        waker.daemon = True
        waker.start()
        return False
    _gathering.pop(uuid, None)
    return True


def _receive(sqs: Any, url: str, most: int) -> list[Record]:
    found: list[Record] = []
    while len(found) < most:
        more = sqs._receive_messages_for_esm(url, min(10, most - len(found)))
        found += more
        if not more:
            break
    return found


def _forget(sqs: Any, url: str, messages: Sequence[Record]) -> None:
    handles = {message["receipt_handle"] for message in messages if message.get("receipt_handle")}
    if handles:
        sqs._delete_messages_for_esm(url, handles)


def _queue_record(arn: str, message: Record) -> Record:
    """A message as a function gets it."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import lambda_svc

    system = message.get("sys") or {}
    attributes = {
        "ApproximateReceiveCount": str(message.get("receive_count", 1)),
        "SentTimestamp": str(int(message["sent_at"] * 1000)),
        "SenderId": system.get("SenderId") or get_account_id(),
        "ApproximateFirstReceiveTimestamp": str(int((message.get("first_receive_at") or time.time()) * 1000)),
        "AWSTraceHeader": system.get("AWSTraceHeader"),
        "DeadLetterQueueSourceArn": system.get("DeadLetterQueueSourceArn"),
        "MessageGroupId": message.get("group_id"),
        "MessageDeduplicationId": message.get("dedup_id"),
        "SequenceNumber": message.get("seq"),
    }
    return {
        "messageId": message["id"],
        "receiptHandle": message["receipt_handle"],
        "body": message["body"],
        "attributes": {name: str(value) for name, value in attributes.items() if value},
        "messageAttributes": lambda_svc._sqs_message_attributes_to_camel_case(
            message.get("message_attributes") or {}
        ),
        "md5OfBody": message.get("md5_body") or message.get("md5") or "",
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": get_region(),
    }


def _run_batch(
    service: Any, mapping: Record, function: Record, event: Record, batch: list[Record], url: str, _: str
) -> None:
    """Invoke a function with a batch; what it handled leaves the queue, the rest is seen again in time."""
    from ministack.services import sqs

    number = ministack_lineage.next_hop(service, batch)
    if ministack_lineage.is_dropped(service, function.get("config") or function, number):
        # They are seen again, until their queue gives them up.
        return
    seen_again = min(message["visible_at"] for message in batch)
    with _hidden(batch, float((function.get("config") or function).get("Timeout", 3))):
        result = service._execute_function(function, event)
        while result.get("throttle") and seen_again > time.time() + _AGAIN:
            time.sleep(_AGAIN)
            if service._esms.get(mapping["UUID"]) is not mapping or not mapping.get("Enabled", True):
                return
            result = service._execute_function(function, event)
        if not result.get("error"):
            failed = set[str]()
            if _REPORTS in (mapping.get("FunctionResponseTypes") or ()):
                failed = failures_of(result.get("body"), [message["id"] for message in batch])
            _forget(sqs, url, [message for message in batch if message["id"] not in failed])
            mapping["LastProcessingResult"] = "OK" if not failed else "PROBLEM: Function call failed"
            return
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    if int((sqs._queues.get(url) or {"attributes": {}})["attributes"].get("VisibilityTimeout", 30)) == 0:
        # Nothing else would slow a queue down that hides nothing.
        service._esm_backoff_until[mapping["UUID"]] = time.time() + 1


@contextmanager
def _hidden(batch: list[Record], timeout: float) -> Iterator[None]:
    """Keep messages hidden while their function runs.

    A queue hides for as long as a function may run; what its environment takes to start comes on top, and
    takes longer here than on AWS.
    """
    before = {message["id"]: message["visible_at"] for message in batch}
    for message in batch:
        message["visible_at"] = max(message["visible_at"], time.time() + timeout + _STARTS)
    try:
        yield
    finally:
        for message in batch:
            message["visible_at"] = before[message["id"]]


# --- streams --------------------------------------------------------------------------------------


@dataclass
class Trouble:
    """A part of a stream that failed: from where to where, how often, and since when."""

    start: int
    tries: int = 0
    parts: list[int] = field(default_factory=list)
    """Where the batches end that a split has left to do, the next one last."""


_troubles: dict[str, Trouble] = {}


def _poll_stream(service: Any, mapping: Record, function: Record, _: Record) -> bool:
    from ministack.services import dynamodb

    name = mapping["EventSourceArn"].split(":table/")[-1].split("/")[0]
    table, uuid = dynamodb._tables.get(name), mapping["UUID"]
    if not table or table.get("LatestStreamArn") != mapping["EventSourceArn"]:
        return False
    horizon, end = dynamodb.stream_start_position(name), dynamodb.stream_end_position(name)
    at_first = horizon if mapping.get("StartingPosition") == "TRIM_HORIZON" else end
    with service._dynamodb_stream_positions_lock:
        position = max(service._dynamodb_stream_positions.get(uuid, at_first), horizon)
        service._dynamodb_stream_positions[uuid] = position
    if position >= end:
        return False
    trouble = _troubles.get(uuid)
    size = int(mapping.get("BatchSize") or 100)
    if trouble is not None and trouble.start == position and trouble.parts:
        size = trouble.parts[-1] - position
    batch = dynamodb.stream_records_since(name, position, size)
    if not batch:
        return False
    done = _run_records(service, mapping, function, batch, position)
    with service._dynamodb_stream_positions_lock:
        if service._dynamodb_stream_positions.get(uuid) == position:
            service._dynamodb_stream_positions[uuid] = position + done
    return done > 0


def _run_records(service: Any, mapping: Record, function: Record, batch: list[Record], position: int) -> int:
    """Invoke a function with records; how many of them are done with."""
    uuid = mapping["UUID"]
    kept = service._apply_filter_criteria(batch, mapping)
    if not kept:
        return len(batch)
    result = service._execute_function(function, {"Records": kept})
    if result.get("throttle"):
        service._esm_backoff_until[uuid] = time.time() + 1
        return 0
    if result.get("error"):
        return _failed(service, mapping, function, batch, position, result)
    done = _handled(mapping, batch, result.get("body"))
    if done < len(batch):
        if done:
            _troubles.pop(uuid, None)
            return done
        return _failed(service, mapping, function, batch, position, result)
    mapping["LastProcessingResult"] = "OK"
    _go_on(uuid, position + done)
    return done


def _handled(mapping: Record, batch: Sequence[Record], answer: Any) -> int:
    """How many records come before the first one that the function reports as failed."""
    if _REPORTS not in (mapping.get("FunctionResponseTypes") or ()):
        return len(batch)
    numbers = [str(record["dynamodb"].get("SequenceNumber")) for record in batch]
    failed = failures_of(answer, numbers)
    return min((numbers.index(number) for number in failed), default=len(batch))


def _go_on(uuid: str, position: int) -> None:
    """After a success: with the parts that a split has left, or as usual."""
    trouble = _troubles.pop(uuid, None)
    parts = [end for end in trouble.parts if end > position] if trouble is not None else []
    if parts:
        _troubles[uuid] = Trouble(position, 0, parts)


def _failed(
    service: Any, mapping: Record, function: Record, batch: list[Record], position: int, result: Record
) -> int:
    """Split the batch, try it again later, or give it up; how many records are done with."""
    uuid = mapping["UUID"]
    trouble = _troubles.get(uuid)
    if trouble is None or trouble.start != position:
        trouble = _troubles[uuid] = Trouble(position)
    trouble.tries += 1
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    if mapping.get("BisectBatchOnFunctionError") and len(batch) > 1:
        # A split is no try: each half has all of them.
        trouble.tries = 0
        trouble.parts = [*(trouble.parts or [position + len(batch)]), position + len(batch) // 2]
        return 0
    why = _given_up(mapping, batch, trouble)
    if not why:
        wait = min(0.5 * 2.0 ** (trouble.tries - 1), _LONGEST_BACKOFF)
        service._esm_backoff_until[uuid] = time.time() + wait
        return 0
    _tell(mapping, function, batch, result, why, trouble.tries)
    _go_on(uuid, position + len(batch))
    return len(batch)


def _given_up(mapping: Record, batch: Sequence[Record], trouble: Trouble) -> str:
    """Why a batch is not tried again, as AWS names it; "" when it is."""
    retries, age = mapping.get("MaximumRetryAttempts"), mapping.get("MaximumRecordAgeInSeconds")
    if retries is not None and int(retries) >= 0 and trouble.tries > int(retries):
        return "RetryAttemptsExhausted"
    created = min(
        float(record["dynamodb"].get("ApproximateCreationDateTime", time.time())) for record in batch
    )
    if age is not None and int(age) > 0 and time.time() - created > int(age):
        return "MaxRecordAgeExceeded"
    return ""


def _tell(
    mapping: Record, function: Record, batch: Sequence[Record], result: Record, condition: str, tries: int
) -> None:
    """Send the whereabouts of a batch to where failures go; its records stay in the stream."""
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "")
    if not destination:
        return
    first, last = batch[0]["dynamodb"], batch[-1]["dynamodb"]
    config = function.get("config") or function
    answered: Record = {"statusCode": 200, "executedVersion": config.get("Version", "$LATEST")}
    if result.get("error"):
        answered["functionError"] = "Unhandled"
    body = {
        "requestContext": {
            "requestId": (result.get("body") or {}).get("requestId", "") if result.get("error") else "",
            "functionArn": config.get("FunctionArn", ""),
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "responseContext": answered,
        "version": "1.0",
        "timestamp": _moment(time.time()),
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000",
            "startSequenceNumber": str(first.get("SequenceNumber", "")),
            "endSequenceNumber": str(last.get("SequenceNumber", "")),
            "approximateArrivalOfFirstRecord": _moment(first.get("ApproximateCreationDateTime")),
            "approximateArrivalOfLastRecord": _moment(last.get("ApproximateCreationDateTime")),
            "batchSize": len(batch),
            "streamArn": mapping["EventSourceArn"],
        },
    }
    send = delivery.to_topic if ":sns:" in destination else delivery.to_queue
    send(destination, json.dumps(body))


def _moment(stamp: Any) -> str:
    moment = dt.datetime.fromtimestamp(float(stamp or time.time()), dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
