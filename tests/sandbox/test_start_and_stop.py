"""Starting, finding, stopping, and what is kept when a sandbox ends well or badly."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from cloudlings.errors import SandboxError, SandboxUnavailable
from cloudlings.sandbox import Sandbox
from cloudlings.sandbox.handle import _is_running
from tests.sandbox.conftest import send

ACCOUNT, OTHER = "111122223333", "444455556666"
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"lambda.amazonaws.com"}}]}'
)


@pytest.fixture
def started(home: Path) -> Iterator[Callable[[], Sandbox]]:
    """Starts the sandbox of the test's home on any port; stopped at the end."""

    def start() -> Sandbox:
        return Sandbox.start(home, port=0)

    yield start
    found = Sandbox.find(home)
    if found is not None:
        found.stop()


def until(what: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return False


def test_the_second_start_finds_the_first(started: Callable[[], Sandbox], home: Path) -> None:
    """One home has one sandbox; whoever starts it again is told that it was running."""
    first, second = started(), started()
    assert (first.already_running, second.already_running) == (False, True)
    assert first == second == Sandbox.find(home)
    assert first.endpoint_url == second.endpoint_url


def test_two_starts_at_once_make_one_sandbox(home: Path) -> None:
    """Two programs that start it in the same moment both get the same one."""
    code = (
        "import sys; from pathlib import Path; from cloudlings.sandbox import Sandbox;"
        "print(Sandbox.start(Path(sys.argv[1]), port=0).health()['pid'])"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    pids = {process.communicate(timeout=60)[0].strip() for process in both}
    found = Sandbox.find(home)
    assert found is not None
    found.stop()
    assert len(pids) == 1


def test_homes_do_not_share(tmp_path: Path) -> None:
    """Sandboxes of two homes run beside each other and hold different things."""
    one, two = (Sandbox.start(tmp_path / name, port=0) for name in ("one", "two"))
    try:
        for each in (one, two):
            each.provision(ACCOUNT)
        one.session(ACCOUNT, "learner", "us-east-1").client("s3").create_bucket(Bucket="only-in-one")
        listed = two.session(ACCOUNT, "learner", "us-east-1").client("s3").list_buckets()["Buckets"]
        assert one.endpoint_url != two.endpoint_url
        assert listed == []
    finally:
        one.stop()
        two.stop()


def test_a_taken_port_is_told_and_another_chosen(home: Path) -> None:
    """With its port taken the sandbox starts on another, and says which."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        sandbox = Sandbox.start(home, port=port)
        try:
            other = sandbox.endpoint_url.rpartition(":")[2]
            assert other != str(port)
            assert sandbox.notices == (
                f"Port {port} is taken by another program, so the sandbox listens on port {other}.",
            )
            assert Sandbox.start(home, port=port).notices == sandbox.notices
        finally:
            sandbox.stop()


@pytest.mark.parametrize("depth", ["", "sandbox"])
def test_no_permission_is_told_with_a_way_out(tmp_path: Path, depth: str) -> None:
    """A home that cannot be written to is an error that names it and CLOUDLINGS_HOME."""
    home = Path("/proc/home") if os.geteuid() == 0 else tmp_path / "home"
    if os.geteuid() != 0:
        (home / depth).mkdir(parents=True)
        (home / depth).chmod(0o500)
    with pytest.raises(SandboxError, match=str(home)) as caught:
        Sandbox.start(home)
    assert "CLOUDLINGS_HOME" in caught.value.next_step


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    """A file where the home should be is an error that names it, with a way out."""
    (tmp_path / "home").write_text("")
    with pytest.raises(SandboxError, match="home") as caught:
        Sandbox.start(tmp_path / "home")
    assert "CLOUDLINGS_HOME" in caught.value.next_step


@pytest.mark.parametrize("record", ["", "{", "[]", '{"control": "/nowhere", "port": 1}'])
def test_what_a_dead_sandbox_left_does_not_count(
    home: Path, record: str, started: Callable[[], Sandbox]
) -> None:
    """A stale or broken record is no sandbox, and does not hinder a start."""
    (home / "sandbox").mkdir(parents=True)
    (home / "sandbox" / "sandbox.json").write_text(record)
    assert Sandbox.find(home) is None
    assert started().already_running is False


def test_nothing_stays_behind_after_a_stop(started: Callable[[], Sandbox], home: Path) -> None:
    """After a stop no process, socket or record is left, and calls say what to do."""
    sandbox = started()
    main = psutil.Process(sandbox.health()["pid"])
    family = [main, *main.children(recursive=True)]
    sandbox.stop()
    assert until(lambda: not any(process.is_running() and _is_running(process.pid) for process in family))
    assert not (home / "sandbox" / "sandbox.json").exists()
    assert not list(home.rglob("*.sock"))
    with pytest.raises(SandboxUnavailable, match="does not answer") as caught:
        sandbox.provision(ACCOUNT)
    assert "cloudlings start" in caught.value.next_step


def work(sandbox: Sandbox) -> str:
    """Make something at both emulators; the VPC's id is given back."""
    sandbox.provision(ACCOUNT)
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    session.client("s3").create_bucket(Bucket="kept")
    session.client("s3").put_object(Bucket="kept", Key="k", Body=b"v", Metadata={"m": "1"})
    session.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    session.client("dynamodb").put_item(TableName="kept", Item={"pk": {"S": "1"}})
    vpc = session.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    session.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    return str(vpc)


def assert_work_is_there(sandbox: Sandbox, vpc: str) -> None:
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    assert session.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"v"
    assert session.client("s3").head_object(Bucket="kept", Key="k")["Metadata"] == {"m": "1"}
    item = session.client("dynamodb").get_item(TableName="kept", Key={"pk": {"S": "1"}})["Item"]
    assert item == {"pk": {"S": "1"}}
    ec2 = session.client("ec2")
    assert ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]


def test_a_stop_and_a_start_keep_the_work(started: Callable[[], Sandbox]) -> None:
    """Work, the learner's keys and the journal are there after a restart; the grader's keys are new."""
    first = started()
    vpc = work(first)
    learner, grader = (first.credentials(ACCOUNT, who) for who in ("learner", "grader"))
    entries = len(first.journal(ACCOUNT))
    first.stop()
    second = started()
    assert second.credentials(ACCOUNT, "learner") == learner
    assert second.credentials(ACCOUNT, "grader") != grader
    assert len(second.journal(ACCOUNT)) == entries
    assert_work_is_there(second, vpc)


def test_killing_everything_keeps_what_is_a_second_old(started: Callable[[], Sandbox]) -> None:
    """After kill -9 of gateway and emulators the work of a second before is there at the next start."""
    first = started()
    vpc = work(first)
    time.sleep(1.2)
    main = psutil.Process(first.health()["pid"])
    for process in [main, *main.children(recursive=True)]:
        process.kill()
    assert until(lambda: Sandbox.find(first.home) is None)
    second = started()
    assert second.already_running is False
    assert_work_is_there(second, vpc)


def test_starting_right_after_the_gateway_was_killed_keeps_the_work(started: Callable[[], Sandbox]) -> None:
    """The emulators of a killed gateway save once more; a sandbox started at once waits for that."""
    first = started()
    vpc = work(first)
    first.save()
    first.session(ACCOUNT, "learner", "us-east-1").client("s3").put_object(
        Bucket="kept", Key="late", Body=b"v"
    )
    psutil.Process(first.health()["pid"]).kill()
    second = started()
    assert_work_is_there(second, vpc)
    s3 = second.session(ACCOUNT, "learner", "us-east-1").client("s3")
    assert s3.get_object(Bucket="kept", Key="late")["Body"].read() == b"v"


@pytest.mark.parametrize("name", ["ministack", "moto"])
def test_an_emulator_that_is_killed_comes_back_with_its_state(
    started: Callable[[], Sandbox], name: str
) -> None:
    """After kill -9 of one emulator, requests wait a moment and then find everything as it was."""
    sandbox = started()
    vpc = work(sandbox)
    sandbox.save()
    main = psutil.Process(sandbox.health()["pid"])
    next(child for child in main.children() if name in child.cmdline()).kill()
    assert until(lambda: sandbox.health()["restarts"].get(name) == 1 and sandbox.health()["emulators"][name])
    assert_work_is_there(sandbox, vpc)


def test_emulators_end_with_the_gateway(started: Callable[[], Sandbox]) -> None:
    """When the gateway is killed, no emulator stays behind."""
    sandbox = started()
    main = psutil.Process(sandbox.health()["pid"])
    children = main.children(recursive=True)
    main.kill()
    assert until(lambda: not any(child.is_running() for child in children))


def test_a_temporary_sandbox_ends_with_whoever_made_it(tmp_path: Path) -> None:
    """Killed without a chance to clean up, its maker leaves no process behind."""
    code = (
        "import os, time; from cloudlings.sandbox import Sandbox\n"
        "with Sandbox.temporary() as s: print(s.health()['pid'], flush=True); time.sleep(60)"
    )
    maker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path)
    assert maker.stdout is not None
    sandbox = psutil.Process(int(maker.stdout.readline()))
    family = [sandbox, *sandbox.children(recursive=True)]
    maker.send_signal(signal.SIGKILL)
    maker.wait()
    assert until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family))


