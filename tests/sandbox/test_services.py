"""Every service of the course answers through the one door, as the learner and as the grader."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import boto3
import jmespath
import pytest
import yaml
from botocore import UNSIGNED
from botocore.config import Config

from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.routes import BY_SERVICE, ROUTES
from tests.sandbox.conftest import code_of

pytestmark = pytest.mark.xdist_group("services")
CASES = yaml.safe_load((Path(__file__).parent / "cases" / "services.yaml").read_text())
SERVICE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "Service": ["lambda.amazonaws.com", "states.amazonaws.com", "ec2.amazonaws.com"]
                },
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
CODE = """
import boto3, os
def handler(event, context):
    boto3.client("s3").put_object(Bucket=event["bucket"], Key="made", Body=b"by the function")
    machine = {n: v for n, v in os.environ.items() if n.startswith("AWS_CONFIG") or n == "HOME"}
    return {"arn": boto3.client("sts").get_caller_identity()["Arn"], "machine": machine}
"""


def zipped(code: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app.py", code)
    return made.getvalue()


class Ground:
    """One account with what the cases stand on."""

    def __init__(self, sandbox: Sandbox, account: str) -> None:
        self.sandbox, self.account = sandbox, account
        sandbox.provision(account)
        self.learner = sandbox.session(account, "learner", "us-east-1")
        self.grader = sandbox.session(account, "grader", "us-east-1")
        iam, ec2 = self.learner.client("iam"), self.learner.client("ec2")
        iam.create_role(RoleName="service", AssumeRolePolicyDocument=SERVICE_TRUST)
        iam.attach_role_policy(RoleName="service", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        key = self.learner.client("kms").create_key()["KeyMetadata"]["KeyId"]
        self.words = {
            "account": account,
            "subnet1": subnets[0],
            "subnet2": subnets[1],
            "ami": image,
            "key": key,
        }

    def filled(self, value: Any) -> Any:
        """A case's value with this account's words in it."""
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if value == "{zip}":
            return zipped(CODE)
        if isinstance(value, str):
            for word, meant in self.words.items():
                value = value.replace("{" + word + "}", meant)
        return value


@pytest.fixture(scope="module")
def ground(sandbox: Sandbox) -> Ground:
    return Ground(sandbox, "222233334444")


@pytest.mark.parametrize("case", CASES, ids=[case["service"] for case in CASES])
def test_what_the_learner_makes_the_learner_and_the_grader_read(ground: Ground, case: dict[str, Any]) -> None:
    """A write through the service's client is read back by both principals."""
    method, arguments = case["make"]
    getattr(ground.learner.client(case["service"]), method)(**ground.filled(arguments))
    method, arguments = case["read"]
    for session in (ground.learner, ground.grader):
        answer = getattr(session.client(case["service"]), method)(**ground.filled(arguments))
        assert jmespath.search(ground.filled(case["found"]), answer) == ground.filled(case["is"])


def test_the_journal_names_the_services_as_boto3_does(ground: Ground) -> None:
    """After all cases every service is in the journal under its client's name, with no server error."""
    entries = ground.sandbox.journal(ground.account)
    assert {case["service"] for case in CASES} - {entry.service for entry in entries} == set()
    assert [entry for entry in entries if entry.status >= 500] == []


def test_a_function_runs_as_its_role_and_calls_through_the_door(
    ground: Ground, account_id: str, sandbox: Sandbox
) -> None:
    """A function's own calls reach the gateway with its role's session, and nothing of the machine's home."""
    s3 = ground.learner.client("s3")
    s3.create_bucket(Bucket="for-the-function")
    client = ground.learner.client("lambda")
    client.create_function(
        FunctionName="caller", Runtime="python3.12", Handler="app.handler", Timeout=30,
        Role=f"arn:aws:iam::{ground.account}:role/service", Code={"ZipFile": zipped(CODE)},
    )  # fmt: skip
    answer = client.invoke(FunctionName="caller", Payload=json.dumps({"bucket": "for-the-function"}))
    said = json.loads(answer["Payload"].read())
    assert said["arn"] == f"arn:aws:sts::{ground.account}:assumed-role/service/caller"
    assert said["machine"]["AWS_CONFIG_FILE"] == "/dev/null"
    assert "HOME" not in said["machine"]
    assert s3.get_object(Bucket="for-the-function", Key="made")["Body"].read() == b"by the function"
    made = [
        e for e in sandbox.journal(ground.account) if e.source == "function" and e.operation == "PutObject"
    ]
    assert [entry.resource for entry in made] == ["arn:aws:s3:::for-the-function/made"]


