# Other right answers: PutMetricData in the function, a percentile over five minutes, a composite alarm and filled gaps,
# shorthands on the board, other words in the log.

# %% task="big-orders"
# No names for columns, the condition as two steps, and a sum beside the count.
text = f"filter amount > {brief.big} | filter event like /^received$/ | stats count(*), sum(amount) by region | sort region asc"
logs.put_query_definition(name="big orders", queryString="limit 1")  # a first try, left over
logs.put_query_definition(name="big orders", queryString=text, logGroupNames=[brief.groups["orders"]])

# %% task="trace"
# The whole message is shown, and the groups are given the other way round.
(first,) = query(f"filter orderId = '{brief.complaint}' | fields requestId", [brief.groups["orders"]])
text = f"fields @timestamp, @log, @message | filter requestId = '{first['requestId']}' | sort @timestamp asc | limit 100"
life = [json.loads(row["@message"]) | {"log": row["@log"]} for row in query(text, ALL)]
trouble = next(line for line in life if line["level"] in ("WARN", "ERROR"))
logs.put_query_definition(name="timeline", queryString=text, logGroupNames=list(ALL)[::-1])
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% task="logger"
# One line for each order, with Python's logging and a formatter of its own.
WITH_LOGGING = """
import json
import logging
import sys

shop = logging.getLogger("shop")
shop.setLevel(logging.INFO)
shop.propagate = False
shop.handlers = [logging.StreamHandler(sys.stdout)]


def handler(event, context):
    accepted = event["amount"] > 0
    line = {"requestId": context.aws_request_id, "orderId": event["orderId"], "service": "checkout"}
    if not accepted:
        shop.error(json.dumps({**line, "level": "ERROR", "event": "order-refused", "amount": event["amount"]}))
        return {"orderId": event["orderId"], "accepted": False}
    total = round(event["amount"] + event.get("shipping", 0), 2)
    shop.info(json.dumps({**line, "level": "INFO", "event": "order-accepted", "total": total}))
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, WITH_LOGGING)

# %% task="measure"
# The function hands its numbers over by the API, and waits for the answer; its line stays as it was.
BY_API = f"""
import json

import boto3

cloudwatch = boto3.client("cloudwatch")
SERVICE = [{{"Name": "Service", "Value": {brief.service!r}}}]


def handler(event, context):
    paid = event["processor"] == "ok"
    values = (("Latency", event["ms"], "Milliseconds"), ("Orders", 1, "Count"), ("Failures", int(not paid), "Count"))
    cloudwatch.put_metric_data(
        Namespace={brief.namespace!r},
        MetricData=[
            {{"MetricName": name, "Dimensions": SERVICE, "Value": value, "Unit": unit}} for name, value, unit in values
        ],
    )
    print(json.dumps({{"level": "INFO" if paid else "ERROR", "requestId": context.aws_request_id, "event": "payment"}}))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, BY_API)
for rows in (80, 130):
    cloudwatch.put_metric_data(
        Namespace=brief.namespace,
        MetricData=[
            {
                "MetricName": "Exported",
                "Dimensions": SERVICE,
                "Value": rows,
                "Unit": "Count",
                "StorageResolution": 1,
            }
        ],
    )

# %% task="pager"
# The topic by a pattern, and the account besides.
arn = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Sid": "Oncall",
    "Effect": "Allow",
    "Principal": {"Service": ["sns.amazonaws.com"]},
    "Action": ["sqs:SendMessage"],
    "Resource": [arn],
    "Condition": {"ArnLike": {"aws:SourceArn": [TOPIC]}, "StringEquals": {"aws:SourceAccount": [ACCOUNT]}},
}
policy = {"Version": "2012-10-17", "Statement": [statement]}
sqs.set_queue_attributes(QueueUrl=PAGER, Attributes={"Policy": json.dumps(policy)})
# For a board only: an alarm that tells nobody.
cloudwatch.put_metric_alarm(
    AlarmName="a machine at work",
    Namespace="AWS/EC2",
    MetricName="CPUUtilization",
    Dimensions=[{"Name": "InstanceId", "Value": brief.instance}],
    Statistic="Average",
    Period=300,
    EvaluationPeriods=3,
    Threshold=95,
    ComparisonOperator="GreaterThanThreshold",
)

