"""Keeping the accounts: captured when something was written, written to the disk, and snapshots of them.

What is captured while an account is held still belongs to one place in its journal, and becomes a snapshot.
That is tried once a second; what is captured in between, or while requests do not end, only goes to the disk.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators.contract import Emulator
from cloudlings.sandbox.gate import Gate
from cloudlings.sandbox.journal import Journal, Range
from cloudlings.sandbox.model import JournalEntry
from cloudlings.sandbox.snapshots import Snapshots

# Seconds from the beginning of one save to the next. A write is on the disk within this and the time that a
# save takes, and that must be less than a second on a busy machine too.
SAVE_EVERY = 0.4
_BREATH = 0.05
SNAPSHOT_EVERY = 1.0
# How long new requests may wait for those under way to end, for a snapshot that is made in passing.
_SHORT_PATIENCE = 0.03


Place = tuple[int, tuple[Range, ...]]
"""A place in an account's journal: its last entry, and what had been taken back by then."""


@dataclass(frozen=True)
class _Capture:
    """What was taken hold of: ``unsaved`` accounts by emulator, every account captured with them, and whether
    no emulator failed."""

    unsaved: Mapping[str, set[str]]
    accounts: frozenset[str]
    whole: bool


class Keep:
    """The unsaved changes of a sandbox, and how they get to the disk. ``state`` None keeps nothing; without
    ``often`` nothing is written in passing, and checkpoints are all that there is.

    ``trouble`` says why the last save failed, "" when it did not.
    """

    def __init__(
        self,
        emulators: Mapping[str, Emulator],
        journal: Journal,
        gate: Gate,
        state: Path | None,
        *,
        often: bool = True,
    ) -> None:
        self._emulators = emulators
        self._journal = journal
        self._gate = gate
        # Why there is no way back to an earlier state; "" when there is one.
        self.no_way_back = next((e.no_way_back for e in emulators.values() if e.no_way_back), "")
        keeps = state is not None and not self.no_way_back
        self.snapshots = Snapshots(state / "snapshots") if state is not None and keeps else None
        self.often = often
        self._writes = state is not None and often
        # Whoever captures, or puts back, does so alone.
        self.turn = asyncio.Lock()
        self._unsaved: dict[str, set[str]] = defaultdict(set)
        # Accounts that have changed since their last snapshot, saved or not.
        self._changed: set[str] = set()
        self._last_snapshot = 0.0
        self._pruning = False
        self.trouble = ""

    def wrote(self, emulator: str, account_id: str) -> None:
        """Something in an account may have changed; "" for an account that only the emulator can tell."""
        self._unsaved[emulator].add(account_id)
        self._changed.add(account_id)

    async def save_often(self, stopping: asyncio.Event) -> None:
        """Save what changed, until the sandbox stops."""
        began = time.monotonic()
        while not stopping.is_set():
            await asyncio.sleep(max(_BREATH, began + SAVE_EVERY - time.monotonic()))
            began = time.monotonic()
            try:
                await self.gather()
                async with self.turn:
                    await self._save_or_snapshot()
                await self._prune()
            except Exception as error:
                # A full disk, say. The next round tries again; until then health() tells.
                self._trouble(f"{type(error).__name__}: {error}")

    async def _save_or_snapshot(self) -> None:
        if not self._writes:
            self._unsaved.clear()
            self._changed.clear()
        elif (
            self.snapshots is not None
            and self._changed
            and time.monotonic() - self._last_snapshot >= SNAPSHOT_EVERY
        ):
            self._last_snapshot = time.monotonic()
            await self._snapshot_in_passing()
        else:
            await self.save()

    async def gather(self) -> None:
        """Journal what the emulators did inside themselves."""
        for name, emulator in self._emulators.items():
            try:
                happenings = await emulator.happenings()
            except SandboxError:
                continue  # it is not up; whoever watches it says so
            for happened in happenings:
                account_id = happened["account_id"]
                fields = {key: value for key, value in happened.items() if key != "account_id"}
                self._journal.add(JournalEntry(**fields, access_key_id="", source="service"), account_id)
                self.wrote(name, account_id)

    async def save(self) -> bool:
        """Write what has changed since the last time; whether all of it is on the disk. The caller has the
        turn."""
        return await self._written(await self._capture())

    async def hold(self, accounts: Iterable[str]) -> None:
        """Bring accounts that are held still to the disk whole. The caller has the turn, and holds them.

        Raises SandboxError when that was not possible: nothing is to be put in their place then.
        """
        for name in self._emulators:
            self._unsaved[name].update(accounts)
        if not await self.save():
            raise SandboxError(
                "The sandbox could not write its state just now.",
                next_step="run the command again; `cloudlings doctor` looks at the sandbox",
            )

    def link(self, account_id: str, name: str = "") -> None:
        """Take a snapshot of an account from its files as they are. The caller has the turn, and holds it."""
        self._link(account_id, self._place(account_id), name)

    async def _snapshot_in_passing(self) -> None:
        changed, self._changed = self._changed, set()
        async with self._gate.held(tuple(changed - {""}), _SHORT_PATIENCE):
            capture = await self._capture()
            whole = (changed | capture.accounts) - {""}
            places = {a: self._place(a) for a in whole if not self._gate.is_written(a)}
        if not await self._written(capture):
            places = {}
        for account_id, place in places.items():
            self._link(account_id, place)
        self._changed |= changed - places.keys() - {""}

    def _place(self, account_id: str) -> Place:
        return self._journal.last(account_id), self._journal.undone(account_id)

    def _link(self, account_id: str, place: Place, name: str = "") -> None:
        assert self.snapshots is not None
        files = {emulator: each.file(account_id) for emulator, each in self._emulators.items()}
        number, undone = place
        self._pruning |= self.snapshots.add(account_id, files, number=number, undone=undone, name=name)

    async def _capture(self) -> _Capture:
        """Take hold of what changed, in every emulator at once; what failed stays unsaved."""
        unsaved, self._unsaved = self._unsaved, defaultdict(set)
        captures = [self._emulators[name].capture(sorted(a - {""})) for name, a in unsaved.items()]
        ends = await asyncio.gather(*captures, return_exceptions=True)
        done: dict[str, set[str]] = {}
        accounts: set[str] = set()
        for (name, of), end in zip(unsaved.items(), ends, strict=True):
            if isinstance(end, BaseException):
                self._failed(name, of, end)
            else:
                done[name] = of
                accounts.update(end)
        return _Capture(done, frozenset(accounts), whole=len(done) == len(unsaved))

    async def _written(self, capture: _Capture) -> bool:
        """Wait until it is on the disk, the journal too; whether all of it is."""
        writing = [self._emulators[name].written() for name in capture.unsaved]
        journal = asyncio.to_thread(self._journal.unsaved())
        *ends, noted = await asyncio.gather(*writing, journal, return_exceptions=True)
        if isinstance(noted, BaseException):
            self._trouble(f"the journal: {noted}")
        failed = False
        for (name, of), end in zip(capture.unsaved.items(), ends, strict=True):
            if isinstance(end, BaseException):
                self._failed(name, of, end)
                failed = True
        whole = capture.whole and not failed and not isinstance(noted, BaseException)
        if whole:
            self.trouble = ""
        return whole

    def _failed(self, name: str, accounts: set[str], error: BaseException) -> None:
        self._trouble(f"{name}: {error}")
        self._unsaved[name] |= accounts

    def _trouble(self, what: str) -> None:
        self.trouble = f"What is made here is not being saved at the moment ({what})."
        print(self.trouble, flush=True)

    async def _prune(self) -> None:
        if not self._pruning or self.snapshots is None:
            return
        self._pruning = False
        async with self.turn:
            for name, emulator in self._emulators.items():
                try:
                    await emulator.prune(self.snapshots.files(name))
                except SandboxError as error:
                    print(f"{name}: not pruned: {error}", flush=True)
