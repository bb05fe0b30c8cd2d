"""Functions and events: a warm and a cold call through the gateway; a queue to a queue by a function."""

from __future__ import annotations

import io
import json
import statistics
import time
import zipfile
from typing import Any

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.emulators import function_box

ACCOUNT = "111122223333"
WARM, COLD, MESSAGES = 200, 12, 40
ECHO = "def handler(event, context):\n    return event\n"
RELAY = (
    "import os, boto3\nsqs = boto3.client('sqs')\ndef handler(event, context):\n"
    "    for record in event['Records']:\n"
    "        sqs.send_message(QueueUrl=os.environ['OUT'], MessageBody=record['body'])\n"
)


def run() -> dict[str, float]:
    """Milliseconds by name (medians, 90th percentiles), and whether the code ran in a box (1) or not (0)."""
    with Sandbox.temporary() as sandbox:
        sandbox.provision(ACCOUNT)
        session = sandbox.session(ACCOUNT, "learner", "us-east-1")
        clients = {name: session.client(name) for name in ("lambda", "sqs", "iam")}
        role = _role(clients["iam"])
        figures = _calls(clients["lambda"], role) | _relayed(clients, role)
    return figures | {"boxed": float(function_box.available())}


def _role(iam: Any) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    iam.put_role_policy(RoleName="bench", PolicyName="may", PolicyDocument=_policy(may))
    return str(made)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _function(functions: Any, role: str, name: str, code: str, **variables: str) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handler",
        Role=role,
        Timeout=10,
        Code={"ZipFile": packed.getvalue()},
        Environment={"Variables": variables},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return name


def _calls(functions: Any, role: str) -> dict[str, float]:
    cold = []
    for number in range(COLD):
        name = _function(functions, role, f"echo-{number}", ECHO)
        cold.append(_took(functions, name))
    warm = [_took(functions, name) for _ in range(WARM)]
    return _figures("cold_call", cold) | _figures("warm_call", warm)


def _took(functions: Any, name: str) -> float:
    began = time.perf_counter()
    functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
    return (time.perf_counter() - began) * 1000


def _relayed(clients: dict[str, Any], role: str) -> dict[str, float]:
    """From the moment a message is sent to a queue to the moment it is received from the next one."""
    sqs = clients["sqs"]
    source, out = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("source", "out"))
    _function(clients["lambda"], role, "relay", RELAY, OUT=out)
    arn = sqs.get_queue_attributes(QueueUrl=source, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients["lambda"].create_event_source_mapping(FunctionName="relay", EventSourceArn=arn)
    taken = []
    for number in range(MESSAGES + 1):
        began = time.perf_counter()
        sqs.send_message(QueueUrl=source, MessageBody=str(number))
        while not (found := sqs.receive_message(QueueUrl=out, WaitTimeSeconds=5).get("Messages")):
            continue
        taken.append((time.perf_counter() - began) * 1000)
        sqs.delete_message(QueueUrl=out, ReceiptHandle=found[0]["ReceiptHandle"])
    # The first one starts the function.
    return _figures("queue_to_queue", taken[1:])


def _figures(name: str, taken: list[float]) -> dict[str, float]:
    return {
        f"{name}_ms": statistics.median(taken),
        f"{name}_p90_ms": statistics.quantiles(taken, n=10)[-1],
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:40} {value:10.2f}")
