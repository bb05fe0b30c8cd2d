"""Kill -9 at random moments while somebody writes: what was answered a second before is there afterwards."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloudlings.sandbox import Sandbox

ROUNDS = int(os.environ.get("CLOUDLINGS_SOAK_CRASHES", "20"))
WRITES = 200
GRACE = 1.0
"""Seconds: a write that was answered less than this before the kill may be lost."""
ACCOUNT = "111122223333"
VICTIMS = ("gateway", "ministack", "moto", "all")
HASTY = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=60)


@dataclass
class Writer:
    """Writes one thing after the other to four services, and remembers when each was answered."""

    sandbox: Sandbox
    word: str
    answered: list[tuple[float, str, str]] = field(default_factory=list)

    def run(self, kill: Callable[[], None], at: int) -> None:
        """Write; start the kill after so many writes, from another thread, so that it falls anywhere."""
        clients = self._clients()
        # A queue for each round: what is read of it stays invisible for the rest.
        queue = clients["sqs"].create_queue(QueueName=self.word, Attributes={"VisibilityTimeout": "3600"})
        time.sleep(GRACE)
        for number in range(WRITES):
            if number == at:
                threading.Timer(random.random() / 20, kill).start()
            service = ("s3", "dynamodb", "sqs", "ec2")[number % 4]
            name = f"{self.word}-{number}"
            with suppress(ClientError, BotoCoreError):
                write(clients[service], service, name, queue["QueueUrl"])
                self.answered.append((time.time(), service, name))

    def _clients(self) -> dict[str, Any]:
        session = self.sandbox.session(ACCOUNT, "learner", "us-east-1")
        return {name: session.client(name, config=HASTY) for name in ("s3", "dynamodb", "sqs", "ec2")}


def write(client: Any, service: str, name: str, queue: str) -> None:
    if service == "s3":
        # Some larger than what is kept within the state's own file.
        client.put_object(Bucket="crashes", Key=name, Body=name.encode() * (1 if "1" in name else 3000))
    elif service == "dynamodb":
        client.put_item(TableName="crashes", Item={"pk": {"S": name}})
    elif service == "sqs":
        client.send_message(QueueUrl=queue, MessageBody=name)
    else:
        client.create_security_group(GroupName=name, Description=name)


def there(sandbox: Sandbox, word: str) -> dict[str, set[str]]:
    """What each service has now; objects only with their right contents."""
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    s3, sqs = session.client("s3"), session.client("sqs")
    objects = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crashes", Prefix=f"{word}-"):
        for each in page.get("Contents", []):
            body = s3.get_object(Bucket="crashes", Key=each["Key"])["Body"].read()
            assert body.startswith(each["Key"].encode())
            assert len(body) == each["Size"]
            objects.add(each["Key"])
    pages = session.client("dynamodb").get_paginator("scan").paginate(TableName="crashes")
    items = {item["pk"]["S"] for page in pages for item in page["Items"]}
    url, messages = sqs.get_queue_url(QueueName=word)["QueueUrl"], set()
    while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages.update(message["Body"] for message in found)
    groups = {g["GroupName"] for g in session.client("ec2").describe_security_groups()["SecurityGroups"]}
    return {"s3": objects, "dynamodb": items, "sqs": messages, "ec2": groups}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for all rounds: each begins with what the crashes before it left."""
    folder = tmp_path_factory.mktemp("crashes") / "home"
    sandbox = Sandbox.start(folder, port=0)
    sandbox.provision(ACCOUNT)
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    session.client("s3").create_bucket(Bucket="crashes")
    session.client("dynamodb").create_table(
        TableName="crashes", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    yield folder
    found = Sandbox.find(folder)
    if found is not None:
        found.stop()


def victims(sandbox: Sandbox, which: str) -> list[psutil.Process]:
    main = psutil.Process(sandbox.health()["pid"])
    children = main.children()
    if which == "gateway":
        return [main]
    if which == "all":
        return [main, *main.children(recursive=True)]
    return [child for child in children if which in child.cmdline()]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_write_of_a_second_before_survives(home: Path, number: int) -> None:
    """Whichever process is killed while 200 writes are made, nothing answered a second before is lost,
    nothing is corrupt, and the sandbox goes on."""
    random.seed(number)
    which = VICTIMS[number % len(VICTIMS)]
    sandbox = Sandbox.start(home, port=0)
    killed: list[float] = []
    doomed = victims(sandbox, which)

    def kill() -> None:
        killed.append(time.time())
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    writer = Writer(sandbox, f"r{number}")
    writer.run(kill, at=random.randrange(10, WRITES - 10))
    for process in doomed:
        psutil.wait_procs([process], timeout=10)
    again = Sandbox.start(home, port=0)
    wait_until_up(again)
    found = there(again, writer.word)
    safe = [
        (service, name)
        for at, service, name in writer.answered
        if at < killed[0] - GRACE or at > killed[0] + GRACE * 20
    ]
    lost = [(service, name) for service, name in safe if name not in found[service]]
    assert lost == []
    assert len(writer.answered) > 5
    # While an emulator is down nothing is saved, and that is said; afterwards there is nothing to say.
    assert settled_notices(home) == ()
    noted = {e.resource.rpartition("/")[2] for e in again.journal(ACCOUNT) if e.operation == "PutObject"}
    assert {name for service, name in safe if service == "s3"} <= noted


def settled_notices(home: Path) -> tuple[str, ...]:
    """What the sandbox has to tell once its next saves have been made."""
    deadline = time.monotonic() + 5
    while True:
        found = Sandbox.find(home)
        assert found is not None
        if not found.notices or time.monotonic() > deadline:
            return found.notices
        time.sleep(0.1)


def wait_until_up(sandbox: Sandbox) -> None:
    deadline = time.monotonic() + 60
    while not all(sandbox.health()["emulators"].values()):
        assert time.monotonic() < deadline, "an emulator did not come back"
        time.sleep(0.05)
