"""Going back and forth at random: what an account holds is always what its journal says still stands."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlings.errors import SandboxError
from cloudlings.sandbox.emulators import saved
from cloudlings.sandbox.emulators.contract import Emulator
from cloudlings.sandbox.gate import Gate
from cloudlings.sandbox.history import MOST_CHECKPOINTS, History
from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.keep import Keep
from cloudlings.sandbox.model import Call, Caller, JournalEntry, Request, Response
from cloudlings.sandbox.snapshots import KEPT

ACCOUNTS = ("111122223333", "444455556666")
_clock = itertools.count(1)


class Pad(Emulator):
    """An emulator that holds the words written to each account."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.words: dict[str, list[str]] = {}
        self.broken = False
        self._folder = folder
        folder.mkdir()

    def listen(self) -> None: ...
    def spawn(self) -> None: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def died(self) -> None: ...
    async def prune(self, snapshots: Sequence[Path]) -> None: ...

    async def forward(self, request: Request, account_id: str, host: str) -> Response:
        raise NotImplementedError

    async def reset(self, account_id: str) -> None:
        raise NotImplementedError

    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        for account_id in accounts:
            if account_id in self.words:
                content = json.dumps(self.words[account_id]).encode()
                saved.replace(self._path(account_id), content)
            else:
                self._path(account_id).unlink(missing_ok=True)
        return accounts

    async def written(self) -> None: ...

    def file(self, account_id: str) -> Path | None:
        return self._path(account_id)

    async def import_state(self, account_id: str, path: Path | None) -> None:
        if self.broken:
            self.broken = False
            raise SandboxError("broken")
        if path is None:
            self.words.pop(account_id, None)
        else:
            self.words[account_id] = json.loads(path.read_text())
        await self.capture([account_id])

    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def _path(self, account_id: str) -> Path:
        return self._folder / f"{account_id}.state"


class Desk:
    """Two emulators with journal and history, without processes."""

    def __init__(self, folder: Path, *, often: bool = True) -> None:
        self.pads = {name: Pad(name, folder / name) for name in ("one", "two")}
        self.journal = Journal(folder / "journal" if often else None)
        self.gate = Gate()
        self.keep = Keep(self.pads, self.journal, self.gate, folder, often=often)
        self.forgotten: list[str] = []
        self.history = History(self.pads, self.journal, self.gate, self.keep, self.forgotten.append)

    def write(self, pad: str, account_id: str, source: str = "learner") -> None:
        number = self.journal.last(account_id) + 1
        self.pads[pad].words.setdefault(account_id, []).append(str(number))
        self.journal.add(entry("PutThing", source), account_id)
        self.keep.wrote(pad, account_id)

    async def tick(self) -> None:
        self.keep._last_snapshot = 0.0
        async with self.keep.turn:
            await self.keep._save_or_snapshot()

    def held(self, account_id: str) -> list[str]:
        return sorted(word for pad in self.pads.values() for word in pad.words.get(account_id, []))

    def stands(self, account_id: str) -> list[str]:
        return sorted(str(e.number) for e in self.journal.of(account_id) if e.changes)


def entry(operation: str, source: str = "learner") -> JournalEntry:
    return JournalEntry(
        float(next(_clock)),
        "arn",
        "",
        "s3",
        operation,
        "us-east-1",
        "",
        200,
        "",
        source,  # type: ignore[arg-type]
    )


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(["one", "two"]), st.sampled_from(ACCOUNTS)),
        st.tuples(st.just("write"), st.sampled_from(["one", "two"]), st.sampled_from(ACCOUNTS)),
        st.tuples(st.just("tick"), st.none(), st.none()),
        st.tuples(st.just("checkpoint"), st.sampled_from(["a", "b"]), st.none()),
        st.tuples(st.just("undo"), st.integers(1, 4), st.none()),
        st.tuples(st.just("rewind"), st.sampled_from(["a", "b", "before-undo"]), st.none()),
    ),
    max_size=25,
)


async def play(desk: Desk, steps: list[tuple[str, Any, Any]]) -> None:
    await desk.history.checkpoint(ACCOUNTS, "start")
    for step, what, account_id in steps:
        before = {a: desk.stands(a) for a in ACCOUNTS}
        try:
            if step == "write":
                desk.write(what, account_id)
                continue
            if step == "tick":
                await desk.tick()
                continue
            if step == "checkpoint":
                await desk.history.checkpoint(ACCOUNTS, what)
                continue
            done = await getattr(desk.history, step)(ACCOUNTS, what, look=False)
        except SandboxError:
            assert before == {a: desk.stands(a) for a in ACCOUNTS}
            continue
        after = {a: desk.stands(a) for a in ACCOUNTS}
        changed = sum(len(set(before[a]) ^ set(after[a])) for a in ACCOUNTS)
        assert changed == len(done["taken_back"]) + len(done["brought_back"])
        if step == "undo":
            assert len(done["taken_back"]) >= what
            assert done["brought_back"] == []
        for a in ACCOUNTS:
            assert desk.held(a) == after[a]


