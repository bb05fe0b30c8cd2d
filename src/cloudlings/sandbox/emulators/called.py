"""What the gateway asks of an emulator beside requests, as calls by verb (`served.Served.calls`)."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cloudlings
from cloudlings.sandbox.emulators.contract import Emulator, IdentityKeeper, Informant
from cloudlings.sandbox.emulators.saved import SUFFIX
from cloudlings.sandbox.model import Caller, Credentials


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    """The machine's environment without anything about AWS or Python, and ``more``: functions inherit it."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON", "MOTO_", "S3_"))}
    return kept | {"PYTHONPATH": str(Path(cloudlings.__file__).parent.parent)} | dict(more)


class CalledEmulator(Emulator, Informant):
    """An emulator that is told things by ``_call``. ``state`` is the folder for its state (None: none)."""

    def __init__(self, name: str, state: Path | None) -> None:
        self.name = name
        self._state = state

    @abstractmethod
    async def _call(self, verb: str, **args: Any) -> Any:
        """The answer to one call, as JSON has it. Raises SandboxError."""

    async def reset(self, account_id: str) -> None:
        await self._call("reset", account_id=account_id)

    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        captured: Sequence[str] = await self._call("capture", accounts=list(accounts))
        return captured

    async def written(self) -> None:
        await self._call("written")

    def file(self, account_id: str) -> Path | None:
        return None if self._state is None else self._state / f"{account_id}{SUFFIX}"

    async def import_state(self, account_id: str, path: Path | None) -> None:
        await self._call("import_state", account_id=account_id, path=str(path) if path else None)

    async def prune(self, snapshots: Sequence[Path]) -> None:
        await self._call("prune", snapshots=[str(path) for path in snapshots])

    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = await self._call("happenings")
        return found

    async def advance(self, account_id: str, seconds: float, at: float) -> None:
        await self._call("advance", account_id=account_id, seconds=seconds, at=at)

    async def ask(self, verb: str, **args: Any) -> Any:
        return await self._call(verb, **args)


class CalledKeeper(CalledEmulator, IdentityKeeper):
    """One that keeps IAM and STS."""

    async def find_caller(self, access_key_id: str) -> Caller | None:
        found = await self._call("find_caller", access_key_id=access_key_id)
        return Caller(**found) if found else None

    async def provision(self, credentials: Credentials) -> None:
        await self._call(
            "provision",
            account_id=credentials.account_id,
            access_key_id=credentials.access_key_id,
            secret_access_key=credentials.secret_access_key,
        )

    async def identities(self, account_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self._call("identities", account_id=account_id)
        return found
