"""The process that grades, with everything imported: ``python -m cloudlings.grading.isolation.zygote``.

It is two. The first has what learners import and has never seen a grader; boxes are forked from it. The
second has the sandbox and the graders; from it comes the trusted side, forked for each submission. A job is a
line of JSON on standard input, and what came of it a line on standard output, and then one that says that all
of it has ended.

With ``--lanes FD``, a listening socket, it serves several askers at once: it makes itself ready for the one
job that it reads, and then forks for each connection a lane, which takes jobs as above. A lane is the trusted
side of one submission after the other: a new fork would find its memory cold, and copy page after page of it.
It says with its last answer that its asker is to come again: after so many of them, after one that failed,
and, while the lab is rehearsed, as soon as there are lanes that have learnt of it.
"""

from __future__ import annotations

import contextlib
import functools
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
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudlings.grading.isolation import leftovers, linux, warming

if TYPE_CHECKING:
    from cloudlings.grading.isolation.apart import Maker
    from cloudlings.grading.isolation.job import Graded, Job

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
_IN_ONE_LANE = 50
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
            _serve_jobs(Lane(place, ours, 0, answers, set()), _run_in_a_fork)
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
    written to, the labs that were rehearsed, and what can be read when there is a better lane (-1: never)."""

    place: Path
    boxes: socket.socket
    jobs: int
    answers: int
    rehearsed: set[str]
    better: int = -1

    @property
    def is_left(self) -> bool:
        """Whether its asker is to come again, for a better one."""
        return self.better >= 0 and bool(select.select([self.better], [], [], 0)[0])


def _serve_lanes(place: Path, boxes: socket.socket, listener: socket.socket) -> None:
    """The second half, for several at once."""
    from cloudlings.grading.isolation.job import Job

    first = os.fdopen(0, "rb", closefd=False).readline()
    own = Lane(place, boxes, 0, 1, set())
    if first:
        _make_ready(Job.from_line(first), own, meanwhile=functools.partial(_one_lane, own, listener))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Its standard input ends when nobody wants any of it any more.
    while 0 not in select.select([listener.fileno(), 0], [], [])[0]:
        asker = listener.accept()[0]
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _serve_asker(own, asker)
        asker.close()


@contextlib.contextmanager
def _one_lane(own: Lane, listener: socket.socket) -> Iterator[None]:
    """A lane for the first who asks, as long as the block runs: a processor would only wait for it."""
    better, told = os.pipe()
    if os.fork() == 0:
        os.close(told)
        # Who is waited for may come only when there is a better one.
        if better not in select.select([listener.fileno(), better], [], [])[0]:
            asker = listener.accept()[0]
            listener.close()
            _serve_asker(replace(own, better=better), asker)
        os._exit(0)
    os.close(better)
    try:
        yield
    finally:
        # Said, and not shown by its end: what the block forks has it, too.
        with contextlib.suppress(BrokenPipeError):
            os.write(told, b"!")
        os.close(told)


def _serve_asker(own: Lane, asker: socket.socket) -> None:
    """Be a lane. Never returns."""
    from cloudlings.grading.isolation import submission

    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        _say(asker.fileno(), {"ready": os.getpid()})
        lane = replace(own, jobs=asker.fileno(), answers=asker.fileno())
        _serve_jobs(lane, functools.partial(_run, maker=submission.maker()))
    os._exit(0)


def _serve_jobs(lane: Lane, run: Callable[[Job, Lane], bool]) -> None:
    """The second half: one job at a time, until nobody asks any more, or there is a better lane to ask."""
    from cloudlings.grading.isolation.job import Job

    jobs = os.fdopen(lane.jobs, "rb", closefd=False)
    for number in itertools.count(1):
        line = jobs.readline()
        if not line:
            break
        job = Job.from_line(line)
        _make_ready(job, lane)
        fit = run(job, lane)
        left = lane.is_left or not fit or number == _IN_ONE_LANE
        _say(lane.answers, {"ended": True, "come_again": left})
        if left:
            break


def _make_ready(
    job: Job,
    lane: Lane,
    meanwhile: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> None:
    """Know what a job's lab needs; ``meanwhile`` goes on while the lab is rehearsed."""
    from cloudlings.grading.isolation import rehearsal, submission

    if job.rehearse and job.lab not in lane.rehearsed:
        lane.rehearsed.add(job.lab)
        submission.announce(job, lane.boxes)
        submission.know(job, settle=False)
        kept = rehearsal.kept(job)
        if kept is not None:
            _learn(job, kept)
        else:
            with meanwhile():
                _rehearse(job, lane)
    else:
        submission.know(job)


def _run(job: Job, lane: Lane, maker: Maker) -> bool:
    """Grade here, and say what came of it; whether another one may be. An asker that goes away ends this
    process."""
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


def _run_in_a_fork(job: Job, lane: Lane, meanwhile: Callable[[], None] = lambda: None) -> bool:
    """As `_run`, and this process stays as it is."""
    from cloudlings.grading.isolation import groups, submission

    pid = os.fork()
    if pid == 0:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            _run(job, lane, submission.maker())
        finally:
            os._exit(0)
    meanwhile()
    os.waitpid(pid, 0)
    groups.remove(f"{lane.place.name}-{pid}")
    return True


def _rehearse(job: Job, lane: Lane) -> None:
    """Grade the lab's own solution once, and learn of it. Nothing of a learner's is in it."""
    from cloudlings.grading.isolation import rehearsal
    from cloudlings.grading.isolation.job import Graded

    with tempfile.TemporaryFile() as said:
        settle = functools.partial(warming.settle, many=True)
        _run_in_a_fork(rehearsal.job_of(job), replace(lane, answers=said.fileno()), settle)
        said.seek(0)
        line = said.readline()
    graded = None
    # A lab whose solution fails is told of by the submissions; what was cut short is no answer either.
    with contextlib.suppress(ValueError, LookupError, TypeError):
        graded = Graded.from_json(json.loads(line))
    if graded is not None:
        rehearsal.keep(job, graded)
        _learn(job, graded)
    else:
        warming.settle(many=True)


def _learn(job: Job, graded: Graded) -> None:
    """Check the evidence of a rehearsal again here: what the checks compute and keep on the way, all
    submissions have from the start."""
    from cloudlings.grading.isolation import rehearsal

    # It is of use, and not needed.
    with contextlib.suppress(Exception):
        rehearsal.learn(job, graded)
    warming.settle(many=True)


def _say(descriptor: int, what: Mapping[str, Any]) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    # Under its own name, for its parts to find what it imported.
    from cloudlings.grading.isolation.zygote import main as serve

    serve()
    sys.exit(0)