@pytest.mark.parametrize("after", [0.1, 0.3, 0.6, 1.0])
def test_ctrl_c_while_starting_leaves_nothing_half_started(home: Path, after: float) -> None:
    """Interrupted at any moment of its start, a sandbox runs or does not, and starts again either way."""
    code = (
        "import sys; from pathlib import Path; from cloudlings.sandbox import Sandbox;"
        "Sandbox.start(Path(sys.argv[1]), port=0)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(home)], stderr=subprocess.DEVNULL)
    time.sleep(after)
    starter.send_signal(signal.SIGINT)
    starter.wait(timeout=30)
    again = Sandbox.start(home, port=0)
    try:
        again.provision(ACCOUNT)
        running = again.health()["pid"]
        # A child is its parent's copy for a moment, before it becomes an emulator.
        others = [
            process.pid
            for process in psutil.process_iter(["cmdline", "ppid"])
            if str(home) in (process.info["cmdline"] or ()) and process.info["ppid"] != running
        ]
        assert others == [running]
    finally:
        again.stop()


def test_a_functions_process_ends_with_its_emulator(started: Callable[[], Sandbox], home: Path) -> None:
    """A function that is kept warm does not outlive a killed emulator."""
    sandbox = started()
    sandbox.provision(ACCOUNT)
    session = sandbox.session(ACCOUNT, "learner", "us-east-1")
    session.client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=TRUST)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    client = session.client("lambda")
    client.create_function(
        FunctionName="f", Runtime="python3.12", Handler="app.handler", Code={"ZipFile": code.getvalue()},
        Role=f"arn:aws:iam::{ACCOUNT}:role/fn",
    )  # fmt: skip
    assert client.invoke(FunctionName="f")["Payload"].read() == b"1"
    # Its number within its box is another one than here: all that an emulator started counts.
    emulators = psutil.Process(sandbox.health()["pid"]).children()
    workers = [worker for emulator in emulators for worker in emulator.children(recursive=True)]
    assert any("bootstrap" in " ".join(worker.cmdline()) for worker in workers)
    for emulator in emulators:
        emulator.kill()
    assert until(lambda: all(not w.is_running() or w.status() == psutil.STATUS_ZOMBIE for w in workers))


