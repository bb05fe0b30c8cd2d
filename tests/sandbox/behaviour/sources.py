"""SQS as a source of functions: batches, partial failures, filters, dead letters and their redrive."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.sandbox.behaviour.probe import Aws, probe, refused, same, within
from tests.sandbox.behaviour.wiring import (
    bodies,
    nothing,
    sourced,
    take,
    telling,
)

BATCHES = "Lambda Developer Guide, Creating and configuring an Amazon SQS event source mapping"
PARTIAL = "Lambda Developer Guide, Handling errors for an SQS event source in Lambda: partial batch responses"
FILTERS = "Lambda Developer Guide, Control which events Lambda sends to your function"
DEAD = "SQS Developer Guide, Using dead-letter queues in Amazon SQS"
MOVES = "SQS API reference, StartMessageMoveTask; ListMessageMoveTasks; CancelMessageMoveTask"
SUBSCRIPTION_FILTERS = (
    "SNS Developer Guide, Filter policy constraints; string value matching; numeric value matching"
)


def fed(aws: Aws, body: str, queue: dict[str, str] | None = None, **more: Any) -> tuple[str, str]:
    """A queue that a function reads, and the queue that the function tells things to."""
    out, url = aws.queue(), aws.queue(**(queue or {}))
    name = telling(aws, out, body, Timeout=3)
    sourced(aws, aws.queue_arn(url), name, **more)
    return url, out


def send(aws: Aws, url: str, *messages: Any) -> list[str]:
    """Send messages in one batch; their ids."""
    entries = [
        {"Id": str(n), "MessageBody": text if isinstance(text, str) else json.dumps(text)}
        for n, text in enumerate(messages)
    ]
    return [
        each["MessageId"] for each in aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]
    ]


def left(aws: Aws, url: str) -> int:
    """How many messages a queue has, hidden ones too."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(each) for each in found.values())


# --- queues to functions --------------------------------------------------------------------------


@probe("SQS", "Lambda Developer Guide, Using Lambda with Amazon SQS: example standard queue message event")
def record_of_a_message(aws: Aws) -> None:
    """A function gets a message as a record with id, body, attributes, source and Region."""
    url, out = fed(aws, "tell(event['Records'][0])")
    aws.sqs.send_message(
        QueueUrl=url,
        MessageBody="hi",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "order"}},
    )
    (found,) = bodies(aws, out)
    same((found["body"], found["eventSource"], found["awsRegion"]), ("hi", "aws:sqs", "us-east-1"))
    same((found["eventSourceARN"], found["attributes"]["ApproximateReceiveCount"]), (aws.queue_arn(url), "1"))
    same(found["messageAttributes"]["kind"]["stringValue"], "order")
    assert {"messageId", "receiptHandle", "md5OfBody"} <= set(found)
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(found["attributes"])


@probe("SQS", BATCHES)
def at_most_a_batch(aws: Aws) -> None:
    """A function gets at most as many messages at once as its batch size."""
    url, out = fed(aws, "tell(len(event['Records']))", BatchSize=2)
    send(aws, url, "1", "2", "3", "4", "5")
    found = bodies(aws, out, 5, 5)
    same((sum(found), max(found)), (5, 2))


@probe("SQS", BATCHES)
def window(aws: Aws) -> None:
    """A batching window gathers messages that come one after another, up to the batch size."""
    url, out = fed(aws, "tell(len(event['Records']))", BatchSize=12, MaximumBatchingWindowInSeconds=2)
    for n in range(4):
        aws.sqs.send_message(QueueUrl=url, MessageBody=str(n))
        time.sleep(0.2)
    same(bodies(aws, out, 1, 8), [4])


@probe("SQS", BATCHES)
def large_batches(aws: Aws) -> None:
    """With a window, a batch has more than ten messages."""
    url, out = fed(aws, "tell(len(event['Records']))", BatchSize=25, MaximumBatchingWindowInSeconds=1)
    for start in (0, 10):
        send(aws, url, *map(str, range(start, start + 10)))
    found = bodies(aws, out, 1, 8)
    assert max(found, default=0) > 10, found


@probe("SQS", PARTIAL)
def whole_batch_again(aws: Aws) -> None:
    """Of a batch that failed, every message comes again once it is visible."""
    url, out = fed(
        aws,
        "for r in event['Records']: tell(r['body'])\n"
        "if event['Records'][0]['attributes']['ApproximateReceiveCount'] == '1':\n    raise ValueError('no')",
        {"VisibilityTimeout": "3"},
    )
    send(aws, url, "a", "b")
    found = bodies(aws, out, 4, 14)
    same((found.count("a"), found.count("b")), (2, 2))
    assert within(4, lambda: left(aws, url) == 0), left(aws, url)


FAILS_BAD = (
    "failed = [r['messageId'] for r in event['Records'] if r['body'] == 'bad']\n"
    "for r in event['Records']: tell([r['body'], r['attributes']['ApproximateReceiveCount']])\n"
    "return {'batchItemFailures': [{'itemIdentifier': each} for each in failed]}"
)
REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


