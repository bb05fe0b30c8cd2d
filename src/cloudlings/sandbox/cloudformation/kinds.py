"""What each resource type does, as ``resources/*.yaml`` say it: one entry a type, found, not listed.

An entry has ``create`` (steps), ``settings`` (steps for single properties, at creation and at each change),
``update`` (steps at a change only), ``delete``, ``read`` (after each, for attributes); ``id`` and ``ref``
(Ref's value) and ``attributes`` (Fn::GetAtt's), as expressions; ``set``: what else expressions may
refer to as ``@name``;
``name``: the property that gets a name of CloudFormation's own when it is left out, with ``max`` and
``lower``; ``replace``: properties whose change replaces the resource, beside those that AWS's schema names;
``in_place``: those that do not; ``defaults`` for properties that an update removes, ``stays``: those whose
removal leaves things as they are; ``refreshes``: properties that name a resource whose attributes are
read anew.

A step is an operation with its arguments: ``{ec2.CreateVpc: {CidrBlock: $CidrBlock}}``, and

- ``take: true`` or a list: properties that the operation takes by the same name; ``rename`` for names deeper
down; - ``tagspec: vpc``: the tags, as EC2 takes them at creation;
- ``save: {id: Vpc.VpcId}``: what to keep of the answer (JMESPath);
- ``when: [A, B]``: only if one of these properties is there; ``!A`` must not be there, ``+A`` must, ``=A`` is
  true,  ``!=A`` is false; a step of ``update`` runs if what it uses has changed;
- ``each: $A``: once for each item, told apart by ``key``; ``undo``: the step that takes it back;
- ``until: {path: State, is: [available], not: [failed]}``: asks again until the answer has one of the values;
- ``unless``: error codes that are as good as success;
- ``whole: true``: what it is not given is as if it had never been (so it is with every Put… and Replace…).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from cloudlings.sandbox.cloudformation import schema
from cloudlings.sandbox.cloudformation.expressions import properties_in
from cloudlings.sandbox.cloudformation.fit import Unfit, fit, member_named, members
from cloudlings.sandbox.cloudformation.functions import NO_VALUE, text


@dataclass(frozen=True)
class Step:
    """One operation of a resource's life. See the module."""

    service: str
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = ()
    tagspec: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    save: Mapping[str, str] = field(default_factory=dict)
    when: tuple[str, ...] = ()
    each: str = ""
    key: str = ""
    undo: Step | None = None
    until: Mapping[str, Any] = field(default_factory=dict)
    unless: tuple[str, ...] = ()
    whole: bool = False

    @property
    def uses(self) -> frozenset[str]:
        """The properties that it is about: it runs again when one of them changes."""
        used = properties_in(self.arguments) | properties_in(self.each) | frozenset(self.takes)
        named = {each.lstrip("!=+") for each in self.when}
        return used | named | (frozenset({"Tags"}) if self.tagspec else frozenset())

    def is_set(self, properties: Mapping[str, Any]) -> bool:
        """Whether it applies, and anything that it is about is there."""
        return self.applies(properties) and (not self.uses or any(name in properties for name in self.uses))

    def applies(self, properties: Mapping[str, Any]) -> bool:
        """Whether a resource with these properties needs it."""
        plain = [each for each in self.when if each[0] not in "!=+"]
        if plain and not any(name in properties for name in plain):
            return False
        return all(_holds(each, properties) for each in self.when if each[0] in "!=+")


def _holds(asked: str, properties: Mapping[str, Any]) -> bool:
    name = asked.lstrip("!=+")
    said = text(properties.get(name, "")).lower()
    match asked[: len(asked) - len(name)]:
        case "!":
            return name not in properties
        case "+":
            return name in properties
        case "=":
            return said == "true"
    return said == "false"


