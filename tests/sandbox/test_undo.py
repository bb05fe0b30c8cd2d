"""Taking back and going back, in a running sandbox: what comes back, what is named, what is left alone."""

from __future__ import annotations

import io
import itertools
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudlings.errors import SandboxError
from cloudlings.sandbox import Sandbox
from tests.sandbox.conftest import code_of
from tests.sandbox.test_verbs import cloudlings

FUNCTIONS = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [FUNCTIONS]})
LAB = "000-orientation"
_numbers = itertools.count(200000000001)


@pytest.fixture(scope="module")
def keeping() -> Iterator[Sandbox]:
    """A sandbox that takes snapshots; tests keep apart by account."""
    with Sandbox.temporary(keeps=True) as running:
        yield running


class Ground:
    """One account with its learner, and short names for what tests do with it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.number = str(next(_numbers))
        sandbox.provision(self.number)
        self.session = sandbox.session(self.number, "learner", "us-east-1")
        self.bucket = f"bucket-{self.number}"

    def client(self, name: str) -> Any:
        return self.session.client(name)

    def keep(self, name: str = "here") -> None:
        self.sandbox.checkpoint([self.number], name)

    def undo(self, count: int = 1, **named: Any) -> list[str]:
        return [e.operation for e in self.sandbox.undo([self.number], count, **named).taken_back]

    def rewind(self, name: str = "here") -> list[str]:
        return [e.operation for e in self.sandbox.rewind([self.number], name).taken_back]


@pytest.fixture
def ground(keeping: Sandbox) -> Ground:
    return Ground(keeping)


def until_snapshot(ground: Ground) -> None:
    """Wait until what was done so far is in a snapshot made in passing."""
    index = ground.sandbox.home / "sandbox" / "state" / "snapshots" / ground.number / "index.json"
    last = ground.sandbox.journal(ground.number)[-1].number
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if index.exists() and json.loads(index.read_text())[-1]["number"] >= last:
            return
        time.sleep(0.05)
    raise AssertionError("no snapshot was taken")


def test_a_request_is_taken_back_without_anybody_asking_for_a_snapshot(ground: Ground) -> None:
    """What was done more than a moment before stays; the last request goes, and is named."""
    s3 = ground.client("s3")
    s3.create_bucket(Bucket=ground.bucket)
    s3.put_object(Bucket=ground.bucket, Key="k", Body=b"first")
    until_snapshot(ground)
    s3.put_object(Bucket=ground.bucket, Key="k", Body=b"second")
    assert ground.undo() == ["PutObject"]
    assert s3.get_object(Bucket=ground.bucket, Key="k")["Body"].read() == b"first"


def test_a_script_is_taken_back_step_by_step(ground: Ground) -> None:
    """Over several seconds there are several places to go back to, the newest first."""
    s3 = ground.client("s3")
    s3.create_bucket(Bucket=ground.bucket)
    for key in ("one", "two", "three"):
        until_snapshot(ground)
        s3.put_object(Bucket=ground.bucket, Key=key)
    for left in (["one", "two"], ["one"], []):
        assert ground.undo() == ["PutObject"]
        found = s3.list_objects_v2(Bucket=ground.bucket).get("Contents", [])
        assert [o["Key"] for o in found] == sorted(left)


def test_requests_of_the_same_moment_go_together_and_are_named(ground: Ground) -> None:
    """Whoever takes one of three quick requests back is told of all three."""
    s3 = ground.client("s3")
    s3.create_bucket(Bucket=ground.bucket)
    ground.keep()
    for key in "abc":
        s3.put_object(Bucket=ground.bucket, Key=key)
    assert ground.undo() == ["PutObject"] * 3
    assert s3.list_objects_v2(Bucket=ground.bucket)["KeyCount"] == 0


def test_only_what_changed_something_counts(ground: Ground) -> None:
    """Reads, refused requests, and what a check does are not among the requests that an undo counts."""
    s3 = ground.client("s3")
    ground.keep("empty")
    s3.create_bucket(Bucket=ground.bucket)
    ground.keep()
    s3.put_object(Bucket=ground.bucket, Key="k")
    s3.list_buckets()
    code_of(s3.delete_bucket, Bucket="not-there")
    ground.client("sts").get_caller_identity()
    ground.sandbox.session(ground.number, "grader", "us-east-1").client("s3").list_buckets()
    assert ground.undo(1) == ["PutObject"]
    assert ground.undo(1) == ["CreateBucket"]
    with pytest.raises(SandboxError, match="nothing to take back"):
        ground.undo(1)


def test_more_than_there_is_cannot_be_taken_back(ground: Ground) -> None:
    """The error says how many there are."""
    ground.client("sqs").create_queue(QueueName="q")
    with pytest.raises(SandboxError, match=r"2 requests cannot be taken back: yours .* are 1"):
        ground.undo(2)


def test_a_look_changes_nothing(ground: Ground) -> None:
    """With ``look`` the requests are named, and stay."""
    ground.keep()
    ground.client("sqs").create_queue(QueueName="q")
    assert ground.undo(look=True) == ["CreateQueue"]
    assert ground.client("sqs").list_queues()["QueueUrls"]


def test_what_was_taken_back_can_be_had_again(ground: Ground) -> None:
    """After an undo, and after a rewind, there is a checkpoint of where it was before."""
    sqs = ground.client("sqs")
    ground.keep("empty")
    sqs.create_queue(QueueName="q")
    assert ground.undo() == ["CreateQueue"]
    assert not sqs.list_queues().get("QueueUrls")
    back = ground.sandbox.rewind([ground.number], "before-undo")
    assert [e.operation for e in back.brought_back] == ["CreateQueue"]
    assert sqs.list_queues()["QueueUrls"]
    assert ground.rewind("empty") == ["CreateQueue"]
    assert not sqs.list_queues().get("QueueUrls")


def test_the_journal_says_what_was_taken_back(ground: Ground) -> None:
    """Entries stay, marked; the undo is an entry itself; what is done afterwards stands."""
    sqs = ground.client("sqs")
    ground.keep()
    sqs.create_queue(QueueName="q")
    ground.undo()
    sqs.create_queue(QueueName="r")
    rows = [(e.operation, e.undone) for e in ground.sandbox.journal(ground.number) if not e.reads]
    assert rows == [("CreateQueue", True), ("undo 1", False), ("CreateQueue", False)]


def test_other_accounts_are_left_alone(keeping: Sandbox) -> None:
    """Taking back in one account changes nothing in another, at either emulator."""
    mine, theirs = Ground(keeping), Ground(keeping)
    for each in (mine, theirs):
        each.keep()
        each.client("s3").create_bucket(Bucket=each.bucket)
        each.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    mine.undo(2)
    assert mine.client("s3").list_buckets()["Buckets"] == []
    assert [b["Name"] for b in theirs.client("s3").list_buckets()["Buckets"]] == [theirs.bucket]
    assert {v["CidrBlock"] for v in theirs.client("ec2").describe_vpcs()["Vpcs"]} > {"10.9.0.0/16"}
    assert {v["CidrBlock"] for v in mine.client("ec2").describe_vpcs()["Vpcs"]}.isdisjoint({"10.9.0.0/16"})


def test_the_accounts_of_a_lab_go_back_together(keeping: Sandbox) -> None:
    """What one account wrote into another's bucket goes with the request that wrote it."""
    mine, theirs = Ground(keeping), Ground(keeping)
    s3 = theirs.client("s3")
    s3.create_bucket(Bucket=theirs.bucket)
    allow = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{mine.number}:root"}, "Action": "s3:*",
             "Resource": [f"arn:aws:s3:::{theirs.bucket}", f"arn:aws:s3:::{theirs.bucket}/*"]}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    s3.put_bucket_policy(Bucket=theirs.bucket, Policy=policy)
    both = [mine.number, theirs.number]
    keeping.checkpoint(both, "here")
    mine.client("s3").put_object(Bucket=theirs.bucket, Key="from-outside")
    assert s3.list_objects_v2(Bucket=theirs.bucket)["KeyCount"] == 1
    assert [e.operation for e in keeping.rewind(both, "here").taken_back] == ["PutObject"]
    assert s3.list_objects_v2(Bucket=theirs.bucket)["KeyCount"] == 0


