"""A stack's update: each resource changed in place or replaced, and all of it taken back when one fails.

Source: CloudFormation User Guide, "Understand update behaviors of stack resources", "Stack status codes".
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cloudlings.sandbox.cloudformation import changes, check, kinds
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Resource
from cloudlings.sandbox.own.cloudformation import store
from cloudlings.sandbox.own.cloudformation.maker import Failed, Made
from cloudlings.sandbox.own.cloudformation.runner import Abandoned, Runner, reason_of
from cloudlings.sandbox.own.registry import Declined

RESTORED = ("template", "parameters", "hidden", "looked_up", "tags", "notification_arns", "description",
            "capabilities", "outputs", "imports")  # fmt: skip
"""What a stack has of its last update, and gets back when the next one fails."""
_NOT_AN_OUTPUT_CHANGE = "Export {} cannot be {} as it is in use by {}"


@dataclass(frozen=True)
class Done:
    """What an update did to one resource, and what was there before."""

    name: str
    what: Literal["created", "updated", "replaced"]
    before: dict[str, Any]


class Updater(Runner):
    """One update of one stack."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._done: list[Done] = []

    async def update(self) -> None:
        """Bring the stack to the plan."""
        await self._change_all()
        if not self._failed:
            self._check_exports()
        if self._failed:
            await self._roll_back()
            return
        self.record["imports"] = list(self.plan.imports)
        store.set_status(self.record, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        await self._clean_up()
        store.set_status(self.record, "UPDATE_COMPLETE")
        self.record.pop("previous", None)

    def _check_exports(self) -> None:
        record = self.record
        before = {o["ExportName"]: o["OutputValue"] for o in record["outputs"] if o.get("ExportName")}
        try:
            outputs = self._outputs()
            after = {o["ExportName"]: o["OutputValue"] for o in outputs if o.get("ExportName")}
            for name, value in before.items():
                users = store.importers(self._handling.kept, name)
                if after.get(name) != value and users:
                    verb = "updated" if name in after else "deleted"
                    raise Invalid(_NOT_AN_OUTPUT_CHANGE.format(name, verb, " and ".join(users)))
        except Invalid as error:
            self._failed[record["StackName"]] = str(error)
        else:
            record["outputs"] = outputs

    async def _change_all(self) -> None:
        faults = check.faults(self.plan.resources, self.plan.scope)
        for name, reason in faults.items():
            if name not in self.record["resources"]:
                self._new_resource(self.plan.resources[name])
                self._done.append(Done(name, "created", {}))
                self._fail(name, "CREATE_FAILED", reason)
            else:
                self._fail(name, "UPDATE_FAILED", reason)
        if not faults:
            await self._in_order(list(self.plan.resources), self._change)

    async def _change(self, name: str) -> None:
        one, old = self.plan.resources[name], self.record["resources"].get(name)
        if old is None or not old["made"]:
            self._done.append(Done(name, "created", {}))
            await self._make(name)
            return
        try:
            new = await self._properties(one)
        except (Invalid, Declined) as error:
            self._fail(name, "UPDATE_FAILED", str(error))
            return
        keep_name(old, new)
        before = copy.deepcopy(old)
        old |= {
            "deletion_policy": one.deletion_policy, "replace_policy": one.replace_policy,
            "metadata": one.metadata, "needs": sorted(self._needs[name]),
        }  # fmt: skip
        if old["type"] != one.type or changes.replaces(one.type, old["properties"], new):
            await self._replace(one, before, new)
        elif old["properties"] != new:
            await self._update(name, before, new)

    async def _update(self, name: str, before: dict[str, Any], new: dict[str, Any]) -> None:
        self._done.append(Done(name, "updated", before))
        shown = json.dumps(new, default=str)
        store.set_resource(self.record, name, "UPDATE_IN_PROGRESS", "", shown)
        kind = kinds.kind_of(before["type"])
        try:
            made = await self._maker().update(kind, Made(before["properties"], dict(before["state"])), new)
        except Abandoned:
            raise
        except Exception as error:
            # Some of it may have been done: what is put back is everything that was to be changed.
            self.record["resources"][name]["properties"] = new
            self._fail(name, "UPDATE_FAILED", reason_of(error))
            return
        self._keep(name, made)
        store.set_resource(self.record, name, "UPDATE_COMPLETE", "", shown)

    async def _replace(self, one: Resource, before: dict[str, Any], new: Mapping[str, Any]) -> None:
        named = kinds.kind_of(one.type).name.get("property")
        if named and named in one.properties and before["properties"].get(named) == new.get(named):
            reason = (
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                "Rename "
                f"{new.get(named)} and update the stack again."
            )
            self._fail(one.name, "UPDATE_FAILED", reason)
            return
        self._done.append(Done(one.name, "replaced", before))
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        store.set_resource(self.record, one.name, "UPDATE_IN_PROGRESS", reason)
        self._new_resource(one)
        await self._create_resource(one.name, one)
        if one.name not in self._failed:
            store.set_resource(self.record, one.name, "UPDATE_COMPLETE")

    # --- afterwards --------------------------------------------------------------------------------

    async def _clean_up(self) -> None:
        """Delete what was replaced, and what the template has no more."""
        for done in reversed(self._done):
            if done.what == "replaced":
                await self._discard(done.name, done.before, done.before["replace_policy"] or "Delete")
        gone = [name for name in self.record["resources"] if name not in self.plan.resources]
        status = self.record["status"]
        if gone:
            await self._delete_all(gone, status, status)
        for name in gone:
            del self.record["resources"][name]

    async def _discard(self, name: str, old: dict[str, Any], policy: str) -> None:
        record = self.record
        if policy == "Retain":
            store.event(record, name, old["physical"], old["type"], "DELETE_SKIPPED")
            return
        store.event(record, name, old["physical"], old["type"], "DELETE_IN_PROGRESS")
        try:
            await self._destroy(old, snapshot=policy == "Snapshot")
        except (Failed, Declined) as error:
            store.event(record, name, old["physical"], old["type"], "DELETE_FAILED", str(error))
        else:
            store.event(record, name, old["physical"], old["type"], "DELETE_COMPLETE")

    async def _roll_back(self) -> None:
        """Take back what was done, last first."""
        what = f"The following resource(s) failed to update: [{', '.join(sorted(self._failed))}]. "
        record = self.record
        if record.get("disable_rollback"):
            store.set_status(record, "UPDATE_FAILED", what)
            return
        name = record["StackName"]
        reason = self._failed.get(name, what)
        store.set_status(record, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
        left = [done.name for done in reversed(self._done) if not await self._take_back(done)]
        self.record.update(self.record.pop("previous", {}))
        if left:
            reason = f"The following resource(s) failed to update: [{', '.join(sorted(left))}]. "
            store.set_status(self.record, "UPDATE_ROLLBACK_FAILED", reason)
            return
        store.set_status(self.record, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        store.set_status(self.record, "UPDATE_ROLLBACK_COMPLETE")

    async def _take_back(self, done: Done) -> bool:
        if done.what == "created":
            gone = await self._delete_resource(done.name, rollback=True)
            if gone:
                self.record["resources"].pop(done.name, None)
            return gone
        if done.what == "replaced":
            current = copy.deepcopy(self.record["resources"][done.name])
            self.record["resources"][done.name] = done.before
            if current["made"]:
                await self._discard(done.name, current, "Delete")
            store.set_resource(self.record, done.name, "UPDATE_COMPLETE")
            return True
        return await self._change_back(done)

    async def _change_back(self, done: Done) -> bool:
        current = self.record["resources"][done.name]
        kind = kinds.kind_of(done.before["type"])
        store.set_resource(self.record, done.name, "UPDATE_IN_PROGRESS")
        try:
            made = await self._maker().update(
                kind, Made(current["properties"], dict(current["state"])), dict(done.before["properties"])
            )
        except Abandoned:
            raise
        except Exception as error:
            store.set_resource(self.record, done.name, "UPDATE_FAILED", reason_of(error))
            return False
        self._keep(done.name, made)
        store.set_resource(self.record, done.name, "UPDATE_COMPLETE")
        return True


def keep_name(old: Mapping[str, Any], new: dict[str, Any]) -> None:
    """A name that CloudFormation gave a resource stays as long as the template gives it none."""
    named = kinds.kind_of(old["type"]).name.get("property")
    if named and old["state"].get("named") and named not in new and named in old["properties"]:
        new[named] = old["properties"][named]
