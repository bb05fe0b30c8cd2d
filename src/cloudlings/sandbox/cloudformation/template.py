"""A template's text as data, with CloudFormation's short functions and its limits.

Source: CloudFormation User Guide, "Template sections", "CloudFormation template formats" (YAML: no aliases,
hash merges or timestamps), "Understand CloudFormation quotas".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from cloudlings.sandbox.cloudformation.functions import NAMES, function_of
from cloudlings.sandbox.cloudformation.invalid import Invalid

LARGEST_BODY = 51_200
LARGEST_FILE = 1_048_576
MOST_RESOURCES, MOST_PARAMETERS, MOST_OUTPUTS, MOST_MAPPINGS = 500, 200, 200, 200
# A template that goes deeper is no template that a person or a tool wrote.
DEEPEST = 60
LONGEST_DESCRIPTION = 1024

SECTIONS = frozenset({
    "AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions",
    "Transform", "Resources", "Outputs", "Hooks", "Globals",
})  # fmt: skip
RESOURCE_ATTRIBUTES = frozenset({
    "Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy", "UpdateReplacePolicy",
    "CreationPolicy", "UpdatePolicy",
})  # fmt: skip
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}


@dataclass(frozen=True)
class Resource:
    """One resource as the template declares it; ``properties`` hold functions that are yet to be resolved."""

    name: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    metadata: Any = None
    deletion_policy: str = ""
    replace_policy: str = ""


@dataclass(frozen=True)
class Template:
    """A template's sections; every one but the resources may be empty."""

    text: str
    resources: Mapping[str, Resource]
    parameters: Mapping[str, Mapping[str, Any]]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Any]
    transforms: tuple[str, ...]
    description: str
    metadata: Any
    version: str


def parse(text: str) -> Template:
    """A template from its text; what its values refer to is for ``check``. Raises Invalid."""
    document = _document(text)
    unknown = sorted(set(map(str, document)) - SECTIONS)
    if unknown:
        raise Invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion", "")
    if version and str(version) != "2010-09-09":
        raise Invalid(
            f"Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
        )
    description = document.get("Description") or ""
    if not isinstance(description, str):
        raise Invalid("Template format error: Description must be a string.")
    if len(description.encode()) > LONGEST_DESCRIPTION:
        raise Invalid("Template format error: 'Description' length is greater than 1024.")
    transform = document.get("Transform") or ()
    return Template(
        text=text,
        resources=_resources(document),
        parameters=_section(document, "Parameters", MOST_PARAMETERS),
        mappings=_section(document, "Mappings", MOST_MAPPINGS),
        conditions=_section(document, "Conditions", 10_000, of_mappings=False),
        outputs=_section(document, "Outputs", MOST_OUTPUTS),
        rules=_section(document, "Rules", 200),
        transforms=(transform,) if isinstance(transform, str) else tuple(map(_transform_name, transform)),
        description=description,
        metadata=document.get("Metadata"),
        version=str(version),
    )


def _transform_name(one: Any) -> str:
    return str(one.get("Name", one)) if isinstance(one, dict) else str(one)


def _document(text: str) -> dict[str, Any]:
    if not text.strip():
        raise Invalid("Template format error: unsupported structure.")
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else _from_yaml(text)
    except json.JSONDecodeError as error:
        # A flow mapping of YAML begins as JSON does.
        try:
            document = _from_yaml(text)
        except Invalid:
            place = f"line {error.lineno} , column {error.colno}"
            raise Invalid(f"Template format error: JSON not well-formed. ({place})") from None
    except RecursionError:
        raise Invalid("Template format error: the template is nested too deeply.") from None
    if not isinstance(document, dict):
        raise Invalid("Template format error: unsupported structure.")
    if _too_deep(document, DEEPEST):
        raise Invalid("Template format error: the template is nested too deeply.")
    return document


def _too_deep(value: Any, left: int) -> bool:
    if left == 0:
        return isinstance(value, dict | list)
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_too_deep(each, left - 1) for each in below)


