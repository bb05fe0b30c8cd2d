"""What an update changes: by property, in place or by a replacement, as a change set tells it.

Source: CloudFormation API reference, ResourceChange, ResourceChangeDetail; User Guide, "Change sets".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cloudlings.sandbox.cloudformation import check, kinds, schema
from cloudlings.sandbox.cloudformation.functions import LATER, NO_VALUE, Scope, holds, references, resolve
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Resource, Template

Replacement = Literal["True", "False", "Conditional", ""]


@dataclass(frozen=True)
class Change:
    """What becomes of one resource."""

    action: Literal["Add", "Modify", "Remove"]
    name: str
    type: str
    replacement: Replacement = ""
    scope: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    """Properties that may change only because something that they refer to does."""


@dataclass(frozen=True)
class Side:
    """A template with its parameters, before or after."""

    template: Template
    scope: Scope

    @property
    def resources(self) -> Mapping[str, Resource]:
        return check.active(self.template, self.scope)

    def properties(self, name: str) -> dict[str, Any]:
        """A resource's properties; what only the account can give is told by its name."""
        scope = Scope(
            self.scope.parameters, self.scope.mappings, self.scope.conditions,
            lambda n: f"{LATER}{n}", lambda n, a: f"{LATER}{n}.{a}", self.scope.zones, None,
        )  # fmt: skip
        found: dict[str, Any] = resolve(dict(self.resources[name].properties), scope)
        return found

    def outputs(self) -> dict[str, Any]:
        """The outputs, likewise."""
        scope = Scope(
            self.scope.parameters, self.scope.mappings, self.scope.conditions,
            lambda n: f"{LATER}{n}", lambda n, a: f"{LATER}{n}.{a}", self.scope.zones, None,
        )  # fmt: skip
        every = self.template.outputs
        there = {n: o for n, o in every.items() if "Condition" not in o or holds(str(o["Condition"]), scope)}
        return {name: resolve(dict(output), scope) for name, output in there.items()}


def replaces(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a change of properties needs a new resource."""
    return _differ(old, new, kinds.kind_of(kind).create_only)


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], paths: Iterable[str]) -> bool:
    return any(_at(old, path) != _at(new, path) for path in paths if "*" not in path)


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def between(before: Side, after: Side, *, tags_changed: bool = False) -> list[Change]:
    """What an update changes, removals first, the rest in the template's order."""
    old, new = before.resources, after.resources
    found = [Change("Remove", name, one.type) for name, one in old.items() if name not in new]
    for name, one in new.items():
        change = _of(before, after, name, one, tags_changed) if name in old else Change("Add", name, one.type)
        if change is not None:
            found.append(change)
    return _followed(found, after)


def _of(before: Side, after: Side, name: str, one: Resource, tags_changed: bool) -> Change | None:
    old = before.resources[name]
    if old.type != one.type:
        return Change("Modify", name, one.type, "True", ("Properties",))
    was, now = before.properties(name), after.properties(name)
    changed = tuple(sorted(key for key in {*was, *now} if was.get(key, NO_VALUE) != now.get(key, NO_VALUE)))
    tagged = schema.tag_property(one.type)
    scope = set()
    if any(key != tagged for key in changed):
        scope.add("Properties")
    if (tagged and tagged in changed) or (tags_changed and tagged):
        scope.add("Tags")
    if old.metadata != one.metadata:
        scope.add("Metadata")
    if not scope:
        policies = (old.deletion_policy, old.replace_policy) != (one.deletion_policy, one.replace_policy)
        return Change("Modify", name, one.type, "False", ("DeletionPolicy",)) if policies else None
    return Change("Modify", name, one.type, _replacement(one.type, was, now), tuple(sorted(scope)), changed)


def _replacement(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Replacement:
    if not replaces(kind, was, now):
        perhaps = any(
            _at(was, path) != _at(now, path) for path in schema.maybe_replaced(kind) if "*" not in path
        )
        return "Conditional" if perhaps else "False"
    sure = any(
        _at(was, path) != _at(now, path)
        for path in kinds.kind_of(kind).create_only - schema.maybe_replaced(kind)
        if "*" not in path
    )
    return "True" if sure else "Conditional"


def _followed(found: list[Change], after: Side) -> list[Change]:
    """With the resources that refer to what is replaced: they may change as well."""
    known = {change.name: change for change in found}
    replaced = {name for name, change in known.items() if change.replacement in ("True", "Conditional")}
    more: list[Change] = []
    for name, one in after.resources.items():
        touched = tuple(
            sorted(
                key for key, value in one.properties.items() if {n for n, _ in references(value)} & replaced
            )
        )
        if not touched or name in known:
            continue
        only = kinds.kind_of(one.type).create_only
        may = any(path.partition(".")[0] in touched for path in only)
        more.append(
            Change(
                "Modify", name, one.type, "Conditional" if may else "False", ("Properties",), touched, touched
            )
        )
    return found + more


def anything(before: Side, after: Side, *, tags_changed: bool) -> bool:
    """Whether there is anything to update. Raises Invalid."""
    try:
        if before.outputs() != after.outputs() or tags_changed:
            return True
        return bool(between(before, after))
    except Invalid:
        # The old template cannot be resolved any more: what it was is not what is asked for.
        return True


def recreation(kind: str, name: str) -> Literal["Always", "Conditionally", "Never"]:
    """Whether a change of a property replaces its resource."""
    maybe = {path.partition(".")[0] for path in schema.maybe_replaced(kind)}
    if name in {path.partition(".")[0] for path in kinds.kind_of(kind).create_only} - maybe:
        return "Always"
    return "Conditionally" if name in maybe else "Never"
