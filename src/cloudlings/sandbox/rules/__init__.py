"""AWS's own defaults and limits, where the emulators lack them: one function each.

A rule is a function marked ``@before``, ``@reshape`` or ``@after`` with the operations that it is about (see
``registry``). Rules are found, not listed: every module of this package is loaded, so adding a rule adds a
function, with its source in its docstring, and its case in the tests.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
from typing import Any

from cloudlings.sandbox import shapes, wire
from cloudlings.sandbox.model import Call, Response
from cloudlings.sandbox.rules import registry
from cloudlings.sandbox.rules.registry import Ask, Given, LookUp, Refusal

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


async def before(call: Call, ask: Ask, look_up: LookUp) -> Call | Response:
    """The answer of the first rule that has one; else the call to send on, as the rules left it."""
    rules = (*registry.BEFORE.get(("*", "*"), ()), *registry.BEFORE.get((call.service, call.operation), ()))
    given = Given(call, ask, look_up)
    for rule in rules:
        verdict = await _result(rule(given))
        if isinstance(verdict, Refusal):
            return wire.error(call.request, call.service, verdict.status, verdict.code, verdict.message)
        if isinstance(verdict, Response):
            return verdict
        if verdict is not None:
            given = given.asking(verdict)
    return given.call


async def after(call: Call, response: Response, ask: Ask, look_up: LookUp) -> Response:
    """The response once every rule for the operation has put right what it knows of."""
    key = (call.service, call.operation)
    given = Given(call, ask, look_up)
    if registry.RESHAPE.get(key) and response.status < 300:
        response = await _reshaped(given, response)
    for rule in (*registry.AFTER.get(key, ()), *registry.AFTER.get(("*", "*"), ())):
        response = await rule(given, response)
    return response


async def _reshaped(given: Given, response: Response) -> Response:
    service, operation = given.call.service, given.call.operation
    output = shapes.read_output(service, operation, response)
    before = copy.deepcopy(output)
    for rule in registry.RESHAPE[service, operation]:
        await _result(rule(given, output))
    return response if output == before else shapes.write_output(service, operation, response, output)


async def _result(found: Any) -> Any:
    return await found if inspect.isawaitable(found) else found
