"""Requests and responses as the values that boto3 takes and gives, by the service models of botocore.

What rules look at has boto3's names, whatever protocol it came by. Read here: forms (EC2, Query), JSON,
CBOR, REST and XML; written: forms, JSON, XML. botocore itself does the opposite directions (it writes
requests and reads responses), and importing it would cost the gateway its start.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree

from cloudlings.sandbox.authorization.inputs import _cbor
from cloudlings.sandbox.model import Call, Request, Response
from cloudlings.sandbox.operations import _load_model, service_index

Model = dict[str, Any]
Value = Any
_INTEGERS = ("integer", "long")
_FLOATS = ("float", "double")


@lru_cache(maxsize=64)
def model(service: str) -> Model:
    """A service's model, without its prose."""
    loaded = _load_model(service)
    for shape in loaded["shapes"].values():
        shape.pop("documentation", None)
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)
    for operation in loaded["operations"].values():
        operation.pop("documentation", None)
    return loaded


def input_shape(service: str, operation: str) -> str:
    """The name of an operation's input; "" when it takes nothing."""
    spec = model(service)["operations"].get(operation, {})
    name: str = spec.get("input", {}).get("shape", "")
    return name


def output_of(service: str, operation: str) -> Mapping[str, Any]:
    """An operation's output: its shape and, in Query, the element around it."""
    found: Mapping[str, Any] = model(service)["operations"][operation].get("output", {})
    return found


# --- requests, read --------------------------------------------------------------------------------


def read_input(call: Call) -> dict[str, Value]:
    """What a request asks for. {} for a body that cannot be read: the emulator is the one to refuse it."""
    shape = input_shape(call.service, call.operation)
    if not shape:
        return {}
    request = call.request
    try:
        if request.header("smithy-protocol") == "rpc-v2-cbor":
            found = _cbor(request.content)
        elif request.form.get("Action") or request.query.get("Action"):
            found = read_form(call.service, shape, {**request.query, **request.form})
        elif service_index(call.service).protocol.startswith("rest"):
            found = _read_rest(call, shape)
        else:
            found = json.loads(request.content or b"{}")
    except (ValueError, RecursionError, ElementTree.ParseError):
        return {}
    return found if isinstance(found, dict) else {}


def read_form(service: str, shape: str, form: Mapping[str, str]) -> dict[str, Value]:
    """A form's parameters (``IpPermissions.1.FromPort``) as the values of a structure."""
    root: dict[str, Any] = {}
    for name, text in form.items():
        node: Any = root
        *above, last = name.split(".")
        for part in above[:24]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        if isinstance(node, dict):
            node.setdefault(last, text)
    found: dict[str, Value] = _from_form(_Reader(service), {"shape": shape}, root) or {}
    return found


class _Reader:
    """What the reading functions need of a model."""

    def __init__(self, service: str) -> None:
        self.shapes = model(service)["shapes"]
        self.ec2 = service_index(service).protocol == "ec2"

    def in_form(self, name: str, member: Mapping[str, Any]) -> str:
        """What a structure's member is called in a form."""
        found: str = member.get("locationName", name)
        if self.ec2:
            queried: str = member.get("queryName") or found[:1].upper() + found[1:]
            return queried
        shape = self.shapes[member["shape"]]
        if shape.get("flattened") or member.get("flattened"):
            inner: str = shape.get("member", {}).get("locationName", found)
            return inner
        return found


def _from_form(reader: _Reader, where: Mapping[str, Any], node: Any) -> Value:
    shape = reader.shapes[where["shape"]]
    kind = shape["type"]
    if kind == "structure":
        if not isinstance(node, dict):
            return None
        pairs = ((n, m, node.get(reader.in_form(n, m))) for n, m in shape["members"].items())
        return {name: _from_form(reader, member, below) for name, member, below in pairs if below is not None}
    if kind == "list":
        return [_from_form(reader, shape["member"], each) for each in _numbered(node, shape["member"])]
    if kind == "map":
        entries = _numbered(node.get("entry", node) if isinstance(node, dict) else node, {})
        key, value = shape["key"].get("locationName", "key"), shape["value"].get("locationName", "value")
        return {str(each.get(key)): _from_form(reader, shape["value"], each.get(value)) for each in entries}
    return _cast(kind, node)


