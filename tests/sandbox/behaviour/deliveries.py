"""Notifications of buckets and topics: to queues, functions, topics and buses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.sandbox.behaviour.probe import Aws, policy, probe, refused, same
from tests.sandbox.behaviour.wiring import (
    able_role,
    bodies,
    function_arn,
    let_in,
    nothing,
    open_queue,
    sourced,
    take,
    telling,
)

OBJECTS = "S3 User Guide, Event notification types and destinations; configuring by object key name filtering"
FANOUT = "SNS Developer Guide, Fanout to Amazon SQS queues; Fanout to Lambda functions"
SUBSCRIPTION_FILTERS = (
    "SNS Developer Guide, Filter policy constraints; string value matching; numeric value matching"
)
SUBSCRIPTION_DEAD = "SNS Developer Guide, Amazon SNS dead-letter queues"


# --- objects --------------------------------------------------------------------------------------


def notify(aws: Aws, bucket: str, kind: str, arn: str, events: list[str], **rules: str) -> None:
    one: dict[str, Any] = {f"{kind}Arn": arn, "Events": events}
    if kind == "LambdaFunction":
        one = {"LambdaFunctionArn": arn, "Events": events}
    if rules:
        found = [{"Name": name, "Value": value} for name, value in rules.items()]
        one["Filter"] = {"Key": {"FilterRules": found}}
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={f"{kind}Configurations": [one]}
    )


def after_test(found: list[Any]) -> list[Any]:
    """What arrived, but for S3's test of the destination."""
    return [each["Records"][0] for each in found if "Records" in each]


@probe("S3", OBJECTS)
def object_to_queue(aws: Aws) -> None:
    """A new object is told to a queue, with bucket, key as in a URL, size and event."""
    url, arn = open_queue(aws, "s3")
    bucket = aws.bucket()
    notify(aws, bucket, "Queue", arn, ["s3:ObjectCreated:*"])
    aws.s3.put_object(Bucket=bucket, Key="in box/a.txt", Body=b"hello")
    (found,) = after_test(bodies(aws, url, 2, 4))
    same((found["eventName"], found["eventSource"]), ("ObjectCreated:Put", "aws:s3"))
    same((found["s3"]["bucket"]["name"], found["s3"]["object"]["key"]), (bucket, "in+box/a.txt"))
    same(found["s3"]["object"]["size"], 5)


@probe("S3", OBJECTS)
def by_prefix_and_suffix(aws: Aws) -> None:
    """A notification is for keys with its prefix and suffix only."""
    url, arn = open_queue(aws, "s3")
    bucket = aws.bucket()
    notify(aws, bucket, "Queue", arn, ["s3:ObjectCreated:*"], prefix="in/", suffix=".csv")
    for key in ("in/a.txt", "out/a.csv", "in/a.csv"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    same([each["s3"]["object"]["key"] for each in after_test(bodies(aws, url, 3, 3))], ["in/a.csv"])


@probe("S3", OBJECTS)
def removed_objects(aws: Aws) -> None:
    """A notification of removals tells of a delete, and not of a put."""
    url, arn = open_queue(aws, "s3")
    bucket = aws.bucket()
    notify(aws, bucket, "Queue", arn, ["s3:ObjectRemoved:*"])
    aws.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    aws.s3.delete_object(Bucket=bucket, Key="a")
    same([each["eventName"] for each in after_test(bodies(aws, url, 2, 3))], ["ObjectRemoved:Delete"])


@probe("S3", OBJECTS)
def object_to_function(aws: Aws) -> None:
    """A new object invokes a function that lets S3 in."""
    out, bucket = aws.queue(), aws.bucket()
    name = telling(aws, out, "tell(event['Records'][0]['s3']['object']['key'])")
    aws.lambda_.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
    )
    notify(aws, bucket, "LambdaFunction", function_arn(aws, name), ["s3:ObjectCreated:*"])
    aws.s3.put_object(Bucket=bucket, Key="a.txt", Body=b"x")
    same(bodies(aws, out), ["a.txt"])


