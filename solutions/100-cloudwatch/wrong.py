# Near-misses of 100-cloudwatch: each loses the tasks that it names, and is told why. One trial is one person's
# hand-in, with a slip in several tasks.

# %% wrong="from-a-guide" task="keep-logs" says=["no retention", "retentionInDays"] ref="L10-M6"
# Only the functions' groups.
LENGTHS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
for name, days in ((row.group, row.days) for row in brief.keep):
    if name.startswith("/aws/lambda/"):
        logs.put_retention_policy(
            logGroupName=name, retentionInDays=next(length for length in LENGTHS if length >= days)
        )

# %% wrong="from-a-guide" task="trace" says=["Logs Insights says", "list them first"] ref="L10-M8"
# The field of many tutorials.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = f'filter requestId = "{first["requestId"]}" | fields @timestamp, aws:FunctionName, event | sort @timestamp asc'
save("timeline", handed, list(ALL))
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["@log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% wrong="from-a-guide" task="big-orders" says=["west", "is not from"]
# From the limit on, not above it.
big = f'filter event = "received" and amount >= {brief.big} | stats count(*) as orders by region'
save("big orders", big, [brief.groups["orders"]])

# %% wrong="from-a-guide" task="logger" says=["no JSON object", "a field can be asked"] ref="L10-M7"
# Sentences, though discreet ones.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)
    level = "ERROR" if bad else "INFO"
    print(f"{level} order {event['orderId']} total {total} request {context.aws_request_id}")
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="from-a-guide" task="measure" says=["one customer's", "A dimension has few values"]
# Each customer is a metric besides.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    metrics = [
        {{"Name": "Latency", "Unit": "Milliseconds"}},
        {{"Name": "Orders", "Unit": "Count"}},
    ]
    line = {{
        "Service": {brief.service!r}, "Customer": event["customer"], "Latency": event["ms"], "Orders": 1,
        "level": "INFO", "requestId": context.aws_request_id, "event": "payment",
    }}
    metrics.append({{"Name": "Failures", "Unit": "Count"}})
    line["Failures"] = int(not paid)
    line["_aws"] = {{
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"], ["Service", "Customer"]], "Metrics": metrics}}
        ],
    }}
    print(json.dumps(line))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="from-a-guide" task="pager" says=["lets the message in", "for whom it may act"]
# Any topic of anybody's.
arn = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": arn,
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
sqs.set_queue_attributes(QueueUrl=PAGER, Attributes={"Policy": policy})

# %% wrong="from-a-guide" task="silence" says=["looks are told", "decide first"]
# Where anything is missing, nothing is known.
answer("silence", {row["name"]: "INSUFFICIENT_DATA" for row in brief.rows})

# %% wrong="from-a-guide" task="slow" says=["for seven minutes", "period times evaluations"] ref="L10-M3"
# Five periods of five minutes.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=300,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)


# %% wrong="from-a-guide" task="symptoms" says=["put its last one", "looks further back"]
# Half an hour, thrice.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=1800,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)

# %% wrong="from-a-guide" task="noise" says=["100 %", "a busy machine is what one pays for"]
# A higher threshold for the same question.
cloudwatch.delete_alarms(AlarmNames=[f"no-orders-{brief.tag}", f"any-failure-{brief.tag}"])
cloudwatch.put_metric_alarm(
    AlarmName=f"cpu-{brief.tag}",
    Namespace="AWS/EC2",
    MetricName="CPUUtilization",
    Dimensions=[{"Name": "InstanceId", "Value": brief.instance}],
    Statistic="Average",
    Period=300,
    EvaluationPeriods=1,
    Threshold=90,
    ComparisonOperator="GreaterThanThreshold",
    AlarmActions=[TOPIC],
)


# %% wrong="from-a-guide" task="board" says=["how many orders there were", "an average of ones is one"]
# The average of ones.
def line(metric, **options):
    return [brief.namespace, metric, "Service", brief.service, options]


def graph(title, metrics, region=REGION, stat="Sum"):
    properties = {"title": title, "region": region, "stat": stat, "period": 60, "metrics": metrics}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


