"""IPython shells that cells run in: each a process of its own, forked from one that has boto3 and IPython.

A shell can be forked where it stands, its variables with it, so that several answers go on from one place.
Nothing here protects against the code that it runs.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import traceback
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty
from typing import Any

CELL_SECONDS = 120
# What the fork server imports once, so that no answer waits for it.
_PRELOADED = [
    "boto3",
    "IPython.core.interactiveshell",
    "cloudlings.cost",
    "cloudlings.iam",
    "cloudlings.network.picture",
    "cloudlings.network.reader",
    "cloudlings.notebook",
    "httpx",
    # The last: after it, what there is counts as there for good.
    "cloudlings.grading.warm_clients",
]


@dataclass(frozen=True)
class Trouble:
    """What went wrong while an answer ran: where, the kind of error (its class, or ``exit 2``), its text."""

    where: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.text}"


class Shell:
    """An IPython shell in a process of its own, one cell at a time; started at the first cell.

    ``folder`` is where its cells run, ``environment`` the whole of what they are given.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = dict(environment), folder
        # The process where it is a child of the fork server's, its number where a shell was forked.
        self._process: Any = None
        self._pid = 0
        self._pipe: Any = None

    def run(self, where: str, cell: str) -> Sequence[Trouble]:
        """Run one cell; what went wrong in it."""
        if self._pipe is None:
            self._start()
        try:
            self._pipe.send((where, cell))
            if self._pipe.poll(CELL_SECONDS):
                return [Trouble(*row) for row in self._pipe.recv()]
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self.close()
            return [Trouble(where, "ended", "the cell ended its process")]
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
        self.close()
        return [Trouble(where, "timeout", f"still running after {CELL_SECONDS} s")]

    def fork(self) -> Shell:
        """Another shell that stands where this one does. Whichever goes on, the other stays as it is; their
        folder is the same. For a shell that has run a cell."""
        ours, theirs = _context().Pipe()
        self._pipe.send(None)
        reduction.send_handle(self._pipe, theirs.fileno(), 0)
        theirs.close()
        forked = Shell(self._environment, self._folder)
        forked._pipe, forked._pid = ours, self._pipe.recv()
        return forked

    def close(self) -> None:
        """End the shell; a cell that comes later starts another."""
        if self._pipe is None:
            return
        # At the end of its pipe it ends by itself.
        self._pipe.close()
        if self._process is not None:
            self._process.join(timeout=0.2)
            if self._process.is_alive():
                self._process.kill()
        self._process = self._pipe = None
        self._pid = 0

    def _start(self) -> None:
        self._pipe, theirs = _context().Pipe()
        arguments = (theirs, self._environment, str(self._folder))
        self._process = _context().Process(target=_serve_cells, args=arguments, daemon=True)
        self._process.start()
        theirs.close()


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _serve_cells(pipe: Any, environment: dict[str, str], folder: str) -> None:
    """The other side of `Shell`: runs cells, and is forked, until the pipe ends."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    from IPython.core.interactiveshell import InteractiveShell

    pools = _connection_pools()
    forks: list[int] = []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        shell = InteractiveShell.instance()
        while True:
            try:
                asked = pipe.recv()
            except EOFError:
                os._exit(0)
            if asked is not None:
                pipe.send(_cell_trouble(shell, *asked))
                continue
            theirs = reduction.recv_handle(pipe)
            forks = [pid for pid in forks if not os.waitpid(pid, os.WNOHANG)[0]]
            forked = os.fork()
            if forked:
                os.close(theirs)
                forks.append(forked)
                pipe.send(forked)
            else:
                pipe.close()
                pipe, forks = Connection(theirs), []
                _let_go(pools)


def _connection_pools() -> weakref.WeakSet[Any]:
    """Every pool of connections that is made from here on, in a set that does not keep it."""
    from urllib3.connectionpool import HTTPConnectionPool

    pools: weakref.WeakSet[Any] = weakref.WeakSet()
    make = HTTPConnectionPool.__init__

    def make_and_note(pool: Any, *args: Any, **kwargs: Any) -> None:
        make(pool, *args, **kwargs)
        pools.add(pool)

    HTTPConnectionPool.__init__ = make_and_note  # type: ignore[method-assign, assignment]
    return pools


def _let_go(pools: weakref.WeakSet[Any]) -> None:
    """Use none of the connections that are the other process's too."""
    for pool in pools:
        kept = 0
        with contextlib.suppress(Empty):
            while True:
                connection = pool.pool.get_nowait()
                kept += 1
                if connection is not None:
                    connection.close()
        for _ in range(kept):
            pool.pool.put(None)


def _cell_trouble(shell: Any, where: str, cell: str) -> list[tuple[str, str, str]]:
    result = shell.run_cell(cell, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    if error is None:
        return []
    line = traceback.extract_tb(error.__traceback__)[-1].line or ""
    return [(where, type(error).__name__, f"{error} ({line})" if line else str(error))]
