# ---
# title: "CloudWatch: know before the customers do"
# minutes: 90
# needs: [090-lambda]
# objectives:
#   - keep logs as long as they are needed, and no longer
#   - write lines that can be asked, and ask them across services
#   - make metrics of what customers feel, without one for each customer
#   - say what an alarm makes of data, and of silence
#   - wake somebody for symptoms, and for nothing else
#   - show rate, errors and duration in one look, and say what all of it costs
# regions: [eu-west-1]
# ref: L10
# ---

# %% [markdown]
# <!-- covers: L10-01 -->
# ## Nobody noticed for three hours
#
# Kittiwake sells bicycle parts on the internet. Last Tuesday card payments failed from six to nine. The pager had rung four
# times that night: for a busy machine. The first who told them was a customer.
#
# ![A service writes lines; some become numbers; an alarm compares numbers and tells a topic, which tells people](img/signals.svg)
#
# **CloudWatch** has four parts, each fed by the one before:
#
# - **logs**: lines with a time. They say *what happened to this order*;
# - **metrics**: numbers with a time. They say *how many, how long*. Small, quick, kept for months;
# - **alarms** compare a metric with a limit, minute by minute, and act;
# - **dashboards** show it to people.
#
# The shop's only developer has left. You take over what is there.

# %%
import io
import json
import time
import zipfile

import boto3

logs, cloudwatch, functions = boto3.client("logs"), boto3.client("cloudwatch"), boto3.client("lambda")
sns, sqs = boto3.client("sns"), boto3.client("sqs")
REGION = boto3.session.Session().region_name
ACCOUNT = boto3.client("sts").get_caller_identity()["Account"]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{brief.topic}"
SERVICE = [{"Name": "Service", "Value": brief.service}]

for group in logs.describe_log_groups()["logGroups"]:
    print(group["logGroupName"], group.get("retentionInDays"))

# %% [markdown]
# <!-- covers: L10-02 L10-03 L10-04 -->
# ## Task 1: for ever is long
#
# A **log group** belongs to one program; in it, each copy of the program writes a **stream** of **events**: a time and a message.
#
# [A group keeps its events for ever, unless it has a *retention*](
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html). You choose from a list: 1, 3,
# 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days: one day to ten years.
# What is too old goes within about three days.
#
# `brief.keep` says for how many days each group is needed at least. Lines about people may not lie about longer than there is a
# reason for, so take the **first length that is long enough**.

# %%
for row in brief.keep:
    print(f"{row.days:4} days  {row.group}")

# %% task="keep-logs"
### BEGIN SOLUTION
LENGTHS = [
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]
for row in brief.keep:
    logs.put_retention_policy(
        logGroupName=row.group, retentionInDays=next(length for length in LENGTHS if length >= row.days)
    )
### END SOLUTION

# %% [markdown]
# A shorter length loses lines that somebody has a right to, a longer one keeps lines that nobody has a reason for. Right is also what makes
# it hold tomorrow: a template, or a rule that sets it for every new group.
#
# A function makes its log group by itself at its first run, without retention. Whoever makes the group beforehand decides.
#
# <!-- covers: L10-05 L10-06 L10-07 -->
# ## Task 2: one complaint, three services
#
# **Logs Insights** asks log groups questions, in a language of steps with `|` between them, [one of three that it knows](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData_Languages.html) (the others are OpenSearch's PPL
# and SQL; *here* only this one works). A query is started, works by itself, and is asked for its rows:


# %%
def query(text, groups, hours=24 * 14):
    """Asks log groups of the last hours; gives the rows."""
    now = int(time.time())
    started = logs.start_query(
        logGroupNames=list(groups), startTime=now - hours * 3600, endTime=now + 60, queryString=text
    )["queryId"]
    while (found := logs.get_query_results(queryId=started))["status"] in ("Scheduled", "Running"):
        time.sleep(0.1)
    return [{one["field"]: one["value"] for one in row if one["field"] != "@ptr"} for row in found["results"]]


ALL = brief.groups.values()
print(query("fields @message | limit 1", [brief.groups["orders"]]))
for row in query('filter level = "ERROR" | fields @timestamp, requestId, reason | limit 5', ALL):
    print(row)
for row in query(
    'filter level = "ERROR" | stats count(*) as errors by requestId | sort errors desc | limit 3', ALL
):
    print(row)

