"""The journal: what was asked, by whom, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from cloudlings.sandbox import JournalEntry, Sandbox
from cloudlings.sandbox.journal import BOUND, Journal
from tests.sandbox.conftest import code_of, send


def entry(operation: str = "GetObject") -> JournalEntry:
    return JournalEntry(
        1.0, "arn", "AKIAIOSFODNN7EXAMPLE", "s3", operation, "us-east-1", "", 200, "", "learner"
    )


def test_reads_and_writes_of_learner_and_grader_are_told_apart(
    sandbox: Sandbox, account_id: str, learner: boto3.Session, grader: boto3.Session
) -> None:
    """Each request is one entry with principal, service, operation, Region, resource and status."""
    s3 = learner.client("s3", region_name="eu-west-1")
    s3.create_bucket(Bucket="journalled", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    code_of(s3.get_object, Bucket="journalled", Key="not/there")
    grader.client("dynamodb").list_tables()
    made, missed, read = sandbox.journal(account_id)
    assert (made.service, made.operation, made.region, made.status) == (
        "s3",
        "CreateBucket",
        "eu-west-1",
        200,
    )
    assert made.resource == "arn:aws:s3:::journalled"
    assert made.principal == f"arn:aws:iam::{account_id}:user/learner"
    assert (missed.operation, missed.status, missed.error) == ("GetObject", 404, "NoSuchKey")
    assert missed.resource == "arn:aws:s3:::journalled/not/there"
    assert (read.service, read.operation, read.source) == ("dynamodb", "ListTables", "grader")
    assert (made.reads, missed.reads, read.reads) == (False, True, True)
    assert made.time <= missed.time <= read.time


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "error"),
    [
        ("ec2", "describe_vpcs", {"VpcIds": ["vpc-0123"]}, "InvalidVpcID.NotFound"),
        ("dynamodb", "describe_table", {"TableName": "nope"}, "ResourceNotFoundException"),
        ("lambda", "get_function", {"FunctionName": "nope"}, "ResourceNotFoundException"),
        ("iam", "get_role", {"RoleName": "nope"}, "NoSuchEntity"),
        ("cloudwatch", "get_dashboard", {"DashboardName": "nope"}, "ResourceNotFound"),
    ],
)
def test_errors_are_noted_in_every_protocol(
    sandbox: Sandbox,
    account_id: str,
    learner: boto3.Session,
    service: str,
    operation: str,
    arguments: dict[str, object],
    error: str,
) -> None:
    """An entry's error is AWS's code, whatever the protocol that it came in."""
    code_of(getattr(learner.client(service), operation), **arguments)
    noted = [entry for entry in sandbox.journal(account_id) if entry.service == service][-1]
    assert noted.error == error, noted
    assert noted.status >= 400


def test_a_session_is_noted_with_its_length_and_its_requests_under_its_own_name(
    sandbox: Sandbox, account_id: str, learner: boto3.Session
) -> None:
    """AssumeRole keeps what was asked for; what the session then does is the session's."""
    role = f"arn:aws:iam::{account_id}:role/reader"
    trust = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    learner.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=document)
    asked = {"RoleArn": role, "RoleSessionName": "night", "DurationSeconds": 900}
    keys = learner.client("sts").assume_role(**asked)["Credentials"]
    session = boto3.client(
        "sts",
        region_name="eu-west-1",
        endpoint_url=sandbox.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    session.get_caller_identity()
    assumed, identity = sandbox.journal(account_id)[-2:]
    assert assumed.operation == "AssumeRole"
    assert assumed.parameters == {**asked, "DurationSeconds": "900"}
    assert identity.principal == f"arn:aws:sts::{account_id}:assumed-role/reader/night"


def test_a_delete_of_several_keys_is_noted_with_the_first(
    sandbox: Sandbox, account_id: str, learner: boto3.Session, bucket: str
) -> None:
    """DeleteObjects is a request to the bucket: which keys it is about stands in its body."""
    keys = {"Objects": [{"Key": "checks/a b.txt"}, {"Key": "c.txt"}]}
    learner.client("s3").delete_objects(Bucket=bucket, Delete=keys)
    assert sandbox.journal(account_id)[-1].parameters == {"Key": "checks/a b.txt"}


def test_what_a_snapshot_was_made_of_is_noted(
    sandbox: Sandbox, account_id: str, learner: boto3.Session
) -> None:
    """With what was made: nothing else tells it of a copy, or when what was between is gone."""
    ec2 = learner.client("ec2", "eu-west-1")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    copy = ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="eu-west-1")["SnapshotId"]
    again = ec2.create_volume(AvailabilityZone="eu-west-1b", SnapshotId=copy)["VolumeId"]
    rows = {
        row.parameters.get("snapshotId") or row.parameters.get("volumeId"): row.parameters
        for row in sandbox.journal(account_id)
    }
    assert rows[snapshot] == {"VolumeId": volume, "snapshotId": snapshot}
    assert rows[copy] == {"SourceSnapshotId": snapshot, "snapshotId": copy}
    assert rows[again] == {"SnapshotId": copy, "volumeId": again}
    with pytest.raises(ec2.exceptions.ClientError):
        ec2.create_snapshot(VolumeId="vol-0123456789abcdef0")
    assert sandbox.journal(account_id)[-1].parameters == {"VolumeId": "vol-0123456789abcdef0"}


