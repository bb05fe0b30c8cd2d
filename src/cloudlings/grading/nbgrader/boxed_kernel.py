"""A Jupyter kernel whose cells run in a box: ``python -m cloudlings.grading.nbgrader.boxed_kernel -f FILE``.

Two sides, as for a lab's submission: this process speaks Jupyter's protocol and runs no cell; the shell that
runs them is forked from it into a box before it has read the connection's key. It is what `provisioner`
launches. Limits come as ``--cell-seconds``, ``--submission-seconds`` and ``--memory``; ``--files`` is the
folder whose files the cells find beside them.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import platform
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

from cloudlings.grading.isolation import box, cells, forking, groups, leftovers, linux
from cloudlings.grading.isolation.box import Bounds
from cloudlings.grading.isolation.boxed import Boxed
from cloudlings.grading.isolation.job import files_beside
from cloudlings.grading.nbgrader.submission import Limits
from cloudlings.sandbox.warm import keep_only

_KEPT = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
_STOPPED, _DEAD = "CellTimeoutError", "DeadKernelError"
_AFTER = "The kernel had ended before: this cell did not run."


class BoxedKernel(Kernel):  # type: ignore[misc]
    """Cells are sent into the box; what they write is told on as Jupyter's messages."""

    implementation = "cloudlings-box"
    implementation_version = "1"
    banner = "Python in a box"
    language_info = {  # noqa: RUF012 - the name and kind are Jupyter's
        "name": "python",
        "version": platform.python_version(),
        "mimetype": "text/x-python",
        "file_extension": ".py",
    }
    boxed: Boxed

    def do_execute(self, code: str, *_: Any, **__: Any) -> dict[str, Any]:
        """Run one cell. One that was stopped, and each after the shell's end, is an error: never a silence,
        which nbgrader takes for a pass.
        """
        if self.boxed.dead:
            return self._failed(_DEAD, _AFTER)
        ran = self.boxed.run(code)
        error: Mapping[str, Any] | None = None
        for row in ran.outputs:
            content = {key: value for key, value in row.items() if key != "output_type"}
            error = content if row["output_type"] == "error" else error
            if row["output_type"] == "execute_result":
                content["execution_count"] = self.execution_count
            self.send_response(self.iopub_socket, row["output_type"], content)
        if ran.trouble:
            return self._failed(_DEAD if self.boxed.dead else _STOPPED, ran.trouble)
        if error is not None:
            return {"status": "error", "execution_count": self.execution_count, **error}
        return {
            "status": "ok",
            "execution_count": self.execution_count,
            "payload": [],
            "user_expressions": {},
        }

    def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """Ends the box. It is not started again: a restart is a new kernel."""
        self.boxed.close()
        return {"status": "ok", "restart": restart}

    def _failed(self, name: str, why: str) -> dict[str, Any]:
        content = {"ename": name, "evalue": why, "traceback": [f"{name}: {why}"]}
        self.send_response(self.iopub_socket, "error", content)
        return {"status": "error", "execution_count": self.execution_count, **content}


def main() -> None:
    """Serve one notebook."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cell-seconds", type=float, default=120.0)
    parser.add_argument("--submission-seconds", type=float, default=900.0)
    parser.add_argument("--memory", type=int, default=2 * 2**30)
    parser.add_argument("--files", type=Path)
    given, rest = parser.parse_known_args()
    place = leftovers.claim()
    atexit.register(leftovers.release, place)
    limits = Limits(given.cell_seconds, given.submission_seconds, given.memory)
    BoxedKernel.boxed = _box(place, limits, files_beside(given.files) if given.files else {})
    atexit.register(BoxedKernel.boxed.close)
    BoxedKernel.boxed.wait_until_ready()
    IPKernelApp.launch_instance(argv=rest, kernel_class=BoxedKernel)


def _box(place: Path, limits: Limits, files: Mapping[str, bytes]) -> Boxed:
    """The shell in its box, forked from this process, which has no thread yet."""
    channel, their_channel = socket.socketpair()
    control, their_control = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = os.pipe()
    bounds = Bounds(memory=limits.memory)
    made = cells.shell()
    if os.fork() == 0:
        keep_only(their_channel.fileno(), their_control.fileno(), out_end, err_end)
        given = (their_channel.fileno(), their_control.fileno(), (out_end, err_end))
        _make(place, files, bounds, made, *given)
    for each in (their_channel, their_control):
        each.close()
    for end in (out_end, err_end):
        os.close(end)
    return Boxed(channel, control, {out: "stdout", err: "stderr"}, limits)


def _make(
    place: Path,
    files: Mapping[str, bytes],
    bounds: Bounds,
    made: Any,
    channel: int,
    control: int,
    written: tuple[int, int],
) -> None:
    """What the fork does: namespaces, and in them the box. It stays, as who is ended to end it all."""
    status = 1
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        forking.name(os.getpid(), control)
        for group in groups.make(place.name, bounds):
            Path(group, "cgroup.procs").write_text("0")
        uid, gid = os.geteuid(), os.getegid()
        if uid != 0:
            linux.unshare(linux.NEWUSER)
            linux.map_only(uid, gid, of_uid=uid, of_gid=gid)
        linux.unshare(linux.NEWNS | linux.NEWPID | linux.NEWNET | linux.NEWIPC | linux.NEWUTS)
        first = os.fork()
        if first == 0:
            linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
            _furnish(place, files, bounds)
            request = {
                "place": str(place), "labs": (), "bounds": asdict(bounds), "environment": _environment(),
            }  # fmt: skip
            forking.be_first(made, request, channel, control, written)
        keep_only()
        status = abs(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(control, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(status)


def _furnish(place: Path, files: Mapping[str, bytes], bounds: Bounds) -> None:
    """The submission's own files, on a disk of limited size."""
    uid, gid = box.unprivileged()
    linux.mount("none", "/", flags=linux.REC | linux.PRIVATE)
    linux.mount("tmpfs", place, "tmpfs", linux.NOSUID | linux.NODEV, "mode=700,size=4m")
    linux.loopback_up()
    for name in ("learner", "checker", "box"):
        (place / name).mkdir(mode=0o755)
    size = f"mode=700,size={bounds.disk},nr_inodes=16k,uid={uid},gid={gid}"
    linux.mount("tmpfs", place / "learner", "tmpfs", linux.NOSUID | linux.NODEV, size)
    work = place / "learner" / "work"
    work.mkdir(mode=0o700)
    for name, data in files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for path in (work, *work.rglob("*")):
        os.chown(path, uid, gid)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.defpath)),
        "HOME": str(box.HOME),
        "USER": "learner",
        "TMPDIR": "/tmp",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "agg",
        "NBGRADER_EXECUTION": "autograde",
    }


if __name__ == "__main__":
    # Under its own name, for its parts to find what it imported.
    from cloudlings.grading.nbgrader.boxed_kernel import main as serve

    serve()
