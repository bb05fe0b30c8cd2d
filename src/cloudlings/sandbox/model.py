"""What passes through the sandbox, as frozen data: requests, responses, credentials, callers, entries."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

Who = Literal["learner", "grader"]
# "service": what an emulator did inside itself, on behalf of a request or of time.
Source = Literal["learner", "grader", "function", "anonymous", "service"]
Headers = tuple[tuple[str, str], ...]
# A small body may unpack to a very large one.
LARGEST_CONTENT = 16 * 1024 * 1024


@dataclass(frozen=True)
class Credentials:
    """The keys of one principal of one account.

    ``account_id`` has 12 digits; ``session_token`` is empty for long-term keys.
    """

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Caller:
    """Whoever an access key stands for, as the emulator that keeps IAM knows it.

    ``arn`` is the principal's (user, or assumed role); ``expires`` is in epoch seconds, None for a
    long-term key; ``active`` is False for a key that was deactivated.
    """

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    arn: str = ""
    expires: float | None = None
    active: bool = True
    source: Source = "learner"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it reached the gateway, with its body read.

    ``raw_path`` is percent-encoded as sent, ``path`` decoded. Header names are in lower case.
    ``secure`` says whether the port that it came in by counts as TLS. What is read out of it is read once:
    nobody writes in that.
    """

    method: str
    raw_path: str
    query_string: str
    headers: Headers
    body: bytes = b""
    secure: bool = True

    @cached_property
    def path(self) -> str:
        return unquote(self.raw_path)

    def header(self, name: str) -> str:
        """The value of a header; repeated ones joined by a comma, as HTTP allows; "" when absent."""
        return ",".join(value for key, value in self.headers if key == name)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's parameters, decoded; of a repeated one, the first."""
        return dict(reversed(parse_qsl(self.query_string, keep_blank_values=True)))

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of an ``Action=…`` body (EC2 and Query protocols); empty for any other body."""
        if "x-www-form-urlencoded" not in self.header("content-type"):
            return {}
        return dict(parse_qsl(self.content.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def content(self) -> bytes:
        """The body, unpacked where it was packed on the way (boto3 packs large PutMetricData)."""
        if self.header("content-encoding") != "gzip":
            return self.body
        try:
            return zlib.decompressobj(31).decompress(self.body, LARGEST_CONTENT)
        except zlib.error:
            return self.body


@dataclass(frozen=True)
class Response:
    """One HTTP response, with its body read."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(frozen=True)
class Call:
    """A request with everything that the gateway found out about it before it is sent on.

    ``service`` is the boto3 client's name, ``resource`` a hint: an S3 ARN, or the first name in the request.
    ``via``: the service principals that make it in the caller's name, the first one first (aws:CalledVia).
    """

    request: Request
    service: str
    operation: str
    region: str
    caller: Caller | None
    account_id: str
    resource: str = ""
    via: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether the operation's name says that it changes nothing."""
        return self.operation.startswith(READ_PREFIXES)

    @property
    def source(self) -> Source:
        return self.caller.source if self.caller else "anonymous"


READ_PREFIXES = (
    "Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Query", "Scan", "Select", "Search",
    "Simulate", "Validate", "Estimate", "Preview", "Check", "Test", "Filter",
)  # fmt: skip


@dataclass(frozen=True)
class JournalEntry:
    """One request in an account's journal; reads are in it too.

    ``time`` is in epoch seconds, ``principal`` an ARN ("" when anonymous), ``resource`` a hint (an S3
    ARN, or the first name in the request), ``status`` the HTTP status and ``error`` AWS's error code.
    ``parameters`` keeps what a request asked for where no read can tell it afterwards (a restore's tier).
    ``number`` counts the account's entries from 1; ``undone`` says that its effect was taken back.
    """

    time: float
    principal: str
    access_key_id: str
    service: str
    operation: str
    region: str
    resource: str
    status: int
    error: str
    source: Source
    parameters: Mapping[str, str] = field(default_factory=dict)
    number: int = field(default=0, compare=False)
    undone: bool = False

    @property
    def reads(self) -> bool:
        """Whether the operation's name says that it changed nothing."""
        return self.operation.startswith(READ_PREFIXES)

    @property
    def changes(self) -> bool:
        """Whether the request changed something that can be taken back: a write that AWS would have taken."""
        changed = not self.reads and self.operation not in CHANGES_NOTHING and self.status < 400
        return changed and not self.undone and self.service != OWN

    def to_json(self) -> dict[str, Any]:
        """Its fields, as `dataclasses.asdict` gives them: a long journal has a thousand entries."""
        return {**vars(self), "parameters": dict(self.parameters)}

    @property
    def is_news(self) -> bool:
        """Whether somebody who watches the account wants to know: whatever may have changed it, and what
        failed; not what a check asks."""
        return self.source != "grader" and (not self.reads or self.status >= 400)


# In whose name the journal notes an undo or a rewind.
OWN = "cloudlings"


START = "start"
"""The checkpoint of a lab's start state."""
BEFORE = "before-undo"
"""The checkpoint of where the accounts were before they last went back."""
RESERVED = frozenset({START, BEFORE})


@dataclass(frozen=True)
class Checkpoint:
    """A named snapshot of a lab's accounts; ``time`` is in epoch seconds."""

    name: str
    time: float


@dataclass(frozen=True)
class News:
    """What has happened in some accounts: the ``entries`` worth knowing, oldest first, the number of the
    ``last`` entry of each account to ask from the next time, and whether one was ``emptied`` by a reset."""

    entries: tuple[JournalEntry, ...]
    last: Mapping[str, int]
    emptied: bool

    @property
    def is_any(self) -> bool:
        return bool(self.entries) or self.emptied


@dataclass(frozen=True)
class Return:
    """What an undo or a rewind does: the entries whose effects go, those that come back with it (taken back
    before), and the time, in epoch seconds, of the snapshot that the accounts return to."""

    taken_back: tuple[JournalEntry, ...]
    brought_back: tuple[JournalEntry, ...]
    to: float

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Return:
        """From the daemon's JSON."""
        taken, brought = (tuple(JournalEntry(**e) for e in said[k]) for k in ("taken_back", "brought_back"))
        return cls(taken, brought, said["to"])


# Operations whose names do not begin like a read's, and which leave nothing behind in the account.
CHANGES_NOTHING = frozenset({
    "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "DecodeAuthorizationMessage",
    "Decrypt", "Encrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GenerateMac", "GenerateRandom", "Sign",
    "Verify", "VerifyMac", "DeriveSharedSecret", "TransactGetItems", "PreflightObject", "StartQuery",
})  # fmt: skip


@dataclass(frozen=True)
class Denied:
    """One denied request: every permission that it needed, which of them it had, and which it lacked.

    ``needed`` lists them all as "action on resource", ``allowed`` those that were allowed, ``missing`` the
    one that was refused first; those behind it were not asked. ``time`` is in epoch seconds, ``principal``
    an ARN or ``anonymous``. ``summary`` says why in a paragraph, ``explanation`` and ``html`` layer by layer.
    """

    time: float
    principal: str
    service: str
    operation: str
    needed: tuple[str, ...]
    allowed: tuple[str, ...]
    missing: str
    summary: str
    explanation: str
    html: str

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """Each permission needed, with ``allowed``, ``missing`` or ``not asked``: a refusal ends it."""
        words = {**dict.fromkeys(self.allowed, "allowed"), self.missing: "missing"}
        return tuple((need, words.get(need, "not asked")) for need in self.needed)