def _numbered(node: Any, member: Mapping[str, Any]) -> list[Any]:
    if not isinstance(node, dict):
        return []
    for name in (member.get("locationName"), "member"):
        inside = node.get(name) if name else None
        if isinstance(inside, dict):
            node = inside
            break
    return [node[key] for key in sorted((k for k in node if k.isdecimal()), key=int)]


def _cast(kind: str, text: Any) -> Value:
    if not isinstance(text, str):
        return text
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    except ValueError:
        return text
    return text.lower() == "true" if kind == "boolean" else text


def _read_rest(call: Call, shape_name: str) -> dict[str, Value]:
    reader, request = _Reader(call.service), call.request
    shape = reader.shapes[shape_name]
    found: dict[str, Value] = dict(_labels(call))
    query = request.query
    for name, member in shape["members"].items():
        kind = reader.shapes[member["shape"]]["type"]
        wire = member.get("locationName", name)
        if member.get("location") == "querystring" and wire in query:
            found[name] = _cast(kind, query[wire])
        elif member.get("location") == "header" and request.header(wire.lower()):
            found[name] = _cast(kind, request.header(wire.lower()))
    payload = shape.get("payload")
    if payload:
        member = shape["members"][payload]
        if reader.shapes[member["shape"]]["type"] == "structure" and request.body:
            found[payload] = _read_body(call, reader, member)
    elif request.body:
        found |= _read_body(call, reader, {"shape": shape_name})
    return found


def _read_body(call: Call, reader: _Reader, where: Mapping[str, Any]) -> dict[str, Value]:
    body = call.request.body
    if service_index(call.service).protocol == "rest-json":
        loaded = json.loads(body)
        members = reader.shapes[where["shape"]]["members"]
        names: dict[str, str] = {member.get("locationName", name): name for name, member in members.items()}
        return {names.get(str(k), str(k)): v for k, v in loaded.items()} if isinstance(loaded, dict) else {}
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        return {}
    found: dict[str, Value] = _from_xml(reader, where, _bare(ElementTree.fromstring(body)))
    return found


def _labels(call: Call) -> Iterator[tuple[str, str]]:
    """The members of a REST operation that are in its path."""
    spec = model(call.service)["operations"][call.operation]
    members = model(call.service)["shapes"][spec["input"]["shape"]]["members"]
    by_label = {m.get("locationName", n): n for n, m in members.items() if m.get("location") == "uri"}
    pattern = spec["http"]["requestUri"].partition("?")[0].strip("/").split("/")
    parts = call.request.raw_path.strip("/").split("/")
    if call.service == "s3":
        bucket, _, key = call.resource.removeprefix("arn:aws:s3:::").partition("/")
        yield from {"Bucket": bucket, "Key": key}.items()
        return
    for label, part in zip(pattern, parts, strict=False):
        if label.startswith("{"):
            name = label.strip("{}").removesuffix("+")
            rest = "/".join(parts[pattern.index(label) :]) if label.endswith("+}") else part
            yield by_label.get(name, name), unquote(rest)


# --- XML -------------------------------------------------------------------------------------------


def _bare(element: ElementTree.Element) -> ElementTree.Element:
    """The same tree without namespaces."""
    for each in element.iter():
        each.tag = each.tag.rpartition("}")[2]
    return element


def _from_xml(reader: _Reader, where: Mapping[str, Any], element: ElementTree.Element) -> Value:
    shape = reader.shapes[where["shape"]]
    kind = shape["type"]
    if kind == "structure":
        found = {}
        for name, member in shape["members"].items():
            value = _member_from_xml(reader, name, member, element)
            if value is not None:
                found[name] = value
        return found
    if kind == "list":
        return [_from_xml(reader, shape["member"], child) for child in element]
    if kind == "map":
        key, value = shape["key"].get("locationName", "key"), shape["value"].get("locationName", "value")
        return {e.findtext(key, ""): _cast("string", e.findtext(value, "")) for e in element}
    return _cast(kind, element.text or "")


def _member_from_xml(
    reader: _Reader, name: str, member: Mapping[str, Any], element: ElementTree.Element
) -> Value:
    shape = reader.shapes[member["shape"]]
    wire = member.get("locationName", name)
    if shape.get("flattened") or member.get("flattened"):
        wire = shape.get("member", {}).get("locationName", wire) if "locationName" not in member else wire
        found = element.findall(wire)
        return [_from_xml(reader, shape["member"], each) for each in found] if found else None
    child = element.find(wire)
    return None if child is None else _from_xml(reader, member, child)


