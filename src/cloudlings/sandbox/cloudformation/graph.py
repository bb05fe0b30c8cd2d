"""The order of a template's resources: what each needs first, and circles refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter

from cloudlings.sandbox.cloudformation.functions import references
from cloudlings.sandbox.cloudformation.invalid import Invalid
from cloudlings.sandbox.cloudformation.template import Resource, Template

Needs = Mapping[str, frozenset[str]]


def needs(template: Template) -> Needs:
    """What each resource refers to or depends on, by name. Raises Invalid."""
    return {name: _needs(one, template.resources) for name, one in template.resources.items()}


def _needs(one: Resource, every: Collection[str]) -> frozenset[str]:
    referred = {name for name, _ in references(dict(one.properties))}
    return frozenset((referred | set(one.depends_on)) & set(every)) - ({one.name} - referred)


def order(graph: Needs) -> tuple[str, ...]:
    """The names, each after what it needs. Raises Invalid, with AWS's words, for a circle."""
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        names = sorted(set(error.args[1]))
        raise Invalid(f"Circular dependency between resources: [{', '.join(names)}]") from None


def reverse(graph: Needs) -> dict[str, frozenset[str]]:
    """Who needs each: the order of deletion."""
    return {name: frozenset(other for other, first in graph.items() if name in first) for name in graph}
