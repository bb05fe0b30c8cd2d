"""Lambda: settings, errors, concurrency, aliases, event sources."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.sandbox.behaviour.probe import Aws, gives, policy, probe, refused, same, within, zipped

CREATE = "Lambda API reference, CreateFunction; Lambda quotas"
INVOKE = "Lambda Developer Guide, Lambda function handler and errors in Python; Invoke API"
CONCURRENCY = "Lambda Developer Guide, Configuring reserved concurrency; provisioned concurrency"
ALIASES = "Lambda Developer Guide, Lambda function aliases; weighted alias"
SOURCES = "Lambda API reference, CreateEventSourceMapping; Using Lambda with Amazon SQS"


def create(aws: Aws, **more: Any) -> dict[str, Any]:
    code = {"ZipFile": zipped("def handler(event, context): return event")}
    settings = {
        "FunctionName": aws.name("f"),
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Code": code,
    }
    settings |= {"Role": more.pop("Role", None) or aws.role()} | more
    settings = {name: value for name, value in settings.items() if value is not None}
    made: dict[str, Any] = aws.lambda_.create_function(**settings)
    return made


def call(aws: Aws, code: str, payload: Any = None, **more: Any) -> tuple[dict[str, Any], Any]:
    name = aws.function(code, **more)
    answer = aws.lambda_.invoke(FunctionName=name, Payload=json.dumps(payload), LogType="Tail")
    return answer, json.loads(answer["Payload"].read() or b"null")


for _code, _sentence, _more in (
    ("ValidationException", "A function runs 900 seconds at most.", {"Timeout": 901}),
    ("ValidationException", "A function has 10,240 MB at most.", {"MemorySize": 10_241}),
    (
        "ValidationException",
        "A function's /tmp has 10,240 MB at most.",
        {"EphemeralStorage": {"Size": 10_241}},
    ),
    ("ValidationException", "A function's name keeps to its characters.", {"FunctionName": "my function"}),
    (
        "ValidationException",
        "A variable's name begins with a letter.",
        {"Environment": {"Variables": {"1A": "x"}}},
    ),
    ("InvalidParameterValueException", "A runtime is one that there is.", {"Runtime": "python2.9"}),
    ("InvalidParameterValueException", "A runtime is one that is still taken.", {"Runtime": "python3.6"}),
    ("InvalidParameterValueException", "A function in a zip has a handler.", {"Handler": None}),
    ("InvalidParameterValueException", "A package is a zip.", {"Code": {"ZipFile": b"no zip"}}),
    (
        "InvalidParameterValueException",
        "Variables of Lambda's own are not set.",
        {"Environment": {"Variables": {"AWS_REGION": "eu-west-1"}}},
    ),
    (
        "InvalidParameterValueException",
        "Variables have 4 KB at most.",
        {"Environment": {"Variables": {"TEXT": "x" * 5000}}},
    ),
    ("ValidationException", "An architecture is one that there is.", {"Architectures": ["mips"]}),
    (
        "InvalidParameterValueException",
        "A function's code in S3 is there.",
        {"Code": {"S3Bucket": "none-of-mine", "S3Key": "k"}},
    ),
    ("ValidationException", "Tracing is Active or PassThrough.", {"TracingConfig": {"Mode": "On"}}),
    (
        "InvalidParameterValueException",
        "Layers are at most five.",
        {"Layers": [f"arn:aws:lambda:us-east-1:111122223333:layer:l{n}:1" for n in range(6)]},
    ),
):
    refused("Lambda", _code, _sentence, CREATE, lambda a, _more=_more: create(a, **_more))
refused(
    "Lambda",
    "InvalidParameterValueException",
    "A function's role trusts Lambda.",
    "Lambda Developer Guide, Defining Lambda function permissions with an execution role",
    lambda a: create(a, Role=a.role("ec2")),
)
refused(
    "Lambda",
    "InvalidParameterValueException",
    "A function's role is there.",
    CREATE,
    lambda a: create(a, Role=f"arn:aws:iam::{a.account_id}:role/nobody"),
)
refused(
    "Lambda",
    "ResourceConflictException",
    "A function's name is given once.",
    CREATE,
    lambda a: [create(a, FunctionName="one") for _ in range(2)],
)
refused(
    "Lambda",
    "ResourceNotFoundException",
    "A function that is not there is not found.",
    CREATE,
    lambda a: a.lambda_.get_function(FunctionName="none"),
)
refused(
    "Lambda",
    "ResourceNotFoundException",
    "A function that is not there is not invoked.",
    INVOKE,
    lambda a: a.lambda_.invoke(FunctionName="none"),
)
refused(
    "Lambda",
    "InvalidRequestContentException",
    "A payload is JSON.",
    INVOKE,
    lambda a: a.lambda_.invoke(FunctionName=a.function(), Payload=b"{not json"),
)
refused(
    "Lambda",
    "ValidationException",
    "A timeout is not raised above 900 seconds.",
    CREATE,
    lambda a: a.lambda_.update_function_configuration(FunctionName=a.function(), Timeout=1000),
)


@probe("Lambda", CREATE)
def defaults(aws: Aws) -> None:
    """A function has 3 seconds, 128 MB, 512 MB of /tmp, x86_64, and traces passively."""
    found = aws.lambda_.get_function_configuration(FunctionName=create(aws)["FunctionName"])
    same((found["Timeout"], found["MemorySize"], found["EphemeralStorage"]["Size"]), (3, 128, 512))
    same((found["Architectures"], found["TracingConfig"]["Mode"]), (["x86_64"], "PassThrough"))
    same((found["PackageType"], found["Version"]), ("Zip", "$LATEST"))


@probe("Lambda", INVOKE)
def raised(aws: Aws) -> None:
    """An exception gives its type, message and stack trace, as text; the answer is a 200 that says so."""
    answer, said = call(aws, "def handler(event, context):\n    raise ValueError('too small')\n")
    same((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
    same((said["errorType"], said["errorMessage"]), ("ValueError", "too small"))
    same({type(line) for line in said["stackTrace"]}, {str})
    assert '"/var/task/app.py", line 2, in handler' in said["stackTrace"][-1], said["stackTrace"]
    assert said.get("requestId"), said


@probe("Lambda", INVOKE)
def own_exception(aws: Aws) -> None:
    """An exception of one's own has its class's name for a type."""
    _, said = call(aws, "class TooSmall(Exception): pass\ndef handler(event, context): raise TooSmall('x')\n")
    same(said["errorType"], "TooSmall")


@probe("Lambda", "Lambda Developer Guide, Configure Lambda function timeout")
def timed_out(aws: Aws) -> None:
    """A function that runs too long times out, as Sandbox.Timedout."""
    answer, said = call(aws, "import time\ndef handler(event, context): time.sleep(5)\n", Timeout=1)
    same(answer["FunctionError"], "Unhandled")
    same(said["errorType"], "Sandbox.Timedout")
    assert said["errorMessage"].endswith("Task timed out after 1.00 seconds"), said


@probe("Lambda", INVOKE)
def no_module(aws: Aws) -> None:
    """A module that is not there is a Runtime.ImportModuleError."""
    _, said = call(aws, "import nothing_at_all\ndef handler(event, context): pass\n")
    same(said["errorType"], "Runtime.ImportModuleError")
    same(said["errorMessage"], "Unable to import module 'app': No module named 'nothing_at_all'")


@probe("Lambda", INVOKE)
def no_handler(aws: Aws) -> None:
    """A handler that is not there is a Runtime.HandlerNotFound."""
    _, said = call(aws, "x = 1\n")
    same(said["errorType"], "Runtime.HandlerNotFound")


@probe("Lambda", INVOKE)
def syntax_error(aws: Aws) -> None:
    """Code that is no Python is a Runtime.UserCodeSyntaxError."""
    _, said = call(aws, "def handler(event, context)\n    return 1\n")
    same(said["errorType"], "Runtime.UserCodeSyntaxError")


@probe("Lambda", INVOKE)
def not_json(aws: Aws) -> None:
    """A result that is no JSON is a Runtime.MarshalError."""
    _, said = call(aws, "def handler(event, context): return {1, 2}\n")
    same(said["errorType"], "Runtime.MarshalError")


@probe("Lambda", INVOKE)
def exited(aws: Aws) -> None:
    """Code that ends the process is a Runtime.ExitError."""
    _, said = call(aws, "import os\ndef handler(event, context): os._exit(1)\n")
    same(said["errorType"], "Runtime.ExitError")


@probe("Lambda", "Lambda Developer Guide, Working with Lambda function logs")
def log(aws: Aws) -> None:
    """A log has START, END and REPORT with durations and memory."""
    answer, _ = call(aws, "def handler(event, context): print('hello')\n")
    lines = base64.b64decode(answer["LogResult"]).decode()
    for word in (
        "START RequestId: ",
        "hello",
        "END RequestId: ",
        "REPORT RequestId: ",
        "Billed Duration: ",
        "Memory Size: 128 MB",
        "Max Memory Used: ",
    ):
        assert word in lines, f"{word!r} is not in {lines!r}"


@probe("Lambda", "Lambda Developer Guide, Using the Lambda context object in Python")
def context(aws: Aws) -> None:
    """The context has name, memory, ARN, request id, log group, and the time that is left."""
    _, said = call(
        aws,
        "def handler(event, c):\n    return [c.function_name, c.memory_limit_in_mb, c.invoked_function_arn, "
        "len(c.aws_request_id), c.log_group_name, c.get_remaining_time_in_millis(), c.function_version]\n",
    )
    same((said[1], said[3], said[6]), ("128", 36, "$LATEST"))
    same((said[2].split(":")[-1], said[4]), (said[0], f"/aws/lambda/{said[0]}"))
    assert 0 < said[5] <= 3000, said


gives(
    "Lambda",
    "An asynchronous call is answered with 202, and no payload.",
    INVOKE,
    (202, b""),
    lambda a: (lambda r: (r["StatusCode"], r["Payload"].read()))(
        a.lambda_.invoke(FunctionName=a.function(), InvocationType="Event")
    ),
)
gives(
    "Lambda",
    "A dry run is answered with 204.",
    INVOKE,
    204,
    lambda a: a.lambda_.invoke(FunctionName=a.function(), InvocationType="DryRun")["StatusCode"],
)

# --- concurrency ----------------------------------------------------------------------------------------


def reserve(aws: Aws, name: str, number: int) -> None:
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=number)


refused(
    "Lambda",
    "InvalidParameterValueException",
    "Reservations leave the account 100.",
    CONCURRENCY,
    lambda a: reserve(a, a.function(), 901),
)


@probe("Lambda", CONCURRENCY, "InvalidParameterValueException")
def reservations_add_up(aws: Aws) -> None:
    """All reservations together leave the account 100."""
    reserve(aws, aws.function(), 500)
    reserve(aws, aws.function(), 401)


@probe("Lambda", CONCURRENCY, "TooManyRequestsException")
def none_at_all(aws: Aws) -> None:
    """A function with a reservation of 0 is throttled."""
    name = aws.function()
    reserve(aws, name, 0)
    aws.lambda_.invoke(FunctionName=name)


@probe("Lambda", CONCURRENCY)
def account_settings(aws: Aws) -> None:
    """An account has 1,000, of which what is not reserved is left."""
    reserve(aws, aws.function(), 50)
    found = aws.lambda_.get_account_settings()["AccountLimit"]
    same((found["ConcurrentExecutions"], found["UnreservedConcurrentExecutions"]), (1000, 950))


refused(
    "Lambda",
    "InvalidParameterValueException",
    "Provisioned concurrency is for versions and aliases.",
    CONCURRENCY,
    lambda a: a.lambda_.put_provisioned_concurrency_config(
        FunctionName=a.function(), Qualifier="$LATEST", ProvisionedConcurrentExecutions=1
    ),
)


@probe("Lambda", CONCURRENCY, "InvalidParameterValueException")
def more_than_reserved(aws: Aws) -> None:
    """Provisioned concurrency is no more than what is reserved."""
    name = aws.function(Publish=True)
    reserve(aws, name, 5)
    aws.lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=10
    )


# --- versions and aliases --------------------------------------------------------------------------------

refused(
    "Lambda",
    "ResourceNotFoundException",
    "An alias leads to a version that there is.",
    ALIASES,
    lambda a: a.lambda_.create_alias(FunctionName=a.function(), Name="live", FunctionVersion="7"),
)
refused(
    "Lambda",
    "ResourceConflictException",
    "An alias's name is given once.",
    ALIASES,
    lambda a: [
        a.lambda_.create_alias(FunctionName=f, Name="live", FunctionVersion="1")
        for f in [a.function(Publish=True)] * 2
    ],
)
refused(
    "Lambda",
    "ValidationException",
    "An alias's name is no number.",
    ALIASES,
    lambda a: a.lambda_.create_alias(FunctionName=a.function(Publish=True), Name="2", FunctionVersion="1"),
)


def versions(aws: Aws) -> str:
    """A function with two versions that answer with their number."""
    name = aws.function("def handler(event, c): return 1\n", Publish=True)
    aws.lambda_.update_function_code(
        FunctionName=name, ZipFile=zipped("def handler(event, c): return 2\n"), Publish=True
    )
    return name


@probe("Lambda", ALIASES)
def weighted(aws: Aws) -> None:
    """A weighted alias calls both of its versions."""
    name = versions(aws)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    aws.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    said = {
        json.loads(aws.lambda_.invoke(FunctionName=name, Qualifier="live")["Payload"].read())
        for _ in range(24)
    }
    same(said, {1, 2})


@probe("Lambda", ALIASES, "InvalidParameterValueException")
def weighted_latest(aws: Aws) -> None:
    """A weighted alias leads to published versions only."""
    name = versions(aws)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    aws.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST", RoutingConfig=weights)


gives(
    "Lambda",
    "Publishing what has not changed makes no new version.",
    "Lambda API reference, PublishVersion",
    ["1", "1"],
    lambda a: [a.lambda_.publish_version(FunctionName=f)["Version"] for f in [a.function()] * 2],
)

# --- policies and sources ----------------------------------------------------------------------------------

refused(
    "Lambda",
    "ResourceConflictException",
    "A permission's statement id is given once.",
    "Lambda API reference, AddPermission",
    lambda a: [
        a.lambda_.add_permission(
            FunctionName=f, StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
        )
        for f in [a.function()] * 2
    ],
)
refused(
    "Lambda",
    "ResourceNotFoundException",
    "A function has no policy until it is given one.",
    "Lambda API reference, GetPolicy",
    lambda a: a.lambda_.get_policy(FunctionName=a.function()),
)


def reader(aws: Aws) -> str:
    """The ARN of a role that may read queues."""
    arn = aws.role()
    may = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    document = policy(Effect="Allow", Action=may, Resource="*")
    aws.iam.put_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="read", PolicyDocument=document)
    return arn


def source(
    aws: Aws, queue: dict[str, str] | None = None, function: dict[str, Any] | None = None, **more: Any
) -> None:
    name = aws.function(Role=reader(aws), **(function or {}))
    arn = aws.queue_arn(aws.queue(**(queue or {})))
    aws.lambda_.create_event_source_mapping(**({"FunctionName": name, "EventSourceArn": arn} | more))


for _sentence, _queue, _function, _more in (
    (
        "A queue hides messages for as long as the function runs.",
        {"VisibilityTimeout": "30"},
        {"Timeout": 60},
        {},
    ),
    ("A batch of more than ten waits for its window.", {}, {}, {"BatchSize": 100}),
    ("A source is there.", {}, {}, {"EventSourceArn": "arn:aws:sqs:us-east-1:111122223333:none"}),
):
    refused(
        "Lambda",
        "InvalidParameterValueException",
        _sentence,
        SOURCES,
        lambda a, _q=_queue, _f=_function, _m=_more: source(a, _q, _f, **_m),
    )


@probe("Lambda", SOURCES, "InvalidParameterValueException")
def may_not_read(aws: Aws) -> None:
    """A function's role may read the queue that it is to read from."""
    name, arn = aws.function(), aws.queue_arn(aws.queue())
    aws.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)


