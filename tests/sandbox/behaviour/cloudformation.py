"""CloudFormation: stacks over every service, their life, and what is said of them."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.exceptions import WaiterError

from tests.sandbox.behaviour.probe import Aws, policy, probe, same, trust

STACKS = "CloudFormation API reference, CreateStack; UpdateStack; DeleteStack"
STATUS = "CloudFormation User Guide, Understand stack creation events; Stack status codes"
TEMPLATE = "CloudFormation User Guide, Template sections; Understand CloudFormation quotas"
FUNCTIONS = "CloudFormation Template Reference, Intrinsic function reference"
PARAMETERS = "CloudFormation User Guide, Parameters"
POLICIES = "CloudFormation Template Reference, DeletionPolicy attribute; UpdateReplacePolicy attribute"
UPDATES = "CloudFormation User Guide, Understand update behaviors of stack resources"
SETS = "CloudFormation API reference, CreateChangeSet; DescribeChangeSet; ExecuteChangeSet"
EXPORTS = "CloudFormation User Guide, Get exported outputs from a deployed CloudFormation stack"
DYNAMIC = "CloudFormation User Guide, Get values stored in other services using dynamic references"
ROLES = "CloudFormation User Guide, CloudFormation service role"
CAPABILITIES = "CloudFormation User Guide, Acknowledging IAM resources in CloudFormation templates"
WAIT = {"Delay": 1, "MaxAttempts": 120}
Resources = dict[str, Any]


def of(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def text(resources: Resources, **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


def create(aws: Aws, resources: Resources | str, sections: Any = None, *, name: str = "", **more: Any) -> str:
    """A stack's name, made as far as it gets."""
    name = name or aws.name("stack")
    body = resources if isinstance(resources, str) else text(resources, **(sections or {}))
    aws.cloudformation.create_stack(StackName=name, TemplateBody=body, **more)
    settle(aws, "stack_create_complete", name)
    return name


def update(aws: Aws, name: str, resources: Resources, sections: Any = None, **more: Any) -> None:
    aws.cloudformation.update_stack(StackName=name, TemplateBody=text(resources, **(sections or {})), **more)
    settle(aws, "stack_update_complete", name)


def delete(aws: Aws, name: str) -> None:
    aws.cloudformation.delete_stack(StackName=name)
    settle(aws, "stack_delete_complete", name)


