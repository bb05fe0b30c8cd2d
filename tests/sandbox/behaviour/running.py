"""Functions that run: their time, memory, environment, logs, versions, layers, and code that misbehaves."""

from __future__ import annotations

import base64
import io
import json
import re
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError

from tests.sandbox.behaviour.probe import Aws, gives, probe, same, within, zipped
from tests.sandbox.behaviour.wiring import able_role, function_arn, invoke, lines

HANDLER = "Lambda Developer Guide, Define Lambda function handler in Python"
CONTEXT = "Lambda Developer Guide, Using the Lambda context object to retrieve Python function information"
VARIABLES = "Lambda Developer Guide, Working with Lambda environment variables: defined runtime variables"
ENVIRONMENT = "Lambda Developer Guide, Understanding the Lambda execution environment lifecycle"
LOGS = "Lambda Developer Guide, Log and monitor Python Lambda functions"
CONCURRENCY = "Lambda Developer Guide, Configuring reserved concurrency for a function"


def run(aws: Aws, code: str, payload: Any = None, **more: Any) -> tuple[dict[str, Any], Any]:
    return invoke(aws, aws.function(code, **more), payload)


# --- what a function finds ------------------------------------------------------------------------

FINDS = """
import os
def handler(event, context):
    return {name: os.environ.get(name) for name in event}
"""


@probe("Lambda", VARIABLES)
def defined_variables(aws: Aws) -> None:
    """A function finds its name, version, memory, handler, Region and log group in its variables."""
    name = aws.function(FINDS, MemorySize=256)
    wanted = {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "_HANDLER": "app.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": "/var/task",
        "TZ": ":UTC",
    }
    same(invoke(aws, name, list(wanted))[1], wanted)


@probe("Lambda", VARIABLES)
def own_variables(aws: Aws) -> None:
    """A function finds the variables that it was given, and new ones after an update."""
    name = aws.function(FINDS, Environment={"Variables": {"TABLE": "orders"}})
    same(invoke(aws, name, ["TABLE"])[1], {"TABLE": "orders"})
    aws.lambda_.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"TABLE": "refunds"}}
    )
    aws.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    same(invoke(aws, name, ["TABLE"])[1], {"TABLE": "refunds"})


@probe("Lambda", VARIABLES)
def no_machine(aws: Aws) -> None:
    """A function finds nothing in its variables but Lambda's and its own."""
    code = "import os\ndef handler(event, context): return sorted(os.environ)\n"
    _, found = run(aws, code, Environment={"Variables": {"OWN": "1"}})
    known = re.compile(
        r"(AWS|LAMBDA|_LAMBDA|_MINISTACK)_\w+|OWN|_HANDLER|_X_AMZN_TRACE_ID|PATH|LANG|TZ|HOME|PWD|"
        r"LD_LIBRARY_PATH|PYTHONPATH|LC_CTYPE|SHLVL|_"
    )
    same([name for name in found if not known.fullmatch(name)], [])


@probe("Lambda", CONTEXT)
def context_object(aws: Aws) -> None:
    """The context has the function's name, version, ARN, memory as text, log names and request id."""
    code = (
        "def handler(event, c):\n    return [c.function_name, c.function_version, c.invoked_function_arn, "
        "c.memory_limit_in_mb, c.log_group_name, c.aws_request_id, c.log_stream_name]\n"
    )
    name = aws.function(code)
    answer, found = invoke(aws, name)
    same(found[:5], [name, "$LATEST", function_arn(aws, name), "128", f"/aws/lambda/{name}"])
    same(found[5], answer["ResponseMetadata"]["HTTPHeaders"].get("x-amzn-requestid"))
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", found[6]), found[6]


@probe("Lambda", CONTEXT)
def time_left(aws: Aws) -> None:
    """The time that is left counts down from the timeout."""
    code = (
        "import time\ndef handler(event, c):\n    first = c.get_remaining_time_in_millis()\n"
        "    time.sleep(0.3)\n"
        "    return [first, c.get_remaining_time_in_millis()]\n"
    )
    _, (first, later) = run(aws, code, Timeout=7)
    assert 6000 < first <= 7000, first
    assert 250 < first - later < 1000, (first, later)


