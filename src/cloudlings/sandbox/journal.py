"""The journal: every request of every account, reads included, numbered, bounded, and kept over restarts.

Graders read it to know what a learner's code did, and where it went; learners, to see what they did, and to
take it back. An entry whose effect was taken back stays, and says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from cloudlings.sandbox.model import Call, JournalEntry, Response

# Entries kept of one account: a long lab makes a few thousand requests.
BOUND = 20_000
# News that one answer holds, of one account: who follows it hears of more with the next.
MOST_NEWS = 200
# A file is written anew when it is longer than twice the bound, at this many bytes an entry.
_LONGEST_FILE = 2 * BOUND * 300
_ERROR_CODE = re.compile(rb"<Code>([\w.:-]{1,100})</Code>|\"__type\"\s*:\s*\"(?:[^\"#]*#)?([\w.:-]{1,100})\"")

# What no read tells afterwards: HeadObject shows when a restored copy expires, and not what was asked for;
# no listing knows a role's sessions.
_KEPT = {
    ("s3", "RestoreObject"): ("Days", "Tier"),
    # The first of the keys.
    ("s3", "DeleteObjects"): ("Key",),
    # A call's resource is the first that it names, which may be the source.
    ("rds", "CreateDBInstanceReadReplica"): ("DBInstanceIdentifier", "SourceDBInstanceIdentifier"),
    # Where data came from: a copy shows an arbitrary volume, and what is deleted shows nothing.
    ("ec2", "CreateSnapshot"): ("VolumeId",),
    ("ec2", "CopySnapshot"): ("SourceSnapshotId",),
    ("ec2", "CreateVolume"): ("SnapshotId",),
    ("ec2", "CreateImage"): ("InstanceId",),
    ("ec2", "CopyImage"): ("SourceImageId",),
    ("sts", "AssumeRole"): ("RoleArn", "RoleSessionName", "DurationSeconds"),
}
# Of these, what was made as well: an element of the answer.
_MADE = {
    ("ec2", "CreateSnapshot"): "snapshotId",
    ("ec2", "CopySnapshot"): "snapshotId",
    ("ec2", "CreateVolume"): "volumeId",
    ("ec2", "CreateImage"): "imageId",
    ("ec2", "CopyImage"): "imageId",
}

Range = tuple[int, int]
"""Numbers of entries, from the first to the last."""


@dataclass(frozen=True)
class Page:
    """An account's part of the journal at one moment: its entries, the last one's number, what had been
    taken back."""

    entries: tuple[JournalEntry, ...]
    last: int
    undone: tuple[Range, ...]


class Journal:
    """The entries by account. ``folder`` keeps them over restarts (None: it does not).

    An account's file is read when the account is first asked about, so that many old labs cost no start.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._entries: dict[str, deque[JournalEntry]] = {}
        self._last: dict[str, int] = {}
        self._undone: dict[str, tuple[Range, ...]] = {}
        self._unsaved: dict[str, list[str]] = defaultdict(list)
        self._stirred = asyncio.Event()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def add(self, entry: JournalEntry, account_id: str) -> None:
        """Note an entry, and number it."""
        entries = self._of(account_id)
        self._last[account_id] += 1
        entry = replace(entry, number=self._last[account_id])
        entries.append(entry)
        if entry.is_news:
            self._stirred.set()
        if self._folder is not None:
            self._unsaved[account_id].append(_line(asdict(entry)))

    async def news(self, after: Mapping[str, int], seconds: float) -> dict[str, Any]:
        """What is new in these accounts since an entry of each (by number), as soon as there is any: fields
        of ``News``. After ``seconds`` without any, there are no entries in it."""
        deadline = time.monotonic() + seconds
        while True:
            self._stirred.clear()
            found = [e for account_id, number in after.items() for e in self._news_of(account_id, number)]
            emptied = any(self.last(account_id) < number for account_id, number in after.items())
            left = deadline - time.monotonic()
            if found or emptied or left <= 0:
                last = {account_id: self.last(account_id) for account_id in after}
                entries = [asdict(e) for e in sorted(found, key=lambda e: (e.time, e.number))]
                return {"last": last, "entries": entries, "emptied": emptied}
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), left)

    def _news_of(self, account_id: str, number: int) -> list[JournalEntry]:
        newer = takewhile(lambda entry: entry.number > number, reversed(self._of(account_id)))
        return list(islice((entry for entry in newer if entry.is_news), MOST_NEWS))

    def of(self, account_id: str) -> tuple[JournalEntry, ...]:
        """The entries of an account, oldest first."""
        entries, undone = self._of(account_id), self._undone.get(account_id, ())
        if not undone:
            return tuple(entries)
        return tuple(replace(e, undone=True) if _is_in(undone, e) else e for e in entries)

    def last_times(self, accounts: Sequence[str]) -> dict[str, float]:
        """When the learner last asked for something in each of these accounts; those without are left out."""
        times = {
            a: next((e.time for e in reversed(self._of(a)) if e.source == "learner"), 0.0) for a in accounts
        }
        return {account_id: at for account_id, at in times.items() if at}

    def last(self, account_id: str) -> int:
        """The number of an account's last entry; 0 before the first."""
        self._of(account_id)
        return self._last[account_id]

    def undone(self, account_id: str) -> tuple[Range, ...]:
        """Which entries' effects have been taken back."""
        self._of(account_id)
        return self._undone.get(account_id, ())

    def set_undone(self, account_id: str, ranges: tuple[Range, ...]) -> None:
        """Say which entries' effects have been taken back, from now on."""
        self._of(account_id)
        self._undone[account_id] = tuple(r for r in ranges if r[0] <= r[1])
        self._stirred.set()
        if self._folder is not None:
            self._unsaved[account_id].append(_line({"undone": self._undone[account_id]}))

    def forget(self, account_id: str) -> None:
        """Drop an account's entries: its lab was reset."""
        for kept in (self._entries, self._last, self._undone, self._unsaved):
            kept.pop(account_id, None)
        self._stirred.set()
        if self._folder is not None:
            self._path(account_id).unlink(missing_ok=True)

    def page(self, account_id: str) -> Page:
        """All that there is of an account, for ``turn_back``."""
        return Page(tuple(self._of(account_id)), self.last(account_id), self.undone(account_id))

    def turn_back(self, account_id: str, page: Page) -> None:
        """Make an account's entries what they were, as if the others had never been. Not for a journal that
        is kept over restarts."""
        assert self._folder is None
        self._entries[account_id] = deque(page.entries, maxlen=BOUND)
        self._last[account_id], self._undone[account_id] = page.last, page.undone
        self._stirred.set()

    def unsaved(self) -> Callable[[], None]:
        """A function that writes what is new to the disk; it may run in a thread, one at a time."""
        new, self._unsaved = self._unsaved, defaultdict(list)
        whole = {account_id: self._whole(account_id) for account_id in new if self._is_long(account_id)}

        def save() -> None:
            for account_id, lines in new.items():
                _append(self._path(account_id), lines)
            for account_id, lines in whole.items():
                _write(self._path(account_id), lines)

        return save

    def save(self) -> None:
        """Write what is new to the disk now."""
        self.unsaved()()

    def _path(self, account_id: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{account_id}.jsonl"

    def _of(self, account_id: str) -> deque[JournalEntry]:
        entries = self._entries.get(account_id)
        if entries is None:
            entries = self._entries[account_id] = deque(maxlen=BOUND)
            self._last[account_id] = 0
            if self._folder is not None and self._path(account_id).exists():
                self._read(account_id, entries)
        return entries

    def _read(self, account_id: str, entries: deque[JournalEntry]) -> None:
        _end_line(self._path(account_id))
        for said in _lines(self._path(account_id)):
            if "undone" in said and "time" not in said:
                self._undone[account_id] = tuple((first, last) for first, last in said["undone"])
                continue
            try:
                entry = JournalEntry(**said)
            except TypeError:
                continue  # of a version that noted something else
            number = max(entry.number, self._last[account_id] + 1)
            entries.append(replace(entry, number=number))
            self._last[account_id] = number

    def _is_long(self, account_id: str) -> bool:
        try:
            return self._path(account_id).stat().st_size > _LONGEST_FILE
        except FileNotFoundError:
            return False

    def _whole(self, account_id: str) -> list[str]:
        undone = {"undone": self._undone.get(account_id, ())}
        return [*(_line(asdict(entry)) for entry in self._of(account_id)), _line(undone)]


def _is_in(ranges: tuple[Range, ...], entry: JournalEntry) -> bool:
    return any(first <= entry.number <= last for first, last in ranges)


def _line(said: dict[str, Any]) -> str:
    return json.dumps(said) + "\n"


def _append(path: Path, lines: list[str]) -> None:
    with path.open("a") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, lines: list[str]) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    _append(draft, lines)
    draft.replace(path)


