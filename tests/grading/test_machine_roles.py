"""The role behind a machine, and the one behind a task: which it is, and what is told where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudlings.grading.machine_roles import (
    keys_with_state,
    machines,
    profiles_role,
    task_definition,
    task_role,
)
from cloudlings.lab import Brief

BRIEF = Brief({"task_family": "transcribe"})
ROLE = "arn:aws:iam::111122223333:role/media/reader"
PROFILE = {"Arn": "arn:aws:iam::111122223333:instance-profile/holder"}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Describe")


class Machines:
    """An account with machines in these states, and a profile with these roles."""

    region_name = "eu-west-1"

    def __init__(
        self, *states: str, profiled: tuple[str, ...] | None = (), code: str = "ClientException"
    ) -> None:
        self.states, self.profiled, self.code = states, profiled, code

    def client(self, _service: str) -> Machines:
        return self

    def describe_instances(self) -> Any:
        each = [{"InstanceId": f"i-{state}", "State": {"Name": state}} for state in self.states]
        return {"Reservations": [{"Instances": each[:1]}, {"Instances": each[1:]}]}

    def get_instance_profile(self, *, InstanceProfileName: str) -> Any:  # noqa: N803
        if InstanceProfileName != "holder" or self.profiled is None:
            raise refused("NoSuchEntity")
        return {"InstanceProfile": {"Roles": [{"RoleName": name} for name in self.profiled]}}

    def get_role(self, *, RoleName: str) -> Any:  # noqa: N803
        if RoleName != "reader":
            raise refused("NoSuchEntity")
        return {"Role": {"RoleName": "reader", "Arn": ROLE}}

    def describe_task_definition(self, **_asked: Any) -> Any:
        if self.code:
            raise refused(self.code)
        return {"taskDefinition": {"family": "transcribe"}}


def account(*states: str, **more: Any) -> Any:
    return Machines(*states, **more)


def test_machines() -> None:
    """Of all reservations; those that are gone, or going, are none."""
    found = machines(account("running", "stopped", "shutting-down", "pending", "terminated"))
    assert [each["InstanceId"] for each in found] == ["i-running", "i-stopped", "i-pending"]


def test_keys_in_words() -> None:
    """Each with its state."""
    keys = [{"AccessKeyId": "A", "Status": "Active"}, {"AccessKeyId": "B", "Status": "Inactive"}]
    assert keys_with_state(keys) == "A (Active), B (Inactive)"


def test_the_role_of_a_profile() -> None:
    """The one that it holds."""
    instance = {"InstanceId": "i-1", "IamInstanceProfile": PROFILE}
    assert profiles_role(account(profiled=("reader",)), instance) == "reader"


@pytest.mark.parametrize(
    ("profiled", "instance", "words"),
    [
        (("reader",), {}, "Instance i-1 has no instance profile"),
        (("reader",), {"IamInstanceProfile": None}, "Instance i-1 has no instance profile"),
        ((), {"IamInstanceProfile": PROFILE}, "profile holder of i-1 holds no role"),
        (None, {"IamInstanceProfile": PROFILE}, "profile holder of i-1 holds no role"),
    ],
)
def test_no_role_of_a_profile(profiled: Any, instance: Mapping[str, Any], words: str) -> None:
    """Without a profile, with an empty one, or with one that is gone."""
    with pytest.raises(AssertionError, match=words):
        profiles_role(account(profiled=profiled), {"InstanceId": "i-1", **instance})


@pytest.mark.parametrize("code", ["ClientException", "InvalidParameterException"])
def test_no_task_definition(code: str) -> None:
    """None of the family is none, and told."""
    assert task_definition(account(code=code), "transcribe") is None
    assert task_definition(account(code=""), "transcribe") == {"family": "transcribe"}
    with pytest.raises(AssertionError, match="no active task definition of family transcribe in eu-west-1"):
        task_role(account(), BRIEF, None)


@pytest.mark.parametrize("arn", ["reader", ROLE])
def test_the_role_of_a_task(arn: str) -> None:
    """Named by its short name, or by its ARN."""
    assert task_role(account(), BRIEF, {"taskDefinitionArn": "td", "taskRoleArn": arn}) == "reader"


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({}, "td has no task role; its execution role is none"),
        ({"executionRoleArn": "arn:x"}, "its execution role is arn:x"),
        ({"taskRoleArn": "writer"}, "names the task role writer, and there is no such role"),
        ({"taskRoleArn": "arn:aws:iam::111122223333:role/reader"}, "there is no such role"),
        ({"taskRoleArn": "arn:aws:iam::999988887777:role/media/reader"}, "there is no such role"),
    ],
)
def test_no_role_of_a_task(roles: Mapping[str, str], words: str) -> None:
    """ECS's own alone, one that is gone, one of another path or account."""
    with pytest.raises(AssertionError, match=words):
        task_role(account(), BRIEF, {"taskDefinitionArn": "td", **roles})