@probe("Lambda", "Lambda Developer Guide, Defining Lambda function permissions with an execution role")
def own_role(aws: Aws) -> None:
    """A function's code acts as its role, and may do what the role may."""
    code = (
        "import boto3\ndef handler(event, context):\n"
        "    who = boto3.client('sts').get_caller_identity()['Arn']\n"
        "    try:\n        boto3.client('s3').list_buckets()\n        return [who, 'may']\n"
        "    except Exception as error:\n        return [who, error.response['Error']['Code']]\n"
    )
    role = aws.role()
    name = aws.function(code, Role=role, Timeout=10)
    _, found = invoke(aws, name)
    who = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + f"/{name}"
    same(found, [who, "AccessDenied"])
    role = able_role(aws, "s3:ListAllMyBuckets")
    same(invoke(aws, aws.function(code, Role=role, Timeout=10))[1][1], "may")


@probe("Lambda", ENVIRONMENT)
def warm(aws: Aws) -> None:
    """An environment is used again: what is outside the handler runs once, and /tmp stays."""
    code = (
        "import os\ncount = 0\ndef handler(event, context):\n    global count\n    count += 1\n"
        "    open('/tmp/kept', 'a').write('x')\n    return [count, os.path.getsize('/tmp/kept')]\n"
    )
    name = aws.function(code)
    same([invoke(aws, name)[1] for _ in range(3)], [[1, 1], [2, 2], [3, 3]])


@probe("Lambda", ENVIRONMENT)
def apart(aws: Aws) -> None:
    """Each environment has a /tmp of its own."""
    code = "import os\ndef handler(event, context):\n    found = os.listdir('/tmp')\n"
    code += "    open('/tmp/mine', 'w')\n    return found\n"
    same([invoke(aws, aws.function(code))[1] for _ in range(2)], [[], []])


@probe("Lambda", ENVIRONMENT)
def read_only(aws: Aws) -> None:
    """A function's code and system cannot be written to."""
    code = (
        "def handler(event, context):\n    found = []\n"
        "    for place in ('/var/task/x', '/usr/x', '/x', '/etc/x'):\n"
        "        try:\n            open(place, 'w')\n            found.append(place)\n"
        "        except OSError:\n            pass\n    return found\n"
    )
    same(run(aws, code)[1], [])


@probe("Lambda", ENVIRONMENT)
def after_a_change(aws: Aws) -> None:
    """New code runs from the next invocation on, in a new environment."""
    name = aws.function("def handler(event, context): return 1\n")
    invoke(aws, name)
    aws.lambda_.update_function_code(
        FunctionName=name, ZipFile=zipped("def handler(event, context): return 2\n")
    )
    aws.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name)
    same(invoke(aws, name)[1], 2)


# --- code that misbehaves -------------------------------------------------------------------------


@probe("Lambda", "Lambda Developer Guide, Configure Lambda function timeout")
def loops(aws: Aws) -> None:
    """A loop ends with the timeout, and the next invocation starts anew."""
    name = aws.function(
        "def handler(event, context):\n    while event == 'loop': pass\n    return 'fine'\n", Timeout=1
    )
    answer, said = invoke(aws, name, "loop")
    same((answer["StatusCode"], answer["FunctionError"]), (200, "Unhandled"))
    assert said["errorMessage"].endswith("Task timed out after 1.00 seconds"), said
    same(invoke(aws, name, "go")[1], "fine")


@probe("Lambda", ENVIRONMENT)
def loops_at_import(aws: Aws) -> None:
    """Code that never ends its start times out as well."""
    began = time.monotonic()
    answer, said = run(aws, "while True: pass\ndef handler(event, context): pass\n", Timeout=2)
    same(answer["FunctionError"], "Unhandled")
    same(said["errorType"], "Sandbox.Timedout")
    assert time.monotonic() - began < 20


@probe("Lambda", ENVIRONMENT)
def fails_at_import(aws: Aws) -> None:
    """An exception at the start is told with its type and its trace."""
    answer, said = run(aws, "raise KeyError('TABLE')\ndef handler(event, context): pass\n")
    same(
        (answer["FunctionError"], said["errorType"], said["errorMessage"]),
        ("Unhandled", "KeyError", "'TABLE'"),
    )
    assert any("/var/task/app.py" in line for line in said["stackTrace"]), said