@probe("SQS", PARTIAL)
def partial(aws: Aws) -> None:
    """Of a batch with reported failures, those messages alone come again."""
    url, out = fed(aws, FAILS_BAD, {"VisibilityTimeout": "3"}, **REPORTS)
    send(aws, url, "good", "bad", "fine")
    found = bodies(aws, out, 4, 12)
    same(sorted(found)[:2], [["bad", "1"], ["bad", "2"]])
    same(sorted(body for body, _ in found), ["bad", "bad", "fine", "good"])


@probe("SQS", PARTIAL)
def partial_not_asked(aws: Aws) -> None:
    """Without ReportBatchItemFailures an answer means success, whatever it says."""
    url, out = fed(aws, FAILS_BAD, {"VisibilityTimeout": "3"})
    send(aws, url, "bad")
    same(bodies(aws, out), [["bad", "1"]])
    assert within(3, lambda: left(aws, url) == 0)


def _answering(answer: str) -> str:
    return f"tell(event['Records'][0]['attributes']['ApproximateReceiveCount'])\nreturn {answer}"


for _answer, _again, _sentence in (
    (
        "{'batchItemFailures': [{'itemIdentifier': 'nobody'}]}",
        True,
        "A failure of no message of the batch fails all.",
    ),
    (
        "{'batchItemFailures': [{'itemIdentifier': ''}]}",
        True,
        "A failure without an identifier fails the batch.",
    ),
    ("{'batchItemFailures': [{'id': 'x'}]}", True, "A failure under another name fails the batch."),
    ("{'batchItemFailures': []}", False, "An empty list of failures is success."),
    ("{'batchItemFailures': None}", False, "Failures that are null are success."),
    ("{}", False, "An answer without failures is success."),
    ("None", False, "No answer is success."),
):

    @probe("SQS", PARTIAL, sentence=_sentence)
    def answered(aws: Aws, _answer: str = _answer, _again: bool = _again) -> None:
        url, out = fed(aws, _answering(_answer), {"VisibilityTimeout": "3"}, **REPORTS)
        send(aws, url, "a")
        same(bodies(aws, out, 1), ["1"])
        if _again:
            same(left(aws, url), 1)
        else:
            assert within(3, lambda: left(aws, url) == 0), "the message is still there"


@probe("SQS", DEAD)
def poison(aws: Aws) -> None:
    """A message that a function cannot handle ends in the dead-letter queue, as it was, after its tries."""
    dead = aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 2})
    url, out = fed(
        aws,
        "tell(event['Records'][0]['body'])\nraise ValueError('no')",
        {"VisibilityTimeout": "3", "RedrivePolicy": redrive},
    )
    sent = send(aws, url, "poison")
    (found,) = take(aws, dead, 1, 20)
    same((found["Body"], found["MessageId"]), ("poison", sent[0]))
    same(len(bodies(aws, out, 3, 2)), 2)
    same(found["Attributes"].get("DeadLetterQueueSourceArn"), aws.queue_arn(url))


@probe("SQS", FILTERS)
def filtered(aws: Aws) -> None:
    """A filter lets through what matches; the rest is deleted unread."""
    pattern = {"body": {"kind": ["order"], "total": [{"numeric": [">", 100]}]}}
    url, out = fed(
        aws,
        "for r in event['Records']: tell(r['body'])",
        BatchSize=10,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )
    send(
        aws,
        url,
        {"kind": "order", "total": 50},
        {"kind": "order", "total": 500},
        {"kind": "refund", "total": 900},
    )
    same(
        [
            json.loads(each)["total"] if isinstance(each, str) else each["total"]
            for each in bodies(aws, out, 1, 10)
        ],
        [500],
    )
    assert nothing(aws, out, 1)
    assert within(3, lambda: left(aws, url) == 0), left(aws, url)


@probe("SQS", FILTERS)
def filtered_partly(aws: Aws) -> None:
    """Of one batch, what does not match is gone even when the function fails."""
    pattern = {"body": {"kind": [{"equals-ignore-case": "ORDER"}]}}
    url, out = fed(
        aws,
        "tell(len(event['Records']))\nraise ValueError('no')",
        {"VisibilityTimeout": "20"},
        BatchSize=10,
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )
    send(aws, url, {"kind": "order"}, {"kind": "refund"})
    same(bodies(aws, out, 1), [1])
    assert within(3, lambda: left(aws, url) == 1), left(aws, url)


@probe("SQS", "Lambda Developer Guide, Using Lambda with Amazon SQS FIFO queues")
def fifo_order(aws: Aws) -> None:
    """A FIFO queue's function gets each group in order, and a failure holds its group back."""
    out = aws.queue()
    url = aws.queue(
        aws.name("q") + ".fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="4"
    )
    name = telling(
        aws,
        out,
        "for r in event['Records']:\n    tell([r['body'], r['attributes']['MessageGroupId'], "
        "r['attributes']['ApproximateReceiveCount']])\n"
        "    first = r['attributes']['ApproximateReceiveCount'] == '1'\n"
        "    if r['body'] == 'a1' and first: raise ValueError('no')",
        Timeout=4,
    )
    for body in ("a1", "a2", "b1"):
        aws.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0])
    sourced(aws, aws.queue_arn(url), name, BatchSize=1)
    found = bodies(aws, out, 4, 14)
    same([body for body, group, _ in found if group == "a"], ["a1", "a1", "a2"])
    same([body for body, group, _ in found if group == "b"], ["b1"])


