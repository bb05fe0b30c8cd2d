"""The box of function code: what can be seen and reached from in it, on a machine that can make one."""

from __future__ import annotations

import json
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cloudlings.sandbox import Sandbox, doctor
from cloudlings.sandbox.emulators import function_box
from tests.sandbox.behaviour.probe import Aws
from tests.sandbox.behaviour.run import Accounts
from tests.sandbox.behaviour.wiring import invoke

boxed = pytest.mark.skipif(bool(function_box.why_not()), reason=function_box.why_not() or "a box can be had")


@pytest.fixture
def aws(sandbox: Sandbox) -> Aws:
    """A fresh account of the shared sandbox."""
    return Accounts(sandbox.endpoint_url, sandbox.provision).new()


def asked(aws: Aws, body: str, payload: Any = None) -> Any:
    """What a function with this body answers."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    name = aws.function(f"import os, socket, json\ndef handler(event, context):\n{lines}", Timeout=10)
    answer, said = invoke(aws, name, payload)
    assert "FunctionError" not in answer, said
    return said


@boxed
def test_the_sandbox_s_files_are_not_there(aws: Aws, sandbox: Sandbox) -> None:
    """Neither the sockets of the emulators, nor their state, nor any home is to be seen."""
    run = sandbox.home / "sandbox" / "run"
    places = [
        str(run / "ministack.sock"),
        str(run / "moto.sock"),
        str(sandbox.home),
        str(Path.home()),
        "/home",
    ]
    assert Path(places[0]).exists()
    assert asked(aws, "return [place for place in event if os.path.exists(place)]", places) == []


@boxed
def test_no_file_outside_can_be_read(aws: Aws, tmp_path: Path) -> None:
    """A file of this machine that is no part of the system is not there."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    assert asked(aws, "return os.path.exists(event)", str(secret)) is False


@boxed
def test_only_the_endpoint_answers(aws: Aws, sandbox: Sandbox) -> None:
    """Of this machine's ports, the gateway's is open in the box, and another is not."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        ports = [int(sandbox.endpoint_url.rpartition(":")[2]), other.getsockname()[1]]
        body = "found = []\nfor port in event:\n    with socket.socket() as s:\n        s.settimeout(2)\n"
        body += "        found.append(s.connect_ex(('127.0.0.1', port)) == 0)\nreturn found"
        assert asked(aws, body, ports) == [True, False]


@boxed
def test_abstract_sockets_are_apart(aws: Aws) -> None:
    """A socket of this machine's abstract names cannot be reached."""
    name = f"\0cloudlings-{os.getpid()}"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(name)
        listener.listen()
        body = "with socket.socket(socket.AF_UNIX) as s:\n    return s.connect_ex(event) == 0"
        assert asked(aws, body, name) is False


@boxed
def test_there_are_no_other_processes(aws: Aws) -> None:
    """A function sees its own processes, and none of the sandbox's or of other functions."""
    asked(aws, "return 1")
    body = "found = [open(f'/proc/{n}/cmdline').read() for n in os.listdir('/proc') if n.isdigit()]\n"
    body += "return [line for line in found if 'bootstrap.py' not in line]"
    assert asked(aws, body) == []


@boxed
def test_a_function_is_nobody_special(aws: Aws) -> None:
    """A function has no capability, cannot get one, and is not root."""
    body = "lines = open('/proc/self/status').read().splitlines()\n"
    body += "status = dict(line.split(':', 1) for line in lines if ':' in line)\n"
    body += "return [os.getuid() != 0, int(status['CapEff'], 16), status['NoNewPrivs'].strip()]"
    assert asked(aws, body) == [True, 0, "1"]


@boxed
def test_nothing_of_the_environment_leaks(aws: Aws) -> None:
    """No variable names a path of this machine, and none of the descriptors is a socket of ours."""
    body = "values = [v for v in os.environ.values() if '/tmp/' in v or '/root' in v or '/home' in v]\n"
    body += "sockets = [n for n in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{n}') "
    body += "and os.readlink(f'/proc/self/fd/{n}').startswith('socket:')]\nreturn [values, sockets]"
    assert asked(aws, body) == [[], []]


@boxed
def test_a_fork_bomb_stays_small(aws: Aws) -> None:
    """A function has its number of processes, and the sandbox answers while it tries for more."""
    body = "made = 0\ntry:\n    for _ in range(3000):\n        if os.fork() == 0:\n"
    body += (
        "            import time\n            time.sleep(20)\n            os._exit(0)\n        made += 1\n"
    )
    body += "except OSError:\n    return made\nreturn made"
    assert asked(aws, body) < 1500
    assert json.dumps(asked(aws, "return 'fine'")) == '"fine"'


def test_doctor_says_how_functions_run(tmp_path: Path) -> None:
    """The doctor tells whether function code is boxed here, and if not, why."""
    found = [each.found for each in doctor.examine(tmp_path) if "Lambda functions" in each.found]
    assert len(found) == 1
    assert ("runs in a box" in found[0]) == function_box.available()
