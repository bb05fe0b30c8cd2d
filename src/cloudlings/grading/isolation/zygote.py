"""The process that grades, with everything imported: ``python -m cloudlings.grading.isolation.zygote``.

It is two. The first has what learners import and has never seen a grader; boxes are forked from it. The
second has the sandbox and the graders; from it comes, for each submission, the trusted side. A job is a line
of JSON on standard input, and what came of it a line on standard output, and then one that says that all of
it has ended.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudlings.grading.isolation import linux, warming

if TYPE_CHECKING:
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


def main() -> None:
    """Serve until the standard input ends."""
    # Whatever an import prints is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    place = Path(tempfile.mkdtemp(prefix="cloudlings-"))
    try:
        _be_allowed()
        warming.keep_what_is_read()
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
        warming.settle(many=False)
        _say(answers, {"ready": os.getpid()})
        _serve_jobs(place, ours, answers)
    except OSError as error:
        _say(answers, {"error": "GradingError", "message": f"{error}.", "next_step": ""})
    finally:
        with contextlib.suppress(OSError):
            import shutil

            shutil.rmtree(place)


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
    # Who makes a box ends at once, an orphan in the submission's process namespace, which cannot end before
    # it is taken in: that is done here, and not whenever the machine's first process gets to it.
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
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
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            forking.make_box(made, request, descriptors)
        for each in descriptors:
            os.close(each)


def _serve_jobs(place: Path, boxes: socket.socket, answers: int) -> None:
    """The second half: one job at a time."""
    from cloudlings.grading.isolation import submission
    from cloudlings.grading.isolation.job import Job

    jobs = os.fdopen(0, "rb", closefd=False)
    rehearsed: set[str] = set()
    while line := jobs.readline():
        job = Job.from_line(line)
        submission.know(job)
        if job.rehearse and job.lab not in rehearsed:
            rehearsed.add(job.lab)
            _rehearse(job, place, boxes)
        _say(answers, {"ended": _run(job, place, boxes, answers)})


def _run(job: Job, place: Path, boxes: socket.socket, answers: int) -> int:
    from cloudlings.grading.isolation import submission

    pid = os.fork()
    if pid == 0:
        submission.run_apart(job, place, boxes, answers)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    submission.forget(place)
    return status


def _rehearse(job: Job, place: Path, boxes: socket.socket) -> None:
    """Grade the lab's own solution once, and check its evidence again here: what the checks compute and keep
    on the way, all submissions after it have from the start. Nothing of a learner's is in it.
    """
    from cloudlings.grading.isolation import rehearsal

    with tempfile.TemporaryFile() as said:
        _run(rehearsal.job_of(job), place, boxes, said.fileno())
        said.seek(0)
        with contextlib.suppress(Exception):
            # A lab whose solution fails is told of by the submissions.
            rehearsal.learn(job, said.readline())
    warming.settle(many=True)


def _say(descriptor: int, what: dict[str, Any]) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    # Under its own name, for its parts to find what it imported.
    from cloudlings.grading.isolation.zygote import main as serve

    serve()
    sys.exit(0)