def test_a_reset_empties_the_journal(sandbox: Sandbox, account_id: str, learner: boto3.Session) -> None:
    """After a reset nothing from before is there."""
    learner.client("s3").list_buckets()
    sandbox.reset(account_id)
    assert sandbox.journal(account_id) == ()


def test_requests_that_nobody_signed_are_in_no_accounts_journal(
    sandbox: Sandbox, account_id: str, bucket: str
) -> None:
    """An unsigned request does not count as the learner's."""
    before = len(sandbox.journal(account_id))
    send(sandbox.endpoint_url, "GET", f"/{bucket}")
    assert len(sandbox.journal(account_id)) == before


def test_the_journal_is_bounded(tmp_path: Path) -> None:
    """The oldest entries go; memory and file stay within bounds."""
    journal = Journal(tmp_path)
    for number in range(BOUND + 5):
        journal.add(entry(f"Get{number}"), "111122223333")
    kept = journal.of("111122223333")
    assert len(kept) == BOUND
    assert kept[0].operation == "Get5"


def test_a_journal_is_read_back_without_half_a_line(tmp_path: Path) -> None:
    """What a killed process wrote is read back but for the line that it did not finish."""
    journal = Journal(tmp_path)
    journal.add(entry(), "111122223333")
    journal.save()
    with (tmp_path / "111122223333.jsonl").open("a") as file:
        file.write('{"time": 1.0, "princ')
    assert Journal(tmp_path).of("111122223333") == (entry(),)


def test_an_entry_after_half_a_line_is_kept(tmp_path: Path) -> None:
    """What is written after such a line is read back as well."""
    path = tmp_path / "111122223333.jsonl"
    path.write_text('{"time": 1.0, "princ')
    journal = Journal(tmp_path)
    journal.add(entry(), "111122223333")
    journal.save()
    assert Journal(tmp_path).of("111122223333") == (entry(),)


@pytest.fixture
def filled(tmp_path: Path) -> Callable[[int], Journal]:
    def fill(count: int) -> Journal:
        journal = Journal(tmp_path)
        for _ in range(count):
            journal.add(entry(), "111122223333")
        journal.save()
        return journal

    return fill


def test_a_file_that_grew_is_written_anew(filled: Callable[[int], Journal], tmp_path: Path) -> None:
    """The file of an account never grows much past twice the bound."""
    for _ in range(4):
        filled(BOUND)
    lines = (tmp_path / "111122223333.jsonl").read_text().count("\n")
    assert BOUND <= lines <= 3 * BOUND


def noted(sandbox: Sandbox, account_id: str, service: str) -> list[tuple[str, str]]:
    """What a service did by itself in the account, once it has done something."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        entries = sandbox.journal(account_id)
        found = [(e.operation, e.resource) for e in entries if e.source == "service" and e.service == service]
        if found:
            return found
        time.sleep(0.1)
    return []


def test_a_notification_is_journalled(
    sandbox: Sandbox, account_id: str, learner: boto3.Session, bucket: str
) -> None:
    """What S3 delivers to a queue is an entry in S3's name, although it passes no gateway."""
    sqs = learner.client("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{account_id}:told"
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": arn}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    learner.client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    learner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    assert ("NotifyQueue", arn) in noted(sandbox, account_id, "s3")


def test_an_event_that_is_delivered_is_journalled(
    sandbox: Sandbox, account_id: str, learner: boto3.Session
) -> None:
    """What EventBridge delivers to a target is an entry in its name."""
    learner.client("sqs").create_queue(QueueName="target")
    arn = f"arn:aws:sqs:us-east-1:{account_id}:target"
    events = learner.client("events")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["test"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": "{}"}])
    assert noted(sandbox, account_id, "events") == [("InvokeTarget", arn)]


def test_a_stacks_resources_are_journalled(sandbox: Sandbox, account_id: str, learner: boto3.Session) -> None:
    """What a stack makes is journalled as the calls that make it, in the name of whoever made the stack."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "of-the-stack"}}
    template = json.dumps({"Resources": {"Queue": queue}})
    stacks = learner.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=template)
    stacks.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    made = [entry for entry in sandbox.journal(account_id) if entry.operation == "CreateQueue"]
    assert [(entry.resource, entry.principal) for entry in made] == [
        ("of-the-stack", f"arn:aws:iam::{account_id}:user/learner")
    ]
