"""SQS and SNS."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same, within

QUEUES = "SQS API reference, CreateQueue; SetQueueAttributes"
SEND = "SQS API reference, SendMessage; SQS Developer Guide, Amazon SQS message quotas"
RECEIVE = "SQS API reference, ReceiveMessage; DeleteMessage"
DEAD = "SQS Developer Guide, Using dead-letter queues in Amazon SQS"
FIFO = "SQS Developer Guide, FIFO queues"
TOPICS = "SNS API reference, CreateTopic; Subscribe; Publish"
FILTERS = "SNS Developer Guide, Amazon SNS subscription filter policies"
NONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def fifo(aws: Aws, **more: str) -> str:
    return aws.queue(aws.name("q") + ".fifo", FifoQueue="true", **more)


for _sentence, _attributes in {
    "Messages are hidden for at most 12 hours.": {"VisibilityTimeout": "43201"},
    "Messages are kept for a minute at least.": {"MessageRetentionPeriod": "59"},
    "Messages are kept for 14 days at most.": {"MessageRetentionPeriod": "1209601"},
    "Messages are delayed for 15 minutes at most.": {"DelaySeconds": "901"},
    "Messages have 1 MiB at most.": {"MaximumMessageSize": "1048577"},
    "A receive waits for 20 seconds at most.": {"ReceiveMessageWaitTimeSeconds": "21"},
    "A queue's policy is a policy.": {"Policy": "{}x"},
}.items():
    refused("SQS", "InvalidAttributeValue", _sentence, QUEUES, lambda a, _a=_attributes: a.queue(**_a))
refused(
    "SQS",
    ("InvalidAttributeName", "InvalidAttributeValue"),
    "A queue's attributes are ones that there are.",
    QUEUES,
    lambda a: a.queue(Colour="red"),
)
refused(
    "SQS",
    ("InvalidParameterValue", "InvalidAttributeName"),
    "A FIFO queue's name ends with .fifo.",
    FIFO,
    lambda a: a.queue("orders", FifoQueue="true"),
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A queue's name keeps to its characters.",
    QUEUES,
    lambda a: a.queue("my queue"),
)
refused(
    "SQS",
    ("QueueAlreadyExists", "QueueNameExists"),
    "A queue is not made again with other attributes.",
    QUEUES,
    lambda a: [a.queue("one"), a.queue("one", VisibilityTimeout="60")],
)
gives(
    "SQS",
    "A queue may be made again with the same attributes.",
    QUEUES,
    True,
    lambda a: a.queue("one", DelaySeconds="5") == a.queue("one", DelaySeconds="5"),
)
refused(
    "SQS",
    NONE,
    "A queue that is not there is not found.",
    "SQS API reference, GetQueueUrl",
    lambda a: a.sqs.get_queue_url(QueueName="none"),
)


@probe("SQS", QUEUES)
def defaults(aws: Aws) -> None:
    """A queue hides for 30 seconds, keeps for 4 days, takes 1 MiB, and does not wait."""
    found = aws.sqs.get_queue_attributes(QueueUrl=aws.queue(), AttributeNames=["All"])["Attributes"]
    same((found["VisibilityTimeout"], found["MessageRetentionPeriod"]), ("30", "345600"))
    same((found["MaximumMessageSize"], found["DelaySeconds"]), ("1048576", "0"))
    same((found["ReceiveMessageWaitTimeSeconds"], found.get("SqsManagedSseEnabled")), ("0", "true"))


def send(aws: Aws, url: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = aws.sqs.send_message(QueueUrl=url, **({"MessageBody": "hi"} | more))
    return made


refused(
    "SQS",
    "InvalidParameterValue",
    "A message has 1 MiB at most.",
    SEND,
    lambda a: send(a, a.queue(), MessageBody="x" * 1_048_577),
)
refused(
    "SQS",
    "InvalidMessageContents",
    "A message has no control characters.",
    SEND,
    lambda a: send(a, a.queue(), MessageBody="a\x01b"),
)
refused(
    "SQS",
    ("MissingParameter", "InvalidParameterValue"),
    "A message has a body.",
    SEND,
    lambda a: send(a, a.queue(), MessageBody=""),
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A message is delayed for 15 minutes at most.",
    SEND,
    lambda a: send(a, a.queue(), DelaySeconds=901),
)
refused(
    "SQS",
    "MissingParameter",
    "A message to a FIFO queue has a group.",
    FIFO,
    lambda a: send(a, fifo(a), MessageDeduplicationId="1"),
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A message to a FIFO queue says how it is told apart.",
    FIFO,
    lambda a: send(a, fifo(a), MessageGroupId="g"),
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A message to a FIFO queue has no delay of its own.",
    FIFO,
    lambda a: send(a, fifo(a), MessageGroupId="g", MessageDeduplicationId="1", DelaySeconds=5),
)
for _code, _sentence, _entries in (
    ("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "A batch has ten messages at most.", range(11)),
    ("AWS.SimpleQueueService.EmptyBatchRequest", "A batch has a message at least.", ()),
    ("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "A batch's messages have ids of their own.", (1, 1)),
):
    refused(
        "SQS",
        (_code, _code.rpartition(".")[2]),
        _sentence,
        "SQS API reference, SendMessageBatch",
        lambda a, _e=_entries: a.sqs.send_message_batch(
            QueueUrl=a.queue(), Entries=[{"Id": str(n), "MessageBody": "x"} for n in _e]
        ),
    )
refused(
    "SQS",
    ("AWS.SimpleQueueService.BatchRequestTooLong", "BatchRequestTooLong"),
    "A batch has 1 MiB at most.",
    SEND,
    lambda a: a.sqs.send_message_batch(
        QueueUrl=a.queue(), Entries=[{"Id": str(n), "MessageBody": "x" * 600_000} for n in range(2)]
    ),
)
refused(
    "SQS",
    ("InvalidParameterValue", "ReadCountOutOfRange"),
    "A receive takes ten messages at most.",
    RECEIVE,
    lambda a: a.sqs.receive_message(QueueUrl=a.queue(), MaxNumberOfMessages=11),
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A receive waits for 20 seconds at most, in the request too.",
    RECEIVE,
    lambda a: a.sqs.receive_message(QueueUrl=a.queue(), WaitTimeSeconds=21),
)
refused(
    "SQS",
    "ReceiptHandleIsInvalid",
    "A receipt handle is one.",
    RECEIVE,
    lambda a: a.sqs.delete_message(QueueUrl=a.queue(), ReceiptHandle="nothing"),
)
refused(
    "SQS",
    ("AWS.SimpleQueueService.PurgeQueueInProgress", "PurgeQueueInProgress"),
    "A queue is purged once a minute.",
    "SQS API reference, PurgeQueue",
    lambda a: [a.sqs.purge_queue(QueueUrl=u) for u in [a.queue()] * 2],
)
refused(
    "SQS",
    "InvalidParameterValue",
    "A message's visibility changes to at most 12 hours.",
    "SQS API reference, ChangeMessageVisibility",
    lambda a: (
        lambda u: [
            send(a, u),
            a.sqs.change_message_visibility(
                QueueUrl=u,
                VisibilityTimeout=43_201,
                ReceiptHandle=a.sqs.receive_message(QueueUrl=u)["Messages"][0]["ReceiptHandle"],
            ),
        ]
    )(a.queue()),
)


def redrive(target: str, count: Any = 3) -> str:
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": count})


NOT_DEAD = ("InvalidParameterValue", "InvalidAttributeValue", *NONE)
refused(
    "SQS",
    NOT_DEAD,
    "A dead-letter queue is there.",
    DEAD,
    lambda a: a.queue(RedrivePolicy=redrive(f"arn:aws:sqs:us-east-1:{a.account_id}:none")),
)
refused(
    "SQS",
    NOT_DEAD,
    "A standard queue's dead-letter queue is a standard queue.",
    DEAD,
    lambda a: a.queue(RedrivePolicy=redrive(a.queue_arn(fifo(a)))),
)
refused(
    "SQS",
    NOT_DEAD,
    "A FIFO queue's dead-letter queue is a FIFO queue.",
    DEAD,
    lambda a: fifo(a, RedrivePolicy=redrive(a.queue_arn(a.queue()))),
)
for _count in (0, 1001):
    refused(
        "SQS",
        NOT_DEAD,
        f"A message is not received {_count} times before it is dead.",
        DEAD,
        lambda a, _c=_count: a.queue(RedrivePolicy=redrive(a.queue_arn(a.queue()), _c)),
    )


@probe("SQS", DEAD)
def dies(aws: Aws) -> None:
    """A message that was received as often as allowed goes to the dead-letter queue."""
    dead = aws.queue()
    url = aws.queue(RedrivePolicy=redrive(aws.queue_arn(dead), 2), VisibilityTimeout="0")
    send(aws, url)
    seen = [len(aws.sqs.receive_message(QueueUrl=url).get("Messages", [])) for _ in range(3)]
    same(seen, [1, 1, 0])
    found = within(3, lambda: aws.sqs.receive_message(QueueUrl=dead).get("Messages"))
    same([m["Body"] for m in found], ["hi"])


@probe("SQS", FIFO)
def deduplicated(aws: Aws) -> None:
    """A FIFO queue keeps one of two messages with one deduplication id."""
    url = fifo(aws)
    for body in ("1", "2"):
        send(aws, url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId="same")
    same(
        [m["Body"] for m in aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]], ["1"]
    )


@probe("SQS", FIFO)
def in_order(aws: Aws) -> None:
    """A group's next message waits until the one before is deleted."""
    url = fifo(aws, ContentBasedDeduplication="true")
    for body in ("1", "2"):
        send(aws, url, MessageBody=body, MessageGroupId="g")
    first = aws.sqs.receive_message(QueueUrl=url)["Messages"]
    same([m["Body"] for m in first], ["1"])
    same(aws.sqs.receive_message(QueueUrl=url).get("Messages", []), [])
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    same([m["Body"] for m in aws.sqs.receive_message(QueueUrl=url)["Messages"]], ["2"])


