"""Snapshots of accounts: second names for the files that the emulators keep, and an index of them.

A file of an account's state is replaced, never changed, so a snapshot of it costs a directory entry and no
copy.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cloudlings.sandbox.emulators import saved
from cloudlings.sandbox.journal import Range

# Kept of one account, beside those with a name: so many, and so many bytes of files that only they need.
KEPT = 60
KEPT_BYTES = 200 * 1024 * 1024
INDEX = "index.json"


@dataclass(frozen=True)
class Snapshot:
    """One account at one moment.

    ``time`` is in epoch seconds; ``number`` is that of the last entry in the journal whose effect it holds,
    and ``undone`` what had been taken back by then; ``name`` is a checkpoint's, "" for one made in passing.
    ``files`` are the names of its files by emulator; an emulator without one held nothing of the account.
    """

    id: str
    time: float
    number: int
    name: str = ""
    undone: tuple[Range, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Snapshots:
    """The snapshots by account, in a folder; they outlive the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, list[Snapshot]] = {}

    def of(self, account_id: str) -> tuple[Snapshot, ...]:
        """The snapshots of an account, oldest first."""
        return tuple(self._of(account_id))

    def named(self, account_id: str, name: str) -> Snapshot | None:
        """The checkpoint of that name."""
        return next((s for s in self._of(account_id) if s.name == name), None)

    def path(self, account_id: str, snapshot: Snapshot, emulator: str) -> Path | None:
        """A snapshot's file of one emulator; None where that held nothing of the account."""
        name = snapshot.files.get(emulator)
        return self._folder / account_id / name if name else None

    def add(
        self,
        account_id: str,
        files: Mapping[str, Path | None],
        *,
        number: int,
        undone: tuple[Range, ...],
        name: str = "",
    ) -> bool:
        """Take a snapshot of the files as they are; a checkpoint of the same name is replaced.

        Returns whether older ones went, so that nothing may refer to some blobs any more.
        """
        known = self._of(account_id)
        folder = self._folder / account_id
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = Snapshot(self._next_id(known), time.time(), number, name, undone)
        kept = {}
        for emulator, path in files.items():
            if path is not None and path.exists():
                kept[emulator] = f"{new.id}.{emulator}"
                _second_name(path, folder / kept[emulator])
        before = [s for s in known if not _is_superseded(s, new)]
        after = self._bounded(account_id, [*before, replace(new, files=kept)])
        self._known[account_id] = after
        self._write(account_id)
        return len(after) <= len(known)

    def rename(self, account_id: str, name: str, new: str) -> None:
        """Give a checkpoint another name, instead of whichever had that; "" makes it one of many."""
        known = [s for s in self._of(account_id) if not new or s.name != new]
        self._known[account_id] = [replace(s, name=new) if s.name == name else s for s in known]
        self._write(account_id)

    def forget(self, account_id: str) -> None:
        """Drop an account's snapshots: its lab was reset."""
        self._known.pop(account_id, None)
        shutil.rmtree(self._folder / account_id, ignore_errors=True)

    def files(self, emulator: str) -> list[Path]:
        """Every snapshot's file of one emulator."""
        return sorted(self._folder.glob(f"*/*.{emulator}"))

    def _next_id(self, known: list[Snapshot]) -> str:
        return f"{max((int(s.id) for s in known), default=0) + 1:06d}"

    def _of(self, account_id: str) -> list[Snapshot]:
        if account_id not in self._known:
            self._known[account_id] = _read(self._folder / account_id / INDEX)
        return self._known[account_id]

    def _bounded(self, account_id: str, snapshots: list[Snapshot]) -> list[Snapshot]:
        """Those that are kept: every checkpoint, and the newest of the others. The newest always stays."""
        unnamed = [s for s in snapshots if not s.name]
        doomed = unnamed[:-KEPT]
        size = 0
        for snapshot in reversed(unnamed[-KEPT:]):
            size += self._size(account_id, snapshot)
            if size > KEPT_BYTES and snapshot is not snapshots[-1]:
                doomed.append(snapshot)
        return [s for s in snapshots if s not in doomed]

    def _size(self, account_id: str, snapshot: Snapshot) -> int:
        total = 0
        for name in snapshot.files.values():
            status = (self._folder / account_id / name).stat()
            # One that another snapshot, or the state itself, holds as well costs its share.
            total += status.st_size // status.st_nlink
        return total

    def _write(self, account_id: str) -> None:
        folder = self._folder / account_id
        known = self._known[account_id]
        saved.replace(folder / INDEX, json.dumps([asdict(s) for s in known]).encode())
        used = {INDEX, *(name for s in known for name in s.files.values())}
        for path in folder.iterdir():
            if path.name not in used:
                path.unlink(missing_ok=True)


def _is_superseded(old: Snapshot, new: Snapshot) -> bool:
    """Whether a newer snapshot stands for an older one: the checkpoint of its name, or the same place in the
    journal (what changed since was the emulator's own doing)."""
    if old.name:
        return old.name == new.name
    return old.number == new.number and old.undone == new.undone


def _second_name(path: Path, other: Path) -> None:
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:
        # A file system without hard links.
        shutil.copy2(path, other)


def _read(index: Path) -> list[Snapshot]:
    try:
        rows = json.loads(index.read_text())
        found = [Snapshot(**row | {"undone": tuple((a, b) for a, b in row["undone"])}) for row in rows]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError, KeyError):
        # The state itself is elsewhere, and whole: only the way back is lost, and kept aside.
        index.replace(index.with_suffix(".unreadable"))
        return []
    return [s for s in found if all((index.parent / name).exists() for name in s.files.values())]