def test_an_instance_takes_a_profile_that_iam_keeps(ground: Ground) -> None:
    """A role and a profile made in IAM are known where instances are launched, until they are deleted."""
    iam, ec2 = ground.learner.client("iam"), ground.learner.client("ec2")
    profile = iam.create_instance_profile(InstanceProfileName="web")["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="service")
    launch = {"ImageId": ground.words["ami"], "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
    launched = ec2.run_instances(**launch, IamInstanceProfile={"Name": "web"})["Instances"][0]
    assert launched["IamInstanceProfile"]["Arn"] == profile
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="service")
    iam.delete_instance_profile(InstanceProfileName="web")
    code = code_of(ec2.run_instances, **launch, IamInstanceProfile={"Name": "web"})
    assert code in ("NoSuchEntity", "InvalidParameterValue")


def test_a_profile_that_a_stack_makes_is_known_too(ground: Ground) -> None:
    """What CloudFormation makes in IAM never passed the gateway; instances take it all the same."""
    properties = {"InstanceProfileName": "by-stack", "Roles": ["service"]}
    template = {"Resources": {"P": {"Type": "AWS::IAM::InstanceProfile", "Properties": properties}}}
    cfn = ground.learner.client("cloudformation")
    cfn.create_stack(
        StackName="profile", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    cfn.get_waiter("stack_create_complete").wait(StackName="profile", WaiterConfig={"Delay": 1})
    launched = ground.learner.client("ec2").run_instances(
        ImageId=ground.words["ami"], MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "by-stack"}
    )["Instances"][0]
    assert launched["IamInstanceProfile"]["Arn"].endswith("instance-profile/by-stack")


def test_a_listener_takes_a_certificate_that_acm_keeps(ground: Ground) -> None:
    """A certificate made in ACM is known to load balancers, and one that is not there is not."""
    elbv2, acm = ground.learner.client("elbv2"), ground.learner.client("acm")
    subnets = [ground.words["subnet1"], ground.words["subnet2"]]
    balancer = elbv2.create_load_balancer(Name="tls", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action]
    )["Listeners"][0]["ListenerArn"]  # fmt: skip
    arn = acm.request_certificate(DomainName="www.example.com")["CertificateArn"]
    change = {"ListenerArn": listener, "Protocol": "HTTPS", "Port": 443}
    assert code_of(elbv2.modify_listener, **change, Certificates=[{"CertificateArn": arn + "0"}]) != ""
    assert code_of(elbv2.modify_listener, **change, Certificates=[{"CertificateArn": arn}]) == ""


def test_a_deployed_api_calls_its_function(ground: Ground) -> None:
    """An HTTP API's route is called by path, unsigned, and its function answers."""
    account = ground.account
    code = "def handler(event, context): return {'statusCode': 200, 'body': 'hello ' + event['rawPath']}"
    ground.learner.client("lambda").create_function(
        FunctionName="hello", Runtime="python3.12", Handler="app.handler",
        Role=f"arn:aws:iam::{account}:role/service", Code={"ZipFile": zipped(code)},
    )  # fmt: skip
    api = ground.learner.client("apigatewayv2")
    made = api.create_api(Name="hello", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
        IntegrationUri=f"arn:aws:lambda:us-east-1:{account}:function:hello",
    )["IntegrationId"]  # fmt: skip
    api.create_route(ApiId=made, RouteKey="GET /greet", Target=f"integrations/{integration}")
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    ground.learner.client("lambda").add_permission(
        FunctionName="hello", StatementId="api", Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )  # fmt: skip
    url = f"{ground.sandbox.endpoint_url}/_aws/execute-api/{made}/$default/greet"
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello /greet"


def test_topics_deliver_to_queues(ground: Ground) -> None:
    """A message published to a topic arrives in a queue that subscribes to it."""
    sqs, sns = ground.learner.client("sqs"), ground.learner.client("sns")
    queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ground.account}:inbox"
    topic = sns.create_topic(Name="outbox")["TopicArn"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",
             "Principal": {"Service": "sns.amazonaws.com"}, "Resource": arn}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(allow)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="ping")
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=3)["Messages"][0]
    assert json.loads(message["Body"])["Message"] == "ping"


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("macie2", "list_findings", {}, "UnsupportedService"),
        ("comprehend", "list_endpoints", {}, "UnsupportedService"),
        ("service-quotas", "list_services", {}, "NotImplemented"),
    ],
)
def test_what_nobody_serves_is_told_by_name(
    learner: boto3.Session, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    """A service that no emulator has, or an operation that its own lacks, is an error that boto3 reads."""
    assert code_of(getattr(learner.client(service), operation), **arguments) == code


def test_every_row_of_the_table_has_its_reason() -> None:
    """No service twice, each with a reason, and only emulators that there are."""
    assert len(BY_SERVICE) == len(ROUTES)
    folder = Path(__file__).parents[2] / "src" / "cloudlings" / "sandbox" / "emulators"
    for route in ROUTES:
        assert route.reason
        assert (folder / f"{route.emulator}.py").is_file()


def test_an_unsigned_question_is_told_what_it_lacks(sandbox: Sandbox) -> None:
    """Without a signature STS knows nobody, and says so in its own protocol."""
    config = Config(signature_version=UNSIGNED)
    nobody = boto3.client("sts", region_name="eu-west-1", endpoint_url=sandbox.endpoint_url, config=config)
    assert code_of(nobody.get_caller_identity) == "MissingAuthenticationToken"
