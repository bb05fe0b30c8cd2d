"""A LocalStack behind the gateway: requests are decided, limited, journalled and explained as ever."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import uuid
import zipfile

import pytest
from botocore.exceptions import ClientError

from cloudlings.errors import SandboxError
from cloudlings.sandbox import Sandbox

REGION = "eu-west-1"
LOOK_ONLY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:List*", "s3:Get*"], "Resource": "*"}],
}


@pytest.fixture
def account(sandbox):
    """A new account's id; its learner is an administrator."""
    number = str(uuid.uuid4().int)[:12]
    sandbox.provision(number)
    return number


@pytest.fixture
def client(sandbox, account):
    session = sandbox.session(account, "learner", REGION)
    return session.client


def as_key(sandbox, key, service):
    """A client of whoever a new access key or session stands for."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=sandbox.endpoint_url,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
    )


def refused(call, *args, **kwargs):
    """The error code and sentence of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(*args, **kwargs)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def trust(account):
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
    })  # fmt: skip


def test_it_says_what_is_behind_the_gateway(sandbox, localstack):
    """The starter is told which LocalStack it is, and where."""
    assert sandbox.upstream == localstack
    assert any("LocalStack 4.14" in told and localstack in told for told in sandbox.notices)


def test_the_learner_is_its_own_user(client, account):
    """GetCallerIdentity, and GetUser without a name, tell of the learner, not of LocalStack's root."""
    assert client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/learner"
    assert client("iam").get_user()["User"]["UserName"] == "learner"


def test_a_users_policies_decide(sandbox, client, account):
    """A user may do what an inline policy allows, and is refused the rest in AWS's words, with reasons."""
    iam = client("iam")
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="look", PolicyDocument=json.dumps(LOOK_ONLY))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    s3 = as_key(sandbox, key, "s3")
    assert s3.list_buckets()["Buckets"] == []
    code, message = refused(s3.create_bucket, Bucket=f"b-{account}",
                            CreateBucketConfiguration={"LocationConstraint": REGION})  # fmt: skip
    assert code == "AccessDenied"
    assert f"arn:aws:iam::{account}:user/reader is not authorized to perform: s3:CreateBucket" in message
    denied = sandbox.denials(account, last=1)[0]
    assert denied.missing.startswith("s3:CreateBucket on arn:aws:s3:::b-")
    iam.delete_user_policy(UserName="reader", PolicyName="look")
    assert refused(s3.list_buckets)[0] == "AccessDenied"


def test_groups_boundaries_and_managed_policies_decide(sandbox, client, account):
    """A group's managed policy allows, a boundary takes away, and a deactivated key opens nothing."""
    iam = client("iam")
    policy = iam.create_policy(
        PolicyName="queues",
        PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
        }),
    )["Policy"]["Arn"]  # fmt: skip
    iam.create_group(GroupName="ops")
    iam.attach_group_policy(GroupName="ops", PolicyArn=policy)
    iam.create_user(UserName="op")
    iam.add_user_to_group(GroupName="ops", UserName="op")
    key = iam.create_access_key(UserName="op")["AccessKey"]
    sqs = as_key(sandbox, key, "sqs")
    assert sqs.create_queue(QueueName="jobs")["QueueUrl"]
    look = iam.create_policy(PolicyName="look", PolicyDocument=json.dumps(LOOK_ONLY))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="op", PermissionsBoundary=look)
    assert "no permissions boundary allows" in refused(sqs.create_queue, QueueName="more")[1]
    iam.update_access_key(UserName="op", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused(sqs.list_queues)[0] == "InvalidClientTokenId"


def test_a_role_is_assumed_and_is_what_it_is(sandbox, client, account):
    """A role's session has the role's rights, narrowed by its session policy; the trust policy is asked."""
    iam = client("iam")
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust(account))["Role"]["Arn"]
    iam.put_role_policy(RoleName="worker", PolicyName="look", PolicyDocument=json.dumps(LOOK_ONLY))
    given = client("sts").assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    assert as_key(sandbox, given, "sts").get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{account}:assumed-role/worker/shift"
    )
    assert as_key(sandbox, given, "s3").list_buckets()["Buckets"] == []
    narrow = json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    })  # fmt: skip
    less = client("sts").assume_role(RoleArn=role, RoleSessionName="less", Policy=narrow)["Credentials"]
    assert "no session policy allows" in refused(as_key(sandbox, less, "s3").list_buckets)[1]
    nobody = json.loads(trust(account))
    nobody["Statement"][0]["Principal"] = {"Service": "ec2.amazonaws.com"}
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(nobody))
    assert refused(client("sts").assume_role, RoleArn=role, RoleSessionName="late")[0] == "AccessDenied"


