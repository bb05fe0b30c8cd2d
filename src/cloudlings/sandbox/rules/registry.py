"""How a rule says which operations it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable

from cloudlings.sandbox.model import Call, Request, Response

Ask = Callable[[Request], Awaitable[Response]]
Before = Callable[[Call], Response | None]
After = Callable[[Call, Response, Ask], Awaitable[Response]]

BEFORE: dict[tuple[str, str], list[Before]] = defaultdict(list)
AFTER: dict[tuple[str, str], list[After]] = defaultdict(list)


def before(service: str, *operations: str) -> Callable[[Before], Before]:
    """Mark a rule that may answer these operations in the emulator's stead."""

    def mark(rule: Before) -> Before:
        for operation in operations:
            BEFORE[service, operation].append(rule)
        return rule

    return mark


def after(service: str, *operations: str) -> Callable[[After], After]:
    """Mark a rule that may put right what the emulator answered; it may ask the emulator more."""

    def mark(rule: After) -> After:
        for operation in operations:
            AFTER[service, operation].append(rule)
        return rule

    return mark
