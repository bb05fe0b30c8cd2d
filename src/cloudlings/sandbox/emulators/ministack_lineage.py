"""How many functions a request has come through, so that functions that set off themselves are stopped.

A function's calls say it in a header (``function_worker``); what a call sets off inside MiniStack inherits
it, and a message carries it through its queue. Source: Lambda Developer Guide, "Use Lambda recursive loop
detection to prevent infinite loops": after about 16 invocations in a chain by way of Lambda, SQS, SNS or S3
the next one is dropped.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Mapping
from typing import Any

_hops: contextvars.ContextVar[int] = contextvars.ContextVar("hops", default=0)
_KEY = "hops"


def arrive(headers: Mapping[str, str]) -> None:
    """Note what a request says of itself; everything that it sets off comes after as many functions."""
    said = headers.get("x-ministack-invoke-depth", "")
    _hops.set(int(said) if said.isdecimal() else 0)


def mark(message: dict[str, Any]) -> None:
    """Let a message of a queue carry what it came through."""
    if _hops.get():
        message[_KEY] = _hops.get()


def next_hop(service: Any, messages: Iterable[Mapping[str, Any]] = ()) -> int:
    """The number of the invocation that now comes, in its chain; the invocation's own calls will say it.

    ``service`` is MiniStack's Lambda, which has counted a direct invocation already.
    """
    before = max([_hops.get(), *(int(message.get(_KEY, 0)) for message in messages)])
    number = max(int(service._invoke_depth.get()), before + 1) if not messages else before + 1
    service._invoke_depth.set(number)
    return number


def is_dropped(service: Any, config: Mapping[str, Any], number: int) -> bool:
    """Whether an invocation is one too many for its function; it is counted then."""
    name = str(config.get("FunctionName", ""))
    return service._recursive_loop_drop(name, service._functions.get(name) or {}, number) is not None
