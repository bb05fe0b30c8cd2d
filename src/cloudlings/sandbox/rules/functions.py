"""Lambda: what a function can be, how much runs at once, and what may call it."""

from __future__ import annotations

import base64
import io
import json
import random
import re
import zipfile
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from cloudlings.sandbox.model import Request
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, before, reshape

LONGEST, LARGEST_MEMORY, LARGEST_TMP, LARGEST_VARIABLES, MOST_LAYERS = 900, 10_240, 10_240, 4096, 5
ACCOUNT_CONCURRENCY, LEAST_UNRESERVED = 1000, 100
# Lambda Developer Guide, "Lambda runtimes": those that functions can be created with, and those that were.
RUNTIMES = [
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnet8",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "provided.al2",
    "provided.al2023",
    "nodejs18.x",
]
_GONE = re.compile(
    r"nodejs(4\.3|4\.3-edge|6\.10|8\.10|10\.x|12\.x|14\.x|16\.x)?|python(2\.7|3\.6|3\.7|3\.8)|java8|"
    r"dotnetcore\d\.\d|dotnet[567]|ruby2\.[57]|go1\.x|provided"
)
RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_NAME|"
    r"FUNCTION_MEMORY_SIZE|FUNCTION_VERSION|INITIALIZATION_TYPE|LOG_GROUP_NAME|LOG_STREAM_NAME|RUNTIME_API)|"
    r"AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR"
)
_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(.+)")


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


def _constraint(value: Any, name: str, words: str) -> Refusal:
    said = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {words}"
    return Refusal("ValidationException", said)


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def sizes(given: Given) -> Refusal | None:
    """A function has 900 seconds, 10,240 MB and five layers at most.

    Source: Lambda Developer Guide, "Lambda quotas"; Lambda API reference, CreateFunction.
    """
    asked = given.input
    tmp = (asked.get("EphemeralStorage") or {}).get("Size")
    for value, name, least, most in (
        (asked.get("Timeout"), "timeout", 1, LONGEST),
        (asked.get("MemorySize"), "memorySize", 128, LARGEST_MEMORY),
        (tmp, "ephemeralStorage.size", 512, LARGEST_TMP),
    ):
        if isinstance(value, int) and value > most:
            return _constraint(value, name, f"Member must have value less than or equal to {most}")
        if isinstance(value, int) and value < least:
            return _constraint(value, name, f"Member must have value greater than or equal to {least}")
    if len(asked.get("Layers") or []) > MOST_LAYERS:
        return _invalid("Cannot reference more than 5 layers.")
    return None


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def runtime_and_handler(given: Given) -> Refusal | None:
    """A runtime is one that functions can be made with, and a package in a zip has a runtime and a handler.

    Source: Lambda Developer Guide, "Lambda runtimes", runtime deprecation policy; CreateFunction.
    """
    asked = given.input
    runtime = asked.get("Runtime")
    if runtime is not None and _GONE.fullmatch(runtime):
        message = (
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
        return _invalid(message)
    if runtime is not None and runtime not in RUNTIMES:
        message = (
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(RUNTIMES)}] or be a valid ARN"
        )
        return _invalid(message)
    in_zip = asked.get("PackageType", "Zip") == "Zip" and given.call.operation == "CreateFunction"
    if in_zip and not (asked.get("Handler") and runtime):
        return _invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    return None


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
def variables(given: Given) -> Refusal | None:
    """Lambda's own variables are not set, and all together have 4 KB.

    Source: Lambda Developer Guide, "Defined runtime environment variables"; "Lambda quotas".
    """
    given_variables = (given.input.get("Environment") or {}).get("Variables") or {}
    kept = [name for name in given_variables if RESERVED.fullmatch(name)]
    if kept:
        message = (
            "Lambda was unable to configure your environment variables "
            "because the environment variables you have "
            "provided contains reserved keys that are currently not "
            "supported for modification. Reserved keys used "
            f"in this request: {', '.join(kept)}"
        )
        return _invalid(message)
    text = json.dumps(given_variables, separators=(",", ":"))
    if len(text) > LARGEST_VARIABLES:
        message = (
            "Lambda was unable to configure your environment variables "
            "because the environment variables you have "
            f"provided exceeded the 4KB limit. String measured: {text}"
        )
        return _invalid(message)
    return None


