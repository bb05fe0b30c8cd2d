"""A machine without PostgreSQL: RDS works, and whoever asks a database is told why it does not answer."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudlings.sandbox.databases import Databases, State, machine
from tests.sandbox.databases.test_model import ACCOUNT, row

_ASKS_FOR_TLS = struct.pack("!II", 8, 80_877_103)
_WORDS = b"user\0keeper\0\0"
_BEGINS = struct.pack("!II", 8 + len(_WORDS), 196_608) + _WORDS


@pytest.mark.usefixtures("no_programs")
def test_a_client_is_told(home: Path) -> None:
    """The instance is available and has an endpoint; a client there is told that PostgreSQL is missing, and
    so is whoever starts the sandbox."""

    async def ask() -> tuple[State, bytes, list[str]]:
        databases = Databases(home, home / "state", _one_instance, _no_secret)
        databases.touched(ACCOUNT)
        await databases.settled(ACCOUNT, 10)
        place = databases.endpoint("db-A")
        assert place is not None
        reader, writer = await asyncio.open_connection(*place)
        writer.write(_ASKS_FOR_TLS)
        assert await reader.readexactly(1) == b"N"
        writer.write(_BEGINS)
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await databases.stop()
        return databases.state("db-A"), said, databases.notices

    state, said, notices = asyncio.run(ask())
    assert state is State.UP
    assert b"No PostgreSQL is installed here" in said
    assert notices == [machine.MISSING]


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no PostgreSQL."""
    monkeypatch.setattr(machine, "find", lambda: None)


async def _one_instance(_: str) -> Mapping[str, Any]:
    return {"instances": [row("db-A")], "snapshots": []}


async def _no_secret(*_: str) -> str:
    return ""
