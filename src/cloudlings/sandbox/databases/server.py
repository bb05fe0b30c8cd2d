"""One PostgreSQL: made, copied, started, asked, backed up and stopped. Nothing here holds the gateway up."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cloudlings.errors import SandboxError
from cloudlings.sandbox.databases import machine, model
from cloudlings.sandbox.databases.machine import MISSING, Programs

START_TIMEOUT = 60.0
STOP_TIMEOUT = 6.0
_TOOL_TIMEOUT = 120.0
_ARCHIVED_WITHIN = 0.4
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class About:
    """What a server's folder says of it, in ``about.json``.

    ``address`` and ``port`` are its endpoint's, ``inner`` is PostgreSQL's own port of 127.0.0.1.
    ``replica_of`` is the resource id of the server that it follows; ``password`` the fingerprint of the
    master password last set; ``begun`` says that it has what it is to begin with, ``founded`` that its master
    user is there, ``since`` when it got its first data (epoch seconds).
    """

    address: str = ""
    port: int = 0
    inner: int = 0
    begun: bool = False
    since: float = 0.0
    replica_of: str = ""
    password: str = ""
    founded: bool = False


@dataclass
class Tools:
    """PostgreSQL's programs, run as their user; ``root`` is the folder of all databases of the sandbox."""

    programs: Programs | None
    root: Path
    _secret: str = field(default="", repr=False)

    @property
    def owner(self) -> tuple[int, int] | None:
        """Whom the data must belong to (uid, gid), if not to the sandbox's own user."""
        return self.programs.owner if self.programs is not None else None

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's programs. Raises SandboxError where there is none."""
        if self.programs is None:
            raise SandboxError(MISSING)
        return self.programs.path(name)

    @property
    def secret(self) -> str:
        """The password of the superuser, the same in every server of the sandbox."""
        if not self._secret:
            self._secret = (self.root / "administrator").read_text().strip()
        return self._secret

    def folder(self, path: Path) -> Path:
        """A folder for PostgreSQL's user alone, made if need be."""
        for missing in reversed([each for each in (path, *path.parents) if not each.is_dir()]):
            missing.mkdir(mode=0o700)
            if self.owner is not None:
                os.chown(missing, *self.owner)
        return path

    def prepare(self) -> None:
        """Make the folder of all databases, and the superuser's password. Raises SandboxError where it may
        not be used."""
        base = self.root.parent
        if machine.is_shared(base):
            base.mkdir(mode=0o711, exist_ok=True)
            if base.is_symlink() or base.stat().st_uid != os.geteuid():
                raise SandboxError(
                    f"{base} belongs to somebody else, so no database is put there.",
                    next_step=f"remove {base}, if nobody needs it, and start the sandbox again",
                )
        self.folder(self.root)
        if not (self.root / "administrator").exists():
            self.write(self.root / "administrator", secrets.token_hex(24))

    def write(self, path: Path, text: str) -> None:
        """A file that PostgreSQL's user alone may read."""
        draft = path.with_name(f"{path.name}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        if self.owner is not None:
            os.chown(draft, *self.owner)
        draft.replace(path)

    async def run(self, *command: str, said: str = "") -> str:
        """Run one program to its end; what it printed. Raises SandboxError with its last words."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd="/",
            env=self.environment(),
            **self.as_user(),
        )
        try:
            answer = await asyncio.wait_for(process.communicate(said.encode()), _TOOL_TIMEOUT)
        except TimeoutError:
            raise SandboxError(f"{Path(command[0]).name} did not end") from None
        finally:
            if process.returncode is None:
                process.kill()
        printed, errors = (part.decode("utf-8", "replace").strip() for part in answer)
        if process.returncode:
            last = (errors or printed or "it said nothing").splitlines()[-1]
            raise SandboxError(f"{Path(command[0]).name} failed: {last}")
        return printed

    def as_user(self) -> dict[str, Any]:
        """The arguments by which a process runs as PostgreSQL's user."""
        owner = self.owner
        return {} if owner is None else {"user": owner[0], "group": owner[1], "extra_groups": []}

    def environment(self) -> dict[str, str]:
        """Nothing of this process's, but where programs are; the superuser's password, for psql."""
        kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
        known = self._secret or (self.secret if (self.root / "administrator").exists() else "")
        return kept | {"LC_ALL": "C", "PGPASSWORD": known, "PGCONNECT_TIMEOUT": "5"}

    async def copy(self, source: Path, target: Path) -> None:
        """A copy of a folder, whole or not there at all."""
        draft = target.with_name(f"{target.name}.draft")
        await self.remove(draft)
        await self.run("cp", "-R", str(source), str(draft))
        draft.replace(target)

    async def add(self, source: Path, target: Path) -> None:
        """Copy the files of a folder that are not in another one yet."""
        for path in sorted(source.iterdir()):
            if path.is_file() and not (target / path.name).exists():
                await self.run("cp", str(path), str(target / path.name))

    @staticmethod
    async def remove(path: Path) -> None:
        """Remove a folder, if it is there."""
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    async def template(self) -> Path:
        """An empty server's data, made once for each version of PostgreSQL; copying it takes a moment."""
        version = self.programs.version if self.programs else ""
        place = self.root / f"template-{version}"
        if place.is_dir():
            return place
        draft = self.root / "template.draft"
        await self.remove(draft)
        base = [self.program("initdb"), "-D", str(draft), "-U", model.ADMINISTRATOR, "--no-sync"]
        base += ["-A", "scram-sha-256", "--pwfile", str(self.root / "administrator")]
        base += ["-E", "UTF8", "--wal-segsize", "1"]
        try:
            await self.run(*base, "--locale", "C.UTF-8")
        except SandboxError:
            await self.remove(draft)
            await self.run(*base, "--no-locale")
        certificate, key = await asyncio.to_thread(_certificate)
        self.write(draft / "server.crt", certificate)
        self.write(draft / "server.key", key)
        self.write(draft / "pg_hba.conf", model.ACCESS)
        draft.replace(place)
        return place


class Server:
    """The PostgreSQL of one instance, in a folder of its own.

    ``data`` is its data, ``base`` what that was at first, if it did not begin empty, ``wal`` what was written
    since; both for a restore to an earlier time. ``turn`` is for whoever starts or stops it; ``elsewhere``
    says that its own port was taken.
    """

    def __init__(self, tools: Tools, folder: Path) -> None:
        self.tools = tools
        self.path = folder
        self.about = _read(folder / "about.json")
        self.turn = asyncio.Lock()
        self.elsewhere = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def base(self) -> Path:
        return self.path / "base"

    @property
    def wal(self) -> Path:
        return self.path / "wal"

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def exists(self) -> bool:
        """Whether it has data: nobody has asked it anything before."""
        return self.data.is_dir()

    def reread(self) -> None:
        """Look again at what its folder says: it was put there meanwhile."""
        self.about = _read(self.path / "about.json")

    def note(self, **changed: Any) -> None:
        """Remember something about the server."""
        self.about = replace(self.about, **changed)
        self.tools.write(self.path / "about.json", json.dumps(vars(self.about)))

    async def start(
        self, extra: Mapping[str, str] | None = None, said: Sequence[str] = ("ready", "standby")
    ) -> None:
        """Start it; return when it says one of these of itself. ``extra`` are settings beyond those of every
        server. Raises SandboxError with its last words."""
        await self._end_left_over()
        self.tools.folder(self.wal)
        self.note(inner=_port(self.about.inner))
        written = model.settings(self.about.inner, str(self.wal))
        written += "".join(f"{key} = {model.literal(value)}\n" for key, value in (extra or {}).items())
        self.tools.write(self.data / "postgresql.auto.conf", written)
        self.tools.write(self.data / "pg_hba.conf", model.ACCESS)
        with (self.path / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                self.tools.program("postgres"),
                "-D",
                str(self.data),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self.tools.environment() | {"PGPASSWORD": ""},
                start_new_session=True,
                preexec_fn=_end_with_parent,
                **self.tools.as_user(),
            )
        await self._says(said)

    async def _says(self, awaited: Sequence[str]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.returncode is not None:
                raise SandboxError(f"it ended: {self.last_words()}")
            if self._said() in awaited:
                return
            await asyncio.sleep(0.02)
        await self.stop()
        raise SandboxError(f"it did not answer in {START_TIMEOUT:.0f} s: {self.last_words()}")

    def _said(self) -> str:
        """What PostgreSQL writes of itself: starting, ready, standby, stopping."""
        with suppress(OSError, IndexError):
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip()
        return ""

    async def stop(self, *, for_good: bool = False) -> None:
        """Stop it; its connections are ended, its data is whole. ``for_good``: nobody wants that any more."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        ways = ((signal.SIGINT, STOP_TIMEOUT), (signal.SIGQUIT, 2.0), (signal.SIGKILL, 2.0))
        for number, seconds in ways[1:] if for_good else ways:
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), seconds)
                return

    async def _end_left_over(self) -> None:
        """End a server that a killed sandbox left in this folder, and what it left of itself."""
        note = self.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            number = int(note.read_text().splitlines()[0])
            for kill in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                for _ in range(100):
                    if not _is_server(number, self.data):
                        break
                    os.kill(number, kill)
                    await asyncio.sleep(0.02)
            note.unlink(missing_ok=True)

    async def sql(self, statements: Sequence[str]) -> str:
        """Carry out statements as the superuser; what they print. Raises SandboxError at the first error."""
        return await self.tools.run(
            *(self.tools.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
            *("-h", "127.0.0.1", "-p", str(self.about.inner)),
            *("-U", model.ADMINISTRATOR, "-d", "postgres", "-f", "-"),
            said="".join(f"{statement};\n" for statement in statements),
        )

    async def backup(self, target: Path) -> None:
        """Copy its data as it is now, whole, to a folder: from the running server, or from its files."""
        if not self.runs:
            await self.tools.copy(self.data, target)
            return
        draft = target.with_name(f"{target.name}.draft")
        await self.tools.remove(draft)
        await self.tools.run(
            *(self.tools.program("pg_basebackup"), "-D", str(draft), "--no-sync"),
            *("-h", "127.0.0.1", "-p", str(self.about.inner), "-U", model.ADMINISTRATOR),
            *("-X", "stream", "-c", "fast", "--no-manifest"),
        )
        draft.replace(target)

    def follow(self, source: Server) -> dict[str, str]:
        """The settings by which it follows another one, as long as ``standby.signal`` is there."""
        self.tools.write(self.data / "standby.signal", "")
        # In a file, for settings are shown to whoever monitors.
        key = self.path / "passwords"
        self.tools.write(key, f"*:*:*:{model.ADMINISTRATOR}:{self.tools.secret}\n")
        who = f"user={model.ADMINISTRATOR} passfile={key}"
        return {"primary_conninfo": f"host=127.0.0.1 port={source.about.inner} {who}"}

    async def promote(self) -> None:
        """Follow nobody any more, and take writes."""
        if self.runs:
            await self.sql(["SELECT pg_promote(true, 30)"])
        (self.data / "standby.signal").unlink(missing_ok=True)
        self.note(password="")

    def last_words(self) -> str:
        """The last line of its log that says what went wrong."""
        with suppress(OSError):
            lines = (self.path / "log").read_text(errors="replace")[-20_000:].splitlines()
            told = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR"))]
            return (told or lines or ["(its log is empty)"])[-1].strip()
        return "(there is no log)"


async def recover(source: Server, target: Server, until: str) -> None:
    """Bring a new server to what another one was at a moment: its first data, and what was written since.

    ``until`` is a time in ISO 8601. Raises SandboxError where nothing of that time is kept any more.
    """
    base = source.base if source.base.is_dir() else await source.tools.template()
    if source.about.since > _epoch(until):
        if base is source.base:
            raise SandboxError("its source was itself restored after the time asked for")
        return  # nobody had asked the source anything by then: it was empty
    if source.runs:
        # A commit after that moment is what recovery stops at, in a piece of the log that is archived.
        await source.sql(["SELECT txid_current()", "SELECT pg_switch_wal()"])
        await asyncio.sleep(_ARCHIVED_WITHIN)
    else:
        await target.tools.add(source.data / "pg_wal", source.wal)
    await target.tools.copy(base, target.data)
    target.tools.write(target.data / "recovery.signal", "")
    settings = {
        "restore_command": f'cp "{source.wal}/%f" "%p"',
        "recovery_target_time": until,
        "recovery_target_action": "promote",
        # So it says that it is ready once it is there, and not on the way.
        "hot_standby": "off",
    }
    try:
        await target.start(settings, said=("ready",))
        await target.stop()
    except SandboxError:
        await target.tools.remove(target.data)
        raise
    target.note(founded=True, since=time.time())
    await target.tools.copy(target.data, target.base)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port(known: int) -> int:
    """The port that a server had before, if it is free: those that follow it find it there again."""
    if known:
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", known))
            return known
    return free_port()


def _epoch(text: str) -> float:
    import datetime as dt

    try:
        found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return time.time()
    return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).timestamp()


def _read(path: Path) -> About:
    try:
        return About(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return About()


def _is_server(number: int, data: Path) -> bool:
    """Whether a process is the PostgreSQL of a folder."""
    import psutil

    try:
        return str(data) in psutil.Process(number).cmdline()
    except psutil.Error:
        return False


def _end_with_parent() -> None:
    """In the new process: a quick, whole stop when the gateway ends, however it ends."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _certificate() -> tuple[str, str]:
    """A certificate of the server's own, for connections that ask for TLS, and its key."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cloudlings sandbox database")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return certificate.public_bytes(pem).decode(), private.decode()
