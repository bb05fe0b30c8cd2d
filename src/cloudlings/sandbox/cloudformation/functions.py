"""Intrinsic functions: a template's values as they are once everything that they refer to is known.

Source: CloudFormation Template Reference, "Intrinsic function reference", "Pseudo parameters reference".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

from cloudlings.sandbox.cloudformation.invalid import Invalid

NO_VALUE: Final = object()
"""What AWS::NoValue stands for: the property is not there."""
PSEUDO = frozenset({
    "AWS::AccountId", "AWS::NotificationARNs", "AWS::NoValue", "AWS::Partition", "AWS::Region",
    "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
})  # fmt: skip
LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What a value that only the account can give is taken for, while changes are looked at."""


@dataclass(frozen=True)
class Scope:
    """What functions may refer to.

    ``parameters`` with the pseudo parameters; ``ref`` and ``attribute`` give a resource's; ``zones`` by
    Region; ``exports`` by name (None: any import is taken as known later).
    """

    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    ref: Callable[[str], Any] = lambda _name: LATER
    attribute: Callable[[str, str], Any] = lambda _name, _attribute: LATER
    zones: Mapping[str, Sequence[str]] = field(default_factory=dict)
    exports: Mapping[str, str] | None = None


Function = Callable[[Any, Scope], Any]
_FUNCTIONS: dict[str, Function] = {}


def _named(*names: str) -> Callable[[Function], Function]:
    def mark(function: Function) -> Function:
        for name in names:
            _FUNCTIONS[name] = function
        return function

    return mark


def resolve(value: Any, scope: Scope) -> Any:
    """A value with its functions resolved; members that are AWS::NoValue are left out. Raises Invalid."""
    if isinstance(value, dict):
        name = function_of(value)
        if name:
            return _FUNCTIONS[name](value[name], scope)
        found = {str(key): resolve(each, scope) for key, each in value.items()}
        return {key: each for key, each in found.items() if each is not NO_VALUE}
    if isinstance(value, list):
        return [each for each in (resolve(one, scope) for one in value) if each is not NO_VALUE]
    return value


def function_of(value: Any) -> str:
    """The function that a value is a call of; "" for a plain value. Raises Invalid for an unknown one."""
    if not isinstance(value, dict) or len(value) != 1:
        return ""
    name = str(next(iter(value)))
    if name in _FUNCTIONS and (name != "Condition" or isinstance(value[name], str)):
        return name
    if name.startswith("Fn::"):
        supported = ", ".join(sorted(each for each in _FUNCTIONS if each.startswith("Fn::")))
        raise Invalid(
            f"Template error: Encountered unsupported function: {name} Supported functions are: [{supported}]"
        )
    return ""


def text(value: Any) -> str:
    """A scalar as CloudFormation writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def holds(name: str, scope: Scope, asked: tuple[str, ...] = ()) -> bool:
    """Whether a condition of the template's is met. Raises Invalid for one that is not there, or circular."""
    if name not in scope.conditions:
        raise Invalid(f"Template format error: Unresolved condition dependency {name} in the template")
    if name in asked:
        raise Invalid(f"Template error: Circular dependency between conditions: [{', '.join(asked)}]")
    return _truth(scope.conditions[name], scope, (*asked, name))


def _truth(value: Any, scope: Scope, asked: tuple[str, ...] = ()) -> bool:
    if isinstance(value, dict) and len(value) == 1:
        (name, of), *_ = value.items()
        if name == "Condition":
            return holds(str(of), scope, asked)
        if name in ("Fn::And", "Fn::Or"):
            if not isinstance(of, list) or not 2 <= len(of) <= 10:
                raise Invalid(
                    f"Template error: every {name} object requires a list of at least 2 and at most 10 "
                    "boolean parameters."
                )
            every = [_truth(each, scope, asked) for each in of]
            return all(every) if name == "Fn::And" else any(every)
        if name == "Fn::Not":
            if not isinstance(of, list) or len(of) != 1:
                raise Invalid("Template error: Fn::Not requires a list argument with one function token")
            return not _truth(of[0], scope, asked)
    found = resolve(value, scope)
    if isinstance(found, bool) or text(found) in ("true", "false"):
        return text(found) == "true"
    raise Invalid("Template format error: Every Condition member must resolve to a boolean.")


@_named("Fn::And", "Fn::Or", "Fn::Not", "Condition")
def _condition(_of: Any, _scope: Scope) -> Any:
    raise Invalid("Template error: Fn::And, Fn::Or, Fn::Not and Condition are for conditions only.")


@_named("Fn::Equals")
def _equals(of: Any, scope: Scope) -> bool:
    if not isinstance(of, list) or len(of) != 2:
        raise Invalid("Template error: every Fn::Equals object requires a list of 2 string parameters.")
    left, right = (resolve(each, scope) for each in of)
    return text(left) == text(right)