# %% [markdown]
# <!-- covers: L10-08 -->
# Fields of JSON lines are found by themselves; each event has besides [some that begin with @](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html): `@timestamp`, `@message`,
# `@logStream`, and `@log`, its log group. Lambda's lines have `@requestId`, `@duration` and more. **A myth** from many tutorials:
# a field `aws:FunctionName`. There is none; in backticks its odd name can be written, and the column stays empty:

# %%
try:
    query("fields aws:FunctionName, event | limit 2", ALL)
except logs.exceptions.ClientError as error:
    print(error)
print(query("fields `aws:FunctionName`, event | limit 2", ALL))
print(query("stats count(*) as lines by @log", ALL))

# %% [markdown]
# A customer writes: “You took my order `brief.complaint`, and nothing came.” The three services pass one `requestId` along. Find
# it, and put its life in order: all three groups, **the oldest first**, each row with its log group and its event.
#
# [Save the query](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html) with its three
# groups as `timeline`, so that whoever is woken finds it: it will be run over lines that you have not seen. Which service had trouble
# **first**, and why? Tell, with the cause as the line's `reason` says it:
#
# `answer("trace", {"request": …, "service": "orders" or "payments" or "shipping", "cause": …})`


# %%
def save(name, text, groups):
    """Keeps a query for everybody; one of that name is written anew. AWS tells them apart by id, not by name."""
    saved = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    wanted = {"name": name, "queryString": text, "logGroupNames": list(groups)}
    for one in saved:
        if one["name"] == name:
            wanted["queryDefinitionId"] = one["queryDefinitionId"]
    logs.put_query_definition(**wanted)


# %% task="trace"
### BEGIN SOLUTION
orders = brief.groups["orders"]
(first,) = query(f'filter orderId = "{brief.complaint}" | fields requestId', [orders])
timeline = (
    f'filter requestId = "{first["requestId"]}" | fields @timestamp, @log, event, level, reason '
    "| sort @timestamp asc"
)
save("timeline", timeline, ALL)
life = query(timeline, ALL)
trouble = next(row for row in life if row["level"] != "INFO")
found = {"service": trouble["@log"].rpartition("/")[2], "cause": trouble["reason"]}
answer("trace", {"request": first["requestId"], **found})
### END SOLUTION

# %% [markdown]
# Three services said *failed*; only one said why, and it said so as a warning, seconds before. Who shouts last was often hit last.
#
# <!-- covers: L10-10 -->
# ## Task 3: big orders by region
#
# Marketing asks: in the last hour, how many orders **above** `brief.big` euros came from each region? An order is a line of the
# orders group whose `event` is `received`. Save the query as `big orders`, with its group: a row for each region, with its number. The
# hour is not in the query: whoever starts it says from when to when.

# %% task="big-orders"
### BEGIN SOLUTION
big = f'filter event = "received" and amount > {brief.big} | stats count(*) as orders by region'
print(query(big, [brief.groups["orders"]], hours=1))
save("big orders", big, [brief.groups["orders"]])
### END SOLUTION

# %% [markdown]
# <!-- covers: L10-09 -->
# ## Task 4: log a dict, not a sentence
#
# Both questions were easy because each line had **fields**. The checkout function writes sentences. Read its source, and what it
# leaves in the log:


# %%
def call(function, event):
    """Sends a function an event; prints what it wrote, gives what it answered."""
    import base64

    found = functions.invoke(FunctionName=function, Payload=json.dumps(event), LogType="Tail")
    print(base64.b64decode(found["LogResult"]).decode())
    return json.load(found["Payload"])


def deploy(function, source):
    """Gives a function new code: one file, app.py."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    functions.update_function_code(FunctionName=function, ZipFile=packed.getvalue())
    functions.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.2})


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
SAMPLE = {
    "orderId": "KW-1",
    "email": "ann@example.org",
    "card": "4242 4242 4242 4242",
    "amount": 19.5,
    "region": "north",
}
call(brief.checkout, SAMPLE)

# %% [markdown]
# A card number in a log is read by everybody who may read the log, and by every tool that it is sent on to.
#
# Deploy a version to `brief.checkout` that answers the same and logs better:
#
# - **every** line is a JSON object with at least `level`, `requestId` (Lambda's: `context.aws_request_id`), `event` and `orderId`;
# - what was refused has a line of level `ERROR`; what was accepted has none;
# - nothing of a person: no mail address, no card.

# %% task="logger"
### BEGIN SOLUTION
BETTER = """
import json