# --- SNS ---------------------------------------------------------------------------------------------------

refused(
    "SNS",
    "NotFound",
    "A topic that is not there is not published to.",
    TOPICS,
    lambda a: a.sns.publish(TopicArn=f"arn:aws:sns:us-east-1:{a.account_id}:none", Message="x"),
)
refused(
    "SNS",
    "InvalidParameter",
    "A topic's name keeps to its characters.",
    TOPICS,
    lambda a: a.sns.create_topic(Name="my topic"),
)
refused(
    "SNS",
    "InvalidParameter",
    "A FIFO topic's name ends with .fifo.",
    TOPICS,
    lambda a: a.sns.create_topic(Name="orders", Attributes={"FifoTopic": "true"}),
)
refused(
    "SNS",
    "InvalidParameter",
    "A subscription's protocol is one that there is.",
    TOPICS,
    lambda a: a.sns.subscribe(TopicArn=a.topic(), Protocol="pigeon", Endpoint="x"),
)
refused(
    "SNS",
    "InvalidParameter",
    "An SQS subscription's endpoint is an ARN.",
    TOPICS,
    lambda a: a.sns.subscribe(TopicArn=a.topic(), Protocol="sqs", Endpoint=a.queue()),
)
refused(
    "SNS",
    "InvalidParameter",
    "An e-mail subscription's endpoint is an address.",
    TOPICS,
    lambda a: a.sns.subscribe(TopicArn=a.topic(), Protocol="email", Endpoint="nobody"),
)
refused(
    "SNS",
    "InvalidParameter",
    "A FIFO queue is no subscriber of a standard topic.",
    "SNS Developer Guide, Message delivery for FIFO topics",
    lambda a: a.sns.subscribe(TopicArn=a.topic(), Protocol="sqs", Endpoint=a.queue_arn(fifo(a))),
)
refused(
    "SNS",
    "InvalidParameter",
    "A message has 256 KB at most.",
    TOPICS,
    lambda a: a.sns.publish(TopicArn=a.topic(), Message="x" * 262_145),
)
refused(
    "SNS",
    "InvalidParameter",
    "A subject has 100 characters at most.",
    TOPICS,
    lambda a: a.sns.publish(TopicArn=a.topic(), Message="x", Subject="s" * 101),
)
refused(
    "SNS",
    "InvalidParameter",
    "A message is not empty.",
    TOPICS,
    lambda a: a.sns.publish(TopicArn=a.topic(), Message=""),
)
refused(
    "SNS",
    "InvalidParameter",
    "A message by protocol has a default.",
    TOPICS,
    lambda a: a.sns.publish(TopicArn=a.topic(), Message='{"sqs": "x"}', MessageStructure="json"),
)
refused(
    "SNS",
    "InvalidParameter",
    "A message to a FIFO topic has a group.",
    TOPICS,
    lambda a: a.sns.publish(
        Message="x", TopicArn=a.sns.create_topic(Name="o.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    ),
)
refused(
    "SNS",
    "NotFound",
    "A subscription that is not there has no attributes.",
    TOPICS,
    lambda a: a.sns.get_subscription_attributes(
        SubscriptionArn=a.topic() + ":00000000-0000-0000-0000-000000000000"
    ),
)


def subscribed(aws: Aws, **attributes: str) -> tuple[str, str]:
    """A topic, and the address of a queue that it sends to."""
    topic, url = aws.topic(), aws.queue()
    arn = aws.queue_arn(url)
    allow = policy(
        Effect="Allow",
        Principal={"Service": "sns.amazonaws.com"},
        Action="sqs:SendMessage",
        Resource=arn,
        Condition={"ArnEquals": {"aws:SourceArn": topic}},
    )
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allow})
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return topic, url