refused(
    "S3",
    "InvalidArgument",
    "A function that does not let S3 in is no destination.",
    OBJECTS,
    lambda a: notify(a, a.bucket(), "LambdaFunction", function_arn(a, a.function()), ["s3:ObjectCreated:*"]),
)
refused(
    "S3",
    "InvalidArgument",
    "A queue that does not let S3 in is no destination.",
    OBJECTS,
    lambda a: notify(a, a.bucket(), "Queue", a.queue_arn(a.queue()), ["s3:ObjectCreated:*"]),
)


@probe("S3", OBJECTS)
def object_to_topic(aws: Aws) -> None:
    """A new object is told to a topic, and from there to its subscribers."""
    topic, bucket = aws.topic(), aws.bucket()
    url, arn = open_queue(aws, "sns")
    allow = policy(
        Effect="Allow", Principal={"Service": "s3.amazonaws.com"}, Action="sns:Publish", Resource=topic
    )
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allow)
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    notify(aws, bucket, "Topic", topic, ["s3:ObjectCreated:*"])
    aws.s3.put_object(Bucket=bucket, Key="a.txt", Body=b"x")
    found = after_test([json.loads(each["Message"]) for each in bodies(aws, url, 2, 3)])
    same([each["s3"]["object"]["key"] for each in found], ["a.txt"])


@probe(
    "S3", "S3 User Guide, Using EventBridge; Amazon S3 event notification content structure for EventBridge"
)
def object_to_bus(aws: Aws) -> None:
    """With EventBridge on, a new object is an event that rules match."""
    bucket = aws.bucket()
    url, arn = open_queue(aws, "events")
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}},
    }
    aws.events.put_rule(Name="objects", EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule="objects", Targets=[{"Id": "q", "Arn": arn}])
    aws.s3.put_object(Bucket=bucket, Key="a.txt", Body=b"hello")
    (found,) = bodies(aws, url)
    same((found["detail"]["object"]["key"], found["detail"]["object"]["size"]), ("a.txt", 5))
    same(found["detail"]["reason"], "PutObject")


LOOPS = "Lambda Developer Guide, Use Lambda recursive loop detection to prevent infinite loops"


