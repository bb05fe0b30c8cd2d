"""AWS's own schema of every resource type: its properties, and what CloudFormation says of wrong ones.

The schemas are those of the CloudFormation registry, as cfn-lint carries them (its data only: importing
cfn-lint would cost the gateway a second). Source of the words: CloudFormation User Guide, "Troubleshooting
CloudFormation", and what stacks' events say ("Properties validation failed for resource …").
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cloudlings.sandbox.cloudformation.functions import NO_VALUE, function_of, text

_REGION = "us-east-1"
_DEEPEST = 20


@lru_cache(maxsize=1)
def _folder() -> Path:
    found = importlib.util.find_spec("cfnlint")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "schemas"


@lru_cache(maxsize=1)
def known_types() -> Mapping[str, str]:
    """Every resource type that AWS has, with the name of its schema's file."""
    found: dict[str, str] = json.loads((_folder() / "providers" / f"{_REGION}.json").read_text())
    return found


@lru_cache(maxsize=256)
def of(kind: str) -> Mapping[str, Any]:
    """A type's schema. Raises KeyError for a type that AWS does not have."""
    found: dict[str, Any] = json.loads((_folder() / "resources" / f"{known_types()[kind]}.json").read_text())
    return found


def read_only(kind: str) -> frozenset[str]:
    """The attributes that only the service gives: ``Arn``, ``Endpoint.Address``."""
    return frozenset(_paths(kind, "readOnlyProperties"))


def create_only(kind: str) -> frozenset[str]:
    """The properties whose change replaces a resource, as dotted paths."""
    return frozenset(
        (*_paths(kind, "createOnlyProperties"), *_paths(kind, "conditionalCreateOnlyProperties"))
    )


def maybe_replaced(kind: str) -> frozenset[str]:
    """The properties whose change may replace a resource, depending on the change."""
    return frozenset(_paths(kind, "conditionalCreateOnlyProperties"))


def _paths(kind: str, which: str) -> Iterator[str]:
    for path in of(kind).get(which, ()):
        yield str(path).removeprefix("/properties/").replace("/", ".")


def properties(kind: str) -> Mapping[str, Any]:
    """The properties that a template may give."""
    hidden = {name for name in read_only(kind) if "." not in name}
    return {name: each for name, each in of(kind).get("properties", {}).items() if name not in hidden}


def tag_property(kind: str) -> str:
    """The property that holds a type's tags; "" for a type without."""
    tagging = of(kind).get("tagging") or {}
    name = str(tagging.get("tagProperty", "/properties/Tags")).removeprefix("/properties/")
    return name if tagging.get("taggable", True) and name in properties(kind) else ""


def faults(kind: str, values: Mapping[str, Any]) -> list[str]:
    """What is wrong with a resource's properties, each in AWS's words; functions are taken as right."""
    schema = of(kind)
    return list(_faults(schema, schema, {k: v for k, v in values.items() if v is not NO_VALUE}, "#", 0))


def _faults(
    root: Mapping[str, Any], node: Mapping[str, Any], value: Any, path: str, depth: int
) -> Iterator[str]:
    if function_of(value) or depth > _DEEPEST:
        yield from _of_branches(root, node, value, path, depth)
        return
    node = _followed(root, node)
    wrong = _wrong_type(node, value)
    if wrong:
        yield f"{path}: expected type: {wrong}, found: {_found(value)}"
    elif isinstance(value, dict):
        yield from _of_object(root, node, value, path, depth)
    elif isinstance(value, list):
        items = node.get("items")
        if isinstance(items, dict):
            for number, each in enumerate(value):
                yield from _faults(root, items, each, f"{path}/{number}", depth + 1)
    elif "enum" in node and text(value) not in {text(each) for each in node["enum"]}:
        yield f"{path}: {text(value)} is not a valid enum value"


def _of_branches(
    root: Mapping[str, Any], node: Mapping[str, Any], value: Any, path: str, depth: int
) -> Iterator[str]:
    branches = value.get("Fn::If") if isinstance(value, dict) else None
    if isinstance(branches, list) and len(branches) == 3 and depth <= _DEEPEST:
        for each in branches[1:]:
            yield from _faults(root, node, each, path, depth + 1)


def _of_object(
    root: Mapping[str, Any], node: Mapping[str, Any], value: Mapping[str, Any], path: str, depth: int
) -> Iterator[str]:
    members, closed = _members(root, node)
    for name in node.get("required", ()):
        if name not in value:
            yield f"{path}: required key [{name}] not found"
    for name, each in value.items():
        if name in members:
            yield from _faults(root, members[name], each, f"{path}/{name}", depth + 1)
        elif closed:
            yield f"{path}: extraneous key [{name}] is not permitted"


def _members(root: Mapping[str, Any], node: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """A structure's members, those of its alternatives too, and whether it takes no others."""
    found = dict(node.get("properties", {}))
    if node is root:
        found = {
            k: v for k, v in found.items() if f"/properties/{k}" not in root.get("readOnlyProperties", ())
        }
    closed = node.get("additionalProperties") is False and not node.get("patternProperties")
    for way in ("anyOf", "oneOf", "allOf"):
        for each in node.get(way, ()):
            found |= _followed(root, each).get("properties", {})
    return found, closed


def _followed(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" not in node:
            break
        found: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found.get(part, {})
        node = found
    return node


_NAMES = {"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean",
          "array": "JSONArray", "object": "JSONObject"}  # fmt: skip


def _wrong_type(node: Mapping[str, Any], value: Any) -> str:
    """The type that a value should have; "" where it has it, as CloudFormation converts texts."""
    kinds = node.get("type")
    every = [kinds] if isinstance(kinds, str) else list(kinds or ())
    if not every or any(_fits(kind, value) for kind in every):
        return ""
    return _NAMES.get(every[0], every[0])


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str | int | float)
        case "integer" | "number":
            return not isinstance(value, bool) and _number(value)
        case "boolean":
            return text(value).lower() in ("true", "false")
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    return True


def _number(value: Any) -> bool:
    if isinstance(value, str) and "{{resolve:" in value:
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _found(value: Any) -> str:
    match value:
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Number"
        case str():
            return "String"
        case list():
            return "JSONArray"
        case None:
            return "Null"
    return "JSONObject"
