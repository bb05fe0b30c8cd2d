"""Entries of the journal as CloudTrail's management events: which are, their names, what they are about.

Sources: CloudTrail User Guide, "CloudTrail record contents", "Logging data events"; S3 User Guide, "Amazon S3
CloudTrail events"; the services' own pages on CloudTrail. Lambda's event names bear the date of their API.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from cloudlings.sandbox import shapes
from cloudlings.sandbox.model import CHANGES_NOTHING, OWN, JournalEntry
from cloudlings.sandbox.routes import BY_MODEL

_S3_OF_BUCKETS: Final = re.compile(
    r"(Create|Delete|Head|Get|Put)(Bucket\w*|PublicAccessBlock|ObjectLockConfiguration)|ListBuckets"
)
_S3_NAMES: Final = (
    (re.compile("PublicAccessBlock"), "BucketPublicAccessBlock"),
    (re.compile("ObjectLockConfiguration"), "BucketObjectLockConfiguration"),
    (re.compile("BucketLifecycleConfiguration"), "BucketLifecycle"),
    (re.compile("BucketNotificationConfiguration"), "BucketNotification"),
    (re.compile("BucketAccelerateConfiguration"), "AccelerateConfiguration"),
)
# What services record as data events, which the event history does not have.
_DATA: Final = {
    "lambda": re.compile(r"Invoke\w*"),
    "dynamodb": re.compile(
        r"(Get|Put|Update|Delete)Item|Query|Scan|Batch\w+|Transact\w+|Execute(Statement|Transaction)"
    ),
    "dynamodbstreams": re.compile("GetRecords|GetShardIterator"),
    "sqs": re.compile(r"(Send|Receive|Delete)Message(Batch)?|ChangeMessageVisibility(Batch)?"),
    "sns": re.compile("Publish(Batch)?"),
    "kinesis": re.compile("PutRecords?|GetRecords|GetShardIterator|SubscribeToShard"),
    "firehose": re.compile("PutRecord(Batch)?"),
    "events": re.compile("PutEvents"),
    "logs": re.compile("PutLogEvents|GetLogEvents|FilterLogEvents|StartLiveTail|GetLogRecord"),
    "cloudwatch": re.compile(r"PutMetricData|GetMetric(Data|Statistics|WidgetImage)|ListMetrics"),
    "xray": re.compile(r"PutT(race|elemetry)\w+|GetSampling(Rules|Targets)"),
    "ebs": re.compile(r"\w+"),
    "apigatewaymanagementapi": re.compile(r"\w+"),
    "appconfigdata": re.compile(r"\w+"),
    "s3": re.compile(rf"(?!(?:{_S3_OF_BUCKETS.pattern})$)\w+"),
}
_SOURCES: Final = {
    "monitoring": "monitoring", "application-autoscaling": "autoscaling", "apigatewayv2": "apigateway",
}  # fmt: skip
_GLOBAL: Final = ("iam", "sts", "organizations", "cloudfront", "route53", "budgets", "ce", "account")
"""Services whose events are in the history of us-east-1."""
_LAMBDA_DATED: Final = "2018-10-31"
_LAMBDA_SECOND: Final = frozenset({
    "AddPermission", "GetFunction", "GetFunctionConfiguration", "GetPolicy", "RemovePermission",
    "TagResource", "UntagResource", "UpdateFunctionCode", "UpdateFunctionConfiguration",
})  # fmt: skip
_TYPES: Final = {
    "i": "EC2::Instance", "vpc": "EC2::VPC", "subnet": "EC2::Subnet", "sg": "EC2::SecurityGroup",
    "rtb": "EC2::RouteTable", "igw": "EC2::InternetGateway", "nat": "EC2::NatGateway",
    "acl": "EC2::NetworkAcl", "eni": "EC2::NetworkInterface", "vol": "EC2::Volume", "ami": "EC2::Ami",
    "snap": "EC2::Snapshot", "vpce": "EC2::VPCEndpoint", "eipalloc": "EC2::EIP", "lt": "EC2::LaunchTemplate",
    "pcx": "EC2::VPCPeeringConnection", "tgw": "EC2::TransitGateway",
}  # fmt: skip
_KINDS: Final = (
    ("iam", "InstanceProfile", "IAM::InstanceProfile"), ("iam", "AccessKey", "IAM::AccessKey"),
    ("iam", "Role", "IAM::Role"), ("iam", "User", "IAM::User"), ("iam", "Group", "IAM::Group"),
    ("iam", "Policy", "IAM::Policy"), ("sts", "AssumeRole", "IAM::Role"), ("lambda", "", "Lambda::Function"),
    ("sqs", "Queue", "SQS::Queue"), ("sns", "", "SNS::Topic"), ("dynamodb", "Table", "DynamoDB::Table"),
    ("kms", "", "KMS::Key"), ("secretsmanager", "", "SecretsManager::Secret"),
    ("rds", "DBSubnetGroup", "RDS::DBSubnetGroup"), ("rds", "DBInstance", "RDS::DBInstance"),
    ("rds", "DBCluster", "RDS::DBCluster"), ("rds", "Snapshot", "RDS::DBSnapshot"),
    ("cloudwatch", "Alarm", "CloudWatch::Alarm"), ("logs", "LogGroup", "Logs::LogGroup"),
    ("elbv2", "LoadBalancer", "ElasticLoadBalancingV2::LoadBalancer"),
    ("elbv2", "TargetGroup", "ElasticLoadBalancingV2::TargetGroup"),
    ("autoscaling", "AutoScalingGroup", "AutoScaling::AutoScalingGroup"),
    ("cloudformation", "Stack", "CloudFormation::Stack"), ("ssm", "Parameter", "SSM::Parameter"),
    ("stepfunctions", "", "StepFunctions::StateMachine"), ("events", "Rule", "Events::Rule"),
    ("cloudtrail", "Trail", "CloudTrail::Trail"),
)  # fmt: skip
"""(service, what the operation's name holds, the type of what it names): the first that fits."""


def is_management(entry: JournalEntry, region: str) -> bool:
    """Whether the event history of a Region has an entry: what someone asked of a service's management."""
    if entry.source in ("grader", "service") or entry.service == OWN or _is_data(entry):
        return False
    return _region(entry) == region


def _is_data(entry: JournalEntry) -> bool:
    found = _DATA.get(entry.service)
    return found is not None and found.fullmatch(entry.operation) is not None


def _region(entry: JournalEntry) -> str:
    return "us-east-1" if entry.service in _GLOBAL or not entry.region else entry.region


def event_source(entry: JournalEntry) -> str:
    """The service, as CloudTrail calls it: ``s3.amazonaws.com``."""
    route = BY_MODEL.get(entry.service)
    signed = route.service if route else entry.service
    return f"{_SOURCES.get(entry.service, signed)}.amazonaws.com"


def event_name(entry: JournalEntry) -> str:
    """The event's name: the operation's, but for S3's and Lambda's."""
    if entry.service in ("s3", "s3control"):
        return _s3_name(entry)
    if entry.service == "lambda":
        return _lambda_name(entry.operation)
    return entry.operation


def _s3_name(entry: JournalEntry) -> str:
    if entry.service == "s3control":
        return entry.operation.replace("PublicAccessBlock", "AccountPublicAccessBlock")
    for pattern, name in _S3_NAMES:
        if pattern.search(entry.operation):
            return pattern.sub(name, entry.operation)
    return entry.operation


@lru_cache(maxsize=256)
def _lambda_name(operation: str) -> str:
    spec = shapes.model("lambda")["operations"].get(operation, {})
    date = spec.get("http", {}).get("requestUri", "/").split("/")[1]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) or date > _LAMBDA_DATED:
        return operation
    return f"{operation}{date.replace('-', '')}{'v2' if operation in _LAMBDA_SECOND else ''}"


