"""Grading one submission on the trusted side: a fresh sandbox, its desk, the learner's shell in its box.

All of it is in namespaces of the submission's own, made here: when the first process in them ends, everything
has ended.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cloudlings.errors import CloudlingsError, GradingError
from cloudlings.grading.home import HOME_VARIABLE
from cloudlings.grading.isolation import box, groups, linux, warming
from cloudlings.grading.isolation.boxed import Boxed
from cloudlings.grading.isolation.forking import DESCRIPTORS
from cloudlings.grading.isolation.job import Graded, Job, failure, refuse_unknown
from cloudlings.grading.nbgrader.desk import Desk, answering
from cloudlings.grading.nbgrader.submission import Limits
from cloudlings.grading.start import GIVEN
from cloudlings.grading.tasks import tasks_of
from cloudlings.grading.workspace import Workspace
from cloudlings.lab import Catalogue
from cloudlings.lab.catalogue import ROOT_VARIABLE
from cloudlings.sandbox import environment, warm

_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
# What all files of one sandbox may take, its log included.
_SANDBOX_BYTES = 2**30
# The services whose models this process has read, or the one that it was forked from.
_read: set[tuple[str, ...]] = set()


@dataclass(frozen=True)
class Boxes:
    """Where boxes are asked for, and the name of their control groups: no two that are in use share one."""

    requests: socket.socket
    group: str


def know(job: Job, *, settle: bool = True) -> None:
    """Import a lab's graders before the fork, and read its services' models, for those who come after."""
    with contextlib.suppress(CloudlingsError):
        tasks_of(Path(job.root), job.lab)
        services = _services(job.root, job.lab)
        if services not in _read:
            _read.add(services)
            warm.preload_for(services)
            warming.clients(services)
            warming.gateway(services)
            if settle:
                warming.settle(many=False)


def announce(job: Job, boxes: socket.socket) -> None:
    """Tell where boxes are made what they will be asked for, to get ready for it meanwhile."""
    boxes.send(json.dumps({"services": _services(job.root, job.lab), "many": True}).encode())


@functools.cache
def _services(root: str, lab: str) -> tuple[str, ...]:
    folder = Path(root) / "solutions" / lab
    grader = Path(root) / "graders" / f"test_{lab.replace('-', '_')}.py"
    return warming.services_of(*sorted(folder.rglob("*.py")), grader)


def forget(group: str) -> None:
    """After a submission, whose end may have been a sudden one."""
    groups.remove(group)


def run_apart(job: Job, place: Path, boxes: Boxes, answers: int) -> None:
    """Grade in new namespaces, and write what came of it to ``answers``. Never returns."""
    status = 1
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.unshare(linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS)
        first = os.fork()
        if first == 0:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            said = _graded_or_failed(job, place, boxes)
            with os.fdopen(answers, "wb", closefd=False) as file:
                file.write(json.dumps(said).encode() + b"\n")
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    finally:
        os._exit(abs(status))


def _graded_or_failed(job: Job, place: Path, boxes: Boxes) -> Mapping[str, Any]:
    try:
        graded = _grade(job, place, boxes)
        return (replace(graded, clients=warming.missed_clients()) if job.rehearsal else graded).to_json()
    except CloudlingsError as error:
        return failure(error)
    except Exception as error:
        import traceback

        traceback.print_exc()
        fault = GradingError(
            f"{type(error).__name__}: {str(error).rstrip('.')}.",
            next_step="this is a fault of the lab or of cloudlings, not the student's: mend or report it",
        )
        return failure(fault)


def _grade(job: Job, place: Path, boxes: Boxes) -> Graded:
    """Run the cells in order, check each task at its cell, and at the end where it was not passed.

    Errors: SandboxUnavailable when nothing can be said about the work.
    """
    spent = _Spent()
    _furnish(job, place)
    spent("apart")
    with warm.forked(place) as sandbox:
        spent("sandbox")
        desk = Desk(Path(job.root), sandbox, job.student)
        space = desk.open(job.lab)
        spent("open")
        outputs, notes = _run(job, place, boxes, desk, space, spent)
        # The box and all that was in it are gone: what is in the account now is what was handed in.
        verdicts = {task: desk.check(job.lab, task)[0] for task in job.tasks}
        spent("last checks")
    refuse_unknown(verdicts)
    return Graded(verdicts, outputs, notes, spent.parts)


class _Spent:
    """Seconds by part; each call names the part that has ended."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, name: str) -> None:
        now = time.perf_counter()
        self.parts[name] = round(self.parts.get(name, 0.0) + now - self._last, 4)
        self._last = now