def read_output(service: str, operation: str, response: Response) -> dict[str, Value]:
    """What a response says. {} for an empty or unreadable one."""
    output = output_of(service, operation)
    if not output or not response.body:
        return {}
    try:
        if response.body.lstrip()[:1] in (b"{", b"["):
            found = json.loads(response.body)
            return found if isinstance(found, dict) else {}
        if dict(response.headers).get("smithy-protocol"):
            found = _cbor(response.body)
            return found if isinstance(found, dict) else {}
        root = _bare(ElementTree.fromstring(response.body))
    except (ValueError, ElementTree.ParseError):
        return {}
    wrapper = output.get("resultWrapper")
    inside = root.find(wrapper) if wrapper else root
    shape = model(service)["shapes"][output["shape"]]
    if shape.get("payload"):
        member = shape["members"][shape["payload"]]
        return {shape["payload"]: _from_xml(_Reader(service), member, root)}
    read: dict[str, Value] = _from_xml(_Reader(service), output, root if inside is None else inside)
    return read


def write_output(service: str, operation: str, response: Response, value: dict[str, Value]) -> Response:
    """The response with another content."""
    if response.body.lstrip()[:1] == b"{":
        return Response(response.status, _resized(response), json.dumps(value).encode())
    space = model(service)["metadata"].get("xmlNamespace") or ""
    space = space["uri"] if isinstance(space, dict) else space
    if service_index(service).protocol == "ec2":
        space = f"http://ec2.amazonaws.com/doc/{service_index(service).version}/"
    root = ElementTree.Element(f"{operation}Response", {"xmlns": space} if space else {})
    output = output_of(service, operation)
    wrapper = output.get("resultWrapper")
    inside = ElementTree.SubElement(root, wrapper) if wrapper else root
    if output:
        _to_xml(_Reader(service), output, inside, value)
    number = dict(response.headers).get("x-amzn-requestid", "")
    if wrapper:
        ElementTree.SubElement(ElementTree.SubElement(root, "ResponseMetadata"), "RequestId").text = number
    else:
        ElementTree.SubElement(root, "requestId").text = number
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(response.status, _resized(response), body)


def new_output(call: Call, value: dict[str, Value]) -> Response:
    """A response of the gateway's own, in the protocol that the call came by. Dates are epoch seconds."""
    service, operation = call.service, call.operation
    number = ("x-amzn-requestid", str(uuid.uuid4()))
    reader, output = _Reader(service), output_of(service, operation)
    if service_index(service).protocol in ("query", "ec2", "rest-xml"):
        content_type = ("content-type", "text/xml;charset=UTF-8")
        written = _on_the_wire(reader, output, value, "iso8601") if output else {}
        return write_output(service, operation, Response(200, (content_type, number)), written)
    version = model(service)["metadata"].get("jsonVersion")
    kind = f"application/x-amz-json-{version}" if version else "application/json"
    written = _on_the_wire(reader, output, value, "unixTimestamp") if output else {}
    return Response(200, (("content-type", kind), number), json.dumps(written).encode())


def query_output(service: str, operation: str, value: dict[str, Value]) -> Response:
    """A response in the Query protocol, for a service that speaks others too. Dates are epoch seconds."""
    output = output_of(service, operation)
    written = _on_the_wire(_Reader(service), output, value, "iso8601") if output else {}
    headers = (("content-type", "text/xml;charset=UTF-8"), ("x-amzn-requestid", str(uuid.uuid4())))
    return write_output(service, operation, Response(200, headers), written)


def _on_the_wire(reader: _Reader, where: Mapping[str, Any], value: Value, dates: str) -> Value:
    """A value with its dates as the protocol writes them, and blobs in base64."""
    shape = reader.shapes[where["shape"]]
    match shape["type"]:
        case "structure":
            members = shape["members"]
            return {k: _on_the_wire(reader, members[k], v, dates) for k, v in value.items() if v is not None}
        case "list":
            return [_on_the_wire(reader, shape["member"], each, dates) for each in value]
        case "map":
            return {k: _on_the_wire(reader, shape["value"], v, dates) for k, v in value.items()}
        case "timestamp":
            as_text = (where.get("timestampFormat") or shape.get("timestampFormat") or dates) == "iso8601"
            return _iso(value) if as_text else value
        case "blob":
            return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
    return value


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _resized(response: Response) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in response.headers if pair[0] not in ("content-length", "x-amz-crc32"))


