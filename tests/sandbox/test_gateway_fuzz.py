"""Requests that are wrong in the way of their own protocol: an error that a client of AWS reads, from a
gateway that goes on.

A short run; ``CLOUDLINGS_FUZZ_EXAMPLES`` makes it a long one.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.parsers import create_parser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlings.sandbox import Credentials, Sandbox
from tests.sandbox.conftest import Answer, send, signed

EXAMPLES = int(os.environ.get("CLOUDLINGS_FUZZ_EXAMPLES", "25"))
FUZZ = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ACCOUNT = "333344445555"


@pytest.fixture(scope="module")
def keys(sandbox: Sandbox) -> Credentials:
    return sandbox.provision(ACCOUNT)


@pytest.fixture(autouse=True, scope="module")
def the_same_process_answers_afterwards(sandbox: Sandbox) -> Iterator[None]:
    """Nothing of what is sent here ends the gateway or an emulator."""
    before = sandbox.health()
    yield
    after = sandbox.health()
    assert after["pid"] == before["pid"]
    assert after["restarts"] == before["restarts"]
    assert all(after["emulators"].values())


def assert_readable(answer: Answer, protocol: str) -> str:
    """botocore's own parser reads the answer; the error's code, "" for a success."""
    if answer.status < 300:
        return ""
    said = {"status_code": answer.status, "headers": HTTPHeaders(answer.headers), "body": answer.body}
    parsed = create_parser(protocol).parse(said, None)
    code = parsed["Error"]["Code"]
    assert code, answer
    assert code.isdecimal() is False or answer.body == b"", answer
    assert answer.status < 500 or code in ("InternalFailure", "InternalError", "NotImplemented"), answer
    return str(code)


class HTTPHeaders(dict[str, str]):
    """Headers as botocore's parsers ask for them, in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


