"""Makes, changes and deletes one resource: the steps of its type, carried out by API calls."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jmespath

from cloudlings.sandbox.cloudformation.expressions import MISSING, Known, evaluate
from cloudlings.sandbox.cloudformation.fit import Unfit, fit, member_named, members
from cloudlings.sandbox.cloudformation.functions import text
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.kinds import Kind, Step
from cloudlings.sandbox.model import READ_PREFIXES
from cloudlings.sandbox.own.registry import Declined, Output

Act = Callable[[str, str, Output], Awaitable[Output]]
"""Carries out an operation of a service. Raises Declined."""

_GONE = re.compile(r"(?i)not.?found|nosuch|nonexist|does.?not.?exist|ResourceNotFound|\b404\b|\.Malformed$")
_BUSY = re.compile(r"(?i)dependencyviolation|deleteconflict|inuse|resourceconflict|concurrent|invalidstate")
TRIES = 12
PATIENCE = 60.0
_LETTERS = string.ascii_letters + string.digits


class Failed(Exception):
    """A resource could not be made, changed or deleted: the reason that its event says."""


@dataclass
class Made:
    """What is known of a resource: its properties (with the name it got), what was saved, and whether any
    operation has made something of it."""

    properties: dict[str, Any]
    state: dict[str, Any]
    made: bool = False


@dataclass(frozen=True)
class Maker:
    """Carries a type's steps out. ``place`` has what every expression may name: account, region, stack …"""

    act: Act
    place: Mapping[str, str] = field(default_factory=dict)

    async def create(self, kind: Kind, made: Made) -> None:
        """Make a resource; ``made`` says how far it came, whatever happens. Raises Failed."""
        made.state |= self.place
        name_it(kind, made)
        self._identify(kind, made)
        for step in kind.create:
            if step.applies(made.properties):
                await self._run(kind, step, made)
        for step in kind.settings:
            if step.is_set(made.properties):
                await self._each(kind, step, made, _items(step, made))
        await self.read(kind, made)
        made.made = True

    async def read(self, kind: Kind, made: Made) -> None:
        """Look up what attributes need."""
        for step in kind.read:
            await self._run(kind, step, made)
        self._identify(kind, made)

    async def update(self, kind: Kind, old: Made, new: dict[str, Any]) -> Made:
        """Change a resource in place. Raises Failed."""
        kept = {
            name: kind.defaults[name] for name in old.properties if name not in new and name in kind.defaults
        }
        made = Made({**kept, **new}, {**old.state, **self.place}, made=True)
        changed = {
            n for n in {*old.properties, *made.properties} if old.properties.get(n) != made.properties.get(n)
        }
        self._refuse(kind, old.properties, made.properties, changed)
        self._identify(kind, made)
        before = Made(old.properties, {**made.state})
        self._derive(kind, before)
        for step in (*kind.settings, *kind.update):
            if not step.uses or step.uses & changed:
                await self._change(kind, step, before, made, changed)
        await self.read(kind, made)
        made.properties = new
        return made

    @staticmethod
    def _refuse(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], changed: set[str]) -> None:
        used: set[str] = set()
        for step in (*kind.settings, *kind.update):
            used |= step.uses
        for name in sorted(changed):
            if name not in used and name not in kind.stays:
                raise Failed(
                    f"The sandbox does not carry out a change of the property {name} of {kind.type}."
                )
            if name in old and name not in new and not kind.covers_removal(name, new):
                raise Failed(
                    f"The sandbox does not carry out the removal of the property {name} of {kind.type}."
                )

    async def _change(self, kind: Kind, step: Step, before: Made, made: Made, changed: set[str]) -> None:
        if step.each:
            await self._change_items(kind, step, before, made, changed)
        elif not step.uses or step.is_set(made.properties):
            await self._run(kind, step, made)
        elif step.undo and step.is_set(before.properties):
            await self._run(kind, step.undo, Made(before.properties, made.state))

    async def _change_items(
        self, kind: Kind, step: Step, before: Made, made: Made, changed: set[str]
    ) -> None:
        old, new = _items(step, before), _items(step, made)
        own = step.each[1:].partition(".")[0]
        again = bool((step.uses - {own}) & changed)
        added = [each for each in new if again or each not in old]
        kept_keys = [_key(step, each) for each in new]
        gone = [
            each for each in old if each not in new and (not step.key or _key(step, each) not in kept_keys)
        ]
        if gone and step.undo is None:
            raise Failed(
                f"The sandbox does not carry out the removal of an item of the property {own} of {kind.type}."
            )
        if gone and step.undo:
            await self._each(kind, step.undo, Made(before.properties, made.state), gone)
        await self._each(kind, step, made, added)

    async def delete(self, kind: Kind, made: Made) -> None:
        """Delete a resource; one that is not there any more is deleted. Raises Failed."""
        made.state |= self.place
        self._identify(kind, made)
        for step in kind.delete:
            if step.applies(made.properties):
                await self._patiently(kind, step, made)

    async def snapshot(self, kind: Kind, made: Made) -> None:
        """Keep a copy of what is about to be deleted. Raises Failed."""
        made.state |= {
            "snapshot": f"{self.place['stack']}-snapshot-{made.state['logical']}-{suffix()}".lower()
        }
        for step in kind.snapshot:
            await self._run(kind, step, made)

    async def _patiently(self, kind: Kind, step: Step, made: Made) -> None:
        for tried in range(TRIES):
            try:
                await self._each(kind, step, made, _items(step, made))
                return
            except Failed as error:
                said = str(error.__cause__ or error)
                if _GONE.search(said):
                    return
                if not _BUSY.search(said) or tried == TRIES - 1:
                    raise
                await asyncio.sleep(0.05 * (tried + 1))

    async def _each(self, kind: Kind, step: Step, made: Made, items: Sequence[Any]) -> None:
        if not step.each and items == ():
            await self._run(kind, step, made)
        for item in items:
            made.state["item"] = item
            await self._run(kind, step, made)
        made.state.pop("item", None)

    async def _run(self, kind: Kind, step: Step, made: Made) -> None:
        self._derive(kind, made)
        try:
            arguments = _arguments(step, made)
            found = await self._until(step, arguments) if step.until else await self._act(step, arguments)
        except (Unfit, Invalid) as error:
            raise Failed(str(error)) from error
        except Declined as error:
            if error.code in step.unless:
                return
            raise Failed(_reason(step, error)) from error
        except asyncio.CancelledError:
            # It may have been done all the same.
            made.made = made.made or _makes(step)
            raise
        made.made = made.made or _makes(step)
        await self._save(step, found, made)
        self._identify(kind, made)

    async def _act(self, step: Step, arguments: Output) -> Output:
        found = await self.act(step.service, step.operation, arguments)
        failures = found.get("Unsuccessful") or []
        if failures:
            error = failures[0].get("Error", {})
            raise Declined(error.get("Code", "Unsuccessful"), error.get("Message", ""), 400)
        return found

    async def _until(self, step: Step, arguments: Output) -> Output:
        deadline = time.monotonic() + float(step.until.get("seconds", PATIENCE))
        pause, found = 0.02, {}
        while time.monotonic() < deadline:
            try:
                found = await self.act(step.service, step.operation, arguments)
            except Declined as error:
                if None not in step.until["is"] or not _GONE.search(f"{error.code} {error.message}"):
                    raise
                return {}
            value = jmespath.search(step.until["path"], found)
            if value in step.until["is"]:
                return found
            if value in step.until.get("not", ()):
                raise Declined("NotStabilized", f"The resource is {value}.", 400)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        raise Declined("NotStabilized", "Resource did not stabilize.", 400)

    @staticmethod
    async def _save(step: Step, found: Output, made: Made) -> None:
        known = Known(made.properties, made.state)
        for name, path in step.save.items():
            value = jmespath.search(
                str(evaluate(path, known)) if "{@" in path or "{$" in path else path, found
            )
            if value is not None:
                made.state[name] = plain(value)

    def _identify(self, kind: Kind, made: Made) -> None:
        self._derive(kind, made)
        found = evaluate(kind.id, Known(made.properties, made.state))
        if found is not MISSING and found is not None:
            made.state["id"] = text(found)

    @staticmethod
    def _derive(kind: Kind, made: Made) -> None:
        for name, expression in kind.set.items():
            try:
                found = evaluate(expression, Known(made.properties, made.state))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise Failed(f"Invalid value in the properties of {kind.type}: {error}") from error
            if found is MISSING:
                made.state.pop(name, None)
            else:
                made.state[name] = found