@before("lambda", "CreateFunction", "UpdateFunctionCode")
async def code_that_is_there(given: Given) -> Refusal | None:
    """A package is a zip, or an object that is there.

    Source: Lambda API reference, CreateFunction, Code (InvalidParameterValueException).
    """
    asked = given.input
    code = asked.get("Code") or asked
    packed, bucket = code.get("ZipFile"), code.get("S3Bucket")
    if packed is not None and not _is_zip(packed):
        return _invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
    if not bucket:
        return None
    from cloudlings.sandbox import shapes

    key = code.get("S3Key", "")
    there = await given.ask("s3", shapes.write_input("s3", "HeadObject", {"Bucket": bucket, "Key": key}))
    if there.status == 404:
        buckets = (await given.read("ListBuckets", "s3")).get("Buckets", [])
        code_name = "NoSuchKey" if bucket in {b.get("Name") for b in buckets} else "NoSuchBucket"
        what = (
            "The specified key does not exist."
            if code_name == "NoSuchKey"
            else "The specified bucket does not exist"
        )
        return _invalid(
            f"Error occurred while GetObject. S3 Error Code: {code_name}. S3 Error Message: {what}"
        )
    return None


def _is_zip(packed: Any) -> bool:
    try:
        return zipfile.is_zipfile(io.BytesIO(base64.b64decode(packed)))
    except (ValueError, TypeError):
        return False


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
async def role_that_lambda_can_take(given: Given) -> Refusal | None:
    """A function's role is there and trusts Lambda.

    Source: Lambda Developer Guide, "Defining Lambda function permissions with an execution role"; IAM User
    Guide, "Troubleshoot IAM and AWS Lambda": the role cannot be assumed by Lambda.
    """
    found = _ARN.fullmatch(given.input.get("Role") or "")
    if found is None or found[1] != given.call.account_id:
        return None
    role = (await given.read("GetRole", "iam", RoleName=found[2].rpartition("/")[2])).get("Role")
    if not role or not trusts(role.get("AssumeRolePolicyDocument", ""), "lambda.amazonaws.com"):
        return _invalid("The role defined for the function cannot be assumed by Lambda.")
    return None


def trusts(document: Any, service: str) -> bool:
    from urllib.parse import unquote

    try:
        loaded = json.loads(unquote(document)) if isinstance(document, str) else document
        statements = loaded.get("Statement", [])
    except (ValueError, AttributeError):
        return False
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else principal
        named = [named] if isinstance(named, str) else named
        if statement.get("Effect") == "Allow" and (service in named or "*" in named):
            return True
    return False


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
async def role_that_may_attach(given: Given) -> Refusal | None:
    """A function in a VPC has a role that may make network interfaces.

    Source: Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC", Required
    IAM permissions.
    """
    if not (given.input.get("VpcConfig") or {}).get("SubnetIds"):
        return None
    role = given.input.get("Role") or (await _configuration(given)).get("Role", "")
    if await may(given, role, "ec2:CreateNetworkInterface", "*"):
        return None
    return _invalid(
        "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
    )


async def _configuration(given: Given, name: str = "") -> dict[str, Any]:
    return await given.read(
        "GetFunctionConfiguration", FunctionName=name or given.input.get("FunctionName", "")
    )


async def may(given: Given, role_arn: str, action: str, resource: str) -> bool:
    """Whether a role's own policies allow an action; true when its documents cannot be known."""
    from cloudlings.errors import PolicyError
    from cloudlings.iam.decide import decide
    from cloudlings.iam.documents import parse
    from cloudlings.iam.request import Policies, Principal
    from cloudlings.iam.request import Request as Asked

    found = _ARN.fullmatch(role_arn)
    if found is None or found[1] != given.call.account_id:
        return True
    documents = await _documents(given, found[2].rpartition("/")[2])
    try:
        policies = Policies(identity=tuple(parse(each) for each in documents))
        session = role_arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/function"
        principal = Principal("session", session, role_arn=role_arn)
        return decide(Asked(principal, action, resource), policies).allowed
    except (PolicyError, TypeError, ValueError):
        return True


