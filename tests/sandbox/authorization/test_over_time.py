"""What a case cannot say: policies that change, presigned addresses, functions, who is never locked out."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config

from cloudlings.sandbox import Sandbox
from tests.sandbox.authorization.world import CODE, document, trust, zipped
from tests.sandbox.conftest import code_of

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
NOTHING = {"Effect": "Deny", "Action": "*", "Resource": "*"}


@pytest.fixture
def ana(learner: boto3.Session, account_id: str, as_keys: Any) -> boto3.Session:
    """A user without any policy."""
    iam = learner.client("iam")
    iam.create_user(UserName="ana")
    return as_keys(account_id, iam.create_access_key(UserName="ana")["AccessKey"])


@pytest.fixture
def key(learner: boto3.Session, bucket: str) -> str:
    """An object."""
    learner.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    return "k"


def test_a_policy_counts_from_the_next_request_on(
    learner: boto3.Session, ana: boto3.Session, bucket: str, key: str
) -> None:
    """Granted, narrowed, taken away: each change holds at once, whatever was remembered."""
    iam, s3 = learner.client("iam"), ana.client("s3")

    def reads() -> str:
        return code_of(s3.get_object, Bucket=bucket, Key=key)

    assert reads() == "AccessDenied"
    iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(READ))
    assert reads() == ""
    elsewhere = {**READ, "Resource": "arn:aws:s3:::elsewhere/*"}
    iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(elsewhere))
    assert reads() == "AccessDenied"
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document(READ))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ana", PolicyArn=arn)
    assert reads() == ""
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(elsewhere), SetAsDefault=True)
    assert reads() == "AccessDenied"


def test_a_bucket_policy_counts_from_the_next_request_on(
    learner: boto3.Session, ana: boto3.Session, account_id: str, bucket: str, key: str
) -> None:
    """A bucket policy that is put lets in at once, and one that is deleted no more."""
    s3 = learner.client("s3")
    rule = {
        **READ,
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:user/ana"},
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(rule))
    assert code_of(ana.client("s3").get_object, Bucket=bucket, Key=key) == ""
    s3.delete_bucket_policy(Bucket=bucket)
    assert code_of(ana.client("s3").get_object, Bucket=bucket, Key=key) == "AccessDenied"


def test_a_group_counts_while_one_is_in_it(
    learner: boto3.Session, ana: boto3.Session, bucket: str, key: str
) -> None:
    """Joining a group gives its permissions, leaving it takes them."""
    iam, s3 = learner.client("iam"), ana.client("s3")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(READ))
    iam.add_user_to_group(GroupName="readers", UserName="ana")
    assert code_of(s3.get_object, Bucket=bucket, Key=key) == ""
    iam.remove_user_from_group(GroupName="readers", UserName="ana")
    assert code_of(s3.get_object, Bucket=bucket, Key=key) == "AccessDenied"


def test_a_presigned_address_has_its_signers_rights_when_it_is_used(
    learner: boto3.Session, ana: boto3.Session, bucket: str, key: str
) -> None:
    """An address that was signed with permission stops working when the permission goes."""
    iam = learner.client("iam")
    iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(READ))
    s3 = ana.client("s3", config=Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    assert requests.get(url, timeout=10).content == b"v"
    iam.delete_user_policy(UserName="ana", PolicyName="p")
    refused = requests.get(url, timeout=10)
    assert refused.status_code == 403
    assert "is not authorized to perform: s3:GetObject" in refused.text


def test_a_presigned_address_is_told_by_its_kind_and_age(
    learner: boto3.Session, account_id: str, bucket: str, key: str
) -> None:
    """A bucket policy can refuse presigned addresses, by kind or when they are old."""
    s3 = learner.client("s3", config=Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    for condition, status in (
        ({"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}, 403),
        ({"NumericGreaterThan": {"s3:signatureAge": "600000"}}, 200),
    ):
        s3.put_bucket_policy(Bucket=bucket, Policy=document({**deny, "Condition": condition}))
        assert requests.get(url, timeout=10).status_code == status
    assert code_of(s3.get_object, Bucket=bucket, Key=key) == ""


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}}},
    ],
    ids=["everything", "TLS", "endpoint only"],
)
def test_a_deny_for_everyone_locks_out_neither_grader_nor_reset(
    sandbox: Sandbox, learner: boto3.Session, grader: boto3.Session, account_id: str, bucket: str, key: str,
    condition: dict[str, Any],
) -> None:  # fmt: skip
    """A bucket that is closed to all is read by the grader, and reset empties the account."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", **condition,
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}  # fmt: skip
    learner.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(deny))
    assert code_of(learner.client("s3").get_object, Bucket=bucket, Key=key) == "AccessDenied"
    assert grader.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"v"
    sandbox.reset(account_id)
    assert learner.client("s3").list_buckets()["Buckets"] == []