@settings(max_examples=int(os.environ.get("CLOUDLINGS_FUZZ_EXAMPLES", "60")), deadline=None)
@given(steps=STEPS)
def test_what_is_held_is_what_stands(steps: list[tuple[str, Any, Any]]) -> None:
    """Whatever is written, kept, undone and rewound, in any order: an account holds what the standing entries
    did, what changed is named, and an undo brings nothing back."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Desk(Path(folder)), steps))


def test_an_emulator_that_cannot_go_back_leaves_all_as_it_was(tmp_path: Path) -> None:
    """When one emulator fails half way, the other is brought forward again, and the error is told."""
    desk = Desk(tmp_path)

    async def story() -> None:
        await desk.history.checkpoint(ACCOUNTS[:1], "start")
        desk.write("one", ACCOUNTS[0])
        desk.write("two", ACCOUNTS[0])
        desk.pads["two"].broken = True
        with pytest.raises(SandboxError, match="broken"):
            await desk.history.undo(ACCOUNTS[:1], 1, look=False)

    asyncio.run(story())
    assert desk.held(ACCOUNTS[0]) == desk.stands(ACCOUNTS[0]) == ["1", "2"]


def test_what_is_restored_has_never_been_otherwise(tmp_path: Path) -> None:
    """In any order, accounts and journal are what they were at the checkpoint, and no other checkpoint is
    made."""
    desk = Desk(tmp_path, often=False)
    account_id = ACCOUNTS[0]

    def state() -> tuple[object, ...]:
        return desk.held(account_id), desk.journal.of(account_id), desk.journal.last(account_id)

    async def story() -> None:
        there = {}
        for name in ("a", "b", "c"):
            desk.write("one", account_id)
            await desk.history.checkpoint(ACCOUNTS, name)
            there[name] = state()
        for name in ("a", "c", "b", "b", "c", "a"):
            await desk.history.restore(ACCOUNTS, name)
            assert state() == there[name]
            desk.write("two", account_id, source="grader")
            desk.write("one", account_id)
            await desk.tick()
            assert len(desk.journal.of(account_id)) == len(there[name][1]) + 2  # type: ignore[arg-type]
        assert [row["name"] for row in desk.history.checkpoints(ACCOUNTS)] == ["a", "b", "c"]
        with pytest.raises(SandboxError, match="no checkpoint"):
            await desk.history.restore(ACCOUNTS, "d")

    asyncio.run(story())
    assert desk.forgotten.count(account_id) == 6


def test_where_everything_is_kept_nothing_is_made_never_to_have_been(tmp_path: Path) -> None:
    """A learner's sandbox goes back by rewind alone, which can be taken back."""
    desk = Desk(tmp_path)

    async def story() -> None:
        await desk.history.checkpoint(ACCOUNTS, "a")
        desk.write("one", ACCOUNTS[0])
        with pytest.raises(SandboxError, match="never to have been") as told:
            await desk.history.restore(ACCOUNTS, "a")
        assert "rewind a" in told.value.next_step

    asyncio.run(story())
    assert desk.held(ACCOUNTS[0]) == ["1"]


def test_snapshots_are_bounded_and_checkpoints_stay(tmp_path: Path) -> None:
    """Of many snapshots the newest are kept, and every checkpoint."""
    desk = Desk(tmp_path)

    async def story() -> None:
        await desk.history.checkpoint(ACCOUNTS[:1], "start")
        for _ in range(KEPT + 20):
            desk.write("one", ACCOUNTS[0])
            await desk.tick()

    asyncio.run(story())
    assert desk.keep.snapshots is not None
    found = desk.keep.snapshots.of(ACCOUNTS[0])
    assert found[0].name == "start"
    assert len(found) == KEPT + 1
    kept = {name for snapshot in found for name in snapshot.files.values()}
    there = {p.name for p in (tmp_path / "snapshots" / ACCOUNTS[0]).iterdir()} - {"index.json"}
    assert there == kept


def test_checkpoints_are_bounded_and_told(tmp_path: Path) -> None:
    """Past the bound a new name is refused with the names there are; an old name may be given again."""
    desk = Desk(tmp_path)

    async def story() -> None:
        for number in range(MOST_CHECKPOINTS):
            await desk.history.checkpoint(ACCOUNTS, f"c{number}")
        with pytest.raises(SandboxError, match="c0"):
            await desk.history.checkpoint(ACCOUNTS, "one-more")
        await desk.history.checkpoint(ACCOUNTS, "c0")

    asyncio.run(story())
    assert [row["name"] for row in desk.history.checkpoints(ACCOUNTS)][-1] == "c0"


def call(operation: str, account_id: str) -> Call:
    caller = Caller(account_id, "AKIAIOSFODNN7EXAMPLE", "x")
    return Call(Request("POST", "/", "", ()), "s3", operation, "us-east-1", caller, account_id)


def test_the_gate_holds_one_account_and_waits_for_its_writes() -> None:
    """While an account is held its writes wait, another's do not, and writes under way are waited for."""

    async def story() -> list[str]:
        gate, told = Gate(), []

        async def write(account_id: str, name: str, seconds: float) -> None:
            await gate.wait(account_id)
            with gate.writing(call("PutObject", account_id)):
                await asyncio.sleep(seconds)
                told.append(name)

        first = asyncio.ensure_future(write(ACCOUNTS[0], "under way", 0.05))
        await asyncio.sleep(0.01)
        async with gate.held(ACCOUNTS[:1], 5.0) as still:
            assert still
            later = asyncio.ensure_future(write(ACCOUNTS[0], "held", 0))
            await write(ACCOUNTS[1], "other", 0)
            told.append("open")
        await asyncio.gather(first, later)
        return told

    assert asyncio.run(story()) == ["under way", "other", "open", "held"]


def test_the_gate_does_not_wait_for_what_may_take_long() -> None:
    """An invocation, whose function may itself write to the account, is not waited for; a write that does not
    end in time is told."""

    async def story() -> tuple[bool, bool]:
        gate = Gate()
        with gate.writing(call("Invoke", ACCOUNTS[0])):
            async with gate.held(ACCOUNTS, 0.01) as still_with_invoke:
                pass
        with gate.writing(call("PutObject", ACCOUNTS[0])):
            async with gate.held(ACCOUNTS, 0.01) as still_with_write:
                pass
        return still_with_invoke, still_with_write

    assert asyncio.run(story()) == (True, False)
