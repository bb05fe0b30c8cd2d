"""Logs Insights over MiniStack's log groups: queries are carried out in threads of their own.

Source: CloudWatch Logs API reference, StartQuery, GetQueryResults, StopQuery, DescribeQueries, GetLogRecord.
"""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cloudlings.errors import ExpressionError
from cloudlings.sandbox.cloudwatch import insights
from cloudlings.sandbox.cloudwatch.discovered import Record, fields_of
from cloudlings.sandbox.cloudwatch.insights_functions import text
from cloudlings.sandbox.cloudwatch.insights_model import MOST_ROWS
from cloudlings.sandbox.emulators.ministack_logs import Answer, answered, refusal

_ENDED = ("Complete", "Cancelled", "Failed")


def answers(logs: Any) -> dict[str, Callable[[dict[str, Any]], Answer]]:
    """The operations that are answered here."""
    return {
        "StartQuery": lambda data: _start_query(logs, data),
        "GetQueryResults": lambda data: _get_query_results(logs, data),
        "StopQuery": lambda data: _stop_query(logs, data),
        "DescribeQueries": lambda data: _describe_queries(logs, data),
        "GetLogRecord": lambda data: _get_log_record(logs, data),
    }


def _start_query(logs: Any, data: dict[str, Any]) -> Answer:
    from ministack.core.responses import new_uuid

    groups = logs._resolve_query_log_groups(data)
    refused = _refused(logs, data, groups)
    if refused is not None:
        return refused
    try:
        query = insights.parse(str(data.get("queryString", "")))
    except ExpressionError as error:
        return _malformed(error, str(data.get("queryString", "")))
    name = new_uuid()
    started = {
        "queryId": name,
        "queryString": data.get("queryString", ""),
        "logGroupName": groups[0],
        "logGroupNames": groups,
        "createTime": int(time.time() * 1000),
        "status": "Running",
        "results": [],
        "statistics": {"recordsMatched": 0.0, "recordsScanned": 0.0, "bytesScanned": 0.0},
    }
    logs._queries[name] = started
    records = list(_records(logs, groups, data["startTime"], data["endTime"]))
    limit = min(data.get("limit") or MOST_ROWS, MOST_ROWS)
    # In the context of the request: its account and Region.
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run, args=(_carry_out, started, query, records, limit), daemon=True
    ).start()
    return answered({"queryId": name})


def _refused(logs: Any, data: dict[str, Any], groups: Sequence[str]) -> Answer | None:
    if data.get("queryLanguage") not in (None, "CWLI"):
        return refusal(
            "InvalidParameterException",
            f"Queries in {data['queryLanguage']} are not available in this sandbox.",
        )
    if not groups:
        return refusal("InvalidParameterException", "A query needs a log group: logGroupNames is empty.")
    if len(groups) > 50:
        return refusal("InvalidParameterException", "A query has at most 50 log groups.")
    missing = [name for name in groups if name not in logs._log_groups]
    if missing:
        return refusal("ResourceNotFoundException", f"Log group '{missing[0]}' does not exist.")
    if data.get("startTime", 0) > data.get("endTime", 0):
        return refusal("InvalidParameterException", "End time should not be before start time.")
    return None


def _malformed(error: ExpressionError, query: str) -> Answer:
    """The error of a query, with its place."""
    start = max(error.position, 0)
    rest = query[start:].split()
    place = {"startCharOffset": start, "endCharOffset": start + (len(rest[0]) if rest else 0)}
    said = {
        "__type": "MalformedQueryException",
        "message": error.message,
        "queryCompileError": {"location": place, "message": error.message},
    }
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(said).encode()


def _carry_out(started: dict[str, Any], query: Any, records: Sequence[Record], limit: int) -> None:
    try:
        found = insights.run(query, records, limit)
    except Exception as error:
        said = error.message if isinstance(error, ExpressionError) else f"{type(error).__name__}: {error}"
        print(f"Logs Insights: {started['queryString']!r}: {said}", flush=True)
        started["status"] = "Failed"
        return
    started["results"] = [[{"field": name, "value": value} for name, value in row] for row in found.rows]
    started["statistics"] = {
        "recordsMatched": float(found.matched),
        "recordsScanned": float(found.scanned),
        "bytesScanned": float(found.bytes),
    }
    if started["status"] == "Running":
        started["status"] = "Complete"


def _records(logs: Any, groups: Sequence[str], start: float, end: float) -> Iterator[Record]:
    """The events of a time range in seconds, its ends included."""
    from ministack.core.responses import get_account_id, new_uuid

    first, last = int(start) * 1000, int(end) * 1000 + 999
    for name in groups:
        for stream, kept in list(logs._log_groups[name]["streams"].items()):
            for event in list(kept["events"]):
                if not first <= event["timestamp"] <= last:
                    continue
                pointer = event.setdefault("eventId", new_uuid())
                if pointer not in logs._log_records:
                    # A function's line: MiniStack keeps records of what PutLogEvents brings only.
                    logs._log_records[pointer] = logs._build_log_record(
                        ptr=pointer,
                        timestamp_ms=event["timestamp"],
                        message=event["message"],
                        log_group=name,
                        log_stream=stream,
                    )
                yield Record(
                    event["timestamp"],
                    event["message"],
                    stream,
                    f"{get_account_id()}:{name}",
                    pointer,
                    event.get("ingestionTime", 0),
                )


def _get_query_results(logs: Any, data: dict[str, Any]) -> Answer:
    query = logs._queries.get(data.get("queryId"))
    if query is None:
        return refusal("ResourceNotFoundException", f"Query {data.get('queryId')} does not exist")
    members = ("status", "results", "statistics")
    return answered({"queryLanguage": "CWLI"} | {member: query[member] for member in members})


def _stop_query(logs: Any, data: dict[str, Any]) -> Answer:
    query = logs._queries.get(data.get("queryId"))
    if query is None:
        return refusal("ResourceNotFoundException", f"Query {data.get('queryId')} does not exist")
    if query["status"] in _ENDED:
        return refusal(
            "InvalidParameterException", f"Query {data['queryId']} is not running: {query['status']}"
        )
    query["status"] = "Cancelled"
    return answered({"success": True})


def _describe_queries(logs: Any, data: dict[str, Any]) -> Answer:
    found = [
        {name: query[name] for name in ("queryId", "queryString", "status", "createTime", "logGroupName")}
        for query in logs._queries.values()
        if data.get("status") in (None, query["status"])
        and (not data.get("logGroupName") or data["logGroupName"] in query["logGroupNames"])
    ]
    found.sort(key=lambda query: query["createTime"], reverse=True)
    return answered({"queries": found[: data.get("maxResults") or 1000]})


def _get_log_record(logs: Any, data: dict[str, Any]) -> Answer:
    """Every field of an event, those that were found in it too."""
    from ministack.core.responses import get_account_id

    kept = logs._log_records.get(data.get("logRecordPointer"))
    if kept is None:
        return refusal("InvalidParameterException", "Invalid logRecordPointer provided")
    log = f"{get_account_id()}:{kept['@log']}"
    record = Record(kept["_timestamp_ms"], kept["@message"], kept["@logStream"], log, kept["@ptr"])
    return answered({"logRecord": {name: text(value) for name, value in fields_of(record).items()}})