def test_a_learner_who_denied_everything_is_let_in_by_a_reset(
    sandbox: Sandbox, learner: boto3.Session, account_id: str
) -> None:
    """A policy against oneself holds, and goes with the reset; the keys stay the same."""
    learner.client("iam").put_user_policy(
        UserName="learner", PolicyName="no", PolicyDocument=document(NOTHING)
    )
    assert code_of(learner.client("s3").list_buckets) == "AccessDenied"
    sandbox.reset(account_id)
    assert code_of(learner.client("s3").list_buckets) == ""


def test_a_function_acts_with_its_role(learner: boto3.Session, bucket: str, key: str) -> None:
    """What a function may do is what its role may do."""
    iam, functions = learner.client("iam"), learner.client("lambda")
    role = iam.create_role(
        RoleName="job", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )
    functions.create_function(
        FunctionName="job", Runtime="python3.11", Role=role["Role"]["Arn"], Handler="app.handler", Timeout=30,
        Code={"ZipFile": zipped(CODE)},
    )  # fmt: skip
    asked = json.dumps({"service": "s3", "method": "get_object", "with": {"Bucket": bucket, "Key": key}})

    def told() -> str:
        answer = functions.invoke(FunctionName="job", Payload=asked)["Payload"].read()
        text: str = json.loads(answer)
        return text

    assert "assumed-role/job/" in told()
    assert "because no identity-based policy allows the s3:GetObject action" in told()
    iam.put_role_policy(RoleName="job", PolicyName="p", PolicyDocument=document(READ))
    assert told() == "allowed"


def test_services_go_on_calling_each_other(learner: boto3.Session, account_id: str, bucket: str) -> None:
    """A notification reaches a queue whose policy lets S3 in, as it does without anybody's permission."""
    sqs, arn = learner.client("sqs"), f"arn:aws:sqs:us-east-1:{account_id}:told"
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage",
             "Resource": arn,
             "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}}}  # fmt: skip
    url = sqs.create_queue(QueueName="told", Attributes={"Policy": document(allow)})["QueueUrl"]
    s3 = learner.client("s3")
    made = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [made]}
    )
    s3.put_object(Bucket=bucket, Key="new", Body=b"x")
    assert "new" in json.dumps(_received(sqs, url))


def _received(sqs: Any, url: str) -> list[str]:
    deadline = time.monotonic() + 20
    bodies: list[str] = []
    while time.monotonic() < deadline and not any("ObjectCreated" in body for body in bodies):
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies += [message["Body"] for message in found.get("Messages", ())]
    return bodies


def test_a_stack_makes_what_its_maker_may_not(
    learner: boto3.Session, ana: boto3.Session, account_id: str
) -> None:
    """CloudFormation with a role makes a bucket for a user who may make stacks and no buckets."""
    iam = learner.client("iam")
    role = iam.create_role(
        RoleName="maker", AssumeRolePolicyDocument=trust({"Service": "cloudformation.amazonaws.com"})
    )["Role"]["Arn"]
    made = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam.put_role_policy(RoleName="maker", PolicyName="p", PolicyDocument=made)
    own = {"Effect": "Allow", "Action": ["cloudformation:*", "iam:PassRole"], "Resource": "*"}
    iam.put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(own))
    name = f"made-{account_id}"
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}}}
    stacks = ana.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(template), RoleARN=role)
    stacks.get_waiter("stack_create_complete").wait(
        StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    assert code_of(learner.client("s3").head_bucket, Bucket=name) == ""
    assert code_of(ana.client("s3").create_bucket, Bucket=f"{name}-own") == "AccessDenied"


def test_a_stack_makes_nothing_that_its_maker_may_not(learner: boto3.Session, ana: boto3.Session) -> None:
    """Without a role, a stack has the rights of whoever asks for it: no bucket for one who may make none."""
    own = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    learner.client("iam").put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(own))
    stacks = ana.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody='{"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}')
    assert stacks.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    events = stacks.describe_stack_events(StackName="s")["StackEvents"]
    reasons = [e["ResourceStatusReason"] for e in events if e["ResourceStatus"] == "CREATE_FAILED"]
    assert [reason for reason in reasons if "is not authorized to perform: s3:CreateBucket" in reason]
    assert learner.client("s3").list_buckets()["Buckets"] == []


