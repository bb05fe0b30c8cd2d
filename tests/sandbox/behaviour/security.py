"""KMS, Secrets Manager and Parameter Store."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same

KEYS = "KMS API reference, ScheduleKeyDeletion; KMS Developer Guide, Key states"
CRYPTO = "KMS API reference, Encrypt; Decrypt"
ROTATION = "KMS API reference, EnableKeyRotation"
SECRETS = "Secrets Manager API reference"
PARAMETERS = "Systems Manager API reference, PutParameter; GetParameter"

for _days in (6, 31):
    refused(
        "KMS",
        "ValidationException",
        f"A key is not deleted after {_days} days.",
        KEYS,
        lambda a, _d=_days: a.kms.schedule_key_deletion(KeyId=a.key(), PendingWindowInDays=_d),
    )
gives(
    "KMS",
    "A key waits 30 days for its deletion unless told otherwise.",
    KEYS,
    ("PendingDeletion", 30),
    lambda a: (lambda r: (r["KeyState"], r["PendingWindowInDays"]))(
        a.kms.schedule_key_deletion(KeyId=a.key())
    ),
)


@probe("KMS", KEYS, "KMSInvalidStateException")
def pending(aws: Aws) -> None:
    """A key that waits for its deletion encrypts nothing."""
    key = aws.key()
    aws.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    aws.kms.encrypt(KeyId=key, Plaintext=b"x")


@probe("KMS", KEYS, "DisabledException")
def disabled(aws: Aws) -> None:
    """A disabled key encrypts nothing."""
    key = aws.key()
    aws.kms.disable_key(KeyId=key)
    aws.kms.encrypt(KeyId=key, Plaintext=b"x")


@probe("KMS", KEYS)
def cancelled(aws: Aws) -> None:
    """A deletion that is cancelled leaves the key disabled."""
    key = aws.key()
    aws.kms.schedule_key_deletion(KeyId=key)
    aws.kms.cancel_key_deletion(KeyId=key)
    same(aws.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Disabled")


refused(
    "KMS",
    "NotFoundException",
    "A key that is not there is not found.",
    KEYS,
    lambda a: a.kms.describe_key(KeyId="11111111-2222-3333-4444-555555555555"),
)
refused(
    "KMS",
    "ValidationException",
    "A key encrypts 4,096 bytes at most.",
    CRYPTO,
    lambda a: a.kms.encrypt(KeyId=a.key(), Plaintext=b"x" * 4097),
)
refused(
    "KMS",
    "InvalidCiphertextException",
    "Another encryption context does not decrypt.",
    CRYPTO,
    lambda a: a.kms.decrypt(
        EncryptionContext={"a": "2"},
        CiphertextBlob=a.kms.encrypt(KeyId=a.key(), Plaintext=b"x", EncryptionContext={"a": "1"})[
            "CiphertextBlob"
        ],
    ),
)
refused(
    "KMS",
    "InvalidCiphertextException",
    "What no key encrypted is not decrypted.",
    CRYPTO,
    lambda a: a.kms.decrypt(CiphertextBlob=b"nothing that was encrypted"),
)
refused(
    "KMS",
    "IncorrectKeyException",
    "Another key does not decrypt.",
    CRYPTO,
    lambda a: a.kms.decrypt(
        KeyId=a.key(), CiphertextBlob=a.kms.encrypt(KeyId=a.key(), Plaintext=b"x")["CiphertextBlob"]
    ),
)
for _days in (2561,):
    refused(
        "KMS",
        "ValidationException",
        f"A key is not rotated every {_days} days.",
        ROTATION,
        lambda a, _d=_days: a.kms.enable_key_rotation(KeyId=a.key(), RotationPeriodInDays=_d),
    )
refused(
    "KMS",
    "UnsupportedOperationException",
    "An asymmetric key is not rotated.",
    ROTATION,
    lambda a: a.kms.enable_key_rotation(
        KeyId=a.kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    ),
)
refused(
    "KMS",
    "InvalidKeyUsageException",
    "A key for signing encrypts nothing.",
    CRYPTO,
    lambda a: a.kms.encrypt(
        Plaintext=b"x",
        KeyId=a.kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"],
    ),
)
gives(
    "KMS",
    "A key is rotated every 365 days unless told otherwise.",
    ROTATION,
    (True, 365),
    lambda a: (
        lambda k: [
            a.kms.enable_key_rotation(KeyId=k),
            (lambda r: (r["KeyRotationEnabled"], r.get("RotationPeriodInDays")))(
                a.kms.get_key_rotation_status(KeyId=k)
            ),
        ][1]
    )(a.key()),
)
refused(
    "KMS",
    "ValidationException",
    "An alias begins with alias/.",
    "KMS API reference, CreateAlias",
    lambda a: a.kms.create_alias(AliasName="mine", TargetKeyId=a.key()),
)
refused(
    "KMS",
    ("NotAuthorizedException", "ValidationException"),
    "An alias of one's own does not begin with alias/aws/.",
    "KMS API reference, CreateAlias",
    lambda a: a.kms.create_alias(AliasName="alias/aws/mine", TargetKeyId=a.key()),
)
refused(
    "KMS",
    "AlreadyExistsException",
    "An alias is given once.",
    "KMS API reference, CreateAlias",
    lambda a: [a.kms.create_alias(AliasName="alias/mine", TargetKeyId=a.key()) for _ in range(2)],
)
refused(
    "KMS",
    "MalformedPolicyDocumentException",
    "A key's policy is a policy.",
    "KMS API reference, PutKeyPolicy",
    lambda a: a.kms.put_key_policy(
        KeyId=a.key(),
        PolicyName="default",
        Policy=policy(Effect="Permit", Principal="*", Action="kms:*", Resource="*"),
    ),
)
refused(
    "KMS",
    "MalformedPolicyDocumentException",
    "A key's policy lets somebody change it.",
    "KMS API reference, PutKeyPolicy, BypassPolicyLockoutSafetyCheck",
    lambda a: a.kms.put_key_policy(
        KeyId=a.key(),
        PolicyName="default",
        Policy=policy(
            Effect="Allow",
            Principal={"AWS": f"arn:aws:iam::{a.account_id}:root"},
            Action="kms:Encrypt",
            Resource="*",
        ),
    ),
)


def secret(aws: Aws, **more: Any) -> str:
    name = aws.name("secret")
    aws.secretsmanager.create_secret(**({"Name": name, "SecretString": "x"} | more))
    return name


for _days in (6, 31):
    refused(
        "Secrets Manager",
        ("InvalidParameterException", "ValidationException"),
        f"A secret is not deleted after {_days} days.",
        f"{SECRETS}, DeleteSecret",
        lambda a, _d=_days: a.secretsmanager.delete_secret(SecretId=secret(a), RecoveryWindowInDays=_d),
    )
refused(
    "Secrets Manager",
    "InvalidParameterException",
    "A deletion by force has no window.",
    f"{SECRETS}, DeleteSecret",
    lambda a: a.secretsmanager.delete_secret(
        SecretId=secret(a), RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True
    ),
)
refused(
    "Secrets Manager",
    "InvalidRequestException",
    "A deleted secret is not read.",
    f"{SECRETS}, GetSecretValue",
    lambda a: (
        lambda s: [a.secretsmanager.delete_secret(SecretId=s), a.secretsmanager.get_secret_value(SecretId=s)]
    )(secret(a)),
)
refused(
    "Secrets Manager",
    "InvalidRequestException",
    "A deleted secret's name is not free at once.",
    f"{SECRETS}, CreateSecret",
    lambda a: (
        lambda s: [
            a.secretsmanager.delete_secret(SecretId=s),
            a.secretsmanager.create_secret(Name=s, SecretString="y"),
        ]
    )(secret(a)),
)
refused(
    "Secrets Manager",
    "ResourceExistsException",
    "A secret's name is given once.",
    f"{SECRETS}, CreateSecret",
    lambda a: [a.secretsmanager.create_secret(Name="one", SecretString="x") for _ in range(2)],
)
refused(
    "Secrets Manager",
    "ResourceNotFoundException",
    "A secret that is not there is not found.",
    f"{SECRETS}, GetSecretValue",
    lambda a: a.secretsmanager.get_secret_value(SecretId="none"),
)
refused(
    "Secrets Manager",
    "InvalidParameterException",
    "A secret is text or bytes.",
    f"{SECRETS}, CreateSecret",
    lambda a: secret(a, SecretBinary=b"x"),
)
refused(
    "Secrets Manager",
    ("InvalidParameterException", "ValidationException"),
    "A secret has 64 KB at most.",
    f"{SECRETS}, CreateSecret",
    lambda a: secret(a, SecretString="x" * 65_537),
)
refused(
    "Secrets Manager",
    "InvalidRequestException",
    "A secret is rotated by a function.",
    f"{SECRETS}, RotateSecret",
    lambda a: a.secretsmanager.rotate_secret(SecretId=secret(a)),
)
refused(
    "Secrets Manager",
    ("InvalidParameterException", "ValidationException"),
    "A secret's name keeps to its characters.",
    f"{SECRETS}, CreateSecret",
    lambda a: secret(a, Name="my secret"),
)
refused(
    "Secrets Manager",
    "MalformedPolicyDocumentException",
    "A secret's policy is a policy.",
    f"{SECRETS}, PutResourcePolicy",
    lambda a: a.secretsmanager.put_resource_policy(SecretId=secret(a), ResourcePolicy=json.dumps({"a": 1})),
)


@probe("Secrets Manager", f"{SECRETS}, PutSecretValue; Secret versions")
def stages(aws: Aws) -> None:
    """A new value is current, and the one before it previous."""
    name = secret(aws)
    aws.secretsmanager.put_secret_value(SecretId=name, SecretString="y")
    read = aws.secretsmanager.get_secret_value
    same(read(SecretId=name)["SecretString"], "y")
    same(read(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"], "x")


def parameter(aws: Aws, **more: Any) -> None:
    aws.ssm.put_parameter(**({"Name": "/app/key", "Value": "x", "Type": "String"} | more))


refused(
    "SSM",
    "ParameterAlreadyExists",
    "A parameter is not overwritten unasked.",
    PARAMETERS,
    lambda a: [parameter(a) for _ in range(2)],
)
refused(
    "SSM",
    "ParameterNotFound",
    "A parameter that is not there is not found.",
    PARAMETERS,
    lambda a: a.ssm.get_parameter(Name="/none"),
)
for _sentence, _more in {
    "A standard parameter has 4 KB at most.": {"Value": "x" * 4097},
    "A parameter's name does not begin with aws.": {"Name": "aws-key"},
    "A parameter's name does not begin with ssm.": {"Name": "/ssm/key"},
    "A parameter's name keeps to its characters.": {"Name": "/app/my key"},
    "A parameter's type is one that there is.": {"Type": "Number"},
    "A value keeps to the allowed pattern.": {"AllowedPattern": "^[0-9]+$"},
}.items():
    refused(
        "SSM",
        ("ValidationException", "ParameterPatternMismatchException"),
        _sentence,
        PARAMETERS,
        lambda a, _more=_more: parameter(a, **_more),
    )
refused(
    "SSM",
    ("HierarchyLevelLimitExceededException", "ValidationException"),
    "A hierarchy has 15 levels.",
    PARAMETERS,
    lambda a: parameter(a, Name="/" + "/".join("abcdefghijklmnop")),
)
gives(
    "SSM",
    "A secure string is shown encrypted unless asked for in clear.",
    PARAMETERS,
    (False, "x"),
    lambda a: [
        parameter(a, Type="SecureString"),
        (
            lambda g: (
                g(Name="/app/key")["Parameter"]["Value"] == "x",
                g(Name="/app/key", WithDecryption=True)["Parameter"]["Value"],
            )
        )(a.ssm.get_parameter),
    ][1],
)
