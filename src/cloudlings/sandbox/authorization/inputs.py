"""A request's parameters as one tree of names and values, whatever protocol they came by.

Names are those on the wire: of Query and EC2 the form's (``TagSpecification``), of REST those of the model's
labels, query and headers, else the JSON body's. Bodies that cannot be read give no parameters: the emulator
is the one to refuse them, once somebody may ask at all.
"""

from __future__ import annotations

import gzip
import json
import re
import struct
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from cloudlings.sandbox.model import Call, Request
from cloudlings.sandbox.operations import _load_model, service_index

Tree = dict[str, Any]
_LABEL = re.compile(r"\{([\w-]+)(\+?)\}")
# A form that goes deeper than any operation's input is nobody's honest request.
_DEEPEST = 24


def parameters(call: Call, path: str) -> Tree:
    """The parameters of a call. ``path`` is percent-encoded."""
    request = call.request
    protocol = service_index(call.service).protocol
    if request.header("smithy-protocol") == "rpc-v2-cbor":
        return _mapping(_cbor(_body(request)))
    if protocol in ("query", "ec2") or request.form.get("Action"):
        return form_tree(request)
    if protocol.startswith("rest"):
        return _rest(call, path)
    return _json(_body(request))


def _body(request: Request) -> bytes:
    if request.header("content-encoding") == "gzip":
        try:
            return gzip.decompress(request.body)
        except (OSError, EOFError):
            return b""
    return request.body


def _json(body: bytes) -> Tree:
    try:
        return _mapping(json.loads(body)) if body else {}
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Tree:
    return value if isinstance(value, dict) else {}


# --- forms ---------------------------------------------------------------------------------------


def form_tree(request: Request) -> Tree:
    """``A.member.1.B=x`` as ``{"A": [{"B": "x"}]}``; the query's parameters count too."""
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    if "x-www-form-urlencoded" in request.header("content-type"):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    root: Tree = {}
    for name, value in pairs:
        _put(root, name.split("."), value)
    tree = _lists(root)
    return tree if isinstance(tree, dict) else {}


def _put(tree: Tree, parts: list[str], value: str) -> None:
    if len(parts) > _DEEPEST:
        return
    for part in parts[:-1]:
        below = tree.setdefault(part, {})
        if not isinstance(below, dict):
            return
        tree = below
    tree.setdefault(parts[-1], value)


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdecimal() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    found = {key: _lists(value) for key, value in node.items()}
    if len(found) == 1:
        # Query lists have one more level: "member", or the name of what is listed ("Tag").
        only = next(iter(found.values()))
        if isinstance(only, list):
            return only
    return found


# --- REST ----------------------------------------------------------------------------------------


def _rest(call: Call, path: str) -> Tree:
    request = call.request
    found: Tree = {}
    if "json" in request.header("content-type") or service_index(call.service).protocol == "rest-json":
        found |= _json(_body(request)) if request.body[:1] in (b"{", b"\x1f") else {}
    found |= {name: value for name, value in request.query.items() if value}
    pattern, names = _labels(call.service).get(call.operation, (None, ()))
    match = pattern.fullmatch(path) if pattern else None
    if match:
        found |= {name: unquote(text) for name, text in zip(names, match.groups(), strict=True)}
    return found


@cache
def _labels(service: str) -> dict[str, tuple[re.Pattern[str], tuple[str, ...]]]:
    """By operation: the path as a pattern, and the members that its labels stand for."""
    model = _load_model(service)
    found = {}
    for name, spec in model["operations"].items():
        members = model["shapes"].get(spec.get("input", {}).get("shape"), {}).get("members", {})
        by_label = {
            member.get("locationName", known): known
            for known, member in members.items()
            if member.get("location") == "uri"
        }
        path = spec["http"]["requestUri"].partition("?")[0]
        found[name] = _path_pattern(path, by_label)
    return found


def _path_pattern(path: str, members: dict[str, str]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    parts, names, position = [], [], 0
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[position : label.start()]))
        parts.append("(.+)" if label[2] else "([^/]+)")
        names.append(members.get(label[1], label[1]))
        position = label.end()
    parts.append(re.escape(path[position:]).removesuffix("/"))
    return re.compile("".join(parts) + "/?", re.DOTALL), tuple(names)


# --- CBOR (RFC 8949), as far as AWS's RPC v2 protocol uses it --------------------------------------


def _cbor(data: bytes) -> Any:
    try:
        return _cbor_item(data, 0, 0)[0]
    except (IndexError, struct.error, ValueError):
        return {}


_INDEFINITE = 31
_BREAK = object()


def _cbor_item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    major, info = data[at] >> 5, data[at] & 31
    if data[at] == 0xFF:
        return _BREAK, at + 1
    if major == 7:
        return _cbor_simple(data, at, info)
    size, at = _cbor_size(data, at + 1, info)
    if major in (0, 1):
        return (size if major == 0 else -1 - (size or 0)), at
    if major in (2, 3):
        return _cbor_text(data, at, size, major, depth)
    if major == 6:
        return _cbor_item(data, at, depth + 1)
    items, at = _cbor_items(data, at, None if size is None else size * (major - 3), depth)
    return (items if major == 4 else dict(zip(items[::2], items[1::2], strict=True))), at


def _cbor_size(data: bytes, at: int, info: int) -> tuple[int | None, int]:
    if info < 24:
        return info, at
    if info == _INDEFINITE:
        return None, at
    width = 1 << (info - 24)
    return int.from_bytes(data[at : at + width], "big"), at + width


def _cbor_text(data: bytes, at: int, size: int | None, major: int, depth: int) -> tuple[Any, int]:
    if size is None:
        chunks, at = _cbor_items(data, at, None, depth)
        return ("" if major == 3 else b"").join(chunks), at
    chunk = data[at : at + size]
    return (chunk.decode("utf-8", "replace") if major == 3 else chunk), at + size


def _cbor_items(data: bytes, at: int, count: int | None, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while count is None or len(items) < count:
        item, at = _cbor_item(data, at, depth + 1)
        if item is _BREAK:
            break
        items.append(item)
    return items, at


def _cbor_simple(data: bytes, at: int, info: int) -> tuple[Any, int]:
    if info in (20, 21, 22, 23):
        return {20: False, 21: True}.get(info), at + 1
    width = {25: 2, 26: 4, 27: 8}[info]
    form = {25: ">e", 26: ">f", 27: ">d"}[info]
    return struct.unpack(form, data[at + 1 : at + 1 + width])[0], at + 1 + width
