"""Taking back: checkpoints, and returning the accounts of a lab to a snapshot.

A snapshot holds many requests' effects at once, so going back takes back every change since it: which ones is
always said. Where the accounts were before is kept as a checkpoint itself, so that nothing is lost by going
back.
"""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators.contract import Emulator
from cloudlings.sandbox.gate import Gate
from cloudlings.sandbox.journal import Journal, Page, Range
from cloudlings.sandbox.keep import Keep
from cloudlings.sandbox.model import BEFORE, OWN, JournalEntry
from cloudlings.sandbox.snapshots import Snapshot, Snapshots

_NOW = "(now)"
MOST_CHECKPOINTS = 20
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,59}")
# How long requests that write are waited for; they end within moments.
_PATIENCE = 5.0
_KEEPS_ALL = "This sandbox keeps what is done in it, so nothing in it is made never to have been."
_KEEPS_NOTHING = "This sandbox is a temporary one that keeps no snapshots."


@dataclass(frozen=True)
class Return:
    """What going back means: the snapshot for each account that changes, the entries whose effects go with
    it, and those, taken back before, whose effects come back."""

    to: Mapping[str, Snapshot]
    taken_back: tuple[JournalEntry, ...]
    brought_back: tuple[JournalEntry, ...]

    def rows(self) -> dict[str, Any]:
        """The entries, oldest first, and the time to which the accounts go back, as JSON."""
        return {
            "taken_back": [asdict(entry) for entry in self.taken_back],
            "brought_back": [asdict(entry) for entry in self.brought_back],
            "to": max(snapshot.time for snapshot in self.to.values()),
        }


