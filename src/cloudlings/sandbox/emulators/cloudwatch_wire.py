"""CloudWatch's requests read and its answers written, in each of its three protocols.

boto3 and the AWS CLI speak CBOR to CloudWatch, others JSON, and older tools Query. MiniStack's Query answers
lack most members, so a Query request is carried out as JSON, and its answer written by the service's model.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from cloudlings.sandbox.authorization.inputs import _cbor as read_cbor
from cloudlings.sandbox.emulators import cbor
from cloudlings.sandbox.model import LARGEST_CONTENT

Answer = Callable[[dict[str, Any]], dict[str, Any]]
"""An operation: its input in, its output out, with moments in epoch seconds. May raise ``Refused``."""
Reply = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Refused(Exception):
    """AWS's answer to a request that it does not take."""

    code: str
    message: str
    status: int = 400


def add_answers(cloudwatch: Any, answers: Mapping[str, Answer]) -> None:
    """Answer these operations here, and leave the others to MiniStack."""
    handle = cloudwatch.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: Mapping[str, Any]
    ) -> Reply:
        protocol = _protocol(headers)
        if headers.get("content-encoding") == "gzip":
            # boto3 packs large PutMetricData; a small body may unpack to a very large one.
            body = zlib.decompressobj(31).decompress(body, LARGEST_CONTENT)
        operation, asked = _read(protocol, path, headers, body, query_params)
        if operation not in answers and protocol == "json":
            found: Reply = await handle(method, path, headers, body, query_params)
            return found
        try:
            if operation in answers:
                return _write(protocol, operation, _answer(answers[operation], asked))
            return _write(protocol, operation, await _as_json(handle, operation, asked))
        except Refused as refused:
            return _error(cloudwatch, protocol, refused)

    cloudwatch.handle_request = handle_request


def _answer(answer: Answer, asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(asked)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # No client of AWS's sends it: a member that is missing, or of another type than the model's.
        print(f"CloudWatch: a request that is not as its model says: {error!r}", flush=True)
        raise Refused("ValidationError", "The request is not as the service's model says.") from None


def _error(cloudwatch: Any, protocol: str, refused: Refused) -> Reply:
    if protocol == "cbor":
        body = cbor.dumps({"__type": refused.code, "message": refused.message})
        return refused.status, dict(_CBOR), body
    found: Reply = cloudwatch._error(
        refused.code, refused.message, refused.status, use_json=protocol == "json"
    )
    return found


# Copied for each answer: MiniStack writes into the headers that it is given.
_CBOR = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def _protocol(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "")
    if "cbor" in kind or "cbor" in headers.get("smithy-protocol", ""):
        return "cbor"
    return "json" if "json" in kind or headers.get("x-amz-target") else "query"


def _read(
    protocol: str, path: str, headers: Mapping[str, str], body: bytes, query_params: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    if protocol == "query":
        return _read_form(body, query_params)
    operation = headers.get("x-amz-target", "").rpartition(".")[2] or path.rpartition("/operation/")[2]
    try:
        asked = read_cbor(body) if protocol == "cbor" else json.loads(body)
    except ValueError:
        asked = None  # what cannot be read asks for nothing
    return operation.strip("/"), asked if isinstance(asked, dict) else {}


def _read_form(body: bytes, query_params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    # Here, for a model takes long to load, and hardly anybody asks this way.
    from cloudlings.sandbox import shapes

    form = {name: values[0] if isinstance(values, list) else values for name, values in query_params.items()}
    form |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    operation = form.get("Action", "")
    shape = shapes.input_shape("cloudwatch", operation)
    return operation, shapes.read_form("cloudwatch", shape, form) if shape else {}


async def _as_json(handle: Any, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    headers = {
        "content-type": "application/json",
        "x-amz-target": f"GraniteServiceVersion20100801.{operation}",
    }
    status, _, body = await handle("POST", "/", headers, json.dumps(asked).encode(), {})
    found: dict[str, Any] = json.loads(body or b"{}")
    if status >= 300:
        raise Refused(found.get("__type", "InternalFailure"), found.get("message", ""), status)
    read: dict[str, Any] = _in_seconds(found)
    return read


def _write(protocol: str, operation: str, found: dict[str, Any]) -> Reply:
    if protocol == "query":
        from cloudlings.sandbox import shapes

        written = shapes.query_output("cloudwatch", operation, found)
        return written.status, dict(written.headers), written.body
    if protocol == "json":
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(_without_none(found)).encode()
    return 200, dict(_CBOR), cbor.dumps(_tagged(_without_none(found)))


def _without_none(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: _without_none(each) for name, each in found.items() if each is not None}
    return [_without_none(each) for each in found] if isinstance(found, list) else found


# What moments are called in this service's answers.
_MOMENTS = ("Timestamp", "Timestamps", "LastModified")


def _tagged(found: Any, name: str = "") -> Any:
    """Moments as CBOR's tag 1."""
    if isinstance(found, dict):
        return {key: _tagged(each, key) for key, each in found.items()}
    if isinstance(found, list):
        return [_tagged(each, name) for each in found]
    if name.endswith(_MOMENTS) and isinstance(found, int | float):
        return cbor.Moment(float(found))
    return found


def _in_seconds(found: Any, name: str = "") -> Any:
    """Moments in epoch seconds, where MiniStack writes some as text in its JSON."""
    if isinstance(found, dict):
        return {key: _in_seconds(each, key) for key, each in found.items()}
    if isinstance(found, list):
        return [_in_seconds(each, name) for each in found]
    if name.endswith(_MOMENTS) and isinstance(found, str):
        return datetime.fromisoformat(found).timestamp()
    return found
