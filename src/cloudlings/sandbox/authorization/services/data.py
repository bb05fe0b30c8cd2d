"""Services that hold data: DynamoDB, SQS, SNS, Kinesis, KMS, Secrets Manager, Parameter Store.

Source: Service Authorization Reference of each; DynamoDB Developer Guide, "Using IAM policy conditions for
fine-grained access control"; KMS Developer Guide, "AWS KMS condition keys"; SNS and SQS developer guides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cloudlings.sandbox.authorization import common
from cloudlings.sandbox.authorization.need import Asked, Context, Need
from cloudlings.sandbox.authorization.registry import needs

# --- DynamoDB ------------------------------------------------------------------------------------

_TRANSACTED: Final = {
    "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem",
    "ConditionCheck": "ConditionCheckItem",
}  # fmt: skip
_PARTIQL: Final = {
    "SELECT": "PartiQLSelect", "INSERT": "PartiQLInsert", "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"
}  # fmt: skip
_STATEMENT = re.compile(
    r"\s*(\w+)\s+(?:INTO\s+|.*?\bFROM\s+)?\"?([\w.-]+)\"?(?:\.\"?([\w.-]+)\"?)?", re.I | re.S
)


@needs("dynamodb")
def of_dynamodb(asked: Asked) -> Iterator[Need]:
    """DynamoDB: a table, or the index that is queried; each item's own action in transactions and batches."""
    operation = asked.call.operation
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for item in asked.items("TransactItems"):
            for kind, inner in item.items():
                if isinstance(inner, dict) and kind in _TRANSACTED:
                    action = f"dynamodb:{_TRANSACTED[kind]}"
                    keys = {**_item_keys(inner), "dynamodb:EnclosingOperation": operation}
                    yield Need(action, _table(asked, inner.get("TableName")), keys)
    elif operation in ("BatchWriteItem", "BatchGetItem"):
        tables = asked.input.get("RequestItems")
        for name, requests in (tables if isinstance(tables, dict) else {}).items():
            yield Need(f"dynamodb:{operation}", _table(asked, name), _batch_keys(requests))
    elif operation in ("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"):
        yield from _statements(asked)
    elif asked.text("TableName") and not operation.startswith("CreateGlobal"):
        arn = _table(asked, asked.text("TableName"))
        index = asked.text("IndexName")
        keys = {**_item_keys(asked.input), "dynamodb:Select": asked.text("Select") or None}
        yield Need(f"dynamodb:{operation}", f"{arn}/index/{index}" if index else arn, keys)
    else:
        yield from common.needs_of(asked)


def _table(asked: Asked, name: Any) -> str:
    text = str(name or "*")
    return text if text.startswith("arn:") else asked.arn(f"table/{text}")


def _item_keys(input_: Mapping[str, Any]) -> Context:
    """dynamodb:LeadingKeys and dynamodb:Attributes, as far as a request tells them.

    The partition key is the first of the Key that has it; of a PutItem, only the table knows which.
    """
    keys: dict[str, Any] = {"dynamodb:ReturnValues": input_.get("ReturnValues")}
    given = input_.get("Key")
    if isinstance(given, dict) and given:
        keys["_dynamodb:Key"] = [f"{name}={_scalar(value)}" for name, value in given.items()]
    item = input_.get("Item")
    if isinstance(item, dict):
        keys["_dynamodb:Key"] = [f"{name}={_scalar(value)}" for name, value in item.items()]
    condition = input_.get("KeyConditionExpression")
    if isinstance(condition, str):
        keys["_dynamodb:Key"] = _from_condition(condition, input_)
    attributes = _attributes(input_)
    if attributes:
        keys["dynamodb:Attributes"] = attributes
    return keys


def _from_condition(condition: str, input_: Mapping[str, Any]) -> list[str]:
    names, values = (
        input_.get("ExpressionAttributeNames") or {},
        input_.get("ExpressionAttributeValues") or {},
    )
    found = []
    for left, right in re.findall(r"([#\w.-]+)\s*=\s*(:\w+)", condition):
        found.append(f"{names.get(left, left)}={_scalar(values.get(right))}")
    return found


def _attributes(input_: Mapping[str, Any]) -> list[str]:
    names = input_.get("ExpressionAttributeNames") or {}
    found: list[str] = []
    projection = input_.get("ProjectionExpression")
    if isinstance(projection, str):
        found += [names.get(part.strip(), part.strip()) for part in projection.split(",")]
    for name in ("AttributesToGet",):
        value = input_.get(name)
        found += [str(one) for one in value] if isinstance(value, list) else []
    for name in ("Item", "Key"):
        value = input_.get(name)
        found += list(value) if isinstance(value, dict) else []
    update = input_.get("UpdateExpression")
    if isinstance(update, str):
        found += [names.get(left, left) for left in re.findall(r"([#\w]+)\s*=", update)]
    return list(dict.fromkeys(found))