def build(ground: Ground) -> None:
    """Something of most services that labs use."""
    s3, ddb, lam = ground.client("s3"), ground.client("dynamodb"), ground.client("lambda")
    s3.create_bucket(Bucket=ground.bucket)
    s3.put_bucket_versioning(Bucket=ground.bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1" * 200_000, b"2" * 200_000):
        s3.put_object(Bucket=ground.bucket, Key="large", Body=body, Metadata={"m": "1"})
    ddb.create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "g")],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-g", "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }],
    )  # fmt: skip
    ddb.put_item(TableName="table", Item={"pk": {"S": "1"}, "g": {"S": "x"}})
    url = ground.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    ground.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    ground.client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=TRUST)
    lam.create_function(
        FunctionName="f", Runtime="python3.12", Handler="app.handler", Code={"ZipFile": code("first")},
        Role=f"arn:aws:iam::{ground.number}:role/fn",
    )  # fmt: skip
    ground.client("ssm").put_parameter(Name="/p", Value="first", Type="String")
    ground.client("secretsmanager").create_secret(Name="s", SecretString="first")
    ec2 = ground.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "first"}])
    ground.client("logs").create_log_group(logGroupName="/g")
    ground.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])


def code(word: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", f"def handler(event, context): return {word!r}")
    return buffer.getvalue()


def wreck(ground: Ground) -> None:
    """Change or remove all of it."""
    s3 = ground.client("s3")
    for version in s3.list_object_versions(Bucket=ground.bucket)["Versions"]:
        s3.delete_object(Bucket=ground.bucket, Key="large", VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=ground.bucket)
    ground.client("dynamodb").delete_table(TableName="table")
    ground.client("sqs").purge_queue(QueueUrl=ground.client("sqs").get_queue_url(QueueName="q")["QueueUrl"])
    ground.client("lambda").update_function_code(FunctionName="f", ZipFile=code("second"))
    assert json.loads(ground.client("lambda").invoke(FunctionName="f")["Payload"].read()) == "second"
    ground.client("ssm").delete_parameter(Name="/p")
    ground.client("secretsmanager").put_secret_value(SecretId="s", SecretString="second")
    ec2 = ground.client("ec2")
    ours = [{"Name": "cidr-block", "Values": ["10.7.1.0/24"]}]
    for subnet in ec2.describe_subnets(Filters=ours)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.delete_vpc(VpcId=subnet["VpcId"])
    ground.client("logs").delete_log_group(logGroupName="/g")


def assert_built(ground: Ground) -> None:
    s3, ddb = ground.client("s3"), ground.client("dynamodb")
    ids = [v["VersionId"] for v in s3.list_object_versions(Bucket=ground.bucket)["Versions"]]
    found = [s3.get_object(Bucket=ground.bucket, Key="large", VersionId=each) for each in ids]
    assert sorted(each["Body"].read() for each in found) == [b"1" * 200_000, b"2" * 200_000]
    query = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "x"}}}
    assert ddb.query(TableName="table", IndexName="by-g", **query)["Count"] == 1
    url = ground.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    messages = ground.client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    assert [m["Body"] for m in messages] == ["hello"]
    assert json.loads(ground.client("lambda").invoke(FunctionName="f")["Payload"].read()) == "first"
    assert ground.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "first"
    assert ground.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "first"
    vpcs = ground.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["first"]}])["Vpcs"]
    assert [v["CidrBlock"] for v in vpcs] == ["10.7.0.0/16"]
    groups = ground.client("logs").describe_log_groups()["logGroups"]
    assert "/g" in {group["logGroupName"] for group in groups}
    assert ground.client("cloudwatch").list_metrics(Namespace="n")["Metrics"]


