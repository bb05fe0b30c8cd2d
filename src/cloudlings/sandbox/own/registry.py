"""How a function says which operations it answers, and what it is given to answer them with.

A function marked ``@answers`` takes a :class:`Handling`, may be a coroutine, and returns the output as the
dict that boto3 would give (datetimes as epoch seconds), or a :class:`Refusal`. What it needs of the account
it reads (``read``, as the account's root) or does in the caller's name, through the one door (``act``):
authorised, checked and journalled like any request. What it keeps is in ``kept``, which is saved,
snapshotted and reset with the account.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cloudlings.sandbox.model import Call, JournalEntry
from cloudlings.sandbox.rules.registry import Given, Output, Refusal

if TYPE_CHECKING:
    import boto3

__all__ = ["ANSWERS", "Answerer", "Declined", "Handling", "Output", "Refusal", "Services", "answers"]


class Declined(Exception):
    """An API call made through the one door was refused: AWS's error code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class Services(Protocol):
    """What the gateway lends to a function that answers for it."""

    async def act(
        self, call: Call, service: str, operation: str, parameters: Output, *, waits: bool
    ) -> Output:
        """Carry out an operation in the name of ``call``'s caller, through the one door. ``waits``: the
        call that it is made for has been answered already, so it may wait while the account is held
        still. Raises Declined."""

    def kept(self, account_id: str) -> dict[str, Any]:
        """What the gateway's own services keep of an account: JSON, to be changed in place."""

    def changed(self, account_id: str) -> None:
        """Have what is kept of an account saved."""

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Go on with something after the answer has been given; ends with the sandbox."""

    def journal(self, account_id: str) -> Sequence[JournalEntry]:
        """The account's journal, oldest entry first."""

    async def facts(self, arn: str, region: str) -> Mapping[str, Any]:
        """What the authoriser knows of a resource: its policy, tags and owner, and the organization of its
        account with the policies of every level. {} for what no emulator has."""

    async def session(self, account_id: str, region: str) -> boto3.Session:
        """A boto3 session of the account's grader, for engines that read by boto3; to be used in a thread."""


@dataclass(frozen=True)
class Handling(Given):
    """A call that the gateway answers itself, with what it may use."""

    services: Services = field(kw_only=True, repr=False)

    @property
    def account_id(self) -> str:
        return self.call.account_id

    @property
    def region(self) -> str:
        return self.call.region

    @property
    def kept(self) -> dict[str, Any]:
        """What the account has of this service in this Region: JSON, changed in place, saved after every
        operation that is no read."""
        services = self.services.kept(self.account_id)
        found: dict[str, Any] = services.setdefault(f"{self.call.service}/{self.region}", {})
        return found

    def keep(self) -> None:
        """Have ``kept`` saved: for work that goes on after the answer."""
        self.services.changed(self.account_id)

    async def act(self, service: str, operation: str, *, waits: bool = False, **parameters: Any) -> Output:
        """Do something in the caller's name, through the one door. Raises Declined. See ``Services.act``."""
        return await self.services.act(self.call, service, operation, parameters, waits=waits)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Go on with something after the answer; acts in it with ``waits=True``."""
        self.services.begin(work)


Answer = Output | Refusal
Answerer = Callable[[Handling], Answer | Awaitable[Answer]]

ANSWERS: dict[tuple[str, str], Answerer] = {}


def answers(service: str, *operations: str) -> Callable[[Answerer], Answerer]:
    """Mark the function that answers these operations of a boto3 service."""

    def mark(answerer: Answerer) -> Answerer:
        for operation in operations:
            ANSWERS[service, operation] = answerer
        return answerer

    return mark
