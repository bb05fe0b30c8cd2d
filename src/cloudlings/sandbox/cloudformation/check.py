"""A template checked as CreateStack and ValidateTemplate check it: what it refers to, its types, its circles.

Source: CloudFormation User Guide, "Troubleshooting CloudFormation"; Template Reference, "Intrinsic
functions".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudlings.sandbox.cloudformation import graph, kinds, parameters, schema
from cloudlings.sandbox.cloudformation.functions import (
    NEEDS_LANGUAGE_EXTENSIONS,
    PSEUDO,
    Scope,
    conditions_in,
    holds,
    references,
    uses,
)
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Resource, Template, parse

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
_NAMES = {
    "AWS::IAM::Role": "RoleName", "AWS::IAM::User": "UserName", "AWS::IAM::Group": "GroupName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName", "AWS::IAM::InstanceProfile": "InstanceProfileName",
}  # fmt: skip
_IDENTITIES = frozenset({*_NAMES, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::RolePolicy",
    "AWS::IAM::UserToGroupAddition", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy",
})  # fmt: skip
_ATTRIBUTES_BY_OUTPUT = "AWS::CloudFormation::Stack"


def read(text: str) -> Template:
    """A template that CloudFormation takes. Raises Invalid."""
    template = parse(text)
    parameters.check(template.parameters)
    _check_conditions(template)
    _check_transforms(template)
    _check_types(template.resources.values())
    _check_references(template)
    _check_outputs(template)
    graph.order(graph.needs(template))
    return template


def _check_types(resources: Iterable[Resource]) -> None:
    every = sorted({one.type for one in resources})
    unknown = [kind for kind in every if kind not in schema.known_types() and not kind.startswith("Custom::")]
    if unknown:
        raise Invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    missing = [kind for kind in every if kind not in kinds.supported()]
    if missing:
        raise Invalid(
            f"The sandbox does not carry out these resource types: [{', '.join(missing)}]. "
            "docs/sandbox.md lists those "
            "that it does."
        )


def _check_transforms(template: Template) -> None:
    others = [name for name in template.transforms if name != LANGUAGE_EXTENSIONS]
    if others:
        raise Invalid(f"The sandbox does not carry out these transforms: [{', '.join(others)}].")
    if LANGUAGE_EXTENSIONS in template.transforms:
        return
    bodies = [dict(one.properties) for one in template.resources.values()] + [dict(template.outputs)]
    for key in (each for body in bodies for each in _map_keys(body)):
        if isinstance(key, dict) and set(key) not in ({"Ref"}, {"Fn::FindInMap"}):
            raise Invalid(
                "Template error: every Fn::FindInMap object takes three texts, Ref or Fn::FindInMap; other "
                f"functions and a DefaultValue need the transform {LANGUAGE_EXTENSIONS}."
            )
    for name in NEEDS_LANGUAGE_EXTENSIONS:
        if any(uses(body, name) for body in bodies):
            raise Invalid(f"Template error: {name} needs the transform {LANGUAGE_EXTENSIONS}.")


def _map_keys(value: Any) -> Iterator[Any]:
    """What every Fn::FindInMap in a value is given."""
    if isinstance(value, dict):
        asked = value.get("Fn::FindInMap")
        yield from asked if isinstance(asked, list) else ()
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        yield from _map_keys(each)


def _check_conditions(template: Template) -> None:
    for name, condition in template.conditions.items():
        unknown = sorted({n for n, _ in references(condition)} - set(template.parameters) - PSEUDO)
        if unknown:
            raise Invalid(
                f"Template format error: Unresolved dependencies [{', '.join(unknown)}]. Cannot reference "
                "resources in "
                "the Conditions block of the template"
            )
        _check_condition_circle(template, name, ())
    asked = {one.condition for one in template.resources.values() if one.condition}
    asked |= {c for one in template.resources.values() for c in conditions_in(dict(one.properties))}
    asked |= {str(one["Condition"]) for one in template.outputs.values() if "Condition" in one}
    for name in sorted(asked - set(template.conditions)):
        raise Invalid(f"Template format error: Unresolved condition dependency {name} in the template")


def _check_condition_circle(template: Template, name: str, above: tuple[str, ...]) -> None:
    if name in above:
        raise Invalid(f"Template error: Circular dependency between conditions: [{', '.join(sorted(above))}]")
    for other in _conditions_named(template.conditions.get(name)):
        if other not in template.conditions:
            raise Invalid(
                f"Template format error: Unresolved condition dependency {other} in the Conditions block"
            )
        _check_condition_circle(template, other, (*above, name))


def _conditions_named(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("Condition"), str):
            yield value["Condition"]
        for each in value.values():
            yield from _conditions_named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _conditions_named(each)


def _check_references(template: Template) -> None:
    known = set(template.resources) | set(template.parameters) | PSEUDO
    missing: set[str] = set()
    for one in template.resources.values():
        for name, attribute in references(dict(one.properties)):
            if attribute is None and name not in known:
                missing.add(name)
            elif attribute is not None:
                _check_attribute(template, name, attribute)
        missing |= set(one.depends_on) - set(template.resources)
    if missing:
        raise Invalid(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}] in "
            "the Resources "
            "block of the template"
        )


def _check_attribute(template: Template, name: str, attribute: str) -> None:
    if name not in template.resources:
        raise Invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
    kind = template.resources[name].type
    by_output = kind == _ATTRIBUTES_BY_OUTPUT and attribute.startswith("Outputs.")
    if not attribute or by_output or attribute in kinds.kind_of(kind).attributes:
        return
    if attribute in schema.read_only(kind):
        raise Invalid(
            f"Template error: the sandbox does not give the attribute {attribute} of {kind} ({name})"
        )
    raise Invalid(
        f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
    )


def _check_outputs(template: Template) -> None:
    known = set(template.resources) | set(template.parameters) | PSEUDO
    for output in template.outputs.values():
        if "Value" not in output:
            raise Invalid("Template format error: Every Outputs member must contain a Value object")
        missing = set()
        for name, attribute in references(output):
            if attribute is None and name not in known:
                missing.add(name)
            elif attribute is not None:
                _check_attribute(template, name, attribute)
        if missing:
            raise Invalid(
                f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}] "
                "in the Outputs "
                "block of the template"
            )


def active(template: Template, scope: Scope) -> dict[str, Resource]:
    """The resources whose conditions are met. Raises Invalid when one refers to one that is not."""
    there = {n: r for n, r in template.resources.items() if not r.condition or holds(r.condition, scope)}
    missing: set[str] = set()
    for one in there.values():
        used = {name for name, _ in references(_taken_branches(dict(one.properties), scope))}
        missing |= used & (set(template.resources) - set(there))
    if missing:
        raise Invalid(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(missing))}] in "
            "the Resources "
            "block of the template"
        )
    return there


def _taken_branches(value: Any, scope: Scope) -> Any:
    """A value with each Fn::If replaced by the branch that is taken."""
    if isinstance(value, list):
        return [_taken_branches(each, scope) for each in value]
    if not isinstance(value, dict):
        return value
    asked = value.get("Fn::If")
    if isinstance(asked, list) and len(asked) == 3 and len(value) == 1:
        return _taken_branches(asked[1 if holds(str(asked[0]), scope) else 2], scope)
    return {key: _taken_branches(each, scope) for key, each in value.items()}


def faults(resources: Mapping[str, Resource], scope: Scope) -> dict[str, str]:
    """Which resources cannot be as they are declared, before anything is made: AWS's words, by name."""
    found = {}
    for name, one in resources.items():
        given = _taken_branches(dict(one.properties), scope)
        given = {key: each for key, each in given.items() if each != {"Ref": "AWS::NoValue"}}
        every = schema.faults(one.type, given) or list(kinds.kind_of(one.type).gaps(given))
        if every:
            found[name] = f"Properties validation failed for resource {name} with message:\n" + "\n".join(
                every
            )
    return found


def capabilities(template: Template) -> tuple[str, ...]:
    """The capabilities that whoever makes a stack of a template must state."""
    named = [one for one in template.resources.values() if _NAMES.get(one.type) in one.properties]
    found = []
    if named:
        found.append("CAPABILITY_NAMED_IAM")
    elif any(one.type in _IDENTITIES for one in template.resources.values()):
        found.append("CAPABILITY_IAM")
    if template.transforms:
        found.append("CAPABILITY_AUTO_EXPAND")
    return tuple(found)


def identities(template: Template) -> tuple[str, ...]:
    """The types because of which capabilities are asked for."""
    return tuple(sorted({one.type for one in template.resources.values()} & _IDENTITIES))
