"""How an emulator's process writes its accounts: small ones at once, large ones from a fork."""

from __future__ import annotations

import asyncio
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators import saved
from cloudlings.sandbox.emulators.keeping import LONGEST_HOLD, Accounts, Keeper

ACCOUNT = "111122223333"


class Slow(Accounts):
    """Accounts whose pickling takes so long."""

    made_by = "slow 1"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.words: dict[str, list[str]] = {ACCOUNT: []}
        self.dumped_in: list[int] = []

    def known(self) -> list[str]:
        return list(self.words)

    def dump(self, account_id: str) -> tuple[bytes, tuple[str, ...]]:
        self.dumped_in.append(os.getpid())
        began = time.thread_time()
        while time.thread_time() - began < self.seconds:
            pass
        if "broken" in self.words[account_id]:
            raise ValueError("cannot be pickled")
        return pickle.dumps((os.getpid(), self.words[account_id])), ()

    def load(self, account_id: str, body: bytes) -> None:
        _, self.words[account_id] = pickle.loads(body)

    def drop(self, account_id: str) -> None:
        self.words.pop(account_id, None)

    def prune(self, used: set[str]) -> None:
        """It has none."""


async def turn(work: Callable[..., Any], *args: Any) -> Any:
    return work(*args)


def written(folder: Path) -> tuple[int, list[str]]:
    found: tuple[int, list[str]] = pickle.loads(saved.read(folder / f"{ACCOUNT}.state", "slow 1"))
    return found


def test_a_large_account_is_written_by_a_fork_as_it_was(tmp_path: Path) -> None:
    """The first capture holds the emulator up; from then on another process writes what was there in that
    moment, and the emulator goes on."""
    accounts = Slow(LONGEST_HOLD * 20)
    keeper = Keeper(tmp_path, accounts)

    async def story() -> float:
        await keeper.capture([ACCOUNT], turn)
        await keeper.written()
        assert written(tmp_path) == (os.getpid(), [])
        accounts.words[ACCOUNT].append("before")
        began = time.monotonic()
        await keeper.capture([ACCOUNT], turn)
        held = time.monotonic() - began
        accounts.words[ACCOUNT].append("after")
        await keeper.written()
        return held

    held = asyncio.run(story())
    by, words = written(tmp_path)
    assert by != os.getpid()
    assert words == ["before"]
    assert held < accounts.seconds


def test_a_small_account_is_not_forked_for(tmp_path: Path) -> None:
    """What takes no time is pickled where it is."""
    keeper = Keeper(tmp_path, Slow(0))

    async def story() -> None:
        for _ in range(3):
            await keeper.capture([ACCOUNT], turn)
            await keeper.written()

    asyncio.run(story())
    assert written(tmp_path)[0] == os.getpid()


@pytest.mark.parametrize("seconds", [0, LONGEST_HOLD * 2])
def test_what_cannot_be_written_is_told_and_the_last_file_stays(tmp_path: Path, seconds: float) -> None:
    """A failure, in the process or in its fork, is an error; what was written before is there."""
    accounts = Slow(seconds)
    keeper = Keeper(tmp_path, accounts)

    async def capture_and_write() -> None:
        await keeper.capture([ACCOUNT], turn)
        await keeper.written()

    async def story() -> None:
        await capture_and_write()
        accounts.words[ACCOUNT].append("broken")
        with pytest.raises((SandboxError, ValueError), match="cannot be pickled"):
            await capture_and_write()

    asyncio.run(story())
    assert written(tmp_path)[1] == []


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """A folder that cannot be written to is an error, and the file that was there stays."""
    keeper = Keeper(tmp_path / "gone", Slow(0))

    async def story() -> None:
        await keeper.capture([ACCOUNT], turn)
        with pytest.raises(SandboxError, match="cannot be written"):
            await keeper.written()

    asyncio.run(story())


def test_going_back_leaves_the_snapshot_as_it_is(tmp_path: Path) -> None:
    """What is written after an account went back does not change the file that it went back to."""
    accounts = Slow(0)
    keeper = Keeper(tmp_path, accounts)
    snapshot = tmp_path / "snapshot"

    async def write(word: str) -> None:
        accounts.words[ACCOUNT].append(word)
        await keeper.capture([ACCOUNT], turn)
        await keeper.written()

    async def story() -> bytes:
        await write("one")
        os.link(keeper.file(ACCOUNT), snapshot)
        kept = snapshot.read_bytes()
        await write("two")
        keeper.put_back(ACCOUNT, snapshot)
        assert accounts.words[ACCOUNT] == ["one"]
        assert keeper.file(ACCOUNT).read_bytes() == kept
        await write("three")
        return kept

    assert asyncio.run(story()) == snapshot.read_bytes()


def test_a_snapshot_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    """The account is as it was when the file to go back to is broken."""
    accounts = Slow(0)
    accounts.words[ACCOUNT].append("here")
    keeper = Keeper(tmp_path, accounts)
    (tmp_path / "snapshot").write_bytes(b"broken")
    with pytest.raises(SandboxError):
        keeper.put_back(ACCOUNT, tmp_path / "snapshot")
    assert accounts.words[ACCOUNT] == ["here"]
