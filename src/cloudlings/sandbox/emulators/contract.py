"""What the gateway asks of an emulator: who calls each method, and when.

The routing table names emulators; ``emulators/<name>.py`` holds each one. Adding an emulator adds a
file there, and rows to the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudlings.sandbox.model import Caller, Credentials, Request, Response


class Emulator(ABC):
    """One emulator behind the gateway, as the gateway sees it."""

    name: str
    # What the learner should be told about the last start: state that could not be read back.
    notices: tuple[str, ...] = ()
    # Why accounts cannot be returned to an earlier state; "" when they can. Nothing is snapshotted then.
    no_way_back: str = ""
    # Changes when the emulator lost everything that was made in it, so that start states are laid anew.
    era: str = ""
    # The address of one that was running already; "" for one that the sandbox starts.
    upstream: str = ""
    # Whether it is in the gateway's process, and its test clocks are the gateway's own.
    within: bool = False

    @abstractmethod
    def listen(self) -> None:
        """Let requests be forwarded from here on: they wait for the emulator. Called once by the daemon,
        before anything else."""

    @abstractmethod
    def spawn(self) -> None:
        """Begin to start, without waiting. Called by the daemon, before its own heavy imports, for the
        emulator that must be up first, so that it and the gateway load at the same time."""

    @abstractmethod
    async def start(self) -> None:
        """Start, if ``spawn`` has not begun to; return once the emulator answers. Called by the control
        plane when the gateway is up, for one emulator after the other, and by its supervisor after the
        emulator died; then it comes back with the state that was last written.
        Raises SandboxError, with the last line of its log, when the emulator does not come up."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop for good. Called by the daemon on its way out, after a last ``capture``."""

    @abstractmethod
    async def died(self) -> None:
        """Return when the emulator has ended without being told to. Awaited by the supervisor."""

    @abstractmethod
    async def forward(self, request: Request, account_id: str, host: str) -> Response:
        """Answer one authenticated request on behalf of an account. Called by the gateway for every
        request that the routing table gives to this emulator. ``host`` is the service's endpoint prefix
        in AWS's own addresses. Raises ConnectionError when the emulator cannot be reached."""

    @abstractmethod
    async def reset(self, account_id: str) -> None:
        """Forget everything about one account, and nothing about the others. Called by the control
        plane when a lab is reset."""

    @abstractmethod
    async def capture(self, accounts: Sequence[str]) -> Sequence[str]:
        """Take hold of the state of these accounts as it is now, and return those captured: these, and others
        that requests of theirs changed. Called by the control plane within a second of a write, and before
        it stops; for a snapshot, while requests that write wait."""

    @abstractmethod
    async def written(self) -> None:
        """Return when what ``capture`` took hold of is on the disk, so that a start brings it back. Called by
        the control plane after each ``capture``. Raises SandboxError when it cannot be written."""

    @abstractmethod
    def file(self, account_id: str) -> Path | None:
        """The file of an account's state, to be given a second name for a snapshot; None where nothing is
        kept. It is replaced by a new one rather than changed. Called by the control plane after
        ``written``."""

    @abstractmethod
    async def import_state(self, account_id: str, path: Path | None) -> None:
        """Make one account what such a file says, in memory and on the disk, and leave the others alone; None
        makes it empty. Called by the control plane to return to a snapshot, while the account's requests
        wait. Raises SandboxError, with the account as it was, when the file cannot be used."""

    @abstractmethod
    async def prune(self, snapshots: Sequence[Path]) -> None:
        """Remove what neither the state nor these files refer to. Called by the control plane when it has
        removed snapshots."""

    async def advance(self, account_id: str, seconds: float, at: float) -> None:  # noqa: B027
        """Move an account's test clock on, and do what is due by then; ``at`` is the real time of the move
        (epoch seconds). Called by the control plane. The gateway's own services have the
        gateway's clock and do nothing; one that is ``within`` moves that clock itself."""

    @abstractmethod
    async def happenings(self) -> Sequence[Mapping[str, Any]]:
        """What the emulator did inside itself since the last time, as fields of journal entries with their
        ``account_id``. Called by the control plane twice a second."""


class IdentityKeeper(ABC):
    """An emulator that keeps IAM and STS; exactly one of those in the routing table is one."""

    @abstractmethod
    async def find_caller(self, access_key_id: str) -> Caller | None:
        """Whoever an access key stands for, or None. Called by the gateway for a key that it has not
        seen since the last IAM or STS write of that account."""

    @abstractmethod
    async def provision(self, credentials: Credentials) -> None:
        """Make sure that the account has a user ``learner`` with AdministratorAccess and exactly these
        keys. Called by the control plane for a new account, after a reset, and to let a learner back in
        who has locked themselves out."""

    @abstractmethod
    async def identities(self, account_id: str) -> dict[str, Any]:
        """The account's roles, instance profiles and certificates, for another emulator to know them.
        Called by the mirror before a request that names one goes elsewhere."""


class IdentityMirror(ABC):
    """An emulator whose resources refer to roles, instance profiles or certificates of another one's."""

    @abstractmethod
    async def adopt_identities(self, account_id: str, identities: dict[str, Any]) -> None:
        """Take over what ``IdentityKeeper.identities`` gives. Called by the mirror."""


class Informant(ABC):
    """An emulator that tells what it keeps about principals and resources, for requests to be authorised."""

    name: str

    @abstractmethod
    async def ask(self, verb: str, **args: Any) -> Any:
        """One of ``principal_facts`` (the emulator that keeps IAM), ``resource_facts`` and ``object_facts``
        (the one that keeps S3). Asked by the authoriser when it decides a request, as the gateway itself: no
        policy applies. Raises SandboxError when the emulator does not answer."""