def _end_line(path: Path) -> None:
    """End a line that a killed process left unfinished, so that the next entry has a line of its own."""
    with path.open("rb+") as file:
        if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
            file.write(b"\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(errors="replace").splitlines()[-2 * BOUND :]:
        try:
            said = json.loads(line)
        except ValueError:
            continue  # half a line, from a process that was killed while it wrote
        if isinstance(said, dict):
            yield said


def entry_of(call: Call, response: Response) -> JournalEntry:
    """The entry for a call and its answer."""
    return JournalEntry(
        time=time.time(),
        principal=call.caller.arn if call.caller else "",
        access_key_id=call.caller.access_key_id if call.caller else "",
        service=call.service,
        operation=call.operation,
        region=call.region,
        resource=call.resource,
        status=response.status,
        error=error_code(response),
        source=call.source,
        parameters={**_parameters(call), **_made(call, response)},
    )


def _parameters(call: Call) -> dict[str, str]:
    """The parameters that are kept for its operation: of a form, or elements of an XML body."""
    names = _KEPT.get((call.service, call.operation), ())
    form = call.request.form if names else {}
    given = {name: form[name][:2048] for name in names if name in form}
    if given:
        return given
    return _elements(call.request.body, names)


def _made(call: Call, response: Response) -> dict[str, str]:
    """The name of what a call made, where it is kept for its operation."""
    name = _MADE.get((call.service, call.operation))
    return _elements(response.body, (name,)) if name and response.status < 300 else {}


def _elements(body: bytes, names: Sequence[str]) -> dict[str, str]:
    text = body[:8192].decode("utf-8", "replace")
    found = {name: re.search(rf"<(?:\w+:)?{name}>\s*([^<]{{1,100}}?)\s*<", text) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def error_code(response: Response) -> str:
    """AWS's error code in a response; "" for a success or an error without one."""
    if response.status < 300:
        return ""
    named = dict(response.headers).get("x-amzn-errortype", "").partition(":")[0]
    if named:
        return named
    found = _ERROR_CODE.search(response.body[:4096])
    return (found[1] or found[2]).decode() if found else ""
