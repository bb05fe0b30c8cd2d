"""Secrets Manager and Parameter Store."""

from __future__ import annotations

import re

from cloudlings.sandbox.rules.registry import Given, Refusal, before

_SECRET = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
_PARAMETER = re.compile(r"[A-Za-z0-9_.\-/]+")
MOST_LEVELS = 15
_SIZES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}


@before("secretsmanager", "CreateSecret")
async def secret_that_can_be(given: Given) -> Refusal | None:
    """A secret has a name of its own, is text or bytes, and waits for no deletion.

    Source: Secrets Manager API reference, CreateSecret, Name, SecretString, SecretBinary; DeleteSecret.
    """
    asked = given.input
    name = asked.get("Name", "")
    if not _SECRET.fullmatch(name):
        message = (
            "Invalid name. Must be a valid name containing alphanumeric "
            "characters, or any of the following: -/_+=.@!"
        )
        return Refusal("ValidationException", message)
    if asked.get("SecretString") is not None and asked.get("SecretBinary") is not None:
        message = "You can't specify both a binary secret value and a text secret value in the same secret."
        return Refusal("InvalidParameterException", message)
    found = await given.read("DescribeSecret", SecretId=name)
    if found.get("DeletedDate"):
        message = (
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
        return Refusal("InvalidRequestException", message)
    return None


@before("secretsmanager", "DeleteSecret")
def days_until_deletion(given: Given) -> Refusal | None:
    """A secret waits 7 to 30 days for its deletion, or none at all by force.

    Source: Secrets Manager API reference, DeleteSecret, RecoveryWindowInDays, ForceDeleteWithoutRecovery.
    """
    days, force = given.input.get("RecoveryWindowInDays"), given.input.get("ForceDeleteWithoutRecovery")
    if days is not None and force:
        message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."
        return Refusal("InvalidParameterException", message)
    if isinstance(days, int) and not 7 <= days <= 30:
        message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
        return Refusal("InvalidParameterException", message)
    return None


@before("secretsmanager", "RotateSecret")
async def rotation_by_a_function(given: Given) -> Refusal | None:
    """A secret is rotated by the function that it was given.

    Source: Secrets Manager API reference, RotateSecret (InvalidRequestException).
    """
    if given.input.get("RotationLambdaARN"):
        return None
    found = await given.read("DescribeSecret", SecretId=given.input.get("SecretId", ""))
    if found and not found.get("RotationLambdaARN") and not found.get("OwningService"):
        message = "No Lambda rotation function ARN is associated with this secret."
        return Refusal("InvalidRequestException", message)
    return None


@before("secretsmanager", "PutResourcePolicy")
def policy_of_a_secret(given: Given) -> Refusal | None:
    """A secret's policy keeps to the policy language.

    Source: Secrets Manager API reference, PutResourcePolicy (MalformedPolicyDocumentException).
    """
    from cloudlings.iam.validation import validate

    problems = validate(given.input.get("ResourcePolicy", ""), "secret")
    if problems:
        return Refusal("MalformedPolicyDocumentException", "This resource policy contains a syntax error.")
    return None


@before("ssm", "PutParameter")
def parameter_that_can_be(given: Given) -> Refusal | None:
    """A parameter's name, levels, value and pattern keep to its tier.

    Source: Systems Manager API reference, PutParameter; Systems Manager User Guide, "Parameter tiers".
    """
    asked = given.input
    name, value = str(asked.get("Name", "")), str(asked.get("Value", ""))
    if not _PARAMETER.fullmatch(name):
        message = (
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). '
            "If formed as a path, it can consist of "
            "sub-paths divided by slash symbol; each sub-path can be "
            "formed as a mix of letters, numbers and the "
            "following 3 symbols .-_"
        )
        return Refusal("ValidationException", message)
    if name.strip("/").count("/") + 1 > MOST_LEVELS:
        message = f"A parameter hierarchy has {MOST_LEVELS} levels at most."
        return Refusal("HierarchyLevelLimitExceededException", message)
    tier = asked.get("Tier", "Standard")
    if len(value.encode()) > _SIZES.get(tier, 4096):
        message = (
            "Standard tier parameters support a maximum parameter "
            "value of 4096 characters. To create a larger "
            "parameter value, upgrade the parameter to use the advanced-parameter tier."
        )
        return Refusal("ValidationException", message)
    pattern = asked.get("AllowedPattern")
    if pattern and not re.search(pattern, value):
        message = f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        return Refusal("ParameterPatternMismatchException", message)
    return None
