"""Making a box, between a request of the trusted side and the learner's shell in it: three forks.

The first is born among the submission's processes, enters its other namespaces, and makes those of the box;
the second is the box's first process; the third is the shell.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudlings.grading.isolation import box, cells, groups, linux
from cloudlings.sandbox.warm import keep_only

DESCRIPTORS = 7
"""Mount, network and process namespace; the shell's channel, the box's control; standard output and error."""


def begin(shell: Any, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Fork a process that makes a box; ``request`` has ``place``, ``labs``, ``bounds``, ``environment`` and
    ``groups``. What goes wrong is told on the box's control."""
    control = descriptors[4]
    try:
        # From here on who is forked from this process is among the submission's, and ends with it.
        linux.enter(descriptors[2], linux.NEWPID)
        child = os.fork()
    except OSError as error:
        _tell(control, error)
        return
    if child == 0:
        _make_box(shell, request, descriptors)


def _make_box(shell: Any, request: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """Never returns."""
    mounts, network, _, channel, control, out, err = descriptors
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        linux.enter(network, linux.NEWNET)
        linux.enter(mounts, linux.NEWNS)
        keep_only(channel, control, out, err)
        groups.join(request["groups"])
        linux.unshare(linux.NEWNS | linux.NEWPID | linux.NEWIPC | linux.NEWUTS)
        first = os.fork()
        if first != 0:
            name(first, control)
            os._exit(0)
        be_first(shell, request, channel, control, (out, err))
    except BaseException as error:
        _tell(control, error)
    finally:
        os._exit(1)


def name(process: int, control: int) -> None:
    """Say which process ends all of a box when it ends, to whoever may know it by another number."""
    with socket.socket(fileno=os.dup(control)) as told:
        socket.send_fds(told, [b"first\n"], [os.pidfd_open(process)])


def _tell(control: int, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        os.write(control, f"{type(error).__name__}: {error}\n".encode())


def be_first(
    shell: Any, request: Mapping[str, Any], channel: int, control: int, written: tuple[int, int]
) -> None:
    """Be the first process of a box, and start the shell in it. Never returns."""
    place, bounds = Path(request["place"]), box.Bounds(**request["bounds"])
    os.setsid()
    contents = box.Contents(place / "learner", place / "checker", request["labs"])
    box.enter(place / "box", contents, bounds)
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in zip((nothing, *written), (0, 1, 2), strict=True):
        os.dup2(source, target)
    child = os.fork()
    if child != 0:
        keep_only(control)
        box.watch(child, control)
    keep_only(channel)
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    box.limit(bounds)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(box.HOME / "work")
    sys.path[:] = [folder for folder in sys.path if folder]
    cells.serve(shell, socket.socket(fileno=channel))
