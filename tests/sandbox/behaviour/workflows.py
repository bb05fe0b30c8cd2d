"""Step Functions: states, data flow, errors, and the services that tasks call."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from tests.sandbox.behaviour.probe import Aws, probe, refused, same, within
from tests.sandbox.behaviour.wiring import able_role, bodies, function_arn

STATES = "Step Functions Developer Guide, Workflow states"
ERRORS = "Step Functions Developer Guide, Handling errors in Step Functions workflows"
DATA = "Step Functions Developer Guide, Processing input and output in Step Functions"
INTRINSICS = "Step Functions Developer Guide, Intrinsic functions for JSONPath states"
JSONATA = "Step Functions Developer Guide, Transforming data with JSONata"
INTEGRATIONS = "Step Functions Developer Guide, Integrating services with Step Functions"
CREATE = "Step Functions API reference, CreateStateMachine"
EXPRESS = "Step Functions API reference, StartSyncExecution"
MAY = ("lambda:InvokeFunction", "sqs:*", "sns:*", "dynamodb:*", "events:*", "states:*", "ec2:DescribeVpcs")
INVOKE = "arn:aws:states:::lambda:invoke"


def machine(aws: Aws, states: dict[str, Any], start: str = "", **more: Any) -> str:
    """A state machine's ARN; the first state starts."""
    definition = {"StartAt": start or next(iter(states)), "States": states} | more.pop("top", {})
    made: str = aws.stepfunctions.create_state_machine(
        name=aws.name("m"),
        roleArn=able_role(aws, *MAY, service="states"),
        definition=json.dumps(definition),
        **more,
    )["stateMachineArn"]
    return made


def execution(aws: Aws, arn: str, given: Any = None, seconds: float = 15) -> dict[str, Any]:
    """An execution once it has ended."""
    made = aws.stepfunctions.start_execution(
        stateMachineArn=arn, input=json.dumps({} if given is None else given)
    )

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = aws.stepfunctions.describe_execution(executionArn=made["executionArn"])
        return found if found["status"] != "RUNNING" else None

    found = within(seconds, ended)
    assert found, "the execution goes on"
    return dict(found)


def run(aws: Aws, states: dict[str, Any], given: Any = None, **more: Any) -> Any:
    """What an execution puts out; an AssertionError when it fails."""
    found = execution(aws, machine(aws, states, **more), given)
    assert found["status"] == "SUCCEEDED", (found["status"], found.get("error"), found.get("cause"))
    return json.loads(found["output"])


def failing(aws: Aws, code: str = "raise ValueError('no')", **more: Any) -> str:
    """The ARN of a function."""
    return function_arn(aws, aws.function(f"def handler(event, context):\n    {code}\n", **more))


def task(arn: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": arn, "End": True} | more


@probe("Step Functions", STATES)
def passed(aws: Aws) -> None:
    """A Pass state puts its result where it is told."""
    state = {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.made", "End": True}
    same(run(aws, {"A": state}, {"given": 2}), {"given": 2, "made": {"x": 1}})


@probe("Step Functions", DATA)
def data_flow(aws: Aws) -> None:
    """InputPath, Parameters, ResultSelector, ResultPath and OutputPath apply in their order."""
    arn = failing(aws, "return {'sum': event['a'] + event['b'], 'noise': 1}")
    state = task(
        arn,
        InputPath="$.numbers",
        Parameters={"a.$": "$.a", "b.$": "$.b"},
        ResultSelector={"total.$": "$.sum"},
        ResultPath="$.result",
        OutputPath="$.result.total",
    )
    same(run(aws, {"A": state}, {"numbers": {"a": 2, "b": 3}}), 5)


@probe("Step Functions", STATES)
def chosen(aws: Aws) -> None:
    """A Choice state takes the first rule that holds, and the default otherwise."""
    rules = [
        {
            "And": [
                {"Variable": "$.n", "NumericGreaterThan": 10},
                {"Variable": "$.k", "StringMatches": "a*"},
            ],
            "Next": "B",
        },
        {"Not": {"Variable": "$.flag", "IsPresent": True}, "Next": "C"},
    ]
    states: dict[str, Any] = {"A": {"Type": "Choice", "Choices": rules, "Default": "D"}}
    states |= {name: {"Type": "Pass", "Result": name, "End": True} for name in "BCD"}
    arn = machine(aws, states)
    found = [
        json.loads(execution(aws, arn, given)["output"])
        for given in ({"n": 11, "k": "ab", "flag": 1}, {"n": 1, "k": "x"}, {"n": 1, "k": "x", "flag": 1})
    ]
    same(found, ["B", "C", "D"])


@probe(
    "Step Functions",
    "Step Functions Developer Guide, Choice workflow state; error names: States.NoChoiceMatched",
)
def no_choice(aws: Aws) -> None:
    """A Choice state in which nothing holds fails with States.NoChoiceMatched."""
    states = {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "B"}]},
        "B": {"Type": "Succeed"},
    }
    found = execution(aws, machine(aws, states), {"n": 2})
    same((found["status"], found["error"]), ("FAILED", "States.NoChoiceMatched"))