def test_every_service_comes_back(ground: Ground) -> None:
    """Objects with versions, items with their index, messages, code, secrets, networks, logs and metrics are
    as they were, with the same ids."""
    build(ground)
    ground.keep()
    vpcs = {v["VpcId"] for v in ground.client("ec2").describe_vpcs()["Vpcs"]}
    wreck(ground)
    assert ground.rewind()
    assert_built(ground)
    assert {v["VpcId"] for v in ground.client("ec2").describe_vpcs()["Vpcs"]} == vpcs


def test_encrypted_disks_and_key_pairs_come_back(ground: Ground) -> None:
    """What is encrypted with AWS's own key, which refuses to be pickled, is saved and had again."""
    ec2 = ground.client("ec2")
    disk = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True)["VolumeId"]
    ec2.create_snapshot(VolumeId=disk)
    pair = ec2.create_key_pair(KeyName="pair")["KeyFingerprint"]
    ground.keep("with-disk")
    ec2.delete_volume(VolumeId=disk)
    ec2.delete_key_pair(KeyName="pair")
    assert ground.rewind("with-disk") == ["DeleteVolume", "DeleteKeyPair"]
    (found,) = ec2.describe_volumes(VolumeIds=[disk])["Volumes"]
    assert found["Encrypted"]
    assert [p["KeyFingerprint"] for p in ec2.describe_key_pairs()["KeyPairs"]] == [pair]