def is_read(entry: JournalEntry) -> bool:
    """CloudTrail's readOnly."""
    return entry.reads or entry.operation in CHANGES_NOTHING


def event_id(entry: JournalEntry, account_id: str, word: str = "event") -> str:
    """The event's id, the same whenever it is asked."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{word}/{account_id}/{entry.number}/{entry.time}"))


def user_name(entry: JournalEntry) -> str:
    """The name by which a lookup finds who it was: a user's, a session's; "" for anonymous callers."""
    return "root" if entry.principal.endswith(":root") else entry.principal.rpartition("/")[2]


def resources(entry: JournalEntry) -> list[dict[str, str]]:
    """What the event is about, with its CloudFormation type."""
    named = entry.resource
    if not named:
        return []
    if entry.service in ("s3", "s3control"):
        name = named.removeprefix("arn:aws:s3:::").partition("/")[0]
        return [{"ResourceType": "AWS::S3::Bucket", "ResourceName": name}]
    name = named.rpartition("/")[2] if named.startswith(("/", "http")) else named
    by_id = _TYPES.get(name.rpartition("-")[0]) if entry.service == "ec2" else None
    kinds = (kind for service, word, kind in _KINDS if service == entry.service and word in entry.operation)
    kind = by_id or next(kinds, "")
    return [{"ResourceType": f"AWS::{kind}", "ResourceName": name}] if kind and name else []


def parameters(entry: JournalEntry) -> dict[str, str] | None:
    """The request's parameters, as far as the journal kept them; None when it kept none."""
    found = {_first_small(name): value for name, value in entry.parameters.items()}
    if entry.service == "s3" and entry.resource:
        found["bucketName"] = entry.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
    elif entry.resource and not found:
        name = _member(entry.service, entry.operation)
        if name:
            value = entry.resource.rpartition("/")[2] if entry.service == "lambda" else entry.resource
            found[_first_small(name)] = value
    return found or None


