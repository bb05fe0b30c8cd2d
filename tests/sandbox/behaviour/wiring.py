"""What probes of functions and events share: roles that may, queues that let in, receiving."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.sandbox.behaviour.probe import Aws, policy, within


def able_role(aws: Aws, *actions: str, service: str = "lambda") -> str:
    """The ARN of a role that a service may take, with these actions on everything."""
    arn = aws.role(service)
    document = policy(Effect="Allow", Action=list(actions), Resource="*")
    aws.iam.put_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="may", PolicyDocument=document)
    return arn


def function_arn(aws: Aws, name: str) -> str:
    """A function's ARN, without a version."""
    found: str = aws.lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
    return found


def let_in(aws: Aws, url: str, *services: str) -> str:
    """A queue's ARN, once its policy lets these services send to it."""
    arn = aws.queue_arn(url)
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    allow = policy(Effect="Allow", Principal=principal, Action="sqs:SendMessage", Resource=arn)
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allow})
    return arn


def open_queue(aws: Aws, *services: str, **attributes: str) -> tuple[str, str]:
    """The URL and the ARN of a queue that these services may send to."""
    url = aws.queue(**attributes)
    return url, let_in(aws, url, *services)


def take(aws: Aws, url: str, count: int = 1, seconds: float = 6) -> list[dict[str, Any]]:
    """Messages received and deleted until there are ``count``, or the time is up; then what still comes."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        wait = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        names = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
        for message in aws.sqs.receive_message(**wait, **names).get("Messages", []):
            found.append(message)
            aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def bodies(aws: Aws, url: str, count: int = 1, seconds: float = 6) -> list[Any]:
    """What messages say, read as JSON where it is."""
    return [_read(message["Body"]) for message in take(aws, url, count, seconds)]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def nothing(aws: Aws, url: str, seconds: float = 1.5) -> bool:
    """Whether nothing arrives at a queue for so long."""
    return not take(aws, url, 1, seconds)


def invoke(aws: Aws, name: str, payload: Any = None, **more: Any) -> tuple[dict[str, Any], Any]:
    """A call of a function, and what it answers."""
    answer = aws.lambda_.invoke(FunctionName=name, Payload=json.dumps(payload), **more)
    return answer, json.loads(answer["Payload"].read() or b"null")


def lines(aws: Aws, name: str, wanted: str, seconds: float = 5) -> list[str]:
    """A function's log, once a line of it has ``wanted``."""
    group = f"/aws/lambda/{name}"

    def look() -> list[str]:
        if not aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        events = aws.logs.filter_log_events(logGroupName=group)["events"]
        found = [event["message"] for event in events]
        return found if any(wanted in line for line in found) else []

    return within(seconds, look) or []


def telling(aws: Aws, url: str, body: str, **more: Any) -> str:
    """A function with ``tell(thing)``, which sends a thing to a queue, and the body of ``handler``."""
    code = (
        "import json, os, boto3\n"
        "sqs = boto3.client('sqs')\n"
        "def tell(thing):\n"
        "    sqs.send_message(QueueUrl=os.environ['QUEUE'], MessageBody=json.dumps(thing))\n"
        "def handler(event, context):\n"
    ) + "".join(f"    {line}\n" for line in body.splitlines())
    actions = ("sqs:*", "dynamodb:*", "kinesis:*", "s3:*", "sns:*", "logs:*", "lambda:*")
    role = more.pop("Role", None) or able_role(aws, *actions)
    environment = {"Variables": {"QUEUE": url}}
    return aws.function(code, Role=role, Environment=environment, Timeout=more.pop("Timeout", 10), **more)


def sourced(aws: Aws, arn: str, name: str, **more: Any) -> str:
    """Wire a source to a function; the mapping's id."""
    made: str = aws.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **more)["UUID"]
    if more.get("Enabled", True):
        within(6, lambda: aws.lambda_.get_event_source_mapping(UUID=made)["State"] == "Enabled")
    return made