def test_a_bucket_policy_denies_the_learner_and_not_the_grader(sandbox, client, account):
    """A Deny for everyone holds for the learner; a check and a reset still get in."""
    s3, bucket = client("s3"), f"closed-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    everyone = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everyone]}))
    code, message = refused(s3.get_object, Bucket=bucket, Key="a")
    assert code == "AccessDenied"
    assert "with an explicit deny in a resource-based policy" in message
    grader = sandbox.session(account, "grader", REGION).client("s3")
    assert grader.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_another_account_needs_both_policies(sandbox, client, account):
    """A bucket of one account opens to a user of another only by its policy."""
    s3, bucket = client("s3"), f"shared-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    other = str(uuid.uuid4().int)[:12]
    sandbox.provision(other)
    theirs = sandbox.session(other, "learner", REGION).client("s3")
    assert refused(theirs.get_object, Bucket=bucket, Key="a")[0] == "AccessDenied"
    grant = {
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other}:user/learner"},
        "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*",
    }  # fmt: skip
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    assert theirs.get_object(Bucket=bucket, Key="a")["Body"].read() == b"1"


def test_presigned_addresses_open_and_are_checked(client, account):
    """A presigned address opens its object and, tampered with, opens nothing."""
    s3, bucket = client("s3"), f"signed-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    assert urllib.request.urlopen(url).read() == b"1"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.replace("/a?", "/b?"))


def test_keys_of_kms_decide_too(sandbox, client, account):
    """A key policy that names one user only refuses the others, on an object's encryption too."""
    kms, s3, bucket = client("kms"), client("s3"), f"kms-{account}"
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert (
        kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])["Plaintext"]
        == b"x"
    )
    client("iam").create_user(UserName="reader")
    client("iam").put_user_policy(UserName="reader", PolicyName="look", PolicyDocument=json.dumps(LOOK_ONLY))
    theirs = as_key(sandbox, client("iam").create_access_key(UserName="reader")["AccessKey"], "s3")
    assert "kms:Decrypt" in refused(theirs.get_object, Bucket=bucket, Key="a")[1]


def test_limits_hold(client):
    """What LocalStack takes and AWS refuses is refused: a rule that is there already, a broken policy."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    again = refused(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule)
    assert again[0] == "InvalidPermission.Duplicate"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Action": "*"}]})
    said = refused(client("iam").create_policy, PolicyName="p", PolicyDocument=policy)
    assert said[0] == "MalformedPolicyDocument"


def test_queues_are_reached_by_the_gateways_address(sandbox, client):
    """The address of a queue is the gateway's, and messages pass by it."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url.startswith(sandbox.endpoint_url)
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_requests_are_journalled(sandbox, client, account):
    """Who asked for what, and what came of it."""
    client("sns").create_topic(Name="news")
    entry = next(e for e in sandbox.journal(account) if e.operation == "CreateTopic")
    assert (entry.service, entry.status, entry.region) == ("sns", 200, REGION)
    assert entry.principal == f"arn:aws:iam::{account}:user/learner"


def test_what_localstack_does_not_serve_is_said(client):
    """A service of another edition: LocalStack's own word, and what serves it."""
    code, message = refused(client("rds").describe_db_instances)
    assert code == "NotImplemented"
    assert "does not serve rds:DescribeDBInstances" in message
    assert "cloudlings start without --upstream" in message


def test_undo_says_that_it_cannot(sandbox, account, client):
    """Taking back is a gap that is told, and changes nothing."""
    client("sqs").create_queue(QueueName="jobs")
    assert not sandbox.keeps
    for call in (lambda: sandbox.undo([account]), lambda: sandbox.checkpoint([account], "here")):
        with pytest.raises(SandboxError, match="LocalStack is behind this gateway"):
            call()
    assert client("sqs").list_queues()["QueueUrls"]


def test_the_clock_is_the_machines(sandbox, account):
    """A test clock that LocalStack would not follow is refused."""
    with pytest.raises(SandboxError, match="goes by the machine's clock"):
        sandbox.advance(account, 60)