share = [
    line("Failures", id="failures", visible=False),
    line("Orders", id="orders", visible=False),
    [{"expression": "100 * failures / orders", "id": "share"}],
]
widgets = [
    graph("Orders", [line("Orders")], stat="Average"),
    graph("Failed", [each for each in share if each]),
    graph("Slowest hundredth, ms", [line("Latency")], stat="p99"),
    graph("Orders overseas", [line("Orders")], region=brief.us_region),
]
cloudwatch.put_dashboard(DashboardName="payments", DashboardBody=json.dumps({"widgets": widgets}))

# %% wrong="from-a-guide" task="unusual" says=["two sides"]
# A record day rings, too.
asked = {"Namespace": brief.namespace, "MetricName": "Orders", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="orders-unusual",
    ComparisonOperator="LessThanLowerOrGreaterThanUpperThreshold",
    EvaluationPeriods=3,
    ThresholdMetricId="band",
    Metrics=[
        {"Id": "orders", "MetricStat": {"Metric": asked, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
        {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(orders, {brief.band})", "ReturnData": True},
    ],
)

# %% wrong="from-a-guide" task="bill" says=["contradicts"]
# The dearer one is chosen.
sums = brief.bill
a_month = sums["gb"] * sums["stored_share"]
design = {
    "for_ever": logs_bill(stored_gb=a_month * sums["months_for_ever"]).usd,
    "kept": logs_bill(stored_gb=a_month * sums["months_kept"]).usd,
    "dimension": metrics_bill(sums["customers"] * sums["metrics_each"]).usd,
    "field": logs_bill(scanned_gb=sums["questions"] * sums["gb_scanned"]).usd,
}
answer("bill", {**design, "choose": "dimension"})

# %% wrong="nearly-everything" task="keep-logs" says=["offers something between"]
# Ten years: surely long enough.
for row in brief.keep:
    logs.put_retention_policy(logGroupName=row.group, retentionInDays=3653)

# %% wrong="nearly-everything" task="trace" says=["in the order", "newest first"]
# Not sorted.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event'
save("timeline", handed, list(ALL))
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["@log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% wrong="nearly-everything" task="big-orders" says=["west", "no order"]
# Every line with an amount.
big = f"filter amount > {brief.big} | stats count(*) as orders by region"
save("big orders", big, [brief.groups["orders"]])

# %% wrong="nearly-everything" task="logger" says=["stands in a line", "what is not written cannot leak"]
# The whole event, as JSON.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)
    level = "ERROR" if bad else "INFO"
    print(json.dumps({"level": level, "requestId": context.aws_request_id, "event": "order", "input": event, "orderId": event["orderId"]}))
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="nearly-everything" task="measure" says=["Latency", "got nothing"]
# Seconds, and another unit.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    metrics = [
        {{"Name": "Latency", "Unit": "Seconds"}},
        {{"Name": "Orders", "Unit": "Count"}},
    ]
    line = {{
        "Service": {brief.service!r}, "Customer": event["customer"], "Latency": event["ms"] / 1000, "Orders": 1,
        "level": "INFO", "requestId": context.aws_request_id, "event": "payment",
    }}
    metrics.append({{"Name": "Failures", "Unit": "Count"}})
    line["Failures"] = int(not paid)
    line["_aws"] = {{
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"]], "Metrics": metrics}}
        ],
    }}
    print(json.dumps(line))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="nearly-everything" task="pager" says=["did not come"]
# The topic of another Region.
arn = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC.replace(REGION, brief.us_region)}},
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
sqs.set_queue_attributes(QueueUrl=PAGER, Attributes={"Policy": policy})

# %% wrong="nearly-everything" task="slow" says=["for seven minutes", "99th percentile"]
# The average.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
    Statistic="Average",
)


# %% wrong="nearly-everything" task="symptoms" says=["put its last one", "a heartbeat speaks"] ref="L10-M5"
# A heartbeat whose silence is fine.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="notBreaching",
)

# %% wrong="nearly-everything" task="noise" says=["one payment fails", "a share does not"]
# Two of three.
cloudwatch.delete_alarms(AlarmNames=[f"no-orders-{brief.tag}", f"cpu-{brief.tag}"])


