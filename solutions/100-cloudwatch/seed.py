"""Kittiwake's shop as its only developer left it: logs for ever, sentences for logs, alarms that cry wolf."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

MINUTE = 60_000
REGIONS = ("north", "south", "west", "islands")
CAUSES = ("processor timed out", "currency not set up", "certificate expired", "merchant limit reached")

CHECKOUT = """
def handler(event, context):
    print(f"New order {event['orderId']} from {event['email']}, card {event['card']}")
    if event["amount"] <= 0:
        print(f"ERROR bad amount {event['amount']} from {event['email']}!!")
        return {"orderId": event["orderId"], "accepted": False}
    total = round(event["amount"] + event.get("shipping", 0), 2)
    print(f"Order {event['orderId']} ok, {total} EUR, goes to {event['region']}")
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""

PAYMENTS = """
import json


def handler(event, context):
    # The card processor is far away; the event says how long it took and what it answered.
    paid = event["processor"] == "ok"
    print(json.dumps({
        "level": "INFO" if paid else "ERROR", "requestId": context.aws_request_id, "event": "payment",
        "orderId": event["orderId"], "customer": event["customer"],
        "ms": event["ms"], "answer": event["processor"],
    }))
    return {"orderId": event["orderId"], "paid": paid}
"""


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the log groups and changes nothing."""
    session = accounts["main"]
    logs = session.client("logs")
    groups = brief["groups"]
    if logs.describe_log_groups(logGroupNamePrefix=groups["orders"])["logGroups"]:
        return
    for row in brief["keep"]:
        logs.create_log_group(logGroupName=row["group"])
    # One group has a limit, and the wrong one.
    logs.put_retention_policy(logGroupName=groups["payments"], retentionInDays=7)
    _write(logs, brief)
    _functions(session, brief)
    _wiring(session, brief)
    _alarms(session, brief)


# --- logs -------------------------------------------------------------------------------------------------


def request_of(brief: Mapping[str, Any], order: str) -> str:
    """The request id under which an order went through the services."""
    return "r-" + hashlib.sha256(f"{brief['tag']}/{order}".encode()).hexdigest()[:12]


def cause_of(brief: Mapping[str, Any]) -> str:
    """Why the complaint's order failed."""
    digest = hashlib.sha256(f"{brief['tag']}/cause".encode()).digest()
    return CAUSES[digest[0] % len(CAUSES)]


def _write(logs: Any, brief: Mapping[str, Any]) -> None:
    """An hour and a half of orders in three log groups; one of them is the complaint's."""
    by_group: dict[str, list[tuple[int, dict[str, Any]]]] = {name: [] for name in brief["groups"]}
    for at, name, line in _events(brief):
        by_group[name].append((at, line))
    now = int(time.time() * 1000)
    for name, lines in by_group.items():
        group = brief["groups"][name]
        logs.create_log_stream(logGroupName=group, logStreamName="web-1")
        events = [
            {"timestamp": now - 90 * MINUTE + at, "message": json.dumps(line)}
            for at, line in sorted(lines, key=lambda each: each[0])
        ]
        logs.put_log_events(logGroupName=group, logStreamName="web-1", logEvents=events)


def _events(brief: Mapping[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """When (milliseconds after the first), in which group, and what."""
    rng = random.Random(brief["tag"])
    orders = [f"KW-{10_000 + number}" for number in rng.sample(range(9_999), 70)]
    orders.insert(rng.randrange(45, 65), brief["complaint"])
    for number, order in enumerate(orders):
        request, at = request_of(brief, order), number * 70_000 + rng.randrange(20_000)
        base = {"requestId": request}
        amount, region = round(rng.uniform(15, 320), 2), rng.choice(REGIONS)
        received = {"level": "INFO", **base, "event": "received", "orderId": order}
        yield at, "orders", {**received, "amount": amount, "region": region}
        yield at + 140, "payments", {"level": "INFO", **base, "event": "charging", "amount": amount}
        if order == brief["complaint"]:
            yield from _complaint(brief, at, base)
        elif rng.random() < 0.12:
            declined = {"level": "ERROR", **base, "event": "failed", "reason": "card declined"}
            yield at + 600, "payments", declined
        else:
            paid = {"level": "INFO", **base, "event": "paid", "ms": rng.randrange(80, 300)}
            yield at + 500, "payments", paid
            yield at + 900, "shipping", {"level": "INFO", **base, "event": "packed", "region": region}


def _complaint(
    brief: Mapping[str, Any], at: int, base: Mapping[str, Any]
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Paid by nobody, packed by nobody, and the loud error is not where the cause is."""
    yield at + 3_200, "payments", {"level": "WARN", **base, "event": "retry", "reason": cause_of(brief)}
    yield at + 6_400, "payments", {"level": "ERROR", **base, "event": "failed", "reason": cause_of(brief)}
    yield at + 6_900, "shipping", {"level": "ERROR", **base, "event": "failed", "reason": "nothing to pack"}
    yield at + 7_000, "orders", {"level": "ERROR", **base, "event": "failed", "reason": "unknown error"}


# --- functions, wiring, alarms ----------------------------------------------------------------------------


def _functions(session: Any, brief: Mapping[str, Any]) -> None:
    iam, functions = session.client("iam"), session.client("lambda")
    name = f"kittiwake-functions-{brief['tag']}"
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    may = ["logs:CreateLogStream", "logs:PutLogEvents", "cloudwatch:PutMetricData"]
    allow = {"Effect": "Allow", "Action": may, "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="log", PolicyDocument=_document(allow))
    for function, source in ((brief["checkout"], CHECKOUT), (brief["payments"], PAYMENTS)):
        functions.create_function(
            FunctionName=function,
            Runtime="python3.12",
            Handler="app.handler",
            Role=role,
            Code={"ZipFile": _zipped(source)},
        )


def _zipped(source: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    return packed.getvalue()


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _wiring(session: Any, brief: Mapping[str, Any]) -> None:
    """A topic whose messages never reach the pager: the queue lets in a topic of last year."""
    sns, sqs = session.client("sns"), session.client("sqs")
    topic = sns.create_topic(Name=brief["topic"])["TopicArn"]
    queue = sqs.create_queue(QueueName=brief["pager"])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic.replace(brief["topic"], "oncall-2024")}},
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": _document(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sqs.create_queue(QueueName=brief["dead_letters"])


def _alarms(session: Any, brief: Mapping[str, Any]) -> None:
    """Three alarms that wake people for nothing."""
    cloudwatch = session.client("cloudwatch")
    (topic,) = [
        one["TopicArn"]
        for one in session.client("sns").list_topics()["Topics"]
        if one["TopicArn"].endswith(f":{brief['topic']}")
    ]
    service = [{"Name": "Service", "Value": brief["service"]}]
    common = {"AlarmActions": [topic], "EvaluationPeriods": 1, "Period": 60}
    cloudwatch.put_metric_alarm(
        AlarmName=f"cpu-{brief['tag']}",
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "InstanceId", "Value": brief["instance"]}],
        Statistic="Average",
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
        **{**common, "Period": 300},
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"no-orders-{brief['tag']}",
        Namespace=brief["namespace"],
        MetricName="Orders",
        Dimensions=service,
        Statistic="Sum",
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        **common,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"any-failure-{brief['tag']}",
        Namespace=brief["namespace"],
        MetricName="Failures",
        Dimensions=service,
        Statistic="Sum",
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        **common,
    )
