"""``Sandbox``: how the rest of cloudlings starts, finds, uses and stops a sandbox."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cloudlings.errors import SandboxError, SandboxUnavailable
from cloudlings.sandbox import channel
from cloudlings.sandbox.model import Checkpoint, Credentials, Denied, JournalEntry, News, Return, Who

if TYPE_CHECKING:
    import boto3

START_TIMEOUT = 100.0
STOP_TIMEOUT = 15.0
# Names a LocalStack that is running already, as `cloudlings start --upstream` does.
UPSTREAM = "CLOUDLINGS_UPSTREAM"
# What the daemon says for a next step where another one holds the home.
_BUSY = "busy"
_NEXT = "Run `cloudlings start`; your work in the sandbox is kept."


class Sandbox:
    """A running sandbox: one gateway with its emulators, for any number of accounts.

    Attributes: ``home`` (the folder that it belongs to), ``endpoint_url`` (counts as TLS), ``plain_url``
    (does not: ``aws:SecureTransport`` is false there), ``notices`` (what its starter should be told),
    ``upstream`` (the address of a LocalStack behind it, or ""),
    ``already_running`` (this process found it rather than started it).
    """

    def __init__(self, home: Path, record: dict[str, Any], *, already_running: bool) -> None:
        self.home = home
        self.endpoint_url = f"http://127.0.0.1:{record['port']}"
        self.plain_url = f"http://127.0.0.1:{record['plain_port']}"
        self.notices: tuple[str, ...] = tuple(record["notices"])
        self.already_running = already_running
        self.upstream: str = record.get("upstream", "")
        self._control = Path(record["control"])
        self._pid = int(record["pid"])

    def __repr__(self) -> str:
        return f"<Sandbox {self.endpoint_url} of {self.home}>"

    def __eq__(self, other: object) -> bool:
        """Two handles of one running sandbox are equal; after a restart it is another one."""
        return isinstance(other, Sandbox) and (self.home, self._pid) == (other.home, other._pid)

    def __hash__(self) -> int:
        return hash((self.home, self._pid))

    @classmethod
    def start(
        cls, home: Path, *, port: int = 4566, plain_port: int = 0, upstream: str | None = None
    ) -> Sandbox:
        """The sandbox of ``home``, started if none is running; returns when it answers.

        A port that is taken is replaced by a free one, and ``notices`` says so; 0 means any free one.
        ``upstream`` is the address of a LocalStack that is running already, to stand behind the gateway in
        place of the sandbox's own emulators: ``http://127.0.0.1:4566``, or ``localstack`` for where
        localstack-client finds it. None takes what CLOUDLINGS_UPSTREAM says, "" takes none.
        Raises SandboxError when it cannot start, or runs already with something else behind it.
        """
        home = home.absolute()
        wanted = (os.environ.get(UPSTREAM) or None) if upstream is None else upstream
        address = _checked(wanted) if wanted else ""
        found = cls.find(home)
        if found is not None:
            return found if wanted is None else found._with(address)
        arguments = ["--home", str(home), "--port", str(port), "--plain-port", str(plain_port)]
        arguments += ["--upstream", address] if address else []
        _make_home(home)
        deadline = time.monotonic() + START_TIMEOUT
        started = _launch(home, arguments)
        # Another is starting, and will be found, or is stopping, and its place will be free.
        while started.get("next_step") == _BUSY and time.monotonic() < deadline:
            found = cls._wait_for_other(home, 0.5)
            if found is not None:
                return found
            started = _launch(home, arguments)
        return cls._after(home, started)

    def _with(self, upstream: str) -> Sandbox:
        """This sandbox, if that is what is behind it."""
        if upstream == self.upstream:
            return self
        behind = f"LocalStack at {self.upstream}" if self.upstream else "its own emulators"
        wanted = f"LocalStack at {upstream}" if upstream else "its own emulators"
        raise SandboxError(
            f"The sandbox is running already with {behind} behind it, not with {wanted}.",
            next_step="cloudlings stop, then cloudlings start"
            + (f" --upstream {upstream}" if upstream else ""),
        )

    @classmethod
    def _after(cls, home: Path, said: dict[str, Any]) -> Sandbox:
        if "error" in said:
            step = _log_hint(home) if said.get("next_step") == _BUSY else said.get("next_step", "")
            raise SandboxError(said["error"], next_step=step)
        found = cls.find(home)
        if found is None:
            raise SandboxError("The sandbox started, and was gone at once.", next_step=_log_hint(home))
        found.already_running = False
        return found

    @classmethod
    def _wait_for_other(cls, home: Path, seconds: float) -> Sandbox | None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = cls.find(home)
            if found is not None:
                return found
            time.sleep(0.05)
        return None

    @classmethod
    def find(cls, home: Path) -> Sandbox | None:
        """The running sandbox of ``home``, or None. One that is stopping does not count, and neither does
        what a dead one left behind."""
        home = home.absolute()
        try:
            record = json.loads((home / "sandbox" / "sandbox.json").read_text())
            health = channel.call(Path(record["control"]), "health", timeout=5.0)
        except (OSError, ValueError, KeyError, TypeError, SandboxError):
            return None
        return None if health.get("stopping") else cls(home, record | health, already_running=True)

    @classmethod
    @contextmanager
    def temporary(
        cls, *, keeps: bool | Literal["checkpoints"] = False, upstream: str = ""
    ) -> Iterator[Sandbox]:
        """A fresh sandbox on free ports, stopped and removed at the end of the ``with`` block.

        With ``keeps`` it takes snapshots for as long as it runs, so that ``undo`` and ``rewind`` work, with
        "checkpoints" those alone that are asked for; ``upstream`` as in ``start``.
        It ends with this process too, however this process ends.
        """
        home = Path(tempfile.mkdtemp(prefix="cloudlings-"))
        lifeline, ours = os.pipe()
        try:
            said = _launch(
                home,
                [
                    *("--home", str(home), "--port", "0", "--lifeline", str(lifeline)),
                    *(() if keeps else ("--temporary",)),
                    *(("--only-checkpoints",) if keeps == "checkpoints" else ()),
                    *(("--upstream", _checked(upstream)) if upstream else ()),
                ],
                keep=(lifeline,),
            )
            os.close(lifeline)
            sandbox = cls._after(home, said)
            try:
                yield sandbox
            finally:
                sandbox.stop()
        finally:
            os.close(ours)
            shutil.rmtree(home, ignore_errors=True)

    def provision(self, account_id: str) -> Credentials:
        """The keys of the account's IAM user ``learner``, who has AdministratorAccess.

        Makes the account and the user if need be; lets a learner back in who has locked themselves out.
        """
        return Credentials(**self._call("provision", account_id=account_id))

    def credentials(self, account_id: str, who: Who) -> Credentials:
        """The keys of ``"learner"``, or of the ``"grader"`` whom no policy of the learner's applies to."""
        return Credentials(**self._call("credentials", account_id=account_id, who=who))

    def reset(self, account_id: str) -> None:
        """Forget everything in one account; the others are left alone. The learner's keys stay the same."""
        self._call("reset", account_id=account_id, timeout=120.0)

    def journal(self, account_id: str) -> tuple[JournalEntry, ...]:
        """Every request of the account, reads included, oldest first (the last 20,000). An entry whose effect
        was taken back is ``undone``."""
        return tuple(JournalEntry(**entry) for entry in self._call("journal", account_id=account_id))

    def news(self, after: Mapping[str, int], seconds: float = 20.0) -> News:
        """What is new in these accounts since an entry of each (its number; 0 for all), as soon as anything
        is: it waits up to ``seconds`` for it. ``news({id: 0}, 0)`` says where an account is now."""
        said = self._call("news", after=dict(after), seconds=seconds, timeout=seconds + 30)
        return News(tuple(JournalEntry(**e) for e in said["entries"]), said["last"], said["emptied"])

    def denials(self, account_id: str, last: int = 5) -> tuple[Denied, ...]:
        """The last denied requests of the account, the newest first: what each needed, had and lacked."""
        found = self._call("denials", account_id=account_id, last=last)
        lists = ("needed", "allowed")
        return tuple(Denied(**{**one, **{name: tuple(one[name]) for name in lists}}) for one in found)

    def decisions(self, account_id: str, last: int = 100) -> tuple[dict[str, Any], ...]:
        """The last decisions about requests of the account (5,000 are kept), allowed ones too, the newest
        first: ``time``, ``principal``, ``operation``, ``resource`` and ``outcome``."""
        return tuple(self._call("decisions", account_id=account_id, last=last))

    def health(self) -> dict[str, Any]:
        """What is running, and how it is: pid, ports, emulators (up or not), accounts."""
        found: dict[str, Any] = self._call("health")
        return found

    def last_times(self, accounts: Sequence[str]) -> dict[str, float]:
        """When the learner last asked for something in each of these accounts (epoch seconds); accounts in
        which nobody has are left out."""
        found: dict[str, float] = self._call("last_times", accounts=list(accounts))
        return found

    @property
    def era(self) -> str:
        """Changes when everything that was made here is gone, as when a LocalStack behind it is started anew;
        "" where that does not happen."""
        return str(self.health().get("era", ""))

    @property
    def keeps(self) -> bool:
        """Whether it keeps what is made in it, and takes snapshots."""
        return bool(self._call("keeps"))

    def checkpoint(self, accounts: Sequence[str], name: str) -> None:
        """Keep these accounts as they are now under a name, for ``rewind``. Raises SandboxError for a name
        that cannot be one, and where nothing is kept."""
        self._call("checkpoint", accounts=list(accounts), name=name)

    def checkpoints(self, accounts: Sequence[str]) -> tuple[Checkpoint, ...]:
        """The checkpoints of these accounts, oldest first."""
        return tuple(Checkpoint(**row) for row in self._call("checkpoints", accounts=list(accounts)))

    def undo(self, accounts: Sequence[str], count: int = 1, *, look: bool = False) -> Return:
        """Take back the last ``count`` changes that the learner's requests made in these accounts, by
        returning to the snapshot before them: what else goes with it is in what is returned. ``look`` changes
        nothing.

        Raises SandboxError when there is nothing to take back, or no snapshot from before is kept any more.
        """
        return Return.read(self._call("undo", accounts=list(accounts), count=count, look=look))

    def rewind(self, accounts: Sequence[str], name: str, *, look: bool = False) -> Return:
        """Return these accounts to a checkpoint. ``look`` changes nothing. Raises SandboxError for a name
        that no checkpoint has. Where the accounts were before is the checkpoint ``before-undo``
        afterwards."""
        return Return.read(self._call("rewind", accounts=list(accounts), name=name, look=look))

    def restore(self, accounts: Sequence[str], name: str) -> None:
        """Make these accounts what a checkpoint holds, as if nothing had happened in them since: no journal
        tells of it, and it cannot be brought back. For many trials from one place.

        Raises SandboxError for a name that no checkpoint has, where there are databases (their contents do
        not go back), and in a sandbox that keeps more than checkpoints.
        """
        self._call("restore", accounts=list(accounts), name=name)

    def advance(self, account_id: str, seconds: float) -> float:
        """Move an account's test clock on, and return once what is due by then has been done.

        Returns what the clock shows, in epoch seconds. No other account is touched; dates that are stored or
        shown stay real ones (docs/sandbox.md says what follows the clock). A reset sets it back to real time.
        Raises ClockError for a move backwards.
        """
        from cloudlings.sandbox import clock

        shown = self._call("advance", account_id=account_id, seconds=clock.checked(seconds), timeout=120.0)
        return float(shown["now"])

    def now(self, account_id: str) -> float:
        """What an account's test clock shows, in epoch seconds: the real time, if it was never moved."""
        return float(self._call("clock", account_id=account_id)["now"])

    def save(self) -> None:
        """Write everything now, rather than within half a second."""
        self._call("save")

    def session(self, account_id: str, who: Who, region: str) -> boto3.Session:
        """A boto3 session of a principal, whose clients reach this sandbox and nothing else."""
        from cloudlings.sandbox.session import session

        return session(self.endpoint_url, self.credentials(account_id, who), region)

    def stop(self) -> None:
        """Stop the sandbox; what learners made is kept for the next start."""
        with suppress(OSError, SandboxError):
            self._call("stop")
        deadline = time.monotonic() + STOP_TIMEOUT
        record = self.home / "sandbox" / "sandbox.json"
        while record.exists() and _is_running(self._pid) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _call(self, verb: str, **args: Any) -> Any:
        try:
            return channel.call(self._control, verb, **args)
        except OSError as error:
            raise SandboxUnavailable(
                f"The sandbox at {self.endpoint_url} does not answer ({error.strerror or error}).",
                next_step=_NEXT,
            ) from error


