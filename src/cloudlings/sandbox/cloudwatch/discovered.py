"""The fields that Logs Insights finds in a log event by itself.

Source: CloudWatch Logs User Guide, "Supported logs and discovered fields": system fields, fields of JSON with
dots, those of Lambda's and VPC flow logs. Numbers stay as they are written, and count as numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST_FIELDS = 200


@dataclass(frozen=True, order=True)
class Moment:
    """A timestamp, in milliseconds since 1970; shown as a date."""

    milliseconds: float

    def __str__(self) -> str:
        at = datetime.fromtimestamp(self.milliseconds / 1000, UTC)
        return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


@dataclass(frozen=True)
class Record:
    """A log event as a query meets it. ``log`` is account:group; ``pointer`` names the event."""

    timestamp: int
    message: str
    stream: str = ""
    log: str = ""
    pointer: str = ""
    ingested: int = 0


def fields_of(record: Record) -> dict[str, Any]:
    """Every field of an event: texts, and moments."""
    found: dict[str, Any] = {
        "@timestamp": Moment(record.timestamp),
        "@message": record.message,
        "@logStream": record.stream,
        "@log": record.log,
        "@ptr": record.pointer,
        "@ingestionTime": Moment(record.ingested or record.timestamp),
    }
    return {**_lambda(record.message), **_flow(record.message), **dict(_json(record.message)), **found}


# --- JSON -------------------------------------------------------------------------------------------------


def _json(message: str) -> Iterator[tuple[str, str]]:
    """The members of the first JSON object in a message, with dots between levels."""
    start = message.find("{")
    if start < 0:
        return
    decoder = json.JSONDecoder(parse_float=str, parse_int=str)
    try:
        document, _ = decoder.raw_decode(message, start)
    except (ValueError, RecursionError):
        return
    for number, (name, value) in enumerate(_flat(document, "")):
        if number >= MOST_FIELDS:
            return
        yield name, value


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            # A name that begins with @ would be taken for one of Insights' own.
            own = f"@{key}" if key.startswith("@") and not name else key
            yield from _flat(each, f"{name}.{own}" if name else own)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _flat(each, f"{name}.{number}")
    elif isinstance(value, bool):
        yield name, "1" if value else "0"
    elif value is not None:
        yield name, str(value)


# --- Lambda -----------------------------------------------------------------------------------------------

_ID = r"(?P<requestId>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_PLATFORM = re.compile(rf"(?P<type>START|END|REPORT) RequestId: {_ID}")
_LOGGED = re.compile(rf"(?:\[\w+\]\s+)?\S+Z\s+{_ID}\s")
_MEASURED = {
    "duration": (re.compile(r"\bDuration: ([\d.]+) ms"), 1),
    "billedDuration": (re.compile(r"Billed Duration: ([\d.]+) ms"), 1),
    "initDuration": (re.compile(r"Init Duration: ([\d.]+) ms"), 1),
    "memorySize": (re.compile(r"Memory Size: ([\d.]+) MB"), 1_000_000),
    "maxMemoryUsed": (re.compile(r"Max Memory Used: ([\d.]+) MB"), 1_000_000),
}
_TRACE = re.compile(r"XRAY TraceId: (?P<xrayTraceId>\S+)\s+SegmentId: (?P<xraySegmentId>\S+)")


def _lambda(message: str) -> Mapping[str, str]:
    """The request of a line, and what a REPORT line measured; memory in bytes."""
    platform = _PLATFORM.match(message)
    if platform is None:
        logged = _LOGGED.match(message)
        return {"@requestId": logged["requestId"]} if logged else {}
    found = {f"@{name}": text for name, text in platform.groupdict().items()}
    if platform["type"] != "REPORT":
        return found
    # "Duration" is a part of the names of others.
    report = message[platform.end() :]
    for name, (pattern, factor) in _MEASURED.items():
        measured = pattern.search(report if name != "duration" else report.lstrip())
        if measured:
            found[f"@{name}"] = measured[1] if factor == 1 else f"{float(measured[1]) * factor:.0f}"
    trace = _TRACE.search(report)
    return found | ({f"@{name}": text for name, text in trace.groupdict().items()} if trace else {})


# --- VPC flow logs ----------------------------------------------------------------------------------------

_FLOW = (
    "version", "accountId", "interfaceId", "srcAddr", "dstAddr", "srcPort", "dstPort", "protocol", "packets",
    "bytes", "startTime", "endTime", "action", "logStatus",
)  # fmt: skip


def _flow(message: str) -> Mapping[str, str]:
    """The fields of a flow log in the default format."""
    words = message.split()
    if len(words) != len(_FLOW) or not words[2].startswith("eni-"):
        return {}
    return {name: word for name, word in zip(_FLOW, words, strict=True) if word != "-"}