@probe("SQS", BATCHES)
def disabled(aws: Aws) -> None:
    """A mapping that is disabled reads nothing, and goes on when it is enabled."""
    out, url = aws.queue(), aws.queue()
    made = sourced(
        aws, aws.queue_arn(url), telling(aws, out, "tell(event['Records'][0]['body'])"), Enabled=False
    )
    send(aws, url, "kept")
    assert nothing(aws, out)
    aws.lambda_.update_event_source_mapping(UUID=made, Enabled=True)
    same(bodies(aws, out, 1), ["kept"])


@probe("SQS", MOVES)
def moved_back(aws: Aws) -> None:
    """A redrive moves what is in a dead-letter queue back to where it came from."""
    dead = aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 1})
    url = aws.queue(RedrivePolicy=redrive, VisibilityTimeout="0")
    send(aws, url, "a", "b")
    for _ in range(4):
        aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    assert within(3, lambda: left(aws, dead) == 2), left(aws, dead)
    task = aws.sqs.start_message_move_task(SourceArn=aws.queue_arn(dead))["TaskHandle"]
    assert task
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    same(sorted(bodies(aws, url, 2)), ["a", "b"])
    same(left(aws, dead), 0)

    def done() -> bool:
        found = aws.sqs.list_message_move_tasks(SourceArn=aws.queue_arn(dead))["Results"][0]
        return (found["Status"], found["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)

    assert within(4, done), aws.sqs.list_message_move_tasks(SourceArn=aws.queue_arn(dead))


@probe("SQS", MOVES)
def moved_elsewhere(aws: Aws) -> None:
    """A redrive can name another queue."""
    dead, other = aws.queue(), aws.queue()
    aws.queue(RedrivePolicy=json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 1}))
    send(aws, dead, "a")
    aws.sqs.start_message_move_task(SourceArn=aws.queue_arn(dead), DestinationArn=aws.queue_arn(other))
    same(bodies(aws, other), ["a"])


refused(
    "SQS",
    ("AWS.SimpleQueueService.UnsupportedOperation", "InvalidParameterValue", "UnsupportedOperation"),
    "A redrive's source is a dead-letter queue.",
    MOVES,
    lambda a: a.sqs.start_message_move_task(SourceArn=a.queue_arn(a.queue())),
)
refused(
    "SQS",
    ("ResourceNotFoundException",),
    "A redrive's source is there.",
    MOVES,
    lambda a: a.sqs.start_message_move_task(SourceArn=f"arn:aws:sqs:us-east-1:{a.account_id}:none"),
)


@probe("SQS", "SQS API reference, ListDeadLetterSourceQueues")
def dead_letter_sources(aws: Aws) -> None:
    """A dead-letter queue lists the queues that send to it."""
    dead = aws.queue()
    url = aws.queue(
        RedrivePolicy=json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 3})
    )
    same(aws.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])


@probe("SQS", DEAD)
def not_let_in(aws: Aws) -> None:
    """A dead-letter queue that lets nobody in by its redrive policy is refused as target."""
    dead = aws.queue(RedriveAllowPolicy=json.dumps({"redrivePermission": "denyAll"}))
    try:
        aws.queue(
            RedrivePolicy=json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 3})
        )
    except aws.sqs.exceptions.ClientError as error:
        same(error.response["Error"]["Code"] in ("InvalidParameterValue", "InvalidAttributeValue"), True)
    else:
        raise AssertionError("the queue was made")


@probe("SQS", "SQS Developer Guide, Available CloudWatch metrics for Amazon SQS")
def queue_metrics(aws: Aws) -> None:
    """Messages sent, received and deleted, and those that wait, are metrics of a queue."""
    import datetime as dt

    url = aws.queue()
    send(aws, url, "a", "b", "c")
    message = aws.sqs.receive_message(QueueUrl=url)["Messages"][0]
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    now = dt.datetime.now(dt.UTC)

    def figure(metric: str, statistic: str) -> float:
        found = aws.cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName=metric,
            Period=3600,
            Statistics=[statistic],
            Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
            StartTime=now - dt.timedelta(minutes=10),
            EndTime=now + dt.timedelta(minutes=10),
        )["Datapoints"]
        return max((point[statistic] for point in found), default=-1.0)

    wanted = {"NumberOfMessagesSent": 3.0, "NumberOfMessagesReceived": 1.0, "NumberOfMessagesDeleted": 1.0}
    for metric, value in wanted.items():
        same((metric, figure(metric, "Sum")), (metric, value))
    same(figure("ApproximateNumberOfMessagesVisible", "Maximum") >= 2.0, True)
    same(figure("ApproximateAgeOfOldestMessage", "Maximum") >= 0.0, True)