for _sentence, _policy in {
    "A filter policy is JSON.": "{",
    "A filter policy's values are lists.": '{"kind": "order"}',
    "A filter policy's operators are ones that there are.": '{"kind": [{"like": "o"}]}',
}.items():
    refused(
        "SNS", "InvalidParameter", _sentence, FILTERS, lambda a, _p=_policy: subscribed(a, FilterPolicy=_p)
    )


def received(aws: Aws, url: str) -> list[str]:
    found = (
        within(2, lambda: aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")) or []
    )
    return [message["Body"] for message in found]


@probe("SNS", "SNS Developer Guide, Fanout to Amazon SQS queues")
def envelope(aws: Aws) -> None:
    """A queue gets a message in an envelope with type, topic, time and signature."""
    topic, url = subscribed(aws)
    aws.sns.publish(TopicArn=topic, Message="hi", Subject="s")
    said = json.loads(received(aws, url)[0])
    same(
        (said["Type"], said["TopicArn"], said["Message"], said["Subject"]), ("Notification", topic, "hi", "s")
    )
    assert {
        "MessageId",
        "Timestamp",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
        "UnsubscribeURL",
    } <= set(said)


@probe("SNS", FILTERS)
def filtered(aws: Aws) -> None:
    """A filter policy lets through what fits by its attributes only."""
    topic, url = subscribed(aws, FilterPolicy='{"kind": ["order"]}', RawMessageDelivery="true")
    for kind in ("refund", "order"):
        named = {"kind": {"DataType": "String", "StringValue": kind}}
        aws.sns.publish(TopicArn=topic, Message=kind, MessageAttributes=named)
    same(received(aws, url), ["order"])


@probe("SNS", FILTERS)
def filtered_by_body(aws: Aws) -> None:
    """A filter policy can look into the message."""
    scope = {"FilterPolicyScope": "MessageBody", "RawMessageDelivery": "true"}
    topic, url = subscribed(aws, FilterPolicy='{"total": [{"numeric": [">", 100]}]}', **scope)
    for total in (50, 500):
        aws.sns.publish(TopicArn=topic, Message=json.dumps({"total": total}))
    same([json.loads(body)["total"] for body in received(aws, url)], [500])


@probe("SNS", "SNS Developer Guide, Fanout to Amazon SQS queues")
def not_allowed(aws: Aws) -> None:
    """A queue whose policy does not let the topic send gets nothing."""
    topic, url = aws.topic(), aws.queue()
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=aws.queue_arn(url))
    aws.sns.publish(TopicArn=topic, Message="hi")
    same(aws.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []), [])


gives(
    "SNS",
    "An e-mail subscription waits for its confirmation.",
    "SNS API reference, Subscribe",
    "pending confirmation",
    lambda a: a.sns.subscribe(TopicArn=a.topic(), Protocol="email", Endpoint="a@example.com")[
        "SubscriptionArn"
    ],
)
