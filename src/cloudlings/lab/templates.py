"""CloudFormation templates as answers: which tasks one names, and which personal values it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from cloudlings.lab._places import Place, nearest
from cloudlings.lab.brief import Brief


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions (``!Ref``, ``!Sub``): their values are kept as they are."""


def _function(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.add_multi_constructor("!", _function)


def read_template(text: str, place: Place) -> Mapping[str, Any]:
    """A template as data. Errors: SourceError with the line when it does not parse or has no resources."""
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)
    except json.JSONDecodeError as error:
        raise place.at(error.lineno).error(
            f"the template is not JSON: {error.msg}.", "Mend this line."
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise place.at(mark.line + 1 if mark else 1).error(
            f"the template's YAML does not parse: {getattr(error, 'problem', error)}.", "Mend this line."
        ) from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise place.error(
            "the file is no CloudFormation template: it has no Resources.", "Give it Resources."
        )
    return document


def template_tasks(template: Mapping[str, Any], place: Place) -> list[str]:
    """The tasks that ``Metadata: {cloudlings: {task: …}}`` names: one, or a list. Errors: SourceError."""
    metadata = template.get("Metadata")
    ours = metadata.get("cloudlings") if isinstance(metadata, dict) else None
    if ours is None:
        return []
    names = ours.get("task", ours.get("tasks")) if isinstance(ours, dict) else None
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise place.error(
            "the template's Metadata of cloudlings names no task.",
            "Write Metadata: {cloudlings: {task: a-task}}.",
        )
    return names


def stack_parameters(template: str, brief: Brief, place: Place) -> dict[str, str]:
    """What to pass to the stack: each declared parameter that the brief has, by its CamelCase name.

    Errors: SourceError for a parameter that neither the brief nor a Default fills.
    """
    declared = read_template(template, place).get("Parameters") or {}
    values = brief.parameters()
    for name, parameter in declared.items():
        if name not in values and not (isinstance(parameter, dict) and "Default" in parameter):
            raise place.error(f"nothing fills the parameter {name!r}.", nearest(name, values))
    return {name: values[name] for name in declared if name in values}
