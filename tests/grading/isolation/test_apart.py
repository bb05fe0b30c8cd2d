"""Namespaces that are asked for stand until they are let go, and are entered by one thread alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudlings.grading.isolation import client

pytestmark = pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}")

_BEGIN = """
import json, os, signal, socket, sys, threading, time
from pathlib import Path
from cloudlings.errors import SandboxError
from cloudlings.grading.isolation import apart, linux, zygote
zygote._be_allowed()
place = Path(sys.argv[1])
def tell(**found):
    print(json.dumps(found), flush=True)
"""
_ENTERED = """
def first(request, says):
    linux.mount("none", "/", flags=linux.REC | linux.PRIVATE)
    linux.mount("tmpfs", place, "tmpfs")
    (place / request["name"]).touch()
    apart.laid(says)
    os.write(says, b"more\\n")
    time.sleep(600)
def look():
    return [os.listdir(place), *(os.readlink(f"/proc/thread-self/ns/{name}") for name in ("net", "pid"))]
def enter(there):
    there.enter()
    later = threading.Thread(target=lambda: found.update(later=look()))
    later.start(); later.join()
    found["inside"] = look()
found = {"before": look()}
maker = apart.Maker(first)
for name in ("one", "two"):
    with maker.apart({"name": name}) as there:
        found["says"] = there.says.readline()
        thread = threading.Thread(target=enter, args=(there,))
        thread.start(); thread.join()
        found["meanwhile"] = look()
    tell(**found)
"""
_ENDED = """
ours, theirs = os.pipe()
def first(request, says):
    os.close(ours)
    if os.fork() == 0:
        # As a learner's process may: it wants to stay.
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.write(theirs, b"here\\n")
        time.sleep(600)
    apart.laid(says)
    time.sleep(600)
maker = apart.Maker(first)
os.close(theirs)
with maker.apart({}):
    here = os.read(ours, 5)
# The maker holds the pipe, too.
os.kill(int(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[0]), signal.SIGKILL)
tell(here=here.decode(), rest=os.read(ours, 5).decode())
"""
_FAILED = """
def first(request, says):
    if request["how"] == "raised":
        raise OSError(28, "No space left on device")
    os._exit(1)
maker = apart.Maker(first)
for how in ("raised", "silent", "raised"):
    try:
        with maker.apart({"how": how}):
            tell(how=how, error="")
    except SandboxError as error:
        tell(how=how, error=error.message)
"""


def _told(script: str, place: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + script, str(place)], capture_output=True, text=True, timeout=60
    )
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_thread_enters(tmp_path: Path) -> None:
    """It, and what it starts, see the network and the files; the other threads of its process see neither,
    and all stay among their own processes."""
    one, two = _told(_ENTERED, tmp_path)
    for name, found in (("one", one), ("two", two)):
        assert found["says"] == "more\n"
        assert found["before"] == found["meanwhile"]
        assert found["inside"] == found["later"]
        assert found["inside"][0] == [name]
        assert found["before"][0] == []
        assert found["inside"][1] != found["before"][1], "a network of its own"
        assert found["inside"][2] == found["before"][2], "the processes of who grades"


def test_all_has_ended(tmp_path: Path) -> None:
    """Nothing that was started in them is left when the block is left, whatever it does to stay."""
    assert _told(_ENDED, tmp_path) == [{"here": "here\n", "rest": ""}]


def test_not_laid(tmp_path: Path) -> None:
    """What went wrong is the error; who comes later is served."""
    said = "The namespaces of this submission were not made: [Errno 28] No space left on device."
    assert _told(_FAILED, tmp_path) == [
        {"how": "raised", "error": said},
        {"how": "silent", "error": "The first process of this submission ended at once."},
        {"how": "raised", "error": said},
    ]
