"""Values that an API takes in another form than a template has: functions that ``resources/*.yaml`` name."""

from __future__ import annotations

import base64
import io
import json
import re
import secrets
import string
import zipfile
from collections.abc import Callable
from typing import Any

from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.invalid import Invalid

Transform = Callable[[Any], Any]
TRANSFORMS: dict[str, Transform] = {}


def _transform(function: Transform) -> Transform:
    TRANSFORMS[function.__name__] = function
    return function


@_transform
def zip_file(code: str) -> bytes:
    """Inline code as a Lambda package: ``index.py``, or ``index.mjs`` for what looks like JavaScript.

    Source: Template Reference, AWS::Lambda::Function Code: the file is named index. A fixed time makes the
    same code the same package.
    """
    is_script = "exports." in code or "export const" in code or "export async" in code
    name = ("index.mjs" if "export " in code else "index.js") if is_script else "index.py"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, code)
    return packed.getvalue()


@_transform
def as_json(value: Any) -> str:
    """A document as text."""
    return value if isinstance(value, str) else json.dumps(value)


@_transform
def as_map(tags: Any) -> dict[str, str]:
    """A list of keys and values as a map."""
    return tags if isinstance(tags, dict) else {each["Key"]: text(each.get("Value", "")) for each in tags}


@_transform
def as_tags(tags: Any) -> list[dict[str, str]]:
    """A map as a list of keys and values."""
    return [{"Key": k, "Value": text(v)} for k, v in tags.items()] if isinstance(tags, dict) else tags


@_transform
def as_texts(values: Any) -> dict[str, str]:
    """A map whose values are texts, as attributes of queues and topics are; documents are JSON."""
    return {k: json.dumps(v) if isinstance(v, dict | list) else text(v) for k, v in values.items()}


@_transform
def lower(value: str) -> str:
    """In lower case."""
    return value.lower()


@_transform
def keys_of(tags: Any) -> list[str]:
    """The keys of tags."""
    return list(as_map(tags))


@_transform
def decoded(value: str) -> bytes:
    """What base64 stands for."""
    try:
        return base64.b64decode(value)
    except ValueError:
        raise Invalid("Invalid base64 data") from None


# --- EC2 -------------------------------------------------------------------------------------------

_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


