"""One pipeline from end to end, and what must be at each place of it once everything has come through.

    API -> place -> orders (table) -> its stream -> announce -> topic
    topic -> billing (queue) -> bill -> ledger (table)
    topic -> express (queue)
    billing -> dead letters (queue) -> alarm -> topic -> ops (queue)

On the way are a duplicate, a poison message, and a function that is throttled for a while.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.behaviour.apis import Reply, allow, call
from tests.sandbox.behaviour.probe import Aws, within
from tests.sandbox.behaviour.sources import left
from tests.sandbox.behaviour.wiring import able_role, function_arn, let_in, open_queue, take

PLACE = """
import json, os, boto3
table = boto3.client("dynamodb")
def handler(event, context):
    order = json.loads(event["body"])
    item = {"pk": {"S": order["id"]}, "kind": {"S": order["kind"]}, "total": {"N": str(order["total"])}}
    try:
        table.put_item(TableName=os.environ["ORDERS"], Item=item,
        ConditionExpression="attribute_not_exists(pk)")
    except table.exceptions.ConditionalCheckFailedException:
        return {"statusCode": 200, "body": json.dumps({"id": order["id"], "new": False})}
    return {"statusCode": 201, "body": json.dumps({"id": order["id"], "new": True})}
"""
ANNOUNCE = """
import json, os, boto3
topic = boto3.client("sns")
def handler(event, context):
    for record in event["Records"]:
        new = record["dynamodb"]["NewImage"]
        order = {"id": new["pk"]["S"], "kind": new["kind"]["S"], "total": int(new["total"]["N"])}
        kind = {"DataType": "String", "StringValue": order["kind"]}
        topic.publish(TopicArn=os.environ["TOPIC"], Message=json.dumps(order), MessageAttributes={"kind":
        kind})
"""
BILL = """
import json, os, boto3
table = boto3.client("dynamodb")
def handler(event, context):
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        if order["total"] < 0:
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        table.update_item(TableName=os.environ["LEDGER"], Key={"pk": {"S": order["id"]}},
                          UpdateExpression="ADD times :one SET amount = :total",
                          ExpressionAttributeValues={":one": {"N": "1"}, ":total": {"N":
                          str(order["total"])}})
    return {"batchItemFailures": failed}
"""
ORDERS = [
    {"id": "a", "kind": "express", "total": 5},
    {"id": "b", "kind": "normal", "total": 7},
    {"id": "poison", "kind": "normal", "total": -1},
    {"id": "c", "kind": "express", "total": 9},
]
_RIGHTS = ("dynamodb:*", "sns:Publish", "sqs:*")


@dataclass(frozen=True)
class Pipeline:
    """The pipeline's parts, by name or address."""

    aws: Aws
    address: str
    orders: str
    ledger: str
    billing: str
    express: str
    dead: str
    ops: str
    announce: str


