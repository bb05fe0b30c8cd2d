"""Queues, tables, secrets, keys and logs, as the test clock moves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.aging import ages

DAY_MS = 86_400_000
_BY = "dynamodb.amazonaws.com"


def _of(store: Any, account_id: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """An account's entries of one of MiniStack's stores, with their whole keys."""
    for key, value in list(store._data.items()):
        if key[0] == account_id:
            yield key, value


@ages("sqs")
def queues(sqs: Any, account_id: str, seconds: float) -> None:
    """Messages that are hidden or delayed come back sooner; those past their retention go.

    Source: SQS Developer Guide, "Amazon SQS visibility timeout", "Delay queues", MessageRetentionPeriod;
    "Using the message deduplication ID" (five minutes).
    """
    now = time.time()
    for _, queue in _of(sqs._queues, account_id):
        for message in queue["messages"]:
            message["enqueued_at"] = message.get("enqueued_at", message.get("sent_at", now)) - seconds
            if message.get("visible_at", 0) > now:
                message["visible_at"] -= seconds
        for seen in (queue.get("dedup_cache") or {}).values():
            seen["expire"] -= seconds
        sqs._expire_retained(queue)
    sqs.esm_wake.set()


@ages("dynamodb")
def tables(dynamodb: Any, account_id: str, seconds: float) -> None:
    """Items past their time to live go, and their streams say that it was DynamoDB that removed them.

    Source: DynamoDB Developer Guide, "Using time to live", "DynamoDB Streams and Time to Live".
    """
    from ministack.core.responses import request_scope

    for (_, region, name), setting in _of(dynamodb._ttl_settings, account_id):
        table = dynamodb._tables.get_scoped(account_id, region, name)
        if table and setting.get("TimeToLiveStatus") == "ENABLED" and setting.get("AttributeName"):
            with request_scope(account_id, region), dynamodb._lock:
                _expire_items(dynamodb, account_id, (region, name), table, setting["AttributeName"], seconds)


def _expire_items(
    dynamodb: Any, account_id: str, place: tuple[str, str], table: Any, attribute: str, seconds: float
) -> None:
    for partition, items in list(table["items"].items()):
        for sort, item in list(items.items()):
            deadline = _number(item.get(attribute))
            thing = ("ttl", *place, str(partition), str(sort))
            if deadline is None or not clock.reaches(account_id, thing, deadline, seconds):
                continue
            removed = dynamodb._remove_item(table, partition, sort)
            dynamodb._emit_stream_event(place[1], "REMOVE", removed, None)
            if (table.get("StreamSpecification") or {}).get("StreamEnabled"):
                # In the words of the streams' API, and in those of the event that a function gets.
                by = {"Type": "Service", "PrincipalId": _BY, "type": "Service", "principalId": _BY}
                dynamodb._stream_records[place[1]][-1]["userIdentity"] = by


def _number(value: Any) -> float | None:
    """The moment of a TTL attribute; None for one that is no number, which never expires."""
    with suppress(TypeError, ValueError, AttributeError):
        return float(value["N"])
    return None


@ages("secretsmanager")
def secrets(secretsmanager: Any, account_id: str, seconds: float) -> None:
    """A secret whose recovery window has passed is gone.

    Source: Secrets Manager User Guide, "Delete an AWS Secrets Manager secret".
    """
    from ministack.core.responses import request_scope

    for (_, region, name), secret in _of(secretsmanager._secrets, account_id):
        deadline = secret.get("DeletedDate")
        if deadline and clock.reaches(account_id, ("secret", region, name), float(deadline), seconds):
            with request_scope(account_id, region):
                secretsmanager._purge_secret(name, secret)


@ages("kms")
def keys(kms: Any, account_id: str, seconds: float) -> None:
    """A key whose waiting period has passed is gone, with its aliases.

    Source: KMS Developer Guide, "Deleting AWS KMS keys".
    """
    for key, record in _of(kms._keys, account_id):
        deadline = record.get("DeletionDate")
        waits = record.get("KeyState") == "PendingDeletion" and deadline
        if waits and clock.reaches(account_id, ("key", *map(str, key[1:])), float(deadline), seconds):
            kms._keys._data.pop(key, None)
            for alias, target in _of(kms._aliases, account_id):
                if target in (key[-1], record.get("Arn")):
                    kms._aliases._data.pop(alias, None)


@ages("cloudwatch_logs")
def logs(service: Any, account_id: str, seconds: float) -> None:  # noqa: ARG001 - as every one
    """Events older than their group's retention are gone.

    Source: CloudWatch Logs API reference, PutRetentionPolicy.
    """
    for _, group in _of(service._log_groups, account_id):
        days = group.get("retentionInDays")
        if not days:
            continue
        for stream in group["streams"].values():
            stream["events"] = [
                event
                for event in stream["events"]
                if clock.elapsed(account_id, event["timestamp"] / 1000) * 1000 < days * DAY_MS
            ]