def test_a_temporary_sandbox_leaves_no_folder() -> None:
    """Its home is gone after the ``with`` block."""
    with Sandbox.temporary() as sandbox:
        home = sandbox.home
        assert home.exists()
    assert not home.exists()


def test_resetting_an_account_leaves_the_others_alone(started: Callable[[], Sandbox]) -> None:
    """A reset empties one account at both emulators and keeps its keys; others are as before."""
    sandbox = started()
    work(sandbox)
    keys = sandbox.provision(ACCOUNT)
    sandbox.provision(OTHER)
    other = sandbox.session(OTHER, "learner", "us-east-1")
    other.client("s3").create_bucket(Bucket="of-the-other")
    other_vpc = other.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    sandbox.reset(ACCOUNT)
    sandbox.stop()
    sandbox = started()
    assert sandbox.provision(ACCOUNT) == keys
    mine, other = (sandbox.session(each, "learner", "us-east-1") for each in (ACCOUNT, OTHER))
    assert mine.client("s3").list_buckets()["Buckets"] == []
    assert mine.client("dynamodb").list_tables()["TableNames"] == []
    assert [v["IsDefault"] for v in mine.client("ec2").describe_vpcs()["Vpcs"]] == [True]
    assert [b["Name"] for b in other.client("s3").list_buckets()["Buckets"]] == ["of-the-other"]
    assert other_vpc in {v["VpcId"] for v in other.client("ec2").describe_vpcs()["Vpcs"]}


