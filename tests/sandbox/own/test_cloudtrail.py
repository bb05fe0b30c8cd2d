"""CloudTrail's event history, told from the journal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.sandbox.model import JournalEntry
from cloudlings.sandbox.own import trail_events as events
from tests.sandbox.own.accounts import refusal

ENTRY = JournalEntry(
    time=1_700_000_000.5,
    principal="arn:aws:iam::111122223333:user/ana",
    access_key_id="AKIAIOSFODNN7EXAMPLE",
    service="s3",
    operation="CreateBucket",
    region="eu-west-1",
    resource="arn:aws:s3:::data",
    status=200,
    error="",
    source="learner",
    number=7,
)


@pytest.fixture
def trail(learner: boto3.Session) -> Any:
    """The learner's CloudTrail client."""
    return learner.client("cloudtrail")


def looked_up(trail: Any, key: str, value: str) -> list[dict[str, Any]]:
    """What a lookup by one attribute finds."""
    found = trail.lookup_events(LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}])
    return list(found["Events"])


@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("s3", "CreateBucket", "CreateBucket"),
        ("s3", "PutPublicAccessBlock", "PutBucketPublicAccessBlock"),
        ("s3", "PutBucketLifecycleConfiguration", "PutBucketLifecycle"),
        ("s3", "PutBucketNotificationConfiguration", "PutBucketNotification"),
        ("s3", "GetObjectLockConfiguration", "GetBucketObjectLockConfiguration"),
        ("s3control", "PutPublicAccessBlock", "PutAccountPublicAccessBlock"),
        ("lambda", "CreateFunction", "CreateFunction20150331"),
        ("lambda", "UpdateFunctionCode", "UpdateFunctionCode20150331v2"),
        ("lambda", "PutFunctionConcurrency", "PutFunctionConcurrency20171031"),
        ("lambda", "TagResource", "TagResource20170331v2"),
        ("lambda", "CreateFunctionUrlConfig", "CreateFunctionUrlConfig"),
        ("ec2", "RunInstances", "RunInstances"),
    ],
)
def test_events_have_the_names_that_aws_gives_them(service: str, operation: str, name: str) -> None:
    """S3 and Lambda call some events otherwise than their operations."""
    assert events.event_name(replace(ENTRY, service=service, operation=operation)) == name


@pytest.mark.parametrize(
    ("service", "operation", "is_there"),
    [
        ("s3", "GetObject", False),
        ("s3", "PutObject", False),
        ("s3", "ListObjectsV2", False),
        ("s3", "DeleteObjects", False),
        ("s3", "GetBucketPolicy", True),
        ("s3", "ListBuckets", True),
        ("s3", "HeadBucket", True),
        ("lambda", "Invoke", False),
        ("dynamodb", "PutItem", False),
        ("dynamodb", "Query", False),
        ("dynamodb", "DescribeTable", True),
        ("sqs", "SendMessage", False),
        ("sqs", "CreateQueue", True),
        ("sns", "Publish", False),
        ("kms", "Decrypt", True),
        ("secretsmanager", "GetSecretValue", True),
        ("cloudwatch", "PutMetricData", False),
    ],
)
def test_the_history_has_management_events_only(service: str, operation: str, is_there: bool) -> None:
    """What reads and writes data is no event of the history."""
    entry = replace(ENTRY, service=service, operation=operation)
    assert events.is_management(entry, "eu-west-1") is is_there


def test_who_is_not_in_the_account_is_not_in_its_history() -> None:
    """A grader's requests, and what emulators do by themselves, are told to nobody."""
    assert not events.is_management(replace(ENTRY, source="grader"), "eu-west-1")
    assert not events.is_management(replace(ENTRY, source="service"), "eu-west-1")


def test_global_services_are_in_one_region() -> None:
    """IAM's events are in the history of us-east-1, wherever the request was signed for."""
    entry = replace(ENTRY, service="iam", operation="CreateRole")
    assert [events.is_management(entry, region) for region in ("us-east-1", "eu-west-1")] == [True, False]


@pytest.mark.parametrize(
    ("service", "operation", "resource", "kind", "name"),
    [
        ("s3", "PutBucketPolicy", "arn:aws:s3:::data", "AWS::S3::Bucket", "data"),
        ("iam", "CreateRole", "app", "AWS::IAM::Role", "app"),
        ("iam", "CreateInstanceProfile", "app", "AWS::IAM::InstanceProfile", "app"),
        ("ec2", "TerminateInstances", "i-0123456789abcdef0", "AWS::EC2::Instance", "i-0123456789abcdef0"),
        ("ec2", "DeleteVpcEndpoints", "vpce-01", "AWS::EC2::VPCEndpoint", "vpce-01"),
        ("dynamodb", "CreateTable", "orders", "AWS::DynamoDB::Table", "orders"),
        ("sqs", "DeleteQueue", "http://localhost/1/jobs", "AWS::SQS::Queue", "jobs"),
    ],
)
def test_events_name_what_they_are_about(
    service: str, operation: str, resource: str, kind: str, name: str
) -> None:
    """A resource has its CloudFormation type and its name."""
    entry = replace(ENTRY, service=service, operation=operation, resource=resource)
    assert events.resources(entry) == [{"ResourceType": kind, "ResourceName": name}]