async def _documents(given: Given, role: str) -> list[str]:
    from urllib.parse import unquote

    from cloudlings.sandbox.authorization import managed

    found = []
    for name in (await given.read("ListRolePolicies", "iam", RoleName=role)).get("PolicyNames", []):
        read = await given.read("GetRolePolicy", "iam", RoleName=role, PolicyName=name)
        found.append(unquote(read.get("PolicyDocument", "{}")))
    for each in (await given.read("ListAttachedRolePolicies", "iam", RoleName=role)).get(
        "AttachedPolicies", []
    ):
        arn = each["PolicyArn"]
        document = managed.document_of(arn) if managed.is_aws_managed(arn) else None
        if document is None:
            version = (
                (await given.read("GetPolicy", "iam", PolicyArn=arn))
                .get("Policy", {})
                .get("DefaultVersionId")
            )
            read = await given.read("GetPolicyVersion", "iam", PolicyArn=arn, VersionId=version or "v1")
            document = unquote((read.get("PolicyVersion") or {}).get("Document", "{}"))
        found.append(document)
    return found


@before("lambda", "Invoke")
def payload_that_is_json(given: Given) -> Refusal | None:
    """A payload is JSON, of 6 MB at most (1 MB when asynchronous).

    Source: Lambda API reference, Invoke (InvalidRequestContentException, RequestTooLargeException); quotas.
    """
    body = given.call.request.body
    asynchronous = given.call.request.header("x-amz-invocation-type") == "Event"
    most = 1024**2 if asynchronous else 6 * 1024**2
    if len(body) > most:
        message = f"Request must be smaller than {most} bytes for the InvokeFunction operation"
        return Refusal("RequestTooLargeException", message, 413)
    try:
        json.loads(body) if body else None
    except ValueError as error:
        return Refusal("InvalidRequestContentException", f"Could not parse request body into json: {error}")
    return None


@before("lambda", "Invoke")
async def weighted_alias(given: Given) -> Request | None:
    """A weighted alias calls each of its versions as often as it says.

    Source: Lambda Developer Guide, "Implement Lambda canary deployments using a weighted alias".
    """
    asked = given.input
    name, qualifier = str(asked.get("FunctionName", "")), asked.get("Qualifier")
    if not qualifier or qualifier == "$LATEST" or qualifier.isdecimal():
        return None
    alias = await given.read("GetAlias", FunctionName=name, Name=qualifier)
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if not weights:
        return None
    drawn, version = random.random(), alias["FunctionVersion"]
    for other, weight in weights.items():
        if drawn < weight:
            version = other
            break
        drawn -= weight
    return replace(given.call.request, query_string=urlencode({"Qualifier": version}))


@before("lambda", "PutFunctionConcurrency")
async def reservations_leave_some(given: Given) -> Refusal | None:
    """Reservations leave the account 100 that anybody may use.

    Source: Lambda Developer Guide, "Configuring reserved concurrency for a function".
    """
    wanted, name = given.input.get("ReservedConcurrentExecutions", 0), given.input.get("FunctionName", "")
    others = await _reserved(given, but=str(name).rpartition(":")[2])
    if isinstance(wanted, int) and ACCOUNT_CONCURRENCY - others - wanted < LEAST_UNRESERVED and wanted > 0:
        message = (
            "Specified ReservedConcurrentExecutions for function "
            "decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{LEAST_UNRESERVED}]."
        )
        return _invalid(message)
    return None


async def _reserved(given: Given, but: str = "") -> int:
    total = 0
    for function in (await given.read("ListFunctions")).get("Functions", []):
        if function["FunctionName"] != but:
            found = await given.read("GetFunctionConcurrency", FunctionName=function["FunctionName"])
            total += found.get("ReservedConcurrentExecutions") or 0
    return total


@reshape("lambda", "GetAccountSettings")
async def account_settings(given: Given, output: Output) -> None:
    """An account runs 1,000 at once, of which what is not reserved is left.

    Source: Lambda Developer Guide, "Lambda quotas"; Lambda API reference, AccountLimit.
    """
    limit = output.setdefault("AccountLimit", {})
    limit["ConcurrentExecutions"] = ACCOUNT_CONCURRENCY
    limit["UnreservedConcurrentExecutions"] = ACCOUNT_CONCURRENCY - await _reserved(given)


@before("lambda", "PutProvisionedConcurrencyConfig")
async def provisioned_for_a_version(given: Given) -> Refusal | None:
    """Provisioned concurrency is for a version or an alias, and no more than what is reserved.

    Source: Lambda Developer Guide, "Configuring provisioned concurrency for a function".
    """
    asked = given.input
    if asked.get("Qualifier") == "$LATEST":
        return _invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    found = await given.read("GetFunctionConcurrency", FunctionName=asked.get("FunctionName", ""))
    reserved, wanted = (
        found.get("ReservedConcurrentExecutions"),
        asked.get("ProvisionedConcurrentExecutions", 0),
    )
    if reserved is not None and wanted > reserved:
        message = (
            "Requested Provisioned Concurrency should not be greater "
            "than the reservedConcurrentExecution for function"
        )
        return _invalid(message)
    return None


