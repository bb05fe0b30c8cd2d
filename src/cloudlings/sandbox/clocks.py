"""The test clocks as the gateway moves them: one account's in every process, and the gateway's own to follow.

The emulator that keeps IAM keeps the clocks with the rest of each account, so that a reset, an undo and a
restart mean the same for both.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox import clock
from cloudlings.sandbox.emulators.contract import Emulator, Informant
from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.model import OWN, JournalEntry
from cloudlings.sandbox.routes import BY_SERVICE


class Clocks:
    """Every account's test clock. ``wrote`` is told that an account has changed."""

    def __init__(
        self, emulators: Mapping[str, Emulator], journal: Journal, wrote: Callable[[str, str], None]
    ) -> None:
        self._emulators = emulators
        self._journal = journal
        self._wrote = wrote
        self._keeper = BY_SERVICE["iam"].emulator
        # Then there is nothing to follow: they are moved, emptied and put back here.
        self._kept_here = emulators[self._keeper].within
        self._turn = asyncio.Lock()
        self._following: set[asyncio.Task[None]] = set()

    async def advance(self, account_id: str, seconds: float) -> dict[str, float]:
        """Move an account's clock on; return when what is due by then has been done. Raises SandboxError
        for a move backwards, and where an emulator has no test clock."""
        async with self._turn:
            clock.checked(seconds)
            at = time.time()
            for name, emulator in self._emulators.items():
                await emulator.advance(account_id, seconds, at)
                self._wrote(name, account_id)
            # The gateway's own last: an emulator that has no test clock has refused by now.
            if not self._kept_here:
                clock.advance(account_id, seconds, at)
            self._journal.add(_entry(f"advance {seconds:g} s", at), account_id)
        return self.shows(account_id)

    def shows(self, account_id: str) -> dict[str, float]:
        """What an account's clock shows, and by how much it is ahead, both in seconds."""
        return {"now": clock.now(account_id), "ahead": sum(seconds for _, seconds in clock.moves(account_id))}

    def follow_soon(self, account_id: str) -> None:
        """Take over an account's clock as its keeper has it: the account went back, or was emptied."""
        if not self._kept_here:
            clock.forget(account_id)
            self._start(self._follow(account_id))

    def follow_all(self, emulator: str) -> None:
        """Take over every clock, if this emulator keeps them: it has just read them back."""
        if emulator == self._keeper and not self._kept_here:
            self._start(self._follow(""))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _follow(self, account_id: str) -> None:
        keeper = self._emulators[self._keeper]
        assert isinstance(keeper, Informant)
        try:
            known: dict[str, list[list[float]]] = await keeper.ask("clocks", account_id=account_id)
        except SandboxError:
            return  # it has gone; when it is back, all are followed
        for each, moves in known.items():
            clock.follow(each, moves)


def _entry(what: str, at: float) -> JournalEntry:
    return JournalEntry(
        time=at, principal="", access_key_id="", service=OWN, operation=what,
        region="", resource="", status=200, error="", source="service",
    )  # fmt: skip
