"""All databases of a sandbox: what an account is to have, read from moto, and made so.

``touched`` says that something about an account's databases may have changed; then, one step after the
other, snapshots are taken, servers that nobody wants any more are put away, and those that are wanted are
made, started, stopped, promoted or given a new password. So a restart, a reset and an undo need nothing of
their own.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.databases import machine, model
from cloudlings.sandbox.databases.model import Instance, Snapshot, State
from cloudlings.sandbox.databases.server import Server, Tools

Facts = Callable[[str], Awaitable[Mapping[str, Any]]]
"""What moto knows of an account's databases (``moto_databases.facts``)."""
Secret = Callable[[str, str, str], Awaitable[str]]
"""The password in a secret: (account, Region, name); "" where it cannot be read."""

# Data of databases and snapshots that went, for an undo to bring back: so many of an account.
KEPT = 6
_MOST_ENDS = 3


class Databases:
    """The databases of one sandbox. ``home`` is its folder, ``state`` None for a temporary one."""

    def __init__(self, home: Path, state: Path | None, facts: Facts, secret: Secret) -> None:
        self._facts = facts
        self._secret = secret
        self._home = home
        self._temporary = state is None
        self.programs = machine.find()
        self._root = machine.folder_of(self.programs, state, home) if self.programs else None
        self._tools: Tools | None = None
        self._servers: dict[str, Server] = {}
        self._of: dict[str, str] = {}
        self._states: dict[str, State] = {}
        self._ends: dict[str, int] = defaultdict(int)
        self._trouble: dict[str, str] = {}
        self._asked_in_vain = False
        self._names: dict[str, dict[tuple[str, str], str]] = {}
        self._known: dict[str, list[Snapshot]] = {}
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._stopping = False

    @property
    def notices(self) -> list[str]:
        """What the person should be told: no PostgreSQL where one was wanted, and what went wrong."""
        missing = [machine.MISSING] if self._asked_in_vain and self.programs is None else []
        return missing + list(self._trouble.values())

    def start(self) -> None:
        """Bring back the databases that there were. Called when the emulators answer."""
        if self._root is None or not self._root.is_dir():
            return
        for folder in self._root.iterdir():
            if folder.is_dir() and folder.name.isdecimal():
                self.touched(folder.name)

    async def stop(self) -> None:
        """Stop every database; what is in them is kept, but of a temporary sandbox."""
        self._stopping = True
        for task in list(self._settling.values()):
            task.cancel()
        await asyncio.gather(*self._settling.values(), return_exceptions=True)
        await asyncio.gather(*(server.stop() for server in self._servers.values()), return_exceptions=True)
        if self._temporary and self._root is not None:
            await asyncio.to_thread(shutil.rmtree, self._root, ignore_errors=True)

    def touched(self, account_id: str) -> None:
        """Something about an account's databases may have changed: see to it soon."""
        if self._stopping or not account_id:
            return
        self._dirty.add(account_id)
        if account_id not in self._settling:
            task = asyncio.ensure_future(self._settle_until_clean(account_id))
            self._settling[account_id] = task
            task.add_done_callback(lambda _: self._settling.pop(account_id, None))

    async def settled(self, account_id: str, timeout: float) -> None:
        """Return once the account's databases are as they are to be, or time is up."""
        task = self._settling.get(account_id)
        if task is not None:
            await asyncio.wait([task], timeout=timeout)

    def state(self, resource_id: str) -> State | None:
        """How far an instance's server is; None where it is to have none."""
        if self.programs is None:
            return None
        return self._states.get(resource_id, State.COMING)

    def endpoint(self, resource_id: str) -> tuple[str, int] | None:
        """Address and port at which an instance answers SQL when it runs; None before it has any."""
        server = self._servers.get(resource_id)
        if server is None or not server.about.address:
            return None
        return server.about.address, server.about.port

    def named(self, account_id: str, region: str, identifier: str) -> str:
        """The resource id of an instance, "" for one that is to have no server."""
        return self._names.get(account_id, {}).get((region, identifier.lower()), "")

    async def reboot(self, account_id: str, resource_id: str) -> None:
        """Stop an instance's server and start it again."""
        server = self._servers.get(resource_id)
        if server is not None and server.runs:
            self._states[resource_id] = State.COMING
            await server.stop()
            self.touched(account_id)

    async def reset(self, account_id: str) -> None:
        """Forget everything of an account. Called when its lab is reset, after moto has forgotten."""
        task = self._settling.get(account_id)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for resource_id in [each for each, owner in self._of.items() if owner == account_id]:
            await self._servers.pop(resource_id).stop()
            self._drop(resource_id)
        if self._root is not None:
            await asyncio.to_thread(shutil.rmtree, self._root / account_id, ignore_errors=True)

    async def _settle_until_clean(self, account_id: str) -> None:
        while account_id in self._dirty:
            self._dirty.discard(account_id)
            try:
                await self._settle(account_id)
            except SandboxError as error:
                print(f"databases of {account_id}: {error}", flush=True)

    async def _settle(self, account_id: str) -> None:
        facts = await self._facts(account_id)
        wanted = model.instances(account_id, facts["instances"])
        snapshots = model.snapshots(account_id, facts["snapshots"])
        self._names[account_id] = {(each.region, each.identifier): each.resource_id for each in wanted}
        self._known[account_id] = snapshots
        if self.programs is None:
            self._asked_in_vain |= bool(wanted)
            return
        if not wanted and not (self._root and (self._root / account_id).is_dir()):
            return
        self._prepare()
        await self._take(snapshots)
        ids = {each.resource_id for each in wanted}
        for resource_id in [each for each, owner in self._of.items() if owner == account_id]:
            if resource_id not in ids:
                await self._put_away(account_id, resource_id)
        for instance in wanted:
            await self._make_so(instance)
        await self._take(snapshots)
        await self._forget_data(account_id, {each.data_id for each in snapshots})

    def _prepare(self) -> None:
        assert self.programs is not None
        assert self._root is not None
        if self._tools is None:
            tools = Tools(self.programs, self._root)
            tools.prepare()
            self._tools = tools
            if self.programs.user is not None:
                machine.clear_up(self._root.parent)
                tools.write(self._root / "home", str(self._home.absolute()))

    @property
    def tools(self) -> Tools:
        assert self._tools is not None, "prepared before anything is made"
        return self._tools

    def _folder(self, account_id: str, *names: str) -> Path:
        assert self._root is not None
        assert all(model.is_name(name) for name in (account_id, *names))
        return self._root.joinpath(account_id, *names)

    def _data(self, account_id: str, data_id: str) -> Path:
        return self._folder(account_id, "snapshots", data_id)

    async def _take(self, snapshots: list[Snapshot]) -> None:
        """Take the snapshots whose data is not there yet, of the servers that are."""
        for snapshot in snapshots:
            server = self._servers.get(snapshot.of)
            target = self._data(snapshot.account_id, snapshot.data_id)
            if server is None or not server.about.founded or target.is_dir():
                continue
            if await self._back(snapshot.account_id, snapshot.data_id, target):
                continue
            self.tools.folder(target.parent)
            with _telling(self._trouble, snapshot.identifier, f"The snapshot {snapshot.identifier}"):
                await server.backup(target)

    async def _make_so(self, instance: Instance) -> None:
        """Make one instance what it is to be, and say how far it is."""
        resource_id = instance.resource_id
        server = self._server(instance)
        self._states.setdefault(resource_id, State.COMING)
        try:
            await self._found(instance, server)
            await self._run(instance, server)
            self._states[resource_id] = State.UP if server.runs else State.DOWN
            self._trouble.pop(resource_id, None)
        except (SandboxError, OSError) as error:
            self._states[resource_id] = State.FAILED
            why = error.message if isinstance(error, SandboxError) else str(error)
            self._trouble[resource_id] = f"The database {instance.identifier} does not run: {why}."
            print(self._trouble[resource_id], flush=True)

    def _server(self, instance: Instance) -> Server:
        resource_id = instance.resource_id
        if resource_id not in self._servers:
            folder = self.tools.folder(self._folder(instance.account_id, resource_id))
            server = Server(self.tools, folder, lambda: self._has_ended(instance.account_id, resource_id))
            self._servers[resource_id], self._of[resource_id] = server, instance.account_id
        return self._servers[resource_id]

    def _has_ended(self, account_id: str, resource_id: str) -> None:
        """A server ended by itself: start it again, but not for ever."""
        if self._stopping or resource_id not in self._servers:
            return
        self._ends[resource_id] += 1
        if self._ends[resource_id] <= _MOST_ENDS:
            self._states[resource_id] = State.COMING
            self.touched(account_id)
        else:
            self._states[resource_id] = State.FAILED
            words = self._servers[resource_id].last_words()
            self._trouble[resource_id] = f"A database of account {account_id} keeps ending: {words}"

    async def _found(self, instance: Instance, server: Server) -> None:
        """Give a server its data: empty, restored, copied, or from where an undo finds it."""
        if server.exists or await self._back(instance.account_id, instance.resource_id, server.path):
            server.reread()
            return
        source = self._servers.get(instance.copy_of)
        if instance.replica_of:
            await self._clone(instance, server)
        elif instance.snapshot:
            await self._restore(instance, server)
        elif source is not None and instance.until:
            await self._recover(instance, server, source)
        elif source is not None:
            await source.backup(server.data)
            server.note(founded=True)
        else:
            await self.tools.copy(await self.tools.template(), server.data)

    async def _restore(self, instance: Instance, server: Server) -> None:
        source = self._data(instance.account_id, instance.snapshot)
        if not source.is_dir():
            raise SandboxError("the data of the snapshot that it is restored from is not here")
        await self.tools.copy(source, server.data)
        server.note(founded=True)

    async def _clone(self, instance: Instance, server: Server) -> None:
        source = self._servers.get(instance.replica_of)
        if source is None or not source.runs:
            raise SandboxError("the database that it is a replica of does not run")
        await source.backup(server.data)
        server.note(founded=True, replica_of=instance.replica_of)

    async def _recover(self, instance: Instance, server: Server, source: Server) -> None:
        """Bring the last snapshot before a moment to that moment, by the archived log."""
        until = _epoch(instance.until)
        taken = [each.data_id for each in self._known[instance.account_id] if each.of == instance.copy_of]
        bases = [path for each in taken if (path := self._data(instance.account_id, each)).is_dir()]
        bases = [path for path in bases if path.stat().st_mtime <= until]
        if not bases:
            raise SandboxError("there is no backup of its source from before the time asked for")
        if source.runs:
            # A commit after that time is what recovery stops at, in a piece of the log that is archived.
            await source.sql(["SELECT txid_current()", "SELECT pg_switch_wal()"])
            await asyncio.sleep(0.3)
        await self.tools.copy(max(bases, key=lambda path: path.stat().st_mtime), server.data)
        self.tools.write(server.data / "recovery.signal", "")
        address, port = self._place(instance, server)
        recovery = {
            "restore_command": f'cp "{source.wal}/%f" "%p"',
            "recovery_target_time": instance.until,
            "recovery_target_action": "promote",
        }
        try:
            await server.start(address, port, recovery)
            await server.stop()
        except SandboxError:
            await self.tools.remove(server.data)
            raise
        server.note(founded=True)

    async def _run(self, instance: Instance, server: Server) -> None:
        """Start or stop a server, and bring roles, password and whom it follows up to date."""
        if server.about.replica_of and not instance.replica_of:
            await self._promote(server)
        elif server.about.replica_of != instance.replica_of:
            # It follows another one now, as after a failover: its data is that one's from here on.
            await server.stop()
            await self.tools.remove(server.data)
            await self._clone(instance, server)
        if instance.stopped:
            await server.stop()
            return
        if server.runs and server.about.port != instance.port and not server.elsewhere:
            await server.stop()
        if not server.runs:
            await self._start(instance, server)
        if not instance.replica_of:
            await self._let_in(instance, server)

    async def _promote(self, server: Server) -> None:
        if server.runs:
            await server.sql(["SELECT pg_promote(true, 30)"])
        (server.data / "standby.signal").unlink(missing_ok=True)
        server.note(replica_of="", password="")

    async def _start(self, instance: Instance, server: Server) -> None:
        source = self._servers.get(instance.replica_of)
        extra = server.follow(source) if source is not None else {}
        address, port = self._place(instance, server)
        for attempt in range(3):
            try:
                await server.start(address, port, extra)
                return
            except SandboxError:
                # What a killed one left behind ends within moments.
                if attempt == 2:
                    raise
                await asyncio.sleep(0.5)

    def _place(self, instance: Instance, server: Server) -> tuple[str, int]:
        """An address of the loopback where the instance's port is free; on systems that have but one address,
        127.0.0.1 with another port where that is taken."""
        tried = [server.about.address] if server.about.address else []
        for address in [*tried, *model.addresses(instance, str(self._home))]:
            if _is_free(address, instance.port):
                return address, instance.port
        server.elsewhere = True
        if _is_free("127.0.0.1", instance.port):
            return "127.0.0.1", instance.port
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            return "127.0.0.1", int(probe.getsockname()[1])

    async def _let_in(self, instance: Instance, server: Server) -> None:
        """The master user, with the password that holds now."""
        password = instance.password
        if instance.secret:
            password = await self._secret(instance.account_id, instance.region, instance.secret)
        known = server.about.password
        if not server.about.founded:
            if not password:
                raise SandboxError("its master password is not known")
            await server.sql([*model.TEMPLATE, *model.founding(instance, password)])
            server.note(founded=True, password=model.fingerprint(password))
        elif password and known != model.fingerprint(password):
            await server.sql([model.new_password(instance.user, password)])
            server.note(password=model.fingerprint(password))

    async def _put_away(self, account_id: str, resource_id: str) -> None:
        """Stop a server that nobody wants; its data is kept a while, for an undo."""
        server = self._servers.pop(resource_id)
        await server.stop()
        self._drop(resource_id)
        await self._aside(account_id, server.path)

    def _drop(self, resource_id: str) -> None:
        self._of.pop(resource_id, None)
        self._servers.pop(resource_id, None)
        self._states.pop(resource_id, None)
        self._trouble.pop(resource_id, None)
        self._ends.pop(resource_id, None)

    async def _forget_data(self, account_id: str, wanted: set[str]) -> None:
        folder = self._folder(account_id, "snapshots")
        for path in list(folder.iterdir()) if folder.is_dir() else []:
            if path.name not in wanted:
                await self._aside(account_id, path)

    async def _aside(self, account_id: str, path: Path) -> None:
        """Put data aside, the oldest of what is there for good; a temporary sandbox brings nothing back."""
        if self._temporary or not path.is_dir():
            await self.tools.remove(path)
            return
        attic = self.tools.folder(self._folder(account_id, "attic"))
        await self.tools.remove(attic / path.name)
        path.replace(attic / path.name)
        (attic / path.name).touch()
        kept = sorted(attic.iterdir(), key=lambda each: each.stat().st_mtime)
        for old in kept[:-KEPT]:
            await self.tools.remove(old)

    async def _back(self, account_id: str, name: str, target: Path) -> bool:
        """Bring data back that was put aside, if it is there."""
        aside = self._folder(account_id, "attic", name)
        if not aside.is_dir():
            return False
        await self.tools.remove(target)
        self.tools.folder(target.parent)
        aside.replace(target)
        return True


class _telling:  # noqa: N801 - used as a function
    """What goes wrong inside is told, and ends nothing."""

    def __init__(self, trouble: dict[str, str], key: str, what: str) -> None:
        self._trouble, self._key, self._what = trouble, key, what

    def __enter__(self) -> None:
        self._trouble.pop(self._key, None)

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> bool:
        if isinstance(error, (SandboxError, OSError)):
            self._trouble[self._key] = f"{self._what} holds no data: {error}"
            print(self._trouble[self._key], flush=True)
            return True
        return False


def _is_free(address: str, port: int) -> bool:
    """Whether this machine answers at an address, and nobody else does on the port."""
    with closing(socket.socket()) as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
        return True
    return False


def _epoch(text: str) -> float:
    import datetime as dt

    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return time.time()
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


_one: list[Databases] = []


def serve(databases: Databases) -> None:
    """Make these the databases of this process: a gateway's process has one sandbox."""
    _one[:] = [databases]


def here() -> Databases | None:
    """The databases of this process, if it is a gateway's."""
    return _one[0] if _one else None