@probe("Step Functions", STATES)
def waited(aws: Aws) -> None:
    """A Wait state waits for its seconds."""
    began = time.monotonic()
    run(aws, {"A": {"Type": "Wait", "SecondsPath": "$.s", "Next": "B"}, "B": {"Type": "Succeed"}}, {"s": 1})
    assert 0.9 < time.monotonic() - began < 6


@probe("Step Functions", STATES)
def failed(aws: Aws) -> None:
    """A Fail state gives its error and its cause to the execution."""
    found = execution(
        aws, machine(aws, {"A": {"Type": "Fail", "Error": "Shop.Closed", "Cause": "It is night."}})
    )
    same((found["status"], found["error"], found["cause"]), ("FAILED", "Shop.Closed", "It is night."))


@probe("Step Functions", STATES)
def in_parallel(aws: Aws) -> None:
    """A Parallel state gives its input to each branch, and puts their outputs in a list in order."""
    branch = [
        {"StartAt": n, "States": {n: {"Type": "Pass", "Parameters": {"n": n, "in.$": "$.x"}, "End": True}}}
        for n in "ab"
    ]
    found = run(aws, {"P": {"Type": "Parallel", "Branches": branch, "End": True}}, {"x": 1})
    same(found, [{"n": "a", "in": 1}, {"n": "b", "in": 1}])


@probe("Step Functions", STATES)
def a_branch_fails(aws: Aws) -> None:
    """A Parallel state fails with its branch's error, which a Catch gets."""
    branches = [
        {"StartAt": "X", "States": {"X": {"Type": "Fail", "Error": "Bad", "Cause": "c"}}},
        {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "End": True}}},
    ]
    catch = [{"ErrorEquals": ["Bad"], "ResultPath": "$.error", "Next": "Z"}]
    states = {
        "P": {"Type": "Parallel", "Branches": branches, "Catch": catch, "End": True},
        "Z": {"Type": "Succeed"},
    }
    same(run(aws, states, {"x": 1}), {"x": 1, "error": {"Error": "Bad", "Cause": "c"}})


@probe("Step Functions", "Step Functions Developer Guide, Using Map state in Inline mode")
def mapped(aws: Aws) -> None:
    """A Map state runs its states for each item, with its index and its value."""
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    state = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 1,
        "ItemProcessor": inner,
        "End": True,
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.x"},
    }
    found = run(aws, {"M": state}, {"items": ["a", "b"], "x": 9})
    same(found, [{"i": 0, "v": "a", "all": 9}, {"i": 1, "v": "b", "all": 9}])


@probe("Step Functions", ERRORS)
def retried(aws: Aws) -> None:
    """A Retry on a function's error type tries again, and the task succeeds once it does."""
    code = (
        "import os\nclass Busy(Exception): pass\ncount = 0\ndef handler(event, context):\n    global count\n"
        "    count += 1\n    if count < 3: raise Busy('later')\n    return count\n"
    )
    arn = function_arn(aws, aws.function(code))
    retry = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 1.0}]
    began = time.monotonic()
    same(run(aws, {"A": task(arn, Retry=retry)}), 3)
    assert time.monotonic() - began > 1.9


