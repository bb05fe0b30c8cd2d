"""Namespaces of one submission's own, with its sandbox in them, and a way in for who grades it.

They are made by a process that was forked for that and does nothing else (`Maker`): what is forked from it
finds it as it was, and who grades, which forks nobody, keeps its memory to itself. Who grades is in none of
them: a thread of it enters the network and the files, and has left them when it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, NoReturn

from cloudlings.errors import SandboxError
from cloudlings.grading.isolation import linux

_LARGEST_REQUEST = 2**16
_NAMES = ("mnt", "net", "pid")
_First = Callable[[Mapping[str, Any], int], NoReturn]


@dataclass(frozen=True)
class Apart:
    """Namespaces that stand: ``says`` is what their first process has still to say; the others are files that
    name them."""

    says: IO[str]
    files: int
    network: int
    processes: int

    def enter(self) -> None:
        """Have this thread, and those that it starts, see their network and their files."""
        linux.unshare(linux.FS)
        linux.enter(self.network, linux.NEWNET)
        linux.enter(self.files, linux.NEWNS)


class Maker:
    """The process that namespaces are asked of, forked from this one as it is now; it ends with it.

    ``first`` is what their first process does, given the request and a pipe to say on, in lines, that all is
    `laid`, and what else there is to say.
    """

    def __init__(self, first: _First) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.fork() == 0:
            self._requests.close()
            _serve(theirs, first)
        theirs.close()

    @contextlib.contextmanager
    def apart(self, request: Mapping[str, Any]) -> Iterator[Apart]:
        """New namespaces for the block; all that is in them ends with it, and has ended after it.

        Errors: SandboxError, with what was said instead.
        """
        said, says = os.pipe()
        with contextlib.ExitStack() as ending:
            lines = ending.enter_context(os.fdopen(said))
            keeper, theirs = socket.socketpair()
            ending.callback(_let_go, keeper)
            socket.send_fds(self._requests, [json.dumps(request).encode()], [theirs.fileno(), says])
            theirs.close()
            os.close(says)
            _wait_until_laid(lines)
            first = int(keeper.recv(64))
            named = [os.open(f"/proc/{first}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in _NAMES]
            for each in named:
                ending.callback(os.close, each)
            yield Apart(lines, *named)


def laid(says: int) -> None:
    """Say that the namespaces are as they are to be."""
    _say(says, {"laid": True})


def _not_laid(says: int, error: OSError) -> None:
    """Say why they are not."""
    _say(says, {"error": f"The namespaces of this submission were not made: {error}."})


def _serve(requests: socket.socket, first: _First) -> NoReturn:
    """Be the maker."""
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, _LARGEST_REQUEST, 2)
        if not message:
            os._exit(0)
        # Where children are born is each thread's own to say, and once it has said so it cannot take it back.
        keeper = threading.Thread(target=_keep, args=(first, json.loads(message), *descriptors))
        keeper.start()
        keeper.join()


def _keep(first: _First, request: Mapping[str, Any], asker: int, says: int) -> None:
    """Have the first process born, and end it when nobody holds ``asker`` any more."""
    with socket.socket(fileno=asker) as held:
        try:
            linux.unshare(linux.NEWPID)
            pid = os.fork()
            if pid == 0:
                held.detach()
                os.close(asker)
                _begin(first, request, says)
        except OSError as error:
            _not_laid(says, error)
            return
        finally:
            os.close(says)
        held.sendall(str(pid).encode())
        held.recv(1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _begin(first: _First, request: Mapping[str, Any], says: int) -> NoReturn:
    """Be the first process: the thread that it was born by is its parent, and ends after it."""
    try:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.unshare(linux.NEWNS | linux.NEWNET | linux.NEWIPC | linux.NEWUTS)
        first(request, says)
    except OSError as error:
        _not_laid(says, error)
    finally:
        os._exit(1)


def _let_go(keeper: socket.socket) -> None:
    """It ends when it has ended the others."""
    with keeper, contextlib.suppress(OSError):
        keeper.shutdown(socket.SHUT_WR)
        while keeper.recv(1):
            pass


def _say(says: int, what: Mapping[str, object]) -> None:
    with contextlib.suppress(OSError):
        os.write(says, json.dumps(what).encode() + b"\n")


def _wait_until_laid(lines: IO[str]) -> None:
    line = lines.readline()
    said = json.loads(line) if line else {"error": "The first process of this submission ended at once."}
    if "laid" not in said:
        raise SandboxError(said["error"], next_step="cloudlings doctor, then grade again")
