"""CloudWatch: statistics, metric math, and alarms that data drives."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.sandbox.behaviour.cloudwatch import ALARM, READ, alarm, put, statistics
from tests.sandbox.behaviour.probe import Aws, gives, probe, refused, same, within

MATH = "CloudWatch User Guide, Using math expressions with CloudWatch metrics"
DEFINED = "CloudWatch User Guide, CloudWatch statistics definitions"
EVALUATED = "CloudWatch User Guide, Evaluating an alarm"
MISSING = "CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data"
COMPOSITE = "CloudWatch User Guide, Combining alarms"
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1)
def this_minute(_: str) -> datetime:
    """The minute that it is when an account asks first: it stays so, for a minute may end in a probe."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def minute(aws: Aws, back: int) -> datetime:
    """The beginning of a minute, so many before this one."""
    return this_minute(aws.account_id) - back * MINUTE


def series(aws: Aws, name: str, *values: float | None, **more: Any) -> None:
    """One value for each of the last minutes, the newest for the last that is whole."""
    for back, value in enumerate(reversed(values), 1):
        if value is not None:
            put(aws, MetricName=name, Value=value, Timestamp=minute(aws, back), **more)


def measured(name: str, metric: str, stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    found = {"Metric": {"Namespace": "Shop", "MetricName": metric}, "Period": period, "Stat": stat}
    return {"Id": name, "MetricStat": found, "ReturnData": False} | more


def queried(aws: Aws, *queries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The results of GetMetricData over the last ten minutes, the oldest value first."""
    found: list[dict[str, Any]] = aws.cloudwatch.get_metric_data(
        MetricDataQueries=list(queries),
        StartTime=minute(aws, 10),
        EndTime=minute(aws, 0),
        **{"ScanBy": "TimestampAscending"} | more,
    )["MetricDataResults"]
    return found


def computed(aws: Aws, expression: str) -> list[list[float]]:
    """What an expression gives for m1 = 30, 20, 0, 4 and m2 = 20, nothing, 20, nothing."""
    series(aws, "One", 30, 20, 0, 4)
    series(aws, "Two", 20, None, 20, None)
    asked = (measured("m1", "One"), measured("m2", "Two"), {"Id": "e1", "Expression": expression})
    return [result["Values"] for result in queried(aws, *asked)]


for _sentence, _expression, _values in (
    ("In metric math a missing value counts as 0.", "m1 + m2", [[50, 20, 20, 4]]),
    ("In metric math a division by zero has no value.", "m2 / m1 * 3", [[2, 0, 0]]),
    ("METRICS() is all metrics of the request.", "SUM(METRICS())", [[50, 20, 20, 4]]),
    ("An operation on an array gives an array.", "METRICS() / 10", [[3, 2, 0, 0.4], [2, 2]]),
    ("A comparison gives 1 and 0.", "m1 > 15 AND m2 > 15", [[1, 0, 0, 0]]),
    ("FILL fills gaps with a value.", "FILL(m2, 7) - 0 * m1", [[7] * 6 + [20, 7, 20, 7]]),
    ("FILL repeats the last value.", "FILL(m2, REPEAT)", [[20, 20, 20, 20]]),
    ("IF chooses value by value.", "IF(m1 > 10, m1, 0)", [[30, 20, 0, 0]]),
    ("IF without an alternative drops values.", "IF(m1 > 10, m1)", [[30, 20]]),
    ("RATE is the change by second.", "RATE(m1) * 60", [[-10, -20, 4]]),
    ("DIFF is the change from value to value.", "DIFF(m1)", [[-10, -20, 4]]),
    ("RUNNING_SUM adds up.", "RUNNING_SUM(m1)", [[30, 50, 50, 54]]),
    ("PERIOD is a metric's period.", "m1 / PERIOD(m1) * 120", [[60, 40, 0, 8]]),
    ("A series' maximum is a scalar.", "m1 / MAX(m1) * 3", [[3, 2, 0, 0.4]]),
    ("SORT and SLICE choose among series.", "SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", [[30, 20, 0, 4]]),
):
    gives("CloudWatch", _sentence, MATH, _values, lambda a, e=_expression: [
        [round(value, 9) for value in values] for values in computed(a, e)
    ])  # fmt: skip
for _sentence, _expression in {
    "An expression names ids that there are.": "m1 + m9",
    "An expression's function is one.": "MEDIAN(m1)",
    "An expression is complete.": "m1 +",
    "An expression results in a time series.": "SUM(m1)",
}.items():
    refused("CloudWatch", "ValidationError", _sentence, MATH, lambda a, e=_expression: computed(a, e))
refused(
    "CloudWatch",
    "ValidationError",
    "An id begins with a small letter.",
    READ,
    lambda a: queried(a, measured("M1", "One", ReturnData=True)),
)


@probe("CloudWatch", READ)
def labels(aws: Aws) -> None:
    """Results have their labels, and only those that return data are there."""
    series(aws, "One", 1, 3)
    asked = (
        measured("m1", "One", ReturnData=True),
        measured("m2", "One", Label="most ${MAX}", ReturnData=True),
        measured("m3", "One"),
        {"Id": "e1", "Expression": "m3 * 2", "Label": "twice"},
    )
    found = [(result["Id"], result["Label"], result["StatusCode"]) for result in queried(aws, *asked)]
    same(found, [("m1", "One", "Complete"), ("m2", "most 3", "Complete"), ("e1", "twice", "Complete")])


@probe("CloudWatch", READ)
def newest_first(aws: Aws) -> None:
    """GetMetricData begins with the newest value unless told otherwise."""
    series(aws, "One", 1, 2, 3)
    one = measured("m1", "One", ReturnData=True)
    found = queried(aws, one, ScanBy="TimestampDescending")[0]
    same(
        (found["Values"], found["Timestamps"]), ([3, 2, 1], [minute(aws, 1), minute(aws, 2), minute(aws, 3)])
    )


@probe("CloudWatch", READ)
def by_period(aws: Aws) -> None:
    """A longer period adds the values of its minutes."""
    series(aws, "One", *range(1, 11))
    found = queried(aws, measured("m1", "One", period=300, ReturnData=True))[0]
    same((found["Values"], found["Timestamps"]), ([15, 40], [minute(aws, 10), minute(aws, 5)]))


@probe("CloudWatch", "CloudWatch User Guide, Use search expressions in graphs")
def searched(aws: Aws) -> None:
    """SEARCH finds the metrics of a namespace, a name and dimensions."""
    for area in ("north", "south"):
        series(aws, "Orders", 2, Dimensions=[{"Name": "Area", "Value": area}])
    series(aws, "Orders", 5)
    expression = "SUM(SEARCH('{Shop,Area} MetricName=\"Orders\"', 'Sum', 60))"
    same([result["Values"] for result in queried(aws, {"Id": "e1", "Expression": expression})], [[4.0]])


def extended(aws: Aws, name: str) -> float:
    """A statistic of the values from 1 to 100."""
    put(aws, MetricName="Latency", Value=None, Values=[float(n) for n in range(1, 101)])
    look = {"MetricName": "Latency", "Statistics": [], "ExtendedStatistics": [name], "Period": 7200}
    points = statistics(aws, **{key: value for key, value in look.items() if value})
    found: float = points[0]["ExtendedStatistics"][name]
    return round(found, 6)


for _sentence, _name, _value in (
    ("A trimmed mean leaves out the highest values.", "tm90", 45.5),
    ("A trimmed mean may have two ends.", "TM(10:20)", 15.5),
    ("A percentile rank is the share of values below.", "PR(:30)", 30),
    ("A trimmed count counts what is left.", "tc90", 90),
    ("A winsorized mean moves the highest values to the end.", "wm90", 49.96),
    ("The interquartile mean is that of the middle half.", "IQM", 50.5),
):
    gives("CloudWatch", _sentence, DEFINED, _value, lambda a, name=_name: extended(a, name))


@probe("CloudWatch", DEFINED)
def ninety_nine(aws: Aws) -> None:
    """GetMetricStatistics has percentiles."""
    same(98 <= extended(aws, "p99") <= 100, True)


@probe("CloudWatch", "CloudWatch User Guide, Metrics concepts, Dimensions")
def exact_dimensions(aws: Aws) -> None:
    """A metric without dimensions is another one than those with."""
    put(aws, Dimensions=[{"Name": "Area", "Value": "north"}])
    same(statistics(aws), [])


@probe("CloudWatch", READ)
def by_unit(aws: Aws) -> None:
    """Statistics are of one unit if one is asked for."""
    put(aws, Value=1.0, Unit="Seconds")
    put(aws, Value=500.0, Unit="Milliseconds")
    same([p["Sum"] for p in statistics(aws, Unit="Seconds", Period=7200)], [1.0])


# --- alarms -----------------------------------------------------------------------------------------------


def state(aws: Aws, name: str, kind: str = "MetricAlarm") -> str:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    value: str = found[f"{kind}s"][0]["StateValue"]
    return value


def becomes(aws: Aws, name: str, wanted: str, kind: str = "MetricAlarm") -> None:
    """The alarm gets into a state within two seconds or so."""
    within(4, lambda: state(aws, name, kind) == wanted)
    same(state(aws, name, kind), wanted)


@probe("CloudWatch", EVALUATED)
def there_and_back(aws: Aws) -> None:
    """An alarm follows its data, to ALARM and back."""
    name = alarm(aws, Statistic="Average", Period=10)
    series_of = {"StorageResolution": 1}
    put(aws, Value=5.0, Timestamp=datetime.now(UTC) - timedelta(seconds=11), **series_of)
    becomes(aws, name, "ALARM")
    put(aws, Value=0.0, **series_of)
    becomes(aws, name, "OK")


@probe("CloudWatch", EVALUATED)
def m_of_n(aws: Aws) -> None:
    """Two of three data points are enough where that is asked."""
    series(aws, "Orders", 5, 0, 5)
    two = alarm(aws, EvaluationPeriods=3, DatapointsToAlarm=2)
    three = alarm(aws, EvaluationPeriods=3)
    becomes(aws, two, "ALARM")
    becomes(aws, three, "OK")


for _treatment, _wanted in {"breaching": "ALARM", "notBreaching": "OK"}.items():

    @probe(
        "CloudWatch",
        MISSING,
        sentence=f"Where missing data is {_treatment}, an alarm without data is {_wanted}.",
    )
    def _without_data(aws: Aws, treatment: str = _treatment, wanted: str = _wanted) -> None:
        becomes(aws, alarm(aws, TreatMissingData=treatment), wanted)


@probe("CloudWatch", MISSING)
def one_fresh_point(aws: Aws) -> None:
    """One data point is no alarm where three are needed and missing data is missing."""
    put(aws, Value=5.0)
    name = alarm(aws, EvaluationPeriods=3)
    other = alarm(aws)
    becomes(aws, other, "ALARM")
    same(state(aws, name), "INSUFFICIENT_DATA")


@probe("CloudWatch", ALARM)
def slow_ones(aws: Aws) -> None:
    """An alarm on p99 sees the slow ones, one on the average does not."""
    put(aws, MetricName="Latency", Value=None, Values=[10.0, 900.0], Counts=[95.0, 5.0])
    high = alarm(aws, MetricName="Latency", Statistic=None, ExtendedStatistic="p99", Threshold=500)
    average = alarm(aws, MetricName="Latency", Statistic="Average", Threshold=500)
    becomes(aws, high, "ALARM")
    becomes(aws, average, "OK")


@probe("CloudWatch", "CloudWatch User Guide, Percentile-based alarms and low data samples")
def low_samples(aws: Aws) -> None:
    """An alarm on a percentile may wait for enough samples."""
    put(aws, MetricName="Latency", Value=900.0)
    settings = {"MetricName": "Latency", "Statistic": None, "ExtendedStatistic": "p99", "Threshold": 500}
    waiting = alarm(aws, **settings, EvaluateLowSampleCountPercentile="ignore")
    becomes(aws, alarm(aws, **settings), "ALARM")
    same(state(aws, waiting), "INSUFFICIENT_DATA")


def on_math(aws: Aws, expression: str, **more: Any) -> str:
    nothing = {"MetricName": None, "Namespace": None, "Statistic": None, "Period": None}
    metrics = [measured("m1", "Errors"), measured("m2", "Calls"), {"Id": "e1", "Expression": expression}]
    return alarm(aws, **nothing, Metrics=metrics, **{"Threshold": 10} | more)


@probe("CloudWatch", "CloudWatch User Guide, Create an alarm based on a metric math expression")
def error_rate(aws: Aws) -> None:
    """An alarm watches a metric math expression."""
    put(aws, MetricName="Errors", Value=5.0)
    put(aws, MetricName="Calls", Value=20.0)
    high, low = on_math(aws, "100 * m1 / m2"), on_math(aws, "100 * m1 / m2", Threshold=50)
    becomes(aws, high, "ALARM")
    becomes(aws, low, "OK")
    kept = aws.cloudwatch.describe_alarms(AlarmNames=[high])["MetricAlarms"][0]["Metrics"]
    same([query["Id"] for query in kept], ["m1", "m2", "e1"])


for _sentence, _expression in {
    "An alarm's expression is one.": "100 * m1 /",
    "An alarm's expression names ids that there are.": "m1 / m7",
}.items():
    refused("CloudWatch", "ValidationError", _sentence, ALARM, lambda a, e=_expression: on_math(a, e))


@probe("CloudWatch", COMPOSITE)
def both(aws: Aws) -> None:
    """A composite alarm follows its alarms."""
    put(aws, MetricName="Errors", Value=5.0)
    errors, orders = alarm(aws, MetricName="Errors"), alarm(aws)
    name = aws.name("both")
    rule = f'ALARM("{errors}") AND NOT OK("{orders}")'
    aws.cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule=rule)
    becomes(aws, name, "ALARM", "CompositeAlarm")
    put(aws, Value=0.0)
    becomes(aws, name, "OK", "CompositeAlarm")


def topic(aws: Aws) -> tuple[str, str]:
    """A topic, and a queue that gets what it is told."""
    queue = aws.queue()
    arn = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    made: str = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.sns.subscribe(TopicArn=made, Protocol="sqs", Endpoint=arn)
    return made, queue


def told(aws: Aws, queue: str, seconds: float = 4) -> list[dict[str, Any]]:
    """The messages in the queue, once there are some."""
    found = within(
        seconds, lambda: aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages")
    )
    return [json.loads(json.loads(message["Body"])["Message"]) for message in found or ()]


@probe("CloudWatch", "CloudWatch User Guide, Alarm actions; Notifying users on alarm changes")
def message(aws: Aws) -> None:
    """An alarm tells a topic of its change, once."""
    arn, queue = topic(aws)
    name = alarm(aws, AlarmActions=[arn], AlarmDescription="too many")
    put(aws, Value=5.0)
    becomes(aws, name, "ALARM")
    sent = told(aws, queue)
    members = ("AlarmName", "AlarmDescription", "NewStateValue", "OldStateValue")
    same(
        [[one[member] for member in members] for one in sent],
        [[name, "too many", "ALARM", "INSUFFICIENT_DATA"]],
    )
    trigger = sent[0]["Trigger"]
    same((trigger["MetricName"], trigger["Statistic"], trigger["Threshold"]), ("Orders", "SUM", 1.0))


@probe("CloudWatch", "CloudWatch API reference, SetAlarmState")
def function_that_calls_back(aws: Aws) -> None:
    """A function that an alarm's topic calls may ask CloudWatch about the alarm."""
    name = aws.name("alarm")
    code = (
        "import boto3, json\n"
        "def handler(e, c):\n"
        "    told = json.loads(e['Records'][0]['Sns']['Message'])['AlarmName']\n"
        "    found = boto3.client('cloudwatch').describe_alarms(AlarmNames=[told])['MetricAlarms'][0]\n"
        "    boto3.client('sqs').send_message(QueueUrl=QUEUE, MessageBody=found['StateValue'])\n"
    )
    queue = aws.queue()
    role = aws.role("lambda", "alarmed")
    rights = {"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms", "sqs:SendMessage"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    aws.iam.put_role_policy(RoleName="alarmed", PolicyName="p", PolicyDocument=document)
    function = aws.function(f"QUEUE = {queue!r}\n{code}", Role=role, Timeout=20)
    arn = f"arn:aws:lambda:{aws.region}:{aws.account_id}:function:{function}"
    topic_arn = aws.sns.create_topic(Name=aws.name("topic"))["TopicArn"]
    aws.lambda_.add_permission(
        FunctionName=function,
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic_arn,
    )
    aws.sns.subscribe(TopicArn=topic_arn, Protocol="lambda", Endpoint=arn)
    alarm(aws, AlarmName=name, AlarmActions=[topic_arn])
    aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tried")
    found = within(10, lambda: aws.sqs.receive_message(QueueUrl=queue).get("Messages"))
    same([message["Body"] for message in found or ()], ["ALARM"])


@probe("CloudWatch", "CloudWatch API reference, DisableAlarmActions")
def disabled(aws: Aws) -> None:
    """An alarm whose actions are disabled changes its state, and tells nobody."""
    arn, queue = topic(aws)
    name = alarm(aws, AlarmActions=[arn])
    aws.cloudwatch.disable_alarm_actions(AlarmNames=[name])
    put(aws, Value=5.0)
    becomes(aws, name, "ALARM")
    same(told(aws, queue, 0.5), [])


@probe("CloudWatch", "CloudWatch API reference, DescribeAlarmHistory")
def history(aws: Aws) -> None:
    """An alarm's history has its making, its changes and its actions."""
    arn, _ = topic(aws)
    name = alarm(aws, AlarmActions=[arn])
    put(aws, Value=5.0)
    becomes(aws, name, "ALARM")

    def items() -> list[dict[str, Any]]:
        asked = {"AlarmName": name, "ScanBy": "TimestampAscending"}
        found: list[dict[str, Any]] = aws.cloudwatch.describe_alarm_history(**asked)["AlarmHistoryItems"]
        return found

    def kinds() -> list[str]:
        return sorted({item["HistoryItemType"] for item in items()})

    within(3, lambda: "Action" in kinds())
    same(kinds(), ["Action", "ConfigurationUpdate", "StateUpdate"])
    changes = [item["HistorySummary"] for item in items() if item["HistoryItemType"] == "StateUpdate"]
    same(changes, ["Alarm updated from INSUFFICIENT_DATA to ALARM"])


@probe("CloudWatch", "CloudWatch User Guide, Alarm events and EventBridge")
def event(aws: Aws) -> None:
    """EventBridge is told of an alarm's change."""
    queue = aws.queue()
    arn = aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    principal = {"Service": "events.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    aws.events.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    aws.events.put_targets(Rule="alarms", Targets=[{"Id": "q", "Arn": arn}])
    name = alarm(aws)
    put(aws, Value=5.0)
    becomes(aws, name, "ALARM")
    found = within(4, lambda: aws.sqs.receive_message(QueueUrl=queue).get("Messages"))
    body = json.loads(found[0]["Body"])
    same((body["detail-type"], body["detail"]["alarmName"]), ("CloudWatch Alarm State Change", name))


def scaled_group(aws: Aws, **policy: Any) -> tuple[str, str]:
    """A group of one instance, and the ARN of its policy."""
    group, template = aws.name("group"), aws.name("template")
    data = {"ImageId": aws.image, "InstanceType": "t3.micro"}
    aws.ec2.create_launch_template(LaunchTemplateName=template, LaunchTemplateData=data)
    aws.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateName": template},
        MinSize=1,
        MaxSize=4,
        VPCZoneIdentifier=aws.subnet(aws.vpc()),
    )
    made = aws.autoscaling.put_scaling_policy(
        AutoScalingGroupName=group, PolicyName="more", AdjustmentType="ChangeInCapacity", **policy
    )
    return group, made["PolicyARN"]


def capacity(aws: Aws, group: str) -> int:
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    wish: int = found["AutoScalingGroups"][0]["DesiredCapacity"]
    return wish


for _sentence, _policy, _wish in (
    ("An alarm scales a group.", {"ScalingAdjustment": 1}, 2),
    (
        "An alarm scales a group by the step that its metric is in.",
        {
            "PolicyType": "StepScaling",
            "StepAdjustments": [
                {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
            ],
        },
        3,
    ),
):

    @probe("CloudWatch", "Auto Scaling User Guide, Step and simple scaling policies", sentence=_sentence)
    def _scales(aws: Aws, policy: dict[str, Any] = _policy, wish: int = _wish) -> None:
        group, arn = scaled_group(aws, **policy)
        alarm(aws, AlarmActions=[arn])
        put(aws, Value=11.0)
        within(8, lambda: capacity(aws, group) != 1)
        same(capacity(aws, group), wish)


@probe("CloudWatch", "CloudWatch User Guide, Composite alarm action suppression")
def suppressed(aws: Aws) -> None:
    """A composite alarm tells nobody while its suppressor is in ALARM."""
    arn, queue = topic(aws)
    errors, upkeep = alarm(aws, MetricName="Errors"), alarm(aws, MetricName="Upkeep")
    put(aws, MetricName="Upkeep", Value=5.0)
    becomes(aws, upkeep, "ALARM")
    name = aws.name("both")
    aws.cloudwatch.put_composite_alarm(
        AlarmName=name,
        AlarmRule=f'ALARM("{errors}")',
        AlarmActions=[arn],
        ActionsSuppressor=upkeep,
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=60,
    )
    put(aws, MetricName="Errors", Value=5.0)
    becomes(aws, name, "ALARM", "CompositeAlarm")
    same(told(aws, queue, 0.5), [])


refused(
    "CloudWatch",
    "ValidationError",
    "A composite alarm's rule is one.",
    "CloudWatch API reference, PutCompositeAlarm",
    lambda a: a.cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM("),
)


def on_band(aws: Aws, **more: Any) -> str:
    """An alarm on an anomaly detection band."""
    nothing = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period", "Threshold"))
    band = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}
    settings = {"Metrics": [measured("m1", "Latency", ReturnData=True), band], "ThresholdMetricId": "ad1"}
    return alarm(aws, **nothing, **{"ComparisonOperator": "GreaterThanUpperThreshold"} | settings | more)


BAND = "CloudWatch User Guide, Create a CloudWatch alarm based on anomaly detection"


@probe("CloudWatch", BAND)
def band(aws: Aws) -> None:
    """An alarm on an anomaly detection band has too little data until the model is trained."""
    name = on_band(aws)
    kept = aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    same(
        (kept["StateValue"], kept["ThresholdMetricId"], "Threshold" in kept),
        ("INSUFFICIENT_DATA", "ad1", False),
    )
    same([query["Id"] for query in kept["Metrics"]], ["m1", "ad1"])


for _sentence, _more in {
    "An alarm's threshold metric is a band.": {"ThresholdMetricId": "m1"},
    "A comparison with bounds needs a band.": {"ThresholdMetricId": None},
}.items():
    refused("CloudWatch", "ValidationError", _sentence, ALARM, lambda a, more=_more: on_band(a, **more))


@probe("CloudWatch", "CloudWatch API reference, PutAnomalyDetector")
def detector(aws: Aws) -> None:
    """An anomaly detector is kept until it is deleted."""
    single = {"Namespace": "Shop", "MetricName": "Latency", "Stat": "p90", "Dimensions": []}
    aws.cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=single)
    found = aws.cloudwatch.describe_anomaly_detectors(Namespace="Shop")["AnomalyDetectors"]
    same(
        [(one["SingleMetricAnomalyDetector"]["Stat"], one["StateValue"]) for one in found],
        [("p90", "PENDING_TRAINING")],
    )
    aws.cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=single)
    same(aws.cloudwatch.describe_anomaly_detectors()["AnomalyDetectors"], [])


refused(
    "CloudWatch",
    ("ResourceNotFound", "ResourceNotFoundException"),
    "An anomaly detector that is not there is not deleted.",
    "CloudWatch API reference, DeleteAnomalyDetector",
    lambda a: a.cloudwatch.delete_anomaly_detector(
        SingleMetricAnomalyDetector={"Namespace": "Shop", "MetricName": "none", "Stat": "Sum"}
    ),
)


@probe("CloudWatch", "CloudWatch API reference, SetAlarmState")
def set_by_hand(aws: Aws) -> None:
    """A state that was set stays until data says something else."""
    name = alarm(aws, Period=86_400)
    aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="tried")
    becomes(aws, alarm(aws, TreatMissingData="breaching"), "ALARM")
    same(state(aws, name), "OK")
    put(aws, Value=5.0)
    becomes(aws, name, "ALARM")
