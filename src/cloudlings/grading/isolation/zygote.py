"""The process that grades, with everything imported: ``python -m cloudlings.grading.isolation.zygote``.

It is two. The first has what learners import and has never seen a grader; boxes are forked from it. The
second has the sandbox and the graders, and is the trusted side of one submission after the other: a fork for
each would find its memory cold, and copy page after page of it. A job is a line of JSON on standard input,
and what came of it a line on standard output, and then one that says that all of it has ended.

With ``--lanes FD``, a listening socket, it serves several askers at once: it makes itself ready for the one
job that it reads, and then forks for each connection a lane, which takes jobs as above. An asker is told to
come again, for a new process, after so many of them, and after one that failed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cloudlings.grading.isolation import leftovers, linux, warming

if TYPE_CHECKING:
    from cloudlings.grading.isolation.apart import Maker
    from cloudlings.grading.isolation.job import Job

_LEARNERS = (
    "boto3",
    "cloudlings.cost",
    "cloudlings.iam",
    "cloudlings.network.picture",
    "cloudlings.network.reader",
    "cloudlings.notebook",
    "cloudlings.notebook.account",
    "cloudlings.notebook.roles",
    "httpcore",
    "IPython.core.interactiveshell",
)
_GRADERS = (
    "cloudlings.grading.isolation.submission",
    "cloudlings.grading.isolation.job",
    "cloudlings.account",
    "cloudlings.grading.graders",
)


# After so many submissions a lane is made anew: nothing that one might leave in it stays for long.
_IN_ONE_LANE = 100
# Threads that have nothing to do any more end by themselves.
_ENDING_SECONDS = 2.0


def main() -> None:
    """Serve until the standard input ends."""
    # What is imported stays: looking through it again and again finds nothing (`warming.settle` turns it on).
    gc.disable()
    # Whatever an import prints is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    place = leftovers.claim()
    try:
        _be_allowed()
        warming.keep_what_is_read()
        from cloudlings.grading.isolation import transport

        transport.speak_plainly()
        for name in _LEARNERS:
            importlib.import_module(name)
        # Before there are two that would do it.
        warming.clients(warming.ALWAYS)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            ours.close()
            os.close(answers)
            _serve_boxes(theirs)
        theirs.close()
        for name in _GRADERS:
            importlib.import_module(name)
        from cloudlings.sandbox import warm

        warming.outputs()
        warm.preload(place)
        _say(answers, {"ready": os.getpid()})
        if "--lanes" in sys.argv:
            # It forks when it has read what its lab needs, and looks through it all then.
            _serve_lanes(place, ours, socket.socket(fileno=int(sys.argv[-1])))
        else:
            warming.settle(many=False)
            _serve_jobs(Lane(place, ours, 0, answers))
    except OSError as error:
        _say(answers, {"error": "GradingError", "message": f"{error}.", "next_step": ""})
    finally:
        leftovers.release(place)


def _be_allowed() -> None:
    """Who is not root may do in a user namespace of its own what the boxes need."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        linux.unshare(linux.NEWUSER)
        linux.map_only(uid, gid, of_uid=uid, of_gid=gid)


def _serve_boxes(requests: socket.socket) -> None:
    """The first half. Never returns."""
    from cloudlings.grading.isolation import cells, forking

    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    # Who makes a box ends at once, in the submission's process namespace, which cannot end before it is
    # taken in.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    made = cells.shell()
    warming.notebook()
    warm: set[str] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 2**18, forking.DESCRIPTORS)
        if not message:
            os._exit(0)
        request = json.loads(message)
        if new := set(request["services"]) - warm:
            warm |= new
            warming.clients(new)
            warming.settle(many=request["many"])
        if not descriptors:
            continue
        forking.begin(made, request, descriptors)
        for each in descriptors:
            os.close(each)


@dataclass(frozen=True)
class Lane:
    """Who asks for one job after the other, and what serves them: where jobs are read from and answers
    written to."""

    place: Path
    boxes: socket.socket
    jobs: int
    answers: int


def _serve_lanes(place: Path, boxes: socket.socket, listener: socket.socket) -> None:
    """The second half, for several at once."""
    from cloudlings.grading.isolation import submission
    from cloudlings.grading.isolation.job import Job

    first = os.fdopen(0, "rb", closefd=False).readline()
    if first:
        job = Job.from_line(first)
        submission.announce(job, boxes)
        submission.know(job)
        warming.settle(many=job.many)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Its standard input ends when nobody wants any of it any more.
    while 0 not in select.select([listener.fileno(), 0], [], [])[0]:
        asker = listener.accept()[0]
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _serve_asker(Lane(place, boxes, asker.fileno(), asker.fileno()))
        asker.close()


def _serve_asker(lane: Lane) -> NoReturn:
    """Be a lane."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        _say(lane.answers, {"ready": os.getpid()})
        _serve_jobs(lane)
    os._exit(0)


def _serve_jobs(lane: Lane) -> None:
    """One job at a time, until nobody asks any more, or is to ask another lane."""
    from cloudlings.grading.isolation import submission
    from cloudlings.grading.isolation.job import Job

    jobs, maker = os.fdopen(lane.jobs, "rb", closefd=False), None
    for number in itertools.count(1):
        line = jobs.readline()
        if not line:
            break
        job = Job.from_line(line)
        if submission.know(job):
            warming.settle(many=False)
            maker = None
        # From here on its sandboxes find all that was read for them.
        maker = maker or submission.maker()
        left = not _run(job, lane, maker) or number == _IN_ONE_LANE
        _say(lane.answers, {"ended": True, "come_again": left})
        if left:
            break


def _run(job: Job, lane: Lane, maker: Maker) -> bool:
    """Grade, and say what came of it; whether another one may be graded here. An asker that goes away ends
    this process."""
    from cloudlings.grading.isolation import groups, submission

    name = f"{lane.place.name}-{os.getpid()}"
    boxes = submission.Boxes(maker, lane.boxes, groups.make(name, job.bounds))
    asks = stat.S_ISSOCK(os.fstat(lane.jobs).st_mode)
    with linux.ended_with(lane.jobs) if asks else contextlib.nullcontext():
        said = submission.run(job, lane.place, boxes)
    groups.remove(name)
    _say(lane.answers, said)
    return "error" not in said and _is_alone()


def _is_alone() -> bool:
    """Whether all threads have ended but this one."""
    until = time.monotonic() + _ENDING_SECONDS
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join(max(0, until - time.monotonic()))
    return threading.active_count() == 1


def _say(descriptor: int, what: Mapping[str, Any]) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    # Under its own name, for its parts to find what it imported.
    from cloudlings.grading.isolation.zygote import main as serve

    serve()
    sys.exit(0)