def test_errors_have_the_codes_of_cloudtrail() -> None:
    """EC2's codes begin with Client, IAM's are its exceptions' names, denials are AccessDenied."""
    codes = {
        ("ec2", "UnauthorizedOperation"): "Client.UnauthorizedOperation",
        ("iam", "NoSuchEntity"): "NoSuchEntityException",
        ("lambda", "AccessDeniedException"): "AccessDenied",
        ("s3", "NoSuchBucket"): "NoSuchBucket",
    }
    found = {key: events.error_code(replace(ENTRY, service=key[0], error=key[1])) for key in codes}
    assert found == codes


def test_the_newest_event_comes_first_with_who_what_and_when(trail: Any, learner: boto3.Session) -> None:
    """An event tells its name, source, time and user; its record, the identity and the request."""
    learner.client("sqs").create_queue(QueueName="jobs")
    learner.client("sns").create_topic(Name="news")
    newest, before = trail.lookup_events(MaxResults=2)["Events"]
    assert [newest["EventName"], before["EventName"]] == ["CreateTopic", "CreateQueue"]
    assert (newest["EventSource"], newest["Username"], newest["ReadOnly"]) == (
        "sns.amazonaws.com",
        "learner",
        "false",
    )
    assert abs(newest["EventTime"].timestamp() - time.time()) < 60
    record = json.loads(newest["CloudTrailEvent"])
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userIdentity"]["principalId"].startswith("AIDA")
    assert record["userIdentity"]["arn"].endswith(":user/learner")
    assert record["eventID"] == newest["EventId"]
    assert record["requestParameters"] == {"name": "news"}
    assert before["Resources"] == [{"ResourceType": "AWS::SQS::Queue", "ResourceName": "jobs"}]


def test_events_are_found_by_one_attribute(trail: Any, learner: boto3.Session) -> None:
    """Each attribute finds the event, and another value does not."""
    learner.client("sqs").create_queue(QueueName="jobs")
    learner.client("sqs").list_queues()
    (event,) = looked_up(trail, "EventName", "CreateQueue")
    values = {
        "EventId": event["EventId"],
        "EventSource": "sqs.amazonaws.com",
        "Username": "learner",
        "ReadOnly": "false",
        "ResourceType": "AWS::SQS::Queue",
        "ResourceName": "jobs",
        "AccessKeyId": event["AccessKeyId"],
    }
    for key, value in values.items():
        assert event["EventId"] in {e["EventId"] for e in looked_up(trail, key, value)}, key
    assert looked_up(trail, "ResourceName", "other") == []
    assert {e["EventName"] for e in looked_up(trail, "ReadOnly", "true")} >= {"ListQueues", "LookupEvents"}


def test_a_denied_call_is_there_with_its_error(
    trail: Any, learner: boto3.Session, account_id: str, as_keys: Callable[..., boto3.Session]
) -> None:
    """Who was denied what is told; a role's session is told with its role."""
    iam = learner.client("iam")
    principal = {"AWS": f"arn:aws:iam::{account_id}:root"}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=document)["Role"]
    taken = learner.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="run")
    app = as_keys(account_id, taken["Credentials"])
    with pytest.raises(ClientError):
        app.client("sqs").create_queue(QueueName="jobs")
    (event,) = looked_up(trail, "Username", "run")
    record = json.loads(event["CloudTrailEvent"])
    assert (event["EventName"], record["errorCode"]) == ("CreateQueue", "AccessDenied")
    identity = record["userIdentity"]
    assert (identity["type"], identity["principalId"]) == ("AssumedRole", f"{role['RoleId']}:run")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role["Arn"]
    assert looked_up(trail, "EventName", "AssumeRole")[0]["ReadOnly"] == "true"


def test_pages_and_times_bound_a_lookup(trail: Any, learner: boto3.Session) -> None:
    """A token leads on from where a page ended, whatever happened since; times are inclusive."""
    queues = learner.client("sqs")
    for number in range(5):
        queues.create_queue(QueueName=f"q{number}")
    asked = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateQueue"}]}
    first = trail.lookup_events(**asked, MaxResults=2)
    queues.create_queue(QueueName="q5")
    rest = trail.lookup_events(**asked, NextToken=first["NextToken"])
    names = [e["Resources"][0]["ResourceName"] for e in first["Events"] + rest["Events"]]
    assert names == ["q4", "q3", "q2", "q1", "q0"]
    assert "NextToken" not in rest
    when = first["Events"][0]["EventTime"]
    assert len(trail.lookup_events(**asked, StartTime=when)["Events"]) >= 2
    assert trail.lookup_events(**asked, EndTime=time.time() - 3600)["Events"] == []


READ_ONLY = {"AttributeKey": "ReadOnly", "AttributeValue": "maybe"}
NAME = {"AttributeKey": "EventName", "AttributeValue": "CreateBucket"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"LookupAttributes": [READ_ONLY]}, "InvalidLookupAttributesException"),
        ({"LookupAttributes": [NAME, NAME]}, "InvalidLookupAttributesException"),
        ({"StartTime": 2_000_000_000, "EndTime": 1_900_000_000}, "InvalidTimeRangeException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        ({"EventCategory": "data"}, "InvalidEventCategoryException"),
    ],
)
def test_a_lookup_that_cloudtrail_does_not_take(trail: Any, asked: dict[str, Any], code: str) -> None:
    """What cannot be looked up is refused with CloudTrail's code."""
    assert refusal(trail.lookup_events, **asked).startswith(f"{code}: ")
