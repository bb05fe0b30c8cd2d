"""Values of a template as an API takes them: names in its spelling, texts as numbers, documents as JSON.

CloudFormation's properties are mostly an API's parameters by the same names, with the API's own capitals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox import shapes
from cloudlings.sandbox.cloudformation.functions import NO_VALUE, function_of, text

Renames = Mapping[str, str]


class Unfit(Exception):
    """A value that has no place in an API's parameters: where it is, and what is wrong."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def members(service: str, operation: str) -> Mapping[str, str]:
    """An operation's parameters: their shapes' names by their own."""
    shape = shapes.input_shape(service, operation)
    found = shapes.model(service)["shapes"].get(shape, {}).get("members", {})
    return {name: member["shape"] for name, member in found.items()}


def member_named(names: Mapping[str, Any], wanted: str) -> str:
    """A name in its own spelling; "" when there is none like it."""
    if wanted in names:
        return wanted
    return next((name for name in names if name.lower() == wanted.lower()), "")


def fit(service: str, shape: str, value: Any, path: str, renames: Renames) -> Any:
    """A value as a shape takes it; a function that is not resolved yet stays. Raises Unfit."""
    if value is NO_VALUE or function_of(value):
        return value
    spec = shapes.model(service)["shapes"][shape]
    match spec["type"]:
        case "structure":
            return _structure(service, spec, value, path, renames)
        case "list":
            if isinstance(value, dict):
                value = [{"Key": key, "Value": each} for key, each in value.items()]
            every = value if isinstance(value, list) else [value]
            inner = spec["member"]["shape"]
            return [fit(service, inner, each, f"{path}/{n}", renames) for n, each in enumerate(every)]
        case "map":
            return {
                key: fit(service, spec["value"]["shape"], each, f"{path}/{key}", renames)
                for key, each in _pairs(value, path).items()
            }
    return _scalar(spec["type"], value, path)


def _structure(
    service: str, spec: Mapping[str, Any], value: Any, path: str, renames: Renames
) -> dict[str, Any]:
    if spec.get("document") or not spec["members"]:
        found: dict[str, Any] = value
        return found
    if not isinstance(value, dict):
        raise Unfit(path, "an object is needed")
    fitted = {}
    for name, each in value.items():
        known = member_named(spec["members"], renames.get(name, name))
        if not known:
            raise Unfit(f"{path}/{name}", "this part of the property is not carried out by the sandbox")
        shape = spec["members"][known]["shape"]
        fitted[known] = fit(service, shape, each, f"{path}/{name}", renames)
    return fitted


def _pairs(value: Any, path: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(each, dict) and "Key" in each for each in value):
        return {each["Key"]: each.get("Value", "") for each in value}
    raise Unfit(path, "an object is needed")


def _scalar(kind: str, value: Any, path: str) -> Any:
    try:
        match kind:
            case "integer" | "long":
                return int(value) if not isinstance(value, float) or value.is_integer() else _no(value)
            case "float" | "double":
                return float(value)
            case "boolean":
                return {"true": True, "false": False}[text(value).lower()]
            case "blob":
                return value if isinstance(value, bytes) else str(value).encode()
            case "string":
                return json.dumps(value) if isinstance(value, dict | list) else text(value)
    except (TypeError, ValueError, KeyError):
        raise Unfit(path, f"{text(value)!r} is no {kind}") from None
    return value


def _no(value: Any) -> int:
    raise ValueError(value)
