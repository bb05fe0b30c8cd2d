"""Functions invoked later or otherwise: destinations, versions, aliases, layers, subnets, metrics."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from tests.sandbox.behaviour.probe import Aws, probe, refused, same, within, zipped
from tests.sandbox.behaviour.wiring import able_role, bodies, function_arn, invoke, nothing, telling

ASYNC = "Lambda Developer Guide, How Lambda handles errors and retries with asynchronous invocation"
DESTINATIONS = "Lambda Developer Guide, Capturing records of Lambda asynchronous invocations"
VERSIONS = "Lambda Developer Guide, Manage Lambda function versions"
LAYERS = "Lambda Developer Guide, Packaging your layer content; Working with layers for Python"
RETRY = {"MaximumRetryAttempts": 0}


def run(aws: Aws, code: str, payload: Any = None, **more: Any) -> tuple[dict[str, Any], Any]:
    return invoke(aws, aws.function(code, **more), payload)


# --- asynchronous ---------------------------------------------------------------------------------


def later(aws: Aws, name: str, payload: Any, qualifier: str = "$LATEST") -> None:
    answer = aws.lambda_.invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps(payload), Qualifier=qualifier
    )
    same(answer["StatusCode"], 202)


def config(aws: Aws, name: str, **more: Any) -> None:
    aws.lambda_.put_function_event_invoke_config(FunctionName=name, **more)


@probe("Lambda", ASYNC)
def tried_three_times(aws: Aws) -> None:
    """An asynchronous event is tried three times, with one request id."""
    url = aws.queue()
    name = telling(aws, url, "tell(context.aws_request_id)\nraise ValueError('no')")
    later(aws, name, 1)
    found = bodies(aws, url, 3, 12)
    same((len(found), len(set(found))), (3, 1))
    assert nothing(aws, url)


@probe("Lambda", ASYNC)
def not_tried_again(aws: Aws) -> None:
    """MaximumRetryAttempts of 0 tries once."""
    url = aws.queue()
    name = telling(aws, url, "tell(1)\nraise ValueError('no')")
    config(aws, name, MaximumRetryAttempts=0)
    later(aws, name, 1)
    same(bodies(aws, url, 1), [1])
    assert nothing(aws, url, 3)


@probe("Lambda", DESTINATIONS)
def on_failure(aws: Aws) -> None:
    """A failed event goes to the failure destination, with its payload, error and condition."""
    url, role = aws.queue(), able_role(aws, "sqs:SendMessage")
    name = aws.function("def handler(event, context): raise ValueError('no')\n", Role=role)
    config(
        aws,
        name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": aws.queue_arn(url)}},
    )
    later(aws, name, {"order": 7})
    (found,) = bodies(aws, url)
    same((found["version"], found["requestPayload"]), ("1.0", {"order": 7}))
    context = found["requestContext"]
    same((context["condition"], context["approximateInvokeCount"]), ("RetriesExhausted", 1))
    same(context["functionArn"], function_arn(aws, name) + ":$LATEST")
    same(
        found["responseContext"],
        {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
    )
    same(
        (found["responsePayload"]["errorType"], found["responsePayload"]["errorMessage"]),
        ("ValueError", "no"),
    )
    same((bool(context["requestId"]), bool(found["timestamp"])), (True, True))


@probe("Lambda", DESTINATIONS)
def on_success(aws: Aws) -> None:
    """A handled event goes to the success destination, with what the function answered."""
    url, role = aws.queue(), able_role(aws, "sqs:SendMessage")
    name = aws.function("def handler(event, context): return {'placed': event['order']}\n", Role=role)
    config(aws, name, DestinationConfig={"OnSuccess": {"Destination": aws.queue_arn(url)}})
    later(aws, name, {"order": 7})
    (found,) = bodies(aws, url)
    same((found["requestContext"]["condition"], found["responsePayload"]), ("Success", {"placed": 7}))
    same(found["requestPayload"], {"order": 7})


@probe("Lambda", DESTINATIONS)
def not_for_calls(aws: Aws) -> None:
    """A synchronous invocation goes to no destination."""
    url, role = aws.queue(), able_role(aws, "sqs:SendMessage")
    name = aws.function(Role=role)
    config(aws, name, DestinationConfig={"OnSuccess": {"Destination": aws.queue_arn(url)}})
    invoke(aws, name, 1)
    assert nothing(aws, url)


@probe("Lambda", DESTINATIONS)
def to_a_bus(aws: Aws) -> None:
    """An event bus as destination gets an event from lambda, with the record as its detail."""
    url, arn = _ruled(aws, {"source": ["lambda"]})
    role = able_role(aws, "events:PutEvents")
    name = aws.function("def handler(event, context): return 1\n", Role=role)
    bus = f"arn:aws:events:us-east-1:{aws.account_id}:event-bus/default"
    config(aws, name, DestinationConfig={"OnSuccess": {"Destination": bus}})
    later(aws, name, {"order": 7})
    (found,) = bodies(aws, url)
    same(found["detail-type"], "Lambda Function Invocation Result - Success")
    same((found["detail"]["requestPayload"], found["detail"]["responsePayload"]), ({"order": 7}, 1))
    assert arn in found["resources"] or found["resources"], found


def _ruled(aws: Aws, pattern: dict[str, Any]) -> tuple[str, str]:
    """A queue that gets what a rule of the default bus matches, and the rule's ARN."""
    from tests.sandbox.behaviour.wiring import open_queue

    url, queue = open_queue(aws, "events")
    rule = aws.name("rule")
    arn = aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": queue}])
    return url, arn