@probe("S3", LOOPS)
def sets_off_itself(aws: Aws) -> None:
    """A function whose objects invoke it again is stopped after about 16 times."""
    bucket = aws.bucket()
    code = (
        "import boto3\ns3 = boto3.client('s3')\ndef handler(event, context):\n"
        "    s3.put_object(Bucket=event['Records'][0]['s3']['bucket']['name'], Key=context.aws_request_id)\n"
    )
    name = aws.function(code, Role=able_role(aws, "s3:PutObject"), Timeout=10)
    aws.lambda_.add_permission(
        FunctionName=name, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    notify(aws, bucket, "LambdaFunction", function_arn(aws, name), ["s3:ObjectCreated:*"])
    aws.s3.put_object(Bucket=bucket, Key="first")
    same(settled(lambda: aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"]) in range(12, 20), True)


@probe("SQS", LOOPS)
def feeds_itself(aws: Aws) -> None:
    """A function that sends to the queue that it reads is stopped after about 16 times."""
    url, out = aws.queue(VisibilityTimeout="30"), aws.queue()
    body = f"tell(1)\nsqs.send_message(QueueUrl='{url}', MessageBody='again')"
    sourced(aws, aws.queue_arn(url), telling(aws, out, body))
    aws.sqs.send_message(QueueUrl=url, MessageBody="first")
    names = ["ApproximateNumberOfMessages"]

    def told() -> int:
        found = aws.sqs.get_queue_attributes(QueueUrl=out, AttributeNames=names)["Attributes"]
        return int(found[names[0]])

    same(settled(told) in range(12, 20), True)


def settled(look: Callable[[], int], seconds: float = 60) -> int:
    """A number, twelve or more, once it has stayed the same for two seconds; else what it is in the end."""
    found, since, end = look(), time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < end and (found < 12 or time.monotonic() - since < 2):
        time.sleep(0.3)
        now = look()
        if now != found:
            found, since = now, time.monotonic()
    return found


# --- topics ---------------------------------------------------------------------------------------


def subscriber(aws: Aws, topic: str, **attributes: str) -> str:
    """The URL of a queue that a topic sends to."""
    url, arn = open_queue(aws, "sns")
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def attributes(**values: Any) -> dict[str, Any]:
    """Message attributes: texts, numbers, and lists."""
    found = {}
    for name, value in values.items():
        kind = "String" if isinstance(value, str) else "String.Array" if isinstance(value, list) else "Number"
        text = json.dumps(value) if isinstance(value, list) else str(value)
        found[name] = {"DataType": kind, "StringValue": text}
    return found


@probe("SNS", FANOUT)
def fan_out(aws: Aws) -> None:
    """Every subscriber gets its copy; raw delivery leaves the envelope out and keeps attributes."""
    topic = aws.topic()
    one, raw = subscriber(aws, topic), subscriber(aws, topic, RawMessageDelivery="true")
    aws.sns.publish(TopicArn=topic, Message="hi", MessageAttributes=attributes(kind="order"))
    (envelope,) = bodies(aws, one)
    same(
        (envelope["Message"], envelope["MessageAttributes"]["kind"]),
        ("hi", {"Type": "String", "Value": "order"}),
    )
    (bare,) = take(aws, raw)
    same((bare["Body"], bare["MessageAttributes"]["kind"]["StringValue"]), ("hi", "order"))


for _policy, _let, _kept, _sentence in (
    (
        {"kind": [{"prefix": "or"}]},
        {"kind": "order"},
        {"kind": "refund"},
        "A filter policy matches a prefix.",
    ),
    (
        {"kind": [{"suffix": "er"}]},
        {"kind": "order"},
        {"kind": "refund"},
        "A filter policy matches a suffix.",
    ),
    (
        {"kind": [{"anything-but": ["order"]}]},
        {"kind": "refund"},
        {"kind": "order"},
        "A filter policy matches anything but.",
    ),
    (
        {"kind": [{"anything-but": {"prefix": "or"}}]},
        {"kind": "refund"},
        {"kind": "order"},
        "A filter policy matches anything but a prefix.",
    ),
    (
        {"kind": [{"equals-ignore-case": "ORDER"}]},
        {"kind": "order"},
        {"kind": "refund"},
        "A filter policy can ignore case.",
    ),
    (
        {"kind": [{"wildcard": "or*r"}]},
        {"kind": "order"},
        {"kind": "orders"},
        "A filter policy matches a wildcard.",
    ),
    (
        {"from": [{"cidr": "10.0.0.0/8"}]},
        {"from": "10.1.2.3"},
        {"from": "11.1.2.3"},
        "A filter policy matches an address range.",
    ),
    (
        {"kind": [{"exists": True}]},
        {"kind": "x"},
        {"other": "x"},
        "A filter policy wants an attribute to be there.",
    ),
    (
        {"kind": [{"exists": False}]},
        {"other": "x"},
        {"kind": "x"},
        "A filter policy wants an attribute not to be there.",
    ),
    (
        {"total": [{"numeric": [">", 100, "<=", 200]}]},
        {"total": 150},
        {"total": 250},
        "A filter policy matches a range of numbers.",
    ),
    (
        {"kind": ["order"], "total": [{"numeric": ["=", 5]}]},
        {"kind": "order", "total": 5},
        {"kind": "order", "total": 6},
        "All keys of a filter policy must match.",
    ),
    (
        {"kinds": ["order"]},
        {"kinds": ["a", "order"]},
        {"kinds": ["a", "b"]},
        "One element of a list is enough for a filter policy.",
    ),
    (
        {"$or": [{"kind": ["order"]}, {"total": [{"numeric": [">", 5]}]}]},
        {"kind": "x", "total": 9},
        {"kind": "x", "total": 1},
        "A filter policy can have alternatives.",
    ),
):

    @probe("SNS", SUBSCRIPTION_FILTERS, sentence=_sentence)
    def matched(aws: Aws, _p: Any = _policy, _let: Any = _let, _kept: Any = _kept) -> None:
        topic = aws.topic()
        url = subscriber(aws, topic, FilterPolicy=json.dumps(_p), RawMessageDelivery="true")
        aws.sns.publish(TopicArn=topic, Message="no", MessageAttributes=attributes(**_kept))
        aws.sns.publish(TopicArn=topic, Message="yes", MessageAttributes=attributes(**_let))
        same(bodies(aws, url, 2, 1), ["yes"])


@probe("SNS", SUBSCRIPTION_FILTERS)
def nested_body(aws: Aws) -> None:
    """A filter policy on the body looks into nested fields and lists."""
    topic = aws.topic()
    wanted = {"order": {"lines": {"sku": [{"prefix": "b-"}]}}}
    scope = {"FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true"}
    url = subscriber(aws, topic, FilterPolicy=json.dumps(wanted), **scope)
    for skus in (["a-1"], ["a-1", "b-2"]):
        order = {"order": {"lines": [{"sku": sku} for sku in skus]}}
        aws.sns.publish(TopicArn=topic, Message=json.dumps(order))
    aws.sns.publish(TopicArn=topic, Message="no json")
    same([len(each["order"]["lines"]) for each in bodies(aws, url, 2, 1)], [2])


@probe("SNS", FANOUT)
def topic_to_function(aws: Aws) -> None:
    """A function that lets the topic in gets a notification as a record."""
    topic, out = aws.topic(), aws.queue()
    name = telling(aws, out, "tell(event['Records'][0])")
    aws.lambda_.add_permission(
        FunctionName=name,
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    aws.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function_arn(aws, name))
    aws.sns.publish(TopicArn=topic, Message="hi", Subject="s")
    (found,) = bodies(aws, out)
    same((found["EventSource"], found["Sns"]["Message"], found["Sns"]["Subject"]), ("aws:sns", "hi", "s"))
    same(found["Sns"]["TopicArn"], topic)


@probe("SNS", FANOUT)
def function_shut(aws: Aws) -> None:
    """A function that does not let the topic in is not invoked."""
    topic, out = aws.topic(), aws.queue()
    name = telling(aws, out, "tell(1)")
    aws.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function_arn(aws, name))
    aws.sns.publish(TopicArn=topic, Message="hi")
    assert nothing(aws, out, 2)


@probe("SNS", "SNS Developer Guide, Amazon SNS message delivery retries; Lambda asynchronous invocation")
def function_tried_again(aws: Aws) -> None:
    """A function that fails over a notification is tried again, as for any asynchronous event."""
    topic, out = aws.topic(), aws.queue()
    name = telling(aws, out, "tell(1)\nraise ValueError('no')")
    aws.lambda_.add_permission(
        FunctionName=name,
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    aws.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function_arn(aws, name))
    aws.sns.publish(TopicArn=topic, Message="hi")
    same(bodies(aws, out, 3, 12), [1, 1, 1])


@probe("SNS", SUBSCRIPTION_DEAD)
def undelivered(aws: Aws) -> None:
    """What cannot be delivered to a subscriber goes to the subscription's dead-letter queue."""
    topic = aws.topic()
    url, arn = open_queue(aws, "sns")
    dead, dead_arn = open_queue(aws, "sns")
    aws.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})},
    )
    aws.sqs.delete_queue(QueueUrl=url)
    aws.sns.publish(TopicArn=topic, Message="hi")
    (found,) = bodies(aws, dead)
    same(found["Message"], "hi")


