"""Streams of tables, and functions that read them."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, probe, refused, same
from tests.sandbox.behaviour.wiring import bodies, nothing, sourced, telling

FILTERS = "Lambda Developer Guide, Control which events Lambda sends to your function"
STREAMS = "Lambda Developer Guide, Process DynamoDB records with Lambda"
STREAM_ERRORS = "Lambda Developer Guide, Retain discarded records for a DynamoDB event source; error handling"
RECORDS = "DynamoDB Developer Guide, Change data capture for DynamoDB Streams; StreamRecord"


def streamed(aws: Aws, view: str = "NEW_AND_OLD_IMAGES") -> tuple[str, str]:
    """A table with a stream, and the stream's ARN."""
    name = aws.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": view})
    return name, aws.dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]


def put(aws: Aws, table: str, pk: str, **more: str) -> None:
    item = {"pk": {"S": pk}} | {name: {"S": value} for name, value in more.items()}
    aws.dynamodb.put_item(TableName=table, Item=item)


def changes(aws: Aws, body: str, view: str = "NEW_AND_OLD_IMAGES", **more: Any) -> tuple[str, str]:
    """A table whose stream a function reads, and the queue that the function tells things to."""
    table, arn = streamed(aws, view)
    out = aws.queue()
    settings = {"StartingPosition": "TRIM_HORIZON"} | more
    sourced(aws, arn, telling(aws, out, body), **settings)
    return table, out


@probe("DynamoDB", STREAMS)
def both_images(aws: Aws) -> None:
    """A change reaches a function with its kind, its keys, and the item before and after."""
    table, out = changes(aws, "for r in event['Records']: tell(r)")
    put(aws, table, "a", colour="red")
    put(aws, table, "a", colour="blue")
    aws.dynamodb.delete_item(TableName=table, Key={"pk": {"S": "a"}})
    found = sorted(bodies(aws, out, 3), key=lambda each: each["dynamodb"]["SequenceNumber"])
    same([each["eventName"] for each in found], ["INSERT", "MODIFY", "REMOVE"])
    changed = found[1]["dynamodb"]
    same((changed["Keys"], changed["StreamViewType"]), ({"pk": {"S": "a"}}, "NEW_AND_OLD_IMAGES"))
    same((changed["OldImage"]["colour"], changed["NewImage"]["colour"]), ({"S": "red"}, {"S": "blue"}))
    same((found[0]["eventSource"], "OldImage" in found[0]["dynamodb"]), ("aws:dynamodb", False))
    same("NewImage" in found[2]["dynamodb"], False)


@probe("DynamoDB", RECORDS)
def keys_only(aws: Aws) -> None:
    """A stream of keys has no images."""
    table, out = changes(aws, "tell(event['Records'][0]['dynamodb'])", "KEYS_ONLY")
    put(aws, table, "a", colour="red")
    (found,) = bodies(aws, out)
    same((found["Keys"], "NewImage" in found, "OldImage" in found), ({"pk": {"S": "a"}}, False, False))


@probe("DynamoDB", RECORDS)
def no_change(aws: Aws) -> None:
    """A write that changes nothing is in no stream."""
    table, out = changes(aws, "for r in event['Records']: tell(r['eventName'])")
    put(aws, table, "a", colour="red")
    put(aws, table, "a", colour="red")
    same(bodies(aws, out, 1, 10), ["INSERT"])
    assert nothing(aws, out, 1)


@probe("DynamoDB", FILTERS)
def stream_filter(aws: Aws) -> None:
    """A filter on a stream looks at the kind of change and at the images."""
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"colour": {"S": [{"prefix": "re"}]}}}}
    table, out = changes(
        aws,
        "for r in event['Records']: tell(r['dynamodb']['Keys']['pk']['S'])",
        FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
    )
    put(aws, table, "a", colour="blue")
    put(aws, table, "b", colour="red")
    put(aws, table, "b", colour="rest")
    same(bodies(aws, out, 1, 10), ["b"])
    assert nothing(aws, out, 1)


@probe("DynamoDB", STREAM_ERRORS)
def given_up(aws: Aws) -> None:
    """A batch that fails as often as allowed goes to the failure destination, and the stream goes on."""
    dead = aws.queue()
    table, out = changes(
        aws,
        "names = [r['dynamodb']['Keys']['pk']['S'] for r in event['Records']]\ntell(names)\n"
        "if 'bad' in names: raise ValueError('no')",
        BatchSize=1,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": aws.queue_arn(dead)}},
    )
    put(aws, table, "bad")
    put(aws, table, "good")
    same(bodies(aws, out, 3, 12), [["bad"], ["bad"], ["good"]])
    (found,) = bodies(aws, dead)
    same(found["requestContext"]["condition"], "RetryAttemptsExhausted")
    same(
        (found["requestContext"]["approximateInvokeCount"], found["DDBStreamBatchInfo"]["batchSize"]), (2, 1)
    )


@probe("DynamoDB", STREAM_ERRORS)
def bisected(aws: Aws) -> None:
    """A batch that fails is split in two until the bad record is alone."""
    table, arn = streamed(aws)
    out = aws.queue()
    for name in ("a", "b", "bad", "d"):
        put(aws, table, name)
    name = telling(
        aws,
        out,
        "names = [r['dynamodb']['Keys']['pk']['S'] for r in event['Records']]\n"
        "if 'bad' in names: raise ValueError('no')\ntell(names)",
    )
    sourced(
        aws,
        arn,
        name,
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        MaximumRetryAttempts=3,
        BisectBatchOnFunctionError=True,
    )
    found = bodies(aws, out, 2, 15)
    found += bodies(aws, out, 1, 2)
    same(sorted(each for batch in found for each in batch), ["a", "b", "d"])


@probe("DynamoDB", "Lambda Developer Guide, Configuring partial batch response with DynamoDB and Lambda")
def from_the_failed_on(aws: Aws) -> None:
    """A stream's batch goes on from the first record that is reported as failed."""
    table, arn = streamed(aws)
    out = aws.queue()
    for name in ("a", "b", "c"):
        put(aws, table, name)
    name = telling(
        aws,
        out,
        "names = [r['dynamodb']['Keys']['pk']['S'] for r in event['Records']]\ntell(names)\n"
        "failed = [r['dynamodb']['SequenceNumber'] for r in event['Records'] if len(names) == 3][1:2]\n"
        "return {'batchItemFailures': [{'itemIdentifier': each} for each in failed]}",
    )
    sourced(
        aws,
        arn,
        name,
        StartingPosition="TRIM_HORIZON",
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    same(bodies(aws, out, 2, 8), [["a", "b", "c"], ["b", "c"]])


@probe("DynamoDB", STREAMS)
def latest(aws: Aws) -> None:
    """A mapping that starts at the latest record gets only what comes after."""
    table, arn = streamed(aws)
    put(aws, table, "before")
    out = aws.queue()
    name = telling(aws, out, "for r in event['Records']: tell(r['dynamodb']['Keys']['pk']['S'])")
    sourced(aws, arn, name, StartingPosition="LATEST")
    put(aws, table, "after")
    same(bodies(aws, out, 1, 10), ["after"])
    assert nothing(aws, out, 1)


refused(
    "DynamoDB",
    ("InvalidParameterValueException", "ValidationException"),
    "A mapping of a stream says where it starts.",
    STREAMS,
    lambda a: sourced(a, streamed(a)[1], telling(a, a.queue(), "pass")),
)