@probe("Step Functions", ERRORS)
def backed_off(aws: Aws) -> None:
    """The wait before a retry grows by the rate, and not beyond its most."""
    arn = failing(aws)
    retry = [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1,
            "MaxAttempts": 3,
            "BackoffRate": 8.0,
            "MaxDelaySeconds": 2,
        }
    ]
    began = time.monotonic()
    found = execution(aws, machine(aws, {"A": task(arn, Retry=retry)}), seconds=25)
    same((found["status"], found["error"]), ("FAILED", "ValueError"))
    assert 4.8 < time.monotonic() - began < 12, time.monotonic() - began


@probe("Step Functions", ERRORS)
def other_errors(aws: Aws) -> None:
    """A Retry does not try again for an error that it does not name."""
    arn = failing(aws)
    retry = [{"ErrorEquals": ["KeyError"], "IntervalSeconds": 1, "MaxAttempts": 3}]
    made = machine(aws, {"A": task(arn, Retry=retry)})
    found = execution(aws, made)
    events = aws.stepfunctions.get_execution_history(executionArn=found["executionArn"])["events"]
    names = [event["type"] for event in events]
    same(sum(name.endswith("Scheduled") for name in names), 1)


@probe("Step Functions", ERRORS)
def caught(aws: Aws) -> None:
    """A Catch gets the error's type, and the function's error as JSON for a cause."""
    arn = failing(aws)
    catch = [{"ErrorEquals": ["ValueError"], "ResultPath": "$.error", "Next": "B"}]
    found = run(aws, {"A": task(arn, Catch=catch), "B": {"Type": "Pass", "End": True}}, {"order": 7})
    same((found["order"], found["error"]["Error"]), (7, "ValueError"))
    cause = json.loads(found["error"]["Cause"])
    same((cause["errorType"], cause["errorMessage"]), ("ValueError", "no"))


@probe("Step Functions", ERRORS)
def task_failed(aws: Aws) -> None:
    """States.TaskFailed catches any error of a task but a timeout."""
    arn = failing(aws)
    catch = [
        {"ErrorEquals": ["States.Timeout"], "Next": "T"},
        {"ErrorEquals": ["States.TaskFailed"], "Next": "F"},
    ]
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in "TF"}
    same(run(aws, {"A": task(arn, Catch=catch)} | ends), "F")


@probe("Step Functions", ERRORS)
def timed_out(aws: Aws) -> None:
    """A task that takes longer than its TimeoutSeconds fails with States.Timeout."""
    arn = failing(aws, "__import__('time').sleep(5)", Timeout=10)
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "T"}]
    found = run(
        aws,
        {"A": task(arn, TimeoutSeconds=1, Catch=catch), "T": {"Type": "Pass", "Result": "late", "End": True}},
    )
    same(found, "late")


@probe("Step Functions", ERRORS)
def function_gone(aws: Aws) -> None:
    """A function that is not there fails its task with Lambda.ResourceNotFoundException."""
    state = task(INVOKE, Parameters={"FunctionName": "none", "Payload": {}})
    found = execution(aws, machine(aws, {"A": state}))
    same((found["status"], found["error"]), ("FAILED", "Lambda.ResourceNotFoundException"))


@probe("Step Functions", ERRORS)
def throttled(aws: Aws) -> None:
    """A throttled function fails its task with Lambda.TooManyRequestsException."""
    name = aws.function()
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    found = execution(
        aws, machine(aws, {"A": task(INVOKE, Parameters={"FunctionName": name, "Payload": {}})})
    )
    same((found["status"], found["error"]), ("FAILED", "Lambda.TooManyRequestsException"))


