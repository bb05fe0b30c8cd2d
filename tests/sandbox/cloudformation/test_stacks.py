"""Stacks whose making is cut short: by their deletion, by the end of the sandbox, by a step back in time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import boto3

from cloudlings.sandbox import Sandbox

ACCOUNT = "100000000777"
MANY = json.dumps(
    {
        "Resources": {
            f"P{n}": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
            for n in range(300)
        }
    }
)
TWO = json.dumps(
    {
        "Resources": {
            "Net": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.5.0.0/16"}},
            "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "jobs"}},
        }
    }
)


def stacks(session: boto3.Session) -> Any:
    return session.client("cloudformation")


def delete(session: boto3.Session, name: str) -> None:
    stacks(session).delete_stack(StackName=name)
    waiter = stacks(session).get_waiter("stack_delete_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 1})


def parameters(session: boto3.Session) -> list[Any]:
    found: list[Any] = session.client("ssm").describe_parameters()["Parameters"]
    return found


def test_a_stack_that_is_deleted_while_it_is_made_leaves_nothing(learner: boto3.Session) -> None:
    """Whoever makes it stops, and deletes what there is."""
    stacks(learner).create_stack(StackName="many", TemplateBody=MANY)
    delete(learner, "many")
    assert parameters(learner) == []
    events = stacks(learner).list_stacks()["StackSummaries"]
    assert [one["StackStatus"] for one in events] == ["DELETE_COMPLETE"]


def test_a_reset_ends_what_is_being_made(sandbox: Sandbox, account_id: str, learner: boto3.Session) -> None:
    """An account that is emptied stays empty, whatever was under way."""
    stacks(learner).create_stack(StackName="many", TemplateBody=MANY)
    sandbox.reset(account_id)
    time.sleep(0.5)
    assert stacks(learner).list_stacks()["StackSummaries"] == []
    assert len(parameters(learner)) <= 8  # those that were on their way


def test_a_stack_outlives_the_sandbox_and_goes_back_in_time(tmp_path: Path) -> None:
    """It is kept over a stop, failed if that cut it off, and rewound with what it made."""
    sandbox = Sandbox.start(tmp_path / "home", port=0)
    try:
        sandbox.provision(ACCOUNT)
        learner = sandbox.session(ACCOUNT, "learner", "us-east-1")
        stacks(learner).create_stack(StackName="two", TemplateBody=TWO)
        stacks(learner).get_waiter("stack_create_complete").wait(StackName="two", WaiterConfig={"Delay": 1})
        time.sleep(1.5)
        sandbox.checkpoint([ACCOUNT], "made")
        delete(learner, "two")
        assert learner.client("sqs").list_queues().get("QueueUrls", []) == []
        sandbox.rewind([ACCOUNT], "made")
        assert (
            stacks(learner).describe_stacks(StackName="two")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        )
        assert len(learner.client("sqs").list_queues()["QueueUrls"]) == 1
        (net,) = learner.client("ec2").describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.5.0.0/16"]}])[
            "Vpcs"
        ]
        subnet = learner.client("ec2").create_subnet(VpcId=net["VpcId"], CidrBlock="10.5.1.0/24")["Subnet"]
        stacks(learner).delete_stack(StackName="two")  # which cannot end while there is a subnet
        sandbox.stop()
        sandbox = Sandbox.start(tmp_path / "home", port=0)
        learner = sandbox.session(ACCOUNT, "learner", "us-east-1")
        (cut,) = stacks(learner).describe_stacks(StackName="two")["Stacks"]
        assert cut["StackStatus"] == "DELETE_FAILED"
        assert "was stopped" in cut["StackStatusReason"]
        learner.client("ec2").delete_subnet(SubnetId=subnet["SubnetId"])
        delete(learner, "two")
        assert learner.client("sqs").list_queues().get("QueueUrls", []) == []
    finally:
        sandbox.stop()
