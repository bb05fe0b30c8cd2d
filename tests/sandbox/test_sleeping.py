"""An emulator of a grader's sandbox is started when it is first asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import asyncio, os, signal, tempfile
from pathlib import Path
from cloudlings.sandbox.accounts import as_root
from cloudlings.sandbox.emulators import moto, process
from cloudlings.sandbox.model import Request

ACCOUNT = "111122223333"
ASKED = as_root(
    Request("POST", "/", "", (("content-type", "application/x-www-form-urlencoded"),),
            b"Action=DescribeRegions&Version=2016-11-15"),
    ACCOUNT, "us-east-1", "ec2")

async def main():
    process.FORKS = True
    with tempfile.TemporaryDirectory() as folder:
        emulator = moto.emulator(Path(folder), None, "http://127.0.0.1:9")
        emulator.listen()
        emulator.spawn()
        await emulator.start()
        assert (await emulator.happenings(), await emulator.capture([ACCOUNT])) == ((), [ACCOUNT])
        await emulator.written()
        await emulator.reset(ACCOUNT)
        ended = asyncio.ensure_future(emulator.died())
        await asyncio.sleep(0)
        assert emulator._process is None and not ended.done(), "nobody asked"
        first = asyncio.ensure_future(emulator.forward(ASKED, ACCOUNT, "ec2"))
        await asyncio.sleep(0)
        first.cancel()
        answers = await asyncio.gather(*(emulator.forward(ASKED, ACCOUNT, "ec2") for _ in range(2)))
        assert [answer.status for answer in answers] == [200, 200], answers
        assert not ended.done()
        os.kill(emulator._process.pid, signal.SIGKILL)
        await ended
        await emulator.start()
        assert (await emulator.forward(ASKED, ACCOUNT, "ec2")).status == 200
        await emulator.stop()

asyncio.run(main())
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a grader's sandbox is Linux's")
def test_it_sleeps_until_it_is_asked() -> None:
    """It has no process before; those who ask at once wait for one, whoever of them goes away; when it ends
    it is started again."""
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=240)
    assert done.stdout == "done\n", done.stderr
