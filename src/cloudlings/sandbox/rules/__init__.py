"""AWS's own defaults and limits, where the emulators lack them: one function each.

A rule is a function marked ``@before(operation…)`` (may answer a call in the emulator's stead) or
``@after(operation…)`` (may put right what the emulator answered). Rules are found, not listed: every
module of this package is loaded, so adding a rule adds a function, with its source in its docstring and
its case in the tests.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable

from cloudlings.sandbox.model import Call, Request, Response
from cloudlings.sandbox.rules import registry

Ask = Callable[[Request], Awaitable[Response]]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def before(call: Call) -> Response | None:
    """The answer of the first rule that has one; None to let the emulator answer."""
    for rule in registry.BEFORE.get((call.service, call.operation), ()):
        response = rule(call)
        if response is not None:
            return response
    return None


async def after(call: Call, response: Response, ask: Ask) -> Response:
    """The response once every rule for the operation has put right what it knows of."""
    for rule in registry.AFTER.get((call.service, call.operation), ()):
        response = await rule(call, response, ask)
    return response