@probe("SNS", SUBSCRIPTION_DEAD)
def shut_out(aws: Aws) -> None:
    """A queue that does not let the topic in counts as not delivered."""
    topic, url = aws.topic(), aws.queue()
    dead, dead_arn = open_queue(aws, "sns")
    aws.sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=aws.queue_arn(url),
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn})},
    )
    aws.sns.publish(TopicArn=topic, Message="hi")
    (found,) = bodies(aws, dead)
    same(found["Message"], "hi")


@probe("SNS", "SNS Developer Guide, Message delivery for FIFO topics; Message deduplication for FIFO topics")
def fifo_topic(aws: Aws) -> None:
    """A FIFO topic delivers each group in order, and one of two messages with one deduplication id."""
    topic = aws.sns.create_topic(
        Name=aws.name("t") + ".fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "false"}
    )["TopicArn"]
    url = aws.queue(aws.name("q") + ".fifo", FifoQueue="true")
    arn = let_in(aws, url, "sns")
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    for body, key in (("1", "x"), ("2", "y"), ("again", "x"), ("3", "z")):
        aws.sns.publish(TopicArn=topic, Message=body, MessageGroupId="g", MessageDeduplicationId=key)
    found = take(aws, url, 4, 3)
    same([each["Body"] for each in found], ["1", "2", "3"])
    same({each["Attributes"]["MessageGroupId"] for each in found}, {"g"})
    assert all(each["Attributes"].get("SequenceNumber") for each in found)
