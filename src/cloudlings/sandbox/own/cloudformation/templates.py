"""ValidateTemplate, GetTemplate, GetTemplateSummary.

Source: CloudFormation API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.cloudformation import check, parameters
from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Template
from cloudlings.sandbox.own.cloudformation import prepare, store
from cloudlings.sandbox.own.cloudformation.common import in_aws_words
from cloudlings.sandbox.own.registry import Handling, Output, Refusal, answers


@answers("cloudformation", "ValidateTemplate")
@in_aws_words
async def validate_template(handling: Handling) -> Output | Refusal:
    """Whether a template is one; AWS does not look at its properties here."""
    template = await prepare.read(await prepare.template_text(handling, handling.input))
    found = [
        {
            "ParameterKey": name,
            "DefaultValue": text(one["Default"]) if "Default" in one else None,
            "NoEcho": parameters.hidden(one),
            "Description": one.get("Description"),
        }
        for name, one in template.parameters.items()
    ]
    return {"Parameters": found, "Description": template.description or None, **_needed(template)}


def _needed(template: Template) -> dict[str, Any]:
    needed = list(check.capabilities(template))
    identities = ", ".join(check.identities(template))
    reason = (
        f"The following resource(s) require capabilities: [{identities or ', '.join(template.transforms)}]"
    )
    return {
        "Capabilities": needed,
        "CapabilitiesReason": reason if needed else None,
        "DeclaredTransforms": list(template.transforms),
    }


@answers("cloudformation", "GetTemplate")
@in_aws_words
async def get_template(handling: Handling) -> Output | Refusal:
    """A stack's or a change set's template, as it was given."""
    asked = handling.input
    name, change_set = asked.get("StackName"), asked.get("ChangeSetName")
    if not name and not change_set:
        raise Invalid("StackName or ChangeSetName must be specified")
    record = store.existing(handling.kept, name) if name else None
    if change_set:
        return {
            "TemplateBody": _of_change_set(handling, record, change_set),
            "StagesAvailable": ["Original", "Processed"],
        }
    assert record is not None
    return {"TemplateBody": record.get("template", ""), "StagesAvailable": ["Original", "Processed"]}


def _of_change_set(handling: Handling, record: store.Record | None, name: str) -> str:
    every = [record] if record else list(store.stacks(handling.kept).values())
    for one in every:
        for key, each in one["change_sets"].items():
            if name in (key, each["ChangeSetName"]):
                return str(each["template"])
    raise Invalid(f"ChangeSet [{name}] does not exist")


@answers("cloudformation", "GetTemplateSummary")
@in_aws_words
async def get_template_summary(handling: Handling) -> Output | Refusal:
    """What a template takes, and of what types its resources are."""
    asked = handling.input
    if asked.get("StackName"):
        body = store.existing(handling.kept, asked["StackName"]).get("template", "")
    else:
        body = await prepare.template_text(handling, asked)
    template = await prepare.read(body)
    return {
        "Parameters": [_declared(name, one) for name, one in template.parameters.items()],
        "Description": template.description or None,
        "ResourceTypes": sorted({one.type for one in template.resources.values()}),
        "Version": template.version or None,
        "Metadata": json.dumps(template.metadata) if template.metadata is not None else None,
        **_needed(template),
    }


def _declared(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    allowed = one.get("AllowedValues")
    return {
        "ParameterKey": name,
        "DefaultValue": text(one["Default"]) if "Default" in one else None,
        "ParameterType": one["Type"],
        "NoEcho": parameters.hidden(one),
        "Description": one.get("Description"),
        "ParameterConstraints": {"AllowedValues": [text(each) for each in allowed]} if allowed else {},
    }