def _scalar(value: Any) -> str:
    return str(next(iter(value.values()), "")) if isinstance(value, dict) and value else str(value)


def _batch_keys(requests: Any) -> Context:
    keys: list[str] = []
    given = requests.get("Keys", []) if isinstance(requests, dict) else []
    for one in requests if isinstance(requests, list) else []:
        for kind in ("PutRequest", "DeleteRequest"):
            inner = one.get(kind) if isinstance(one, dict) else None
            if isinstance(inner, dict):
                given = [*given, inner.get("Item") or inner.get("Key") or {}]
    for key in given if isinstance(given, list) else []:
        keys += [f"{name}={_scalar(value)}" for name, value in key.items()] if isinstance(key, dict) else []
    return {"_dynamodb:Key": keys} if keys else {}


def _statements(asked: Asked) -> Iterator[Need]:
    texts = [asked.text("Statement")] if asked.text("Statement") else []
    texts += [
        str(one.get("Statement", ""))
        for one in (*asked.items("Statements"), *asked.items("TransactStatements"))
    ]
    for text in texts:
        found = _STATEMENT.match(text)
        verb = found[1].upper() if found else ""
        arn = asked.arn(f"table/{found[2]}" + (f"/index/{found[3]}" if found[3] else "")) if found else "*"
        yield Need(f"dynamodb:{_PARTIQL.get(verb, 'PartiQLSelect')}", arn)


# --- SQS and SNS -----------------------------------------------------------------------------------


@needs("sqs")
def of_sqs(asked: Asked) -> Iterator[Need]:
    """SQS: the queue that the URL (or the name) stands for, in whosever account it is."""
    action = common.ACTIONS.get(("sqs", asked.call.operation), (asked.call.operation,))[0]
    url, name = asked.text("QueueUrl"), asked.text("QueueName")
    if not url and asked.call.request.path.count("/") == 2:
        url = asked.call.request.path
    owner = asked.text("QueueOwnerAWSAccountId") or asked.account
    parts = url.rstrip("/").split("/")
    if url and len(parts) >= 2:
        name = parts[-1]
        owner = parts[-2] if parts[-2].isdecimal() else asked.account
    source = asked.text("SourceArn")
    for arn in [source] if source else [asked.arn(name, account=owner) if name else "*"]:
        yield Need(f"sqs:{action}", arn)


@needs("sns")
def of_sns(asked: Asked) -> Iterator[Need]:
    """SNS: the topic; who subscribes what by which protocol."""
    operation = asked.call.operation
    action = common.ACTIONS.get(("sns", operation), (operation,))[0]
    arn = asked.text("TopicArn") or asked.text("TargetArn") or asked.text("ResourceArn")
    subscription = asked.text("SubscriptionArn")
    if subscription.count(":") == 6:
        arn = subscription.rpartition(":")[0]
    if operation == "CreateTopic":
        arn = asked.arn(asked.text("Name"))
    context: dict[str, Any] = {}
    if operation == "Subscribe":
        context = {
            "sns:Protocol": asked.text("Protocol") or None,
            "sns:Endpoint": asked.text("Endpoint") or None,
        }
    yield Need(f"sns:{action}", arn or "*", context)


# --- KMS -------------------------------------------------------------------------------------------


@needs("kms")
def of_kms(asked: Asked) -> Iterator[Need]:
    """KMS: the key (an alias stands for its key), with the encryption context."""
    operation = asked.call.operation
    if operation == "ReEncrypt":
        source = asked.text("SourceKeyId")
        source = _key(asked, source) if source else f"kms-ciphertext:{asked.text('CiphertextBlob')}"
        yield Need("kms:ReEncryptFrom", source, _kms_keys(asked, "Source"))
        yield Need(
            "kms:ReEncryptTo", _key(asked, asked.text("DestinationKeyId")), _kms_keys(asked, "Destination")
        )
        return
    context = _kms_keys(asked, "")
    if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        yield Need(f"kms:{operation}", asked.arn(asked.text("AliasName")), context)
        target = asked.text("TargetKeyId")
        if operation != "CreateAlias":
            alias = asked.arn(asked.text("AliasName"))
            yield Need(f"kms:{operation}", f"kms-key-of:{alias}", context)
        if target:
            yield Need(f"kms:{operation}", _key(asked, target), context)
    elif asked.text("KeyId"):
        yield Need(f"kms:{operation}", _key(asked, asked.text("KeyId")), context)
    elif operation == "Decrypt":
        # The ciphertext tells the key; the account resolves it.
        yield Need("kms:Decrypt", f"kms-ciphertext:{asked.text('CiphertextBlob')}", context)
    else:
        yield Need(f"kms:{operation}", "*", context)


