"""Step Functions in MiniStack, put right where executions run.

Retries wait as they say, a function's failures have Step Functions' names, a task may do what the state
machine's role may, and what another emulator keeps is asked for through the gateway's door. Sources: Step
Functions Developer Guide, "Handling errors in Step Functions workflows", "Invoke an AWS Lambda function with
Step Functions", "Creating an IAM role for your state machine", "Integrating services with Step Functions".
"""

from __future__ import annotations

import contextvars
import datetime as dt
import json
import os
import random
import re
import secrets
from collections.abc import Mapping
from typing import Any

from cloudlings.sandbox.emulators import ministack_delivery as delivery
from cloudlings.sandbox.emulators.ministack_roles import role_may
from cloudlings.sandbox.routes import BY_MODEL

_OPTIMIZED = re.compile(r"arn:aws:states:::(lambda|sqs|sns|dynamodb|events|states):(\w+)")
_SDK = re.compile(r"arn:aws:states:::aws-sdk:(\w+):(\w+)")
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:.+")
# How Step Functions names what a service refuses.
_REFUSED = {
    "lambda": "Lambda.AWSLambdaException",
    "sqs": "SQS.AmazonSQSException",
    "sns": "SNS.AmazonSNSException",
    "dynamodb": "DynamoDB.AmazonDynamoDBException",
    "events": "EventBridge.AmazonEventBridgeException",
    "states": "StepFunctions.AWSStepFunctionsException",
}
_SDK_NAMES = {
    "sfn": "stepfunctions",
    "elasticloadbalancingv2": "elbv2",
    "elasticloadbalancing": "elb",
    "costexplorer": "ce",
    "applicationautoscaling": "application-autoscaling",
    "servicequotas": "service-quotas",
}

_role: contextvars.ContextVar[str] = contextvars.ContextVar("role", default="")


def correct(states: Any) -> None:
    """Put MiniStack's Step Functions right."""
    execute, invoke, find = states._execute_task, states._invoke_resource, states._find_matching_retrier
    sdk, start = states._invoke_aws_sdk_integration, states._start_execution

    def execute_task(state: Any, given: Any, execution: Any, context: Any) -> Any:
        machine = states._state_machines.get((execution or {}).get("stateMachineArn", "")) or {}
        chosen = _role.set(str(machine.get("roleArn") or ""))
        try:
            return execute(state, given, execution, context)
        finally:
            _role.reset(chosen)

    def invoke_resource(resource: str, given: Any) -> Any:
        _require(states, resource, given)
        result = invoke(resource, given)
        if "states:::lambda:invoke" in resource and isinstance(result, dict):
            ref = states._resolve_lambda_function_ref(given.get("FunctionName", ""), optimized=True)
            return _invoked(ref, result)
        return result

    def find_retrier(retriers: Any, error: str, counts: dict[int, int]) -> Any:
        found, number = find(retriers, error, counts)
        return (
            (_with_its_wait(found, counts.get(number, 0)), number) if found is not None else (found, number)
        )

    def integrate(resource: str, given: Any) -> Any:
        named = _SDK.match(resource)
        service = _SDK_NAMES.get(named[1].lower(), named[1].lower()) if named is not None else ""
        route = BY_MODEL.get(service)
        if named is None or route is None or route.emulator != "moto":
            return sdk(resource, given)
        return _elsewhere(states, service, named[2], given)

    def start_execution(data: dict[str, Any]) -> Any:
        running = _same(states, data)
        return running if running is not None else start(data)

    states._execute_task = execute_task
    states._invoke_resource = invoke_resource
    states._find_matching_retrier = find_retrier
    states._invoke_aws_sdk_integration = integrate
    states._call_lambda = lambda ref, event: _call(states, ref, event)
    states._start_execution = start_execution


def _with_its_wait(retrier: Mapping[str, Any], count: int) -> dict[str, Any]:
    """A retrier whose next wait is written out: no longer than its most, and jittered where it is to be."""
    wait = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** count
    if retrier.get("MaxDelaySeconds") is not None:
        wait = min(wait, float(retrier["MaxDelaySeconds"]))
    if retrier.get("JitterStrategy") == "FULL":
        wait = random.uniform(0, wait)
    return {**retrier, "IntervalSeconds": wait, "BackoffRate": 1.0}


def _same(states: Any, data: Mapping[str, Any]) -> Any:
    """The answer to a start that was asked for before: the same name and input, while it runs."""
    from ministack.core.responses import json_response

    machine = states._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    name = data.get("name")
    if machine is None or not name:
        return None
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    running = states._executions.get(arn)
    if not running or running["status"] != "RUNNING" or running["input"] != data.get("input", "{}"):
        return None
    return json_response({"executionArn": arn, "startDate": running["startDate"]})


