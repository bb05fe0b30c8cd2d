"""A gate for each account: requests that write pass it, and wait while the account is held still."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cloudlings.sandbox.model import Call

# Calls that may take long, or whose answer may wait for requests of a function: they are not waited for.
_UNBOUNDED = frozenset({
    "Invoke", "InvokeAsync", "InvokeWithResponseStream", "ReceiveMessage", "StartSyncExecution",
    "TestInvokeMethod", "CreateStack", "UpdateStack", "DeleteStack", "ExecuteChangeSet", "RotateSecret",
    "PutMetricAlarm",
})  # fmt: skip


class Gate:
    """Who is writing to which account at the moment, and which accounts are held still."""

    def __init__(self) -> None:
        self._writing: Counter[str] = Counter()
        self._held: dict[str, asyncio.Event] = {}
        self._left = asyncio.Event()

    def is_written(self, account_id: str) -> bool:
        """Whether a request that writes to the account is under way."""
        return bool(self._writing[account_id])

    async def wait(self, account_id: str) -> None:
        """Return when the account is not held still."""
        while account_id in self._held:
            await self._held[account_id].wait()

    def writing(self, call: Call) -> _Passage:
        """For a ``with``: the request is under way. Entered at once after ``wait``."""
        counts = not call.reads and call.operation not in _UNBOUNDED
        return _Passage(self, call.account_id if counts else None)

    def enter(self, account_id: str) -> None:
        """A request that writes begins."""
        self._writing[account_id] += 1

    def leave(self, account_id: str) -> None:
        """It has ended."""
        self._writing[account_id] -= 1
        if not self._writing[account_id]:
            del self._writing[account_id]
            self._left.set()

    @asynccontextmanager
    async def held(self, accounts: tuple[str, ...], patience: float) -> AsyncIterator[bool]:
        """Hold accounts still: new requests that write wait, those under way are waited for, at most
        ``patience`` seconds. Gives whether they have all ended. One holder at a time."""
        for account_id in accounts:
            self._held[account_id] = asyncio.Event()
        try:
            yield await self._ended(accounts, patience)
        finally:
            for account_id in accounts:
                self._held.pop(account_id).set()

    async def _ended(self, accounts: tuple[str, ...], patience: float) -> bool:
        deadline = asyncio.get_running_loop().time() + patience
        while any(self._writing[account_id] for account_id in accounts):
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            self._left.clear()
            try:
                await asyncio.wait_for(self._left.wait(), left)
            except TimeoutError:
                return False
        return True


@dataclass
class _Passage:
    """One request's way through a gate; one that is not counted has no account."""

    gate: Gate
    account_id: str | None

    def __enter__(self) -> None:
        if self.account_id is not None:
            self.gate.enter(self.account_id)

    def __exit__(self, *_: object) -> None:
        if self.account_id is not None:
            self.gate.leave(self.account_id)
