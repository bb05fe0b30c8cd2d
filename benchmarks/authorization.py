"""What authorisation adds to a request with ten policies in play: the same request with it, and without.

The grader's requests are the ones without: same account, same gateway, same emulator, no policy applies.
``python benchmarks/authorization.py`` prints the figures.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from cloudlings.sandbox import Credentials, Sandbox

ACCOUNT = "111122223333"
REGION = "us-east-1"
CALLS, WARM = 300, 20
BUCKET, QUEUE, TABLE = "bench-bucket", "bench", "bench"


@dataclass(frozen=True)
class Wire:
    """One request as it goes over the wire."""

    service: str
    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]


def run() -> dict[str, Any]:
    """Median milliseconds by kind of request: ``with`` it, ``without``, what it ``added``, and the ratio.

    ``processor_added_ms`` is the added processor time of all the sandbox's processes, which another load on
    the machine leaves alone.
    """
    with Sandbox.temporary() as sandbox:
        sandbox.provision(ACCOUNT)
        user = _ten_policies(sandbox)
        found = {name: _measured(sandbox, user, wire) for name, wire in _requests().items()}
    worst = max(each["added_ms"] for each in found.values())
    return {"policies": 10, **found, "worst_added_ms": worst}


def _statement(number: int, *actions: str) -> str:
    """A policy with conditions and wildcards, as policies have them."""
    own = {"Effect": "Allow", "Action": list(actions) or [f"glue:Get{number}*"], "Resource": "*"}
    guard = {
        "Effect": "Deny", "Action": ["iam:*", f"athena:*{number}"],
        "Resource": f"arn:aws:athena:*:*:workgroup/guarded-{number}",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}},
    }  # fmt: skip
    return json.dumps({"Version": "2012-10-17", "Statement": [own, guard]})


def _ten_policies(sandbox: Sandbox) -> Credentials:
    """A user with three inline and three managed policies, two by a group, a boundary; a bucket policy."""
    learner = sandbox.session(ACCOUNT, "learner", REGION)
    learner.client("s3").create_bucket(Bucket=BUCKET)
    learner.client("sqs").create_queue(QueueName=QUEUE)
    learner.client("dynamodb").create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    iam = learner.client("iam")
    iam.create_user(UserName="bench")
    iam.create_group(GroupName="bench")
    iam.add_user_to_group(GroupName="bench", UserName="bench")
    needed = {
        3: ("s3:GetObject", "s3:PutObject"),
        4: ("sqs:SendMessage",),
        6: ("dynamodb:*",),
        7: ("ec2:Describe*",),
    }
    for number in range(9):
        text = _statement(number, *(("*",) if number == 8 else needed.get(number, ())))
        if number < 3:
            iam.put_user_policy(UserName="bench", PolicyName=f"p{number}", PolicyDocument=text)
            continue
        arn = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=text)["Policy"]["Arn"]
        if number < 6:
            iam.attach_user_policy(UserName="bench", PolicyArn=arn)
        elif number < 8:
            iam.attach_group_policy(GroupName="bench", PolicyArn=arn)
        else:
            iam.put_user_permissions_boundary(UserName="bench", PermissionsBoundary=arn)
    tls = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [tls]})
    learner.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=policy)
    key = iam.create_access_key(UserName="bench")["AccessKey"]
    return Credentials(ACCOUNT, key["AccessKeyId"], key["SecretAccessKey"])


def _requests() -> dict[str, Wire]:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    describe = urlencode({"Action": "DescribeVpcs", "Version": "2016-11-15"}).encode()
    message = {"QueueUrl": f"http://sqs/{ACCOUNT}/{QUEUE}", "MessageBody": "x"}
    item = {"TableName": TABLE, "Item": {"pk": {"S": "a"}}}
    return {
        "s3_put": Wire("s3", "PUT", f"/{BUCKET}/key", b"x" * 1024, {}),
        "s3_get": Wire("s3", "GET", f"/{BUCKET}/key", b"", {}),
        "sqs_send": Wire("sqs", "POST", "/", json.dumps(message).encode(), _json("AmazonSQS.SendMessage")),
        "dynamodb_put": Wire(
            "dynamodb", "POST", "/", json.dumps(item).encode(), _json("DynamoDB_20120810.PutItem")
        ),
        "ec2_describe": Wire("ec2", "POST", "/", describe, form),
    }


def _json(target: str) -> dict[str, str]:
    return {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}


def _measured(sandbox: Sandbox, user: Credentials, wire: Wire) -> dict[str, float]:
    grader = sandbox.credentials(ACCOUNT, "grader")
    where = urlsplit(sandbox.endpoint_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    ways = {
        way: _signed(sandbox.endpoint_url, keys, wire) for way, keys in (("with", user), ("without", grader))
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(CALLS + WARM):
        # In turn, so that whatever else the machine does hits both.
        for way, headers in ways.items():
            began = time.perf_counter()
            _call(connection, wire, headers)
            if number >= WARM:
                taken[way].append((time.perf_counter() - began) * 1000)
    medians = {way: statistics.median(each) for way, each in taken.items()}
    # Pair by pair, the machine's other work falls out.
    pairs = zip(taken["with"], taken["without"], strict=True)
    added = statistics.median(one - other for one, other in pairs)
    work = {way: _processor_ms(sandbox, connection, wire, headers) for way, headers in ways.items()}
    return {
        "with_ms": medians["with"],
        "without_ms": medians["without"],
        "added_ms": added,
        "ratio": medians["with"] / medians["without"],
        "processor_added_ms": work["with"] - work["without"],
    }


def _processor_ms(
    sandbox: Sandbox, connection: http.client.HTTPConnection, wire: Wire, headers: Mapping[str, str]
) -> float:
    """Processor time of the sandbox's processes for one request."""
    main = psutil.Process(sandbox.health()["pid"])
    processes = (main, *main.children(recursive=True))
    before = sum(sum(process.cpu_times()[:2]) for process in processes)
    for _ in range(CALLS):
        _call(connection, wire, headers)
    after = sum(sum(process.cpu_times()[:2]) for process in processes)
    return float(after - before) * 1000 / CALLS


def _signed(url: str, keys: Credentials, wire: Wire) -> dict[str, str]:
    request = AWSRequest(wire.method, f"{url}{wire.path}", data=wire.body, headers=dict(wire.headers))
    request.context["payload_signing_enabled"] = True
    signer = S3SigV4Auth if wire.service == "s3" else SigV4Auth
    signer(BotoCredentials(keys.access_key_id, keys.secret_access_key), wire.service, REGION).add_auth(
        request
    )
    return {"Host": urlsplit(url).netloc, **dict(request.headers)}


def _call(connection: http.client.HTTPConnection, wire: Wire, headers: Mapping[str, str]) -> None:
    connection.request(wire.method, wire.path, body=wire.body, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{wire.service} {wire.method}: {answer.status} {body[:300]!r}")


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