# --- functions ------------------------------------------------------------------------------------


def _call(states: Any, ref: str, event: Any) -> Any:
    """Invoke a function and wait for it."""
    from ministack.services import lambda_svc

    found, config, name = lambda_svc._get_func_record_for_ref(ref)
    if not found or not config:
        raise states._ExecutionError("Lambda.ResourceNotFoundException", f"Function not found: {name}")
    result = lambda_svc._execute_function_with_config_scope(delivery.record(ref, found, config), event)
    body = result.get("body")
    if result.get("throttle"):
        raise states._ExecutionError("Lambda.TooManyRequestsException", "Rate Exceeded.")
    if result.get("error"):
        told = body if isinstance(body, dict) else {"errorMessage": str(body), "errorType": "Lambda.Unknown"}
        raise states._ExecutionError(told.get("errorType", "Lambda.Unknown"), json.dumps(told))
    return body


def _invoked(ref: str, result: dict[str, Any]) -> dict[str, Any]:
    """What the optimised integration adds to a function's payload."""
    from ministack.core.responses import new_uuid
    from ministack.services import lambda_svc

    _, config, _ = lambda_svc._get_func_record_for_ref(ref)
    number = new_uuid()
    return {
        "ExecutedVersion": (config or {}).get("Version", "$LATEST"),
        **result,
        "SdkHttpMetadata": {"HttpStatusCode": 200, "HttpHeaders": {"x-amzn-RequestId": number}},
        "SdkResponseMetadata": {"RequestId": number},
    }


# --- rights ---------------------------------------------------------------------------------------


def _require(states: Any, resource: str, given: Any) -> None:
    """Refuse what the state machine's role may not do. Raises an error of the execution."""
    service, action, target = _needs(resource, given if isinstance(given, dict) else {})
    role = _role.get()
    if not service or not role or role_may(role, action, target):
        return
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/execution"
    said = (
        f"User: {session} is not authorized to perform: {action} on resource: {target} "
        f"because no identity-based policy allows the {action} action"
    )
    raise states._ExecutionError(_REFUSED[service], said)


def _needs(resource: str, given: Mapping[str, Any]) -> tuple[str, str, str]:
    """The service, the action and the resource that a task needs; "" where it is not decided here."""
    from ministack.core.responses import get_account_id, get_region

    if _FUNCTION.fullmatch(resource):
        return "lambda", "lambda:InvokeFunction", resource
    found = _OPTIMIZED.match(resource)
    if found is None:
        return "", "", ""
    service, operation = found[1], found[2][0].upper() + found[2][1:]
    place = f"{get_region()}:{get_account_id()}"
    target = "*"
    if service == "lambda":
        operation, name = "InvokeFunction", str(given.get("FunctionName", ""))
        target = name if name.startswith("arn:") else f"arn:aws:lambda:{place}:function:{name}"
    elif service == "sqs":
        target = f"arn:aws:sqs:{place}:{str(given.get('QueueUrl', '')).rpartition('/')[2]}"
    elif service == "sns":
        target = str(given.get("TopicArn", "*"))
    elif service == "dynamodb":
        name = str(given.get("TableName", ""))
        target = name if name.startswith("arn:") else f"arn:aws:dynamodb:{place}:table/{name}"
    elif service == "states":
        target = str(given.get("StateMachineArn", "*"))
    elif service == "events":
        target = f"arn:aws:events:{place}:event-bus/default"
    return service, f"{service}:{operation}", target


# --- other emulators ------------------------------------------------------------------------------


def _elsewhere(states: Any, service: str, operation: str, given: Any) -> Any:
    """Call a service that another emulator has, as the state machine's role."""
    import botocore.session
    from botocore.exceptions import BotoCoreError, ClientError
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import sts

    key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(20)
    role = _role.get() or f"arn:aws:iam::{get_account_id()}:role/none"
    arn = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/execution"
    sts.register_session(
        key, {"Arn": arn, "UserId": arn.rpartition("/")[2], "SecretAccessKey": secret, "SessionToken": token}
    )
    try:
        client = botocore.session.Session().create_client(
            service,
            get_region(),
            endpoint_url=os.environ["AWS_ENDPOINT_URL"],
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )
        answer = client._make_api_call(operation[0].upper() + operation[1:], given or {})
    except ClientError as error:
        said = error.response["Error"]
        name = states._prefix_sdk_error(service, said.get("Code", ""))
        raise states._ExecutionError(name, said.get("Message", "")) from None
    except BotoCoreError as error:
        raise states._ExecutionError("States.Runtime", str(error)) from None
    finally:
        sts._sessions.pop(key, None)
    return _plain({name: value for name, value in answer.items() if name != "ResponseMetadata"})


def _plain(value: Any) -> Any:
    """An answer as JSON has it: names with a capital, moments as text."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value
