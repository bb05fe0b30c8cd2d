"""Whether a request has the types that its service's model says, and all that must be there.

botocore sends nothing else, but anybody may write a request by hand: AWS refuses it before it looks further,
and so the functions that answer may rely on what they read. Source: the "Common Errors" of each API.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from cloudlings.sandbox import shapes
from cloudlings.sandbox.operations import service_index
from cloudlings.sandbox.rules.registry import Refusal

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,), "list": (list,), "map": (dict,), "string": (str,), "character": (str,),
    "integer": (int, float), "long": (int, float), "float": (int, float), "double": (int, float),
    "boolean": (bool,), "blob": (str, bytes),
}  # fmt: skip
_WRONG: Final = {"ec2": "InvalidParameterValue", "query": "ValidationError"}
_MISSING: Final = {"ec2": "MissingParameter", "query": "ValidationError", "json": "ValidationException",
                   "rest-json": "ValidationException"}  # fmt: skip


def refusal_of(service: str, operation: str, asked: Mapping[str, Any]) -> Refusal | None:
    """Why a request cannot be read; None when it can."""
    shape = shapes.input_shape(service, operation)
    if not shape:
        return None
    protocol = service_index(service).protocol
    wrong = next(_wrong(service, shape, asked, ""), None)
    if wrong is not None:
        return Refusal(
            _WRONG.get(protocol, "SerializationException"), f"The value of {wrong} cannot be read."
        )
    lacking = next(_lacking(service, shape, asked, ""), None)
    if lacking is not None:
        message = f"The request must contain the parameter {lacking}"
        return Refusal(_MISSING.get(protocol, "ValidationError"), message)
    return None


def _wrong(service: str, name: str, value: Any, place: str) -> Iterator[str]:
    """Where a value is not of its type."""
    shape = shapes.model(service)["shapes"][name]
    kind = shape["type"]
    known = _TYPES.get(kind, (object,))
    if kind == "list" and service_index(service).protocol.startswith("rest"):
        known = (list, str)  # one of a query string's
    is_odd = isinstance(value, bool) and kind not in ("boolean", "timestamp")
    if value is not None and (is_odd or not isinstance(value, known)):
        yield place or "the request"
        return
    if kind == "timestamp" and isinstance(value, str) and not _is_time(service, value):
        yield place
    for part, inner, below in _inside(shape, value, place):
        yield from _wrong(service, inner, part, below)


def _lacking(service: str, name: str, value: Any, place: str) -> Iterator[str]:
    """What must be there and is not."""
    shape = shapes.model(service)["shapes"][name]
    if shape["type"] == "structure" and isinstance(value, dict):
        given = {member for member, each in value.items() if each is not None}
        for member in shape.get("required", ()):
            # Tokens are made up by whoever leaves them out, AWS's SDKs first of all.
            token = shape["members"][member].get("idempotencyToken")
            if member not in given and not token:
                yield f"{place}.{member}".lstrip(".")
    for part, inner, below in _inside(shape, value, place):
        yield from _lacking(service, inner, part, below)


def _inside(shape: Mapping[str, Any], value: Any, place: str) -> Iterator[tuple[Any, str, str]]:
    """The parts of a value: each with its shape and its place."""
    if isinstance(value, dict) and shape["type"] == "structure":
        for member, each in value.items():
            if member in shape["members"]:
                yield each, shape["members"][member]["shape"], f"{place}.{member}".lstrip(".")
    elif isinstance(value, list) and shape["type"] == "list":
        for number, each in enumerate(value, 1):
            yield each, shape["member"]["shape"], f"{place}.{number}"
    elif isinstance(value, dict) and shape["type"] == "map":
        for key, each in value.items():
            yield each, shape["value"]["shape"], f"{place}.{key}"


def _is_time(service: str, text: str) -> bool:
    if service_index(service).protocol == "json":
        return False
    try:
        datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return False
    return True
