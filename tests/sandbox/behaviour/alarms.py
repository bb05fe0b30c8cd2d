"""CloudWatch: alarms that data drives, and what they set off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sandbox.behaviour.cloudwatch import ALARM, alarm, put
from tests.sandbox.behaviour.metrics import measured, series
from tests.sandbox.behaviour.probe import Aws, probe, refused, same, within

EVALUATED = "CloudWatch User Guide, Evaluating an alarm"
MISSING = "CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data"
COMPOSITE = "CloudWatch User Guide, Combining alarms"


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
