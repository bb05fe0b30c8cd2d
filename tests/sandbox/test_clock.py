"""The test clock: what it shows, what a move makes due, and what stays in real time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boto3 import Session

from cloudlings.cli.clock import read_span
from cloudlings.errors import ClockError
from cloudlings.sandbox import Sandbox, clock
from tests.sandbox.conftest import code_of

HERE, THERE = "111122223333", "444455556666"
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture
def moved() -> Iterator[None]:
    """Clocks of this process, back at real time afterwards."""
    yield
    clock.forget(HERE)
    clock.forget(THERE)


@pytest.mark.usefixtures("moved")
class TestMoments:
    """Moments are compared by the test clock; stamps are real."""

    def test_one_account_only(self) -> None:
        """A move is of one account; another's clock shows real time."""
        clock.advance(HERE, DAY)
        assert clock.now(HERE) - time.time() == pytest.approx(DAY, abs=1)
        assert clock.now(THERE) == pytest.approx(time.time(), abs=1)

    def test_before_and_after(self) -> None:
        """What was made before a move is older by it; what is made after is as old as it is."""
        before = time.time() - 60
        clock.advance(HERE, HOUR)
        assert clock.elapsed(HERE, before) == pytest.approx(HOUR + 60, abs=1)
        assert clock.elapsed(HERE, time.time()) == pytest.approx(0, abs=1)

    def test_moves_add_up(self) -> None:
        """Each thing is older by the moves since it was made."""
        clock.advance(HERE, HOUR, at=time.time() - 100)
        between = time.time() - 50
        clock.advance(HERE, DAY)
        assert clock.elapsed(HERE, between) == pytest.approx(DAY + 50, abs=1)
        assert clock.moved(HERE, time.time() - 200) == HOUR + DAY

    def test_moments_are_comparable(self) -> None:
        """now() less moment(stamp) is what has elapsed since."""
        stamp = time.time() - 5
        clock.advance(HERE, DAY)
        assert clock.now(HERE) - clock.moment(HERE, stamp) == pytest.approx(DAY + 5, abs=1)

    def test_deadlines(self) -> None:
        """A deadline set before a move comes nearer by it; one set afterwards does not."""
        before = time.time() - 10
        clock.advance(HERE, DAY)
        deadline = time.time() + HOUR
        assert clock.is_due(HERE, deadline, since=before)
        assert not clock.is_due(HERE, deadline, since=time.time() + 1)

    def test_deadlines_without_an_origin(self) -> None:
        """A deadline that stays is reached by moves that add up; a new deadline begins anew."""
        soon = time.time() + 2 * HOUR
        assert not clock.reaches(HERE, ("ttl", "a"), soon, HOUR)
        assert clock.reaches(HERE, ("ttl", "a"), soon, HOUR + 60)
        assert not clock.reaches(HERE, ("ttl", "b"), soon, HOUR)
        assert not clock.reaches(HERE, ("ttl", "b"), soon + HOUR, HOUR + 60)

    def test_work_is_told(self) -> None:
        """Whoever asked is told the account, and the clock before and after."""
        told: list[tuple[str, float]] = []
        work = clock.on_advance(lambda account, before, after: told.append((account, after - before)))
        clock.advance(HERE, HOUR)
        clock._work.remove(work)
        assert told == [(HERE, HOUR)]


@pytest.mark.parametrize("seconds", [0, -1, -3 * DAY, float("inf"), float("nan"), 11 * 366 * DAY])
def test_never_backwards(seconds: float) -> None:
    """A clock that is moved backwards, by nothing or past all bounds is a named error, and nothing moves."""
    with pytest.raises(ClockError):
        clock.advance(HERE, seconds)
    assert clock.moves(HERE) == ()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("6h", 21_600), ("1d12h", 129_600), ("0.5h", 1800)]
)
def test_spans(text: str, seconds: float) -> None:
    """A time is numbers with their units."""
    assert read_span(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "-3d", "3 d", "3y", "3dd", "1d x", "1e9d"])
def test_no_spans(text: str) -> None:
    """What is no time, or none forward, is a named error that says what would be one."""
    with pytest.raises(ClockError) as told:
        read_span(text)
    assert "1d12h" in told.value.next_step