# %% task="slow"
# The percentile of five minutes at a time, as metric math.
asked = {"Namespace": brief.namespace, "MetricName": "Latency", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="Zahlung langsam",
    Metrics=[
        {"Id": "p99", "MetricStat": {"Metric": asked, "Period": 300, "Stat": "p99"}, "ReturnData": True}
    ],
    EvaluationPeriods=1,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    AlarmActions=[TOPIC],
)


# %% task="symptoms"
# Two quiet alarms, and a composite one that speaks for both; the gaps of the export filled with zeros.
def measured(name, metric, stat="Sum", period=60):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": period, "Stat": stat}, "ReturnData": False}


cloudwatch.put_metric_alarm(
    AlarmName="share",
    Metrics=[
        measured("failed", "Failures", "Average"),
        measured("all", "Orders"),
        {"Id": "share", "Expression": f"IF(all >= {brief.few}, failed * 100, 0)", "ReturnData": True},
    ],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
)
cloudwatch.put_metric_alarm(
    AlarmName="dead",
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Sum",
    Period=60,
    EvaluationPeriods=2,
    Threshold=1,
    ComparisonOperator="GreaterThanOrEqualToThreshold",
    TreatMissingData="ignore",
)
cloudwatch.put_composite_alarm(
    AlarmName="orders-suffer", AlarmRule='ALARM("share") OR ALARM("dead")', AlarmActions=[TOPIC]
)
cloudwatch.put_metric_alarm(
    AlarmName="still",
    Metrics=[
        measured("rows", "Exported", "SampleCount", 600),
        {"Id": "filled", "Expression": "FILL(rows, 0)", "ReturnData": True},
    ],
    EvaluationPeriods=3,
    Threshold=0,
    ComparisonOperator="LessThanOrEqualToThreshold",
    AlarmActions=[TOPIC],
)

# %% task="noise"
# All three stay for the board, and tell nobody.
cloudwatch.disable_alarm_actions(
    AlarmNames=[f"{name}-{brief.tag}" for name in ("cpu", "no-orders", "any-failure")]
)

# %% task="board"
# Two boards, one of them of something else; shorthands; the share by averages of ones and zeros; five minutes.
of = [brief.namespace, "Orders", "Service", brief.service]
widgets = [
    {"type": "text", "properties": {"markdown": "# Payments"}},
    {"type": "metric", "properties": {"region": REGION, "stat": "Sum", "period": 300, "metrics": [of]}},
    {
        "type": "metric",
        "properties": {
            "region": REGION,
            "period": 60,
            "metrics": [
                [
                    brief.namespace,
                    "Failures",
                    "Service",
                    brief.service,
                    {"id": "f", "stat": "Sum", "visible": False},
                ],
                [".", "Orders", ".", ".", {"id": "o", "stat": "Sum", "visible": False}],
                [{"expression": "f / o * 100", "id": "e", "region": REGION}],
                ["...", {"id": "spare", "stat": "Sum", "visible": False}],
            ],
        },
    },
    {
        "type": "metric",
        "properties": {
            "region": REGION,
            "metrics": [
                [brief.namespace, "Latency", "Service", brief.service, {"stat": "p99", "period": 60}]
            ],
        },
    },
    {"type": "metric", "properties": {"region": brief.us_region, "stat": "Sum", "metrics": [of]}},
]
cloudwatch.put_dashboard(DashboardName="zahlungen", DashboardBody=json.dumps({"widgets": widgets}))
cloudwatch.put_dashboard(DashboardName="a-glance", DashboardBody=json.dumps({"widgets": widgets[:2]}))