def settle(aws: Aws, waiter: str, name: str) -> None:
    """Return when the stack is in none of the states that pass."""
    try:
        aws.cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig=WAIT)
    except WaiterError:
        deadline = time.monotonic() + 60
        while status(aws, name).endswith("IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(0.2)


def stack(aws: Aws, name: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return found


def status(aws: Aws, name: str) -> str:
    return str(stack(aws, name)["StackStatus"])


def outputs(aws: Aws, name: str) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack(aws, name).get("Outputs", [])}


def physical(aws: Aws, name: str, logical: str) -> str:
    found = aws.cloudformation.describe_stack_resource(StackName=name, LogicalResourceId=logical)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def reasons(aws: Aws, name: str) -> str:
    """Why resources failed, as the events tell it."""
    events = aws.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [e for e in events if e["ResourceStatus"].endswith("FAILED")]
    return "\n".join(str(e.get("ResourceStatusReason", "")) for e in failed)


def visibility(aws: Aws, url: str) -> str:
    asked = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    return str(asked["Attributes"]["VisibilityTimeout"])


QUEUE = of("SQS::Queue", VisibilityTimeout=40)
# What no queue takes, however it is asked for: at most 12 hours.
IMPOSSIBLE = of("SQS::Queue", VisibilityTimeout=43201)


# --- a stack's life ----------------------------------------------------------------------------------


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A stack makes what it declares, over several services, and deleting it deletes that."""
    name = create(aws, {
        "Vpc": of("EC2::VPC", CidrBlock="10.7.0.0/16"),
        "Subnet": of("EC2::Subnet", VpcId={"Ref": "Vpc"}, CidrBlock="10.7.1.0/24"),
        "Group": of("EC2::SecurityGroup", GroupDescription="d", VpcId={"Ref": "Vpc"}),
        "Bucket": of("S3::Bucket", VersioningConfiguration={"Status": "Enabled"}),
        "Queue": QUEUE,
    })  # fmt: skip
    same(status(aws, name), "CREATE_COMPLETE")
    subnet, vpc, bucket = (physical(aws, name, one) for one in ("Subnet", "Vpc", "Bucket"))
    same(aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"], vpc)
    same(aws.s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    same(visibility(aws, physical(aws, name, "Queue")), "40")
    delete(aws, name)
    same([one["VpcId"] for one in aws.ec2.describe_vpcs()["Vpcs"] if one["VpcId"] == vpc], [])
    same(aws.s3.list_buckets()["Buckets"], [])


@probe("CloudFormation", STATUS)
def _(aws: Aws) -> None:
    """A resource that fails is named with its reason, and what was made is taken back."""
    resources = {"Vpc": of("EC2::VPC", CidrBlock="10.7.0.0/16"), "Bad": IMPOSSIBLE | {"DependsOn": "Vpc"}}
    name = create(aws, resources)
    same(status(aws, name), "ROLLBACK_COMPLETE")
    same("VisibilityTimeout" in reasons(aws, name), True)
    same([one for one in aws.ec2.describe_vpcs()["Vpcs"] if one["CidrBlock"] == "10.7.0.0/16"], [])


@probe("CloudFormation", STATUS)
def _(aws: Aws) -> None:
    """A property that there is not fails its resource, by its name."""
    name = create(aws, {"Good": QUEUE, "Bad": of("S3::Bucket", Colour="red")})
    same(status(aws, name), "ROLLBACK_COMPLETE")
    same("Colour" in reasons(aws, name), True)
    same(aws.sqs.list_queues().get("QueueUrls", []), [])


@probe("CloudFormation", EXPORTS)
def _(aws: Aws) -> None:
    """What is imported has to be exported."""
    value = {"Fn::ImportValue": "nope"}
    name = create(aws, {"A": of("SSM::Parameter", Type="String", Value=value)})
    events = aws.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    told = "".join(str(one.get("ResourceStatusReason")) for one in events)
    same((status(aws, name), "No export named nope found" in told), ("ROLLBACK_COMPLETE", True))


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """OnFailure DO_NOTHING keeps what was made."""
    name = create(aws, {"Good": QUEUE, "Bad": IMPOSSIBLE | {"DependsOn": "Good"}}, OnFailure="DO_NOTHING")
    same(status(aws, name), "CREATE_FAILED")
    same(len(aws.sqs.list_queues()["QueueUrls"]), 1)


@probe("CloudFormation", STATUS)
def _(aws: Aws) -> None:
    """Events tell of the stack and of each resource, the newest first."""
    name = create(aws, {"A": QUEUE})
    events = aws.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    told = [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(events)]
    same(told[0], (name, "CREATE_IN_PROGRESS"))
    same(told[-2:], [("A", "CREATE_COMPLETE"), (name, "CREATE_COMPLETE")])


@probe("CloudFormation", POLICIES)
def _(aws: Aws) -> None:
    """What is to be retained outlives its stack."""
    name = create(aws, {"A": of("S3::Bucket") | {"DeletionPolicy": "Retain"}})
    bucket = physical(aws, name, "A")
    delete(aws, name)
    aws.s3.head_bucket(Bucket=bucket)


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A stack that is gone is described by its id, and not by its name."""
    name = create(aws, {"A": QUEUE})
    number = stack(aws, name)["StackId"]
    delete(aws, name)
    same(status(aws, number), "DELETE_COMPLETE")
    summaries = aws.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    same([one["StackName"] for one in summaries], [name])


# --- values ------------------------------------------------------------------------------------------


@probe("CloudFormation", FUNCTIONS)
def _(aws: Aws) -> None:
    """Functions, conditions and mappings give a stack's values."""
    third = {"Fn::Select": [2, {"Fn::Cidr": ["10.0.0.0/16", 3, 8]}]}
    sections = {
        "Parameters": {"Env": {"Type": "String", "Default": "prod"}, "Ports": {"Type": "CommaDelimitedList"}},
        "Mappings": {"Sizes": {"prod": {"Seconds": "90"}, "test": {"Seconds": "10"}}},
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
            "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
        },
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}},
            "Port": {"Value": {"Fn::Select": [1, {"Ref": "Ports"}]}},
            "Joined": {"Value": {"Fn::Join": ["-", [third, {"Ref": "AWS::Region"}]]}},
            "Said": {"Value": {"Fn::Sub": ["${a}/${AWS::AccountId}/${!x}", {"a": {"Fn::Base64": "b"}}]}},
            "Never": {"Value": "x", "Condition": "IsTest"},
        },
    }  # fmt: skip
    seconds = {"Fn::FindInMap": ["Sizes", {"Ref": "Env"}, "Seconds"]}
    resources = {
        "Queue": of("SQS::Queue", VisibilityTimeout={"Fn::If": ["IsProd", seconds, {"Ref": "AWS::NoValue"}]}),
        "Other": of("SQS::Queue") | {"Condition": "IsTest"},
    }
    name = create(
        aws, resources, sections, Parameters=[{"ParameterKey": "Ports", "ParameterValue": "80,443"}]
    )
    url = physical(aws, name, "Queue")
    same(visibility(aws, url), "90")
    same(outputs(aws, name), {
        "Arn": aws.queue_arn(url), "Port": "443", "Joined": f"10.0.2.0/24-{aws.region}",
        "Said": f"Yg==/{aws.account_id}/${{x}}",
    })  # fmt: skip
    same(len(aws.sqs.list_queues()["QueueUrls"]), 1)