def _makes(step: Step) -> bool:
    return not step.operation.startswith(READ_PREFIXES)


def _items(step: Step, made: Made) -> Sequence[Any]:
    if not step.each:
        return ()
    found = evaluate(step.each, Known(made.properties, made.state))
    if found is MISSING:
        return []
    if isinstance(found, dict):
        return [{"Key": key, "Value": value} for key, value in found.items()]
    return list(found)


def _key(step: Step, item: Any) -> Any:
    return item.get(step.key) if isinstance(item, dict) else item


def _arguments(step: Step, made: Made) -> Output:
    known = Known(made.properties, made.state)
    names = members(step.service, step.operation)
    found: Output = {member_named(names, n): made.properties[n] for n in step.takes if n in made.properties}
    try:
        said = {name: evaluate(each, known) for name, each in step.arguments.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unfit(f"#/{', '.join(sorted(step.uses))}", f"{type(error).__name__}: {error}") from error
    found |= {name: each for name, each in said.items() if each is not MISSING}
    tags = made.properties.get("Tags")
    if step.tagspec and tags:
        found["TagSpecifications"] = [{"ResourceType": step.tagspec, "Tags": tags}]
    return {n: fit(step.service, names[n], value, f"#/{n}", step.rename) for n, value in found.items()}


def name_it(kind: Kind, made: Made) -> None:
    """Give a resource that has no name one of CloudFormation's: stack, logical id, and something random."""
    if not kind.name or kind.name["property"] in made.properties:
        return
    longest = int(kind.name["max"])
    ending = ".fifo" if text(made.properties.get(kind.name.get("fifo", ""), "")) == "true" else ""
    tail = f"-{suffix()}{ending}"
    head = f"{made.state['stack']}-{made.state['logical']}"[: longest - len(tail)].rstrip("-")
    name = head + tail
    made.properties[kind.name["property"]] = name.lower() if kind.name.get("lower") else name
    made.state["named"] = True


def suffix() -> str:
    """Twelve random letters, as names that CloudFormation makes end."""
    return "".join(secrets.choice(_LETTERS) for _ in range(12))


def plain(value: Any) -> Any:
    """A value of an answer as JSON has it."""
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
    return value


_HANDLER_CODES = (
    (re.compile(r"(?i)accessdenied|unauthorized|forbidden"), "AccessDenied"),
    (re.compile(r"(?i)exists|alreadyown|duplicate"), "AlreadyExists"),
    (_GONE, "NotFound"),
    (re.compile(r"(?i)limit|quota"), "ServiceLimitExceeded"),
    (_BUSY, "ResourceConflict"),
    (re.compile(r"(?i)notstabilized"), "NotStabilized"),
    (re.compile(r"(?i)internal|unavailable"), "ServiceInternalError"),
)


def _reason(step: Step, error: Declined) -> str:
    """A refusal as a resource's event tells it."""
    code = next((name for pattern, name in _HANDLER_CODES if pattern.search(error.code)), "InvalidRequest")
    about = (
        f"Service: {_service(step.service)}, Status Code: {error.status}, Request ID: {secrets.token_hex(8)}"
    )
    message = error.message or error.code
    return f'Resource handler returned message: "{message} ({about})" (HandlerErrorCode: {code})'


def _service(name: str) -> str:
    return {"s3": "S3", "ec2": "Ec2", "iam": "Iam", "lambda": "Lambda", "dynamodb": "DynamoDb", "sqs": "Sqs",
            "sns": "Sns", "rds": "Rds", "ssm": "Ssm", "kms": "Kms"}.get(name, name.capitalize())  # fmt: skip
