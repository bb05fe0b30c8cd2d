"""How a rule says which operations it is about, and what it is given.

A rule takes a :class:`Given` and may be a coroutine. ``@before`` rules may refuse the call (a
:class:`Refusal`), change what it asks for (a dict of boto3's parameters, or a Request), answer it (a
Response), or let it pass (None). ``@reshape`` rules put right what the emulator answered, as the dict
that boto3 would give, in place. ``@after`` rules do so with the raw response.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from cloudlings.sandbox import shapes
from cloudlings.sandbox.model import Call, Request, Response

Ask = Callable[[str, Request], Awaitable[Response]]
"""Sends a request to a service's emulator as the account's root: (boto3 service, request)."""

LookUp = Callable[[str, str], Awaitable[Mapping[str, Any]]]
"""What the emulators tell of a resource in one question: (ARN, Region). See ``authorization.source``."""

Output = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """AWS's answer to a call that it does not take."""

    code: str
    message: str
    status: int = 400


@dataclass(frozen=True)
class Given:
    """A call as rules see it: what it asks for, and a way to look at the account."""

    call: Call
    ask: Ask
    look_up: LookUp
    _seen: dict[Any, Output] = field(default_factory=dict, compare=False)

    @cached_property
    def input(self) -> dict[str, Any]:
        """The call's parameters, by boto3's names."""
        return shapes.read_input(self.call)

    async def read(self, operation: str, service: str = "", **parameters: Any) -> Output:
        """What an operation answers now, as boto3 would give it; {} when it is refused.

        ``service`` is the call's own unless named. The same question is asked once.
        """
        key = (service, operation, repr(parameters))
        if key not in self._seen:
            self._seen[key] = await self._read(service or self.call.service, operation, parameters)
        return self._seen[key]

    async def _read(self, service: str, operation: str, parameters: dict[str, Any]) -> Output:
        response = await self.ask(service, shapes.write_input(service, operation, parameters))
        return shapes.read_output(service, operation, response) if response.status < 300 else {}

    async def write(self, operation: str, service: str = "", **parameters: Any) -> Output:
        """Carry out what an emulator left undone of this call."""
        return await self._read(service or self.call.service, operation, parameters)

    def asking(self, changed: dict[str, Any] | Request) -> Given:
        """The same call with other parameters, or as another request."""
        if isinstance(changed, Request):
            return replace(self, call=replace(self.call, request=changed), _seen={})
        parameters = changed
        written = shapes.write_input(self.call.service, self.call.operation, parameters)
        own = {"content-type", "x-amz-target", "content-length"}
        headers = tuple(pair for pair in self.call.request.headers if pair[0] not in own) + written.headers
        request = replace(self.call.request, headers=headers, body=written.body)
        return replace(self, call=replace(self.call, request=request), _seen={})


Verdict = Refusal | Response | Request | dict[str, Any] | None
Before = Callable[[Given], Verdict | Awaitable[Verdict]]
After = Callable[[Given, Response], Awaitable[Response]]
Reshape = Callable[[Given, Output], Awaitable[None] | None]

BEFORE: dict[tuple[str, str], list[Before]] = defaultdict(list)
AFTER: dict[tuple[str, str], list[After]] = defaultdict(list)
RESHAPE: dict[tuple[str, str], list[Reshape]] = defaultdict(list)


def before(service: str, *operations: str) -> Callable[[Before], Before]:
    """Mark a rule that may refuse, change or answer these operations."""

    def mark(rule: Before) -> Before:
        for operation in operations:
            BEFORE[service, operation].append(rule)
        return rule

    return mark


def after(service: str, *operations: str) -> Callable[[After], After]:
    """Mark a rule that may put the raw answer right."""

    def mark(rule: After) -> After:
        for operation in operations:
            AFTER[service, operation].append(rule)
        return rule

    return mark


def reshape(service: str, *operations: str) -> Callable[[Reshape], Reshape]:
    """Mark a rule that may put right what a successful answer says."""

    def mark(rule: Reshape) -> Reshape:
        for operation in operations:
            RESHAPE[service, operation].append(rule)
        return rule

    return mark
