"""What a check read, kept so that its verdict can be computed again without the account."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.response import StreamingBody


@dataclass(frozen=True)
class Read:
    """One call and its answer.

    ``turn`` counts the probes made before it: a read after a probe is another read, since the probe may
    have changed what it sees. ``error`` is ``{"Code": …, "Message": …, "Status": …}`` or None.
    """

    service: str
    region: str
    operation: str
    parameters: str
    turn: int
    answer: Any = None
    error: Mapping[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str, str, str, int]:
        return (self.service, self.region, self.operation, self.parameters, self.turn)


class Evidence:
    """The reads of one check, each once, in the order in which they were first made. Thread-safe."""

    def __init__(self, reads: Iterable[Read] = ()) -> None:
        self._reads: dict[tuple[str, str, str, str, int], Read] = {read.key: read for read in reads}
        self._lock = threading.Lock()

    def find(self, key: tuple[str, str, str, str, int]) -> Read | None:
        with self._lock:
            return self._reads.get(key)

    def add(self, read: Read) -> Read:
        """Keeps the first answer for a key, so that one check sees one state of the account."""
        with self._lock:
            return self._reads.setdefault(read.key, read)

    @property
    def reads(self) -> tuple[Read, ...]:
        with self._lock:
            return tuple(self._reads.values())

    def to_json(self) -> list[dict[str, Any]]:
        """Plain JSON: bytes, times and sets are tagged (``{"$bytes": …}``, ``{"$time": …}``)."""
        return [
            {
                "service": read.service,
                "region": read.region,
                "operation": read.operation,
                "parameters": read.parameters,
                "turn": read.turn,
                "answer": encode(read.answer),
                "error": dict(read.error) if read.error else None,
            }
            for read in self.reads
        ]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> Evidence:
        return cls(Read(**{**row, "answer": decode(row["answer"])}) for row in rows)


def canonical(parameters: Mapping[str, Any]) -> str:
    """Parameters as one string that is the same for the same call."""
    return json.dumps(encode(parameters), sort_keys=True)


def settled(answer: Any) -> Any:
    """An answer without what differs from call to call, its streams read to the end as bytes."""
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    return {
        key: value.read() if isinstance(value, StreamingBody) or hasattr(value, "read") else value
        for key, value in kept.items()
    }


def handed_out(answer: Any, streams: Iterable[str]) -> Any:
    """A copy of a settled answer as boto3 would give it: a stream where the API has one."""
    copy = decode(encode(answer))
    for name in streams:
        if isinstance(copy.get(name), bytes):
            copy[name] = StreamingBody(io.BytesIO(copy[name]), len(copy[name]))
    return copy


def encode(value: Any) -> Any:
    match value:
        case bytes() | bytearray():
            return {"$bytes": base64.b64encode(bytes(value)).decode()}
        case dt.datetime():
            return {"$time": value.isoformat()}
        case set() | frozenset():
            return {"$set": sorted(encode(item) for item in value)}
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case list() | tuple():
            return [encode(item) for item in value]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return {"$number": str(value)} if hasattr(value, "as_tuple") else {"$text": str(value)}


def decode(value: Any) -> Any:
    match value:
        case {"$bytes": text}:
            return base64.b64decode(text)
        case {"$time": text}:
            return dt.datetime.fromisoformat(text)
        case {"$set": items}:
            return {decode(item) for item in items}
        case {"$number": text} | {"$text": text}:
            return text
        case Mapping():
            return {key: decode(item) for key, item in value.items()}
        case list():
            return [decode(item) for item in value]
        case _:
            return value
