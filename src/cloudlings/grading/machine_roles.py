"""The roles behind machines and tasks: through an instance profile, through a task definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudlings.account import Account
from cloudlings.grading.roles import (
    role_named,
)
from cloudlings.grading.s3_state import or_none
from cloudlings.grading.task import Because
from cloudlings.lab import Brief


def keys_with_state(keys: list[Mapping[str, Any]]) -> str:
    """Access keys with their states, in a sentence."""
    return ", ".join(f"{key['AccessKeyId']} ({key['Status']})" for key in keys)


def machines(account: Account) -> list[Mapping[str, Any]]:
    """The instances of the account, those that end or have ended apart."""
    reply = account.client("ec2").describe_instances()
    found = [each for reservation in reply["Reservations"] for each in reservation["Instances"]]
    return [each for each in found if each["State"]["Name"] not in ("terminated", "shutting-down")]


def task_definition(account: Account, family: str) -> Mapping[str, Any] | None:
    """The newest active task definition of a family; None when there is none."""
    read = account.client("ecs").describe_task_definition
    reply = or_none(lambda: read(taskDefinition=family), "ClientException", "InvalidParameterException")
    return reply["taskDefinition"] if reply else None


def profiles_role(account: Account, instance: Mapping[str, Any]) -> str:
    """The name of the role that an instance's profile holds."""
    arn = (instance.get("IamInstanceProfile") or {}).get("Arn", "")
    assert arn, Because(
        found=f"Instance {instance['InstanceId']} has no instance profile.",
        consequence="Its code finds no role, and goes on with the key.",
        concept="A role reaches an instance through an instance profile that is attached to it.",
    )
    name = arn.rsplit("/", 1)[-1]
    read = account.client("iam").get_instance_profile
    reply = or_none(lambda: read(InstanceProfileName=name), "NoSuchEntity")
    roles = [role["RoleName"] for role in reply["InstanceProfile"]["Roles"]] if reply else []
    assert roles, Because(
        found=f"The instance profile {name} of {instance['InstanceId']} holds no role.",
        consequence="The instance asks for credentials and gets none.",
        concept="An instance profile is a holder. Made by hand, it is empty.",
    )
    return str(roles[0])


def task_role(account: Account, brief: Brief, definition: Mapping[str, Any] | None) -> str:
    """The name of the role that a task definition gives its code."""
    family = brief.task_family
    assert definition is not None, Because(
        found=f"There is no active task definition of family {family} in {account.region_name}.",
        consequence="The transcriber cannot start.",
        concept="ECS starts tasks from a task definition, which lives in one Region.",
    )
    arn, execution = str(definition.get("taskRoleArn", "")), definition.get("executionRoleArn", "none")
    assert arn, Because(
        found=f"{definition['taskDefinitionArn']} has no task role; its execution role is {execution}.",
        consequence="The code in the container has no credentials: the execution role is ECS's own, used "
        "before the code runs.",
        concept="Two roles with two users: what the code may do, and what ECS may do to start it.",
    )
    name = arn.rsplit("/", 1)[-1]
    there = role_named(account, name)
    # A task role may be named by its short name; an ARN that differs is another role, or another account's.
    assert arn in ((name, there["Arn"]) if there else ()), Because(
        found=f"{definition['taskDefinitionArn']} names the task role {arn}, and there is no such role.",
        consequence="ECS refuses to start the task, or its code is refused at every call.",
        concept="An ARN holds the account and the path: all of it names the role.",
    )
    return name
