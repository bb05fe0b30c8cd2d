"""Templates, functions, parameters, faults and changes: pure, as cases in ``cases/*.yaml``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.sandbox.cloudformation import (
    changes,
    check,
    expressions,
    fit,
    graph,
    kinds,
    parameters,
    schema,
)
from cloudlings.sandbox.cloudformation.functions import Scope, resolve
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import DEEPEST, Resource, parse

CASES = Path(__file__).parent / "cases"
SCOPE = Scope(
    parameters={"Env": "prod", "Zones": ["a", "b", "c"], "Net": "10.0.0.0/16", "AWS::Region": "us-east-1"},
    mappings={"Sizes": {"prod": {"Type": "m5.large"}}},
    conditions={
        "IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
    },
    ref={"Queue": "q-url"}.__getitem__,
    attribute=lambda name, attribute: {("Queue", "Arn"): "q-arn"}[name, attribute],
    zones={"us-east-1": ["us-east-1a", "us-east-1b", "us-east-1c"]},
    exports={"net-vpc": "vpc-1"},
)


def cases(name: str) -> list[Any]:
    return list(yaml.safe_load((CASES / f"{name}.yaml").read_text()))


def named(case: dict[str, Any]) -> str:
    return str(
        case.get("name") or json.dumps(case.get("value") or case.get("given") or case.get("properties"))
    )


@pytest.mark.parametrize("case", cases("refused"), ids=named)
def test_what_is_no_template_is_refused_in_aws_words(case: dict[str, Any]) -> None:
    """A template that cannot be carried out is refused before anything is made."""
    text = case["template"] if isinstance(case["template"], str) else json.dumps(case["template"])
    with pytest.raises(Invalid) as refused:
        check.read(text)
    assert case["says"] in str(refused.value)


@pytest.mark.parametrize("case", cases("functions"), ids=named)
def test_a_function_gives_its_value(case: dict[str, Any]) -> None:
    """Intrinsic functions resolve, or are refused in AWS's words."""
    if "says" in case:
        with pytest.raises(Invalid) as refused:
            resolve(case["value"], SCOPE)
        assert case["says"] in str(refused.value)
    else:
        assert resolve(case["value"], SCOPE) == case["is"]


@pytest.mark.parametrize("case", cases("parameters"), ids=named)
def test_parameters_are_checked(case: dict[str, Any]) -> None:
    """Parameters are filled in, checked against what was declared, and lists where their type says so."""
    declared = case["declared"]
    if "says" in case:
        with pytest.raises(Invalid) as refused:
            parameters.fill(declared, case["given"])
        assert case["says"] in str(refused.value)
    else:
        filled = parameters.fill(declared, case["given"])
        assert parameters.values(declared, filled, case.get("looked_up", {})) == case["is"]


def test_a_parameter_may_stay_as_it_was() -> None:
    """UsePreviousValue takes the stack's value, not the default."""
    declared = {"P": {"Type": "String", "Default": "a"}}
    assert parameters.fill(declared, {"P": None}, {"P": "before"}) == {"P": "before"}


@pytest.mark.parametrize("case", cases("faults"), ids=named)
def test_wrong_properties_are_named(case: dict[str, Any]) -> None:
    """Unknown, missing and mistyped properties are told by name, and what the sandbox cannot carry out."""
    one = Resource("R", case["type"], case["properties"])
    scope = replace(SCOPE, parameters={**SCOPE.parameters, "P": "1"})
    found = check.faults({"R": one}, scope).get("R", "")
    assert found.splitlines()[1:] == case["says"]


@pytest.mark.parametrize("case", cases("changes"), ids=named)
def test_a_change_set_tells_what_changes(case: dict[str, Any]) -> None:
    """Added, removed, changed in place or replaced, and what follows from a replacement."""
    before, after = (
        changes.Side(parse(json.dumps({"Resources": case[side]})), SCOPE) for side in ("before", "after")
    )
    found = changes.between(before, after)
    assert [[c.action, c.name, c.replacement, list(c.properties)] for c in found] == case["changes"]


def test_yaml_and_json_say_the_same() -> None:
    """Short functions are the long ones; a date stays a text."""
    properties = '{QueueName: !Sub "${B.Arn}", X: !GetAtt B.C.D, Y: 2012-10-17}'
    short = parse(f"Resources: {{A: {{Type: AWS::SQS::Queue, Properties: {properties}}}}}")
    assert short.resources["A"].properties == {
        "QueueName": {"Fn::Sub": "${B.Arn}"}, "X": {"Fn::GetAtt": ["B", "C.D"]}, "Y": "2012-10-17",
    }  # fmt: skip


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_template_that_is_too_deep_is_refused(opening: str) -> None:
    """Nesting without end is refused, and does not overturn the reader."""
    closing = "]" if opening == "[" else "}"
    for depth in (DEEPEST + 10, 100_000):
        body = (
            '{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Metadata": '
            + opening * depth
            + "1"
            + closing * depth
            + "}}}"
        )
        with pytest.raises(Invalid, match=r"nested too deeply|not well-formed"):
            parse(body)


