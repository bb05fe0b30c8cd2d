"""Grading one submission on the trusted side: a fresh sandbox, its desk, the learner's shell in its box.

Its sandbox and its box are in namespaces of the submission's own (`apart`), which end with it. Who grades it
is a thread of this process, which may grade others after it: what was read and computed on the way stays
known, and nothing that a submission did, wrote or was given does.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from cloudlings.errors import CloudlingsError, GradingError
from cloudlings.grading import workspace
from cloudlings.grading.home import HOME_VARIABLE
from cloudlings.grading.isolation import box, linux, transport, warming
from cloudlings.grading.isolation.apart import Apart, Maker, laid
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
from cloudlings.sandbox import environment, session, warm

_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
# What all files of one sandbox may take, its log included.
_SANDBOX_BYTES = 2**30
# The services whose models this process has read, or the one that it was forked from.
_read: set[tuple[str, ...]] = set()


@dataclass(frozen=True)
class Boxes:
    """Where namespaces are asked for, and a box in them, and the box's control groups."""

    namespaces: Maker
    requests: socket.socket
    groups: Sequence[str]


def know(job: Job) -> bool:
    """Import a lab's graders, and read its services' models, for all who come after; whether there was
    anything to read."""
    with contextlib.suppress(CloudlingsError):
        tasks_of(Path(job.root), job.lab)
        services = _services(job.root, job.lab)
        if services not in _read:
            _read.add(services)
            warm.preload_for(services)
            warming.clients(services)
            warming.gateway(services)
            return True
    return False


def announce(job: Job, boxes: socket.socket) -> None:
    """Tell where boxes are made what they will be asked for, to get ready for it meanwhile."""
    boxes.send(json.dumps({"services": _services(job.root, job.lab), "many": job.many}).encode())


@functools.cache
def _services(root: str, lab: str) -> tuple[str, ...]:
    folder = Path(root) / "solutions" / lab
    grader = Path(root) / "graders" / f"test_{lab.replace('-', '_')}.py"
    return warming.services_of(*sorted(folder.rglob("*.py")), grader)


def run(job: Job, place: Path, boxes: Boxes) -> Mapping[str, Any]:
    """Grade a submission: what came of it as JSON."""
    session.lend()
    said: list[Mapping[str, Any]] = []
    spent = _Spent()

    def grade() -> None:
        said.append(_graded_or_failed(job, place, boxes, there, spent))

    try:
        with boxes.namespaces.apart({"place": str(place), "disk": job.bounds.disk}) as there:
            spent("apart")
            thread = threading.Thread(target=grade)
            thread.start()
            thread.join()
    except CloudlingsError as error:
        said.append(failure(error))
    _forget()
    return said[0]


def _forget() -> None:
    """What was one submission's: the next one's sandbox has the same addresses."""
    transport.forget()
    workspace.forget()
    session.give_back()


def maker() -> Maker:
    """The process that submissions' namespaces are asked of, while this one has none yet of a student's."""
    return Maker(_be_first)


def _be_first(request: Mapping[str, Any], says: int) -> NoReturn:
    """The first process of a submission's namespaces: it lays its folders, and is its sandbox."""
    place = Path(request["place"])
    _furnish(place, request["disk"])
    laid(says)
    warm.become(place, says)


def _graded_or_failed(job: Job, place: Path, boxes: Boxes, there: Apart, spent: _Spent) -> Mapping[str, Any]:
    try:
        there.enter()
        _hand_in(job, place / "learner" / "work")
        return _grade(job, place, boxes, there, spent).to_json()
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


def _grade(job: Job, place: Path, boxes: Boxes, there: Apart, spent: _Spent) -> Graded:
    """Run the cells in order, check each task at its cell, and at the end where it was not passed.

    Errors: SandboxUnavailable when nothing can be said about the work.
    """
    sandbox = warm.found(place, there.says)
    spent("sandbox")
    desk = Desk(Path(job.root), sandbox, job.student)
    space = desk.open(job.lab)
    spent("open")
    with _boxed(job, place, boxes, there, desk, space) as shell:
        outputs, notes = _run(job, desk, shell, spent)
    spent("end")
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


def _furnish(place: Path, disk: int) -> None:
    """A view of the machine of this submission's own: its processes, its loopback, its files."""
    uid, gid = box.unprivileged()
    linux.mount("none", "/", flags=linux.REC | linux.PRIVATE)
    linux.mount("proc", "/proc", "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
    linux.mount("tmpfs", place, "tmpfs", linux.NOSUID | linux.NODEV, f"mode=700,size={_SANDBOX_BYTES}")
    linux.loopback_up()
    for name in ("learner", "checker", "box"):
        (place / name).mkdir(mode=0o755)
    size = f"mode=700,size={disk},nr_inodes=16k,uid={uid},gid={gid}"
    linux.mount("tmpfs", place / "learner", "tmpfs", linux.NOSUID | linux.NODEV, size)


def _hand_in(job: Job, work: Path) -> None:
    """The learner's folder, with what was handed in beside the notebook."""
    uid, gid = box.unprivileged()
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
    job: Job, desk: Desk, shell: Boxed, spent: _Spent
) -> tuple[Mapping[int, Sequence[Any]], Sequence[str]]:
    outputs: dict[int, Sequence[Any]] = {}
    notes: list[str] = []
    shell.wait_until_ready()
    spent("box")
    for cell in job.cells:
        if cell.checks is not None:
            desk.check(job.lab, cell.checks)
            spent("checks")
        elif cell.source.strip():
            ran = shell.run(cell.source)
            outputs[cell.number] = ran.outputs
            spent("cells")
            if ran.trouble:
                notes.append(f"In [{cell.prompt}]: {ran.trouble}")
        if shell.dead:
            notes.append("The cells after it did not run. What was done in the account before that counts.")
            break
    return outputs, notes


@contextlib.contextmanager
def _boxed(
    job: Job, place: Path, boxes: Boxes, there: Apart, desk: Desk, space: Workspace
) -> Iterator[Boxed]:
    """The learner's shell, and a checker for it to ask, which starts while the box is made. Errors:
    GradingError."""
    shell = _asked_for(job, place, boxes, there, space)
    with contextlib.ExitStack() as ending:
        try:
            ending.enter_context(answering(desk, place / "checker"))
            (place / "checker" / "checker.sock").chmod(0o666)
            yield shell
        finally:
            # Before the checker: nobody is left who could ask.
            shell.close()


def _asked_for(job: Job, place: Path, boxes: Boxes, there: Apart, space: Workspace) -> Boxed:
    """The learner's shell, asked for from the process that never saw a grader."""
    channel, theirs = socket.socketpair()
    control, their_control = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    namespaces = [there.files, there.network, there.processes]
    given = [*namespaces, theirs.fileno(), their_control.fileno(), out_end, err_end]
    assert len(given) == DESCRIPTORS
    request = {
        "place": str(place),
        "labs": Catalogue(Path(job.root)).names,
        "bounds": asdict(job.bounds),
        "groups": boxes.groups,
        "environment": _environment(space),
        "services": _services(job.root, job.lab),
        "many": job.many,
    }
    socket.send_fds(boxes.requests, [json.dumps(request).encode()], given)
    for each in (out_end, err_end):
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
