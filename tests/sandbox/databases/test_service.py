"""The databases of an account follow what was asked for, whenever it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudlings.sandbox.databases import Databases, State, machine
from tests.sandbox.databases.test_model import ACCOUNT, row


async def _no_secret(*_: str) -> str:
    return ""


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no PostgreSQL: the servers themselves do not matter here."""
    monkeypatch.setattr(machine, "find", lambda: None)


@pytest.mark.usefixtures("no_programs")
def test_a_change_at_the_very_end_of_a_look_is_seen(home: Path) -> None:
    """An instance that is made while the look before it ends, and before anybody knows that, becomes
    available."""
    there: list[dict[str, Any]] = []

    async def facts(_: str) -> Mapping[str, Any]:
        if not there:
            # Runs between the last step of this look and the news of its end.
            asyncio.get_running_loop().call_soon(make)
        return {"instances": list(there), "snapshots": []}

    def make() -> None:
        there.append(row("db-A"))
        databases.touched(ACCOUNT)

    async def ask() -> State:
        databases.touched(ACCOUNT)
        await databases.settled(ACCOUNT, 10)
        await databases.settled(ACCOUNT, 10)
        try:
            return databases.state("db-A")
        finally:
            await databases.stop()

    databases = Databases(home, home / "state", facts, _no_secret)
    assert asyncio.run(ask()) is State.UP


@pytest.mark.usefixtures("no_programs")
def test_a_look_that_failed_does_not_end_the_looking(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the machine refuses once is said, and the next change is followed."""
    looks = iter([OSError("No space left on device"), None])

    async def facts(_: str) -> Mapping[str, Any]:
        if (error := next(looks)) is not None:
            raise error
        return {"instances": [row("db-A")], "snapshots": []}

    async def ask() -> State:
        for _ in range(2):
            databases.touched(ACCOUNT)
            await databases.settled(ACCOUNT, 10)
        try:
            return databases.state("db-A")
        finally:
            await databases.stop()

    databases = Databases(home, home / "state", facts, _no_secret)
    assert asyncio.run(ask()) is State.UP
    assert f"databases of {ACCOUNT}: No space left on device" in capsys.readouterr().out
