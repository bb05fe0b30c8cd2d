"""Lambda: functions in subnets, and where their failures go."""

from __future__ import annotations

from typing import Any

from cloudlings.sandbox.model import Response
from cloudlings.sandbox.rules.functions import may
from cloudlings.sandbox.rules.registry import Given, Output, Refusal, after, before, reshape

# How AWS describes the interfaces that it makes for functions.
_ENI = "AWS Lambda VPC ENI-"
_SENDS = {
    "sqs": ("sqs:SendMessage", "SendMessage on SQS"),
    "sns": ("sns:Publish", "Publish on SNS"),
    "lambda": ("lambda:InvokeFunction", "Invoke on Lambda"),
    "events": ("events:PutEvents", "PutEvents on EventBridge"),
    "s3": ("s3:PutObject", "PutObject on S3"),
}


def _invalid(message: str) -> Refusal:
    return Refusal("InvalidParameterValueException", message)


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
async def subnets_and_groups(given: Given) -> Refusal | None:
    """A function's subnets and security groups are there, and in one VPC.

    Source: Lambda API reference, VpcConfig; InvalidParameterValueException with EC2's error in its message.
    """
    asked = given.input.get("VpcConfig") or {}
    subnets, groups = asked.get("SubnetIds") or [], asked.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        return _invalid("SecurityGroupIds and SubnetIds must coexist or be both empty list.")
    if not subnets:
        return None
    found = (await given.read("DescribeSubnets", "ec2")).get("Subnets", [])
    places = {each["SubnetId"]: each["VpcId"] for each in found}
    known = (await given.read("DescribeSecurityGroups", "ec2")).get("SecurityGroups", [])
    guards = {each["GroupId"]: each["VpcId"] for each in known}
    for subnet in subnets:
        if subnet not in places:
            return _not_there(
                "DescribeSubnets", "InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist"
            )
    for group in groups:
        if group not in guards:
            said = f"The security group '{group}' does not exist"
            return _not_there("DescribeSecurityGroups", "InvalidGroup.NotFound", said)
    if len({places[subnet] for subnet in subnets} | {guards[group] for group in groups}) > 1:
        return _invalid("Security Groups are required to be in the same VPC as Subnets.")
    return None


def _not_there(call: str, code: str, message: str) -> Refusal:
    return _invalid(f"Error occurred while {call}. EC2 Error Code: {code}. EC2 Error Message: {message}")


@reshape("lambda", "CreateFunction", "UpdateFunctionConfiguration", "GetFunctionConfiguration")
async def vpc_of_its_subnets(given: Given, output: Output) -> None:
    """A function in subnets shows their VPC.

    Source: Lambda API reference, VpcConfigResponse.
    """
    await _show_vpc(given, output)


@reshape("lambda", "GetFunction")
async def vpc_in_the_whole(given: Given, output: Output) -> None:
    """A function in subnets shows their VPC, with its code's place too.

    Source: Lambda API reference, GetFunction.
    """
    await _show_vpc(given, output.get("Configuration") or {})


@reshape("lambda", "ListFunctions")
async def vpc_in_the_list(given: Given, output: Output) -> None:
    """Functions in subnets show their VPC.

    Source: Lambda API reference, ListFunctions.
    """
    for each in output.get("Functions") or []:
        await _show_vpc(given, each)


async def _show_vpc(given: Given, function: Output) -> None:
    config = function.get("VpcConfig") or {}
    if not config.get("SubnetIds"):
        return
    found = await given.read("DescribeSubnets", "ec2", SubnetIds=config["SubnetIds"][:1])
    for subnet in found.get("Subnets", []):
        config["VpcId"] = subnet["VpcId"]


@after("lambda", "CreateFunction", "UpdateFunctionConfiguration", "DeleteFunction")
async def interfaces_of_functions(given: Given, response: Response) -> Response:
    """Functions in a subnet with the same security groups share a network interface there.

    Source: Lambda Developer Guide, "Understanding Hyperplane Elastic Network Interfaces". AWS removes one up
    to 20 minutes after its last function; here it goes at once.
    """
    deletes = given.call.operation == "DeleteFunction"
    if response.status < 300 and (deletes or "VpcConfig" in given.input):
        await _make_interfaces_fit(given)
    return response


