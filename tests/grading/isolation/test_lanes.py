"""One zygote for several askers: each has a lane of its own, and nobody waits for what another has left."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cloudlings.errors import SandboxUnavailable, UnknownLab
from cloudlings.grading.isolation import client
from cloudlings.grading.isolation.job import Cell, Job
from cloudlings.grading.isolation.lanes import Laned, Lanes, lanes
from cloudlings.grading.isolation.zygote import _IN_ONE_LANE

ROOT, LAB = Path(__file__).parents[1] / "course", "990-notes"
pytestmark = pytest.mark.skipif(bool(client.why_not()), reason=f"needs a box: {client.why_not()}")


@pytest.fixture(scope="module")
def zygote() -> Iterator[Lanes]:
    with lanes() as made:
        made.make_ready_for(job("first", ""))
        yield made


def job(student: str, text: str) -> Job:
    return Job(str(ROOT), LAB, student, [Cell(0, 1, text, None)], [], cell_seconds=300)


def printed(asker: Laned, student: str, text: str) -> str:
    graded = asker.grade(job(student, text))
    return "".join(row.get("text", "") for row in graded.outputs[0])


def submissions(zygote: Lanes) -> list[psutil.Process]:
    """The processes of the submissions that are graded, down to the shells."""
    found: list[psutil.Process] = []
    for lane in psutil.Process(zygote._process.pid).children():
        with suppress(psutil.NoSuchProcess):  # one that has ended by now
            found += lane.children(recursive=True)
    return found


def test_two_at_once(zygote: Lanes) -> None:
    """Two submissions run at the same time, each with its own box, and neither sees the other's files."""
    there = threading.Event()
    found = {}

    def hold() -> None:
        asker = Laned(zygote.address)
        there.set()
        found["one"] = printed(asker, "one", "import time; open('mine', 'w'); time.sleep(2); print('one')")
        asker.close()

    thread = threading.Thread(target=hold)
    thread.start()
    there.wait()
    asker = Laned(zygote.address)
    found["two"] = printed(asker, "two", "import os; print(os.listdir())")
    asker.close()
    thread.join()
    assert found == {"one": "one\n", "two": "[]\n"}


def test_asker_gone(zygote: Lanes) -> None:
    """What an asker leaves behind that is killed is ended with it: nobody waits for it."""
    asked = os.fork()
    if asked == 0:
        try:
            Laned(zygote.address).grade(job("gone", "import time; time.sleep(250)"))
        finally:
            os._exit(0)
    # Who makes namespaces, the sandbox, the box's first process, the shell.
    while len(submissions(zygote)) < 4:
        assert psutil.pid_exists(asked)
    left = submissions(zygote)
    os.kill(asked, signal.SIGKILL)
    os.waitpid(asked, 0)
    _, alive = psutil.wait_procs(left, timeout=60)
    assert not alive


def test_one_lane_for_many(zygote: Lanes) -> None:
    """A lane grades one after the other, each in its own box and sandbox, and is left for a new one after so
    many: nobody notices."""
    asker, met = Laned(zygote.address), []
    for turn in range(_IN_ONE_LANE + 2):
        text = f"import os; print(os.listdir(), os.path.exists('/tmp/mine'), {turn}); open('/tmp/mine', 'w')"
        assert printed(asker, "one", f"{text}; open('mine', 'w')") == f"[] False {turn}\n"
        met.append(asker._process)
    assert met[0] is met[-4] is not None
    assert met[-3] is None, "the last of a lane"
    assert met[-2] is met[-1] is not None
    asker.close()


def test_after_a_failure(zygote: Lanes) -> None:
    """Where one could not be graded, the next finds another lane."""
    asker = Laned(zygote.address)
    with pytest.raises(UnknownLab):
        asker.grade(replace(job("one", "print(1)"), lab="no-such-lab"))
    assert asker._process is None
    assert printed(asker, "one", "print(2)") == "2\n"
    asker.close()


def test_zygote_gone() -> None:
    """An asker whose zygote has gone is told so once, and then has one of its own."""
    with lanes() as made:
        made.make_ready_for(job("first", ""))
        asker = Laned(made.address)
        assert printed(asker, "one", "print(1)") == "1\n"
        made._process.kill()
        made._process.wait()
        with pytest.raises(SandboxUnavailable, match="has ended or hangs"):
            printed(asker, "one", "print(1)")
        try:
            assert printed(asker, "one", "print(2)") == "2\n"
        finally:
            asker.close()