@probe("Step Functions", "Step Functions Developer Guide, Invoke an AWS Lambda function with Step Functions")
def invoked(aws: Aws) -> None:
    """The optimised invocation answers with the payload, the version and the status."""
    name = aws.function("def handler(event, context): return {'got': event}\n")
    state = task(INVOKE, Parameters={"FunctionName": name, "Payload": {"n.$": "$.n"}})
    found = run(aws, {"A": state}, {"n": 4})
    same(
        (found["Payload"], found["StatusCode"], found["ExecutedVersion"]), ({"got": {"n": 4}}, 200, "$LATEST")
    )


for _sentence, _expression, _expected in (
    ("States.Format fills in its template.", "States.Format('Hello, {}!', $.name)", "Hello, ada!"),
    ("States.Array makes a list.", "States.Array($.name, 1)", ["ada", 1]),
    ("States.ArrayPartition splits a list.", "States.ArrayPartition($.list, 2)", [[1, 2], [3, 4], [5]]),
    ("States.ArrayContains looks into a list.", "States.ArrayContains($.list, 3)", True),
    ("States.ArrayRange counts with its step.", "States.ArrayRange(1, 7, 3)", [1, 4, 7]),
    ("States.ArrayGetItem takes one of a list.", "States.ArrayGetItem($.list, 2)", 3),
    ("States.ArrayLength counts a list.", "States.ArrayLength($.list)", 5),
    ("States.ArrayUnique drops what is there twice.", "States.ArrayUnique($.twice)", [1, 2]),
    ("States.Base64Encode encodes.", "States.Base64Encode($.name)", "YWRh"),
    ("States.Base64Decode decodes.", "States.Base64Decode('YWRh')", "ada"),
    ("States.Hash hashes.", "States.Hash($.name, 'SHA-1')", "3ce2c2a3f1b7d45ad3ca7fc0b1ae0ac6a1f07aea"),
    ("States.JsonMerge merges two objects.", "States.JsonMerge($.a, $.b, false)", {"x": 1, "y": 2}),
    ("States.StringToJson reads JSON.", "States.StringToJson($.json)", {"k": 1}),
    ("States.JsonToString writes JSON.", "States.JsonToString($.a)", '{"x":1}'),
    ("States.MathAdd adds.", "States.MathAdd($.n, -1)", 4),
    ("States.StringSplit splits a text.", "States.StringSplit('a,b,c', ',')", ["a", "b", "c"]),
):

    @probe("Step Functions", INTRINSICS, sentence=_sentence)
    def intrinsic(aws: Aws, _e: str = _expression, _x: Any = _expected) -> None:
        import hashlib

        given = {
            "name": "ada",
            "list": [1, 2, 3, 4, 5],
            "twice": [1, 2, 1],
            "a": {"x": 1},
            "b": {"y": 2},
            "json": '{"k": 1}',
            "n": 5,
        }
        expected = hashlib.sha1(b"ada").hexdigest() if "Hash" in _e else _x
        same(run(aws, {"A": {"Type": "Pass", "Parameters": {"v.$": _e}, "End": True}}, given)["v"], expected)


@probe("Step Functions", JSONATA)
def jsonata(aws: Aws) -> None:
    """A JSONata state has expressions in its output, and variables for later states."""
    states = {
        "A": {"Type": "Pass", "Assign": {"total": "{% $sum($states.input.lines.price) %}"}, "Next": "B"},
        "B": {"Type": "Pass", "End": True, "Output": {"total": "{% $total %}", "many": "{% $total > 10 %}"}},
    }
    given = {"lines": [{"price": 5}, {"price": 7}]}
    same(run(aws, states, given, top={"QueryLanguage": "JSONata"}), {"total": 12, "many": True})


@probe("Step Functions", JSONATA)
def jsonata_choice(aws: Aws) -> None:
    """A Choice state in JSONata has conditions."""
    states = {
        "A": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.n > 5 %}", "Next": "B"}],
            "Default": "C",
        },
        "B": {"Type": "Pass", "Output": "large", "End": True},
        "C": {"Type": "Pass", "Output": "small", "End": True},
    }
    arn = machine(aws, states, top={"QueryLanguage": "JSONata"})
    same([json.loads(execution(aws, arn, {"n": n})["output"]) for n in (9, 1)], ["large", "small"])