def handler(event, context):
    def log(level, what, **fields):
        print(json.dumps({
            "level": level, "requestId": context.aws_request_id, "event": what,
            "orderId": event["orderId"], "amount": event["amount"], "region": event.get("region"), **fields,
        }))

    log("INFO", "received")
    if event["amount"] <= 0:
        log("ERROR", "refused", reason="amount")
        return {"orderId": event["orderId"], "accepted": False}
    total = round(event["amount"] + event.get("shipping", 0), 2)
    log("INFO", "accepted", total=total)
    return {"orderId": event["orderId"], "accepted": True, "total": total}
"""
deploy(brief.checkout, BETTER)
### END SOLUTION

# %%
call(brief.checkout, SAMPLE)
print(
    query(
        "filter event = 'accepted' | stats count(*) as orders, sum(total) as euros by region",
        [f"/aws/lambda/{brief.checkout}"],
    )
)

# %% [markdown]
# <!-- covers: L10-11 L10-12 L10-13 L10-14 L10-15 -->
# ## Task 5: numbers
#
# A **metric** is a namespace, a name, and **dimensions**; each other value of a dimension is another metric. Services bring their own
# (`AWS/Lambda`, `AWS/SQS`). Yours come in three ways: `PutMetricData`; the **embedded metric format**: a JSON line whose `_aws` member
# says which of its fields are metrics; or a *metric filter* on lines that you cannot change.
#
# - [Kept](https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html): by the minute for 15 days, by
#   five minutes for 63, by the hour for 455 (15 months).
# - Resolution is a minute. With `StorageResolution=1` it is a second, and seconds are kept for **3 hours**. EC2's own come every
#   *five* minutes, unless detailed monitoring is paid for.
# - A unit converts nothing: 500 *Milliseconds* and 0.5 *Seconds* are two different series.

# %%
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
rehearsal = {"MetricName": "Tries", "Dimensions": [{"Name": "Service", "Value": "OrderService"}]}
cloudwatch.put_metric_data(
    Namespace="Rehearsal",
    MetricData=[{**rehearsal, "Value": 12.5, "Unit": "Milliseconds", "StorageResolution": 1}],
)
# The same by a line: what _aws names is taken out of it. "parcel" stays a field.
measures = {
    "Namespace": "Rehearsal",
    "Dimensions": [["Shop"]],
    "Metrics": [{"Name": "Parcels", "Unit": "Count"}],
}
told = {"Shop": "north", "Parcels": 3, "parcel": "P-77"}
told["_aws"] = {"Timestamp": time.time_ns() // 10**6, "CloudWatchMetrics": [measures]}
stream = {"logGroupName": brief.groups["shipping"], "logStreamName": f"rehearsal-{time.time_ns()}"}
logs.create_log_stream(**stream)
logs.put_log_events(**stream, logEvents=[{"timestamp": time.time_ns() // 10**6, "message": json.dumps(told)}])
print(cloudwatch.list_metrics(Namespace="Rehearsal")["Metrics"])
print(call(brief.payments, {"orderId": "KW-1", "customer": "c-1", "ms": 90, "processor": "ok"}))

# %% [markdown]
# `brief.payments` charges cards and logs well (its source is `PAYMENTS`, above). Let it make metrics, **one value for each payment**, in `brief.namespace`, with one
# dimension: `Service` = `brief.service`.
#
# | metric | unit | value |
# |---|---|---|
# | `Latency` | Milliseconds | the event's `ms` |
# | `Orders` | Count | 1 |
# | `Failures` | Count | 1 if the processor did not say ok, else 0 |
#
# [The format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html) wants
# the values at the top of the line, and `Dimensions` as a list of **lists** of field names. The function answers as before.
#
# And the export, a program of the warehouse's outside of Lambda, counts the rows of each run: put a first value of `Exported` (Count,
# same namespace and dimension) by hand.

# %% task="measure"
### BEGIN SOLUTION
MEASURED = f"""
import json
import time

SERVICE, NAMESPACE = {brief.service!r}, {brief.namespace!r}
METRICS = [
    {{"Name": "Latency", "Unit": "Milliseconds"}},
    {{"Name": "Orders", "Unit": "Count"}},
    {{"Name": "Failures", "Unit": "Count"}},
]