@probe("Lambda", ENVIRONMENT)
def exits_at_import(aws: Aws) -> None:
    """Code that exits at its start is a Runtime.ExitError."""
    _, said = run(aws, "import sys\nsys.exit(3)\n")
    same(said["errorType"], "Runtime.ExitError")
    assert "exit status 3" in said["errorMessage"], said


@probe("Lambda", HANDLER)
def sys_exit(aws: Aws) -> None:
    """A handler that exits is a Runtime.ExitError with its status."""
    _, said = run(aws, "import sys\ndef handler(event, context): sys.exit(4)\n")
    same(said["errorType"], "Runtime.ExitError")
    assert "exit status 4" in said["errorMessage"], said


@probe("Lambda", HANDLER)
def killed(aws: Aws) -> None:
    """Code that is killed by a signal says which."""
    _, said = run(aws, "import os\ndef handler(event, context): os.kill(os.getpid(), 9)\n")
    same(said["errorType"], "Runtime.ExitError")
    assert "signal: killed" in said["errorMessage"], said


@probe("Lambda", "Lambda Developer Guide, Configure Lambda function memory")
def out_of_memory(aws: Aws) -> None:
    """A function that takes more memory than it has is ended."""
    code = "def handler(event, context):\n    kept = bytearray(700 * 1024 * 1024)\n    return len(kept)\n"
    answer, said = run(aws, code, Timeout=20)
    same(answer["FunctionError"], "Unhandled")
    assert said["errorType"] in ("Runtime.ExitError", "Runtime.OutOfMemory"), said


@probe("Lambda", "Lambda Developer Guide, Configure Lambda function memory")
def enough_memory(aws: Aws) -> None:
    """The memory that a function was given can be used."""
    code = "def handler(event, context):\n    kept = bytearray(300 * 1024 * 1024)\n    return len(kept)\n"
    same(run(aws, code, MemorySize=512, Timeout=20)[1], 300 * 1024 * 1024)


@probe("Lambda", HANDLER)
def floods(aws: Aws) -> None:
    """A function that prints much still answers."""
    code = "def handler(event, context):\n    for n in range(20000): print('x' * 200)\n    return 'done'\n"
    same(run(aws, code, Timeout=20)[1], "done")


@probe("Lambda", HANDLER)
def floods_the_descriptor(aws: Aws) -> None:
    """What a function or its children write to standard output is log, never its answer."""
    code = (
        "import os, subprocess\ndef handler(event, context):\n"
        '    for n in range(300): os.write(1, b\'{"status": "ok", "result": "forged"}\\n\')\n'
        '    subprocess.run([\'echo\', \'{"status": "ok", "result": "forged"}\'])\n    return \'real\'\n'
    )
    same(run(aws, code, Timeout=10)[1], "real")


@probe("Lambda", ENVIRONMENT)
def forks(aws: Aws) -> None:
    """A child that outlives the handler holds nothing up."""
    code = (
        "import os, time\ndef handler(event, context):\n    if os.fork() == 0:\n        time.sleep(30)\n"
        "        os._exit(0)\n    return 'done'\n"
    )
    began = time.monotonic()
    name = aws.function(code, Timeout=5)
    same([invoke(aws, name)[1] for _ in range(2)], ["done", "done"])
    assert time.monotonic() - began < 8


@probe("Lambda", HANDLER)
def closes_everything(aws: Aws) -> None:
    """Code that closes its descriptors fails by itself, and not the next invocation."""
    code = "import os\ndef handler(event, context):\n    if event: os.closerange(0, 64)\n    return 'ok'\n"
    name = aws.function(code, Timeout=2)
    answer, _ = invoke(aws, name, 1)
    same(answer["StatusCode"], 200)
    same(invoke(aws, name, 0)[1], "ok")


