"""Lengths, ranges, enumerations and patterns, as the services' own models say them.

AWS's services check a request against their model before anything else, and say which value breaks which
constraint. botocore ships those models, but checks only what is required and some minima before it sends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from cloudlings.sandbox import shapes
from cloudlings.sandbox.rules.registry import Given, Refusal, before

# The code that each service gives a value that breaks its model. Services that are not here check in
# another way, or their models say more than they enforce.
CODES = {
    "iam": "ValidationError",
    "sts": "ValidationError",
    "autoscaling": "ValidationError",
    "cloudformation": "ValidationError",
    "elbv2": "ValidationError",
    "cloudwatch": "ValidationError",
    "application-autoscaling": "ValidationException",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "kms": "ValidationException",
    "dynamodb": "ValidationException",
    "secretsmanager": "ValidationException",
    "ssm": "ValidationException",
    "events": "ValidationException",
    "scheduler": "ValidationException",
    "pipes": "ValidationException",
    "stepfunctions": "ValidationException",
    "kinesis": "ValidationException",
    "firehose": "ValidationException",
    "ecr": "InvalidParameterException",
    "cognito-idp": "InvalidParameterException",
    "acm": "ValidationException",
    "athena": "InvalidRequestException",
    "organizations": "InvalidInputException",
    "wafv2": "ValidationException",
    "efs": "ValidationException",
    "budgets": "ValidationException",
}
# Called too often, and carrying too much, to be looked through; each has limits of its own elsewhere.
_NOT_LOOKED_AT = {
    ("logs", "PutLogEvents"), ("cloudwatch", "PutMetricData"), ("dynamodb", "PutItem"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "UpdateItem"), ("dynamodb", "Query"), ("kinesis", "PutRecord"), ("kinesis", "PutRecords"),
}  # fmt: skip
# Constraints of the models that the services do not hold to.
_NOT_ENFORCED = {
    ("lambda", "Runtime"), ("lambda", "FunctionVersion"), ("iam", "policyDocumentType"), ("sts", "tokenType"),
    ("sts", "sessionPolicyDocumentType"), ("sts", "unrestrictedSessionPolicyDocumentType"),
    ("secretsmanager", "SecretIdType"), ("cloudwatch", "TreatMissingData"), ("iam", "AttachmentName"),
}  # fmt: skip
_POLICIES = re.compile(r"[Pp]olicy(Document|Content)")


@dataclass(frozen=True)
class Limit:
    """One constraint of a model: whether a value keeps to it, and AWS's words for it."""

    keeps: Callable[[Any], bool]
    words: str


@before("*", "*")
def model_constraints(given: Given) -> Refusal | None:
    """A request keeps to the lengths, ranges, values and patterns of the service's model.

    Source: the service models that AWS publishes (in botocore); each service's "Common Errors",
    ValidationError or ValidationException.
    """
    service, operation = given.call.service, given.call.operation
    code = CODES.get(service)
    if code is None or (service, operation) in _NOT_LOOKED_AT or given.call.source == "grader":
        return None
    name = shapes.input_shape(service, operation)
    if not name or not is_limited(service, name):
        return None
    broken = list(_broken(service, name, given.input, ""))
    if not broken:
        return None
    plural = "error" if len(broken) == 1 else "errors"
    return Refusal(code, f"{len(broken)} validation {plural} detected: {'; '.join(broken)}")


def _broken(service: str, name: str, value: Any, place: str) -> Iterator[str]:
    shape = shapes.model(service)["shapes"][name]
    for limit in limits(service, name):
        if not limit.keeps(value):
            shown = "" if _is_secret(shape) else f"'{_shown(value)}' "
            yield f"Value {shown}at '{place}' failed to satisfy constraint: {limit.words}"
    yield from _inside(service, shape, value, place)


def _inside(service: str, shape: dict[str, Any], value: Any, place: str) -> Iterator[str]:
    if shape["type"] == "structure" and isinstance(value, dict):
        for member, where in shape["members"].items():
            if value.get(member) is not None and is_limited(service, where["shape"]):
                below = f"{place}.{_first_small(member)}" if place else _first_small(member)
                yield from _broken(service, where["shape"], value[member], below)
    elif (
        shape["type"] == "list" and isinstance(value, list) and is_limited(service, shape["member"]["shape"])
    ):
        for number, each in enumerate(value, 1):
            yield from _broken(service, shape["member"]["shape"], each, f"{place}.{number}.member")
    elif shape["type"] == "map" and isinstance(value, dict):
        for key, each in value.items():
            yield from _broken(service, shape["key"]["shape"], key, place)
            yield from _broken(service, shape["value"]["shape"], each, f"{place}.{key}.member")


def _first_small(name: str) -> str:
    return name[:1].lower() + name[1:]


def _is_secret(shape: dict[str, Any]) -> bool:
    return bool(shape.get("sensitive"))


def _shown(value: Any) -> str:
    text = f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
    return text if len(text) <= 2000 else f"{text[:2000]}…"


@lru_cache(maxsize=4096)
def is_limited(service: str, name: str, _above: frozenset[str] = frozenset()) -> bool:
    """Whether anything in a shape has a constraint."""
    if name in _above:
        return False
    shape = shapes.model(service)["shapes"][name]
    if limits(service, name):
        return True
    inside = [where["shape"] for where in shape.get("members", {}).values()]
    inside += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
    return any(is_limited(service, each, _above | {name}) for each in inside)


@cache
def limits(service: str, name: str) -> tuple[Limit, ...]:
    """The constraints of one shape, its members' aside."""
    shape = shapes.model(service)["shapes"][name]
    if (service, name) in _NOT_ENFORCED or _POLICIES.search(name):
        return ()
    kind = shape["type"]
    if kind in ("integer", "long", "float", "double"):
        return tuple(_range(shape, "value", lambda v: v if isinstance(v, int | float) else 0))
    if kind in ("list", "map"):
        return tuple(_range(shape, "length", len))
    if kind != "string":
        return ()
    found = list(_range(shape, "length", lambda v: len(v) if isinstance(v, str) else 1))
    if shape.get("enum"):
        values = shape["enum"]
        words = f"Member must satisfy enum value set: [{', '.join(values)}]"
        found.append(Limit(lambda v: v in values, words))
    pattern = _pattern(shape.get("pattern", ""))
    if pattern is not None:
        words = f"Member must satisfy regular expression pattern: {shape['pattern']}"
        found.append(Limit(lambda v: not isinstance(v, str) or pattern.fullmatch(v) is not None, words))
    return tuple(found)


def _range(shape: dict[str, Any], what: str, size: Callable[[Any], Any]) -> Iterator[Limit]:
    least, most = shape.get("min"), shape.get("max")
    if least is not None:
        yield Limit(lambda v: size(v) >= least, f"Member must have {what} greater than or equal to {least}")
    if most is not None:
        yield Limit(lambda v: size(v) <= most, f"Member must have {what} less than or equal to {most}")


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """A model's pattern, where Python reads it as Java does; None elsewhere."""
    # Surrogates are half a character to Java, and none to Python.
    if not text or "\\p{" in text or "&&" in text or "D800" in text.upper() or "DBFF" in text.upper():
        return None
    try:
        return re.compile(text, re.DOTALL)
    except re.error:
        return None