def test_what_a_stack_makes_is_called_via_cloudformation(
    learner: boto3.Session, ana: boto3.Session, account_id: str
) -> None:
    """aws:CalledVia lets a user make queues by stacks, and not otherwise."""
    by_stacks = {"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}
    own = [
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": by_stacks},
    ]
    learner.client("iam").put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(*own))
    stacks = ana.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody='{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}')
    assert stacks.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    assert code_of(ana.client("sqs").create_queue, QueueName="own") in (
        "AccessDenied",
        "AccessDeniedException",
    )


def test_the_encoded_message_of_a_denial_is_decoded(learner: boto3.Session, ana: boto3.Session) -> None:
    """sts:DecodeAuthorizationMessage turns EC2's message into who asked for what, for those who may."""
    told = ""
    try:
        ana.client("ec2").describe_vpcs()
    except ana.client("ec2").exceptions.ClientError as error:
        told = error.response["Error"]["Message"]
    message = told.rpartition("message: ")[2]
    found = json.loads(
        learner.client("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"]
    )
    assert found["allowed"] is False
    assert found["context"]["action"] == "ec2:DescribeVpcs"
    assert found["context"]["principal"]["arn"].endswith(":user/ana")
    assert code_of(ana.client("sts").decode_authorization_message, EncodedMessage=message) == "AccessDenied"


def test_why_names_what_was_needed_allowed_and_missing(
    sandbox: Sandbox, learner: boto3.Session, ana: boto3.Session, account_id: str, bucket: str
) -> None:
    """A denied upload with tags: the upload is allowed, the tags are missing, and the reason is told."""
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    learner.client("iam").put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(put))
    s3 = ana.client("s3")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", Tagging="a=b") == "AccessDenied"
    (denied,) = sandbox.denials(account_id, 1)
    assert denied.marks == (
        (f"s3:PutObject on arn:aws:s3:::{bucket}/k", "allowed"),
        (f"s3:PutObjectTagging on arn:aws:s3:::{bucket}/k", "missing"),
    )
    assert "user/ana asks for s3:PutObjectTagging" in denied.summary
    assert sandbox.decisions(account_id, 1)[0]["outcome"] == "ImplicitDeny"
    sandbox.reset(account_id)
    assert sandbox.denials(account_id) == ()


def test_the_log_of_decisions_is_bounded() -> None:
    """An account's log keeps the last decisions and drops the oldest; bodies are not kept."""
    from cloudlings.iam import Policies, Principal, Request, decide
    from cloudlings.sandbox.authorization.judge import Judgement
    from cloudlings.sandbox.authorization.log import DECISIONS, DENIALS, DecisionLog
    from cloudlings.sandbox.authorization.need import Need
    from cloudlings.sandbox.model import Call
    from cloudlings.sandbox.model import Request as Asked

    log = DecisionLog()
    decision = decide(
        Request(Principal("user", "arn:aws:iam::111122223333:user/a"), "s3:GetObject"), Policies()
    )
    call = Call(Asked("GET", "/", "", ()), "s3", "GetObject", "us-east-1", None, "111122223333")
    for _ in range(DECISIONS + 10):
        log.add(call, Judgement((Need("s3:GetObject"),), (decision,)))
    assert len(log.denials("111122223333", 10 * DENIALS)) == DENIALS
    assert len(log.decisions("111122223333", 10 * DECISIONS)) == DECISIONS


def test_a_key_closed_to_its_reader_closes_what_it_encrypts(
    learner: boto3.Session, ana: boto3.Session, bucket: str
) -> None:
    """A ciphertext names its key by itself, and the key's policy decides who decrypts it."""
    kms = learner.client("kms")
    number = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=number, Plaintext=b"x")["CiphertextBlob"]
    assert code_of(ana.client("kms").decrypt, CiphertextBlob=sealed) == "AccessDeniedException"
    allow = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    learner.client("iam").put_user_policy(UserName="ana", PolicyName="p", PolicyDocument=document(allow))
    assert ana.client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"x"
