"""Telling open pages that something has changed: one wait a lab at the sandbox, however many pages show it,
and one look at the records, which checks from a notebook or a terminal write to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from cloudlings.errors import CloudlingsError
from cloudlings.grading.workspace import Workspace

# How long one wait at the sandbox lasts, and one pause before it is asked again after it did not answer.
_WAIT, _PAUSE = 20.0, 1.0
# How often the records' file is looked at (its time and size, not its content) while a page is open.
_LOOK = 0.3
MAP = ""
"""In place of a lab's name: the map, which hears of every lab's checks."""
# Waiting threads, apart from those that answer requests.
_MOST_WAITING = 24

Written = tuple[tuple[int, int] | None, ...]


class Followers:
    """The pages that follow each lab."""

    def __init__(self, space: Callable[[str], Workspace], records: Path) -> None:
        self._space = space
        self._records = records
        self._looking: asyncio.Task[None] | None = None
        self._open: dict[str, set[asyncio.Queue[str]]] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}
        self._asking: set[str] = set()
        # Set once a lab's changes are heard, or nobody is there to tell of them.
        self._begun: dict[str, asyncio.Event] = {}
        self._limit: CapacityLimiter | None = None

    async def events(self, lab: str) -> AsyncIterator[str]:
        """Server-sent events for one page, until it is closed: ``changed``, ``down`` and ``up``."""
        mine: asyncio.Queue[str] = asyncio.Queue(maxsize=8)
        self._open.setdefault(lab, set()).add(mine)
        if lab != MAP and lab not in self._waiting:
            self._begun[lab] = asyncio.Event()
            self._waiting[lab] = asyncio.ensure_future(self._wait(lab))
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look(self._written()))
        try:
            # What came between the page's making and now, it sees by looking once more when it is greeted.
            if lab in self._begun:
                await self._begun[lab].wait()
            yield "retry: 1000\nevent: hello\ndata: \n\n"
            while True:
                try:
                    yield f"event: {await asyncio.wait_for(mine.get(), _WAIT)}\ndata: \n\n"
                except TimeoutError:
                    # A comment: a connection that nobody reads any more fails on it.
                    yield ": still here\n\n"
        finally:
            self._leave(lab, mine)

    def is_waiting(self, lab: str) -> bool:
        """Whether the sandbox is being asked about a lab: from then on, every change is heard."""
        return lab in self._asking

    def tell(self, lab: str, what: str = "changed") -> None:
        """Tell a lab's pages now: a check or a hint leaves no trace in the account."""
        for queue in self._open.get(lab, ()):
            with suppress(asyncio.QueueFull):
                queue.put_nowait(what)

    def _leave(self, lab: str, mine: asyncio.Queue[str]) -> None:
        self._open[lab].discard(mine)
        if not self._open[lab]:
            del self._open[lab]
            self._asking.discard(lab)
            self._begun.pop(lab, None)
            if lab in self._waiting:
                self._waiting.pop(lab).cancel()
        if not self._open and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self, known: Written) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            now = self._written()
            if now != known:
                known = now
                for lab in tuple(self._open):
                    self.tell(lab)

    def _written(self) -> Written:
        # What is written goes to the log beside the file first.
        return tuple(map(_state, (self._records, self._records.with_name(f"{self._records.name}-wal"))))

    async def _wait(self, lab: str) -> None:
        self._limit = self._limit or CapacityLimiter(_MOST_WAITING)
        numbers: dict[str, int] | None = None
        down = False
        while True:
            try:
                space = await to_thread.run_sync(self._space, lab)
                sandbox = space.running()
                if numbers is None:
                    start = dict.fromkeys(space.account_ids.values(), 0)
                    numbers = dict((await to_thread.run_sync(sandbox.news, start, 0.0)).last)
                    if down:
                        self.tell(lab, "up")
                        down = False
                self._asking.add(lab)
                self._begun[lab].set()
                news = await to_thread.run_sync(
                    sandbox.news, numbers, _WAIT, limiter=self._limit, abandon_on_cancel=True
                )
                numbers = dict(news.last)
                if news.is_any:
                    self.tell(lab)
            except CloudlingsError:
                if not down:
                    self.tell(lab, "down")
                down, numbers = True, None
                self._begun[lab].set()
                await asyncio.sleep(_PAUSE)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
