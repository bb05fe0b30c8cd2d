"""Pages about the account: what calls what, who can do what; read, decided, and safe to show."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloudlings.grading.workspace import Workspace
from cloudlings.web.wiring import Node, Wire, Wiring, columns, draw, node
from tests.web.place import LAB, Visitor, learners_place, words


@pytest.fixture(scope="module")
def space() -> Iterator[Workspace]:
    """A lab with a bucket, two queues, a topic, a rule, and a role that may read a part of the bucket."""
    with learners_place() as made:
        session = made.running().session(made.account_ids["main"], "learner", "us-east-1")
        sqs, sns, s3, events = (session.client(name) for name in ("sqs", "sns", "s3", "events"))
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
        sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive})
        topic = sns.create_topic(Name="news")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn.replace("dead", "work"))
        events.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
        events.put_targets(Rule="nightly", Targets=[{"Id": "1", "Arn": arn.replace("dead", "work")}])
        s3.create_bucket(Bucket="plans-of-a-test")
        _role(session.client("iam"))
        yield made


def _role(iam: Any) -> None:
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "ec2.amazonaws.com"}}}  # fmt: skip
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::plans-of-a-test/open/*"}}  # fmt: skip
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="app", PolicyName="read", PolicyDocument=json.dumps(allowed))


def test_what_calls_what_is_drawn_and_told(space: Workspace) -> None:
    """Subscription, schedule and dead-letter queue, as a picture and as a table."""
    page = asyncio.run(Visitor(space.running().home).get(f"/labs/{LAB}/wiring"))
    told = words(page)
    assert "Topic news Queue work subscription" in told
    assert "Schedule rate(1 day) Queue work rule nightly" in told
    assert "Queue work Queue dead after 3 failed receives" in told
    assert page.count("<rect") == 4
    assert "Not read" not in told


def test_who_can_do_what_is_decided(space: Workspace) -> None:
    """The learner manages all; the role reads some of the bucket's objects, and nothing of a queue."""
    told = words(asyncio.run(Visitor(space.running().home).get(f"/labs/{LAB}/access")))
    assert "user/learner read, write, manage read, write, manage" in told
    assert "role/app read some none none" in told
    assert "Not read" not in told


def test_a_receipt_is_shown_to_print(space: Workspace) -> None:
    """Before a check it says what to do; after one, what it proves and what not."""
    visitor = Visitor(space.running().home)
    before = asyncio.run(visitor.ask("GET", f"/labs/{LAB}/receipt"))
    assert "Nothing was checked" in before.text
    asyncio.run(visitor.send("check", task="mend-setting"))
    told = words(asyncio.run(visitor.get(f"/labs/{LAB}/receipt")))
    assert "0 of 6 points" in told
    assert "What it does not prove Who did the work" in told


def test_circles_and_markup_are_drawn() -> None:
    """A function that feeds its own queue ends the drawing; names are characters."""
    queue, function = Node("sqs", "<b>q</b>"), Node("lambda", "f")
    wires = (
        Wire(queue, function, "batches"),
        Wire(function, queue, "on success"),
        Wire(function, function, "x"),
    )
    assert set(columns(wires)) == {queue, function}
    drawn = draw(Wiring(wires))
    assert "<b>" not in drawn
    assert drawn.count("<rect") == 2
    assert draw(Wiring(())) == ""


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws:lambda:eu-west-1:111122223333:function:f:live", "lambda", "f:live"),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/t/stream/2026", "dynamodb", "t"),
        ("arn:aws:s3:::b", "s3", "b"),
        ("arn:aws:states:eu-west-1:111122223333:stateMachine:m", "states", "m"),
        ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/x:*", "logs", "/aws/x"),
        ("someone@example.com", "other", "someone@example.com"),
    ],
)
def test_things_have_their_own_names(arn: str, kind: str, name: str) -> None:
    """An ARN's service and its own name."""
    assert node(arn) == Node(kind, name)


@pytest.fixture(scope="module")
def network(space: Workspace) -> dict[str, str]:
    """A subnet that the internet reaches, with an interface in it whose group lets nobody in; its ids."""
    ec2 = space.running().session(space.account_ids["main"], "learner", "us-east-1").client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(
        RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
    )
    group = ec2.create_security_group(GroupName="shut", Description="shut", VpcId=vpc)["GroupId"]
    door = ec2.create_network_interface(SubnetId=subnet, Groups=[group])["NetworkInterface"]
    name = [{"Key": "Name", "Value": "door"}]
    ec2.create_tags(Resources=[door["NetworkInterfaceId"]], Tags=name)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=door["NetworkInterfaceId"])
    return {"vpc": vpc, "group": group}


def test_a_packet_is_followed_on_the_picture(space: Workspace, network: dict[str, str]) -> None:
    """Stopped at the group that lets nobody in, by name; once a rule is there, it arrives and comes back."""
    visitor = Visitor(space.running().home)
    asked = f"/labs/{LAB}/picture?from=internet&to=door&port=443"
    before = asyncio.run(visitor.get(asked))
    assert "✘ It is stopped" in words(before)
    assert re.search(rf"✕ stopped [^.]*shut \({network['group']}\)", words(before)), words(before)
    assert '<option value="door">interface door' in before
    assert "10.7.1.0/24" in before, "the picture is of the VPC that the packet is in"
    ec2 = space.running().session(space.account_ids["main"], "learner", "us-east-1").client("ec2")
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=network["group"], IpPermissions=rule)
    after = words(asyncio.run(visitor.get(asked)))
    assert "✔ It arrives" in after
    assert "The reply leaves door" in after


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("from=internet&to=nowhere", "nowhere"),
        ("from=internet&to=door&port=70000", "“70000” is no port. A port is a whole number from 0 to 65535."),
        ("from=internet&to=door&port=%3Cb%3E", "is no port"),
        ("from=<b>x</b>&to=door", "<b>x</b>"),
        ("from=internet&to=door&protocol=smoke", "Its way, step by step"),
        ("from=internet", "Follow it"),
    ],
)
def test_a_slip_in_a_packet_is_answered_with_words(
    space: Workspace, network: dict[str, str], asked: str, said: str
) -> None:
    """A place that is not there, a port that is none, markup: said, as characters."""
    page = asyncio.run(Visitor(space.running().home).get(f"/labs/{LAB}/picture?{asked}"))
    assert said in words(page)
    assert "<b>" not in page
