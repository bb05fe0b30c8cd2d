"""CBOR written, as far as AWS's services use it (RFC 8949); ``authorization.inputs`` reads it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moment:
    """A moment in epoch seconds: tag 1."""

    seconds: float


def dumps(value: Any) -> bytes:
    """A value's encoding. Raises TypeError for what JSON has not, moments and bytes apart."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            text = value.encode()
            return _head(3, len(text)) + text
        case bytes():
            return _head(2, len(value)) + value
        case list() | tuple():
            return _head(4, len(value)) + b"".join(map(dumps, value))
        case dict():
            pairs = b"".join(dumps(part) for pair in value.items() for part in pair)
            return _head(5, len(value)) + pairs
        case Moment():
            return b"\xc1" + dumps(float(value.seconds))
    raise TypeError(f"no CBOR for {type(value).__name__}")


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if size < 1 << 8 * struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, size)
    raise TypeError("no CBOR for an integer of more than 64 bits")