# --- services -------------------------------------------------------------------------------------


@probe("Step Functions", INTEGRATIONS)
def sends(aws: Aws) -> None:
    """A task sends a message to a queue, and answers with its id."""
    url = aws.queue()
    state = task("arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": url, "MessageBody.$": "$"})
    assert run(aws, {"A": state}, {"n": 1})["MessageId"]
    same(bodies(aws, url), [{"n": 1}])


@probe("Step Functions", INTEGRATIONS)
def writes(aws: Aws) -> None:
    """Tasks put an item into a table and get it back."""
    table = aws.table()
    states = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "ResultPath": None,
            "Next": "B",
            "Parameters": {"TableName": table, "Item": {"pk": {"S.$": "$.id"}, "n": {"N": "3"}}},
        },
        "B": task(
            "arn:aws:states:::dynamodb:getItem",
            ResultSelector={"n.$": "$.Item.n.N"},
            Parameters={"TableName": table, "Key": {"pk": {"S.$": "$.id"}}},
        ),
    }
    same(run(aws, states, {"id": "a"}), {"n": "3"})


@probe("Step Functions", INTEGRATIONS)
def a_condition_fails(aws: Aws) -> None:
    """A table's refusal fails the task with the error of DynamoDB."""
    table = aws.table()
    state = task(
        "arn:aws:states:::dynamodb:putItem",
        Parameters={
            "TableName": table,
            "Item": {"pk": {"S": "a"}},
            "ConditionExpression": "attribute_exists(pk)",
        },
    )
    found = execution(aws, machine(aws, {"A": state}))
    same(found["error"], "DynamoDB.ConditionalCheckFailedException")


@probe("Step Functions", INTEGRATIONS)
def by_the_sdk(aws: Aws) -> None:
    """A task calls any service by the SDK's names."""
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    state = task(
        "arn:aws:states:::aws-sdk:s3:listObjectsV2",
        Parameters={"Bucket": bucket},
        ResultSelector={"key.$": "$.Contents[0].Key"},
    )
    same(run(aws, {"A": state}), {"key": "a"})


@probe("Step Functions", "Step Functions Developer Guide, Integrating services; Across the emulators: EC2")
def by_the_sdk_elsewhere(aws: Aws) -> None:
    """A task calls EC2 by the SDK's names, and sees what the account has there."""
    vpc = aws.vpc()
    state = task(
        "arn:aws:states:::aws-sdk:ec2:describeVpcs",
        Parameters={"VpcIds": [vpc]},
        ResultSelector={"block.$": "$.Vpcs[0].CidrBlock"},
    )
    same(run(aws, {"A": state}), {"block": "10.0.0.0/16"})


@probe("Step Functions", "Step Functions Developer Guide, Wait for a callback with the task token")
def called_back(aws: Aws) -> None:
    """A task that waits for its token goes on when it is sent back."""
    url = aws.queue()
    state = task(
        "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        Parameters={"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
    )
    arn = machine(aws, {"A": state})
    made = aws.stepfunctions.start_execution(stateMachineArn=arn)["executionArn"]
    (found,) = bodies(aws, url)
    same(aws.stepfunctions.describe_execution(executionArn=made)["status"], "RUNNING")
    aws.stepfunctions.send_task_success(taskToken=found["token"], output='{"fine": true}')

    def output() -> str:
        text: str = aws.stepfunctions.describe_execution(executionArn=made).get("output", "")
        return text

    same(json.loads(within(5, output)), {"fine": True})


@probe("Step Functions", "Step Functions Developer Guide, Start workflow executions from a task state")
def nested(aws: Aws) -> None:
    """A task runs another state machine to its end."""
    inner = machine(aws, {"A": {"Type": "Pass", "Result": {"x": 1}, "End": True}})
    state = task(
        "arn:aws:states:::states:startExecution.sync:2",
        Parameters={"StateMachineArn": inner, "Input": {}},
        OutputPath="$.Output",
    )
    same(run(aws, {"A": state}), {"x": 1})


