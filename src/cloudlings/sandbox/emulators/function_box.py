"""The box in which a function's code runs, where this machine has bubblewrap.

In it there is a read-only system, the function's code and layers, a folder of its own for ``/tmp``, no
process but its own, and no network but one port: the gateway's, led on by this side (``function_door``). No
socket, no file and no variable of the sandbox's is to be seen. A function has no rights beyond its user's;
where the sandbox is run by root, it becomes nobody.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WORKER = Path(__file__).with_name("function_worker.py")
# What AWS's Python runtime has beside the standard library.
BESIDE = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
NOBODY = 65534
_APART = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SETTINGS = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl",
    "pki",
    "ca-certificates",
    "hosts",
    "nsswitch.conf",
    "passwd",
    "group",
    "localtime",
    "mime.types",
)


@dataclass(frozen=True)
class Place:
    """Where a function's things are on this machine: its code, its layers together, its own ``/tmp``."""

    code: Path
    layers: Path
    tmp: Path


@dataclass(frozen=True)
class Python:
    """The interpreter as a function's process starts it: the command, and where modules are beside it."""

    command: tuple[str, ...]
    runtime: tuple[str, ...]
    library: str = ""


def available() -> bool:
    """Whether functions run in a box here."""
    return not why_not()


@functools.cache
def why_not() -> str:
    """Why no box can be made here, in words; "" where one can. A real one is entered, once."""
    if shutil.which("bwrap") is None:
        return "bubblewrap (bwrap) is not installed"
    try:
        with tempfile.TemporaryDirectory(prefix="cloudlings-box-") as folder:
            done = _trial(Path(folder))
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run here ({type(error).__name__})"
    if done.returncode == 0:
        return ""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap is not permitted here ({said[-1] if said else f'exit status {done.returncode}'})"


def _trial(folder: Path) -> subprocess.CompletedProcess[bytes]:
    """A worker that starts in a box, opens its door, and has nothing to do."""
    place = Place(folder / "code", folder / "layers", folder / "tmp")
    for each in (folder, place.code, place.layers, place.tmp):
        each.mkdir(exist_ok=True)
        each.chmod(0o755)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        variables = environment() | {"CLOUDLINGS_DOOR": str(theirs.fileno()), "CLOUDLINGS_GATE": "4566"}
        order = (
            b'{"paths": {"code": "/var/task", "layers": "/opt", "runtime": []}, "handler": "json.dumps"}\n'
        )
        return subprocess.run(
            command(place),
            input=order,
            env=variables,
            pass_fds=(theirs.fileno(),),
            capture_output=True,
            timeout=10,
        )


def environment() -> dict[str, str]:
    """The variables of a boxed worker that say how it becomes what it is; the worker takes them away."""
    return {"CLOUDLINGS_UID": str(NOBODY)} if os.geteuid() == 0 else {}


def command(place: Place) -> tuple[str, ...]:
    """The command of a worker in its box."""
    found = boxed_python()
    rights: tuple[str, ...] = ("--cap-drop", "ALL", *_no_boxes_inside())
    if os.geteuid() == 0:
        rights += ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
        # Folders that are made for what is in them are root's alone otherwise.
        for folder in ("/etc", "/var", "/var/runtime"):
            rights += ("--perms", "0755", "--dir", folder)
    return (
        "bwrap",
        *_APART,
        "--unshare-net",
        *rights,
        *_system(),
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        *_interpreter(),
        *_bound(place.code, "/var/task"),
        *_bound(place.layers, "/opt"),
        "--bind",
        str(place.tmp),
        "/tmp",
        "--remount-ro",
        "/",
        "--chdir",
        "/var/task",
        *found.command,
    )


@functools.cache
def _no_boxes_inside() -> tuple[str, ...]:
    """What keeps code in a box from making user namespaces, where bubblewrap can (0.8 and later)."""
    if os.geteuid() == 0:
        return ()
    said = subprocess.run(
        ["bwrap", "--version"], capture_output=True, text=True, timeout=10, check=False
    ).stdout
    numbers = re.findall(r"\d+", said)[:2]
    newer = [int(number) for number in numbers] >= [0, 8]
    return ("--unshare-user", "--disable-userns") if newer else ()


def shared(own: Path, at: Path) -> tuple[str, ...]:
    """What to put before another runtime's command that starts in ``at``: a box around ``own``.

    It is on the machine's network: those runtimes speak to MiniStack by a port of their own.
    """
    rights = ("--cap-drop", "ALL")
    return (
        "bwrap",
        *_APART,
        *rights,
        *_system(),
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        *_bound(own, str(own)),
        "--remount-ro",
        "/",
        "--chdir",
        str(at),
    )


def bare_python(folder: Path) -> Python:
    """The interpreter where there is no box: ``folder`` gets links to what is beside the library."""
    for name, path in _beside():
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(path)
    return Python((sys.executable, "-S", str(WORKER)), (str(folder),))


@functools.cache
def boxed_python() -> Python:
    """The interpreter in the box: the system's own, or this one's, at AWS's place for it."""
    worker = ("-S", "/var/runtime/bootstrap.py")
    real, base = Path(sys.executable).resolve(), Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr"):
        return Python((str(real), *worker), ("/var/runtime",))
    return Python((f"/var/lang/{real.relative_to(base)}", *worker), ("/var/runtime",), "/var/lang/lib")


def _interpreter() -> Iterator[str]:
    if boxed_python().library:
        yield from _bound(Path(sys.base_prefix).resolve(), "/var/lang")
    yield from _bound(WORKER, "/var/runtime/bootstrap.py")
    for name, path in _beside():
        yield from _bound(path, f"/var/runtime/{name}")


@functools.cache
def _beside() -> tuple[tuple[str, Path], ...]:
    """What AWS's runtime has: names as they are imported from, and where they are."""
    found = []
    for name in BESIDE:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin:
            origin = Path(spec.origin).resolve()
            path = origin.parent if origin.name == "__init__.py" else origin
            found.append((path.name, path))
    return tuple(found)


@functools.cache
def _system() -> Sequence[str]:
    arguments: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            arguments += _bound(path, name)
    for name in _SETTINGS:
        path = Path("/etc", name)
        if path.exists():
            arguments += _bound(path.resolve(), str(path))
    return tuple(arguments)


def _bound(source: Path, target: str) -> tuple[str, str, str]:
    return "--ro-bind", str(source), target