def handler(event, context):
    paid = event["processor"] == "ok"
    print(json.dumps({{
        "_aws": {{
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [{{"Namespace": NAMESPACE, "Dimensions": [["Service"]], "Metrics": METRICS}}],
        }},
        "Service": SERVICE, "Latency": event["ms"], "Orders": 1, "Failures": int(not paid),
        "level": "INFO" if paid else "ERROR", "requestId": context.aws_request_id, "event": "payment",
        "orderId": event["orderId"], "customer": event["customer"], "answer": event["processor"],
    }}))
    return {{"orderId": event["orderId"], "paid": paid}}
"""
deploy(brief.payments, MEASURED)
cloudwatch.put_metric_data(
    Namespace=brief.namespace,
    MetricData=[{"MetricName": "Exported", "Dimensions": SERVICE, "Value": 120, "Unit": "Count"}],
)
### END SOLUTION

# %%
call(brief.payments, {"orderId": "KW-2", "customer": "c-2", "ms": 640, "processor": "declined"})
for metric in cloudwatch.list_metrics(Namespace=brief.namespace)["Metrics"]:
    print(metric["MetricName"], metric["Dimensions"])

# %% [markdown]
# The line keeps `customer`: a *field* may differ for everybody. As a dimension it would be a metric for each customer; task 13 says
# what that costs. (For new programs AWS [recommends a fourth way](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/metrics-otel-recommended.html), OpenTelemetry, which is paid for by the
# gigabyte; the embedded format, where a number and its line should stay together, as here.)
#
# <!-- covers: L10-16 L10-23 -->
# ## Task 6: the message that arrives
#
# An alarm acts by ARNs: most often an SNS topic, to which e-mail, a phone, PagerDuty or Slack (by a chat client or a function) subscribe;
# also functions, or a policy of an Auto Scaling group. Kittiwake's pager reads a queue. Ring an alarm by hand:

# %%
PAGER = sqs.get_queue_url(QueueName=brief.pager)["QueueUrl"]


def ring(name):
    """Sets an alarm to ALARM by hand; prints its history, and what lies in the pager's queue."""
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="before the drill")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    time.sleep(0.5)
    for item in cloudwatch.describe_alarm_history(AlarmName=name, MaxRecords=2)["AlarmHistoryItems"]:
        print(item["HistoryItemType"], item["HistorySummary"])
    found = sqs.receive_message(QueueUrl=PAGER, WaitTimeSeconds=1, MaxNumberOfMessages=10)
    for message in found.get("Messages", []):
        print("pager:", json.loads(message["Body"]).get("Subject"))
        sqs.delete_message(QueueUrl=PAGER, ReceiptHandle=message["ReceiptHandle"])
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="after the drill")


# %%
for alarm in cloudwatch.describe_alarms()["MetricAlarms"]:
    print(alarm["AlarmName"], alarm.get("MetricName"), alarm.get("Threshold"), alarm["AlarmActions"])
ring(f"cpu-{brief.tag}")

# %% [markdown]
# The alarm says *Successfully executed action*, and the pager is still. *Successfully* means: the **topic** took it. Whether the queue
# takes what the topic sends, its own policy says:

# %%
print(sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["Policy"])["Attributes"]["Policy"])

# %% [markdown]
# Mend the way, so that a message of `brief.topic` reaches the queue, and none of anybody else's topic does.

# %% task="pager"
### BEGIN SOLUTION
arn = sqs.get_queue_attributes(QueueUrl=PAGER, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
statement = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": arn,
    "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
}
sqs.set_queue_attributes(
    QueueUrl=PAGER, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
)
### END SOLUTION

# %%
ring(f"cpu-{brief.tag}")

# %% [markdown]
# ## Task 7: what does silence mean?
#
# An alarm wants **M of N**: `DatapointsToAlarm` of `EvaluationPeriods` past the threshold. Then there are minutes without data. [Its rule](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html):
#
# 1. It looks back a little **further** than N (five periods for N = 3), and takes the newest N points that **are there**.
# 2. Only what is lacking then is filled: by `breaching` with points that breach, by `notBreaching` with points that do not.
# 3. `missing` and `ignore` fill nothing. Nothing there at all: `missing` says INSUFFICIENT_DATA, `ignore` leaves the state as it is
#    (`"same"`). If all that is there breaches, but is fewer than M, `ignore` keeps the state; `missing` rings only if the oldest of them
#    lies at least M periods back.
#
# **Predict** each of your six looks: `0` is fine, `X` breaches, `-` is missing, the newest on the right. Hand in
# `answer("silence", {"row-1": "OK" or "ALARM" or "INSUFFICIENT_DATA" or "same", …})`.