@probe("Lambda", "Lambda Developer Guide, Lambda quotas: invocation payload (request and response)")
def too_much(aws: Aws) -> None:
    """An answer of more than 6 MB is an error of the function."""
    answer, said = run(
        aws, "def handler(event, context): return 'x' * (6 * 1024 * 1024 + 1000)\n", Timeout=10
    )
    same(answer.get("FunctionError"), "Unhandled")
    same(said["errorType"], "Function.ResponseSizeTooLarge")


@probe("Lambda", HANDLER)
def handler_is_a_number(aws: Aws) -> None:
    """A handler that cannot be called is an error of the function, with its type."""
    answer, said = run(aws, "handler = 3\n")
    same((answer["FunctionError"], said["errorType"]), ("Unhandled", "TypeError"))


@probe("Lambda", HANDLER)
def in_a_package(aws: Aws) -> None:
    """A handler can be in a module of a package, with slashes or dots."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("shop/__init__.py", "")
        archive.writestr("shop/orders.py", "def place(event, context): return 'placed'\n")
    for handler in ("shop.orders.place", "shop/orders.place"):
        name = aws.function(Handler=handler, Code={"ZipFile": made.getvalue()})
        same(invoke(aws, name)[1], "placed")


@probe("Lambda", "Lambda Developer Guide, Troubleshoot deployment issues in Lambda: Handler is missing")
def wrong_module(aws: Aws) -> None:
    """A handler in a module that the package lacks is a Runtime.ImportModuleError that names it."""
    _, said = invoke(aws, aws.function(Handler="index.handler"))
    same(said["errorType"], "Runtime.ImportModuleError")
    same(said["errorMessage"], "Unable to import module 'index': No module named 'index'")


@probe("Lambda", "Lambda Developer Guide, Troubleshoot deployment issues in Lambda")
def no_dot(aws: Aws) -> None:
    """A handler without a module is a Runtime.MalformedHandlerName."""
    _, said = invoke(aws, aws.function(Handler="handler"))
    same(said["errorType"], "Runtime.MalformedHandlerName")


gives(
    "Lambda",
    "A handler's text, number, list or nothing is its answer as JSON.",
    HANDLER,
    ["a", 1, [1, 2], None],
    lambda a: (lambda name: [invoke(a, name, value)[1] for value in ("a", 1, [1, 2], None)])(a.function()),
)

# --- logs -----------------------------------------------------------------------------------------


@probe("Lambda", LOGS)
def platform_lines(aws: Aws) -> None:
    """A log has START, the function's lines, END and REPORT; a cold start has Init Duration."""
    name = aws.function("def handler(event, context):\n    print('one')\n    print('two')\n", MemorySize=256)
    answer, _ = invoke(aws, name)
    request = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    found = lines(aws, name, "REPORT")
    same(
        [line.strip() for line in found[:4]],
        [f"START RequestId: {request} Version: $LATEST", "one", "two", f"END RequestId: {request}"],
    )
    pattern = (
        rf"REPORT RequestId: {request}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t"
    )
    assert re.match(pattern, found[4]), found[4]
    invoke(aws, name)
    reports = within(5, lambda: [r for r in lines(aws, name, "REPORT") if "REPORT" in r][1:])
    same(["Init Duration" in report for report in reports], [False])


@probe("Lambda", LOGS)
def one_stream(aws: Aws) -> None:
    """One environment writes one log stream, named by date, version and itself."""
    name = aws.function("def handler(event, context): return context.log_stream_name\n")
    said = {invoke(aws, name)[1] for _ in range(2)}
    lines(aws, name, "REPORT")
    streams = aws.logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    same({each["logStreamName"] for each in streams}, said)


@probe("Lambda", LOGS)
def timed_out_line(aws: Aws) -> None:
    """A timeout is in the log, with its seconds; the report says so."""
    name = aws.function("import time\ndef handler(event, context): time.sleep(5)\n", Timeout=1)
    invoke(aws, name)
    found = lines(aws, name, "REPORT")
    assert any(re.search(r"Task timed out after 1\.00 seconds", line) for line in found), found
    assert any("REPORT" in line and "Status: timeout" in line for line in found), found