# --- right operations, wrong contents -----------------------------------------------------------

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["", "arn:aws:", "*", "../..", "\u0000", "9" * 400, "a" * 3000]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
JSON_OPERATIONS = {
    "dynamodb": ("DynamoDB_20120810", "1.0", {"PutItem": ("TableName", "Item"), "Query": ("TableName",),
                 "CreateTable": ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode")}),
    "sqs": ("AmazonSQS", "1.0", {"SendMessage": ("QueueUrl", "MessageBody", "DelaySeconds"),
            "CreateQueue": ("QueueName", "Attributes")}),
    "kms": ("TrentService", "1.1", {"Encrypt": ("KeyId", "Plaintext"), "CreateKey": ("Policy", "KeySpec")}),
    "ssm": ("AmazonSSM", "1.1", {"PutParameter": ("Name", "Value", "Type")}),
    "secretsmanager": ("secretsmanager", "1.1", {"CreateSecret": ("Name", "SecretString", "Tags")}),
    "states": ("AWSStepFunctions", "1.0", {"CreateStateMachine": ("name", "definition", "roleArn")}),
    "events": ("AWSEvents", "1.1", {"PutRule": ("Name", "EventPattern", "ScheduleExpression")}),
    "logs": ("Logs_20140328", "1.1", {"PutLogEvents": ("logGroupName", "logStreamName", "logEvents")}),
}  # fmt: skip


@FUZZ
@given(data=st.data())
def test_json_of_the_wrong_kind_is_answered(sandbox: Sandbox, keys: Credentials, data: st.DataObject) -> None:
    """An operation of a JSON service whose members have any type, or which is no JSON object at all."""
    service = data.draw(st.sampled_from(sorted(JSON_OPERATIONS)))
    prefix, version, operations = JSON_OPERATIONS[service]
    operation = data.draw(st.sampled_from(sorted(operations)))
    said = data.draw(
        st.fixed_dictionaries({}, optional=dict.fromkeys(operations[operation], VALUES)) | VALUES
    )
    body = data.draw(st.just(json.dumps(said).encode()) | st.binary(max_size=40))
    headers = {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": f"application/x-amz-json-{version}"}
    answer = post(sandbox, keys, service, body, headers)
    assert_readable(answer, "json")


QUERY_OPERATIONS = {
    "iam": ("2010-05-08", {"CreateRole": ("RoleName", "AssumeRolePolicyDocument"),
            "CreateUser": ("UserName", "Path"),
            "PutUserPolicy": ("UserName", "PolicyName", "PolicyDocument")}),
    "sts": ("2011-06-15", {"AssumeRole": ("RoleArn", "RoleSessionName", "DurationSeconds", "Policy")}),
    "sns": ("2010-03-31", {"CreateTopic": ("Name",), "Subscribe": ("TopicArn", "Protocol", "Endpoint")}),
    "ec2": ("2016-11-15", {"CreateVpc": ("CidrBlock",), "CreateSubnet": ("VpcId", "CidrBlock"),
            "RunInstances": ("ImageId", "MinCount", "MaxCount", "InstanceType"),
            "AuthorizeSecurityGroupIngress": ("GroupId", "IpPermissions.1.FromPort", "CidrIp")}),
    "rds": ("2014-10-31", {"CreateDBInstance": ("DBInstanceIdentifier", "AllocatedStorage", "Engine")}),
    "autoscaling": ("2011-01-01", {"CreateAutoScalingGroup": ("AutoScalingGroupName", "MinSize", "MaxSize")}),
    "elasticloadbalancing": ("2015-12-01", {"CreateLoadBalancer": ("Name", "Subnets.member.1", "Scheme")}),
    "cloudformation": ("2010-05-15", {"CreateStack": ("StackName", "TemplateBody")}),
}  # fmt: skip
WORDS = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.sampled_from(["{", "{}", "0.0.0.0/0", "10.0.0.0/99", "-1", "null"]),
)


@FUZZ
@given(data=st.data())
def test_forms_with_wrong_values_are_answered(
    sandbox: Sandbox, keys: Credentials, data: st.DataObject
) -> None:
    """An operation of a Query service with missing, strange and unknown parameters."""
    service = data.draw(st.sampled_from(sorted(QUERY_OPERATIONS)))
    version, operations = QUERY_OPERATIONS[service]
    operation = data.draw(st.sampled_from(sorted(operations)))
    parameters = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(operations[operation], WORDS)))
    parameters |= data.draw(st.dictionaries(st.text(max_size=12), WORDS, max_size=2))
    form = {"Action": operation, "Version": version, **parameters}
    body = urlencode(form, quote_via=quote, errors="replace").encode()
    answer = post(sandbox, keys, service, body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert_readable(answer, "ec2" if service == "ec2" else "query")


S3_CONFIGURATIONS = (
    "policy", "versioning", "lifecycle", "notification", "cors", "encryption", "tagging", "acl", "website",
    "replication", "publicAccessBlock", "object-lock", "logging", "ownershipControls", "intelligent-tiering",
    "inventory", "delete", "accelerate",
)  # fmt: skip
XML = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"<a/>", b"<a><b></a>", b"{", b"{}", b"null",
        b"<Tagging><TagSet><Tag><Key/></Tag></TagSet></Tagging>",
        b"<LifecycleConfiguration><Rule><Expiration><Days>x</Days></Expiration></Rule>",
        b"<VersioningConfiguration><Status>Maybe</Status></VersioningConfiguration>",
        b'<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;&c;</a>', b"<a>" * 3000,
    ]),
)  # fmt: skip


@FUZZ
@given(
    method=st.sampled_from(["PUT", "POST", "DELETE", "GET"]),
    what=st.sampled_from(S3_CONFIGURATIONS),
    value=st.sampled_from(["", "=", "=x"]),
    key=st.sampled_from(["", "/k", "/%00", "/..%2f..", "/" + "k" * 1100]),
    body=XML,
)
def test_s3_configurations_that_are_none_are_answered(
    sandbox: Sandbox, keys: Credentials, method: str, what: str, value: str, key: str, body: bytes
) -> None:
    """Every sub-resource of buckets and objects, with XML that is broken, hostile or beside the point."""
    sandbox.session(ACCOUNT, "learner", "us-east-1").client("s3").create_bucket(Bucket="fuzzed-bucket")
    path = f"/fuzzed-bucket{key}?{what}{value}"
    headers = signed(sandbox.endpoint_url, keys, "s3", method, path, body)
    answer = send(sandbox.endpoint_url, method, path, headers, body)
    assert_readable(answer, "rest-xml")


REST = st.sampled_from([
    ("lambda", "POST", "/2015-03-31/functions"), ("lambda", "PUT", "/2015-03-31/functions/f/code"),
    ("lambda", "POST", "/2015-03-31/functions/f/invocations"),
    ("lambda", "POST", "/2015-03-31/event-source-mappings"),
    ("apigateway", "POST", "/restapis"), ("apigateway", "POST", "/v2/apis"),
    ("scheduler", "POST", "/schedules/s"), ("scheduler", "PUT", "/schedules/s"),
])  # fmt: skip


