"""Holds a submission's kernel and whatever it starts, so that all of it can be found and ended.

Run as a script: ``python keeper.py MEMORY_BYTES COMMAND…``. It starts the command and writes ``started``,
then ``ended STATUS`` when it ends, and stays until it is killed: on Linux a process that leaves its parent
becomes a child of this one. A line on its input interrupts the command; the end of its input ends it. Only
the standard library is imported: this runs once for each submission.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_LARGEST_FILE = 512 * 2**20


def main(memory: int, command: list[str]) -> None:
    """Keeps one command."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    pid = os.fork()
    if pid == 0:
        _become(command, memory)
    threading.Thread(target=_listen, args=(pid,), daemon=True).start()
    _say("started")
    while True:
        try:
            ended, status = os.wait()
        except ChildProcessError:
            signal.pause()
            continue
        if ended == pid:
            _say(f"ended {os.waitstatus_to_exitcode(status)}")


def _listen(pid: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
    os._exit(0)


def _become(command: list[str], memory: int) -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, _LARGEST_FILE),
        (resource.RLIMIT_AS, memory),
    ):
        # macOS refuses some of them.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))
    silent = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silent, number)
    os.execv(command[0], command)


def _prctl(option: int, value: int) -> None:
    # Only Linux has prctl. Elsewhere a process that leaves its parent is found by its environment.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