@lru_cache(maxsize=1024)
def _member(service: str, operation: str) -> str:
    """The parameter that the journal's hint most likely is: the first that must be there and is a name."""
    try:
        shape = shapes.input_shape(service, operation)
        required = shapes.model(service)["shapes"][shape].get("required", []) if shape else []
    except (FileNotFoundError, KeyError, ValueError):
        return ""
    return next((name for name in required if name.endswith(("Name", "Id", "Arn", "Url", "Identifier"))), "")


def _first_small(name: str) -> str:
    head = re.match(r"[A-Z]+(?![a-z])|[A-Z]", name)
    return name if head is None else head[0].lower() + name[head.end() :]


@lru_cache(maxsize=16)
def _exceptions(service: str) -> dict[str, str]:
    """The name of each exception of a service by its error code."""
    found = {}
    for name, shape in shapes.model(service)["shapes"].items():
        code = shape.get("error", {}).get("code") if shape.get("exception") else None
        if code:
            found[code] = name
    return found


def error_code(entry: JournalEntry) -> str:
    """The error's code as CloudTrail has it; "" for a success."""
    if not entry.error:
        return ""
    if entry.service == "ec2":
        return f"Client.{entry.error}"
    if entry.error.startswith("AccessDenied") or entry.error == "AuthorizationError":
        return "AccessDenied"
    return _exceptions("iam").get(entry.error, entry.error) if entry.service == "iam" else entry.error


def iso(epoch: float) -> str:
    """A time as events have it: to the second."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(entry: JournalEntry, account_id: str, identity: dict[str, Any], address: str) -> str:
    """The event's record: the JSON that a trail would deliver."""
    found: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": iso(entry.time),
        "eventSource": event_source(entry),
        "eventName": event_name(entry),
        "awsRegion": _region(entry),
        "sourceIPAddress": address,
        "requestParameters": parameters(entry),
        "responseElements": None,
        "requestID": event_id(entry, account_id, "request"),
        "eventID": event_id(entry, account_id),
        "readOnly": is_read(entry),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }
    code = error_code(entry)
    if code:
        found["errorCode"] = code
    return json.dumps(found)
