"""State machine definitions and schedules: what is wrong with them, without a sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.sandbox.rules.events import is_schedule
from cloudlings.sandbox.rules.workflows import problems

PASS = {"Type": "Pass", "End": True}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["Type", "Next", "End", "Choices", "Catch", "Retry", "Branches", "ItemProcessor", "Default", "Resource"]
)
STATES = st.dictionaries(FIELDS, VALUES | st.sampled_from(["Task", "Choice", "Map", "Parallel"]), max_size=5)


@pytest.mark.parametrize(
    "machine",
    [
        {"StartAt": "A", "States": {"A": PASS}},
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}},
        {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}]},
                "B": {"Type": "Succeed"},
            },
        },
        {
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Retry": [{"ErrorEquals": ["X"]}, {"ErrorEquals": ["States.ALL"]}],
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],
                    "End": True,
                },
                "B": {"Type": "Fail"},
            },
        },
    ],
)
def test_sound_definitions_have_no_problem(machine: dict[str, Any]) -> None:
    """A definition that AWS takes is taken."""
    assert list(problems(machine)) == []


def test_a_problem_says_where() -> None:
    """A problem names the place in the definition, in a branch too."""
    branch = {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "gone"}}}
    machine = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [branch], "End": True}}}
    (found,) = problems(machine)
    assert found == (
        "MISSING_TRANSITION_TARGET",
        "Missing 'Next' target: gone",
        "/States/P/Branches[0]/States/X/Next",
    )


@given(VALUES, st.dictionaries(st.text(max_size=2), STATES | VALUES, max_size=3) | VALUES)
@settings(max_examples=300, deadline=None)
def test_nothing_that_is_json_breaks_the_check(start: Any, states: Any) -> None:
    """Whatever a definition holds, its problems are told and nothing is raised."""
    for code, words, place in problems({"StartAt": start, "States": states}):
        assert code
        assert words
        assert isinstance(place, str)


@pytest.mark.parametrize(
    ("expression", "right"),
    [
        ("rate(1 minute)", True),
        ("rate(1 minutes)", False),
        ("rate(5 minutes)", True),
        ("rate(5 minute)", False),
        ("rate(0 days)", False),
        ("rate(5 weeks)", False),
        ("cron(0 12 * * ? *)", True),
        ("cron(0/15 8-18 ? * MON-FRI *)", True),
        ("cron(0 12 * * * *)", False),
        ("cron(0 12 ? * ? *)", False),
        ("cron(0 12 * * ?)", False),
        ("every day", False),
    ],
)
def test_schedules(expression: str, right: bool) -> None:
    """One of a thing is singular; cron has six fields, one of its two days a question mark."""
    assert is_schedule(expression) is right