# %%
for row in brief.rows:
    print(row["name"], " ", row["data"], " ", row["alarm"], " ", row["missing"])

# %% task="silence"
### BEGIN SOLUTION
from cloudlings.models.alarms import Alarm, evaluate


def foretell(row):
    needed, periods = map(int, row["alarm"].split(" of "))
    one = Alarm(1.0, "GreaterThanThreshold", periods, needed, row["missing"])
    points = [{"0": 0.0, "X": 5.0, "-": None}[mark] for mark in row["data"].split()]
    return evaluate(one, points).state or "same"


answer("silence", {row["name"]: foretell(row) for row in brief.rows})
### END SOLUTION

# %% [markdown]
# Now try it. The data of the last five minutes is put, and a real alarm looks at it. (A new alarm begins as INSUFFICIENT_DATA: *same*
# shows as that. If the minute ends meanwhile, run it again.)


# %%
def rehearse(row):
    """Puts a row's data into the last minutes, and makes an alarm that looks at them; gives its name."""
    needed, periods = map(int, row["alarm"].split(" of "))
    name, marks = f"{row['name']}-{time.time_ns()}", row["data"].split()
    minute = int(time.time()) // 60 * 60
    for back, mark in zip(range(len(marks), 0, -1), marks, strict=True):
        if mark != "-":
            datum = {"MetricName": name, "Value": 5 * (mark == "X"), "Timestamp": minute - 60 * back}
            cloudwatch.put_metric_data(Namespace="Rehearsal", MetricData=[datum])
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Rehearsal",
        MetricName=name,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=periods,
        DatapointsToAlarm=needed,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData=row["missing"],
    )
    return name


rehearsed = [rehearse(row) for row in brief.rows]
time.sleep(1)
for alarm in cloudwatch.describe_alarms(AlarmNames=rehearsed)["MetricAlarms"]:
    print(alarm["AlarmName"][:5], alarm["StateValue"])
cloudwatch.delete_alarms(AlarmNames=rehearsed)

# %% [markdown]
# <!-- covers: L10-17 -->
# ## Task 8: slow for one in a hundred
#
# An average of 200 ms is compatible with one customer in a hundred waiting for ten seconds. The **99th percentile** (p99) is the value
# that 99 of 100 stay below: if it is above a limit, more than one in a hundred waits longer.
#
# Agreed for payments: when **p99 is above `brief.slow_ms` milliseconds for five minutes**, `brief.topic` is told. Not after four
# minutes; not for one order in a thousand; not for a night without orders.
#
# - Percentiles are `ExtendedStatistic`.
# - How long it must last is `Period` × `EvaluationPeriods`. Five periods of 300 seconds are 25 minutes.
# - The threshold is in the metric's unit. Yours counts milliseconds; a load balancer's `TargetResponseTime` counts **seconds**.
# - [With few samples a high percentile is one order's luck](
#   https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html): `EvaluateLowSampleCountPercentile=
#   "ignore"` keeps the state below 10 ÷ (1 − 0.99) = 1,000 samples. Kittiwake has 40 orders a minute.

# %% task="slow"
### BEGIN SOLUTION
cloudwatch.put_metric_alarm(
    AlarmName="payments-slow",
    AlarmDescription="One in a hundred waits too long for a payment. Look at the board, then at the timeline query.",
    Namespace=brief.namespace,
    MetricName="Latency",
    Dimensions=SERVICE,
    ExtendedStatistic="p99",
    Unit="Milliseconds",
    Period=60,
    EvaluationPeriods=5,
    Threshold=brief.slow_ms,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)
### END SOLUTION

# %% [markdown]
# Feed it: five slow minutes, put now. (*Here* alarms look within a second and don't wait for a minute to end.)

# %%
minute = int(time.time()) // 60 * 60
for back in range(1, 6):
    slow = {"Values": [100.0, brief.slow_ms * 4.0], "Counts": [95.0, 5.0], "Unit": "Milliseconds"}
    datum = {"MetricName": "Latency", "Dimensions": SERVICE, "Timestamp": minute - 60 * back, **slow}
    cloudwatch.put_metric_data(Namespace=brief.namespace, MetricData=[datum])