async def _make_interfaces_fit(given: Given) -> None:
    filters = [{"Name": "description", "Values": [f"{_ENI}*"]}]
    found = (await given.read("DescribeNetworkInterfaces", "ec2", Filters=filters)).get(
        "NetworkInterfaces", []
    )
    there = {_key(each["SubnetId"], [group["GroupId"] for group in each["Groups"]]): each for each in found}
    wanted: dict[tuple[str, tuple[str, ...]], str] = {}
    for function in (await given.read("ListFunctions")).get("Functions", []):
        config = function.get("VpcConfig") or {}
        for subnet in config.get("SubnetIds") or []:
            wanted.setdefault(_key(subnet, config.get("SecurityGroupIds") or []), function["FunctionName"])
    for key, name in wanted.items():
        if key not in there:
            made = {"SubnetId": key[0], "Groups": list(key[1]), "Description": f"{_ENI}{name}"}
            await given.write("CreateNetworkInterface", "ec2", **made)
    for key, interface in there.items():
        if key not in wanted:
            number = interface["NetworkInterfaceId"]
            await given.write("DeleteNetworkInterface", "ec2", NetworkInterfaceId=number)


def _key(subnet: str, groups: list[str]) -> tuple[str, tuple[str, ...]]:
    return subnet, tuple(sorted(groups))


@reshape("ec2", "DescribeNetworkInterfaces")
def interfaces_of_lambda(_: Given, output: Output) -> None:
    """A function's interface is Lambda's: of the type lambda, managed by its requester.

    Source: EC2 API reference, NetworkInterface, interfaceType.
    """
    for each in output.get("NetworkInterfaces") or []:
        if str(each.get("Description", "")).startswith(_ENI):
            each |= {"InterfaceType": "lambda", "RequesterManaged": True, "Status": "in-use"}


@after("lambda", "Invoke")
async def request_id_of_the_invocation(_: Given, response: Response) -> Response:
    """An invocation's answer has the request id that the function and its log have.

    Source: Lambda Developer Guide, "Using the Lambda context object", aws_request_id.
    """
    headers = dict(response.headers)
    number = headers.pop("x-cloudlings-request-id", "")
    if not number:
        return response
    return Response(response.status, tuple((headers | {"x-amzn-requestid": number}).items()), response.body)


@before("lambda", "PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig")
async def destinations_that_take_it(given: Given) -> Refusal | None:
    """A function's role may send to its destinations.

    Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", required
    permissions."""
    wanted = given.input.get("DestinationConfig") or {}
    name = str(given.input.get("FunctionName", ""))
    role = (await given.read("GetFunctionConfiguration", FunctionName=name)).get("Role", "")
    for kind in ("OnSuccess", "OnFailure"):
        refusal = await _may_send(given, role, (wanted.get(kind) or {}).get("Destination", ""))
        if refusal is not None:
            return refusal
    return None


@before("lambda", "CreateFunction", "UpdateFunctionConfiguration")
async def dead_letters_that_take_it(given: Given) -> Refusal | None:
    """A function's role may send to its dead-letter queue or topic.

    Source: Lambda Developer Guide, "Adding a dead-letter queue", required permissions.
    """
    target = (given.input.get("DeadLetterConfig") or {}).get("TargetArn", "")
    role = given.input.get("Role", "")
    if target and not role:
        name = str(given.input.get("FunctionName", ""))
        role = (await given.read("GetFunctionConfiguration", FunctionName=name)).get("Role", "")
    return await _may_send(given, role, target)


async def _may_send(given: Given, role: str, arn: Any) -> Refusal | None:
    service = str(arn).split(":")[2:3]
    action, words = _SENDS.get(service[0] if service else "", ("", ""))
    if (
        not action
        or not role
        or await may(given, role, action, f"{arn}/*" if service == ["s3"] else str(arn))
    ):
        return None
    return _invalid(f"The provided execution role does not have permissions to call {words}")


@before("lambda", "CreateEventSourceMapping")
async def streams(given: Given) -> Refusal | None:
    """A mapping of a stream says where it starts, and its function's role may read the stream.

    Source: Lambda API reference, CreateEventSourceMapping, StartingPosition; Lambda Developer Guide, "Process
    DynamoDB records with Lambda", execution role permissions.
    """
    arn = str(given.input.get("EventSourceArn", ""))
    service = arn.split(":")[2:3]
    if service not in (["dynamodb"], ["kinesis"]):
        return None
    if not given.input.get("StartingPosition"):
        said = "Value null at 'startingPosition' failed to satisfy constraint: Member must not be null"
        return _invalid(f"1 validation error detected: {said}.")
    name = str(given.input.get("FunctionName", ""))
    role = (await given.read("GetFunctionConfiguration", FunctionName=name)).get("Role", "")
    for action in ("GetRecords", "GetShardIterator", "DescribeStream"):
        if role and not await may(given, role, f"{service[0]}:{action}", arn):
            return _invalid(
                f"Cannot access stream {arn}. Please ensure the role can perform the GetRecords, "
                "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
            )
    return None