@pytest.mark.parametrize("spec", ["SYMMETRIC_DEFAULT", "RSA_2048", "ECC_NIST_P256", "HMAC_256"])
def test_a_key_comes_back_with_its_material(ground: Ground, spec: str) -> None:
    """What a key signed or encrypted before can be read after it was lost and had again."""
    kms = ground.client("kms")
    ground.keep("empty")
    usage = {"ECC_NIST_P256": "SIGN_VERIFY", "HMAC_256": "GENERATE_VERIFY_MAC"}.get(spec, "ENCRYPT_DECRYPT")
    key = kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    check = proof(kms, key, spec)
    ground.keep("with-key")
    ground.undo()
    assert code_of(kms.describe_key, KeyId=key) == "NotFoundException"
    ground.rewind("with-key")
    check()


def proof(kms: Any, key: str, spec: str) -> Callable[[], None]:
    """Use a key, and return what can only be done with the same one."""
    if spec == "HMAC_256":
        mac = kms.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        return lambda: kms.verify_mac(KeyId=key, Message=b"m", Mac=mac, MacAlgorithm="HMAC_SHA_256")
    if spec.startswith("ECC"):
        algorithm = "ECDSA_SHA_256"
        signature = kms.sign(KeyId=key, Message=b"m", SigningAlgorithm=algorithm)["Signature"]
        return lambda: kms.verify(KeyId=key, Message=b"m", Signature=signature, SigningAlgorithm=algorithm)
    how = {} if spec == "SYMMETRIC_DEFAULT" else {"EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"m", **how)["CiphertextBlob"]

    def decrypt() -> None:
        assert kms.decrypt(KeyId=key, CiphertextBlob=sealed, **how)["Plaintext"] == b"m"

    return decrypt


def test_who_may_come_in_goes_back_too(ground: Ground, as_keys: Callable[..., boto3.Session]) -> None:
    """A key made after the snapshot is refused at once, and one that was deleted since works again."""
    iam = ground.client("iam")
    iam.create_user(UserName="u")
    iam.attach_user_policy(UserName="u", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    old = iam.create_access_key(UserName="u")["AccessKey"]
    ground.keep()
    iam.delete_access_key(UserName="u", AccessKeyId=old["AccessKeyId"])
    new = iam.create_access_key(UserName="u")["AccessKey"]

    def error(keys: dict[str, Any]) -> str:
        made = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], region_name="us-east-1")
        sts = made.client("sts", endpoint_url=ground.sandbox.endpoint_url)
        return code_of(sts.get_caller_identity)

    assert (error(old), error(new)) == ("InvalidClientTokenId", "")
    ground.rewind()
    assert (error(old), error(new)) == ("", "InvalidClientTokenId")


def test_requests_on_their_way_do_not_fail(ground: Ground) -> None:
    """While somebody writes without pause, an undo and a rewind go through, and no write gets an error."""
    ddb = ground.client("dynamodb")
    ddb.create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    ground.keep()
    stop, errors = threading.Event(), []

    def write(name: str) -> None:
        client = ground.sandbox.session(ground.number, "learner", "us-east-1").client("dynamodb")
        for number in itertools.count():
            if stop.is_set():
                return
            try:
                client.put_item(TableName="table", Item={"pk": {"S": f"{name}-{number}"}})
            except ClientError as error:
                errors.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for writer in writers:
        writer.start()
    try:
        for _ in range(3):
            time.sleep(0.2)
            assert "PutItem" in ground.undo()
            ground.rewind()
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert errors == []
    standing = sum(e.changes and e.operation == "PutItem" for e in ground.sandbox.journal(ground.number))
    assert ddb.scan(TableName="table", Select="COUNT")["Count"] == standing


def test_an_unknown_checkpoint_is_told_with_those_there_are(ground: Ground) -> None:
    """The error names the checkpoints, and the next step the nearest."""
    ground.keep("before-policy")
    with pytest.raises(SandboxError, match="There are: before-policy") as caught:
        ground.rewind("before-polcy")
    assert caught.value.next_step == "cloudlings rewind before-policy"


@pytest.mark.parametrize("name", ["", "../up", "a b", "x" * 61, "-x"])
def test_a_checkpoints_name_is_a_plain_word(ground: Ground, name: str) -> None:
    """What cannot be typed plainly, or leads elsewhere, is no name."""
    with pytest.raises(SandboxError, match="cannot be a checkpoint's name"):
        ground.keep(name)


def test_where_nothing_is_kept_nothing_is_taken_back(sandbox: Sandbox, account_id: str) -> None:
    """A temporary sandbox without snapshots says so."""
    sandbox.session(account_id, "learner", "us-east-1").client("sqs").create_queue(QueueName="q")
    with pytest.raises(SandboxError, match="keeps no snapshots"):
        sandbox.undo([account_id])
    assert sandbox.keeps is False