@probe("Lambda", "Lambda Developer Guide, Adding a dead-letter queue")
def dead_letter(aws: Aws) -> None:
    """A dead-letter queue gets the event as it was, with the error in attributes."""
    url, role = aws.queue(), able_role(aws, "sqs:SendMessage")
    name = aws.function(
        "def handler(event, context): raise ValueError('no')\n",
        Role=role,
        DeadLetterConfig={"TargetArn": aws.queue_arn(url)},
    )
    config(aws, name, **RETRY)
    later(aws, name, {"order": 7})
    from tests.sandbox.behaviour.wiring import take

    (found,) = take(aws, url)
    same(json.loads(found["Body"]), {"order": 7})
    said = {key: value["StringValue"] for key, value in found.get("MessageAttributes", {}).items()}
    same((said.get("ErrorCode"), said.get("ErrorMessage")), ("200", "no"))
    assert said.get("RequestID"), said


@probe("Lambda", ASYNC)
def throttled_later(aws: Aws) -> None:
    """A throttled event waits, and is handled once there is room; it does not count as a failure."""
    url = aws.queue()
    name = telling(aws, url, "__import__('time').sleep(2)\ntell(event)")
    config(aws, name, **RETRY)
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    later(aws, name, "first")
    later(aws, name, "second")
    same(sorted(bodies(aws, url, 2, 14)), ["first", "second"])


@probe("Lambda", "Lambda Developer Guide, Adding a dead-letter queue: reserved concurrency of zero")
def switched_off(aws: Aws) -> None:
    """With a reservation of 0, an event goes to the failure destination and is not tried."""
    out, dead = aws.queue(), aws.queue()
    name = telling(aws, out, "tell(event)")
    config(aws, name, DestinationConfig={"OnFailure": {"Destination": aws.queue_arn(dead)}})
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    later(aws, name, {"order": 7})
    (found,) = bodies(aws, dead)
    same((found["requestPayload"], found["requestContext"]["approximateInvokeCount"]), ({"order": 7}, 0))
    assert nothing(aws, out, 1)


refused(
    "Lambda",
    "InvalidParameterValueException",
    "A failure destination is one that the role may send to.",
    DESTINATIONS,
    lambda a: config(
        a, a.function(), DestinationConfig={"OnFailure": {"Destination": a.queue_arn(a.queue())}}
    ),
)

# --- versions, aliases, layers --------------------------------------------------------------------


