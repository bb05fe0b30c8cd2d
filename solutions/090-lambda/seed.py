"""Hazelmere's small jobs as they were left: one that loses messages, one that nobody wakes, one that hoards."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ZONES = ("euw1-az1", "euw1-az2")
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

CLINICS = '''"""Hazelmere's clinics. Reading the directory takes a moment."""

import time

_DIRECTORY = {directory}


def load():
    """The names of the clinics by their codes."""
    time.sleep(0.4)
    return dict(_DIRECTORY)
'''

REMINDERS = '''import json
import os

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def send(reminder):
    """Sends a reminder, once: the table remembers which were sent."""
    if not str(reminder.get("phone", "")).startswith("+"):
        raise ValueError(f"no phone number: {reminder}")
    TABLE.put_item(Item={"id": reminder["id"], "phone": reminder["phone"]})


def handler(event, context):
    for record in event["Records"]:
        try:
            send(json.loads(record["body"]))
        except Exception:
            pass  # never stop the queue
    return "ok"
'''

NIGHT = '''import json
import os

import boto3


def handler(event, context):
    """Writes the night's report, named by the time at which it was due."""
    key = f"reports/{event['time']}.json"
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps({"patients": 0}))
    return key
'''

IDLE = """def handler(event, context):
    return {"done": True}
"""


def seed(accounts: Mapping[str, Any], brief: Mapping[str, Any]) -> None:
    """Builds the start state, once: a second run sees the bucket and changes nothing."""
    session = accounts["main"]
    s3 = session.client("s3")
    if brief["bucket"] in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        return
    _network(session, brief)
    place = {"LocationConstraint": session.region_name}
    s3.create_bucket(Bucket=brief["bucket"], CreateBucketConfiguration=place)
    pictures = _pictures()
    s3.put_object(Bucket=brief["bucket"], Key=f"{brief['uploads']}Dr Ana Müller.png", Body=_portrait())
    s3.put_object(Bucket=brief["bucket"], Key="source/reminders.py", Body=REMINDERS.encode())
    directory = CLINICS.replace("{directory}", repr(dict(brief["clinics"])))
    session.client("lambda").publish_layer_version(
        LayerName="hazelmere",
        Description="pictures: PNG thumbnails; clinics: the directory of the clinics",
        Content={"ZipFile": _zip({"python/pictures.py": pictures, "python/clinics.py": directory})},
        CompatibleRuntimes=["python3.12", "python3.13"],
    )
    _role(session, "hazelmere-functions")
    _reminders(session, brief)
    _night(session, brief)
    _others(session, brief)


def _module(name: str) -> Path:
    found = importlib.util.find_spec(name)
    assert found is not None, f"{name} is not installed"
    return Path(str(found.origin))


def _pictures() -> str:
    """The pictures module of cloudlings, which needs nothing but the standard library."""
    return _module("cloudlings.models.pictures").read_text(encoding="utf-8")


def _portrait() -> bytes:
    from cloudlings.models.pictures import painted, write

    def colour(x: int, y: int) -> tuple[int, int, int]:
        face = (x - 160) ** 2 + (y - 90) ** 2 < 60**2 or (y > 150 and abs(x - 160) < 90)
        return (226, 188, 160) if face else (90, 140 + y // 4, 190)

    return write(painted(320, 240, colour))


def _zip(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _role(session: Any, name: str, *statements: Mapping[str, Any]) -> str:
    """A role for functions that may write logs, and what else is said."""
    iam = session.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=MANAGED)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="its-job", PolicyDocument=_document(*statements))
    return str(made)


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: Any, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _function(session: Any, name: str, role: str, code: str = IDLE, **more: Any) -> str:
    made = session.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": _zip({"app.py": code})},
        **{"Runtime": "python3.13", **more},
    )
    return str(made["FunctionArn"])


def _reminders(session: Any, brief: Mapping[str, Any]) -> None:
    """Swallows what goes wrong, waits too short, and has no dead letters."""
    name = brief["reminders"]
    table = session.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    reads = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    role = _role(session, f"{name}-role", _allow(reads, arn), _allow("dynamodb:PutItem", table))
    variables = {"Variables": {"TABLE": name}}
    _function(session, name, role, REMINDERS, Timeout=30, Environment=variables)
    session.client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name, BatchSize=10)


def _night(session: Any, brief: Mapping[str, Any]) -> None:
    """A function that works, and that nobody wakes."""
    writes = _allow("s3:PutObject", f"arn:aws:s3:::{brief['bucket']}/reports/*")
    role = _role(session, f"{brief['night']}-role", writes)
    _function(session, brief["night"], role, NIGHT, Environment={"Variables": {"BUCKET": brief["bucket"]}})


def _others(session: Any, brief: Mapping[str, Any]) -> None:
    """A flood and a quiet neighbour, an archive that hoards, records without a network, old forms."""
    lambdas, sqs = session.client("lambda"), session.client("sqs")
    url = sqs.create_queue(QueueName=brief["letters"], Attributes={"VisibilityTimeout": "180"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    reads = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    letters = _role(session, f"{brief['letters']}-role", _allow(reads, arn))
    _function(session, brief["letters"], letters, Timeout=30)
    lambdas.create_event_source_mapping(EventSourceArn=arn, FunctionName=brief["letters"], BatchSize=1)
    plain = _role(session, f"{brief['booking']}-role")
    _function(session, brief["booking"], plain, MemorySize=512)
    _function(session, brief["archive"], plain)
    lambdas.put_function_concurrency(
        FunctionName=brief["archive"], ReservedConcurrentExecutions=brief["archive_reserved"]
    )
    _function(session, brief["forms"], plain, Runtime="python3.11", MemorySize=1024)
    _function(session, brief["records"], _role(session, brief["records_role"]), Timeout=10)


def _network(session: Any, brief: Mapping[str, Any]) -> None:
    """Two zones, three tiers; the app's table knows S3's gateway endpoint, and nobody a NAT gateway."""
    ec2 = session.client("ec2")
    made = ec2.create_vpc(CidrBlock=brief["vpc_cidr"], TagSpecifications=_named("vpc", "records"))
    vpc = str(made["Vpc"]["VpcId"])
    subnets = {tier: _subnets(ec2, vpc, tier, blocks) for tier, blocks in brief["subnets"].items()}
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = {tier: _table(ec2, vpc, tier, subnets[tier]) for tier in subnets}
    ec2.create_route(RouteTableId=tables["web"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{session.region_name}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[tables["app"]],
    )
    callers = _group(ec2, vpc, "records-callers", "carried by what may call the records database")
    door = _group(ec2, vpc, "records-database", "the records database")
    port = brief["database_port"]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": callers}]}
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[rule])
    kiosk = _group(ec2, vpc, "kiosk", "a kiosk, which has no business with the records")
    for tier, address, group in (("data", "database", door), ("app", "kiosk", kiosk)):
        ec2.create_network_interface(
            SubnetId=subnets[tier][0],
            PrivateIpAddress=brief[address],
            Groups=[group],
            Description=address,
        )


def _named(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def _subnets(ec2: Any, vpc: str, tier: str, blocks: Iterable[str]) -> list[str]:
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=block,
            AvailabilityZoneId=zone,
            TagSpecifications=_named("subnet", f"{tier}-{zone[-1]}"),
        )["Subnet"]["SubnetId"]
        for block, zone in zip(blocks, ZONES, strict=True)
    ]


def _table(ec2: Any, vpc: str, tier: str, subnets: Iterable[str]) -> str:
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=_named("route-table", tier))
    table = str(made["RouteTable"]["RouteTableId"])
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    return table


def _group(ec2: Any, vpc: str, name: str, description: str) -> str:
    return str(ec2.create_security_group(GroupName=name, Description=description, VpcId=vpc)["GroupId"])
