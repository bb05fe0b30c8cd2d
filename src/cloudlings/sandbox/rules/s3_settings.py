"""S3: what a bucket can be set to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from cloudlings.sandbox.operations import values_of
from cloudlings.sandbox.rules.registry import Given, Refusal, before

Rule = dict[str, Any]
MALFORMED = Refusal(
    "MalformedXML",
    "The XML you provided was not well-formed or did not validate against our published schema",
)


def _bucket(given: Given) -> str:
    name: str = given.input.get("Bucket", "")
    return name


def _rules(given: Given, member: str) -> list[Rule]:
    return list((given.input.get(member) or {}).get("Rules", []))


_WITH_XML = (
    "PutBucketAccelerateConfiguration", "PutBucketAnalyticsConfiguration", "PutBucketCors",
    "PutBucketEncryption", "PutBucketIntelligentTieringConfiguration", "PutBucketInventoryConfiguration",
    "PutBucketLifecycleConfiguration", "PutBucketLogging", "PutBucketMetricsConfiguration",
    "PutBucketNotificationConfiguration", "PutBucketOwnershipControls", "PutBucketReplication",
    "PutBucketRequestPayment", "PutBucketTagging", "PutBucketVersioning", "PutBucketWebsite",
    "PutObjectLegalHold", "PutObjectLockConfiguration", "PutObjectRetention", "PutObjectTagging",
    "PutPublicAccessBlock", "DeleteObjects", "CompleteMultipartUpload",
)  # fmt: skip


@before("s3", *_WITH_XML)
def xml_that_can_be_read(given: Given) -> Refusal | None:
    """A configuration is XML that is well-formed.

    Source: S3 API reference, Error responses, MalformedXML and MissingRequestBodyError.
    """
    body = given.call.request.content
    if not body.strip():
        return Refusal("MissingRequestBodyError", "Request Body is empty")
    try:
        ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError):
        return MALFORMED
    return None


@before("s3", "PutBucketLifecycleConfiguration")
def lifecycle_that_says_something(given: Given) -> Refusal | None:
    """A rule has a status, an id of its own and an action.

    Source: S3 User Guide, "Lifecycle configuration elements"; S3 API reference, LifecycleRule.
    """
    rules = _rules(given, "LifecycleConfiguration")
    ids = [rule["ID"] for rule in rules if rule.get("ID")]
    for rule in rules:
        if rule.get("Status") not in ("Enabled", "Disabled"):
            return MALFORMED
        if len(rule.get("ID", "")) > 255:
            return Refusal("InvalidArgument", "ID length should not exceed allowed limit of 255")
        if not any(rule.get(action) for action in _ACTIONS):
            return Refusal("InvalidRequest", "At least one action needs to be specified in a rule")
    if len(ids) != len(set(ids)):
        doubled = next(each for each in ids if ids.count(each) > 1)
        return Refusal(
            "InvalidArgument", f"Rule ID must be unique. Found same ID for more than one rule: {doubled}"
        )
    if len(rules) > 1000:
        return MALFORMED
    return None


_ACTIONS = (
    "Expiration", "Transitions", "NoncurrentVersionTransitions", "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)  # fmt: skip


@before("s3", "PutBucketLifecycleConfiguration")
def ages_of_a_lifecycle(given: Given) -> Refusal | None:
    """Ages are positive and in order, and dates at midnight.

    Source: S3 User Guide, "Lifecycle configuration elements"; "Transitioning objects using Amazon S3
    Lifecycle", constraints.
    """
    for rule in _rules(given, "LifecycleConfiguration"):
        refusal = _bad_expiration(rule) or _bad_transitions(rule) or _bad_abort(rule)
        if refusal is not None:
            return refusal
    return None


def _bad_expiration(rule: Rule) -> Refusal | None:
    expiration = rule.get("Expiration") or {}
    if sum(name in expiration for name in ("Days", "Date", "ExpiredObjectDeleteMarker")) > 1:
        return MALFORMED
    if "Days" in expiration and expiration["Days"] < 1:
        return Refusal("InvalidArgument", "'Days' for Expiration action must be a positive integer")
    if "Date" in expiration and not _is_midnight(expiration["Date"]):
        return Refusal("InvalidArgument", "'Date' must be at midnight GMT")
    noncurrent = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
    if noncurrent is not None and noncurrent < 1:
        message = "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"
        return Refusal("InvalidArgument", message)
    return None


def _is_midnight(text: str) -> bool:
    return re.search(r"T00:00:00(\.0+)?(Z|\+00:00)$", text) is not None or "T" not in text


def _bad_transitions(rule: Rule) -> Refusal | None:
    for kind, days_name, member in (
        ("Transition", "Days", "Transitions"),
        ("NoncurrentVersionTransition", "NoncurrentDays", "NoncurrentVersionTransitions"),
    ):
        moves = rule.get(member) or []
        for move in moves:
            if move.get("StorageClass") not in values_of("s3", "TransitionStorageClass"):
                return MALFORMED
            if "Days" in move and "Date" in move:
                return MALFORMED
            refusal = _too_early(kind, days_name, move)
            if refusal is not None:
                return refusal
        refusal = _out_of_order(rule, kind, days_name, moves)
        if refusal is not None:
            return refusal
    return None


def _too_early(kind: str, days_name: str, move: Rule) -> Refusal | None:
    days, storage_class = move.get(days_name), move["StorageClass"]
    if not isinstance(days, int):
        return None
    if storage_class in ("STANDARD_IA", "ONEZONE_IA") and days < 30:
        message = (
            f"'{days_name}' in {kind} action must be greater than or equal to 30 "
            f"for storageClass '{storage_class}'"
        )
        return Refusal("InvalidArgument", message)
    if days < 0:
        return Refusal("InvalidArgument", f"'{days_name}' in {kind} action must be nonnegative")
    return None


def _out_of_order(rule: Rule, kind: str, days_name: str, moves: list[Rule]) -> Refusal | None:
    ages = {m["StorageClass"]: m[days_name] for m in moves if isinstance(m.get(days_name), int)}
    warm = [ages[name] for name in ("STANDARD_IA", "ONEZONE_IA") if name in ages]
    cold = [(name, ages[name]) for name in ("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR") if name in ages]
    for name, days in cold:
        if warm and days < warm[0] + 30:
            message = (
                f"'{days_name}' in the {kind} action for StorageClass "
                f"'{name}' for filter must be 30 days more "
                f"than the {kind} action for StorageClass 'STANDARD_IA'"
            )
            return Refusal("InvalidArgument", message)
    ends = (rule.get("Expiration") or {}).get("Days") if kind == "Transition" else None
    if kind != "Transition":
        ends = (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays")
    if ends is not None and ages and ends <= max(ages.values()):
        message = (
            "'Days' in the Expiration action for filter must be "
            f"greater than '{days_name}' in the {kind} action"
        )
        return Refusal("InvalidArgument", message)
    return None


def _bad_abort(rule: Rule) -> Refusal | None:
    if not rule.get("AbortIncompleteMultipartUpload"):
        return None
    chosen = rule.get("Filter") or {}
    if chosen.get("Tag") or (chosen.get("And") or {}).get("Tags"):
        return Refusal("InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.")
    return None


@before("s3", "PutBucketReplication")
async def replication_that_can_be(given: Given) -> Refusal | None:
    """Both buckets have versions; a rule with a filter has a priority and says what becomes of markers.

    Source: S3 User Guide, "Requirements for replication", "Replication configuration file elements".
    """
    rules = _rules(given, "ReplicationConfiguration")
    for rule in rules:
        for name in ("Priority", "DeleteMarkerReplication") if "Filter" in rule else ():
            if name not in rule:
                message = (
                    f"{name} must be specified for this version of Cross "
                    "Region Replication configuration schema. "
                    "Please refer to S3 Developer Guide for more information."
                )
                return Refusal("InvalidRequest", message)
    if not await _has_versions(given, _bucket(given)):
        message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration"
        return Refusal("InvalidRequest", message)
    for rule in rules:
        target = str((rule.get("Destination") or {}).get("Bucket", "")).removeprefix("arn:aws:s3:::")
        if (rule.get("Destination") or {}).get("Account") not in (None, given.call.account_id):
            continue
        if not await given.read("GetBucketVersioning", "s3", Bucket=target) and not await _is_there(
            given, target
        ):
            return Refusal("InvalidRequest", "Destination bucket must exist.")
        # That it has versions is looked at by MiniStack, which finds it in its own Region.
    return None


async def _has_versions(given: Given, bucket: str) -> bool:
    return (await given.read("GetBucketVersioning", "s3", Bucket=bucket)).get("Status") == "Enabled"


async def _is_there(given: Given, bucket: str) -> bool:
    buckets = (await given.read("ListBuckets", "s3")).get("Buckets", [])
    return bucket in {each.get("Name") for each in buckets}


@before("s3", "PutBucketVersioning")
async def versions_that_must_stay(given: Given) -> Refusal | None:
    """Versioning is not suspended while a bucket replicates, or under Object Lock.

    Source: S3 API reference, PutBucketVersioning; S3 User Guide, "Object Lock considerations".
    """
    if (given.input.get("VersioningConfiguration") or {}).get("Status") != "Suspended":
        return None
    if await given.read("GetBucketReplication", "s3", Bucket=_bucket(given)):
        message = (
            "A replication configuration is present on this bucket, "
            "so you cannot change the versioning state. "
            "To change the versioning state, first delete the replication configuration."
        )
        return Refusal("InvalidBucketState", message, 409)
    if await given.read("GetObjectLockConfiguration", "s3", Bucket=_bucket(given)):
        message = (
            "An Object Lock configuration is present on this bucket, "
            "so the versioning state cannot be changed."
        )
        return Refusal("InvalidBucketState", message, 409)
    return None


@before("s3", "PutBucketTagging", "PutObjectTagging")
def tags_of_ones_own(given: Given) -> Refusal | None:
    """Tags have keys of their own, short enough, none that begins with aws:; an object has ten.

    Source: S3 User Guide, "Categorizing your storage using tags"; "Using cost allocation S3 bucket tags".
    """
    tags = (given.input.get("Tagging") or {}).get("TagSet", [])
    keys = [tag.get("Key", "") for tag in tags]
    if given.call.operation == "PutObjectTagging" and len(tags) > 10:
        return Refusal("BadRequest", "Object tags cannot be greater than 10")
    if len(tags) > 50:
        return Refusal("BadRequest", "Bucket tag count cannot be greater than 50")
    if len(keys) != len(set(keys)):
        return Refusal("InvalidTag", "Cannot provide multiple Tags with the same key")
    if any(key.lower().startswith("aws:") for key in keys):
        return Refusal("InvalidTag", "System tags cannot be added/updated by requester")
    if any(len(key) > 128 for key in keys):
        return Refusal("InvalidTag", "The TagKey you have provided is invalid")
    if any(len(tag.get("Value", "")) > 256 for tag in tags):
        return Refusal("InvalidTag", "The TagValue you have provided is invalid")
    return None


@before("s3", "PutBucketCors")
def methods_of_cors(given: Given) -> Refusal | None:
    """CORS knows GET, PUT, POST, DELETE and HEAD.

    Source: S3 User Guide, "Elements of a CORS configuration", AllowedMethod.
    """
    for rule in (given.input.get("CORSConfiguration") or {}).get("CORSRules", []):
        for method in rule.get("AllowedMethods", []):
            if method not in ("GET", "PUT", "POST", "DELETE", "HEAD"):
                message = f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
                return Refusal("InvalidRequest", message)
    return None


@before("s3", "PutBucketLogging")
async def bucket_for_logs(given: Given) -> Refusal | None:
    """The bucket that takes the logs is there.

    Source: S3 API reference, Error responses, InvalidTargetBucketForLogging.
    """
    enabled = (given.input.get("BucketLoggingStatus") or {}).get("LoggingEnabled") or {}
    target = enabled.get("TargetBucket")
    if target and not await _is_there(given, target):
        message = "The target bucket for logging does not exist"
        return Refusal("InvalidTargetBucketForLogging", message)
    return None


@before("s3", "PutBucketAccelerateConfiguration")
def name_for_acceleration(given: Given) -> Refusal | None:
    """A bucket with periods in its name cannot be accelerated.

    Source: S3 User Guide, "Configuring fast, secure file transfers using Transfer Acceleration".
    """
    if "." in _bucket(given):
        message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
        return Refusal("InvalidRequest", message)
    return None


@before("s3", "PutBucketNotificationConfiguration")
async def destinations_of_events(given: Given) -> Refusal | None:
    """A notification's destination is there and lets S3 send; two of one event do not overlap.

    Source: S3 User Guide, "Granting permissions to publish event notification messages to a destination",
    "Configuring event notifications using object key name filtering".
    """
    if given.call.request.header("x-amz-skip-destination-validation").lower() == "true":
        return None
    events = []
    for kind, arn, rule in _destinations(given.input.get("NotificationConfiguration") or {}):
        if not await _REACHES[kind](given, arn):
            message = "Unable to validate the following destination configurations"
            return Refusal("InvalidArgument", message)
        events.append((_filters(rule), set(rule.get("Events", []))))
    for number, (affixes, names) in enumerate(events):
        for others, theirs in events[:number]:
            if _share(names, theirs) and _overlap(affixes, others):
                message = (
                    "Configurations overlap. Configurations on the same "
                    "bucket cannot share a common event type."
                )
                return Refusal("InvalidArgument", message)
    return None


def _destinations(settings: dict[str, Any]) -> Iterator[tuple[str, str, Rule]]:
    for member, name in (
        ("QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "TopicArn"),
        ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ):
        for rule in settings.get(member) or []:
            yield name, rule.get(name, ""), rule


def _filters(rule: Rule) -> tuple[str, str]:
    found = {"prefix": "", "suffix": ""}
    for each in ((rule.get("Filter") or {}).get("Key") or {}).get("FilterRules", []):
        found[str(each.get("Name", "")).lower()] = each.get("Value", "")
    return found["prefix"], found["suffix"]


def _share(one: set[str], other: set[str]) -> bool:
    def covers(event: str, name: str) -> bool:
        return name.startswith(event.removesuffix("*")) if event.endswith("*") else name == event

    return any(covers(a, b) or covers(b, a) for a in one for b in other)


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    starts = one[0].startswith(other[0]) or other[0].startswith(one[0])
    ends = one[1].endswith(other[1]) or other[1].endswith(one[1])
    return starts and ends


async def _queue(given: Given, arn: str) -> bool:
    parts = arn.split(":")
    if len(parts) < 6 or parts[4] != given.call.account_id:
        return len(parts) >= 6
    found = await given.read("GetQueueUrl", "sqs", QueueName=parts[5])
    url = found.get("QueueUrl", "")
    if not url or parts[5].endswith(".fifo"):
        return False
    read = await given.read("GetQueueAttributes", "sqs", QueueUrl=url, AttributeNames=["Policy"])
    return _lets_s3(read.get("Attributes", {}).get("Policy"))


async def _topic(given: Given, arn: str) -> bool:
    if arn.split(":")[4:5] != [given.call.account_id]:
        return arn.count(":") >= 5
    read = await given.read("GetTopicAttributes", "sns", TopicArn=arn)
    return bool(read) and not arn.endswith(".fifo") and _lets_s3(read.get("Attributes", {}).get("Policy"))


async def _function(given: Given, arn: str) -> bool:
    if arn.split(":")[4:5] != [given.call.account_id]:
        return arn.count(":") >= 6
    parts = arn.split(":")
    named: dict[str, Any] = {"FunctionName": parts[6]} | ({"Qualifier": parts[7]} if len(parts) > 7 else {})
    read = await given.read("GetPolicy", "lambda", **named)
    return _lets_s3(read.get("Policy"))


def _lets_s3(document: Any) -> bool:
    """Whether a policy has a statement that speaks of S3, or of everybody."""
    try:
        statements = json.loads(document or "{}").get("Statement", [])
    except ValueError:
        return False
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        anybody = principal == "*" or (isinstance(principal, dict) and principal.get("AWS") == "*")
        if statement.get("Effect") == "Allow" and (anybody or "s3.amazonaws.com" in services):
            return True
    return False


_REACHES = {"QueueArn": _queue, "TopicArn": _topic, "LambdaFunctionArn": _function}


@before("s3", "PutObjectRetention", "PutObjectLegalHold")
async def bucket_with_object_lock(given: Given) -> Refusal | None:
    """Objects are locked in buckets with Object Lock only.

    Source: S3 User Guide, "Object Lock considerations"; S3 API reference, PutObjectRetention.
    """
    if not await given.read("GetObjectLockConfiguration", "s3", Bucket=_bucket(given)):
        return Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration")
    return None


@before("s3", "PutObject", "PutObjectRetention", "CreateMultipartUpload")
def lock_that_lasts(given: Given) -> Refusal | None:
    """A lock ends in the future.

    Source: S3 User Guide, "Setting retention limits"; S3 API reference, Error responses, InvalidArgument.
    """
    from datetime import UTC, datetime

    until = given.call.request.header("x-amz-object-lock-retain-until-date")
    if given.call.operation == "PutObjectRetention":
        until = (given.input.get("Retention") or {}).get("RetainUntilDate", "")
    try:
        ends = datetime.fromisoformat(until.replace("Z", "+00:00")) if until else None
    except ValueError:
        return None
    if ends is not None and ends < datetime.now(UTC):
        return Refusal("InvalidArgument", "The retain until date must be in the future!")
    return None