def _checked(upstream: str) -> str:
    """The address of what may stand behind the gateway. Raises SandboxError for one that may not."""
    # Here, for without an upstream nobody needs it.
    from cloudlings.sandbox.emulators.localstack_api import check_address

    return check_address(upstream)


def _make_home(home: Path) -> None:
    try:
        (home / "sandbox").mkdir(parents=True, exist_ok=True, mode=0o700)
    except (PermissionError, NotADirectoryError, FileExistsError, OSError) as error:
        raise SandboxError(
            f"The sandbox cannot keep its files in {home} ({error.strerror or error}).",
            next_step="Choose a folder that you may write to with CLOUDLINGS_HOME=DIR.",
        ) from error


def _launch(home: Path, arguments: list[str], keep: tuple[int, ...] = ()) -> dict[str, Any]:
    """Start the daemon, and return what it says once it is ready or has failed."""
    ours, theirs = os.pipe()
    (home / "sandbox").mkdir(parents=True, exist_ok=True, mode=0o700)
    command = [sys.executable, "-P", "-m", "cloudlings.sandbox.daemon", *arguments, "--ready", str(theirs)]
    try:
        with _log_file(home).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs, *keep),
                start_new_session=True,
                cwd="/",
            )
    except OSError as error:
        os.close(ours)
        raise SandboxError(
            f"The sandbox cannot start: {error}.", next_step="Run `cloudlings doctor`."
        ) from error
    finally:
        os.close(theirs)
    try:
        return _first_words(ours, process, home)
    except BaseException:
        # Ctrl-C while waiting: nothing half-started stays behind.
        process.terminate()
        raise
    finally:
        os.close(ours)


def _first_words(pipe: int, process: subprocess.Popen[bytes], home: Path) -> dict[str, Any]:
    readable, _, _ = select.select([pipe], [], [], START_TIMEOUT)
    if not readable:
        process.terminate()
        raise SandboxError(f"The sandbox did not start in {START_TIMEOUT:.0f} s.", next_step=_log_hint(home))
    line = os.read(pipe, 65536)
    if not line:
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        raise SandboxError(
            f"The sandbox ended while it was starting. The last line of its log: {_last_words(home)}",
            next_step=_log_hint(home),
        )
    said: dict[str, Any] = json.loads(line)
    if "error" in said:
        # It is ending; nothing of it is left when the error is read.
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
    return said


def _log_file(home: Path) -> Path:
    return home / "sandbox" / "log"


def _last_words(home: Path) -> str:
    lines = _log_file(home).read_text(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "(it is empty)")


def _log_hint(home: Path) -> str:
    return f"Its last words are in {_log_file(home)}; `cloudlings doctor` checks this machine."


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A child of ours that has ended is there until it is waited for.
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    return True