@FUZZ
@given(where=REST, said=VALUES, raw=st.none() | st.binary(max_size=40))
def test_rest_json_of_the_wrong_kind_is_answered(
    sandbox: Sandbox, keys: Credentials, where: tuple[str, str, str], said: Any, raw: bytes | None
) -> None:
    """REST operations whose body is no document of theirs."""
    service, method, path = where
    body = json.dumps(said).encode() if raw is None else raw
    headers = {"Content-Type": "application/json"}
    answer = send(
        sandbox.endpoint_url, method, path,
        signed(sandbox.endpoint_url, keys, service, method, path, body, headers), body,
    )  # fmt: skip
    assert_readable(answer, "rest-json")


def post(sandbox: Sandbox, keys: Credentials, service: str, body: bytes, headers: dict[str, str]) -> Answer:
    sent = signed(sandbox.endpoint_url, keys, service, "POST", "/", body, headers)
    return send(sandbox.endpoint_url, "POST", "/", sent, body)


@pytest.mark.parametrize("what", ["lifecycle", "cors", "tagging", "versioning", "encryption", "notification"])
@pytest.mark.parametrize(("body", "code"), [(b"<a", "MalformedXML"), (b"", "MissingRequestBodyError")])
def test_a_configuration_that_is_no_xml_is_refused(
    sandbox: Sandbox, keys: Credentials, what: str, body: bytes, code: str
) -> None:
    """It is not kept for a later read to stumble over."""
    sandbox.session(ACCOUNT, "learner", "us-east-1").client("s3").create_bucket(Bucket="fuzzed-bucket")
    for method, expected in (("PUT", code), ("GET", "")):
        path, sent = f"/fuzzed-bucket?{what}", body if method == "PUT" else b""
        headers = signed(sandbox.endpoint_url, keys, "s3", method, path, sent)
        answer = send(sandbox.endpoint_url, method, path, headers, sent)
        assert answer.status < 500
        assert assert_readable(answer, "rest-xml") == expected or not expected


# --- who asks, and when --------------------------------------------------------------------------


