"""The desk: where a call that the gateway answers itself gets its answer, with what the function may use."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cloudlings.sandbox import own, shapes, wire
from cloudlings.sandbox.accounts import Accounts
from cloudlings.sandbox.authorization.source import Facts
from cloudlings.sandbox.emulators.gateway import NAME, OwnServices
from cloudlings.sandbox.journal import Journal
from cloudlings.sandbox.model import Call, JournalEntry, Response
from cloudlings.sandbox.own import by_botocore, typed
from cloudlings.sandbox.own.registry import ANSWERS, Declined, Handling, Output, Refusal
from cloudlings.sandbox.rules.registry import Ask

if TYPE_CHECKING:
    import boto3

assert own  # loads every function that answers

Door = Callable[[Call, bool], Awaitable[Response]]
"""Carries out a call as if it had come by the port; True when it may wait while the account is held still."""


class Desk:
    """Answers calls by the functions in ``own``, and is the ``Services`` that they use.

    ``door`` and ``look_up`` are set by the gateway, ``endpoint_url`` its address.
    """

    door: Door
    look_up: Callable[[str, str], Awaitable[Facts]]

    def __init__(
        self,
        keeper: OwnServices,
        accounts: Accounts,
        journal: Journal,
        wrote: Callable[[str, str], None],
        endpoint_url: str,
    ) -> None:
        self._keeper = keeper
        self._accounts = accounts
        self._journal = journal
        self._wrote = wrote
        self._endpoint_url = endpoint_url
        self._works: set[asyncio.Task[None]] = set()

    @staticmethod
    def answers(call: Call) -> bool:
        """Whether a call is answered here."""
        return (call.service, call.operation) in ANSWERS

    async def answer(self, call: Call, ask: Ask) -> Response:
        """The answer to such a call."""
        given = Handling(call, ask, self.look_up, services=self)
        wrong = typed.refusal_of(call.service, call.operation, given.input)
        found: Any = wrong or ANSWERS[call.service, call.operation](given)
        if inspect.isawaitable(found):
            found = await found
        if not call.reads:
            self.changed(call.account_id)
        if isinstance(found, Refusal):
            return wire.error(call.request, call.service, found.status, found.code, found.message)
        return shapes.new_output(call, found)

    async def act(
        self, call: Call, service: str, operation: str, parameters: Output, *, waits: bool
    ) -> Output:
        """See ``Services.act``."""
        try:
            request = by_botocore.write(service, operation, parameters)
        except by_botocore.ParameterError as error:
            raise Declined("ValidationError", str(error), 400) from error
        request = replace(request, secure=call.request.secure)
        made = Call(
            request,
            service,
            operation,
            call.region,
            call.caller,
            call.account_id,
            _named(parameters),
            call.via,
        )
        response = await self.door(made, waits)
        found = by_botocore.read(service, operation, response)
        if response.status >= 300:
            said = found.get("Error", {})
            raise Declined(said.get("Code", str(response.status)), said.get("Message", ""), response.status)
        return found

    def kept(self, account_id: str) -> dict[str, Any]:
        """See ``Services.kept``."""
        return self._keeper.of(account_id)

    def changed(self, account_id: str) -> None:
        """See ``Services.changed``."""
        self._wrote(NAME, account_id)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """See ``Services.begin``."""
        task = asyncio.ensure_future(work)
        self._works.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._works.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            print(f"work after an answer failed: {type(error).__name__}: {error}", flush=True)

    def journal(self, account_id: str) -> Sequence[JournalEntry]:
        """See ``Services.journal``."""
        return self._journal.of(account_id)

    async def facts(self, arn: str, region: str) -> Facts:
        """See ``Services.facts``."""
        return await self.look_up(arn, region)

    async def session(self, account_id: str, region: str) -> boto3.Session:
        """See ``Services.session``."""
        credentials = await self._accounts.credentials(account_id, "grader")
        return await asyncio.to_thread(_session, self._endpoint_url, credentials, region)

    def end(self) -> None:
        """End what goes on: the sandbox stops."""
        for task in self._works:
            task.cancel()


def _session(endpoint_url: str, credentials: Any, region: str) -> boto3.Session:
    # boto3 is imported only when something asks for it: the gateway itself starts without it.
    from cloudlings.sandbox.session import session

    return session(endpoint_url, credentials, region)


def _named(parameters: Output) -> str:
    """What an operation is about, for the journal: an S3 ARN, or the first name in it."""
    if "Bucket" in parameters:
        key = parameters.get("Key", "")
        return f"arn:aws:s3:::{parameters['Bucket']}" + (f"/{key}" if key else "")
    names = (
        v for k, v in parameters.items() if isinstance(v, str) and k.endswith(("Name", "Arn", "Id", "Url"))
    )
    return next(names, "")