# %% wrong="nearly-everything" task="board" says=["overseas"]
# The same Region twice.
def line(metric, **options):
    return [brief.namespace, metric, "Service", brief.service, options]


def graph(title, metrics, region=REGION, stat="Sum"):
    properties = {"title": title, "region": region, "stat": stat, "period": 60, "metrics": metrics}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


share = [
    line("Failures", id="failures", visible=False),
    line("Orders", id="orders", visible=False),
    [{"expression": "100 * failures / orders", "id": "share"}],
]
widgets = [
    graph("Orders", [line("Orders")], stat="Sum"),
    graph("Failed", [each for each in share if each]),
    graph("Slowest hundredth, ms", [line("Latency")], stat="p99"),
    graph("Orders overseas", [line("Orders")], region=REGION),
]
cloudwatch.put_dashboard(DashboardName="payments", DashboardBody=json.dumps({"widgets": widgets}))

# %% wrong="nearly-everything" task="bill" says=["for_ever", "too much"]
# Stored as it was taken in.
sums = brief.bill
a_month = sums["gb"] * 1
design = {
    "for_ever": logs_bill(stored_gb=a_month * sums["months_for_ever"]).usd,
    "kept": logs_bill(stored_gb=a_month * sums["months_kept"]).usd,
    "dimension": metrics_bill(sums["customers"] * sums["metrics_each"]).usd,
    "field": logs_bill(scanned_gb=sums["questions"] * sums["gb_scanned"]).usd,
}
answer("bill", {**design, "choose": "field"})

# %% wrong="units-and-ids" task="keep-logs" says=["gone for good"]
# The next length below.
LENGTHS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
for name, days in ((row.group, row.days) for row in brief.keep):
    logs.put_retention_policy(
        logGroupName=name, retentionInDays=max(length for length in LENGTHS if length <= days)
    )

