"""The account view: reads pass and are recorded, writes are refused, evidence can be replayed."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from cloudlings.account import Account, Evidence, is_read
from cloudlings.errors import AccountError, EvidenceMissing, SandboxUnavailable


@pytest.fixture
def session():
    with mock_aws():
        yield boto3.Session("AKIAIOSFODNN7EXAMPLE", "fake", region_name="us-east-1")


class Counting:
    """A client source that counts the clients' calls."""

    def __init__(self, session):
        self.session, self.calls = session, []

    def client(self, service_name, *, region_name=None):
        client = self.session.client(service_name, region_name=region_name)
        client.meta.events.register("before-call", lambda model, **_: self.calls.append(model.name))
        return client


def test_a_read_passes_and_is_asked_once(session):
    """The same read in one check is asked of the sandbox once, and stands in the evidence once."""
    session.client("s3").create_bucket(Bucket="plans")
    source = Counting(session)
    account = Account("123456789012", source)
    first = account.client("s3").list_buckets()
    second = account.client("s3").list_buckets()
    assert [bucket["Name"] for bucket in first["Buckets"]] == ["plans"]
    assert first == second
    assert source.calls == ["ListBuckets"]
    assert [read.operation for read in account.evidence.reads] == ["ListBuckets"]


def test_a_write_is_refused_before_it_is_sent(session):
    """A grader that would change the account is stopped, and told what to declare."""
    source = Counting(session)
    with pytest.raises(AccountError, match=r"(?s)s3:CreateBucket.*probes"):
        Account("123456789012", source).client("s3").create_bucket(Bucket="mine")
    assert source.calls == []


def test_a_declared_probe_passes_and_later_reads_are_asked_again(session):
    """After a probe the account may differ, so reads made before it are not served for it."""
    source = Counting(session)
    account = Account("123456789012", source, probes=["s3:CreateBucket"])
    s3 = account.client("s3")
    assert s3.list_buckets()["Buckets"] == []
    s3.create_bucket(Bucket="planted")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["planted"]
    assert source.calls == ["ListBuckets", "CreateBucket", "ListBuckets"]


def test_two_equal_probes_are_two_calls(session):
    """A probe is made each time it is asked for: the second event is not the first one's recording."""
    source = Counting(session)
    account = Account("123456789012", source, probes=["sqs:CreateQueue"])
    account.client("sqs").create_queue(QueueName="a")
    account.client("sqs").create_queue(QueueName="a")
    assert source.calls == ["CreateQueue", "CreateQueue"]


def test_an_error_of_aws_is_raised_typed_and_recorded(session):
    """A grader catches the service's own exception, from the sandbox and from the evidence alike."""
    live = Account("123456789012", Counting(session))
    session.client("s3").create_bucket(Bucket="plans")
    replayed = Account("123456789012", None, evidence=live.evidence)
    for account in (live, replayed):
        s3 = account.client("s3")
        with pytest.raises(s3.exceptions.NoSuchBucket):
            s3.list_objects_v2(Bucket="absent")


def test_evidence_survives_json_and_answers_without_a_sandbox(session):
    """Streams, times and numbers come back from recorded evidence as boto3 gave them."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="plans")
    s3.put_object(Bucket="plans", Key="a", Body=b"\x00\xffdata")
    live = Account("123456789012", Counting(session))
    listing = live.client("s3").list_objects_v2(Bucket="plans")
    assert live.client("s3").get_object(Bucket="plans", Key="a")["Body"].read() == b"\x00\xffdata"
    rows = json.loads(json.dumps(live.evidence.to_json()))
    replayed = Account("123456789012", None, evidence=Evidence.from_json(rows)).client("s3")
    assert replayed.get_object(Bucket="plans", Key="a")["Body"].read() == b"\x00\xffdata"
    assert replayed.list_objects_v2(Bucket="plans")["Contents"] == listing["Contents"]
    with pytest.raises(EvidenceMissing):
        replayed.list_objects_v2(Bucket="other")


def test_pages_are_read_through_the_recording(session):
    """A paginator gives all pages, and each page is a recorded read."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="plans")
    for number in range(5):
        s3.put_object(Bucket="plans", Key=f"key-{number}")
    account = Account("123456789012", Counting(session))
    paginator = account.client("s3").get_paginator("list_objects_v2")
    pages = paginator.paginate(Bucket="plans", PaginationConfig={"PageSize": 2})
    assert [item["Key"] for page in pages for item in page["Contents"]] == [f"key-{n}" for n in range(5)]
    assert len(account.evidence.reads) == 3