time.sleep(1.5)
for alarm in cloudwatch.describe_alarms(AlarmNames=["payments-slow"])["MetricAlarms"]:
    print(alarm["StateValue"], alarm["StateReason"])

# %% [markdown]
# <!-- covers: L10-18 -->
# ## Task 9: alarms on what customers feel
#
# [Metric math](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html) computes with metrics: each has an
# `Id`, and an `Expression` uses the ids. With `ReturnData=False` a metric is computed with and not shown:

# %%
worst = {
    "Metric": {"Namespace": brief.namespace, "MetricName": "Latency", "Dimensions": SERVICE},
    "Period": 60,
    "Stat": "Maximum",
}
found = cloudwatch.get_metric_data(
    StartTime=time.time() - 1800,
    EndTime=time.time(),
    MetricDataQueries=[
        {"Id": "worst", "MetricStat": worst, "ReturnData": False},
        {"Id": "seconds", "Expression": "IF(worst > 1000, worst / 1000, 0)"},
    ],
)
print(found["MetricDataResults"][0]["Values"])

# %% [markdown]
# An alarm takes such a list as its `Metrics`; exactly one of them returns data. Three symptoms, each told to `brief.topic`:
#
# 1. **Errors.** In **3 of 5 minutes** more than `brief.error_percent` % of the orders failed, in minutes with at least `brief.few`
#    orders. (A declined card is no error of the *function*: `AWS/Lambda`'s `Errors` stands at zero all evening.)
# 2. **Dead letters.** One message or more lies in the queue `brief.dead_letters` (`AWS/SQS`, `ApproximateNumberOfMessagesVisible`,
#    dimension `QueueName`): within ten minutes. A queue that nobody uses puts no data.
# 3. **The export is still.** It puts `Exported` every `brief.export_minutes` minutes. When `brief.silent_minutes` minutes have passed
#    since the last, tell; at the latest after twice that. Remember how far an alarm looks back when data is missing.
#
# Days will be played against your alarms: bad evenings, ordinary days, a night without orders, a slow morning.


# %% task="symptoms"
### BEGIN SOLUTION
def measured(name, metric, stat="Sum"):
    asked = {"Namespace": brief.namespace, "MetricName": metric, "Dimensions": SERVICE}
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": 60, "Stat": stat}, "ReturnData": False}


cloudwatch.put_metric_alarm(
    AlarmName="payments-fail",
    Metrics=[
        measured("failures", "Failures"),
        measured("orders", "Orders"),
        {
            "Id": "share",
            "Expression": f"IF(orders >= {brief.few}, 100 * failures / orders, 0)",
            "Label": "failed, %",
            "ReturnData": True,
        },
    ],
    EvaluationPeriods=5,
    DatapointsToAlarm=3,
    Threshold=brief.error_percent,
    ComparisonOperator="GreaterThanThreshold",
    TreatMissingData="notBreaching",
    AlarmActions=[TOPIC],
)
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
    AlarmActions=[TOPIC],
)
cloudwatch.put_metric_alarm(
    AlarmName="export-still",
    Namespace=brief.namespace,
    MetricName="Exported",
    Dimensions=SERVICE,
    Statistic="SampleCount",
    Period=brief.export_minutes * 60,
    EvaluationPeriods=1,  # with data missing it looks at three periods: half an hour
    Threshold=1,
    ComparisonOperator="LessThanThreshold",
    TreatMissingData="breaching",
    AlarmActions=[TOPIC],
)
### END SOLUTION

# %% [markdown]
# Send the event yourself: one dead letter. (AWS measures a queue each minute; *here* it is seen within seconds.)

# %%
DEAD = sqs.get_queue_url(QueueName=brief.dead_letters)["QueueUrl"]
sqs.send_message(QueueUrl=DEAD, MessageBody=json.dumps({"orderId": "KW-3"}))
time.sleep(1.5)
for alarm in cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm"])["MetricAlarms"]:
    print(f"{alarm['StateValue']:18} {alarm['AlarmName']}")
sqs.purge_queue(QueueUrl=DEAD)