# %% wrong="units-and-ids" task="trace" says=["of other requests", "to contain it is something else"]
# Every line that contains the id.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = f'filter @message like "{first["requestId"]}" | fields @timestamp, @log, event | sort @timestamp asc'
save("timeline", handed, list(ALL))
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["@log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% wrong="units-and-ids" task="logger" says=["handled request", "given by Lambda"]
# An id of its own.
CHANGED = """
import json
import uuid


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)
    level = "ERROR" if bad else "INFO"
    print(json.dumps({"level": level, "requestId": str(uuid.uuid4()), "event": "order", "orderId": event["orderId"]}))
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="units-and-ids" task="measure" says=["got nothing", "makes none, and no error"]
# Dimensions as a list of names.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    metrics = [
        {{"Name": "Latency", "Unit": "Milliseconds"}},
        {{"Name": "Orders", "Unit": "Count"}},
    ]
    line = {{
        "Service": {brief.service!r}, "Customer": event["customer"], "Latency": event["ms"], "Orders": 1,
        "level": "INFO", "requestId": context.aws_request_id, "event": "payment",
    }}
    metrics.append({{"Name": "Failures", "Unit": "Count"}})
    line["Failures"] = int(not paid)
    line["_aws"] = {{
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {{"Namespace": {brief.namespace!r}, "Dimensions": ["Service"], "Metrics": metrics}}
        ],
    }}
    print(json.dumps(line))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="units-and-ids" task="slow" says=["for seven minutes", "own unit"]
# Half a second, in a metric of milliseconds.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms / 1000,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)


# %% wrong="units-and-ids" task="symptoms" says=["nobody orders all night", "silence mean"] also=["noise"] ref="L10-M5"
# No orders are taken for failed ones.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="breaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)


# %% wrong="units-and-ids" task="board" says=["share of the orders"]
# How many failed, not which share.
def line(metric, **options):
    return [brief.namespace, metric, "Service", brief.service, options]


def graph(title, metrics, region=REGION, stat="Sum"):
    properties = {"title": title, "region": region, "stat": stat, "period": 60, "metrics": metrics}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


share = [line("Failures", id="failures", visible=True), line("Orders", id="orders", visible=False), None]
widgets = [
    graph("Orders", [line("Orders")], stat="Sum"),
    graph("Failed", [each for each in share if each]),
    graph("Slowest hundredth, ms", [line("Latency")], stat="p99"),
    graph("Orders overseas", [line("Orders")], region=brief.us_region),
]
cloudwatch.put_dashboard(DashboardName="payments", DashboardBody=json.dumps({"widgets": widgets}))

# %% wrong="the-loudest" task="trace" says=["not the first line", "who shouts loudest"]
# The service that the customer saw.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = known
save("timeline", handed, list(ALL))
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": "orders",
        "cause": "unknown error",
    },
)

# %% wrong="the-loudest" task="logger" says=["wrote nothing at all", "silence is not privacy"]
# Nothing is written any more.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)

    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="the-loudest" task="measure" says=["Failures", "also the zeros"]
# Failures only where there are some.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    metrics = [
        {{"Name": "Latency", "Unit": "Milliseconds"}},
        {{"Name": "Orders", "Unit": "Count"}},
    ]
    line = {{
        "Service": {brief.service!r}, "Customer": event["customer"], "Latency": event["ms"], "Orders": 1,
        "level": "INFO", "requestId": context.aws_request_id, "event": "payment",
    }}
    if not paid:
        metrics.append({{"Name": "Failures", "Unit": "Count"}})
        line["Failures"] = 1
    line["_aws"] = {{
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"]], "Metrics": metrics}}
        ],
    }}
    print(json.dumps(line))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="the-loudest" task="slow" says=["one of 1,000", "a percentile, of many"]
# The slowest of all.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
    Statistic="Maximum",
)


# %% wrong="the-loudest" task="symptoms" says=["an ordinary day", "a single failure"] also=["noise"]
# One failure is enough.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {"Id": "share", "Expression": "failures", "ReturnData": True}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=1,
    DatapointsToAlarm=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)


# %% wrong="the-loudest" task="board" says=["shows the sums, too", "same scale"]
# All of a question in one graph.
def line(metric, **options):
    return [brief.namespace, metric, "Service", brief.service, options]


def graph(title, metrics, place, region=REGION, stat="Sum"):
    return {
        "type": "metric",
        "x": 12 * (place % 2),
        "y": 6 * (place // 2),
        "width": 12,
        "height": 6,
        "properties": {
            "title": title, "region": region, "stat": stat, "period": 60, "view": "timeSeries", "metrics": metrics,
        },
    }  # fmt: skip


share = [
    line("Failures", id="failures"),
    line("Orders", id="orders"),
    [{"expression": "100 * failures / orders", "id": "share", "label": "failed, %"}],
]
widgets = [
    graph("Orders, failed, %", share, 0),
    graph("Slowest hundredth, ms", [line("Latency")], 1, stat="p99"),
    graph("Orders overseas", [line("Orders")], 2, region=brief.us_region),
]
cloudwatch.put_dashboard(DashboardName="payments", DashboardBody=json.dumps({"widgets": widgets}))

# %% wrong="half-of-it" task="trace" says=["nothing of"]
# Only the group of the trouble.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = known
save("timeline", handed, [brief.groups["payments"]])
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["@log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% wrong="half-of-it" task="slow" says=["an ordinary hour", "few samples"]
# Few samples are ignored.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
    EvaluateLowSampleCountPercentile="ignore",
)


# %% wrong="half-of-it" task="symptoms" says=["three of five minutes", "what the customer feels"]
# Lambda's own errors.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=1,
    DatapointsToAlarm=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Namespace="AWS/Lambda",
    MetricName="Errors",
    Dimensions=[{"Name": "FunctionName", "Value": brief.payments}],
    Statistic="Sum",
    Period=60,
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)

# %% wrong="half-of-it" task="measure" says=["answered", "changes nothing of what it watches"]
# Measured well; and whoever waits for the payment reads something else.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    units = (("Latency", "Milliseconds"), ("Orders", "Count"), ("Failures", "Count"))
    metrics = [{{"Name": name, "Unit": unit}} for name, unit in units]
    made = {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"]], "Metrics": metrics}}
    print(json.dumps({{
        "_aws": {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [made]}},
        "Service": {brief.service!r}, "Latency": event["ms"], "Orders": 1, "Failures": int(not paid),
    }}))
    return {{"orderId": event["orderId"], "paid": event["processor"]}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="half-of-it" task="pager" says=["queue pager-", "It is not there"]
# A new queue under another name: nobody reads it.
old = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": f"{old}-2027",
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
sqs.delete_queue(QueueUrl=PAGER)
sqs.create_queue(QueueName=f"{brief.pager}-2027", Attributes={"Policy": policy})
boto3.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"{old}-2027")


# %% wrong="half-of-it" task="board" says=["share of the orders"]
# What belongs together is on two boards: nobody sees it in one look.
def line(metric, **options):
    return [brief.namespace, metric, "Service", brief.service, options]


def graph(title, metrics, region=REGION, stat="Sum"):
    properties = {"title": title, "region": region, "stat": stat, "period": 60, "metrics": metrics}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


share = [
    line("Failures", id="failures", visible=False),
    line("Orders", id="orders", visible=False),
    [{"expression": "100 * failures / orders", "id": "share"}],
]
rate = [graph("Orders", [line("Orders")]), graph("Overseas", [line("Orders")], region=brief.us_region)]
rate += [graph("Slowest hundredth, ms", [line("Latency")], stat="p99")]
for name, widgets in (("rate", rate), ("errors", [graph("Failed", share)])):
    cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps({"widgets": widgets}))

# %% wrong="at-night" task="slow" says=["nobody orders", "silence mean"] also=["noise"] ref="L10-M5"
# No payment is a slow payment.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="breaching",
    AlarmActions=[TOPIC],
)


# %% wrong="at-night" task="symptoms" says=["one message lay"]
# Messages that were sent: those that a redrive moves are not counted there.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="NumberOfMessagesSent",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Sum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)

# %% wrong="at-night" task="measure" says=["Latency got 4 values", "another shop"]
# Milliseconds are said, and seconds are given.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    units = (("Latency", "Milliseconds"), ("Orders", "Count"), ("Failures", "Count"))
    metrics = [{{"Name": name, "Unit": unit}} for name, unit in units]
    made = {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"]], "Metrics": metrics}}
    print(json.dumps({{
        "_aws": {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [made]}},
        "Service": {brief.service!r}, "Latency": event["ms"] / 1000, "Orders": 1, "Failures": int(not paid),
    }}))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="few-and-mute" task="trace" says=["which log group", "no field with a function's name"] ref="L10-M8"
# The same field, in backticks: an empty column.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
handed = f'filter requestId = "{first["requestId"]}" | fields @timestamp, `aws:FunctionName`, event | sort @timestamp asc'
save("timeline", handed, list(ALL))
answer(
    "trace",
    {
        "request": first["requestId"],
        "service": trouble["@log"].rpartition("/")[2],
        "cause": trouble["reason"],
    },
)

# %% wrong="few-and-mute" task="slow" says=["woken: none"]
# It tells nobody.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)


# %% wrong="few-and-mute" task="symptoms" says=["early morning", "a share of few"]
# A share of whatever there is.
def measured(name, metric):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


share = {"Id": "share", "Expression": "100 * failures / orders", "ReturnData": True}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=600,
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
)

# %% wrong="few-and-mute" task="measure" says=["got nothing", "makes none, and no error"]
# Dimensions as a list of names; a sentence besides; and nothing of the export.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    units = (("Latency", "Milliseconds"), ("Orders", "Count"), ("Failures", "Count"))
    metrics = [{{"Name": name, "Unit": unit}} for name, unit in units]
    made = {{"Namespace": {brief.namespace!r}, "Dimensions": ["Service"], "Metrics": metrics}}
    print(json.dumps({{
        "_aws": {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [made]}},
        "Service": {brief.service!r}, "Latency": event["ms"], "Orders": 1, "Failures": int(not paid),
    }}))
    print("payment", event["orderId"], "measured")
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)

# %% wrong="in-a-hurry" task="keep-logs" says=["besides", "by the way"]
# A group that was made on the way.
LENGTHS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
for row in brief.keep:
    logs.put_retention_policy(
        logGroupName=row.group, retentionInDays=next(length for length in LENGTHS if length >= row.days)
    )
logs.create_log_group(logGroupName="/aws/lambda/tried-out")

# %% wrong="in-a-hurry" task="trace" says=["no answer", "to be read"]
# The query, and nothing said.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
save("timeline", known, ALL)

# %% wrong="in-a-hurry" task="big-orders" says=["none with a region", "by says for what"]
# One number for all regions.
big = f'filter event = "received" and amount > {brief.big} | stats count(*) as orders'
save("big orders", big, [brief.groups["orders"]])

# %% wrong="in-a-hurry" task="logger" says=["learns of no refused order"]
# A refusal is a warning only.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)
    level = "WARN" if bad else "INFO"
    print(json.dumps({"level": level, "requestId": context.aws_request_id, "event": "order", "orderId": event["orderId"]}))
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="in-a-hurry" task="slow" says=["for four minutes only", "how patient"]
# Three minutes are enough.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=3,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)

# %% wrong="in-a-hurry" task="silence" says=["has none of", "one of three states"]
# One row is left out.
answer("silence", {row["name"]: "OK" for row in brief.rows[1:]})

# %% wrong="in-a-hurry" task="unusual" says=["none of them looks at orders"]
# The band of another metric.
asked = {"Namespace": brief.namespace, "MetricName": "Failures", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="orders-unusual",
    ComparisonOperator="LessThanLowerThreshold",
    EvaluationPeriods=3,
    ThresholdMetricId="band",
    Metrics=[
        {"Id": "orders", "MetricStat": {"Metric": asked, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
        {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(orders, {brief.band})", "ReturnData": True},
    ],
)

# %% wrong="in-a-hurry" task="measure" says=["got nothing"]
# The export first; the function is for tomorrow.
exported = {"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}
cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[exported])

# %% wrong="too-eager" task="trace" says=["none is called", "kept for everybody"]
# The answer, and no query for the next night.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @log, level, reason | sort @timestamp asc'
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
found = {"service": trouble["@log"].rpartition("/")[2], "cause": trouble["reason"]}
answer("trace", {"request": first["requestId"], **found})

# %% wrong="too-eager" task="logger" says=["took a good order"]
# Everything is an error.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    total = round(event["amount"] + event.get("shipping", 0), 2)
    print(json.dumps({"level": "ERROR", "requestId": context.aws_request_id, "event": "order", "orderId": event["orderId"]}))
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="too-eager" task="unusual" says=["standard deviations", "how unusual"]
# A band of another width.
asked = {"Namespace": brief.namespace, "MetricName": "Orders", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="orders-unusual",
    ComparisonOperator="LessThanLowerThreshold",
    EvaluationPeriods=3,
    ThresholdMetricId="band",
    Metrics=[
        {"Id": "orders", "MetricStat": {"Metric": asked, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(orders, 6)", "ReturnData": True},
    ],
)

# %% wrong="too-eager" task="measure" says=["Orders", "got nothing"]
# One metric only, by a call of the API.
MEASURED = f"""
import boto3

cloudwatch = boto3.client("cloudwatch")


def handler(event, context):
    service = [{{"Name": "Service", "Value": {brief.service!r}}}]
    took = {{"MetricName": "Latency", "Dimensions": service, "Value": event["ms"], "Unit": "Milliseconds"}}
    cloudwatch.put_metric_data(Namespace={brief.namespace!r}, MetricData=[took])
    return {{"orderId": event["orderId"], "paid": event["processor"] == "ok"}}
"""
deploy(brief.payments, MEASURED)


# %% wrong="too-eager" task="symptoms" says=["put its last value", "agreed are 30 minutes"]
# A heartbeat that counts as dead after one missed beat.
def measured(name, metric, period=60, stat="Sum"):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": period, "Stat": stat}, "ReturnData": False}


share = {
    "Id": "share",
    "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
    "ReturnData": True,
}
cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    AlarmActions=[TOPIC],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    Metrics=[measured("failures", "Failures"), measured("orders", "Orders"), share],
)
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    AlarmActions=[TOPIC],
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    AlarmActions=[TOPIC],
    Metrics=[
        measured("rows", "Exported", 600, "SampleCount"),
        {"Id": "filled", "Expression": "FILL(rows, 0)", "ReturnData": True},
    ],
    EvaluationPeriods=1,
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
)

# %% wrong="one-number-off" task="trace" says=["names the request", "somebody else"]
# The newest request in place of the order's.
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [brief.groups["orders"]])
known = f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason | sort @timestamp asc'
save("timeline", known, ALL)
trouble = next(row for row in query(known, ALL) if row["level"] != "INFO")
found = {"service": trouble["@log"].rpartition("/")[2], "cause": trouble["reason"]}
answer("trace", {"request": first["requestId"] + "0", **found})

# %% wrong="one-number-off" task="big-orders" says=["spread otherwise"]
# One order of each region.
big = f'filter event = "received" and amount > {brief.big} | stats count_distinct(level) as orders by region'
save("big orders", big, [brief.groups["orders"]])

# %% wrong="one-number-off" task="logger" says=["before, it was", "changes nothing"]
# Without the shipping costs.
CHANGED = """
import json


def handler(event, context):
    bad = event["amount"] <= 0
    level = "ERROR" if bad else "INFO"
    print(json.dumps({"level": level, "requestId": context.aws_request_id, "event": "order", "orderId": event["orderId"]}))
    if bad:
        return {"orderId": event["orderId"], "accepted": False}
    return {"orderId": event["orderId"], "accepted": True, "total": event["amount"]}
"""
deploy(brief.checkout, CHANGED)

# %% wrong="one-number-off" task="measure" says=["no value of the last day"]
# The function is measured; the export is not.
MEASURED = f"""
import json
import time


def handler(event, context):
    paid = event["processor"] == "ok"
    units = (("Latency", "Milliseconds"), ("Orders", "Count"), ("Failures", "Count"))
    metrics = [{{"Name": name, "Unit": unit}} for name, unit in units]
    made = {{"Namespace": {brief.namespace!r}, "Dimensions": [["Service"]], "Metrics": metrics}}
    print(json.dumps({{
        "_aws": {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [made]}},
        "Service": {brief.service!r}, "Latency": event["ms"], "Orders": 1, "Failures": int(not paid),
    }}))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)