@_transform
def permission(rule: dict[str, Any]) -> dict[str, Any]:
    """One rule of a security group as the APIs' IpPermission.

    Source: EC2 API reference, AuthorizeSecurityGroupIngress, IpPermissions.
    """
    protocol = text(rule["IpProtocol"]).lower()
    made: dict[str, Any] = {"IpProtocol": _PROTOCOLS.get(protocol, protocol)}
    if made["IpProtocol"] != "-1":
        for port in ("FromPort", "ToPort"):
            if port in rule:
                made[port] = int(rule[port])
    said = {"Description": rule["Description"]} if "Description" in rule else {}
    group = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
    prefix = rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")
    if "CidrIp" in rule:
        made["IpRanges"] = [{"CidrIp": rule["CidrIp"], **said}]
    if "CidrIpv6" in rule:
        made["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **said}]
    if prefix:
        made["PrefixListIds"] = [{"PrefixListId": prefix, **said}]
    if group or "SourceSecurityGroupName" in rule:
        pair = {"GroupId": group} if group else {"GroupName": rule["SourceSecurityGroupName"]}
        owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
        made["UserIdGroupPairs"] = [{**pair, **owner, **said}]
    return made


# --- S3 --------------------------------------------------------------------------------------------


@_transform
def lifecycle(value: dict[str, Any]) -> dict[str, Any]:
    """A bucket's rules, as PutBucketLifecycleConfiguration takes them.

    Source: Template Reference, AWS::S3::Bucket Rule; S3 API reference, LifecycleRule.
    """
    return {"Rules": [_rule(each) for each in value.get("Rules", [])]}


def _rule(given: dict[str, Any]) -> dict[str, Any]:
    rule = dict(given)
    made: dict[str, Any] = {"Status": rule.pop("Status"), "Filter": _filter(rule)}
    if "Id" in rule:
        made["ID"] = rule.pop("Id")
    expiration = {
        to: rule.pop(name)
        for name, to in (("ExpirationInDays", "Days"), ("ExpirationDate", "Date"),
                         ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
        if name in rule
    }  # fmt: skip
    if expiration:
        made["Expiration"] = _typed(expiration)
    moves = [*rule.pop("Transitions", []), *([rule.pop("Transition")] if "Transition" in rule else [])]
    if moves:
        made["Transitions"] = [
            _renamed(m, {"TransitionInDays": "Days", "TransitionDate": "Date"}) for m in moves
        ]
    old = [
        *rule.pop("NoncurrentVersionTransitions", []),
        *([rule.pop("NoncurrentVersionTransition")] if "NoncurrentVersionTransition" in rule else []),
    ]
    if old:
        made["NoncurrentVersionTransitions"] = [
            _renamed(m, {"TransitionInDays": "NoncurrentDays"}) for m in old
        ]
    if "NoncurrentVersionExpirationInDays" in rule:
        made["NoncurrentVersionExpiration"] = {
            "NoncurrentDays": int(rule.pop("NoncurrentVersionExpirationInDays"))
        }
    if "NoncurrentVersionExpiration" in rule:
        made["NoncurrentVersionExpiration"] = _typed(rule.pop("NoncurrentVersionExpiration"))
    if "AbortIncompleteMultipartUpload" in rule:
        made["AbortIncompleteMultipartUpload"] = _typed(rule.pop("AbortIncompleteMultipartUpload"))
    _nothing_left(rule, "LifecycleConfiguration/Rules")
    return made


def _filter(rule: dict[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    tags = as_tags(rule.pop("TagFilters", []))
    if "Prefix" in rule:
        parts["Prefix"] = rule.pop("Prefix")
    for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan"):
        if name in rule:
            parts[name] = int(rule.pop(name))
    if len(parts) + len(tags) <= 1:
        return {"Tag": tags[0]} if tags else parts or {"Prefix": ""}
    return {"And": {**parts, **({"Tags": tags} if tags else {})}}


def _renamed(value: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return _typed({names.get(key, key): each for key, each in value.items()})


_NUMBERS = ("Days", "NoncurrentDays", "NewerNoncurrentVersions", "DaysAfterInitiation")


def _typed(value: dict[str, Any]) -> dict[str, Any]:
    def one(key: str, each: Any) -> Any:
        if key in _NUMBERS:
            return int(each)
        return text(each) == "true" if key == "ExpiredObjectDeleteMarker" else each

    return {key: one(key, each) for key, each in value.items()}


def _nothing_left(rule: dict[str, Any], where: str) -> None:
    if rule:
        raise Invalid(f"The sandbox does not carry out {', '.join(sorted(rule))} of {where}.")


@_transform
def notification(value: dict[str, Any]) -> dict[str, Any]:
    """Where a bucket sends its events, as PutBucketNotificationConfiguration takes it."""
    made: dict[str, Any] = {}
    for name, to, target, arn in (
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    ):
        if value.get(name):
            made[to] = [_configured(each, target, arn) for each in value[name]]
    if "EventBridgeConfiguration" in value:
        on = text(value["EventBridgeConfiguration"].get("EventBridgeEnabled", True)) == "true"
        made |= {"EventBridgeConfiguration": {}} if on else {}
    return made


def _configured(each: dict[str, Any], target: str, arn: str) -> dict[str, Any]:
    made: dict[str, Any] = {arn: each[target], "Events": [each["Event"]]}
    if "Filter" in each:
        rules = each["Filter"].get("S3Key", {}).get("Rules", [])
        made["Filter"] = {"Key": {"FilterRules": rules}}
    return made


# --- others ----------------------------------------------------------------------------------------


@_transform
def group_tags(tags: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tags of an Auto Scaling group."""
    return [
        {**each, "PropagateAtLaunch": text(each.get("PropagateAtLaunch", "false")) == "true"} for each in tags
    ]


@_transform
def substituted(value: dict[str, Any]) -> str:
    """A state machine's definition, its ${names} filled in."""
    definition: str = as_json(value["Definition"] if "Definition" in value else value["Text"])
    for name, each in (value.get("By") or {}).items():
        definition = definition.replace("${" + str(name) + "}", text(each))
    return definition


@_transform
def record_name(name: str) -> str:
    """A name in DNS, with its last dot."""
    return name if name.endswith(".") else name + "."


@_transform
def first(values: list[Any]) -> Any:
    """The first of what is there."""
    return values[0]


@_transform
def bucket_place(region: str) -> dict[str, str]:
    """Where a bucket is made: us-east-1 is not named (S3 API reference, CreateBucket)."""
    return {} if region == "us-east-1" else {"region": region}


@_transform
def billing(value: dict[str, Any]) -> str:
    """How a table is paid for: PROVISIONED unless said otherwise (AWS::DynamoDB::Table, BillingMode)."""
    return str(value.get("Mode", "PROVISIONED"))


@_transform
def routing(value: dict[str, Any]) -> dict[str, Any]:
    """An alias's weights."""
    every = value.get("AdditionalVersionWeights", [])
    return {
        "AdditionalVersionWeights": {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in every}
    }


@_transform
def topic_policy(value: dict[str, str]) -> str:
    """The policy that a topic has when it is made (SNS API reference, CreateTopic)."""
    actions = ("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic",
               "Subscribe", "ListSubscriptionsByTopic", "Publish")  # fmt: skip
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{each}" for each in actions],
        "Resource": value["Topic"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": value["Account"]}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


@_transform
def transformations(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A metric filter's metrics; their dimensions are a map."""
    return [
        {**each, "Dimensions": {d["Key"]: d["Value"] for d in each["Dimensions"]}}
        if "Dimensions" in each
        else each
        for each in values
    ]


@_transform
def key_tags(tags: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Tags as KMS names them."""
    return [{"TagKey": each["Key"], "TagValue": text(each["Value"])} for each in tags]


@_transform
def secret_text(value: dict[str, Any]) -> str:
    """A secret's text: given, or made as GenerateSecretString says.

    Source: Template Reference, AWS::SecretsManager::Secret GenerateSecretString.
    """
    if "Generate" not in value:
        return text(value.get("String", ""))
    asked = value["Generate"]
    made = _password(asked)
    if "GenerateStringKey" not in asked:
        return made
    return json.dumps(
        {**json.loads(asked.get("SecretStringTemplate", "{}")), asked["GenerateStringKey"]: made}
    )


_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
LONGEST_PASSWORD = 4096


def _password(asked: dict[str, Any]) -> str:
    def said(name: str) -> bool:
        return text(asked.get(name, False)).lower() == "true"

    classes = {
        "ExcludeUppercase": string.ascii_uppercase, "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeNumbers": string.digits, "ExcludePunctuation": _PUNCTUATION,
    }  # fmt: skip
    excluded = set(text(asked.get("ExcludeCharacters", "")))
    kept = [[c for c in letters if c not in excluded] for name, letters in classes.items() if not said(name)]
    kept = [each for each in kept if each]
    length = int(asked.get("PasswordLength", 32))
    if not kept or not 1 <= length <= LONGEST_PASSWORD:
        raise Invalid(
            "Invalid request provided: no password can be made of what GenerateSecretString allows."
        )
    each_type = text(asked.get("RequireEachIncludedType", True)).lower() == "true" and length >= len(kept)
    first_ones = [secrets.choice(letters) for letters in kept] if each_type else []
    every = [letter for letters in kept for letter in letters] + ([" "] if said("IncludeSpace") else [])
    made = first_ones + [secrets.choice(every) for _ in range(length - len(first_ones))]
    secrets.SystemRandom().shuffle(made)
    return "".join(made)


@_transform
def records(values: list[Any]) -> list[dict[str, str]]:
    """A record set's values."""
    return [{"Value": text(each)} for each in values]


@_transform
def after_balancer(arn: str) -> str:
    """A load balancer's full name, as metrics have it: app/name/id."""
    return arn.partition(":loadbalancer/")[2]


@_transform
def after_last(arn: str) -> str:
    """What follows an ARN's last colon."""
    return arn.rpartition(":")[2]


@_transform
def after_slash(path: str) -> str:
    """What follows a path's last slash."""
    return path.rpartition("/")[2]


@_transform
def joined(values: Any) -> str:
    """A list as one text, its parts set apart by commas."""
    return ",".join(map(text, values)) if isinstance(values, list) else text(values)


@_transform
def db_parameters(values: dict[str, Any]) -> list[dict[str, str]]:
    """Parameters of a database, to hold from its next start."""
    return [
        {"ParameterName": name, "ParameterValue": text(value), "ApplyMethod": "pending-reboot"}
        for name, value in values.items()
    ]


@_transform
def stack_parameters(values: dict[str, Any]) -> list[dict[str, str]]:
    """A nested stack's parameters; a list is set apart by commas."""
    return [{"ParameterKey": name, "ParameterValue": joined(value)} for name, value in values.items()]


@_transform
def canned(name: str) -> str:
    """A canned ACL: PublicRead as public-read."""
    return "-".join(re.findall("[A-Z][a-z]*", name)).lower()