# %% [markdown]
# <!-- covers: L10-19 L10-24 -->
# ## Task 10: nobody is woken for nothing
#
# The three alarms that you found still wake people:
#
# - `cpu-…`: CPU above 80 % for five minutes. Many guides tell you to page for it, others call it noise. Both can be tested: play a day on
#   which the machine is busy and every order goes through;
# - `no-orders-…`: fewer than one order in a minute;
# - `any-failure-…`: one failed payment.
#
# Change or delete what is there, so that **no** alarm tells `brief.topic` on an ordinary day, in a night without orders, or for a busy
# machine. To see something on a board, an alarm needs no action.
#
# An alarm may also *act*: on EC2 it reboots or recovers an instance whose status check fails (`arn:aws:automate:REGION:ec2:reboot`),
# or it calls a group's scaling policy. *Here* actions on instances fail, and the alarm's history says so.

# %% task="noise"
### BEGIN SOLUTION
cloudwatch.delete_alarms(AlarmNames=[f"no-orders-{brief.tag}", f"any-failure-{brief.tag}"])
cloudwatch.disable_alarm_actions(AlarmNames=[f"cpu-{brief.tag}"])
### END SOLUTION

# %% [markdown]
# What AWS does not see of a machine, its memory and how full its disks are, the **CloudWatch agent** on it tells. Its settings lie in a
# parameter, so that a whole fleet reads the same; the machine's role needs `CloudWatchAgentServerPolicy`:
#
# <!-- covers: L10-22 -->

# %%
ssm, iam = boto3.client("ssm"), boto3.client("iam")
AGENT = {
    "metrics": {
        "append_dimensions": {"InstanceId": "${aws:InstanceId}"},
        "metrics_collected": {
            "mem": {"measurement": ["used_percent"]},
            "disk": {"resources": ["/"], "measurement": ["used_percent"]},
        },
    }
}
ssm.put_parameter(Name="AmazonCloudWatch-kittiwake", Type="String", Value=json.dumps(AGENT), Overwrite=True)
needs = iam.get_policy(PolicyArn="arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy")["Policy"]
print(needs["PolicyName"], needs["DefaultVersionId"])

# %% [markdown]
# <!-- covers: L10-20 -->
# ## Task 11: one look
#
# Of any service one asks three things, **RED**: **r**ate, **e**rrors, **d**uration. Build a dashboard with a graph for each, every one with
# a period of at most 300 seconds:
#
# - how many orders (`Sum`: each order puts a one);
# - which share of them failed, in percent (an expression over the two sums, which are themselves not shown);
# - p99 of the latency;
# - and the orders of the shop overseas: the **same metric in `brief.us_region`**. Dashboards are global; each widget says from which Region
#   its metrics come.
#
# A dashboard is JSON: [widgets](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html), each with its metrics as
# lists: namespace, name, then the dimensions, and options last, such as `{"id": "m1", "visible": False}`. An expression is a list of
# options alone: `[{"expression": "m1 / 60", "id": "e1"}]`. *Here* nothing draws it; the check reads it as the console would, with metrics
# of its own.

# %%
lying = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", brief.dead_letters]
look = {"title": "Dead letters", "region": REGION, "stat": "Maximum", "period": 60, "metrics": [lying]}
widget = {"type": "metric", "width": 12, "height": 6, "properties": look}
print(json.dumps({"widgets": [widget]}, indent=1))  # what put_dashboard takes as DashboardBody


# %% task="board"
### BEGIN SOLUTION
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
    line("Failures", id="failures", visible=False),
    line("Orders", id="orders", visible=False),
    [{"expression": "100 * failures / orders", "id": "share", "label": "failed, %"}],
]
widgets = [
    graph("Orders", [line("Orders")], 0),
    graph("Failed, %", share, 1),
    graph("Slowest hundredth, ms", [line("Latency")], 2, stat="p99"),
    graph("Orders overseas", [line("Orders")], 3, region=brief.us_region),
]
cloudwatch.put_dashboard(DashboardName="payments", DashboardBody=json.dumps({"widgets": widgets}))
### END SOLUTION

