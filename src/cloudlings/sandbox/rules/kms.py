"""KMS: sizes, usages, key policies, aliases."""

from __future__ import annotations

import base64
import binascii
from fnmatch import fnmatchcase
from typing import Any

from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

LARGEST_PLAINTEXT = 4096


async def _key(given: Given) -> dict[str, Any]:
    found: dict[str, Any] = (await given.read("DescribeKey", KeyId=given.input.get("KeyId", ""))).get(
        "KeyMetadata", {}
    )
    return found


@before("kms", "ScheduleKeyDeletion")
def days_until_deletion(given: Given) -> Refusal | None:
    """A key waits 7 to 30 days for its deletion.

    Source: KMS API reference, ScheduleKeyDeletion, PendingWindowInDays.
    """
    days = given.input.get("PendingWindowInDays")
    if isinstance(days, int) and not 7 <= days <= 30:
        message = (
            f"1 validation error detected: Value '{days}' at "
            "'pendingWindowInDays' failed to satisfy constraint: "
            f"Member must have value {'greater' if days < 7 else 'less'} "
            f"than or equal to {7 if days < 7 else 30}"
        )
        return Refusal("ValidationException", message)
    return None


@reshape("kms", "ScheduleKeyDeletion")
def window_that_is_shown(given: Given, output: Output) -> None:
    """The answer says how long the key waits: 30 days unless told otherwise.

    Source: KMS API reference, ScheduleKeyDeletion, response.
    """
    output.setdefault("PendingWindowInDays", given.input.get("PendingWindowInDays", 30))
    output.setdefault("KeyState", "PendingDeletion")


@before("kms", "Encrypt")
def size_of_a_plaintext(given: Given) -> Refusal | None:
    """Encrypt takes 4,096 bytes.

    Source: KMS API reference, Encrypt, Plaintext.
    """
    try:
        size = len(base64.b64decode(given.input.get("Plaintext") or ""))
    except (binascii.Error, TypeError, ValueError):
        return None
    if size > LARGEST_PLAINTEXT:
        message = (
            "1 validation error detected: Value at 'plaintext' failed "
            "to satisfy constraint: Member must have length "
            f"less than or equal to {LARGEST_PLAINTEXT}"
        )
        return Refusal("ValidationException", message)
    return None


@before("kms", "Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")
async def usage_of_a_key(given: Given) -> Refusal | None:
    """A key for signing encrypts nothing, and data keys come from symmetric keys.

    Source: KMS API reference, Encrypt (InvalidKeyUsageException), GenerateDataKey.
    """
    if not given.input.get("KeyId"):
        return None
    key = await _key(given)
    data_key = given.call.operation.startswith("GenerateDataKey")
    if key and (
        key.get("KeyUsage") != "ENCRYPT_DECRYPT" or (data_key and key.get("KeySpec") != "SYMMETRIC_DEFAULT")
    ):
        arn, usage = key.get("Arn"), key.get("KeyUsage")
        message = f"{arn} key usage is {usage} which is not valid for {given.call.operation}."
        return Refusal("InvalidKeyUsageException", message)
    return None


@before("kms", "Decrypt")
async def key_that_encrypted(given: Given) -> Refusal | None:
    """A ciphertext is decrypted by the key that encrypted it.

    Source: KMS API reference, Decrypt (IncorrectKeyException).
    """
    asked = given.input
    key = await _key(given) if asked.get("KeyId") else {}
    if key.get("KeySpec") != "SYMMETRIC_DEFAULT":
        return None
    kept = {name: value for name, value in asked.items() if name in ("CiphertextBlob", "EncryptionContext")}
    found = await given.read("Decrypt", **kept)
    used = str(found.get("KeyId", "")).rpartition("/")[2]
    if used and used != key.get("KeyId"):
        message = "The key ID in the request does not identify a CMK that can perform this operation."
        return Refusal("IncorrectKeyException", message)
    return None


@before("kms", "EnableKeyRotation", "RotateKeyOnDemand")
async def key_that_rotates(given: Given) -> Refusal | None:
    """Only symmetric keys with material of AWS's are rotated.

    Source: KMS API reference, EnableKeyRotation (UnsupportedOperationException).
    """
    key = await _key(given)
    if key and key.get("KeySpec", "SYMMETRIC_DEFAULT") != "SYMMETRIC_DEFAULT":
        return Refusal("UnsupportedOperationException", "")
    return None


@before("kms", "CreateAlias", "DeleteAlias", "UpdateAlias")
def alias_of_ones_own(given: Given) -> Refusal | None:
    """Aliases that begin with alias/aws/ are AWS's.

    Source: KMS API reference, CreateAlias, AliasName.
    """
    name = str(given.input.get("AliasName", ""))
    if name.startswith("alias/aws/"):
        return Refusal("NotAuthorizedException", "")
    if not name.startswith("alias/"):
        return Refusal("ValidationException", "Alias must start with the prefix \"alias/\". Please see "
                       "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html")  # fmt: skip
    return None


@before("kms", "CreateKey", "PutKeyPolicy")
def policy_of_a_key(given: Given) -> Refusal | None:
    """A key policy keeps to the policy language, and lets somebody of the account change it.

    Source: KMS API reference, PutKeyPolicy (MalformedPolicyDocumentException; the lockout safety check).
    """
    from cloudlings.iam.validation import validate

    document = given.input.get("Policy")
    if not document:
        return None
    problems = validate(document, "key")
    if problems:
        return Refusal("MalformedPolicyDocumentException", problems[0].message)
    if not given.input.get("BypassPolicyLockoutSafetyCheck") and not _can_be_changed(
        document, given.call.account_id
    ):
        message = "The new key policy will not allow you to update the key policy in the future."
        return Refusal("MalformedPolicyDocumentException", message)
    return None


def _can_be_changed(document: str, account: str) -> bool:
    """Whether a statement lets a principal of the account put another policy."""
    import json

    statements = json.loads(document).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        actions = [actions] if isinstance(actions, str) else actions
        given_to = statement.get("Principal")
        named = given_to.get("AWS", []) if isinstance(given_to, dict) else given_to or []
        named = [named] if isinstance(named, str) else named
        ours = any(each == "*" or account in each for each in named)
        puts = any(fnmatchcase("kms:putkeypolicy", action.lower()) for action in actions)
        if statement.get("Effect") == "Allow" and ours and (puts or "NotAction" in statement):
            return True
    return False
