"""A stack's creation, update, deletion and rollback, after the request for it has been answered.

Resources are made in parallel, each after what it needs; what fails is taken back. A stack is looked up anew
at every step: the account may go back to an earlier state, or be emptied, meanwhile, and then the work ends.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any

from cloudlings.sandbox.cloudformation import check, graph, kinds, schema
from cloudlings.sandbox.cloudformation.expressions import MISSING, Known, evaluate
from cloudlings.sandbox.cloudformation.functions import NO_VALUE, Scope, holds, resolve, text
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Resource
from cloudlings.sandbox.model import Caller
from cloudlings.sandbox.own.cloudformation import prepare, store
from cloudlings.sandbox.own.cloudformation.maker import Failed, Made, Maker, suffix
from cloudlings.sandbox.own.cloudformation.prepare import Plan
from cloudlings.sandbox.own.registry import Declined, Handling, Output

SERVICE = "cloudformation.amazonaws.com"
# How many resources are made at once.
AT_ONCE = 8
RUNNING: set[tuple[str, str, str]] = set()
"""Account, stack and work of what is under way in this process."""
ENDED = "The sandbox was stopped, or went back in time, while this was under way."


class Abandoned(Exception):
    """The stack is not there any more, or something else is done to it."""


class Runner:
    """One piece of work on one stack. ``caller``: in whose name, if not the request's."""

    def __init__(
        self, handling: Handling, record: store.Record, plan: Plan | None, caller: Caller | None
    ) -> None:
        call = handling.call
        # With a role the stack is the role's doing; without, it is done for the caller, via the service.
        via = call.via if SERVICE in call.via else (*call.via, SERVICE)
        called = replace(call, caller=caller, via=()) if caller else replace(call, via=via)
        self._handling = replace(handling, call=called)
        self._stack_id, self._work = record["StackId"], record["work"]
        self._plan = plan
        self._needs = graph.needs(plan.template) if plan is not None else {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._failed: dict[str, str] = {}

    @property
    def record(self) -> store.Record:
        """The stack as it is now. Raises Abandoned."""
        found = store.stacks(self._handling.kept).get(self._stack_id)
        if found is None or found["work"] != self._work:
            raise Abandoned
        return found

    @property
    def plan(self) -> Plan:
        assert self._plan is not None
        return self._plan

    async def act(self, service: str, operation: str, arguments: Output) -> Output:
        """An API call in the name that the stack is made in."""
        return await self._handling.services.act(
            self._handling.call, service, operation, arguments, waits=True
        )

    def run(self, work: Callable[[], Awaitable[None]], failed: str) -> Coroutine[Any, Any, None]:
        """Carry out a piece of work; whatever happens, the stack does not stay in progress."""
        key = (self._handling.account_id, self._stack_id, self._work)
        # Now: whoever looks before its first step must not take it for work that was left behind.
        RUNNING.add(key)
        return self._run(work, failed, key)

    async def _run(self, work: Callable[[], Awaitable[None]], failed: str, key: tuple[str, str, str]) -> None:
        try:
            await work()
        except Abandoned:
            return
        except asyncio.CancelledError:
            self._end(failed, ENDED)
            raise
        except Exception as error:
            print(f"CloudFormation: {type(error).__name__}: {error}", flush=True)
            self._end(failed, "Internal Failure")
        finally:
            RUNNING.discard(key)
            self._handling.keep()

    def _end(self, status: str, reason: str) -> None:
        try:
            store.set_status(self.record, status, reason)
        except Abandoned:
            return

    # --- creation ----------------------------------------------------------------------------------

    async def create(self) -> None:
        """Make a stack."""
        await self._make_in_time()
        if self.record.get("cancelled"):
            await self.delete()
            return
        if not self._failed:
            self._finish("CREATE_COMPLETE")
        if not self._failed:
            return
        own = self._failed.get(self.record["StackName"], "")
        named = f"The following resource(s) failed to create: [{', '.join(sorted(self._failed))}]. "
        what = f"{own}. " if own else named
        match self.record["on_failure"]:
            case "DO_NOTHING":
                store.set_status(self.record, "CREATE_FAILED", what)
            case "DELETE":
                store.set_status(self.record, "DELETE_IN_PROGRESS", what + "Delete requested by user.")
                await self._delete_all(
                    list(self.record["resources"]), "DELETE_COMPLETE", "DELETE_FAILED", rollback=True
                )
            case _:
                store.set_status(self.record, "ROLLBACK_IN_PROGRESS", what + "Rollback requested by user.")
                await self._delete_all(
                    list(self.record["resources"]), "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", rollback=True
                )

    def _finish(self, status: str) -> None:
        record = self.record
        try:
            record["outputs"] = self._outputs()
        except Invalid as error:
            self._failed[record["StackName"]] = str(error)
            return
        record["imports"] = list(self.plan.imports)
        store.set_status(record, status)

    async def _make_in_time(self) -> None:
        """Make every resource; what takes longer than the stack may take is given up."""
        minutes = self.record.get("timeout")
        try:
            await asyncio.wait_for(self._make_all(), minutes * 60 if minutes else None)
        except TimeoutError:
            for name, one in self.record["resources"].items():
                if one["status"] == "CREATE_IN_PROGRESS":
                    self._fail(name, "CREATE_FAILED", "Resource creation cancelled")

    async def _make_all(self) -> None:
        """Make every resource, each after what it needs; nothing new is begun after a failure."""
        faults = check.faults(self.plan.resources, self.plan.scope)
        for name, reason in faults.items():
            self._new_resource(self.plan.resources[name])
            store.set_resource(self.record, name, "CREATE_IN_PROGRESS")
            self._fail(name, "CREATE_FAILED", reason)
        if not faults:
            await self._in_order(list(self.plan.resources), self._make)

    async def _in_order(self, names: list[str], do: Callable[[str], Awaitable[None]]) -> None:
        needs = self._needs
        done = {name: asyncio.Event() for name in names}

        async def one(name: str) -> None:
            try:
                for need in needs[name]:
                    if need in done:
                        await done[need].wait()
                async with self._slots:
                    if not self._failed and not self.record.get("cancelled"):
                        await do(name)
            finally:
                done[name].set()

        await _together(one(name) for name in graph.order(needs) if name in done)

    def _new_resource(self, one: Resource) -> dict[str, Any]:
        fresh: dict[str, Any] = {
            "type": one.type, "physical": "", "properties": {}, "state": {}, "made": False, "status": "",
            "reason": "", "time": time.time(), "deletion_policy": one.deletion_policy,
            "replace_policy": one.replace_policy, "metadata": one.metadata,
            "needs": sorted(self._needs[one.name]),
        }  # fmt: skip
        self.record["resources"][one.name] = fresh
        return fresh

    def _fail(self, name: str, status: str, reason: str) -> None:
        self._failed[name] = reason
        store.set_resource(self.record, name, status, reason)

    async def _make(self, name: str) -> None:
        one = self.plan.resources[name]
        self._new_resource(one)
        store.set_resource(self.record, name, "CREATE_IN_PROGRESS")
        await self._create_resource(name, one)

    async def _create_resource(self, name: str, one: Resource) -> None:
        made = Made({}, self._place(name))
        try:
            made.properties = await self._properties(one)
            await self._maker().create(kinds.kind_of(one.type), made)
        except Abandoned:
            raise
        except asyncio.CancelledError:
            # Given up half way: what there is of it has to be known, to be deleted.
            self._keep(name, made)
            raise
        except Exception as error:
            self._keep(name, made)
            self._fail(name, "CREATE_FAILED", reason_of(error))
        else:
            self._keep(name, made)
            shown = json.dumps(made.properties, default=str)
            await self._refresh(made.properties, kinds.kind_of(one.type).refreshes)
            store.set_resource(self.record, name, "CREATE_IN_PROGRESS", "Resource creation Initiated", shown)
            store.set_resource(self.record, name, "CREATE_COMPLETE", "", shown)

    async def _refresh(self, properties: Mapping[str, Any], names: Iterable[str]) -> None:
        """Read anew what a resource that was made has changed of another one of the stack."""
        touched = {properties.get(name) for name in names}
        for name, one in list(self.record["resources"].items()):
            if one["made"] and one["physical"] in touched:
                other = Made(dict(one["properties"]), dict(one["state"]), made=True)
                await self._maker().read(kinds.kind_of(one["type"]), other)
                self._keep(name, other)

    def _maker(self) -> Maker:
        return Maker(self.act, {"account": self._handling.account_id, "region": self._handling.region,
                                "partition": "aws", "stack": self.record["StackName"]})  # fmt: skip

    def _place(self, name: str) -> dict[str, Any]:
        return {"logical": name, "suffix": suffix(), "stack": self.record["StackName"]}

    def _keep(self, name: str, made: Made) -> None:
        kept = self.record["resources"][name]
        kind = kinds.kind_of(kept["type"])
        state = {key: each for key, each in made.state.items() if key not in kind.set and key != "item"}
        physical = evaluate(kind.ref, Known(made.properties, made.state))
        kept |= {
            "properties": made.properties, "state": state, "made": made.made,
            "physical": "" if physical is MISSING else text(physical),
        }  # fmt: skip
        # Whatever happens to the sandbox now, what was made is known.
        self._handling.keep()
        kept["attributes"] = {
            attribute: found
            for attribute, expression in kind.attributes.items()
            if (found := evaluate(expression, Known(made.properties, made.state))) is not MISSING
        }

    # --- values ------------------------------------------------------------------------------------

    def _scope(self) -> Scope:
        return prepare.with_refs(self.plan.scope, self._ref, self._attribute)

    def _ref(self, name: str) -> Any:
        found = self.record["resources"].get(name)
        if found is None:
            raise Invalid(f"Unresolved resource dependencies [{name}] in the Resources block of the template")
        return found["physical"]

    def _attribute(self, name: str, attribute: str) -> Any:
        found = self.record["resources"].get(name)
        known = found.get("attributes", {}) if found else {}
        if attribute.startswith("Outputs."):
            outputs = {each["Key"]: each["Value"] for each in known.get("Outputs") or ()}
            known = {f"Outputs.{key}": value for key, value in outputs.items()}
        if attribute not in known:
            raise Invalid(f"Attribute {attribute} of resource {name} is not known.")
        return known[attribute]

    async def _properties(self, one: Resource) -> dict[str, Any]:
        """A resource's properties as they are now that what it needs is there. Raises Invalid."""
        found = resolve(dict(one.properties), self._scope())
        found = await prepare.dynamic(self.act, found)
        tagged = schema.tag_property(one.type)
        if self.record.get("tags") and tagged and tagged in kinds.kind_of(one.type).handled:
            found[tagged] = _with_tags(found.get(tagged), self.record["tags"], one.type, tagged)
        wrong = schema.faults(one.type, found)
        if wrong:
            raise Invalid(
                f"Properties validation failed for resource {one.name} with message:\n" + "\n".join(wrong)
            )
        properties: dict[str, Any] = found
        return properties

    def _outputs(self) -> list[dict[str, Any]]:
        scope, found = self._scope(), []
        taken = store.exports(self._handling.kept)
        for name, output in self.plan.template.outputs.items():
            if "Condition" in output and not holds(str(output["Condition"]), scope):
                continue
            value = resolve(output["Value"], scope)
            if value is NO_VALUE or isinstance(value, dict | list):
                raise Invalid(
                    "Template format error: Output "
                    + name
                    + " is malformed. The Value field of every Outputs member "
                    "must evaluate to a String."
                )
            made = {"OutputKey": name, "OutputValue": text(value)}
            if output.get("Description"):
                made["Description"] = str(output["Description"])
            if "Export" in output:
                made["ExportName"] = self._export(
                    text(resolve(output["Export"].get("Name", ""), scope)), taken
                )
            found.append(made)
        return found

    def _export(self, name: str, taken: Mapping[str, tuple[str, str]]) -> str:
        if name in taken and taken[name][0] != self._stack_id:
            owner = store.stacks(self._handling.kept)[taken[name][0]]["StackName"]
            raise Invalid(f"Export with name {name} is already exported by stack {owner}")
        return name

    # --- deletion ----------------------------------------------------------------------------------

    async def delete(self) -> None:
        """Delete a stack."""
        names = [n for n, one in self.record["resources"].items() if one["status"] != "DELETE_COMPLETE"]
        await self._delete_all(
            names, "DELETE_COMPLETE", "DELETE_FAILED", retain=self.record.get("retain", ())
        )

    async def _delete_all(
        self, names: list[str], complete: str, failed: str, *, rollback: bool = False, retain: Any = ()
    ) -> None:
        every = self.record["resources"]
        needs = {name: frozenset(every[name]["needs"]) & set(names) for name in names}
        first = graph.reverse(needs)
        done = {name: asyncio.Event() for name in names}
        left: set[str] = set()

        async def one(name: str) -> None:
            try:
                for other in first[name]:
                    await done[other].wait()
                if left & first[name]:
                    left.add(name)
                    return
                async with self._slots:
                    if not await self._delete_resource(name, rollback=rollback, retained=name in retain):
                        left.add(name)
            finally:
                done[name].set()

        await _together(one(name) for name in names)
        record = self.record
        if left:
            store.set_status(
                record, failed, f"The following resource(s) failed to delete: [{', '.join(sorted(left))}]. "
            )
            return
        if complete == "DELETE_COMPLETE":
            record["deleted"], record["outputs"], record["imports"] = time.time(), [], []
        store.set_status(record, complete)

    async def _delete_resource(self, name: str, *, rollback: bool = False, retained: bool = False) -> bool:
        """Delete one resource, as its policy says; whether it is gone (or left on purpose)."""
        one = self.record["resources"][name]
        policy = one["deletion_policy"] or _default_policy(one)
        keeps = policy == "Retain" or (policy == "RetainExceptOnCreate" and not rollback) or retained
        if not one["made"]:
            if one["status"] != "CREATE_FAILED" or one["physical"]:
                store.set_resource(self.record, name, "DELETE_COMPLETE")
            else:
                one["status"] = "DELETE_COMPLETE"
            return True
        if keeps and not (rollback and policy == "Retain" and one["status"] == "CREATE_FAILED"):
            store.set_resource(self.record, name, "DELETE_SKIPPED")
            return True
        store.set_resource(self.record, name, "DELETE_IN_PROGRESS")
        try:
            await self._destroy(one, snapshot=policy == "Snapshot" and not rollback)
        except Abandoned:
            raise
        except Exception as error:
            store.set_resource(self.record, name, "DELETE_FAILED", reason_of(error))
            return False
        one["made"] = False
        store.set_resource(self.record, name, "DELETE_COMPLETE")
        return True

    async def _destroy(self, one: Mapping[str, Any], *, snapshot: bool) -> None:
        kind = kinds.kind_of(one["type"])
        made = Made(dict(one["properties"]), dict(one["state"]))
        if snapshot and kind.snapshot:
            made.state |= self._maker().place
            await self._maker().snapshot(kind, made)
        await self._maker().delete(kind, made)


def reason_of(error: Exception) -> str:
    """Why a resource failed; an error of the sandbox's own is noted in its log."""
    if isinstance(error, Failed | Invalid | Declined):
        return str(error)
    print(f"CloudFormation: {type(error).__name__}: {error}", flush=True)
    return "Internal Failure"


async def _together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Carry out several pieces of work at once; when one breaks, none of the others goes on alone."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _default_policy(one: Mapping[str, Any]) -> str:
    """Databases are copied before they are deleted (Template Reference, DeletionPolicy attribute)."""
    alone = one["type"] == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in one["properties"]
    return "Snapshot" if alone or one["type"] == "AWS::RDS::DBCluster" else "Delete"


def _with_tags(own: Any, tags: list[dict[str, str]], kind: str, name: str) -> Any:
    """A resource's tags with its stack's; its own win."""
    as_map = schema.properties(kind)[name].get("type") == "object"
    if as_map or isinstance(own, dict):
        return {**{tag["Key"]: tag["Value"] for tag in tags}, **(own or {})}
    mine = list(own or ())
    keys = {tag.get("Key") for tag in mine if isinstance(tag, dict)}
    extra = {"PropagateAtLaunch": True} if kind == "AWS::AutoScaling::AutoScalingGroup" else {}
    return [*mine, *({**tag, **extra} for tag in tags if tag["Key"] not in keys)]