# %% [markdown]
# For a map of who calls whom AWS has the X-Ray trace map and Application Signals; the *ServiceLens* of older guides is gone into them.
#
# <!-- covers: L10-21 -->
# ## Task 12: fewer than on such an hour
#
# *No orders for a minute* was a poor question. The better one: fewer than usual **at this hour of this weekday**. [Anomaly detection](
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html) learns a metric's pattern from up to two
# weeks of data and draws a **band** around it. An alarm compares the metric with the band in place of a threshold: `ThresholdMetricId` names
# the one of its `Metrics` that is the band, an expression `ANOMALY_DETECTION_BAND(id, width)`; both return data. It rings below
# (`LessThanLowerThreshold`), above (`GreaterThanUpperThreshold`), or outside (`LessThanLowerOrGreaterThanUpperThreshold`).
#
# Make one for `Orders` (by `Sum`), with a width of `brief.band` standard deviations, that rings for **too few** and not for a good
# day. Let it tell nobody yet: watch first how often it would ring. *Here* no band is learnt; such an alarm stays INSUFFICIENT_DATA.

# %% task="unusual"
### BEGIN SOLUTION
asked = {"Namespace": brief.namespace, "MetricName": "Orders", "Dimensions": SERVICE}
cloudwatch.put_metric_alarm(
    AlarmName="orders-unusual",
    ComparisonOperator="LessThanLowerThreshold",
    EvaluationPeriods=3,
    ThresholdMetricId="band",
    TreatMissingData="breaching",
    Metrics=[
        {"Id": "orders", "MetricStat": {"Metric": asked, "Period": 300, "Stat": "Sum"}, "ReturnData": True},
        {"Id": "band", "Expression": f"ANOMALY_DETECTION_BAND(orders, {brief.band})", "ReturnData": True},
    ],
)
### END SOLUTION

# %% [markdown]
# ## Task 13: a dimension or a field
#
# Two decisions with a price. Kittiwake writes `gb` of logs a month; packed, `stored_share` of it lies in storage. Today all of it is kept:
# after `months_for_ever` months, that many months lie there. With retention it is `months_kept`.
#
# And Support wants to see `metrics_each` numbers **of each customer**. Either `Customer` becomes a dimension: `customers` ×
# `metrics_each` metrics. Or it stays a field, and Support asks with Logs Insights: `questions` a month, each through `gb_scanned` GB.

# %%
from cloudlings.cost import logs_bill, metrics_bill

print(dict(brief.bill))
print(logs_bill(ingested_gb=brief.bill["gb"]))
print(metrics_bill(3, alarms=4, dashboards=1))

# %% [markdown]
# Hand in `answer("bill", {"for_ever": …, "kept": …, "dimension": …, "field": …, "choose": "dimension" or "field"})`: dollars a month for
# **storage** without and with retention, for the metrics, for the questions; and your choice by price. `logs_bill` takes `ingested_gb`,
# `stored_gb` and `scanned_gb`, each of a month; `.usd` is the sum.

# %% task="bill"
### BEGIN SOLUTION
sums = brief.bill
a_month = sums["gb"] * sums["stored_share"]
design = {
    "for_ever": logs_bill(stored_gb=a_month * sums["months_for_ever"]).usd,
    "kept": logs_bill(stored_gb=a_month * sums["months_kept"]).usd,
    "dimension": metrics_bill(sums["customers"] * sums["metrics_each"]).usd,
    "field": logs_bill(scanned_gb=sums["questions"] * sums["gb_scanned"]).usd,
}
answer("bill", {**design, "choose": "field" if design["field"] < design["dimension"] else "dimension"})
### END SOLUTION

# %% [markdown]
# ## What you know now
#
# - Nothing expires by itself; a log group needs a date, and a function's group needs it beforehand.
# - Log fields, with the request's id in each, and nothing of a person. Then three services are one question.
# - A metric is its namespace, name and dimensions. Few values make a dimension; what differs for everybody is a field.
# - Silence means something else for each metric: nothing at night, everything for a heartbeat. And an alarm looks further back when it
#   lacks data.
# - Wake for symptoms: shares, percentiles, what should never be there, what should never be missing. CPU is for the board.
# - *Successfully executed* is not *arrived*. Ring your alarms by hand, before the night does.
#
# ## What this would cost, and how to clean up

# %%
print(metrics_bill(4, alarms=6, band_alarms=1, dashboards=1))

# %% [markdown]
# Ingested gigabytes are nearly always the largest line: what is never written is never paid for. On AWS you would delete the alarms, the
# dashboard and the log groups; **metrics cannot be deleted**, they expire. *Here*, `reset_lab()` puts everything back.
#
# You have now worked with all seven services of this course.
