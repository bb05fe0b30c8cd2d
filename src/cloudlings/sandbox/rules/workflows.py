"""Step Functions: what a definition must be, and whose role it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from cloudlings.sandbox.rules.functions import trusts
from cloudlings.sandbox.rules.registry import Given, Refusal, before

State = Mapping[str, Any]
Problem = tuple[str, str, str]
"""What is wrong: a code, words, and the place in the definition."""

_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
# Those that lead nowhere by Next or End.
_ENDS = ("Succeed", "Fail", "Choice")
_WAITS = ("Seconds", "Timestamp", "SecondsPath", "TimestampPath")
_WITH_ERRORS = ("Task", "Parallel", "Map")


@before("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def definition_that_holds(given: Given) -> Refusal | None:
    """A definition is JSON, and its states are complete and lead to one another.

    Source: Amazon States Language specification; Step Functions API reference, CreateStateMachine
    (InvalidDefinition).
    """
    text = given.input.get("definition")
    if text is None:
        return None
    try:
        definition = json.loads(text)
    except (ValueError, TypeError) as error:
        return _invalid(("INVALID_JSON_DESCRIPTION", str(error), ""))
    if not isinstance(definition, dict):
        return _invalid(("SCHEMA_VALIDATION_FAILED", "The definition must be an object", "/"))
    try:
        found = next(problems(definition), None)
    except RecursionError:
        found = ("SCHEMA_VALIDATION_FAILED", "The definition is nested too deeply", "/")
    return _invalid(found) if found is not None else None


def _invalid(problem: Problem) -> Refusal:
    code, words, place = problem
    at = f" at {place}" if place else ""
    return Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{code}: {words}{at}'")


def problems(machine: State, place: str = "") -> Iterator[Problem]:
    """What is wrong with a machine, or with the branch of one, from the outside in."""
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(start, str):
        yield "SCHEMA_VALIDATION_FAILED", "The field 'StartAt' is required but was missing", place or "/"
    if not isinstance(states, dict) or not states:
        yield "SCHEMA_VALIDATION_FAILED", "The field 'States' is required but was missing", place or "/"
        return
    if isinstance(start, str) and start not in states:
        yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {start}", f"{place}/StartAt"
    reached = {start} if isinstance(start, str) else set()
    for name, state in states.items():
        here = f"{place}/States/{name}"
        if not isinstance(state, dict):
            yield "SCHEMA_VALIDATION_FAILED", "A state must be an object", here
            continue
        yield from _of_state(state, here)
        for field, target in _targets(state):
            reached.add(target)
            if target not in states:
                yield "MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", f"{here}/{field}"
    for name in states:
        if name not in reached:
            yield "MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', f"{place}/States/{name}"


def _targets(state: State) -> Iterator[tuple[str, str]]:
    """Where a state leads: the field, and the state's name."""
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield field, state[field]
    for field in ("Choices", "Catch"):
        for number, each in enumerate(_listed(state, field)):
            if isinstance(each, dict) and isinstance(each.get("Next"), str):
                yield f"{field}[{number}]/Next", each["Next"]


def _listed(state: State, field: str) -> list[Any]:
    found = state.get(field)
    return found if isinstance(found, list) else []


def _missing(words: str, place: str) -> Problem:
    return "SCHEMA_VALIDATION_FAILED", words, place


def _of_state(state: State, place: str) -> Iterator[Problem]:
    kind = state.get("Type")
    if kind not in _TYPES:
        yield _missing(
            f"The value for the field 'Type' must be one of {list(_TYPES)} but was {kind!r}", place
        )
        return
    if kind not in _ENDS and (("Next" in state) == bool(state.get("End"))):
        yield _missing("A state must have exactly one of 'Next' and 'End'", place)
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield _missing("The field 'Resource' is required but was missing", place)
    if kind == "Wait" and sum(field in state for field in _WAITS) != 1:
        yield _missing(f"A Wait state must have exactly one of {list(_WAITS)}", place)
    if kind == "Choice":
        yield from _of_choice(state, place)
    if kind == "Parallel":
        yield from _of_branches(state, place)
    if kind == "Map":
        inner = state.get("ItemProcessor") or state.get("Iterator")
        if not isinstance(inner, dict):
            yield _missing("The field 'ItemProcessor' is required but was missing", place)
        else:
            yield from problems(inner, f"{place}/ItemProcessor")
    if kind in _WITH_ERRORS:
        yield from _of_errors(state, place)


