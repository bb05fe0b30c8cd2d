"""The process that grades, with everything imported: ``python -m cloudlings.grading.isolation.zygote``.

It is two. The first has what learners import and has never seen a grader; boxes are forked from it. The
second has the sandbox and the graders; from it comes, for each submission, the trusted side. A job is a line
of JSON on standard input, and what came of it a line on standard output, and then one that says that all of
it has ended.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudlings.grading.isolation import linux

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
# Whose models botocore need not read again for every submission.
_SERVICES = ("s3", "iam", "sts", "ssm", "kms", "ec2")


def main() -> None:
    """Serve until the standard input ends."""
    # Whatever an import prints is no answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    place = Path(tempfile.mkdtemp(prefix="cloudlings-"))
    try:
        _be_allowed()
        _warm_botocore()
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

        warm.preload(place)
        gc.freeze()
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


def _warm_botocore() -> None:
    """Models that were read once are not read again, by whichever session."""
    import botocore.session
    from botocore.loaders import JSONFileLoader, Loader

    JSONFileLoader.load_file = functools.lru_cache(maxsize=64)(JSONFileLoader().load_file)
    JSONFileLoader.load_file = staticmethod(JSONFileLoader.load_file)
    known = Loader.list_available_services
    services = functools.cache(lambda kind: known(Loader(), kind))
    Loader.list_available_services = lambda _, type_name: list(services(type_name))
    session = botocore.session.Session()
    for service in _SERVICES:
        session.create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )


def _warm_pages() -> None:
    """The notebook's cards, compiled."""
    # By its name: what a learner's kernel will import, and not a part of this.
    templates = importlib.import_module("cloudlings.notebook.render")._templates
    for name in templates.list_templates():
        templates.get_template(name)


def _serve_boxes(requests: socket.socket) -> None:
    """The first half. Never returns."""
    from cloudlings.grading.isolation import cells, forking

    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    # Who makes a box ends at once, an orphan in the submission's process namespace, which cannot end before it
    # is taken in: that is done here, and not whenever the machine's first process gets to it.
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    made = cells.shell()
    _warm_pages()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, 2**18, forking.DESCRIPTORS)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            forking.make_box(made, json.loads(message), descriptors)
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
    gc.collect()
    gc.freeze()


def _say(descriptor: int, what: dict[str, Any]) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    # Under its own name, for its parts to find what it imported.
    from cloudlings.grading.isolation.zygote import main as serve

    serve()
    sys.exit(0)