@probe("Step Functions", EXPRESS)
def express(aws: Aws) -> None:
    """An express workflow answers synchronously, with its output or its error."""
    arn = machine(aws, {"A": {"Type": "Pass", "Result": 5, "End": True}}, type="EXPRESS")
    found = aws.stepfunctions.start_sync_execution(stateMachineArn=arn)
    same((found["status"], found["output"]), ("SUCCEEDED", "5"))
    arn = machine(aws, {"A": {"Type": "Fail", "Error": "E", "Cause": "c"}}, type="EXPRESS")
    found = aws.stepfunctions.start_sync_execution(stateMachineArn=arn)
    same((found["status"], found["error"], found["cause"]), ("FAILED", "E", "c"))


refused(
    "Step Functions",
    "StateMachineTypeNotSupported",
    "A standard workflow is not started synchronously.",
    EXPRESS,
    lambda a: a.stepfunctions.start_sync_execution(stateMachineArn=machine(a, {"A": {"Type": "Succeed"}})),
)


@probe("Step Functions", "Step Functions API reference, StopExecution")
def stopped(aws: Aws) -> None:
    """An execution that is stopped is ABORTED at once."""
    arn = machine(aws, {"A": {"Type": "Wait", "Seconds": 60, "End": True}})
    made = aws.stepfunctions.start_execution(stateMachineArn=arn)["executionArn"]
    aws.stepfunctions.stop_execution(executionArn=made, error="E", cause="c")
    found = aws.stepfunctions.describe_execution(executionArn=made)
    same((found["status"], found.get("error")), ("ABORTED", "E"))


@probe("Step Functions", "Step Functions API reference, StartExecution")
def same_name(aws: Aws) -> None:
    """A name with the same input is the same execution while it runs; with another it is refused."""
    arn = machine(aws, {"A": {"Type": "Wait", "Seconds": 30, "End": True}})
    made = [
        aws.stepfunctions.start_execution(stateMachineArn=arn, name="one", input="{}")["executionArn"]
        for _ in range(2)
    ]
    same(made[0], made[1])
    try:
        aws.stepfunctions.start_execution(stateMachineArn=arn, name="one", input='{"other": 1}')
    except aws.stepfunctions.exceptions.ExecutionAlreadyExists:
        aws.stepfunctions.stop_execution(executionArn=made[0])
    else:
        raise AssertionError("it was started")


@probe("Step Functions", "Step Functions API reference, GetExecutionHistory")
def history(aws: Aws) -> None:
    """A history has the execution's start, each state's way in and out, and its end."""
    found = execution(aws, machine(aws, {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}))
    events = aws.stepfunctions.get_execution_history(executionArn=found["executionArn"])["events"]
    same(
        [event["type"] for event in events],
        [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ],
    )