def test_resources_come_after_what_they_need() -> None:
    """The order follows references and DependsOn."""
    template = parse(json.dumps({"Resources": {
        "C": {"Type": "AWS::SQS::Queue", "DependsOn": "B"},
        "B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${A}-x"}}},
        "A": {"Type": "AWS::SQS::Queue"},
    }}))  # fmt: skip
    assert graph.order(graph.needs(template)) == ("A", "B", "C")
    assert graph.reverse(graph.needs(template))["A"] == {"B"}


def test_a_resource_whose_condition_is_not_met_is_not_there() -> None:
    """It is left out, and nobody may refer to it but in a branch that is not taken."""
    chosen = {"Fn::If": ["IsTest", {"Ref": "A"}, "b"]}
    resources = {
        "A": {"Type": "AWS::SQS::Queue", "Condition": "IsTest"},
        "B": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": chosen}},
    }
    template = parse(json.dumps({"Resources": resources}))
    assert set(check.active(template, SCOPE)) == {"B"}
    resources["B"]["Properties"]["Value"] = {"Ref": "A"}  # type: ignore[index]
    with pytest.raises(Invalid, match=r"Unresolved resource dependencies \[A\]"):
        check.active(parse(json.dumps({"Resources": resources})), SCOPE)


@pytest.mark.parametrize(
    ("properties", "needed"),
    [({}, ("CAPABILITY_IAM",)), ({"GroupName": "g"}, ("CAPABILITY_NAMED_IAM",))],
)
def test_identities_need_a_capability(properties: dict[str, str], needed: tuple[str, ...]) -> None:
    """Who makes identities by a template says that they know; with names of their own, the more so."""
    template = parse(json.dumps({"Resources": {"G": {"Type": "AWS::IAM::Group", "Properties": properties}}}))
    assert check.capabilities(template) == needed


@pytest.mark.parametrize("name", sorted(kinds.supported()))
def test_a_type_fits_the_apis_and_its_schema(name: str) -> None:
    """Every step is an operation with parameters that there are, about properties that AWS's schema has."""
    kind = kinds.kind_of(name)
    known = schema.properties(name)
    steps = [*kind.create, *kind.settings, *kind.update, *kind.delete, *kind.read, *kind.snapshot]
    for step in [*steps, *(each.undo for each in steps if each.undo)]:
        taken = fit.members(step.service, step.operation)
        assert step.operation in fit.shapes.model(step.service)["operations"]
        assert set(step.arguments) <= set(taken)
        assert all(fit.member_named(taken, each) for each in step.takes)
        assert step.uses <= set(known)
    assert kind.handled <= set(known)
    assert kind.create or kind.settings or name == "AWS::CloudFormation::WaitConditionHandle"


@pytest.mark.parametrize("name", sorted(kinds.supported()))
def test_a_types_attributes_are_ones_that_aws_gives(name: str) -> None:
    """An attribute that a template may ask for is one of the schema's."""
    paths = schema.read_only(name) | set(schema.of(name).get("properties", {}))
    top = {path.partition(".")[0] for path in paths} | {"Outputs"}
    assert {each.partition(".")[0] for each in kinds.kind_of(name).attributes} <= top


def test_what_refers_to_nothing_is_left_out() -> None:
    """An argument goes when what it needs is not there, and a whole with it."""
    known = expressions.Known({"A": 1, "L": [{"b": 2}]}, {"id": "i"})
    expression = {
        "X": "$A",
        "Y": "$B",
        "Z": {"Value": "$B"},
        "T": "{@id}-{$A}",
        "U": "{$B}",
        "K": {"E": True, "V": "$L.0.b"},
    }
    assert expressions.evaluate(expression, known) == {"X": 1, "T": "i-1", "K": {"E": True, "V": 2}}
    assert expressions.evaluate({"Enabled": True, "Kind": "$B"}, known) is expressions.MISSING


def test_the_docs_list_every_type() -> None:
    """docs/sandbox.md says which types there are."""
    text = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text()
    rows = text.partition("<!-- types: begin -->")[2].partition("<!-- types: end -->")[0].splitlines()
    listed = {
        f"AWS::{service.strip()}::{kind.strip()}"
        for _, service, kinds_of, _ in (row.split("|") for row in rows if "|" in row)
        for kind in kinds_of.split(",")
    }
    assert listed - {"AWS::service::types", "AWS::---::---"} == kinds.supported()