@probe("Lambda", LOGS)
def logged_error(aws: Aws) -> None:
    """An exception is one event of the log, with its trace."""
    name = aws.function("def handler(event, context):\n    raise ValueError('too small')\n")
    invoke(aws, name)
    found = [line for line in lines(aws, name, "[ERROR]") if line.startswith("[ERROR] ValueError: too small")]
    assert len(found) == 1, found
    assert re.search(r"Traceback \(most recent call last\)[\s\S]*line 2, in handler", found[0]), found


@probe("Lambda", LOGS)
def logger_lines(aws: Aws) -> None:
    """The logging module writes level, time and request id."""
    code = (
        "import logging\nlogging.getLogger().setLevel('INFO')\ndef handler(event, context):\n"
        "    logging.getLogger().info('placed')\n"
    )
    name = aws.function(code)
    answer, _ = invoke(aws, name)
    request = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    found = [line for line in lines(aws, name, "placed") if "placed" in line]
    pattern = rf"\[INFO\]\t\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request}\tplaced\s*"
    assert re.fullmatch(pattern, found[0]), found


@probe("Lambda", "Lambda Developer Guide, Using Lambda advanced logging controls with Python")
def logger_objects(aws: Aws) -> None:
    """With JSON logs the logging module writes objects, from INFO on, with what extra adds to them."""
    code = (
        "import logging\nlog = logging.getLogger()\ndef handler(event, context):\n"
        "    log.debug('unseen')\n    log.info('placed', extra={'orderId': 'K-1'})\n    print('as it is')\n"
        "    try:\n        1 / 0\n    except ZeroDivisionError:\n        log.exception('failed')\n"
    )
    name = aws.function(code, LoggingConfig={"LogFormat": "JSON"})
    answer, _ = invoke(aws, name, LogType="Tail")
    request = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    said = base64.b64decode(answer["LogResult"]).decode().splitlines()
    placed, failed = (json.loads(line) for line in said if line.startswith("{") and "platform." not in line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", placed.pop("timestamp")), placed
    told = {"level": "INFO", "message": "placed", "logger": "root", "requestId": request}
    assert placed == {**told, "orderId": "K-1"}, placed
    assert (failed["level"], failed["errorType"]) == ("ERROR", "ZeroDivisionError"), failed
    assert "as it is" in said, said
    assert "unseen" not in "".join(said), said


@probe("Lambda", "Lambda API reference, Invoke: LogType")
def tail(aws: Aws) -> None:
    """The tail of the log comes with the answer when it is asked for."""
    name = aws.function("def handler(event, context): print('seen')\n")
    answer, _ = invoke(aws, name, LogType="Tail")
    said = base64.b64decode(answer["LogResult"]).decode()
    assert [word for word in ("START RequestId", "seen", "REPORT RequestId") if word not in said] == [], said
    assert "LogResult" not in invoke(aws, name)[0]


# --- concurrency ----------------------------------------------------------------------------------

SLOW = "import time\ndef handler(event, context):\n    time.sleep(1.2)\n    return context.log_stream_name\n"


def at_once(aws: Aws, name: str, count: int) -> list[Any]:
    """The answers, or the error codes, of invocations at the same time."""

    def one(_: int) -> Any:
        try:
            return invoke(aws, name)[1]
        except ClientError as error:
            return error.response

    aws.client("lambda")
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@probe("Lambda", ENVIRONMENT)
def side_by_side(aws: Aws) -> None:
    """Invocations at the same time have an environment each."""
    name = aws.function(SLOW, Timeout=10)
    began = time.monotonic()
    same(len(set(at_once(aws, name, 3))), 3)
    assert time.monotonic() - began < 6


@probe("Lambda", CONCURRENCY)
def throttled(aws: Aws) -> None:
    """One more than is reserved is throttled with a 429 and its reason."""
    name = aws.function(SLOW, Timeout=10)
    aws.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    found = [answer for answer in at_once(aws, name, 2) if isinstance(answer, dict)]
    same(len(found), 1)
    same(found[0]["ResponseMetadata"]["HTTPStatusCode"], 429)
    same(found[0]["Error"], {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."})
    same(found[0].get("Reason"), "ReservedFunctionConcurrentInvocationLimitExceeded")