def _key(asked: Asked, name: str) -> str:
    if not name or name.startswith("arn:"):
        return name or "*"
    return asked.arn(name if name.startswith("alias/") else f"key/{name}")


def _kms_keys(asked: Asked, side: str) -> Context:
    prefix = f"{side}EncryptionContext" if side else "EncryptionContext"
    given = asked.input.get(prefix)
    found: dict[str, Any] = {"kms:CallerAccount": asked.account}
    if isinstance(given, dict) and given:
        found |= {f"kms:EncryptionContext:{name}": str(value) for name, value in given.items()}
        found["kms:EncryptionContextKeys"] = list(given)
    named = asked.text("KeyId")
    if "alias/" in named:
        found["kms:RequestAlias"] = f"alias/{named.partition('alias/')[2]}"
    operations = asked.texts("Operations")
    if asked.call.operation == "CreateGrant":
        found["kms:GrantOperations"] = operations
        found["kms:GranteePrincipal"] = asked.text("GranteePrincipal") or None
        found["kms:GrantIsForAWSResource"] = "false"
    if asked.text("PendingWindowInDays"):
        found["kms:ScheduleKeyDeletionPendingWindowInDays"] = asked.text("PendingWindowInDays")
    for parameter, key in (
        ("KeySpec", "kms:KeySpec"),
        ("KeyUsage", "kms:KeyUsage"),
        ("Origin", "kms:KeyOrigin"),
    ):
        if asked.call.operation == "CreateKey":
            found[key] = asked.text(parameter) or None
    return found


# --- secrets and parameters --------------------------------------------------------------------------


@needs("secretsmanager")
def of_secrets(asked: Asked) -> Iterator[Need]:
    """Secrets Manager: the secret's ARN ends with characters of AWS's own, which the account knows."""
    operation = asked.call.operation
    name = asked.text("SecretId") or (asked.text("Name") if operation == "CreateSecret" else "")
    context: dict[str, Any] = {
        "secretsmanager:Name": asked.text("Name") or None,
        "secretsmanager:VersionStage": asked.text("VersionStage") or None,
        "secretsmanager:KmsKeyId": asked.text("KmsKeyId") or None,
        "secretsmanager:RecoveryWindowInDays": asked.text("RecoveryWindowInDays") or None,
        "secretsmanager:ForceDeleteWithoutRecovery": _flag(asked, "ForceDeleteWithoutRecovery"),
        "secretsmanager:BlockPublicPolicy": _flag(asked, "BlockPublicPolicy"),
    }
    if operation == "BatchGetSecretValue":
        yield Need("secretsmanager:BatchGetSecretValue", "*", context)
        for one in asked.texts("SecretIdList"):
            yield Need("secretsmanager:GetSecretValue", secret_arn(asked, one), context)
        return
    arn = secret_arn(asked, name) if name else "*"
    if operation == "CreateSecret" and not arn.endswith("-??????"):
        arn += "-??????"
    yield Need(f"secretsmanager:{operation}", arn, context)


def _flag(asked: Asked, name: str) -> str | None:
    value = asked.input.get(name)
    return str(value).lower() if isinstance(value, bool) else None


def secret_arn(asked: Asked, name: str) -> str:
    """A secret's ARN by its name, without the end that AWS adds."""
    return name if name.startswith("arn:") else asked.arn(f"secret:{name}")


@needs("ssm", "GetParametersByPath", "GetParameterHistory", "GetParameter", "GetParameters", "PutParameter",
       "DeleteParameter", "DeleteParameters", "LabelParameterVersion")  # fmt: skip
def of_parameters(asked: Asked) -> Iterator[Need]:
    """Parameter Store: a parameter's ARN has its name without the first slash."""
    context: dict[str, Any] = {"ssm:Overwrite": _flag(asked, "Overwrite")}
    if asked.call.operation == "GetParametersByPath":
        context["ssm:Recursive"] = _flag(asked, "Recursive")
    for name in asked.texts("Name", "Names", "Path") or ["*"]:
        bare = name if name.startswith("arn:") else name.partition(":")[0].lstrip("/")
        yield Need(
            f"ssm:{asked.call.operation}",
            bare if bare.startswith("arn:") else asked.arn(f"parameter/{bare}"),
            context,
        )
