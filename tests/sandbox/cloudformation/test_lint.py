"""The course's templates, and what cfn-lint says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from cloudlings.sandbox.cloudformation import check
from cloudlings.sandbox.cloudformation.invalid import Invalid

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted(ROOT.glob("solutions/*/other/*.yaml"))


def errors(text: str) -> list[str]:
    """What cfn-lint finds wrong, warnings aside."""
    found = lint(text, config=ManualArgs(regions=["us-east-1"]))
    return [f"{one.rule.id}: {one.message}" for one in found if one.rule.severity == "error"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_of_the_course_is_one_for_cfn_lint(path: Path) -> None:
    """Every template that answers a task is read here, and clean for cfn-lint."""
    check.read(path.read_text())
    assert errors(path.read_text()) == []


@pytest.mark.parametrize(
    "resources",
    [
        "{A: {Type: AWS::SQS::Kew}}",
        "{A: {Type: AWS::SQS::Queue, DependsOn: B}, B: {Type: AWS::SQS::Queue, DependsOn: A}}",
        "{A: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Nope}}}",
        "{A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt B.Arn}}}",
    ],
)
def test_what_cfn_lint_refuses_is_refused_here(resources: str) -> None:
    """Unknown types, circles and references to nothing: both say no."""
    text = f"Resources: {resources}\n"
    assert errors(text)
    with pytest.raises(Invalid):
        check.read(text)
