"""What a submission's kernel may ask while it runs: open the lab, check, hint. The answers come from here.

The kernel gets a checker of its own, as a learner's notebook has one at home; the verdicts are made in this
process, on the account. What a check finds while the notebook runs counts, whichever cell asked for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from cloudlings.errors import GradingError
from cloudlings.grading.checker.app import app
from cloudlings.grading.checker.client import socket_of
from cloudlings.grading.engine import check
from cloudlings.grading.records import PassingRecords
from cloudlings.grading.replies import Hint
from cloudlings.grading.task import Task
from cloudlings.grading.tasks import task_of, tasks_of
from cloudlings.grading.tutor import Tutor
from cloudlings.grading.verdict import Verdict
from cloudlings.grading.workspace import Workspace, prepare, reset
from cloudlings.sandbox import Sandbox

_START_SECONDS = 10
# Above every process id that Linux and macOS give.
_NOBODY = 2**22 + 1


class KernelWorkspace(Workspace):
    """A workspace that tells a kernel nothing of where the sandbox keeps its files."""

    def variables(self, name: str = "main") -> dict[str, str]:
        """As a learner's, with AWS's two files being no files at all."""
        nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        return super().variables(name) | nothing


class Desk(Tutor):
    """The tutor of one submission: one sandbox, one student, whatever seed the notebook asks for."""

    def __init__(self, root: Path, sandbox: Sandbox, seed: str) -> None:
        super().__init__(root, sandbox.home, seed=seed, records=PassingRecords())
        self._in = sandbox
        self._best: dict[tuple[str, str], Verdict] = {}
        self._lock = threading.Lock()
        self._spaces: dict[str, Workspace] = {}

    def for_seed(self, seed: str | None) -> Tutor:
        """This tutor: a notebook that opens the lab with another seed is graded with the student's own."""
        del seed
        return self

    def open(self, lab: str) -> Workspace:
        """The lab of this student, made ready once."""
        with self._lock:
            if lab not in self._spaces:
                self._spaces[lab] = _quiet(prepare(self._in, self.root, lab, self.seed))
            return self._spaces[lab]

    def reset(self, lab: str) -> Workspace:
        """Puts the lab's accounts back to their start; what was passed before stays passed."""
        self.open(lab)
        with self._lock:
            return _quiet(reset(self._in, self.root, lab, self.seed))

    def check(self, lab: str, name: str | None = None) -> list[Verdict]:
        """Checks one task, or all of a lab's. What was passed once is not checked again."""
        space = self.open(lab)
        tasks = [task_of(self.root, space.lab.name, name)] if name else tasks_of(self.root, space.lab.name)
        with self._lock:
            return [self._checked(space, task) for task in tasks]

    def hint(self, lab: str, name: str) -> Hint:
        """No hint: nobody reads it here, and the cell goes on."""
        task = task_of(self.root, self.open(lab).lab.name, name)
        return Hint(task.name, task.title, 1, 1, "Hints are for working; this notebook is being graded.")

    def _checked(self, space: Workspace, task: Task) -> Verdict:
        key = (space.lab.name, task.name)
        known = self._best.get(key)
        if known is None or not known.passed:
            known = self._best[key] = check(space.lab.name, task, space.accounts, space.brief)
            self.records.add(known, self.seed)
        return known


class _Server(uvicorn.Server):
    """Ends when it is told to: uvicorn looks ten times a second, and then waits for who may still read."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in (*self.servers, *(sockets or ())):
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)

    def end(self) -> None:
        """From another thread."""
        self.should_exit = self.force_exit = True
        # A loop that has closed has ended already.
        with contextlib.suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._told.set)


@contextlib.contextmanager
def answering(desk: Desk, home: Path) -> Iterator[None]:
    """Answers on the checker's socket of ``home``, in a thread, for the block. Errors: GradingError."""
    # A notebook's `cloudlings stop` asks whom to end: nobody, here.
    routes = [Route("/health", lambda _: JSONResponse({"pid": _NOBODY})), Mount("/", app(desk))]
    settings: dict[str, Any] = {"loop": "asyncio", "ws": "none", "lifespan": "off", "access_log": False}
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, log_level="critical", **settings)
    server = _Server(config)
    path = socket_of(home)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait(lambda: server.started, thread)
            yield
        finally:
            server.end()
            thread.join(timeout=5)
            path.unlink(missing_ok=True)


def _wait(ready: Callable[[], bool], thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if not thread.is_alive() or time.monotonic() > deadline:
            raise GradingError(
                "The checker of this submission did not start.", next_step="autograde it again"
            )
        time.sleep(0.005)


def _quiet(space: Workspace) -> Workspace:
    parts: dict[str, Any] = {
        name: getattr(space, name) for name in ("lab", "seed", "brief", "account_ids", "sandbox")
    }
    return KernelWorkspace(**parts)