@_named("Ref")
def _ref(of: Any, scope: Scope) -> Any:
    if not isinstance(of, str):
        raise Invalid("Template error: every Ref object must have a single String value.")
    if of == "AWS::NoValue":
        return NO_VALUE
    return scope.parameters[of] if of in scope.parameters else scope.ref(of)


@_named("Fn::GetAtt")
def _get_att(of: Any, scope: Scope) -> Any:
    name, attribute = attribute_of(of)
    if not isinstance(attribute, str):
        attribute = text(resolve(attribute, scope))
    return scope.attribute(name, attribute)


def attribute_of(of: Any) -> tuple[str, Any]:
    """A Fn::GetAtt's resource and attribute. Raises Invalid."""
    parts = list(of.partition(".")[::2]) if isinstance(of, str) else of
    if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[0], str) or not all(parts):
        raise Invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource "
            "name and "
            "the resource attribute"
        )
    return parts[0], ".".join(parts[1:]) if all(isinstance(part, str) for part in parts) else parts[1]


@_named("Fn::If")
def _if(of: Any, scope: Scope) -> Any:
    if not isinstance(of, list) or len(of) != 3 or not isinstance(of[0], str):
        raise Invalid("Template error: Fn::If requires a list argument with three elements")
    if of[0] not in scope.conditions:
        raise Invalid(f"Template error: unresolved condition dependency {of[0]} in Fn::If")
    return resolve(of[1] if holds(of[0], scope) else of[2], scope)


@_named("Fn::Join")
def _join(of: Any, scope: Scope) -> str:
    words = (
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a "
        "list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
    )
    if not isinstance(of, list) or len(of) != 2 or not isinstance(of[0], str):
        raise Invalid(words)
    parts = resolve(of[1], scope)
    if isinstance(parts, str) and LATER in parts:
        return parts
    if not isinstance(parts, list) or any(isinstance(part, dict | list) for part in parts):
        raise Invalid(words)
    return of[0].join(text(part) for part in parts)


@_named("Fn::Select")
def _select(of: Any, scope: Scope) -> Any:
    if not isinstance(of, list) or len(of) != 2:
        raise Invalid(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and "
            "a list"
        )
    index, every = text(resolve(of[0], scope)), resolve(of[1], scope)
    if isinstance(every, str) and LATER in every:
        return every
    if not isinstance(every, list):
        raise Invalid(
            "Template error: Fn::Select requires a list argument with two elements: an integer index and "
            "a list"
        )
    if not index.isdecimal() or int(index) >= len(every):
        raise Invalid(f"Template error: Fn::Select  cannot select nonexistent value at index {index}")
    return every[int(index)]


@_named("Fn::Split")
def _split(of: Any, scope: Scope) -> Any:
    if not isinstance(of, list) or len(of) != 2 or not isinstance(of[0], str) or not of[0]:
        raise Invalid(
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
            "(2) a string "
            "to be split or a function that returns a string to be split."
        )
    found = resolve(of[1], scope)
    if isinstance(found, str) and LATER in found:
        return found
    return text(found).split(of[0])


@_named("Fn::FindInMap")
def _find_in_map(of: Any, scope: Scope) -> Any:
    if not isinstance(of, list) or len(of) not in (3, 4):
        raise Invalid(
            "Template error: every Fn::FindInMap object requires three parameters, the map name, map key "
            "and the attribute for return value"
        )
    name, top, second = (text(resolve(each, scope)) for each in of[:3])
    if name in scope.mappings:
        try:
            return scope.mappings[name][top][second]
        except (KeyError, TypeError):
            pass
    if len(of) == 4 and isinstance(of[3], dict) and "DefaultValue" in of[3]:
        return resolve(of[3]["DefaultValue"], scope)
    if name not in scope.mappings:
        raise Invalid(
            f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
        )
    raise Invalid(f"Template error: Unable to get mapping for {name}::{top}::{second}")


_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_.:]+")