def test_checkpoints_and_the_way_back_outlive_a_restart(home: Path) -> None:
    """After a stop and a start the checkpoints are there, and undo goes on where it was."""
    first = Sandbox.start(home, port=0)
    try:
        first.provision("111122223333")
        s3 = first.session("111122223333", "learner", "us-east-1").client("s3")
        s3.create_bucket(Bucket="kept-over")
        first.checkpoint(["111122223333"], "bucket")
        s3.put_object(Bucket="kept-over", Key="k", Body=b"x" * 50_000)
        first.stop()
        second = Sandbox.start(home, port=0)
        assert [c.name for c in second.checkpoints(["111122223333"])] == ["bucket"]
        assert [e.operation for e in second.undo(["111122223333"]).taken_back] == ["PutObject"]
        s3 = second.session("111122223333", "learner", "us-east-1").client("s3")
        assert s3.list_objects_v2(Bucket="kept-over")["KeyCount"] == 0
    finally:
        found = Sandbox.find(home)
        if found is not None:
            found.stop()


def test_a_reset_forgets_the_way_back(ground: Ground) -> None:
    """After a reset there is no checkpoint of before, and nothing to take back."""
    ground.client("sqs").create_queue(QueueName="q")
    ground.keep()
    ground.sandbox.reset(ground.number)
    assert ground.sandbox.checkpoints([ground.number]) == ()
    with pytest.raises(SandboxError, match="nothing to take back"):
        ground.undo()


def test_from_the_command_line(home: Path) -> None:
    """log, checkpoint, undo and rewind as a person types them, in the lab that was worked in last."""
    try:
        assert cloudlings(home, "start", "--port", "0").returncode == 0
        shown = json.loads(cloudlings(home, "env", LAB, "--json").stdout)
        sandbox = Sandbox.find(home)
        assert sandbox is not None
        assert "No lab has been worked in yet." in cloudlings(home, "log").stderr
        s3 = sandbox.session(shown["account_id"], "learner", "us-east-1").client("s3")
        s3.create_bucket(Bucket="typed-by-hand")
        kept = cloudlings(home, "checkpoint", "with-bucket")
        assert kept.stdout == f"Kept {LAB} as it is now. Back to here: cloudlings rewind with-bucket\n"
        s3.put_object(Bucket="typed-by-hand", Key="notes/one.txt", Body=b"x")
        logged = cloudlings(home, "log").stdout
        assert "s3:CreateBucket arn:aws:s3:::typed-by-hand" in logged
        assert "ListBuckets" not in logged
        looked = cloudlings(home, "undo", "--dry-run").stdout
        assert "s3:PutObject arn:aws:s3:::typed-by-hand/notes/one.txt" in looked
        assert s3.list_objects_v2(Bucket="typed-by-hand")["KeyCount"] == 1
        undone = cloudlings(home, "undo").stdout
        assert undone.startswith(f"{LAB} went back to ")
        assert "s3:PutObject arn:aws:s3:::typed-by-hand/notes/one.txt" in undone
        assert s3.list_objects_v2(Bucket="typed-by-hand")["KeyCount"] == 0
        assert "taken back" in cloudlings(home, "log", LAB).stdout
        assert "There again:" in cloudlings(home, "rewind", "before-undo").stdout
        assert "with-bucket" in cloudlings(home, "rewind").stdout
        assert "start" in cloudlings(home, "rewind", "--lab", LAB).stdout
        cloudlings(home, "rewind", "start")
        assert s3.list_buckets()["Buckets"] == []
        wrong = cloudlings(home, "rewind", "with-bukket")
        assert (wrong.returncode, wrong.stderr.splitlines()[-1]) == (1, "Next: cloudlings rewind with-bucket")
        assert "uses the name" in cloudlings(home, "checkpoint", "start").stderr
    finally:
        # The checker beside the sandbox ends with it.
        cloudlings(home, "stop")


@pytest.mark.parametrize("words", [("log",), ("undo",), ("checkpoint", "a"), ("rewind", "a")])
def test_without_a_sandbox_the_next_step_is_told(home: Path, words: tuple[str, ...]) -> None:
    """What needs a sandbox says so, without a traceback."""
    done = cloudlings(home, *words)
    assert (done.returncode, done.stderr) == (1, "The sandbox is not running.\nNext: cloudlings start\n")