class History:
    """``forget`` is called with each account that went back: whatever was remembered about it is old."""

    def __init__(
        self,
        emulators: Mapping[str, Emulator],
        journal: Journal,
        gate: Gate,
        keep: Keep,
        forget: Callable[[str], None],
    ) -> None:
        self._emulators = emulators
        self._journal = journal
        self._gate = gate
        self._keep = keep
        self._forget = forget
        # The journal at each checkpoint, for ``restore``.
        self._pages: dict[tuple[str, str], Page] = {}

    async def checkpoint(self, accounts: Sequence[str], name: str) -> None:
        """Keep the accounts as they are now under a name; an older one of that name is replaced."""
        snapshots = self._snapshots()
        _check_name(name)
        for account_id in accounts:
            names = {s.name for s in snapshots.of(account_id) if s.name}
            if name not in names and len(names) >= MOST_CHECKPOINTS:
                raise SandboxError(
                    f"There are {MOST_CHECKPOINTS} checkpoints already: {', '.join(sorted(names))}.",
                    next_step="give one of these names again: its old checkpoint is replaced",
                )
        async with self._keep.turn, self._gate.held(tuple(accounts), _PATIENCE) as still:
            _check_still(still=still)
            await self._keep.hold(accounts)
            for account_id in accounts:
                self._keep.link(account_id, name)
                if not self._keep.often:
                    self._pages[account_id, name] = self._journal.page(account_id)

    def checkpoints(self, accounts: Sequence[str]) -> list[dict[str, Any]]:
        """Name and time of the checkpoints of a lab's accounts, oldest first."""
        found = {s.name: s.time for a in accounts for s in self._snapshots().of(a) if s.name}
        return [{"name": name, "time": at} for name, at in sorted(found.items(), key=lambda pair: pair[1])]

    async def undo(self, accounts: Sequence[str], count: int, *, look: bool) -> dict[str, Any]:
        """Take back the last ``count`` changes that the learner's requests made, and what lies between them
        and the snapshot before. Returns what ``Return`` says; with ``look`` it changes nothing."""
        self._snapshots()
        await self._keep.gather()
        plan = self._plan_undo(accounts, count)
        if not look:
            await self._go(plan, f"undo {count}")
        return plan.rows()

    async def rewind(self, accounts: Sequence[str], name: str, *, look: bool) -> dict[str, Any]:
        """Return to a checkpoint. Returns what ``Return`` says; with ``look`` it changes nothing."""
        self._snapshots()
        await self._keep.gather()
        plan = self._plan_rewind(accounts, name)
        if not look:
            await self._go(plan, f"rewind {name}")
        return plan.rows()

    async def restore(self, accounts: Sequence[str], name: str) -> None:
        """Make the accounts what a checkpoint holds, as if nothing had been since: no journal tells of it,
        and where they were before is not kept. Raises SandboxError for a name that no checkpoint has, and in
        a sandbox that keeps more than checkpoints."""
        if self._keep.often:
            raise SandboxError(_KEEPS_ALL, next_step=f"`cloudlings rewind {name}` keeps the way back")
        plan = self._plan_rewind(accounts, name)
        async with self._keep.turn, self._gate.held(tuple(plan.to), _PATIENCE) as still:
            _check_still(still=still)
            try:
                await self._put_back(plan.to)
            finally:
                for account_id in plan.to:
                    self._forget(account_id)
                    self._journal.turn_back(account_id, self._pages[account_id, name])

    def _snapshots(self) -> Snapshots:
        if self._keep.no_way_back:
            raise SandboxError(
                self._keep.no_way_back, next_step="cloudlings reset LAB lays a lab's start state again"
            )
        if self._keep.snapshots is None:
            raise SandboxError(_KEEPS_NOTHING, next_step="start one that keeps what you do: cloudlings start")
        return self._keep.snapshots

    def _plan_undo(self, accounts: Sequence[str], count: int) -> Return:
        changes = {a: [e for e in self._journal.of(a) if e.changes] for a in accounts}
        own = sorted((e for found in changes.values() for e in found if e.source == "learner"), key=_when)
        if not own:
            raise SandboxError(
                "There is nothing to take back: no request has changed anything here.", next_step=_LOG
            )
        if not 1 <= count <= len(own):
            raise SandboxError(
                f"{count} requests cannot be taken back: yours that changed something here are {len(own)}.",
                next_step=f"give a number from 1 to {len(own)}; `cloudlings log` lists them",
            )
        since = own[-count].time
        to = {}
        for account_id, found in changes.items():
            snapshot = self._before(account_id, [e for e in found if e.time >= since], since)
            if snapshot is not None:
                to[account_id] = snapshot
        return self._return(to)

    def _before(self, account_id: str, undone: Sequence[JournalEntry], since: float) -> Snapshot | None:
        """The snapshot without these entries that takes the fewest others back. For none of them: where the
        account was at that time, if requests from another account have changed it since."""
        known = self._snapshots().of(account_id)
        if not undone and not any(s.time >= since for s in known):
            return None
        gone = self._journal.undone(account_id)
        fit = [s for s in known if _brings_back_nothing(s, gone)]
        fit = [s for s in fit if (s.number < undone[0].number if undone else s.time < since)]
        if not fit and undone:
            raise SandboxError(
                "What was here before that is kept no more: only the newest snapshots are.",
                next_step="`cloudlings rewind start` goes back to the lab's start",
            )
        entries = [e for e in self._journal.of(account_id) if e.changes]
        return min(fit, key=lambda s: (sum(not _holds(s, e) for e in entries), -s.time), default=None)

    def _plan_rewind(self, accounts: Sequence[str], name: str) -> Return:
        snapshots = self._snapshots()
        found = {account_id: snapshots.named(account_id, name) for account_id in accounts}
        to = {account_id: snapshot for account_id, snapshot in found.items() if snapshot is not None}
        if not to:
            names = [row["name"] for row in self.checkpoints(accounts)]
            near = difflib.get_close_matches(name, names, 1)
            there = f"There are: {', '.join(names)}." if names else "There are none yet."
            step = f"cloudlings rewind {near[0]}" if near else "`cloudlings checkpoint NAME` makes one"
            raise SandboxError(f"There is no checkpoint “{name}” here. {there}", next_step=step)
        return self._return(to)

    def _return(self, to: Mapping[str, Snapshot]) -> Return:
        entries = [(e, s) for a, s in to.items() for e in self._journal.of(a)]
        taken = [e for e, s in entries if e.changes and not _holds(s, e)]
        brought = [e for e, s in entries if e.undone and replace(e, undone=False).changes and _holds(s, e)]
        return Return(to, tuple(sorted(taken, key=_when)), tuple(sorted(brought, key=_when)))

    async def _go(self, plan: Return, what: str) -> None:
        snapshots, accounts = self._snapshots(), tuple(plan.to)
        async with self._keep.turn, self._gate.held(accounts, _PATIENCE) as still:
            _check_still(still=still)
            await self._keep.hold(accounts)
            for account_id in accounts:
                self._keep.link(account_id, _NOW)
            try:
                await self._put_back(plan.to)
            except BaseException:
                await self._put_back({a: s for a in accounts if (s := snapshots.named(a, _NOW)) is not None})
                raise
            finally:
                for account_id in accounts:
                    self._forget(account_id)
            for account_id in accounts:
                # Only now, for the way may lead to the checkpoint that had this name until here.
                snapshots.rename(account_id, _NOW, BEFORE)
                self._note(account_id, plan.to[account_id], what)

    async def _put_back(self, to: Mapping[str, Snapshot]) -> None:
        for account_id, snapshot in to.items():
            for name, emulator in self._emulators.items():
                await emulator.import_state(account_id, self._snapshots().path(account_id, snapshot, name))

    def _note(self, account_id: str, snapshot: Snapshot, what: str) -> None:
        last = self._journal.last(account_id)
        self._journal.set_undone(account_id, (*snapshot.undone, (snapshot.number + 1, last)))
        self._journal.add(
            JournalEntry(
                time=time.time(), principal="", access_key_id="", service=OWN, operation=what,
                region="", resource="", status=200, error="", source="service",
            ),
            account_id,
        )  # fmt: skip


def _holds(snapshot: Snapshot, entry: JournalEntry) -> bool:
    """Whether the effect of an entry is in a snapshot."""
    gone = any(first <= entry.number <= last for first, last in snapshot.undone)
    return entry.number <= snapshot.number and not gone


def _brings_back_nothing(snapshot: Snapshot, undone: Sequence[Range]) -> bool:
    """Whether a snapshot holds no effect of what has been taken back since."""
    return all(
        first > snapshot.number
        or any(a <= first and min(last, snapshot.number) <= b for a, b in snapshot.undone)
        for first, last in undone
    )


_LOG = "`cloudlings log` shows what was asked"


def _when(entry: JournalEntry) -> float:
    return entry.time


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise SandboxError(
            f"“{name}” cannot be a checkpoint's name.",
            next_step="use up to 60 letters, digits, and . _ - after the first",
        )


def _check_still(*, still: bool) -> None:
    if not still:
        raise SandboxError(
            f"Requests that write to the account have been under way for {_PATIENCE:.0f} s.",
            next_step="run the command again when they have ended",
        )
