"""The journal: every request of every account, reads included, bounded, and kept over restarts.

Graders read it to know what a learner's code did, and where it went.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict, deque
from dataclasses import asdict
from pathlib import Path

from cloudlings.sandbox.model import Call, JournalEntry, Response

# Entries kept of one account: a long lab makes a few thousand requests.
BOUND = 20_000
_ERROR_CODE = re.compile(rb"<Code>([\w.:-]{1,100})</Code>|\"__type\"\s*:\s*\"(?:[^\"#]*#)?([\w.:-]{1,100})\"")

# What no read tells afterwards: HeadObject shows when a restored copy expires, and not what was asked for;
# no listing knows a role's sessions.
_KEPT = {
    ("s3", "RestoreObject"): ("Days", "Tier"),
    ("sts", "AssumeRole"): ("RoleArn", "RoleSessionName", "DurationSeconds"),
}


class Journal:
    """The entries by account. ``folder`` keeps them over restarts (None: it does not)."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._entries: dict[str, deque[JournalEntry]] = defaultdict(lambda: deque(maxlen=BOUND))
        self._unsaved: dict[str, list[JournalEntry]] = defaultdict(list)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in folder.glob("*.jsonl"):
                self._entries[path.stem].extend(_read(path))
                _end_line(path)

    def add(self, entry: JournalEntry, account_id: str) -> None:
        """Note an entry."""
        self._entries[account_id].append(entry)
        if self._folder is not None:
            self._unsaved[account_id].append(entry)

    def of(self, account_id: str) -> tuple[JournalEntry, ...]:
        """The entries of an account, oldest first."""
        return tuple(self._entries.get(account_id, ()))

    def forget(self, account_id: str) -> None:
        """Drop an account's entries: its lab was reset."""
        self._entries.pop(account_id, None)
        self._unsaved.pop(account_id, None)
        if self._folder is not None:
            (self._folder / f"{account_id}.jsonl").unlink(missing_ok=True)

    def save(self) -> None:
        """Append what is new to the files; a file that has grown past twice the bound is written anew."""
        unsaved, self._unsaved = self._unsaved, defaultdict(list)
        for account_id, entries in unsaved.items():
            assert self._folder is not None
            path = self._folder / f"{account_id}.jsonl"
            with path.open("a") as file:
                file.writelines(_line(entry) for entry in entries)
            if path.stat().st_size > 2 * BOUND * 250:
                draft = path.with_suffix(".draft")
                draft.write_text("".join(map(_line, self._entries[account_id])))
                draft.replace(path)


def _line(entry: JournalEntry) -> str:
    return json.dumps(asdict(entry)) + "\n"


def _end_line(path: Path) -> None:
    """End a line that a killed process left unfinished, so that the next entry has a line of its own."""
    text = path.read_bytes()
    if text and not text.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")


def _read(path: Path) -> list[JournalEntry]:
    entries = []
    for line in path.read_text(errors="replace").splitlines()[-BOUND:]:
        try:
            entries.append(JournalEntry(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # half a line, from a process that was killed while it wrote
    return entries


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
        parameters=_parameters(call),
    )


def _parameters(call: Call) -> dict[str, str]:
    """The parameters that are kept for its operation: of a form, or elements of an XML body."""
    names = _KEPT.get((call.service, call.operation), ())
    form = call.request.form if names else {}
    given = {name: form[name][:2048] for name in names if name in form}
    if given:
        return given
    body = call.request.body[:8192].decode("utf-8", "replace")
    found = {name: re.search(rf"<(?:\w+:)?{name}>\s*([^<]{{1,100}}?)\s*<", body) for name in names}
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
