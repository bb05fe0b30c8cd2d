"""A gate for each account: requests that write pass it, and wait while the account is held still."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

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

    @contextmanager
    def writing(self, call: Call) -> Iterator[None]:
        """A request that writes is under way. Entered at once after ``wait``."""
        if call.reads or call.operation in _UNBOUNDED:
            yield
            return
        self._writing[call.account_id] += 1
        try:
            yield
        finally:
            self._writing[call.account_id] -= 1
            if not self._writing[call.account_id]:
                del self._writing[call.account_id]
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