@_named("Fn::Sub")
def _sub(of: Any, scope: Scope) -> str:
    pattern, given = sub_of(of)
    values = {key: resolve(each, scope) for key, each in given.items()}

    def fill(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return "${" + match[2] + "}"
        if name in values:
            found = values[name]
        elif "." in name and name not in scope.parameters:
            found = scope.attribute(*name.split(".", 1))
        else:
            found = _ref(name, scope)
        if isinstance(found, dict | list) or found is NO_VALUE:
            raise Invalid(f"Template error: Fn::Sub expression does not resolve to a string: ${{{name}}}")
        return text(found)

    return _VARIABLE.sub(fill, pattern)


def sub_of(of: Any) -> tuple[str, Mapping[str, Any]]:
    """A Fn::Sub's text and the values that it brings. Raises Invalid."""
    pattern, given = (
        (of, {}) if isinstance(of, str) else of if isinstance(of, list) and len(of) == 2 else (None, {})
    )
    if not isinstance(pattern, str) or not isinstance(given, dict):
        raise Invalid(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
            "Specify a "
            "string as first argument, and an optional second argument to specify a mapping of values to "
            "replace "
            "in the string"
        )
    for name in sub_names(pattern):
        if not _VARIABLE_NAME.fullmatch(name):
            raise Invalid(
                "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, "
                "underscores, periods, and colons"
            )
    return pattern, given


def sub_names(pattern: str) -> Iterator[str]:
    """The variables that a Fn::Sub's text has."""
    return (m[2].strip() for m in _VARIABLE.finditer(pattern) if not m[1])


@_named("Fn::Base64")
def _base64(of: Any, scope: Scope) -> str:
    found = resolve(of, scope)
    if isinstance(found, dict | list):
        raise Invalid("Template error: every Fn::Base64 object must have a String-typed value.")
    return base64.b64encode(text(found).encode()).decode()


MOST_BLOCKS = 256


@_named("Fn::Cidr")
def _cidr(of: Any, scope: Scope) -> Any:
    parts = [resolve(each, scope) for each in of] if isinstance(of, list) else []
    if len(parts) not in (2, 3):
        raise Invalid(
            "Template error: Fn::Cidr requires two or three parameters: ipBlock, count and cidrBits"
        )
    if LATER in text(parts[0]):
        return LATER
    try:
        network, count = ip_network(text(parts[0]), strict=False), int(text(parts[1]))
        bits = int(text(parts[2])) if len(parts) == 3 else 8
        new = network.max_prefixlen - bits
        if not 1 <= count <= MOST_BLOCKS or not network.prefixlen <= new <= network.max_prefixlen:
            raise ValueError
        if 2 ** (new - network.prefixlen) < count:
            raise ValueError
    except ValueError:
        raise Invalid(
            f"Template error: Fn::Cidr cannot make {text(parts[1])} blocks of {text(parts[0])}"
        ) from None
    subnets = network.subnets(new_prefix=new)
    return [str(next(subnets)) for _ in range(count)]


@_named("Fn::GetAZs")
def _zones(of: Any, scope: Scope) -> list[str]:
    region = text(resolve(of, scope)) or str(scope.parameters.get("AWS::Region", ""))
    if region not in scope.zones:
        raise Invalid(f"Template error: Fn::GetAZs cannot get the zones of {region}")
    return list(scope.zones[region])


@_named("Fn::ImportValue")
def _import(of: Any, scope: Scope) -> str:
    name = text(resolve(of, scope))
    if scope.exports is None:
        return LATER
    if name not in scope.exports:
        raise Invalid(f"No export named {name} found.")
    return scope.exports[name]


@_named("Fn::Length")
def _length(of: Any, scope: Scope) -> int:
    found = resolve(of, scope)
    if not isinstance(found, list):
        raise Invalid("Template error: Fn::Length requires a list")
    return len(found)


@_named("Fn::ToJsonString")
def _to_json(of: Any, scope: Scope) -> str:
    return json.dumps(resolve(of, scope), separators=(",", ":"))


NAMES = frozenset(_FUNCTIONS)
NEEDS_LANGUAGE_EXTENSIONS = ("Fn::Length", "Fn::ToJsonString")


def references(value: Any) -> Iterator[tuple[str, str | None]]:
    """The names that a value refers to, with the attribute of a GetAtt (None for a Ref). Raises Invalid."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    if not isinstance(value, dict):
        return
    name = function_of(value)
    if name == "Ref":
        yield str(value[name]), None
    elif name == "Fn::GetAtt":
        resource, attribute = attribute_of(value[name])
        yield resource, attribute if isinstance(attribute, str) else ""
        yield from references(attribute)
    elif name == "Fn::Sub":
        pattern, given = sub_of(value[name])
        yield from references(dict(given))
        for variable in sub_names(pattern):
            if variable not in given and variable:
                head, _, attribute = variable.partition(".")
                yield (head, attribute) if attribute else (variable, None)
    elif name != "Condition":
        for each in value.values():
            yield from references(each)


def conditions_in(value: Any) -> Iterator[str]:
    """The conditions that a value's Fn::If ask about."""
    if isinstance(value, dict):
        asked = value.get("Fn::If")
        if isinstance(asked, list) and asked:
            yield str(asked[0])
        for each in value.values():
            yield from conditions_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from conditions_in(each)


def uses(value: Any, function: str) -> bool:
    """Whether a function is called anywhere in a value."""
    if isinstance(value, dict):
        return function in value or any(uses(each, function) for each in value.values())
    return isinstance(value, list) and any(uses(each, function) for each in value)