def _section(
    document: Mapping[str, Any], name: str, most: int, *, of_mappings: bool = True
) -> dict[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise Invalid(f"Template format error: {name} must be an object.")
    if len(section) > most:
        raise Invalid(
            f"Template format error: Number of {name.lower()}, {len(section)}, is greater than maximum "
            f"allowed, {most}"
        )
    for key, value in section.items():
        if name != "Conditions" and not _LOGICAL_ID.fullmatch(str(key)):
            raise Invalid(f"Template format error: {name} name {key} is non alphanumeric.")
        if of_mappings and not isinstance(value, dict):
            raise Invalid(f"Template format error: Every {name} member must be an object.")
    return {str(key): value for key, value in section.items()}


def _resources(document: Mapping[str, Any]) -> dict[str, Resource]:
    section = document.get("Resources")
    if section is not None and not isinstance(section, dict):
        raise Invalid("Template format error: Resources must be an object.")
    if not section:
        raise Invalid("Template format error: At least one Resources member must be defined.")
    if len(section) > MOST_RESOURCES:
        raise Invalid(
            f"Template format error: Number of resources, {len(section)}, is greater than maximum allowed, "
            f"{MOST_RESOURCES}"
        )
    return {str(name): _resource(str(name), each) for name, each in section.items()}


def _resource(name: str, declared: Any) -> Resource:
    if not _LOGICAL_ID.fullmatch(name):
        raise Invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(declared, dict):
        raise Invalid("Template format error: Every Resources object must contain a Type member.")
    kind = declared.get("Type")
    if not kind:
        raise Invalid(
            f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        )
    if not isinstance(kind, str):
        raise Invalid(
            f"Template format error: [/Resources/{name}/Type] 'null' values or functions are not allowed."
        )
    unknown = sorted(set(map(str, declared)) - RESOURCE_ATTRIBUTES)
    if unknown:
        raise Invalid(f"Invalid template resource property '{unknown[0]}'")
    properties = declared.get("Properties") or {}
    if not isinstance(properties, dict) or function_of(properties):
        raise Invalid(f"Template format error: [/Resources/{name}/Properties] must be an object.")
    depends = declared.get("DependsOn") or []
    depends = [depends] if isinstance(depends, str) else depends
    if not isinstance(depends, list) or not all(isinstance(each, str) for each in depends):
        raise Invalid("Template format error: DependsOn must be a string or list of strings.")
    condition = declared.get("Condition") or ""
    if not isinstance(condition, str):
        raise Invalid("Template format error: Every Condition member must be a string.")
    return Resource(
        name, kind, properties, tuple(depends), condition, declared.get("Metadata"),
        _policy(name, declared, "DeletionPolicy"), _policy(name, declared, "UpdateReplacePolicy"),
    )  # fmt: skip


def _policy(name: str, declared: Mapping[str, Any], which: str) -> str:
    policy = declared.get(which) or ""
    if isinstance(policy, dict):
        return ""
    if policy and policy not in _POLICIES[which]:
        raise Invalid(f"Template error: Unrecognized {which} {policy} for resource {name}")
    return str(policy)


# --- YAML --------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short functions, no aliases, no dates, no hash merges."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise Invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Not done: a key << is a key like any other, and no section or property has that name."""


_DROPPED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge")
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

_PLAIN = ("Ref", "Condition")


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in _PLAIN else f"Fn::{suffix}"
    if name not in NAMES and suffix not in _PLAIN:
        raise Invalid(f"Template format error: YAML not well-formed. (unknown tag !{suffix})")
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        if name == "Fn::GetAtt":
            return {name: list(str(text).partition(".")[::2])}
        return {name: text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


def _from_yaml(text: str) -> Any:
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise Invalid(f"Template format error: YAML not well-formed.{where}") from None
    except RecursionError:
        raise Invalid("Template format error: the template is nested too deeply.") from None
    except (yaml.YAMLError, ValueError, TypeError):
        raise Invalid("Template format error: YAML not well-formed.") from None


def strings(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each)
