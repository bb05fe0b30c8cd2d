"""CloudFormation templates as answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloudlings.errors import SourceError
from cloudlings.lab import Brief, stack_parameters
from cloudlings.lab._places import Place
from cloudlings.lab.templates import read_template, template_tasks

PLACE = Place(Path("stack.yaml"))


def test_short_functions_are_read() -> None:
    """A template with CloudFormation's own tags is data like any other."""
    template = read_template(
        "Resources:\n  A: {Type: X, P: !Ref B, Q: !GetAtt [A, B], R: !Sub {a: b}}\n", PLACE
    )
    assert template["Resources"]["A"] == {"Type": "X", "P": "B", "Q": ["A", "B"], "R": {"a": "b"}}


def test_a_template_in_json_with_tabs_is_read() -> None:
    """JSON is read as JSON: YAML would stumble over its tabs."""
    assert read_template('{\n\t"Resources": {}\n}', PLACE)["Resources"] == {}


@pytest.mark.parametrize(
    ("metadata", "tasks"),
    [("", []), ("Metadata: {other: 1}", []), ("Metadata: {cloudlings: {task: a}}", ["a"]),
     ("Metadata: {cloudlings: {tasks: [a, b]}}", ["a", "b"]), ("Metadata: {cloudlings: {task: [a]}}", ["a"])],
)  # fmt: skip
def test_a_template_names_its_tasks(metadata: str, tasks: list[str]) -> None:
    """One task or several; none when its metadata is about something else."""
    assert template_tasks(read_template(metadata + "\nResources: {}", PLACE), PLACE) == tasks


def test_a_stack_gets_the_parameters_that_it_declares() -> None:
    """Values of the brief by their CamelCase names; what the brief has not keeps its default."""
    template = "Parameters: {DataBucket: {Type: String}, Size: {Type: Number, Default: 3}}\nResources: {}"
    brief = Brief({"data_bucket": "a-bucket", "team": "search"})
    assert stack_parameters(template, brief, PLACE) == {"DataBucket": "a-bucket"}


def test_a_parameter_that_nothing_fills_is_told() -> None:
    """A misspelt parameter names the nearest value of the brief."""
    with pytest.raises(SourceError, match="'DataBuket'") as caught:
        stack_parameters(
            "Parameters: {DataBuket: {Type: String}}\nResources: {}", Brief({"data_bucket": "a"}), PLACE
        )
    assert "'DataBucket'" in caught.value.next_step