@probe("Lambda", VERSIONS)
def versions_stay(aws: Aws) -> None:
    """A published version keeps its code and settings when $LATEST changes."""
    name = aws.function(
        "import os\ndef handler(event, context): return [1, os.environ.get('WORD')]\n",
        Environment={"Variables": {"WORD": "old"}},
        Publish=True,
    )
    aws.lambda_.update_function_code(
        FunctionName=name,
        ZipFile=zipped("import os\ndef handler(event, context): return [2, os.environ.get('WORD')]\n"),
    )
    aws.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    aws.lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": {"WORD": "new"}})
    aws.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    same(invoke(aws, name, Qualifier="1")[1], [1, "old"])
    same(invoke(aws, name)[1], [2, "new"])


@probe("Lambda", VERSIONS)
def version_in_context(aws: Aws) -> None:
    """A version knows its number, and the alias that it was called by."""
    name = aws.function(
        "def handler(e, c): return [c.function_version, c.invoked_function_arn]\n", Publish=True
    )
    aws.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    answer, found = invoke(aws, name, Qualifier="live")
    same(found, ["1", function_arn(aws, name) + ":live"])
    same(answer["ExecutedVersion"], "1")


@probe("Lambda", VERSIONS, ("InvalidParameterValueException", "ValidationException"))
def version_is_fixed(aws: Aws) -> None:
    """A published version's settings do not change."""
    name = aws.function(Publish=True)
    aws.lambda_.update_function_configuration(FunctionName=f"{name}:1", Timeout=9)


@probe("Lambda", VERSIONS, "ResourceConflictException")
def version_in_use(aws: Aws) -> None:
    """A version that an alias leads to is not deleted."""
    name = aws.function(Publish=True)
    aws.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    aws.lambda_.delete_function(FunctionName=name, Qualifier="1")


@probe("Lambda", "Lambda Developer Guide, Implement Lambda canary deployments using a weighted alias")
def weights(aws: Aws) -> None:
    """A weighted alias sends about its share to each version."""
    name = aws.function("def handler(e, c): return c.function_version\n", Publish=True)
    aws.lambda_.update_function_code(
        FunctionName=name, ZipFile=zipped("def handler(e, c): return c.function_version + ''\n"), Publish=True
    )
    aws.lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.25}},
    )
    found = [invoke(aws, name, Qualifier="live")[1] for _ in range(120)]
    same(set(found), {"1", "2"})
    assert 10 < found.count("2") < 55, found.count("2")


def layer(aws: Aws, files: dict[str, str], **more: Any) -> str:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    found: str = aws.lambda_.publish_layer_version(
        LayerName=aws.name("layer"), Content={"ZipFile": made.getvalue()}, **more
    )["LayerVersionArn"]
    return found


@probe("Lambda", LAYERS)
def layers(aws: Aws) -> None:
    """A layer's python folder can be imported, and its files are under /opt; a later layer wins."""
    one = layer(aws, {"python/shared.py": "WORD = 'one'\n", "data/words.txt": "from one"})
    two = layer(aws, {"python/shared.py": "WORD = 'two'\n"})
    code = "import shared\ndef handler(e, c): return [shared.WORD, open('/opt/data/words.txt').read()]\n"
    same(run(aws, code, Layers=[one, two])[1], ["two", "from one"])


@probe("Lambda", LAYERS)
def layer_versions(aws: Aws) -> None:
    """A layer's versions count up, and a function keeps the one that it names."""
    name = aws.name("layer")
    made = [
        aws.lambda_.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(f"# {n}")})["Version"]
        for n in range(2)
    ]
    same(made, [1, 2])


refused(
    "Lambda",
    ("InvalidParameterValueException", "ResourceNotFoundException"),
    "A layer is there.",
    LAYERS,
    lambda a: a.function(Layers=[f"arn:aws:lambda:us-east-1:{a.account_id}:layer:none:1"]),
)

# --- in a VPC -------------------------------------------------------------------------------------

VPC = "Lambda Developer Guide, Giving Lambda functions access to resources in an Amazon VPC"
INTERFACES = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")


def attached(aws: Aws, subnets: list[str], groups: list[str]) -> str:
    role = able_role(aws, *INTERFACES)
    return aws.function(Role=role, VpcConfig={"SubnetIds": subnets, "SecurityGroupIds": groups})