@probe("Lambda", SOURCES, "ResourceConflictException")
def same_source(aws: Aws) -> None:
    """A function reads a queue once."""
    name, arn = aws.function(Role=reader(aws)), aws.queue_arn(aws.queue())
    for _ in range(2):
        aws.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)


@probe("Lambda", "Lambda Developer Guide, Implementing partial batch responses; Using Lambda with Amazon SQS")
def delivered(aws: Aws) -> None:
    """A message reaches the function, and leaves the queue when it was handled."""
    code = "import json\ndef handler(event, c): print('got', event['Records'][0]['body'])\n"
    name, url = aws.function(code, Role=reader(aws)), aws.queue()
    aws.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=aws.queue_arn(url))
    aws.sqs.send_message(QueueUrl=url, MessageBody="hi")

    def logged() -> bool:
        group = f"/aws/lambda/{name}"
        if not aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return False
        found = aws.logs.filter_log_events(logGroupName=group)["events"]
        return any("got hi" in event["message"] for event in found)

    assert within(8, logged), "the message did not arrive"
    same(aws.sqs.receive_message(QueueUrl=url).get("Messages", []), [])


@probe(
    "Lambda",
    "Lambda Developer Guide, Attaching Lambda functions to resources in a VPC",
    "InvalidParameterValueException",
)
def no_interfaces(aws: Aws) -> None:
    """A function in a VPC has a role that may make interfaces."""
    vpc = aws.vpc()
    create(aws, VpcConfig={"SubnetIds": [aws.subnet(vpc)], "SecurityGroupIds": [aws.group(vpc)]})