def test_what_is_no_operation_is_refused(session):
    """A presigned URL would act with the grader's rights; a misspelt method is told as what it is."""
    account = Account("123456789012", Counting(session))
    for name in ("generate_presigned_url", "get_waiter", "list_bukkets", "upload_file"):
        with pytest.raises(AccountError, match=name):
            getattr(account.client("s3"), name)


def test_a_sandbox_that_is_down_is_not_the_learners_fault():
    """No connection becomes SandboxUnavailable, and is not kept as evidence."""

    class Down:
        def client(self, service_name, *, region_name=None):
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    account = Account("123456789012", Down())
    with pytest.raises(SandboxUnavailable):
        account.client("s3").list_buckets()
    assert account.evidence.reads == ()


def test_a_server_error_is_not_the_learners_fault():
    """A 5xx is a failing sandbox; a 4xx is an answer."""

    class Failing:
        def __init__(self, status):
            self.status = status

        def client(self, service_name, *, region_name=None):
            return self

        def list_buckets(self):
            reply = {"Error": {"Code": "Oops"}, "ResponseMetadata": {"HTTPStatusCode": self.status}}
            raise ClientError(reply, "ListBuckets")

    with pytest.raises(SandboxUnavailable):
        Account("123456789012", Failing(500)).client("s3").list_buckets()
    with pytest.raises(ClientError, match="Oops"):
        Account("123456789012", Failing(403)).client("s3").list_buckets()


def test_an_answer_is_json_text_or_none(session):
    """answer() reads what answer("name", value) wrote, and text that was written by hand."""
    ssm = session.client("ssm")
    ssm.put_parameter(Name="/cloudlings/answers/zones", Value='{"a": [1, 2]}', Type="String")
    ssm.put_parameter(Name="/cloudlings/answers/words", Value="not { json", Type="String")
    account = Account("123456789012", Counting(session))
    assert account.answer("zones") == {"a": [1, 2]}
    assert account.answer("words") == "not { json"
    assert account.answer("nothing") is None


def test_the_journal_is_read_once_and_recorded():
    """One check sees one journal, and its replay sees the same."""
    rows = [{"operation": "ListBuckets"}]
    account = Account("1", Counting(None), journal=lambda: list(rows))
    assert account.journal() == rows
    rows.append({"operation": "Later"})
    assert account.journal() == [{"operation": "ListBuckets"}]
    assert Account("1", None, evidence=account.evidence).journal() == [{"operation": "ListBuckets"}]


@pytest.mark.parametrize(
    ("service", "operation", "reads"),
    [
        ("s3", "GetObject", True),
        ("s3", "HeadBucket", True),
        ("ec2", "DescribeVpcs", True),
        ("dynamodb", "Query", True),
        ("iam", "SimulateCustomPolicy", True),
        ("sqs", "ReceiveMessage", False),
        ("sts", "GetSessionToken", False),
        ("s3", "PutObject", False),
        ("lambda", "Invoke", False),
        ("sts", "AssumeRole", False),
        ("logs", "StartQuery", False),
    ],
)
def test_what_counts_as_a_read(service, operation, reads):
    """Reads leave the account as it was; what hands out credentials or takes a message does not count."""
    assert is_read(service, operation) is reads


def test_the_clock_moves_once_for_its_evidence(session):
    """A declared move of the test clock is made once; replayed from its evidence, it moves nothing."""
    moved = []
    clock = lambda seconds: moved.append(seconds) or 0.0  # noqa: E731
    account = Account("123456789012", session, probes=["clock:Advance"], clock=clock)
    account.advance(3600)
    replay = Account("123456789012", None, probes=["clock:Advance"], evidence=account.evidence)
    replay.advance(3600)
    assert moved == [3600]
    with pytest.raises(EvidenceMissing):
        Account("123456789012", None, probes=["clock:Advance"]).advance(60)


def test_the_clock_is_a_probe(session):
    """A grader that moves the test clock undeclared is stopped, and told what to declare."""
    moved = []
    with pytest.raises(AccountError, match="clock:Advance"):
        Account("123456789012", session, clock=moved.append).advance(60)
    assert moved == []


def test_reads_after_a_move_are_asked_again(session):
    """What was read before the clock moved is not served after it."""
    source = Counting(session)
    account = Account("123456789012", source, probes=["clock:Advance"], clock=lambda seconds: seconds)
    account.client("s3").list_buckets()
    account.advance(60)
    account.client("s3").list_buckets()
    assert source.calls == ["ListBuckets", "ListBuckets"]