@probe("CloudFormation", FUNCTIONS)
def _(aws: Aws) -> None:
    """YAML's short functions are the long ones."""
    name = create(
        aws,
        """
Resources:
  A: {Type: AWS::SQS::Queue}
  B:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub "${A.Arn}!"
      Description: !Join [" ", [made, by, !Ref AWS::StackName]]
""",
    )
    found = aws.ssm.get_parameter(Name=physical(aws, name, "B"))["Parameter"]["Value"]
    same(found, aws.queue_arn(physical(aws, name, "A")) + "!")


@probe("CloudFormation", DYNAMIC)
def _(aws: Aws) -> None:
    """Values come from Systems Manager and Secrets Manager, where a template refers to them."""
    aws.ssm.put_parameter(Name="/a", Value="from-ssm", Type="String")
    aws.secretsmanager.create_secret(Name="s", SecretString='{"word": "open"}')
    value = "{{resolve:ssm:/a}} {{resolve:secretsmanager:s:SecretString:word}}"
    sections = {"Parameters": {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a"}}}
    resources = {
        "A": of("SSM::Parameter", Type="String", Value=value),
        "B": of("SSM::Parameter", Type="String", Value={"Ref": "P"}),
    }
    name = create(aws, resources, sections)
    values = [aws.ssm.get_parameter(Name=physical(aws, name, one))["Parameter"]["Value"] for one in "AB"]
    same(values, ["from-ssm open", "from-ssm"])


@probe("CloudFormation", PARAMETERS)
def _(aws: Aws) -> None:
    """A parameter with NoEcho is not shown."""
    sections = {"Parameters": {"P": {"Type": "String", "NoEcho": True}}}
    given = [{"ParameterKey": "P", "ParameterValue": "secret"}]
    name = create(aws, {"A": QUEUE}, sections, Parameters=given)
    same([one["ParameterValue"] for one in stack(aws, name)["Parameters"]], ["****"])


@probe("CloudFormation", EXPORTS)
def _(aws: Aws) -> None:
    """An export is imported by another stack, and stays as long as it is."""
    exported = {"Outputs": {"Url": {"Value": {"Ref": "A"}, "Export": {"Name": "the-queue"}}}}
    first = create(aws, {"A": QUEUE}, exported)
    value = {"Fn::ImportValue": "the-queue"}
    second = create(aws, {"B": of("SSM::Parameter", Type="String", Value=value)})
    same(aws.cloudformation.list_imports(ExportName="the-queue")["Imports"], [second])
    same([one["Name"] for one in aws.cloudformation.list_exports()["Exports"]], ["the-queue"])
    delete(aws, first)
    same(status(aws, first), "DELETE_FAILED")
    same("in use by" in stack(aws, first)["StackStatusReason"], True)


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A resource without a name gets one of its stack, its logical id and chance."""
    name = create(aws, {"Letters": of("S3::Bucket"), "Jobs": QUEUE})
    same(physical(aws, name, "Letters").startswith(f"{name}-letters-"), True)
    same(physical(aws, name, "Jobs").rpartition("/")[2].startswith(f"{name}-Jobs-"), True)


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A stack's tags are its resources' tags."""
    name = create(aws, {"A": of("S3::Bucket")}, Tags=[{"Key": "team", "Value": "letters"}])
    tags = aws.s3.get_bucket_tagging(Bucket=physical(aws, name, "A"))["TagSet"]
    same({"Key": "team", "Value": "letters"} in tags, True)


# --- updates -----------------------------------------------------------------------------------------


@probe("CloudFormation", UPDATES)
def _(aws: Aws) -> None:
    """An update changes a resource in place, adds what is new and deletes what is gone."""
    name = create(aws, {"A": QUEUE, "Old": of("SNS::Topic")})
    url = physical(aws, name, "A")
    update(aws, name, {"A": of("SQS::Queue", VisibilityTimeout=50), "New": of("S3::Bucket")})
    same((status(aws, name), physical(aws, name, "A"), visibility(aws, url)), ("UPDATE_COMPLETE", url, "50"))
    same((len(aws.s3.list_buckets()["Buckets"]), aws.sns.list_topics()["Topics"]), (1, []))


@probe("CloudFormation", UPDATES)
def _(aws: Aws) -> None:
    """What cannot be changed is replaced, and whoever refers to it is told."""
    parameter = of("SSM::Parameter", Type="String", Value={"Ref": "A"})
    name = create(aws, {"A": of("SQS::Queue", QueueName="one"), "P": parameter})
    update(aws, name, {"A": of("SQS::Queue", QueueName="two"), "P": parameter})
    urls = aws.sqs.list_queues()["QueueUrls"]
    same([url.rpartition("/")[2] for url in urls], ["two"])
    same(aws.ssm.get_parameter(Name=physical(aws, name, "P"))["Parameter"]["Value"], physical(aws, name, "A"))


@probe("CloudFormation", UPDATES)
def _(aws: Aws) -> None:
    """An update that fails is taken back, whole."""
    name = create(aws, {"A": QUEUE})
    url = physical(aws, name, "A")
    update(aws, name, {
        "A": of("SQS::Queue", VisibilityTimeout=50), "New": of("S3::Bucket"),
        "Bad": IMPOSSIBLE | {"DependsOn": ["A", "New"]},
    })  # fmt: skip
    same((status(aws, name), visibility(aws, url)), ("UPDATE_ROLLBACK_COMPLETE", "40"))
    same(aws.s3.list_buckets()["Buckets"], [])
    same(json.loads(text({"A": QUEUE})), aws.cloudformation.get_template(StackName=name)["TemplateBody"])


@probe("CloudFormation", SETS)
def _(aws: Aws) -> None:
    """A change set tells what is added, changed, replaced and removed, and does it when it is executed."""
    name = create(aws, {"A": QUEUE, "B": of("SNS::Topic", TopicName="b"), "C": of("S3::Bucket")})
    changed = {"A": of("SQS::Queue", VisibilityTimeout=50), "B": of("SNS::Topic", TopicName="c"), "D": QUEUE}
    made = aws.cloudformation.create_change_set(
        StackName=name, ChangeSetName="more", TemplateBody=text(changed)
    )["Id"]
    aws.cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=WAIT)
    changes = aws.cloudformation.describe_change_set(ChangeSetName=made)["Changes"]
    every = [one["ResourceChange"] for one in changes]
    told = {(one["LogicalResourceId"], one["Action"], one.get("Replacement")) for one in every}
    same(told, {("A", "Modify", "False"), ("B", "Modify", "True"), ("C", "Remove", None), ("D", "Add", None)})
    aws.cloudformation.execute_change_set(ChangeSetName=made)
    settle(aws, "stack_update_complete", name)
    same((status(aws, name), visibility(aws, physical(aws, name, "A"))), ("UPDATE_COMPLETE", "50"))


@probe("CloudFormation", SETS)
def _(aws: Aws) -> None:
    """A change set makes a new stack; until then it is in review."""
    name = aws.name("stack")
    made = aws.cloudformation.create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=text({"A": QUEUE})
    )["Id"]
    aws.cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=made, WaiterConfig=WAIT)
    same((status(aws, name), aws.sqs.list_queues().get("QueueUrls", [])), ("REVIEW_IN_PROGRESS", []))
    aws.cloudformation.execute_change_set(ChangeSetName=made)
    settle(aws, "stack_create_complete", name)
    same((status(aws, name), len(aws.sqs.list_queues()["QueueUrls"])), ("CREATE_COMPLETE", 1))