@before("lambda", "CreateAlias", "UpdateAlias")
async def version_of_an_alias(given: Given) -> Refusal | None:
    """An alias leads to a version that is there; a weighted one to published versions.

    Source: Lambda Developer Guide, "Create an alias for a Lambda function", weighted alias considerations.
    """
    asked = given.input
    name, version = asked.get("FunctionName", ""), asked.get("FunctionVersion")
    if asked.get("Name", "").isdecimal():
        words = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        return _constraint(asked["Name"], "name", words)
    weights = (asked.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if weights and version == "$LATEST":
        return _invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    for each in filter(None, (version, *weights)):
        if each == "$LATEST" and each == version:
            continue
        if not await given.read("GetFunctionConfiguration", FunctionName=name, Qualifier=each):
            arn = f"arn:aws:lambda:{given.call.region}:{given.call.account_id}:function:{name}:{each}"
            return Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return None


@before("lambda", "GetPolicy")
async def policy_that_is_there(given: Given) -> Refusal | None:
    """A function that was given no permission has no policy.

    Source: Lambda API reference, GetPolicy (ResourceNotFoundException).
    """
    found = await given.read("GetPolicy", **given.input)
    try:
        statements = json.loads(found.get("Policy", "{}")).get("Statement", [])
    except ValueError:
        return None
    if found and not statements:
        return Refusal("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    return None


@before("lambda", "CreateEventSourceMapping")
async def source_of_events(given: Given) -> Refusal | None:
    """A queue is there, hides its messages long enough, may be read by the role, and is read once.

    Source: Lambda API reference, CreateEventSourceMapping; Lambda Developer Guide, "Creating and configuring
    an Amazon SQS event source mapping".
    """
    asked = given.input
    arn, name = str(asked.get("EventSourceArn", "")), str(asked.get("FunctionName", ""))
    if not arn.startswith("arn:aws:sqs:"):
        return None
    size, window = asked.get("BatchSize", 10), asked.get("MaximumBatchingWindowInSeconds", 0)
    if size > 10 and arn.endswith(".fifo"):
        return _invalid("Batch size greater than 10 is not supported for FIFO queues")
    if size > 10 and not window:
        message = (
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
        return _invalid(message)
    function = await _configuration(given, name)
    if not function:
        return None
    if arn.split(":")[4] == given.call.account_id:
        refusal = await _bad_queue(given, arn, function)
        if refusal is not None:
            return refusal
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        if not await may(given, function.get("Role", ""), f"sqs:{action}", arn):
            return _invalid(f"The provided execution role does not have permissions to call {action} on SQS")
    return await _read_already(given, arn, function)


async def _bad_queue(given: Given, arn: str, function: dict[str, Any]) -> Refusal | None:
    url = (await given.read("GetQueueUrl", "sqs", QueueName=arn.rpartition(":")[2])).get("QueueUrl")
    if not url:
        message = (
            f"Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            f"SQS Error Message: The specified queue does not exist. ({arn})"
        )
        return _invalid(message)
    found = await given.read("GetQueueAttributes", "sqs", QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    hidden = int((found.get("Attributes") or {}).get("VisibilityTimeout", 30))
    if hidden < function.get("Timeout", 3):
        message = (
            f"Queue visibility timeout: {hidden} seconds is less than "
            f"Function timeout: {function['Timeout']} seconds"
        )
        return _invalid(message)
    return None


async def _read_already(given: Given, arn: str, function: dict[str, Any]) -> Refusal | None:
    read = await given.read("ListEventSourceMappings", EventSourceArn=arn)
    for mapping in read.get("EventSourceMappings", []):
        if mapping.get("EventSourceArn") == arn and mapping.get("FunctionArn") == function.get("FunctionArn"):
            message = (
                f'An event source mapping with event source arn (" {arn} ") and function (" '
                f'{function["FunctionName"]} ") already exists. Please '
                "update or delete the existing mapping with "
                f"UUID {mapping['UUID']}"
            )
            return Refusal("ResourceConflictException", message, 409)
    return None