def _to_xml(reader: _Reader, where: Mapping[str, Any], element: ElementTree.Element, value: Value) -> None:
    shape = reader.shapes[where["shape"]]
    kind = shape["type"]
    if kind == "structure":
        for name, member in shape["members"].items():
            if value.get(name) is not None:
                _member_to_xml(reader, name, member, element, value[name])
    elif kind == "list":
        tag = shape["member"].get("locationName", "member")
        for each in value:
            _to_xml(reader, shape["member"], ElementTree.SubElement(element, tag), each)
    elif kind == "map":
        for key, each in value.items():
            entry = ElementTree.SubElement(element, "entry")
            ElementTree.SubElement(entry, shape["key"].get("locationName", "key")).text = key
            ElementTree.SubElement(entry, shape["value"].get("locationName", "value")).text = str(each)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def _member_to_xml(
    reader: _Reader, name: str, member: Mapping[str, Any], element: ElementTree.Element, value: Value
) -> None:
    shape = reader.shapes[member["shape"]]
    wire = member.get("locationName", name)
    if shape.get("flattened") or member.get("flattened"):
        for each in value:
            _to_xml(reader, shape["member"], ElementTree.SubElement(element, wire), each)
    else:
        _to_xml(reader, member, ElementTree.SubElement(element, wire), value)


# --- requests, written -----------------------------------------------------------------------------


def write_input(service: str, operation: str, value: Mapping[str, Value]) -> Request:
    """A request of the gateway's own, unsigned."""
    index = service_index(service)
    shape = input_shape(service, operation)
    if index.protocol.startswith("rest"):
        return _write_rest(service, operation, value)
    if index.protocol in ("query", "ec2"):
        form = {"Action": operation, "Version": index.version}
        if shape:
            form |= dict(_to_form(_Reader(service), {"shape": shape}, "", value))
        headers = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
        return Request("POST", "/", "", headers, urlencode(form).encode())
    version = model(service)["metadata"].get("jsonVersion", "1.0")
    return Request(
        "POST",
        "/",
        "",
        (
            ("content-type", f"application/x-amz-json-{version}"),
            ("x-amz-target", f"{index.target_prefix}.{operation}"),
        ),
        json.dumps(value).encode(),
    )


def _to_form(
    reader: _Reader, where: Mapping[str, Any], prefix: str, value: Value
) -> Iterator[tuple[str, str]]:
    shape = reader.shapes[where["shape"]]
    kind = shape["type"]
    if kind == "structure":
        for name, member in shape["members"].items():
            if value.get(name) is not None:
                wire = reader.in_form(name, member)
                yield from _to_form(reader, member, f"{prefix}.{wire}" if prefix else wire, value[name])
    elif kind == "list":
        flat = reader.ec2 or shape.get("flattened") or where.get("flattened")
        inner = "" if flat else "." + shape["member"].get("locationName", "member")
        for number, each in enumerate(value, 1):
            yield from _to_form(reader, shape["member"], f"{prefix}{inner}.{number}", each)
    elif kind == "map":
        for number, (key, each) in enumerate(value.items(), 1):
            yield f"{prefix}.entry.{number}.key", key
            yield f"{prefix}.entry.{number}.value", str(each)
    else:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)


def _write_rest(service: str, operation: str, value: Mapping[str, Value]) -> Request:
    spec = model(service)["operations"][operation]
    members = model(service)["shapes"].get(spec.get("input", {}).get("shape"), {}).get("members", {})
    path, _, fixed = spec["http"]["requestUri"].partition("?")
    query: dict[str, str] = {}
    headers: list[tuple[str, str]] = []
    body: dict[str, Value] = {}
    for name, each in value.items():
        member = members[name]
        wire = member.get("locationName", name)
        match member.get("location"):
            case "uri":
                path = path.replace("{" + wire + "}", quote(str(each), safe=""))
                path = path.replace("{" + wire + "+}", quote(str(each), safe="/"))
            case "querystring":
                query[wire] = str(each)
            case "header":
                headers.append((wire.lower(), str(each)))
            case _:
                body[wire] = each
    text = "&".join(filter(None, (fixed, urlencode(query))))
    content = json.dumps(body).encode() if body else b""
    if body:
        headers.append(("content-type", "application/json"))
    return Request(spec["http"]["method"], path, text, tuple(headers), content)