def test_a_name_is_free_again_after_a_reset(sandbox: Sandbox, account_id: str) -> None:
    """After a reset a bucket of the same name can be made, empty."""
    s3 = sandbox.session(account_id, "learner", "us-east-1").client("s3")
    s3.create_bucket(Bucket="once-more")
    s3.put_object(Bucket="once-more", Key="k", Body=b"v")
    sandbox.reset(account_id)
    s3.create_bucket(Bucket="once-more")
    assert s3.list_objects_v2(Bucket="once-more")["KeyCount"] == 0


def test_broken_files_of_a_learners_keys_are_kept_aside(started: Callable[[], Sandbox], home: Path) -> None:
    """Keys that cannot be read are put aside and made anew; the work is there."""
    first = started()
    vpc = work(first)
    first.stop()
    (home / "sandbox" / "state" / "accounts.json").write_text("{")
    second = started()
    second.provision(ACCOUNT)
    assert_work_is_there(second, vpc)
    assert (home / "sandbox" / "state" / "accounts.unreadable").read_text() == "{"


BROKEN = {
    "no header": lambda content: b"not a state",
    "a cut": lambda content: content[: len(content) * 2 // 3],
    "a flipped bit": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "an older format": lambda content: content.replace(b'{"format": 2', b'{"format": 1', 1),
    "a later format": lambda content: content.replace(b'{"format": 2', b'{"format": 9', 1),
    "another emulator's version": lambda content: content.replace(b'"moto ', b'"moto 0.', 1),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_state_that_cannot_be_read_is_put_aside_and_told(
    started: Callable[[], Sandbox], home: Path, broken: str
) -> None:
    """A state file that is broken or of another version: the account starts empty there, and the start
    says why and where the file is."""
    first = started()
    first.provision(ACCOUNT)
    first.session(ACCOUNT, "learner", "us-east-1").client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    first.stop()
    file = home / "sandbox" / "state" / "moto" / f"{ACCOUNT}.state"
    content = BROKEN[broken](file.read_bytes())
    assert content != file.read_bytes()
    file.write_bytes(content)
    second = started()
    vpcs = second.session(ACCOUNT, "learner", "us-east-1").client("ec2").describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]
    aside = file.with_suffix(".unreadable")
    assert aside.read_bytes() == content
    found = Sandbox.find(home)
    assert found is not None
    assert f"moto kept of account {ACCOUNT} could not be read back" in found.notices[0]
    assert str(aside) in found.notices[0]


def test_a_long_path_does_not_matter(tmp_path: Path) -> None:
    """A home with a path longer than a UNIX socket's may be works."""
    sandbox = Sandbox.start(tmp_path / ("long" * 30) / "home", port=0)
    try:
        assert send(sandbox.endpoint_url, "GET", "/").status == 403
    finally:
        sandbox.stop()


def test_what_runs_is_written_for_others_to_read(sandbox: Sandbox) -> None:
    """The record names the ports, the process and the control socket."""
    record = json.loads((sandbox.home / "sandbox" / "sandbox.json").read_text())
    assert record["pid"] == sandbox.health()["pid"]
    assert sandbox.endpoint_url.endswith(f":{record['port']}")
    assert Path(record["control"]).is_socket()