class TestSandbox:
    """One account's clock in a running sandbox, through boto3."""

    def test_a_delayed_message_arrives(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """A delayed message is there at once, its retention passes, and its dates stay real."""
        sqs = learner.client("sqs")
        url = sqs.create_queue(QueueName="late", Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sandbox.advance(account_id, 700)
        found = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["SentTimestamp"])["Messages"][
            0
        ]
        assert abs(int(found["Attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
        sandbox.advance(account_id, HOUR)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody="new")
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "new"

    def test_hidden_messages_come_back(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """A received message comes back when its visibility timeout has passed by the test clock."""
        sqs = learner.client("sqs")
        url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "900"})["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="job")
        assert sqs.receive_message(QueueUrl=url)["Messages"]
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sandbox.advance(account_id, 901)
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "job"

    def test_items_expire(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """Items go when moves, together, have reached their time to live, and the stream says who did it."""
        tables = learner.client("dynamodb")
        tables.create_table(
            TableName="sessions", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
        )  # fmt: skip
        tables.update_time_to_live(
            TableName="sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
        )
        for name, hours in (("soon", 1), ("later", 5)):
            until = {"N": str(int(time.time() + hours * HOUR))}
            tables.put_item(TableName="sessions", Item={"id": {"S": name}, "until": until})
        tables.put_item(TableName="sessions", Item={"id": {"S": "for good"}, "until": {"S": "0"}})
        left = []
        for _ in range(3):
            sandbox.advance(account_id, 2 * HOUR)
            items = tables.scan(TableName="sessions")["Items"]
            left.append(sorted(item["id"]["S"] for item in items))
        assert left == [["for good", "later"], ["for good", "later"], ["for good"]]
        removed = [r for r in _records(learner, "sessions") if r["eventName"] == "REMOVE"]
        by = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
        assert [record["userIdentity"] for record in removed] == [by, by]

    def test_lifecycle_rules(self, sandbox: Sandbox, account_id: str, learner: Session, bucket: str) -> None:
        """Objects are moved and expire as their bucket's rules say, with versions and delete markers; another
        prefix stays, and dates stay real."""
        s3 = learner.client("s3")
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        rule = {
            "ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}],
            "Expiration": {"Days": 90},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 10},
        }  # fmt: skip
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        for key in ("logs/a", "keep/a"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"x" * 200_000)
        sandbox.advance(account_id, 29 * DAY)
        assert _classes(s3, bucket) == {"logs/a": "STANDARD", "keep/a": "STANDARD"}
        sandbox.advance(account_id, 3 * DAY)
        assert _classes(s3, bucket) == {"logs/a": "STANDARD_IA", "keep/a": "STANDARD"}
        written = s3.head_object(Bucket=bucket, Key="logs/a")["LastModified"].timestamp()
        assert abs(written - time.time()) < 120
        sandbox.advance(account_id, 60 * DAY)
        assert _classes(s3, bucket) == {"keep/a": "STANDARD"}
        listed = s3.list_object_versions(Bucket=bucket, Prefix="logs/")
        assert (len(listed["DeleteMarkers"]), len(listed["Versions"])) == (1, 1)
        sandbox.advance(account_id, 12 * DAY)
        assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix="logs/")

    def test_uploads_are_aborted(
        self, sandbox: Sandbox, account_id: str, learner: Session, bucket: str
    ) -> None:
        """An upload that nobody finished is aborted after the days that the rule gives it."""
        s3 = learner.client("s3")
        rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}  # fmt: skip
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
        s3.create_multipart_upload(Bucket=bucket, Key="half")
        sandbox.advance(account_id, 6 * DAY)
        assert s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
        sandbox.advance(account_id, 2 * DAY)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)

    def test_schedules_fire(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """A rule fires for each of its times that the clock passes, in order, and a disabled one for none."""
        sqs, events = learner.client("sqs"), learner.client("events")
        url = sqs.create_queue(QueueName="ticks")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{account_id}:ticks"
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": _open_to("events.amazonaws.com", arn)})
        for name, when, state in (
            ("nightly", "cron(0 3 * * ? *)", "ENABLED"),
            ("often", "rate(6 hours)", "ENABLED"),
            ("never", "rate(1 hour)", "DISABLED"),
        ):
            events.put_rule(Name=name, ScheduleExpression=when, State=state)
            events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
        sandbox.advance(account_id, DAY)
        sandbox.advance(account_id, DAY)
        times = _received(sqs, url)
        assert len(times["often"]) == 8
        assert times["often"] == sorted(times["often"])
        assert [when[11:] for when in times["nightly"]] == ["03:00:00Z", "03:00:00Z"]
        assert "never" not in times

    def test_waits_are_shortened(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """An execution that waits a day goes on when the clock has moved a day, and no sooner."""
        states, iam = learner.client("stepfunctions"), learner.client("iam")
        trust = _open_to("states.amazonaws.com", None, "sts:AssumeRole")
        role = iam.create_role(RoleName="waiter", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": int(DAY), "End": True}}}
        made = states.create_state_machine(name="wait", roleArn=role, definition=json.dumps(wait))
        run = states.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]

        def status() -> str:
            return str(states.describe_execution(executionArn=run)["status"])

        sandbox.advance(account_id, DAY - 600)
        time.sleep(0.3)
        assert status() == "RUNNING"
        sandbox.advance(account_id, 601)
        assert _soon(lambda: status() == "SUCCEEDED")

    def test_deletions_come(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """Keys and secrets that wait for their deletion are gone when their days have passed."""
        kms, secrets = learner.client("kms"), learner.client("secretsmanager")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        secrets.create_secret(Name="old", SecretString="x")
        secrets.delete_secret(SecretId="old", RecoveryWindowInDays=7)
        sandbox.advance(account_id, 5 * DAY)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        assert secrets.describe_secret(SecretId="old")["DeletedDate"]
        sandbox.advance(account_id, 3 * DAY)
        assert code_of(kms.describe_key, KeyId=key) == "NotFoundException"
        assert code_of(secrets.describe_secret, SecretId="old") == "ResourceNotFoundException"

    def test_logs_are_dropped(self, sandbox: Sandbox, account_id: str, learner: Session) -> None:
        """Log events go when their group's retention has passed; what is logged afterwards stays."""
        logs = learner.client("logs")
        logs.create_log_group(logGroupName="app")
        logs.create_log_stream(logGroupName="app", logStreamName="one")
        logs.put_retention_policy(logGroupName="app", retentionInDays=3)

        def log(text: str) -> None:
            event = {"timestamp": int(time.time() * 1000), "message": text}
            logs.put_log_events(logGroupName="app", logStreamName="one", logEvents=[event])

        log("old")
        sandbox.advance(account_id, 4 * DAY)
        log("new")
        found = logs.filter_log_events(logGroupName="app")["events"]
        assert [event["message"] for event in found] == ["new"]

    def test_one_account_only(self, sandbox: Sandbox, account_id: str) -> None:
        """Another account's clock shows real time, and a reset sets this one's back."""
        other = f"{int(account_id) + 500_000_000:012d}"
        sandbox.provision(other)
        sandbox.advance(account_id, DAY)
        assert sandbox.now(account_id) - time.time() == pytest.approx(DAY, abs=5)
        assert sandbox.now(other) == pytest.approx(time.time(), abs=5)
        sandbox.reset(account_id)
        assert _soon(lambda: abs(sandbox.now(account_id) - time.time()) < 5)

    def test_backwards(self, sandbox: Sandbox, account_id: str) -> None:
        """A move backwards is a named error, and the clock stays."""
        with pytest.raises(ClockError, match="forward"):
            sandbox.advance(account_id, -60)
        assert sandbox.now(account_id) == pytest.approx(time.time(), abs=5)

    def test_a_restart_keeps_it(self, home: Path) -> None:
        """A clock that was moved is still ahead after a stop and a start; an undo takes later moves back."""
        number = "121212121212"
        sandbox = Sandbox.start(home, port=0)
        try:
            sandbox.provision(number)
            sandbox.advance(number, DAY)
            sandbox.stop()
            sandbox = Sandbox.start(home, port=0)
            assert _soon(lambda: sandbox.now(number) - time.time() > DAY - 60)
            time.sleep(1.5)  # a snapshot is taken once a second
            sandbox.session(number, "learner", "us-east-1").client("sqs").create_queue(QueueName="one")
            sandbox.advance(number, 2 * DAY)
            sandbox.undo([number])
            assert _soon(lambda: DAY - 60 < sandbox.now(number) - time.time() < DAY + 60)
        finally:
            sandbox.stop()


def _soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def _open_to(service: str, resource: str | None, action: str = "sqs:SendMessage") -> str:
    said = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action}
    said |= {"Resource": resource} if resource else {}
    return json.dumps({"Version": "2012-10-17", "Statement": [said]})


def _classes(s3: Any, bucket: str) -> dict[str, str]:
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"]: each["StorageClass"] for each in listed}


def _records(session: Session, table: str) -> list[dict[str, Any]]:
    streams = session.client("dynamodbstreams")
    arn = streams.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    at = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found: list[dict[str, Any]] = streams.get_records(ShardIterator=at["ShardIterator"])["Records"]
    return found


def _received(sqs: Any, url: str) -> dict[str, list[str]]:
    """The times in the events of a queue, by the name of their rule, in the order of arrival."""
    times: dict[str, list[str]] = {}
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get(
        "Messages"
    ):
        for message in messages:
            event = json.loads(message["Body"])
            times.setdefault(event["resources"][0].rpartition("/")[2], []).append(event["time"])
    return {name: sorted(found) for name, found in times.items()}
