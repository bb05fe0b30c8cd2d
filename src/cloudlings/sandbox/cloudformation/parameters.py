"""A stack's parameters: declared, given, checked, and as the values that functions see.

Source: CloudFormation User Guide, "Parameters"; "CloudFormation-supplied parameter types".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.invalid import Invalid

_TYPES = re.compile(
    r"String|Number|CommaDelimitedList|List<(Number|String|AWS::[\w:]+)>|AWS::(EC2|Route53|SSM)::[\w:]+"
    r"(<(String|CommaDelimitedList|List<[\w:]+>|AWS::[\w:]+)>)?"
)
_PROPERTIES = frozenset({
    "Type", "Default", "NoEcho", "AllowedValues", "AllowedPattern", "MaxLength", "MinLength", "MaxValue",
    "MinValue", "Description", "ConstraintDescription",
})  # fmt: skip
_LIMITS = ("MinLength", "MaxLength", "MinValue", "MaxValue")
_SSM = "AWS::SSM::Parameter::Value<"
LONGEST = 4096
LONGEST_MATCH = 0.2
"""Seconds that a pattern may take."""
# What an id of an AWS-specific type looks like; the types that are not here are names.
_IDS = {
    "AWS::EC2::VPC::Id": "vpc-", "AWS::EC2::Subnet::Id": "subnet-", "AWS::EC2::SecurityGroup::Id": "sg-",
    "AWS::EC2::Image::Id": "ami-", "AWS::EC2::Instance::Id": "i-", "AWS::EC2::Volume::Id": "vol-",
}  # fmt: skip

Declared = Mapping[str, Mapping[str, Any]]


def check(declared: Declared) -> None:
    """Whether parameters are declared as CloudFormation takes them. Raises Invalid."""
    for name, one in declared.items():
        kind = one.get("Type")
        if kind is None:
            raise Invalid("Template format error: Every Parameters object must contain a Type member.")
        if not isinstance(kind, str) or not _TYPES.fullmatch(kind):
            raise Invalid(f"Template format error: Unrecognized parameter type: {kind}")
        unknown = sorted(set(one) - _PROPERTIES)
        if unknown:
            raise Invalid(f"Invalid template parameter property '{unknown[0]}'")
        for limit in _LIMITS:
            if limit in one and _number(one[limit]) is None:
                raise Invalid(f"Template format error: {limit} of parameter '{name}' must be a number.")
        if not isinstance(one.get("AllowedValues", []), list):
            raise Invalid(f"Template format error: AllowedValues of parameter '{name}' must be a list.")
        if isinstance(one.get("Default"), dict | list):
            raise Invalid(f"Template format error: Every Default member must be a string. ({name})")


def fill(
    declared: Declared, given: Mapping[str, str | None], previous: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Every parameter's text: given, or (given as None) as it was before, or by default. Raises Invalid."""
    unknown = [name for name in given if name not in declared]
    if unknown:
        raise Invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    found, missing = {}, []
    for name, one in declared.items():
        value = given.get(name)
        if value is None and name in given:
            value = (previous or {}).get(name)
        if value is None and "Default" in one:
            value = text(one["Default"])
        if value is None:
            missing.append(name)
        else:
            found[name] = value
    if missing:
        raise Invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in found.items():
        _check_value(name, declared[name], value)
    return found


def ssm_names(declared: Declared, filled: Mapping[str, str]) -> dict[str, str]:
    """The parameters whose value is kept in Systems Manager, with its name there."""
    return {name: filled[name] for name, one in declared.items() if one["Type"].startswith(_SSM)}


def values(declared: Declared, filled: Mapping[str, str], looked_up: Mapping[str, str]) -> dict[str, Any]:
    """What Ref gives for each: a text, or a list. ``looked_up`` has what Systems Manager keeps."""
    found: dict[str, Any] = {}
    for name, value in filled.items():
        kind = str(declared[name]["Type"])
        if kind.startswith(_SSM):
            kind, value = kind.removeprefix(_SSM).removesuffix(">"), looked_up.get(name, value)
        is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
        found[name] = (
            [part.strip() for part in value.split(",")] if is_list and value else [] if is_list else value
        )
    return found


def hidden(declared: Mapping[str, Any]) -> bool:
    """Whether a parameter's value is never shown (NoEcho)."""
    return text(declared.get("NoEcho", "false")).lower() == "true"


def _check_value(name: str, one: Mapping[str, Any], value: str) -> None:
    kind = str(one["Type"])
    if len(value.encode()) > LONGEST:
        raise Invalid(f"Parameter '{name}' must contain at most {LONGEST} characters")
    if kind.startswith(_SSM):
        return
    parts = [part.strip() for part in value.split(",")] if kind.startswith(("List<", "Comma")) else [value]
    inner = kind.removeprefix("List<").removesuffix(">") if kind.startswith("List<") else kind
    for part in parts:
        _check_type(name, inner, part)
    _check_constraints(name, one, value, parts)


def _check_type(name: str, kind: str, value: str) -> None:
    if kind == "Number" and _number(value) is None:
        raise Invalid(f"Parameter '{name}' must be a number.")
    prefix = _IDS.get(kind)
    if prefix and not re.fullmatch(re.escape(prefix) + "[0-9a-f]{8,32}", value):
        raise Invalid(
            f"Parameter validation failed: parameter value {value} for parameter name {name} does not exist"
        )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _check_constraints(name: str, one: Mapping[str, Any], value: str, parts: list[str]) -> None:
    def refuse(words: str) -> None:
        described = one.get("ConstraintDescription")
        raise Invalid(f"Parameter {name} failed to satisfy constraint: {described or words}")

    allowed = one.get("AllowedValues")
    if isinstance(allowed, list) and not {text(each) for each in allowed}.issuperset(parts):
        if one.get("ConstraintDescription"):
            refuse("")
        raise Invalid(f"Parameter '{name}' must be one of AllowedValues")
    pattern = one.get("AllowedPattern")
    if pattern is not None and not all(_matches(name, str(pattern), part) for part in parts):
        refuse(f"must match pattern {pattern}") if one.get("ConstraintDescription") else None
        raise Invalid(f"Parameter '{name}' must match pattern {pattern}")
    if "MaxLength" in one and len(value) > float(one["MaxLength"]):
        refuse("") if one.get("ConstraintDescription") else None
        raise Invalid(f"Parameter '{name}' must contain at most {one['MaxLength']} characters")
    if "MinLength" in one and len(value) < float(one["MinLength"]):
        refuse("") if one.get("ConstraintDescription") else None
        raise Invalid(f"Parameter '{name}' must contain at least {one['MinLength']} characters")
    number = _number(value)
    if number is not None and "MaxValue" in one and number > float(one["MaxValue"]):
        raise Invalid(f"Parameter '{name}' must be a number not greater than {one['MaxValue']}")
    if number is not None and "MinValue" in one and number < float(one["MinValue"]):
        raise Invalid(f"Parameter '{name}' must be a number not less than {one['MinValue']}")


def _matches(name: str, pattern: str, value: str) -> bool:
    # re has no limit of time, and a pattern may take for ever over a short text.
    import regex

    try:
        return regex.fullmatch(pattern, value, timeout=LONGEST_MATCH) is not None
    except (regex.error, TimeoutError):
        raise Invalid(
            f"Template format error: AllowedPattern of parameter '{name}' is no regular expression that "
            "can be matched."
        ) from None