def _furnish(job: Job, place: Path) -> None:
    """A view of the machine of this submission's own: its processes, its loopback, its files."""
    uid, gid = box.unprivileged()
    linux.mount("none", "/", flags=linux.REC | linux.PRIVATE)
    linux.mount("proc", "/proc", "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
    linux.mount("tmpfs", place, "tmpfs", linux.NOSUID | linux.NODEV, f"mode=700,size={_SANDBOX_BYTES}")
    linux.loopback_up()
    for name in ("learner", "checker", "box"):
        (place / name).mkdir(mode=0o755)
    size = f"mode=700,size={job.bounds.disk},nr_inodes=16k,uid={uid},gid={gid}"
    linux.mount("tmpfs", place / "learner", "tmpfs", linux.NOSUID | linux.NODEV, size)
    work = place / "learner" / "work"
    work.mkdir(mode=0o700)
    for name, data in job.files.items():
        path = work / name
        if not path.resolve().is_relative_to(work):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in (work, *work.rglob("*")):
        os.chown(path, uid, gid)


def _run(
    job: Job, place: Path, boxes: Boxes, desk: Desk, space: Workspace, spent: _Spent
) -> tuple[Mapping[int, Sequence[Any]], Sequence[str]]:
    outputs: dict[int, Sequence[Any]] = {}
    notes: list[str] = []
    with _boxed(job, place, boxes, space, desk) as shell:
        shell.wait_until_ready()
        spent("box")
        for cell in job.cells:
            if cell.checks is not None:
                desk.check(space.lab.name, cell.checks)
                spent("checks")
            elif cell.source.strip():
                ran = shell.run(cell.source)
                outputs[cell.number] = ran.outputs
                spent("cells")
                if ran.trouble:
                    notes.append(f"In [{cell.prompt}]: {ran.trouble}")
            if shell.dead:
                notes.append(
                    "The cells after it did not run. What was done in the account before that counts."
                )
                break
    spent("end")
    return outputs, notes


@contextlib.contextmanager
def _boxed(job: Job, place: Path, boxes: Boxes, space: Workspace, desk: Desk) -> Iterator[Boxed]:
    """The learner's shell, and a checker for it to ask, which starts while the box is made. Errors:
    GradingError."""
    shell = _asked_for(job, place, boxes, space)
    with contextlib.ExitStack() as ending:
        try:
            ending.enter_context(answering(desk, place / "checker"))
            (place / "checker" / "checker.sock").chmod(0o666)
            yield shell
        finally:
            # Before the checker: nobody is left who could ask.
            shell.close()


def _asked_for(job: Job, place: Path, boxes: Boxes, space: Workspace) -> Boxed:
    """The learner's shell, asked for from the process that never saw a grader."""
    channel, theirs = socket.socketpair()
    control, their_control = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    namespaces = [os.open(f"/proc/self/ns/{name}", os.O_RDONLY) for name in ("mnt", "net", "pid")]
    given = [*namespaces, theirs.fileno(), their_control.fileno(), out_end, err_end]
    assert len(given) == DESCRIPTORS
    request = {
        "place": str(place),
        "labs": Catalogue(Path(job.root)).names,
        "bounds": asdict(job.bounds),
        "groups": groups.make(boxes.group, job.bounds),
        "environment": _environment(space),
        "services": _services(job.root, job.lab),
        "many": job.rehearse,
    }
    socket.send_fds(boxes.requests, [json.dumps(request).encode()], given)
    for each in (*namespaces, out_end, err_end):
        os.close(each)
    theirs.close()
    their_control.close()
    limits = Limits(job.cell_seconds, job.submission_seconds, job.bounds.memory)
    return Boxed(channel, control, {out: "stdout", err: "stderr"}, limits)


def _environment(space: Workspace) -> dict[str, str]:
    """The shell's whole environment: nothing of the instructor's but language and time zone."""
    import sys

    base = {name: os.environ[name] for name in _KEPT if name in os.environ}
    base |= {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        "HOME": str(box.HOME),
        "USER": "learner",
        "TMPDIR": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        HOME_VARIABLE: str(box.CHECKER),
        ROOT_VARIABLE: str(box.COURSE),
        GIVEN: "1",
    }
    sandbox, credentials = space.running(), space.credentials()
    return environment(sandbox, credentials, space.region, base=base) | space.variables()