def _of_choice(state: State, place: str) -> Iterator[Problem]:
    choices = state.get("Choices")
    if not isinstance(choices, list) or not choices:
        yield _missing("The field 'Choices' must be a non-empty array", place)
        return
    for number, choice in enumerate(choices):
        if not isinstance(choice, dict) or not isinstance(choice.get("Next"), str):
            yield _missing("The field 'Next' is required but was missing", f"{place}/Choices[{number}]")


def _of_branches(state: State, place: str) -> Iterator[Problem]:
    branches = state.get("Branches")
    if not isinstance(branches, list) or not branches:
        yield _missing("The field 'Branches' must be a non-empty array", place)
        return
    for number, branch in enumerate(branches):
        if isinstance(branch, dict):
            yield from problems(branch, f"{place}/Branches[{number}]")


def _of_errors(state: State, place: str) -> Iterator[Problem]:
    """Retry and Catch name errors; States.ALL stands by itself, and last."""
    for field in ("Retry", "Catch"):
        rules = _listed(state, field)
        for number, rule in enumerate(rules):
            here, names = (
                f"{place}/{field}[{number}]",
                rule.get("ErrorEquals") if isinstance(rule, dict) else None,
            )
            if not isinstance(names, list) or not names:
                yield _missing("The field 'ErrorEquals' must be a non-empty array", here)
            elif "States.ALL" in names and (len(names) > 1 or number < len(rules) - 1):
                yield _missing("'States.ALL' must be alone, and in the last rule", here)
            if field == "Catch" and isinstance(rule, dict) and not isinstance(rule.get("Next"), str):
                yield _missing("The field 'Next' is required but was missing", here)


@before("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
async def role_that_states_can_take(given: Given) -> Refusal | None:
    """A state machine's role is there and trusts Step Functions.

    Source: Step Functions Developer Guide, "Creating an IAM role for your state machine"; CreateStateMachine
    (AccessDeniedException: neither service principal is authorized to assume it).
    """
    arn = str(given.input.get("roleArn") or "")
    parts = arn.split(":role/")
    if len(parts) != 2 or parts[0].rpartition(":")[2] != given.call.account_id:
        return None
    role = (await given.read("GetRole", "iam", RoleName=parts[1].rpartition("/")[2])).get("Role")
    if role and trusts(role.get("AssumeRolePolicyDocument", ""), "states.amazonaws.com"):
        return None
    said = (
        "Neither the global service principal states.amazonaws.com, nor the regional one is "
        "authorized to assume the provided role."
    )
    return Refusal("AccessDeniedException", said)


@before("stepfunctions", "StartExecution", "StartSyncExecution")
def input_that_is_json(given: Given) -> Refusal | None:
    """An execution's input is JSON.

    Source: Step Functions API reference, StartExecution (InvalidExecutionInput).
    """
    text = given.input.get("input")
    try:
        json.loads(text) if text else None
    except ValueError as error:
        return Refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'")
    return None


@before("stepfunctions", "StartSyncExecution")
async def express_only(given: Given) -> Refusal | None:
    """Only an express workflow is waited for.

    Source: Step Functions API reference, StartSyncExecution (StateMachineTypeNotSupported).
    """
    arn = str(given.input.get("stateMachineArn", ""))
    found = await given.read("DescribeStateMachine", stateMachineArn=arn)
    if found.get("type") == "STANDARD":
        said = "This operation is not supported by this type of state machine"
        return Refusal("StateMachineTypeNotSupported", said)
    return None