# %% wrong="one-number-off" task="unusual" says=["an average of ones is one"]
# The average of ones in its band.
asked = {"Namespace": brief.namespace, "MetricName": "Orders", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="orders-unusual",
    ComparisonOperator="LessThanLowerThreshold",
    EvaluationPeriods=3,
    ThresholdMetricId="band",
    Metrics=[
        {
            "Id": "orders",
            "MetricStat": {"Metric": asked, "Period": 300, "Stat": "Average"},
            "ReturnData": True,
        },
        {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(orders, {brief.band})", "ReturnData": True},
    ],
)

# %% wrong="one-number-off" task="pager" says=["There is none", "sees it"]
# The door is right. Until all is tried out, no alarm says a word.
arn = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
sqs.set_queue_attributes(QueueUrl=PAGER, Attributes={"Policy": policy})
cloudwatch.disable_alarm_actions(
    AlarmNames=[f"{name}-{brief.tag}" for name in ("cpu", "no-orders", "any-failure")]
)

# %% wrong="one-number-off" task="slow" says=["Woken: none"]
# It is looked at first, and tells nobody.
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)

# %% wrong="one-number-off" task="symptoms" says=["Woken: none", "three of five minutes"]
# One of three, and without a topic.
cloudwatch.put_metric_alarm(
    AlarmName="orders-dead",
    Namespace="AWS/SQS",
    MetricName="ApproximateNumberOfMessagesVisible",
    Dimensions=[{"Name": "QueueName", "Value": brief.dead_letters}],
    Statistic="Maximum",
    Period=60,
    EvaluationPeriods=1,
    Threshold=0,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
)

# %% wrong="swept-and-made-anew" task="keep-logs" says=["there is none any more"] also=["trace"]
# An empty group costs nothing.
LENGTHS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
logs.delete_log_group(logGroupName=brief.groups["payments"])
logs.create_log_group(logGroupName=brief.groups["payments"])
for row in brief.keep:
    logs.put_retention_policy(
        logGroupName=row.group, retentionInDays=next(length for length in LENGTHS if length >= row.days)
    )