@probe("CloudFormation", SETS)
def _(aws: Aws) -> None:
    """A change set without changes fails, and says so."""
    name = create(aws, {"A": QUEUE})
    made = aws.cloudformation.create_change_set(
        StackName=name, ChangeSetName="none", TemplateBody=text({"A": QUEUE})
    )["Id"]
    try:
        aws.cloudformation.get_waiter("change_set_create_complete").wait(
            ChangeSetName=made, WaiterConfig=WAIT
        )
    except WaiterError:
        found = aws.cloudformation.describe_change_set(ChangeSetName=made)
        same((found["Status"], "didn't contain changes" in found["StatusReason"]), ("FAILED", True))
    else:
        raise AssertionError("the change set is complete")


# --- in whose name -----------------------------------------------------------------------------------


@probe("CloudFormation", ROLES)
def _(aws: Aws) -> None:
    """A stack with a role may do what the role may, and no more."""
    aws.iam.create_role(RoleName="maker", AssumeRolePolicyDocument=trust("cloudformation"))
    may = policy(Effect="Allow", Action="sqs:*", Resource="*")
    aws.iam.put_role_policy(RoleName="maker", PolicyName="p", PolicyDocument=may)
    role = f"arn:aws:iam::{aws.account_id}:role/maker"
    same(status(aws, create(aws, {"A": QUEUE}, RoleARN=role)), "CREATE_COMPLETE")
    name = create(aws, {"A": of("S3::Bucket")}, RoleARN=role)
    same((status(aws, name), "s3:CreateBucket" in reasons(aws, name)), ("ROLLBACK_COMPLETE", True))


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A template is validated, and its parameters and needs are told."""
    body = text(
        {"G": of("IAM::Group")}, Parameters={"P": {"Type": "String", "Default": "a"}}, Description="d"
    )
    found = aws.cloudformation.validate_template(TemplateBody=body)
    same((found["Description"], found["Capabilities"]), ("d", ["CAPABILITY_IAM"]))
    same([(one["ParameterKey"], one["DefaultValue"]) for one in found["Parameters"]], [("P", "a")])


@probe("CloudFormation", STACKS)
def _(aws: Aws) -> None:
    """A template comes from a bucket."""
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="t.json", Body=text({"A": QUEUE}).encode())
    name = aws.name("stack")
    url = f"https://{bucket}.s3.{aws.region}.amazonaws.com/t.json"
    aws.cloudformation.create_stack(StackName=name, TemplateURL=url)
    settle(aws, "stack_create_complete", name)
    same(status(aws, name), "CREATE_COMPLETE")


@probe("CloudFormation", "CloudFormation User Guide, Nested stacks")
def _(aws: Aws) -> None:
    """A stack in a stack is made and deleted with it, and gives its outputs."""
    bucket = aws.bucket()
    inner = text({"A": QUEUE}, Outputs={"Url": {"Value": {"Ref": "A"}}})
    aws.s3.put_object(Bucket=bucket, Key="t.json", Body=inner.encode())
    url = f"https://{bucket}.s3.{aws.region}.amazonaws.com/t.json"
    value = {"Fn::GetAtt": ["Inner", "Outputs.Url"]}
    resources = {
        "Inner": of("CloudFormation::Stack", TemplateURL=url),
        "P": of("SSM::Parameter", Type="String", Value=value),
    }
    name = create(aws, resources)
    same(
        aws.ssm.get_parameter(Name=physical(aws, name, "P"))["Parameter"]["Value"],
        aws.sqs.list_queues()["QueueUrls"][0],
    )
    delete(aws, name)
    same(aws.sqs.list_queues().get("QueueUrls", []), [])