@probe("Lambda", VPC)
def in_subnets(aws: Aws) -> None:
    """A function in subnets knows their VPC."""
    vpc = aws.vpc()
    subnets, group = aws.subnets(vpc), aws.group(vpc)
    found = aws.lambda_.get_function_configuration(FunctionName=attached(aws, subnets, [group]))["VpcConfig"]
    same(
        (found["VpcId"], sorted(found["SubnetIds"]), found["SecurityGroupIds"]),
        (vpc, sorted(subnets), [group]),
    )


refused(
    "Lambda",
    "InvalidParameterValueException",
    "A function's subnets are there.",
    VPC,
    lambda a: attached(a, ["subnet-0123456789abcdef0"], [a.group(a.vpc())]),
)
refused(
    "Lambda",
    "InvalidParameterValueException",
    "A function's security groups are there.",
    VPC,
    lambda a: attached(a, [a.subnet(a.vpc())], ["sg-0123456789abcdef0"]),
)
refused(
    "Lambda",
    "InvalidParameterValueException",
    "A function's security groups are in the VPC of its subnets.",
    VPC,
    lambda a: attached(a, [a.subnet(a.vpc())], [a.group(a.vpc("10.9.0.0/16"))]),
)


@probe("Lambda", VPC)
def interfaces(aws: Aws) -> None:
    """A function in subnets has network interfaces in them."""
    vpc = aws.vpc()
    subnet, group = aws.subnet(vpc), aws.group(vpc)
    attached(aws, [subnet], [group])
    found = aws.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet]}])
    kinds = [(each["InterfaceType"], each["Groups"][0]["GroupId"]) for each in found["NetworkInterfaces"]]
    same(kinds, [("lambda", group)])


# --- metrics --------------------------------------------------------------------------------------


@probe("Lambda", "Lambda Developer Guide, Types of metrics for Lambda functions")
def metrics(aws: Aws) -> None:
    """Invocations, errors and durations are metrics by function, however the function was called."""
    import datetime as dt

    name = aws.function("def handler(event, context):\n    if event == 'bad': raise ValueError('no')\n")
    config(aws, name, **RETRY)
    invoke(aws, name, "good")
    invoke(aws, name, "bad")
    later(aws, name, "good")
    now = dt.datetime.now(dt.UTC)
    asked = {
        "Namespace": "AWS/Lambda",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
        "StartTime": now - dt.timedelta(minutes=10),
        "EndTime": now + dt.timedelta(minutes=10),
        "Period": 3600,
    }

    def sums() -> dict[str, float]:
        found = {}
        for metric in ("Invocations", "Errors", "Throttles"):
            points = aws.cloudwatch.get_metric_statistics(MetricName=metric, Statistics=["Sum"], **asked)
            found[metric] = sum(point["Sum"] for point in points["Datapoints"])
        return found

    wanted = {"Invocations": 3.0, "Errors": 1.0, "Throttles": 0.0}
    within(4, lambda: sums() == wanted)
    same(sums(), wanted)
    counts = aws.cloudwatch.get_metric_statistics(MetricName="Duration", Statistics=["SampleCount"], **asked)
    same(sum(point["SampleCount"] for point in counts["Datapoints"]), 3.0)


@probe("Lambda", "Lambda Developer Guide, Types of metrics for Lambda functions: invocation metrics")
def throttles_counted(aws: Aws) -> None:
    """A throttled call counts as a throttle, and as no invocation and no error."""
    import datetime as dt

    name = aws.function()
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with suppress(ClientError):
        invoke(aws, name)
    now = dt.datetime.now(dt.UTC)
    found = {}
    for metric in ("Invocations", "Errors", "Throttles"):
        points = aws.cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Period=3600,
            Statistics=["Sum"],
            Dimensions=[{"Name": "FunctionName", "Value": name}],
            StartTime=now - dt.timedelta(minutes=10),
            EndTime=now + dt.timedelta(minutes=10),
        )
        found[metric] = sum(point["Sum"] for point in points["Datapoints"])
    # The SDK tries a throttled call again.
    same((found["Invocations"], found["Errors"], found["Throttles"] >= 1.0), (0.0, 0.0, True))