def furnish(client, account):
    """Something of everything that a lab leaves behind."""
    s3, iam, ec2 = client("s3"), client("iam"), client("ec2")
    bucket = f"full-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    s3.delete_object(Bucket=bucket, Key="a")
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust(account))["Role"]["RoleName"]
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName=role)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    door = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=door, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=door)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    one, two = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in "ab"
    )
    for group, other in ((one, two), (two, one)):
        ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80,
                            "UserIdGroupPairs": [{"GroupId": other}]}],
        )  # fmt: skip
    client("sqs").create_queue(QueueName="jobs")
    client("sns").create_topic(Name="news")
    client("ssm").put_parameter(Name="/a", Value="1", Type="String")
    client("secretsmanager").create_secret(Name="s", SecretString="x")
    client("logs").create_log_group(logGroupName="/a")


def test_a_reset_empties_one_account_only(sandbox, client, account):
    """After a reset the account is as new, its learner gets in with the same keys, and a neighbour's things
    are there."""
    other = str(uuid.uuid4().int)[:12]
    sandbox.provision(other)
    theirs = sandbox.session(other, "learner", REGION).client("sqs")
    theirs.create_queue(QueueName="kept")
    furnish(client, account)
    sandbox.reset(account)
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert [u["UserName"] for u in client("iam").list_users()["Users"]] == ["learner"]
    assert [v for v in client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
    assert not client("sqs").list_queues().get("QueueUrls")
    assert theirs.list_queues()["QueueUrls"]


def test_keys_outlive_a_restart_of_the_gateway(localstack, tmp_path):
    """LocalStack tells a secret once; the gateway knows it after a stop and a start."""
    account = str(uuid.uuid4().int)[:12]
    first = Sandbox.start(tmp_path, port=0, upstream=localstack)
    try:
        first.provision(account)
        iam = first.session(account, "learner", REGION).client("iam")
        iam.create_user(UserName="op")
        iam.put_user_policy(UserName="op", PolicyName="look", PolicyDocument=json.dumps(LOOK_ONLY))
        key = iam.create_access_key(UserName="op")["AccessKey"]
    finally:
        first.stop()
    second = Sandbox.start(tmp_path, port=0, upstream=localstack)
    try:
        assert as_key(second, key, "s3").list_buckets()["Buckets"] == []
        with pytest.raises(SandboxError, match="is running already with LocalStack"):
            Sandbox.start(tmp_path, upstream="")
    finally:
        second.stop()


def test_a_deployed_api_is_called_by_the_gateways_address(sandbox, client):
    """A REST API with a mock integration answers at the gateway, unsigned."""
    api = client("apigateway")
    rest = api.create_rest_api(name="hello")["id"]
    root = api.get_resources(restApiId=rest)["items"][0]["id"]
    where = {"restApiId": rest, "resourceId": root, "httpMethod": "GET"}
    api.put_method(**where, authorizationType="NONE")
    api.put_method_response(**where, statusCode="200")
    api.put_integration(**where, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    api.put_integration_response(
        **where, statusCode="200", responseTemplates={"application/json": '{"hello": "there"}'}
    )
    api.create_deployment(restApiId=rest, stageName="v1")
    url = f"{sandbox.endpoint_url}/restapis/{rest}/v1/_user_request_/"
    assert json.load(urllib.request.urlopen(url)) == {"hello": "there"}


def test_its_own_pages_are_not_reached(sandbox):
    """What LocalStack tells about every account is not to be had by way of the gateway."""
    for path in ("/_localstack/health", "/_aws/sqs/messages"):
        for host in ("127.0.0.1", "abc.execute-api.localhost", "abc.lambda-url.us-east-1.localhost"):
            asked = urllib.request.Request(sandbox.endpoint_url + path, headers={"Host": host})
            with pytest.raises(urllib.error.HTTPError):
                urllib.request.urlopen(asked)


def test_functions_are_kept(client, account):
    """A function is made and shown; where it can run is LocalStack's affair."""
    role = client("iam").create_role(
        RoleName="fn",
        AssumeRolePolicyDocument=trust(account).replace(
            f'"AWS": "{account}"', '"Service": "lambda.amazonaws.com"'
        ),
    )["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return event\n")
    client("lambda").create_function(
        FunctionName="echo",
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
    )
    assert client("lambda").get_function(FunctionName="echo")["Configuration"]["FunctionName"] == "echo"