@dataclass(frozen=True)
class Kind:
    """A resource type that is carried out. See the module."""

    type: str
    create: tuple[Step, ...]
    settings: tuple[Step, ...]
    update: tuple[Step, ...]
    delete: tuple[Step, ...]
    read: tuple[Step, ...]
    id: Any
    ref: str
    attributes: Mapping[str, Any]
    set: Mapping[str, Any]
    name: Mapping[str, Any]
    replace: frozenset[str]
    in_place: frozenset[str]
    stays: frozenset[str]
    refreshes: frozenset[str]
    defaults: Mapping[str, Any]
    snapshot: tuple[Step, ...]

    @property
    def handled(self) -> frozenset[str]:
        """The properties that are carried out, or only decide which name or id there is."""
        steps = (*self.create, *self.settings, *self.update)
        used = frozenset().union(*(step.uses for step in steps)) if steps else frozenset()
        other = properties_in([self.id, dict(self.set), [step.arguments for step in self.delete]])
        return used | other | frozenset(_named(self.name))

    @property
    def create_only(self) -> frozenset[str]:
        """The properties whose change replaces it, as dotted paths; one that may is changed in place where a
        step can."""
        steps = (*self.settings, *self.update)
        changed: frozenset[str] = frozenset().union(*(step.uses for step in steps)) if steps else frozenset()
        perhaps = frozenset(
            path for path in schema.maybe_replaced(self.type) if path.partition(".")[0] in changed
        )
        return (schema.create_only(self.type) | self.replace) - perhaps - self.in_place

    def gaps(self, properties: Mapping[str, Any]) -> Iterator[str]:
        """What the sandbox cannot carry out of a resource's properties, functions in them unresolved."""
        for name in properties:
            if name not in self.handled and name in schema.properties(self.type):
                yield f"#: the sandbox does not carry out the property [{name}] of {self.type}"
        found = (gap for step in (*self.create, *self.settings) for gap in _unfit(step, properties))
        yield from dict.fromkeys(found)

    def covers_removal(self, name: str, left: Mapping[str, Any]) -> bool:
        """Whether an update can take a property away; ``left`` are the others."""
        if name in self.defaults or name in self.stays:
            return True
        steps = [step for step in (*self.settings, *self.update) if name in step.uses]
        return any(step.undo or step.each or (step.whole and step.is_set(left)) for step in steps)


def _named(name: Mapping[str, Any]) -> tuple[str, ...]:
    return (str(name["property"]),) if name else ()


def _unfit(step: Step, properties: Mapping[str, Any]) -> Iterator[str]:
    shapes_of = members(step.service, step.operation)
    plain = {
        member: str(of)[1:]
        for member, of in step.arguments.items()
        if isinstance(of, str) and of.startswith("$") and "." not in of
    }
    plain |= {member_named(shapes_of, name): name for name in step.takes}
    for member, name in plain.items():
        value = properties.get(name, NO_VALUE)
        try:
            fit(step.service, shapes_of[member], value, f"#/{name}", step.rename)
        except Unfit as error:
            yield str(error)


@lru_cache(maxsize=1)
def _entries() -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    folder = resources.files("cloudlings.sandbox.cloudformation") / "resources"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml"):
            loaded = yaml.load(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            found |= {kind: entry for kind, entry in loaded.items() if "::" in kind}
    return found


def supported() -> frozenset[str]:
    """The types that are carried out."""
    return frozenset(_entries())


@lru_cache(maxsize=256)
def kind_of(name: str) -> Kind:
    """A type that is carried out. Raises KeyError."""
    entry = _entries()[name]
    known = {"create", "settings", "update", "delete", "read", "id", "ref", "attributes", "name", "replace",
             "defaults", "snapshot", "set", "in_place", "stays",
             "refreshes"}  # fmt: skip
    assert set(entry) <= known, f"{name}: unknown {set(entry) - known}"
    steps = {
        part: tuple(_steps(name, entry.get(part)))
        for part in ("create", "settings", "update", "delete", "read", "snapshot")
    }
    return Kind(
        name,
        id=entry.get("id", "@id"),
        ref=entry.get("ref", "@id"),
        attributes=entry.get("attributes", {}),
        set=entry.get("set", {}),
        name=entry.get("name", {}),
        replace=frozenset(entry.get("replace", ())),
        in_place=frozenset(entry.get("in_place", ())),
        stays=frozenset(entry.get("stays", ())),
        refreshes=frozenset(entry.get("refreshes", ())),
        defaults=entry.get("defaults", {}),
        **steps,
    )


def _steps(kind: str, entries: Any) -> Iterator[Step]:
    listed = entries if isinstance(entries, list) else [entries] if entries else []
    for each in listed:
        # An anchor may stand for several steps.
        yield from _steps(kind, each) if isinstance(each, list) else [_step(kind, each)]


_OTHER = ("take", "tagspec", "rename", "save", "when", "each", "key", "undo", "until", "unless", "whole")


def _step(kind: str, entry: Mapping[str, Any]) -> Step:
    ((call, arguments),) = ((key, each) for key, each in entry.items() if key not in _OTHER)
    service, _, operation = call.partition(".")
    arguments = arguments or {}
    takes = entry.get("take", ())
    if takes is True:
        takes = tuple(_same(kind, service, operation, arguments))
    when = entry.get("when", ())
    undo = entry.get("undo")
    return Step(
        service, operation, arguments, tuple(takes), entry.get("tagspec", ""), entry.get("rename", {}),
        entry.get("save", {}), (when,) if isinstance(when, str) else tuple(when), entry.get("each", ""),
        entry.get("key", ""), _step(kind, undo) if undo else None, entry.get("until", {}),
        tuple(entry.get("unless", ())), entry.get("whole", operation.startswith(("Put", "Replace"))),
    )  # fmt: skip


def _same(kind: str, service: str, operation: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    names = members(service, operation)
    for each in schema.properties(kind):
        member = member_named(names, each)
        if member and member not in arguments:
            yield each