def one_state(aws: Aws, state: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
    role = able_role(aws, *MAY, service="states")
    found: dict[str, Any] = aws.stepfunctions.test_state(
        definition=json.dumps(state), roleArn=role, input=json.dumps(given or {}), **more
    )
    return found


@probe("Step Functions", "Step Functions API reference, TestState")
def tested(aws: Aws) -> None:
    """One state can be tested by itself: its output, its next state, its error."""
    found = one_state(aws, {"Type": "Pass", "Parameters": {"v.$": "$.n"}, "Next": "B"}, {"n": 3})
    same((found["status"], json.loads(found["output"]), found["nextState"]), ("SUCCEEDED", {"v": 3}, "B"))
    found = one_state(aws, {"Type": "Fail", "Error": "E", "Cause": "c"})
    same((found["status"], found["error"], found["cause"]), ("FAILED", "E", "c"))


# --- definitions ----------------------------------------------------------------------------------

_PASS = {"Type": "Pass", "End": True}
for _sentence, _definition in (
    ("A definition is JSON.", "{"),
    ("A definition starts somewhere.", {"States": {"A": _PASS}}),
    ("A definition starts at a state that is there.", {"StartAt": "B", "States": {"A": _PASS}}),
    ("A definition has states.", {"StartAt": "A"}),
    ("A next state is there.", {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}),
    (
        "A state's type is one that there is.",
        {"StartAt": "A", "States": {"A": {"Type": "Dance", "End": True}}},
    ),
    ("A state goes on or ends.", {"StartAt": "A", "States": {"A": {"Type": "Pass"}}}),
    ("A task has a resource.", {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}}),
    (
        "A Catch leads to a state that is there.",
        {
            "StartAt": "A",
            "States": {
                "A": {
                    "Type": "Task",
                    "Resource": INVOKE,
                    "End": True,
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
                }
            },
        },
    ),
    ("A Choice has choices.", {"StartAt": "A", "States": {"A": {"Type": "Choice"}}}),
    ("A Wait says how long.", {"StartAt": "A", "States": {"A": {"Type": "Wait", "End": True}}}),
    ("A Map has states to run.", {"StartAt": "A", "States": {"A": {"Type": "Map", "End": True}}}),
    ("A Parallel has branches.", {"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": True}}}),
    ("Every state can be reached.", {"StartAt": "A", "States": {"A": _PASS, "B": _PASS}}),
):
    refused(
        "Step Functions",
        "InvalidDefinition",
        _sentence,
        CREATE + "; Amazon States Language specification",
        lambda a, _d=_definition: a.stepfunctions.create_state_machine(
            name="m", roleArn=a.role("states"), definition=_d if isinstance(_d, str) else json.dumps(_d)
        ),
    )
refused(
    "Step Functions",
    "InvalidExecutionInput",
    "An execution's input is JSON.",
    "Step Functions API reference, StartExecution",
    lambda a: a.stepfunctions.start_execution(
        stateMachineArn=machine(a, {"A": {"Type": "Succeed"}}), input="{"
    ),
)
refused(
    "Step Functions",
    "StateMachineDoesNotExist",
    "A state machine that is started is there.",
    "Step Functions API reference, StartExecution",
    lambda a: a.stepfunctions.start_execution(
        stateMachineArn=f"arn:aws:states:us-east-1:{a.account_id}:stateMachine:none"
    ),
)
refused(
    "Step Functions",
    "AccessDeniedException",
    "A state machine's role trusts Step Functions.",
    CREATE,
    lambda a: a.stepfunctions.create_state_machine(
        name="m",
        roleArn=a.role("ec2"),
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
    ),
)


@probe("Step Functions", "Step Functions Developer Guide, Creating an IAM role for your state machine")
def role_may(aws: Aws) -> None:
    """A task may do what the state machine's role may, and no more."""
    url = aws.queue()
    state = task("arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": url, "MessageBody": "x"})
    made = aws.stepfunctions.create_state_machine(
        name=aws.name("m"),
        roleArn=aws.role("states"),
        definition=json.dumps({"StartAt": "A", "States": {"A": state}}),
    )["stateMachineArn"]
    found = execution(aws, made)
    same(found["status"], "FAILED")
    assert "AccessDenied" in found["error"] or "not authorized" in found.get("cause", ""), found


@probe("Step Functions", "Step Functions Developer Guide, Quotas; Handling errors: States.Runtime")
def endless(aws: Aws) -> None:
    """A loop of states can be stopped, and holds nothing else up."""
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "A"}],
            "Default": "C",
        },
        "C": {"Type": "Succeed"},
    }
    made = aws.stepfunctions.start_execution(stateMachineArn=machine(aws, states), input='{"n": 1}')[
        "executionArn"
    ]
    time.sleep(0.5)
    began = time.monotonic()
    aws.queue()
    assert time.monotonic() - began < 3
    with suppress(ClientError):
        aws.stepfunctions.stop_execution(executionArn=made)
    found = within(8, lambda: aws.stepfunctions.describe_execution(executionArn=made)["status"] != "RUNNING")
    assert found, "it goes on"