def build(aws: Aws) -> Pipeline:
    """Put the pipeline up in an account."""
    orders = aws.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    ledger, topic = aws.table(), aws.topic()
    dead = aws.queue()
    redrive = json.dumps({"deadLetterTargetArn": aws.queue_arn(dead), "maxReceiveCount": 2})
    billing, billing_arn = open_queue(aws, "sns", RedrivePolicy=redrive, VisibilityTimeout="3")
    express, express_arn = open_queue(aws, "sns")
    raw = {"RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=billing_arn, Attributes=raw)
    only = raw | {"FilterPolicy": '{"kind": ["express"]}'}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=express_arn, Attributes=only)
    role = able_role(aws, *_RIGHTS)
    made = {
        name: aws.function(code, Role=role, Timeout=3, MemorySize=256, Environment={"Variables": variables})
        for name, code, variables in (
            ("place", PLACE, {"ORDERS": orders}),
            ("announce", ANNOUNCE, {"TOPIC": topic}),
            ("bill", BILL, {"LEDGER": ledger}),
        )
    }
    stream = aws.dynamodb.describe_table(TableName=orders)["Table"]["LatestStreamArn"]
    feed = aws.lambda_.create_event_source_mapping
    feed(FunctionName=made["announce"], EventSourceArn=stream, StartingPosition="TRIM_HORIZON")
    feed(
        FunctionName=made["bill"],
        EventSourceArn=billing_arn,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    ops = _alarmed(aws, dead)
    return Pipeline(
        aws, _api(aws, made["place"]), orders, ledger, billing, express, dead, ops, made["announce"]
    )


def _api(aws: Aws, function: str) -> str:
    """The address at which a function takes orders."""
    allow(aws, function)
    api = aws.apigatewayv2.create_api(Name=aws.name("api"), ProtocolType="HTTP")["ApiId"]
    made = aws.apigatewayv2.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn(aws, function),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    aws.apigatewayv2.create_route(ApiId=api, RouteKey="POST /orders", Target=f"integrations/{made}")
    aws.apigatewayv2.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    port = urlsplit(aws.lambda_.meta.endpoint_url).port
    return f"http://{api}.execute-api.localhost:{port}/orders"


def _alarmed(aws: Aws, dead: str) -> str:
    """A queue that is told when there are dead letters."""
    topic, ops = aws.topic(), aws.queue()
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=let_in(aws, ops, "sns"))
    aws.cloudwatch.put_metric_alarm(
        AlarmName=aws.name("dead-letters"),
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": dead.rpartition("/")[2]}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
        AlarmActions=[topic],
    )
    return ops


def order(pipeline: Pipeline, what: dict[str, Any]) -> Reply:
    """Send an order to the API."""
    kind = {"Content-Type": "application/json"}
    return call(pipeline.aws, pipeline.address, "POST", json.dumps(what).encode(), kind)


def billed(pipeline: Pipeline) -> dict[str, tuple[int, int]]:
    """By order: how often it was billed, and for how much."""
    items = pipeline.aws.dynamodb.scan(TableName=pipeline.ledger)["Items"]
    return {item["pk"]["S"]: (int(item["times"]["N"]), int(item["amount"]["N"])) for item in items}


def throttles(pipeline: Pipeline) -> float:
    """How often the stream's function was throttled, as CloudWatch counts."""
    now = dt.datetime.now(dt.UTC)
    found = pipeline.aws.cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Throttles",
        Dimensions=[{"Name": "FunctionName", "Value": pipeline.announce}],
        StartTime=now - dt.timedelta(minutes=10),
        EndTime=now + dt.timedelta(minutes=10),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def run(aws: Aws) -> None:
    """Send everything through, and look at every place. Raises AssertionError with what was found."""
    pipeline = build(aws)
    aws.lambda_.put_function_concurrency(FunctionName=pipeline.announce, ReservedConcurrentExecutions=0)
    replies = [order(pipeline, each) for each in (*ORDERS, ORDERS[0])]
    said = [(reply.status, reply.json) for reply in replies]
    wanted = [(201, {"id": each["id"], "new": True}) for each in ORDERS] + [(200, {"id": "a", "new": False})]
    assert said == wanted, said
    assert within(10, lambda: throttles(pipeline)), "the stream's function is throttled"
    assert billed(pipeline) == {}, "nothing is billed while the function is throttled"
    aws.lambda_.delete_function_concurrency(FunctionName=pipeline.announce)
    express = [json.loads(message["Body"]) for message in take(aws, pipeline.express, 2, 30)]
    assert sorted(each["id"] for each in express) == ["a", "c"], express
    expected = {"a": (1, 5), "b": (1, 7), "c": (1, 9)}
    within(30, lambda: billed(pipeline) == expected)
    assert billed(pipeline) == expected, billed(pipeline)
    alarms = take(aws, pipeline.ops, 1, 90)
    states = [json.loads(json.loads(each["Body"])["Message"])["NewStateValue"] for each in alarms]
    assert states == ["ALARM"], states
    dead = [json.loads(message["Body"])["id"] for message in take(aws, pipeline.dead, 1, 10)]
    assert dead == ["poison"], dead
    assert left(aws, pipeline.dead) + left(aws, pipeline.billing) + left(aws, pipeline.express) == 0
    assert billed(pipeline) == expected, billed(pipeline)
