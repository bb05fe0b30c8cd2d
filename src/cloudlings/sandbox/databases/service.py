"""All databases of a sandbox: what an account is to have, read from moto, and made so.

``touched`` says that something about an account's databases may have changed; then, one step after the
other, snapshots are taken, servers that nobody wants any more are put away, and those that are wanted get
their data, a door, whom they follow and a new password. So a restart, a reset and an undo need nothing of
their own. A server starts when somebody knocks (``door``).
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.databases import machine, model
from cloudlings.sandbox.databases.door import Door
from cloudlings.sandbox.databases.model import Instance, Snapshot, State
from cloudlings.sandbox.databases.server import Server, Tools, free_port, recover

Facts = Callable[[str], Awaitable[Mapping[str, Any]]]
"""What moto knows of an account's databases (``moto_databases.facts``)."""
Secret = Callable[[str, str, str], Awaitable[str]]
"""The password in a secret: (account, Region, name); "" where it cannot be read."""

# Data of databases and snapshots that went, for an undo to bring back: so many of an account.
KEPT = 6
EMPTY = "empty"
"""A file in the data of a snapshot that was taken before anybody had asked the database anything."""


class Databases:
    """The databases of one sandbox. ``home`` is its folder, ``state`` None for a temporary one."""

    def __init__(self, home: Path, state: Path | None, facts: Facts, secret: Secret) -> None:
        self._facts = facts
        self._secret = secret
        self._home = home
        self._temporary = state is None
        self.programs = machine.find()
        self._root = machine.folder_of(self.programs, state, home)
        self._tools = Tools(self.programs, self._root)
        self._prepared = False
        self._servers: dict[str, Server] = {}
        self._doors: dict[str, Door] = {}
        self._wanted: dict[str, Instance] = {}
        self._known: dict[str, list[Snapshot]] = {}
        self._states: dict[str, State] = {}
        self._trouble: dict[str, str] = {}
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._stopping = False

    @property
    def notices(self) -> list[str]:
        """What the person should be told: no PostgreSQL where one is wanted, and what went wrong."""
        missing = [machine.MISSING] if self._wanted and self.programs is None else []
        return missing + list(self._trouble.values())

    def start(self) -> None:
        """Bring back the databases that there were. Called when the emulators answer."""
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            if folder.is_dir() and folder.name.isdecimal():
                self.touched(folder.name)

    async def stop(self) -> None:
        """Stop every database; what is in them is kept, but of a temporary sandbox."""
        self._stopping = True
        for task in list(self._settling.values()):
            task.cancel()
        await asyncio.gather(*self._settling.values(), return_exceptions=True)
        await asyncio.gather(*(door.close() for door in self._doors.values()), return_exceptions=True)
        ends = (server.stop(for_good=self._temporary) for server in self._servers.values())
        await asyncio.gather(*ends, return_exceptions=True)
        if self._temporary and self._root.is_dir():
            # Hundreds of megabytes, perhaps: whoever waits for the sandbox to stop does not wait for that.
            subprocess.Popen(["rm", "-rf", str(self._root)], start_new_session=True)

    def touched(self, account_id: str) -> None:
        """Something about an account's databases may have changed: see to it soon."""
        if self._stopping or not account_id:
            return
        self._dirty.add(account_id)
        task = self._settling.get(account_id)
        # One that has ended looks no more, even where its end was not told to anybody yet.
        if task is None or task.done():
            self._settling[account_id] = asyncio.ensure_future(self._settle_until_clean(account_id))

    async def settled(self, account_id: str, timeout: float) -> None:
        """Return once the account's databases are as they are to be, or time is up."""
        task = self._settling.get(account_id)
        if task is not None:
            await asyncio.wait([task], timeout=timeout)

    def state(self, resource_id: str) -> State:
        """How far an instance is."""
        return self._states.get(resource_id, State.COMING)

    def endpoint(self, resource_id: str) -> tuple[str, int] | None:
        """Address and port at which an instance answers SQL when it runs; None before it has any."""
        server = self._servers.get(resource_id)
        if server is None or not server.about.address:
            return None
        return server.about.address, server.about.port

    def named(self, account_id: str, region: str, identifier: str) -> str:
        """The resource id of an instance, "" for one that is none of these."""
        key = (account_id, region, identifier.lower())
        found = (e for e in self._wanted.values() if (e.account_id, e.region, e.identifier.lower()) == key)
        return next((each.resource_id for each in found), "")

    def has_data(self, account_id: str) -> bool:
        """Whether data of databases is kept for an account, running or not."""
        return (self._root / account_id).is_dir()

    async def reboot(self, resource_id: str) -> None:
        """Stop an instance's server; whoever comes next starts it."""
        server = self._servers.get(resource_id)
        if server is not None:
            async with server.turn:
                await server.stop()

    async def reset(self, account_id: str) -> None:
        """Forget everything of an account. Called when its lab is reset, after moto has forgotten."""
        task = self._settling.get(account_id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for resource_id in self._of(account_id):
            await self._close(resource_id)
            self._drop(resource_id)
        await asyncio.to_thread(shutil.rmtree, self._root / account_id, ignore_errors=True)

    # --- what an account is to have -----------------------------------------------------------

    async def _settle_until_clean(self, account_id: str) -> None:
        while account_id in self._dirty:
            self._dirty.discard(account_id)
            try:
                await self._settle(account_id)
            except (SandboxError, OSError) as error:
                print(f"databases of {account_id}: {_said(error)}", flush=True)

    async def _settle(self, account_id: str) -> None:
        facts = await self._facts(account_id)
        wanted = model.instances(account_id, facts["instances"])
        snapshots = self._known[account_id] = model.snapshots(account_id, facts["snapshots"])
        if not wanted and not (self._root / account_id).is_dir():
            return
        self._prepare()
        await self._take(snapshots)
        ids = {each.resource_id for each in wanted}
        # Those that follow others before those that go: a replica outlives its source with its data.
        for instance in wanted:
            await self._make_so(instance)
        for resource_id in self._of(account_id):
            if resource_id not in ids:
                await self._put_away(account_id, resource_id)
        await self._take(snapshots)
        await self._forget_data(account_id, {each.data_id for each in snapshots})

    def _of(self, account_id: str) -> list[str]:
        return [each for each, server in self._servers.items() if server.path.parent.name == account_id]

    def _prepare(self) -> None:
        if self._prepared:
            return
        self._tools.prepare()
        if machine.is_shared(self._root.parent):
            machine.clear_up(self._root.parent)
            self._tools.write(self._root / "home", str(self._home.absolute()))
        self._prepared = True

    def _folder(self, account_id: str, *names: str) -> Path:
        assert all(model.is_name(name) for name in (account_id, *names))
        return self._root.joinpath(account_id, *names)

    def _data(self, account_id: str, data_id: str) -> Path:
        return self._folder(account_id, "snapshots", data_id)

    async def _make_so(self, instance: Instance) -> None:
        """Make one instance what it is to be, and say how far it is."""
        resource_id = instance.resource_id
        server = self._server(instance)
        self._wanted[resource_id] = instance
        try:
            async with server.turn:
                await self._begin(instance, server)
                await self._follow(instance, server)
                if server.runs:
                    await self._let_in(instance, server)
            await self._open_or_close(instance, server)
            self._states[resource_id] = State.DOWN if instance.stopped else State.UP
            self._trouble.pop(resource_id, None)
        except (SandboxError, OSError) as error:
            self._states[resource_id] = State.FAILED
            self._tell(resource_id, f"The database {instance.identifier} does not run: {_said(error)}.")

    def _tell(self, key: str, what: str) -> None:
        self._trouble[key] = what
        print(what, flush=True)

    def _server(self, instance: Instance) -> Server:
        if instance.resource_id not in self._servers:
            folder = self._tools.folder(self._folder(instance.account_id, instance.resource_id))
            self._servers[instance.resource_id] = Server(self._tools, folder)
        return self._servers[instance.resource_id]

    async def _begin(self, instance: Instance, server: Server) -> None:
        """Give a server the data that it begins with, if that is somebody else's; once only."""
        if server.about.begun:
            return
        if await self._back(instance.account_id, instance.resource_id, server.path):
            server.reread()
        elif instance.snapshot:
            await self._restore(instance, server)
        elif instance.copy_of:
            await self._copy(instance, server)
        server.note(begun=True)

    async def _restore(self, instance: Instance, server: Server) -> None:
        source = self._data(instance.account_id, instance.snapshot)
        if not source.is_dir():
            raise SandboxError("the data of the snapshot that it is restored from is not here")
        if not (source / EMPTY).exists():
            await self._tools.copy(source, server.data)
            await self._has_begun(server)

    async def _has_begun(self, server: Server) -> None:
        """It has another's data, which is what a restore of it begins with."""
        await self._tools.copy(server.data, server.base)
        server.note(founded=True, since=time.time())

    async def _copy(self, instance: Instance, server: Server) -> None:
        """Begin as another instance is now, or was at a time."""
        source = self._standing(instance.account_id, instance.copy_of)
        if source is None:
            raise SandboxError("the database that its data comes from is not here")
        if not source.exists:
            return
        if instance.until:
            await recover(source, server, instance.until)
        else:
            await source.backup(server.data)
            await self._has_begun(server)

    async def _follow(self, instance: Instance, server: Server) -> None:
        """Follow whom it is to follow; a replica that follows nobody any more is promoted with its data."""
        before, source = server.about.replica_of, self._servers.get(server.about.replica_of)
        if before == instance.replica_of:
            return
        if before and not instance.replica_of:
            if not server.runs and source is not None and source.exists:
                # It may have slept while its source went on.
                await self._tools.remove(server.data)
                await source.backup(server.data)
            await server.promote()
            if server.exists:
                await server.backup(server.base)
                server.note(founded=True, since=time.time())
        elif server.exists:
            # It follows another one now, as after a failover: its data is that one's from here on.
            await server.stop()
            await self._tools.remove(server.data)
            server.note(founded=False)
        server.note(replica_of=instance.replica_of)

    async def _open_or_close(self, instance: Instance, server: Server) -> None:
        resource_id = instance.resource_id
        door = self._doors.get(resource_id)
        moved = door is not None and door.place[1] != instance.port and not server.elsewhere
        if instance.stopped or moved:
            await self._close(resource_id)
        if instance.stopped or resource_id in self._doors:
            return
        server.elsewhere = True
        for place in self._places(instance, server):
            door = Door(place, lambda: self._wake(resource_id))
            try:
                await door.open()
            except OSError:
                continue
            self._doors[resource_id] = door
            server.elsewhere = place[1] != instance.port
            server.note(address=door.place[0], port=door.place[1])
            return
        raise SandboxError(f"port {instance.port} is taken on every address of the loopback that was tried")

    def _places(self, instance: Instance, server: Server) -> list[tuple[str, int]]:
        """Where an instance may listen: at its own address with its own port. On systems whose loopback has
        one address only, 127.0.0.1, with another port where its own is taken."""
        known = [server.about.address] if server.about.address else []
        found = [(each, instance.port) for each in [*known, *model.addresses(instance, str(self._home))]]
        return [*found, ("127.0.0.1", instance.port), ("127.0.0.1", free_port())]

    async def _close(self, resource_id: str) -> None:
        """Let nobody in any more, and stop the server."""
        door = self._doors.pop(resource_id, None)
        if door is not None:
            await door.close()
        server = self._servers.get(resource_id)
        if server is not None:
            async with server.turn:
                await server.stop()

    # --- a server that somebody wants ---------------------------------------------------------

    async def _wake(self, resource_id: str) -> tuple[str, int]:
        """Make sure that a server runs; gives where. Raises SandboxError."""
        server, instance = self._servers[resource_id], self._wanted[resource_id]
        if self.programs is None:
            raise SandboxError(machine.MISSING)
        async with server.turn:
            if not server.runs:
                source = None
                if instance.replica_of in self._servers:
                    await self._wake(instance.replica_of)
                    source = self._servers[instance.replica_of]
                await self._run(instance, server, source)
        return "127.0.0.1", server.about.inner

    async def _run(self, instance: Instance, server: Server, source: Server | None) -> None:
        try:
            if not server.exists:
                if source is not None:
                    await source.backup(server.data)
                    server.note(founded=True)
                else:
                    await self._tools.copy(await self._tools.template(), server.data)
            await server.start(server.follow(source) if source is not None else {})
            if source is None:
                await self._let_in(instance, server)
            self._trouble.pop(instance.resource_id, None)
        except (SandboxError, OSError) as error:
            await server.stop()
            what = f"The database {instance.identifier} did not start: {_said(error)}."
            self._tell(instance.resource_id, what)
            raise SandboxError(what) from error

    async def _let_in(self, instance: Instance, server: Server) -> None:
        """The master user, with the password that holds now."""
        if instance.replica_of:
            return
        password = instance.password
        if instance.secret:
            password = await self._secret(instance.account_id, instance.region, instance.secret)
        if not server.about.founded:
            if not password:
                raise SandboxError("its master password is not known")
            began = time.time()
            await server.sql([*model.TEMPLATE, *model.founding(instance, password)])
            server.note(founded=True, since=began, password=model.fingerprint(password))
        elif password and server.about.password != model.fingerprint(password):
            await server.sql([model.new_password(instance.user, password)])
            server.note(password=model.fingerprint(password))

    # --- data ---------------------------------------------------------------------------------

    async def _take(self, snapshots: list[Snapshot]) -> None:
        """Take the snapshots whose data is not there yet, of the servers that are."""
        for snapshot in snapshots:
            target = self._data(snapshot.account_id, snapshot.data_id)
            server = self._standing(snapshot.account_id, snapshot.of)
            if server is None or target.is_dir():
                continue
            if await self._back(snapshot.account_id, snapshot.data_id, target):
                continue
            self._tools.folder(target.parent)
            try:
                async with server.turn:
                    await self._hold(server, target)
                self._trouble.pop(snapshot.data_id, None)
            except (SandboxError, OSError) as error:
                what = f"The snapshot {snapshot.identifier} holds no data: {_said(error)}."
                self._tell(snapshot.data_id, what)

    def _standing(self, account_id: str, resource_id: str) -> Server | None:
        """An instance's server; of one that went, as long as its data is kept."""
        if not resource_id:
            return None
        aside = self._folder(account_id, "attic", resource_id)
        return self._servers.get(resource_id) or (Server(self._tools, aside) if aside.is_dir() else None)

    async def _hold(self, server: Server, target: Path) -> None:
        source = self._servers.get(server.about.replica_of)
        if not server.exists and source is not None and source.exists:
            await source.backup(target)
        elif server.exists:
            await server.backup(target)
        else:
            self._tools.write(self._tools.folder(target) / EMPTY, "")

    async def _put_away(self, account_id: str, resource_id: str) -> None:
        """Stop a server that nobody wants; its data is kept a while, for an undo."""
        server = self._servers[resource_id]
        await self._close(resource_id)
        self._drop(resource_id)
        await self._aside(account_id, server.path)

    def _drop(self, resource_id: str) -> None:
        for known in (self._servers, self._wanted, self._states, self._trouble):
            known.pop(resource_id, None)

    async def _forget_data(self, account_id: str, wanted: set[str]) -> None:
        folder = self._folder(account_id, "snapshots")
        for path in list(folder.iterdir()) if folder.is_dir() else []:
            if path.name not in wanted:
                await self._aside(account_id, path)

    async def _aside(self, account_id: str, path: Path) -> None:
        """Put data aside, the oldest of what is there for good."""
        if not path.is_dir():
            return
        attic = self._tools.folder(self._folder(account_id, "attic"))
        await self._tools.remove(attic / path.name)
        path.replace(attic / path.name)
        (attic / path.name).touch()
        kept = sorted(attic.iterdir(), key=lambda each: each.stat().st_mtime)
        for old in kept[:-KEPT]:
            await self._tools.remove(old)

    async def _back(self, account_id: str, name: str, target: Path) -> bool:
        """Bring data back that was put aside, if it is there."""
        aside = self._folder(account_id, "attic", name)
        if not aside.is_dir():
            return False
        await self._tools.remove(target)
        self._tools.folder(target.parent)
        aside.replace(target)
        return True


def _said(error: Exception) -> str:
    return (error.message if isinstance(error, SandboxError) else str(error)).rstrip(".")


_one: list[Databases] = []


def serve(databases: Databases) -> None:
    """Make these the databases of this process: a gateway's process has one sandbox."""
    _one[:] = [databases]


def here() -> Databases | None:
    """The databases of this process, if it is a gateway's."""
    return _one[0] if _one else None
