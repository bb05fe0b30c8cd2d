"""The channel between the sandbox's processes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cloudlings.errors import SandboxError
from cloudlings.sandbox import channel
from cloudlings.sandbox.channel import Channel


def run(handlers: dict[str, Callable[..., Any]], work: Callable[[Channel], Awaitable[Any]]) -> Any:
    """Serve ``handlers`` on one end of a pair of sockets, and do ``work`` at the other."""

    async def both() -> Any:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=theirs)
        serving = asyncio.ensure_future(channel.serve(reader, writer, handlers))
        client = await Channel.over(ours)
        try:
            return await asyncio.wait_for(work(client), 10)
        finally:
            client.hang_up()
            await serving

    return asyncio.run(both())


def test_a_call_is_answered() -> None:
    """Arguments go there by name, and the result comes back."""
    assert run({"add": lambda a, b: a + b}, lambda c: c.call("add", a=2, b=3)) == 5


def test_calls_overlap() -> None:
    """A quick call is answered while a slow one is under way."""

    async def work(client: Channel) -> list[str]:
        order: list[str] = []

        async def one(verb: str) -> None:
            order.append(await client.call(verb))

        await asyncio.gather(one("slow"), one("quick"))
        return order

    async def slow() -> str:
        await asyncio.sleep(0.1)
        return "slow"

    assert run({"slow": slow, "quick": lambda: "quick"}, work) == ["quick", "slow"]


def test_an_error_comes_back_with_its_next_step() -> None:
    """An error of ours keeps message and next step; another's type is named."""

    def fail() -> None:
        raise SandboxError("It is so.", next_step="Do this.")

    with pytest.raises(SandboxError) as caught:
        run({"fail": fail}, lambda c: c.call("fail"))
    assert (caught.value.message, caught.value.next_step) == ("It is so.", "Do this.")
    with pytest.raises(SandboxError, match="ZeroDivisionError"):
        run({"fail": lambda: 1 // 0}, lambda c: c.call("fail"))
    with pytest.raises(SandboxError, match="KeyError"):
        run({}, lambda c: c.call("nothing"))


def test_a_process_that_ends_is_noticed() -> None:
    """A call under way fails when the other side hangs up, and so do later ones."""

    async def work() -> None:
        ours, theirs = socket.socketpair()
        client = await Channel.over(ours)
        under_way = asyncio.ensure_future(client.call("anything"))
        await asyncio.sleep(0.01)
        theirs.close()
        for call in (under_way, client.call("more")):
            with pytest.raises(SandboxError, match="ended"):
                await call

    asyncio.run(work())


def test_a_call_without_asyncio_needs_a_listener(tmp_path: Path) -> None:
    """Where nobody listens the error is the system's own."""
    with pytest.raises(OSError):
        channel.call(tmp_path / "nobody.sock", "health")