@FUZZ
@given(data=st.data())
def test_no_other_signature_is_taken(sandbox: Sandbox, keys: Credentials, data: st.DataObject) -> None:
    """With one character of the signature, a signed header, the path, the query or the body another, it is
    refused."""
    body = b"Action=ListUsers&Version=2010-05-08"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    sent = signed(sandbox.endpoint_url, keys, "iam", "POST", "/?a=1", body, headers)
    path = "/?a=1"
    what = data.draw(st.sampled_from(["signature", "date", "content-type", "path", "query", "body", "key"]))
    if what == "signature":
        start, _, signature = sent["Authorization"].rpartition("=")
        at = data.draw(st.integers(0, len(signature) - 1))
        # By so much further, not "another digit": what is drawn must not depend on the signature of today.
        other = (int(signature[at], 16) + data.draw(st.integers(1, 15))) % 16
        sent["Authorization"] = f"{start}={signature[:at]}{other:x}{signature[at + 1 :]}"
    elif what == "date":
        sent["X-Amz-Date"] = sent["X-Amz-Date"][:-2] + ("1Z" if sent["X-Amz-Date"][-2] == "0" else "0Z")
    elif what == "content-type":
        sent["Content-Type"] += "; charset=utf-8"
    elif what == "path":
        path = "//?a=1"
    elif what == "query":
        path = "/?a=2"
    elif what == "body":
        body += b"&MaxItems=1"
    else:
        sent["Authorization"] = sent["Authorization"].replace(keys.access_key_id, "AKIAIOSFODNN7EXAMPLE")
    answer = send(sandbox.endpoint_url, "POST", path, sent, body)
    assert answer.status in (400, 403)
    assert assert_readable(answer, "query")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIMPLE = {
    "s3": ("GET", "/", {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, b""),
    "dynamodb": ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
    "ec2": ("POST", "/", FORM, b"Action=DescribeVpcs&Version=2016-11-15"),
    "iam": ("POST", "/", FORM, b"Action=ListUsers&Version=2010-05-08"),
    "lambda": ("GET", "/2015-03-31/functions", {}, b""),
}


class OtherClock(SigV4Auth):
    """Signs as if the clock were off by so many minutes."""

    def __init__(self, keys: Credentials, service: str, minutes: int) -> None:
        super().__init__(BotoCredentials(keys.access_key_id, keys.secret_access_key), service, "us-east-1")
        self._stamp = (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y%m%dT%H%M%SZ")

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._stamp
        super()._modify_request_before_signing(request)


@pytest.mark.parametrize("service", SIMPLE)
@pytest.mark.parametrize("minutes", [-600, -16, -4, 4, 16, 600])
def test_a_clock_that_is_off_is_told(sandbox: Sandbox, keys: Credentials, service: str, minutes: int) -> None:
    """A request signed more than a quarter of an hour off is refused with an error about its time."""
    method, path, headers, body = SIMPLE[service]
    request = AWSRequest(method, sandbox.endpoint_url + path, data=body, headers=headers)
    OtherClock(keys, service, minutes).add_auth(request)
    sent = {"Host": urlsplit(sandbox.endpoint_url).netloc, **dict(request.headers)}
    answer = send(sandbox.endpoint_url, method, path, sent, body)
    if abs(minutes) < 5:
        assert answer.status == 200, answer
    else:
        assert answer.status == 403
        assert (
            b"RequestTimeTooSkewed" in answer.body
            or b"Signature expired" in answer.body
            or (b"Signature not yet current" in answer.body)
        )


@pytest.mark.parametrize("service", ["quantum", "S3", "s3 ", "..", "bedrock", "%s", "a" * 300])
def test_a_service_that_is_not_served_is_told(sandbox: Sandbox, keys: Credentials, service: str) -> None:
    """The error names the service, and says which are served."""
    headers = signed(sandbox.endpoint_url, keys, service, "POST", "/", b"{}", {"X-Amz-Target": "X.Y"})
    answer = send(sandbox.endpoint_url, "POST", "/", headers, b"{}")
    assert answer.status in (400, 403)
    assert assert_readable(answer, "json")
    if service == "quantum":
        assert (
            "No emulator in this sandbox serves “quantum”. It serves: " in json.loads(answer.body)["message"]
        )


@pytest.mark.parametrize(
    ("service", "headers", "body", "protocol"),
    [
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.TravelInTime"}, b"{}", "json"),
        ("sqs", {"X-Amz-Target": "AmazonSQS."}, b"{}", "json"),
        ("iam", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=TravelInTime", "query"),
        ("ec2", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=TravelInTime", "ec2"),
        ("lambda", {}, b"{}", "rest-json"),
    ],
)
def test_an_operation_that_there_is_not_is_told(
    sandbox: Sandbox, keys: Credentials, service: str, headers: dict[str, str], body: bytes, protocol: str
) -> None:
    """In every protocol the error says that there is no such operation."""
    answer = post(sandbox, keys, service, body, headers)
    assert answer.status == 400
    assert assert_readable(answer, protocol)
    assert b"is no operation of" in answer.body


# --- slow, large, and cut off --------------------------------------------------------------------


def test_a_body_that_comes_slowly_is_taken(sandbox: Sandbox, learner: boto3.Session, bucket: str) -> None:
    """A byte now and then, in chunks, is a body like any other."""
    url = learner.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "slow"})
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)

    def drops() -> Iterator[bytes]:
        for byte in b"slow":
            time.sleep(0.05)
            yield bytes([byte])

    with closing(connection):
        connection.request(
            "PUT", f"{where.path}?{where.query}", body=drops(), headers={"Content-Length": "4"}
        )
        assert connection.getresponse().status == 200
    assert learner.client("s3").get_object(Bucket=bucket, Key="slow")["Body"].read() == b"slow"


def test_many_large_bodies_at_once_are_answered(
    sandbox: Sandbox, learner: boto3.Session, bucket: str
) -> None:
    """Objects of several mebibytes arrive whole, and small requests between them do not starve."""
    s3 = learner.client("s3")
    body = os.urandom(8 * 1024 * 1024)
    for number in range(4):
        s3.put_object(Bucket=bucket, Key=str(number), Body=body)
    began = time.monotonic()
    assert all(s3.get_object(Bucket=bucket, Key=str(number))["Body"].read() == body for number in range(4))
    assert time.monotonic() - began < 20


def test_clients_that_go_away_do_not_matter(sandbox: Sandbox, learner: boto3.Session) -> None:
    """Connections that are cut at any point of a request leave nothing behind that hinders the next."""
    where = urlsplit(sandbox.endpoint_url)
    request = b"PUT /b/k HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n" + b"x" * 50
    for end in range(1, len(request), 7):
        with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
            connection.sendall(request[:end])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    assert learner.client("s3").list_buckets()["Buckets"] == []
