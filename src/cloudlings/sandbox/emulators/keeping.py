"""How an emulator's process keeps the state of its accounts: captured in a moment, written without holding it
up.

A small account is pickled at once and written by a thread. A large one is left to a fork of the process,
which sees everything as it was in that moment, while the emulator goes on answering.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators import saved

# Seconds of computing for which a capture may hold an emulator up; what took longer is forked the next time.
LONGEST_HOLD = 0.015
_CAN_FORK = sys.platform == "linux"
# Descriptors that a forked writer keeps: the standard ones.
_STANDARD = 3
_LONGEST_FORK = 20
_FORKED_TIMEOUT = 30.0

Turn = Callable[..., Awaitable[Any]]


@functools.cache
def made_by(package: str) -> str:
    """An emulator's package and its version, read once: it is looked for through all packages."""
    return f"{package} {version(package)}"


class Accounts(ABC):
    """What an emulator knows about the accounts in it. ``made_by`` names the emulator and its version."""

    made_by: str

    @abstractmethod
    def dump(self, account_id: str) -> tuple[bytes, tuple[str, ...]]:
        """The pickle of everything in an account, and the names of the blobs that it refers to; b"" for an
        account that the emulator does not know. It changes nothing, and may run in a fork."""

    @abstractmethod
    def load(self, account_id: str, body: bytes) -> None:
        """Put back what ``dump`` gave, in place of what is there."""

    @abstractmethod
    def drop(self, account_id: str) -> None:
        """Forget everything in an account."""

    @abstractmethod
    def known(self) -> list[str]:
        """Every account that there is something of."""

    @abstractmethod
    def prune(self, used: set[str]) -> None:
        """Remove the blobs that are not among those used, if the emulator has any."""

    def also(self, accounts: Sequence[str]) -> Sequence[str]:
        """The accounts to capture when these are to be: those, and others that requests of theirs changed."""
        return accounts


class Keeper:
    """Files of accounts in one folder. ``lock`` is the descriptor that a forked writer must hold on to."""

    def __init__(self, folder: Path, accounts: Accounts) -> None:
        self._folder = folder
        self._accounts = accounts
        self._took: dict[str, float] = {}
        self._writing: Awaitable[None] | None = None
        self.lock: int | None = None

    def file(self, account_id: str) -> Path:
        """Where the state of an account is kept."""
        return self._folder / f"{account_id}{saved.SUFFIX}"

    def restore_all(self) -> list[str]:
        """Read every account back; what cannot be read is put aside, and told."""
        told = []
        for path in sorted(self._folder.glob(f"*{saved.SUFFIX}")):
            try:
                self._accounts.load(path.stem, saved.read(path, self._accounts.made_by))
            except Exception as error:
                self._accounts.drop(path.stem)
                told.append(_aside(path, self._accounts.made_by.partition(" ")[0], error))
        return told

    def write_all(self) -> None:
        """Write every account at once, waiting for the disk. For the time before requests come."""
        self._write(self._dump(self._accounts.known()))

    async def capture(self, accounts: Sequence[str], turn: Turn) -> list[str]:
        """Take hold of the state of these accounts as it is now; ``written`` waits until it is on the disk.

        ``turn`` runs a function where nothing else changes the accounts. Returns the accounts captured.
        """
        await self.written()
        every = list(self._accounts.also(accounts))
        if _CAN_FORK and sum(self._took.get(account, 0.0) for account in every) > LONGEST_HOLD:
            child, errors = await turn(self._fork, every)
            self._writing = asyncio.ensure_future(_finished(child, errors))
        else:
            dumps = await turn(self._dump, every)
            self._writing = asyncio.ensure_future(asyncio.to_thread(self._write, dumps))
        return every

    async def written(self) -> None:
        """Wait for what was captured to be on the disk. Raises SandboxError when it could not be written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                await writing
            except OSError as error:
                raise SandboxError(f"the state cannot be written: {error}") from error

    def forget(self, account_id: str) -> None:
        """Remove the file of an account."""
        self.file(account_id).unlink(missing_ok=True)
        self._took.pop(account_id, None)

    def put_back(self, account_id: str, path: Path | None) -> None:
        """Make the account what a file of it says, in memory and on the disk; None for nothing at all."""
        body = saved.read(path, self._accounts.made_by) if path is not None else b""
        self._accounts.drop(account_id)
        self.forget(account_id)
        if path is not None:
            self._accounts.load(account_id, body)
            draft = self.file(account_id).with_suffix(".again")
            draft.unlink(missing_ok=True)
            os.link(path, draft)
            draft.replace(self.file(account_id))

    def prune(self, snapshots: Sequence[Path]) -> None:
        """Remove the blobs that neither the accounts' files nor these refer to."""
        used: set[str] = set()
        for path in [*self._folder.glob(f"*{saved.SUFFIX}"), *snapshots]:
            used.update(saved.header_of(path).blobs)
        self._accounts.prune(used)

    def _dump(self, accounts: Sequence[str]) -> list[tuple[str, bytes, tuple[str, ...]]]:
        dumps = []
        for account_id in accounts:
            began = time.thread_time()
            dumps.append((account_id, *self._accounts.dump(account_id)))
            self._took[account_id] = time.thread_time() - began
        return dumps

    def _write(self, dumps: list[tuple[str, bytes, tuple[str, ...]]]) -> None:
        for account_id, body, blobs in dumps:
            if body:
                saved.write(self.file(account_id), self._accounts.made_by, body, blobs)
            else:
                self.forget(account_id)

    def _fork(self, accounts: Sequence[str]) -> tuple[int, int]:
        errors, child_errors = os.pipe()
        child = os.fork()
        if child:
            os.close(child_errors)
            return child, errors
        # From here on in the copy: nothing but pickling and writing, and no way back.
        try:
            gc.disable()
            # Whatever happens, it lets go of the lock: whoever is started next waits for that.
            signal.alarm(_LONGEST_FORK)
            _close_all_but(child_errors, self.lock)
            self._write(self._dump(accounts))
            os._exit(0)
        except BaseException as error:
            os.write(child_errors, f"{type(error).__name__}: {error}".encode()[:4000])
        finally:
            os._exit(1)


def _close_all_but(*kept: int | None) -> None:
    """Close what a forked writer has no use for: its parent's death must be seen at once by the other
    side."""
    bounds = [
        _STANDARD - 1,
        *sorted(number for number in kept if number is not None),
        os.sysconf("SC_OPEN_MAX"),
    ]
    for low, high in itertools.pairwise(bounds):
        os.closerange(low + 1, min(high, 65536))


async def _finished(child: int, errors: int) -> None:
    def wait() -> tuple[int, bytes]:
        with os.fdopen(errors, "rb") as pipe:
            said = pipe.read()
        return os.waitpid(child, 0)[1], said

    try:
        status, said = await asyncio.wait_for(asyncio.to_thread(wait), _FORKED_TIMEOUT)
    except TimeoutError:
        os.kill(child, 9)
        raise SandboxError("the writer of the state did not finish") from None
    if status:
        raise SandboxError(f"the state could not be captured: {said.decode('utf-8', 'replace')}")


def _aside(path: Path, emulator: str, error: Exception) -> str:
    aside = path.with_suffix(".unreadable")
    path.replace(aside)
    reason = error.message if isinstance(error, SandboxError) else f"{type(error).__name__}: {error}"
    return (
        f"What {emulator} kept of account {path.stem} could not be read back: {reason}. "
        f"There the account starts empty, and the file is kept as {aside}."
    )
