"""Entering the box, after a fork: from here on a process sees a bare system, and has no right to anything.

In the box there is a read-only system, the interpreter and its libraries, a home and a /tmp of limited size,
the checker's socket and no other process but its own. The network is the one that it is forked in: the
loopback of its submission, with the submission's sandbox on it.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cloudlings
from cloudlings.grading.isolation import linux, seccomp

NOBODY = 65534
"""Who learner code is on the host where root grades; elsewhere it is the grader's user, without its rights.
"""
INSIDE = 1000
"""Who it is in the box."""
HOME, CHECKER, COURSE = Path("/home/learner"), Path("/run/cloudlings"), Path("/course")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SETTINGS = (
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl", "pki", "ca-certificates",
    "nsswitch.conf", "localtime", "mime.types",
)  # fmt: skip
_DEVICES = ("null", "zero", "full", "random", "urandom")
_PEOPLE = f"learner:x:{INSIDE}:{INSIDE}:learner:{HOME}:/bin/sh\n"


@dataclass(frozen=True)
class Bounds:
    """What a box may use. Bytes: ``memory`` of one process's address space, ``together`` of all of them where
    control groups bound that, ``file``, ``disk`` for /tmp; and how many processes and open files."""

    memory: int = 2 * 2**30
    together: int = 2**30
    file: int = 256 * 2**20
    disk: int = 256 * 2**20
    processes: int = 128
    files: int = 1024
    seconds: int = 3600


@dataclass(frozen=True)
class Contents:
    """What is put into a box: the folder that becomes the learner's home, the checker's, the labs' names."""

    home: Path
    checker: Path
    labs: Sequence[str]


def unprivileged() -> tuple[int, int]:
    """The host's user and group that learner code runs as."""
    return (NOBODY, NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def enter(root: Path, contents: Contents, bounds: Bounds) -> None:
    """Make this process (the first of its process namespace, alone in its thread) the first of a box.

    ``root`` is an empty folder to build on. Errors: OSError, and then the process must end.
    """
    _furnish(root, contents, bounds)
    linux.become_root_of(root)
    _become_nobody()
    linux.drop_capabilities()
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    linux.set_filter(seccomp.program())


def limit(bounds: Bounds) -> None:
    """Bound this process and those that it starts."""
    for name, value in (
        (resource.RLIMIT_AS, bounds.memory),
        (resource.RLIMIT_FSIZE, bounds.file),
        (resource.RLIMIT_NPROC, bounds.processes),
        (resource.RLIMIT_NOFILE, bounds.files),
        (resource.RLIMIT_CPU, bounds.seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def _furnish(root: Path, contents: Contents, bounds: Bounds) -> None:
    linux.mount("none", "/", flags=linux.REC | linux.PRIVATE)
    linux.mount("tmpfs", root, "tmpfs", linux.NOSUID | linux.NODEV, "mode=755,size=4m,nr_inodes=4k")
    # First, as the course itself may lie in /tmp.
    for name, size in (("tmp", bounds.disk), ("dev/shm", bounds.disk // 4)):
        linux.mount(
            "tmpfs",
            _folder(root / name),
            "tmpfs",
            linux.NOSUID | linux.NODEV,
            f"mode=1777,size={size},nr_inodes=16k",
        )
    for path in _shown():
        _place(root, path)
    _devices(root)
    proc = _folder(root / "proc")
    linux.mount("proc", proc, "proc", linux.NOSUID | linux.NODEV | linux.NOEXEC)
    _course(root, contents.labs)
    linux.bind(contents.checker, _folder(root / CHECKER.relative_to("/")))
    linux.bind(contents.home, _folder(root / HOME.relative_to("/")), read_only=False)
    linux.mount("", root, flags=linux.BIND | linux.REMOUNT | linux.RDONLY | linux.NOSUID | linux.NODEV)


def _shown() -> Iterator[Path]:
    """The system and Python, outer folders first."""
    python = {Path(sys.prefix), Path(sys.base_prefix), Path(cloudlings.__file__).parents[1]}
    yield from (Path(name) for name in _SYSTEM)
    yield from (Path("/etc", name) for name in _SETTINGS)
    yield from (folder.resolve() for folder in sorted(python) if not folder.is_relative_to("/usr"))


def _place(root: Path, path: Path) -> None:
    target = root / path.relative_to("/")
    if path.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path.readlink())
    elif path.is_dir():
        # One that is in another is there already: its mount point cannot be made in what is read-only.
        if not target.is_dir():
            linux.bind(path, _folder(target))
    elif path.exists():
        _file(target)
        linux.bind(path, target)


def _devices(root: Path) -> None:
    devices = _folder(root / "dev")
    for name in _DEVICES:
        linux.bind(Path("/dev", name), _file(devices / name), read_only=False)
    for name, there in (
        ("fd", "self/fd"),
        ("stdin", "self/fd/0"),
        ("stdout", "self/fd/1"),
        ("stderr", "self/fd/2"),
    ):
        (devices / name).symlink_to(f"/proc/{there}")
    terminals = _folder(devices / "pts")
    linux.mount(
        "devpts", terminals, "devpts", linux.NOSUID | linux.NOEXEC, "newinstance,ptmxmode=0666,mode=620"
    )
    (devices / "ptmx").symlink_to("pts/ptmx")


def _course(root: Path, labs: Sequence[str]) -> None:
    """The labs by name: that is all that opening one in a notebook looks up here."""
    for lab in labs:
        _file(root / COURSE.relative_to("/") / "solutions" / lab / "lab.py")
    settings = _folder(root / "etc")
    (settings / "passwd").write_text(_PEOPLE)
    (settings / "group").write_text(f"learner:x:{INSIDE}:\n")
    (settings / "hosts").write_text("127.0.0.1 localhost\n")


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    return path


def _file(path: Path) -> Path:
    _folder(path.parent)
    path.touch()
    return path


def _become_nobody() -> None:
    """The unprivileged user, and then a user namespace that owns nothing, for the user to be somebody in."""
    uid, gid = unprivileged()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    # A process that has changed its user does not own its own files in /proc until it says so.
    linux.prctl(linux.PR_SET_DUMPABLE, 1)
    linux.unshare(linux.NEWUSER)
    linux.map_only(INSIDE, INSIDE, of_uid=uid, of_gid=gid)


def watch(child: int, control: int) -> None:
    """What the first process of a box does: takes in the dead, tells how ``child`` ended, passes on
    interrupts.

    A byte on ``control`` interrupts the child; its end ends the box. Never returns.
    """
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    awake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    import select

    while True:
        _reap(child, control)
        ready, _, _ = select.select([control, awake], [], [])
        if awake in ready:
            os.read(awake, 4096)
        if control in ready:
            if not os.read(control, 64):
                os._exit(0)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)


def _reap(child: int, control: int) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                with contextlib.suppress(OSError):
                    os.write(control, f"ended {os.waitstatus_to_exitcode(ended[1])}\n".encode())
