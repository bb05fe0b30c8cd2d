"""What graders read of Auto Scaling groups: the types that they may launch, and who wears what."""

from __future__ import annotations

from typing import Any

import pytest

from cloudlings.grading.scaling_state import template_groups, types_of


def mixed(*types: str) -> dict[str, Any]:
    overrides = [{"InstanceType": each} if each else {"InstanceRequirements": {}} for each in types]
    return {"MixedInstancesPolicy": {"LaunchTemplate": {"Overrides": overrides}}}


@pytest.mark.parametrize(
    ("group", "template", "types"),
    [
        ({}, {"InstanceType": "t3.small"}, ["t3.small"]),
        ({}, {}, ["none"]),
        (mixed(), {"InstanceType": "t3.small"}, ["t3.small"]),
        (mixed("t3.small"), {"InstanceType": "t3.nano"}, ["t3.small"]),
        (mixed("t3.small", "m5.large", "t3.small"), {"InstanceType": "t3.small"}, ["m5.large", "t3.small"]),
        (mixed(""), {"InstanceType": "t3.small"}, ["any that fits"]),
    ],
)
def test_types(group: dict[str, Any], template: dict[str, Any], types: list[str]) -> None:
    """Overrides of a mixed group count in place of the template's type."""
    assert types_of(group, template) == types


def test_groups_of_a_template() -> None:
    """Those of the template itself, and of its interfaces."""
    cards = [{"Groups": ["sg-2"]}, {}]
    assert template_groups({"SecurityGroupIds": ["sg-1"], "NetworkInterfaces": cards}) == ("sg-1", "sg-2")
    assert template_groups({}) == ()
