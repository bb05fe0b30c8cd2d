"""Which Allow came close: statements of a layer that lacks an Allow and fail on one point only.

A statement that fits but for its condition, its resource or its principal is what a person would look at
first. A statement about other actions is not close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cloudlings.iam.decision import Decision, Layer
from cloudlings.iam.matching import Reach, matcher, reach
from cloudlings.iam.request import Policies, Request
from cloudlings.iam.statements import Condition, Policy, Statement

_NAMING: tuple[Layer, ...] = ("resource", "trust", "vpce")


@dataclass(frozen=True)
class NearMiss:
    """An Allow that fails on one point: which point, and what there is instead, in plain words."""

    layer: Layer
    statement: Statement
    point: Literal["condition", "resource", "principal"]
    detail: str

    def __str__(self) -> str:
        return f"{self.statement.label} would allow it, but {self.detail}."


def near_misses(decision: Decision) -> tuple[NearMiss, ...]:
    """The near misses of an implicit deny, those that fail on a condition first; () for other outcomes."""
    if decision.outcome != "ImplicitDeny" or decision.policies is None:
        return ()
    found = [
        near
        for layer in _lacking(decision)
        for policy in _policies(layer, decision.policies)
        for statement in policy.statements
        for near in _near(layer, statement, decision.request)
    ]
    order = ("condition", "resource", "principal")
    return tuple(sorted(found, key=lambda near: order.index(near.point)))


def _lacking(decision: Decision) -> tuple[Layer, ...]:
    """The layers that lack an Allow, and the resource's policy, which could have granted it as well."""
    layers = [layer.layer for layer in decision.missing]
    if "identity" in layers and decision.layer("resource").verdict == "silent":
        layers.append("resource")
    return tuple(dict.fromkeys(layers))


def _policies(layer: Layer, policies: Policies) -> tuple[Policy, ...]:
    one = {
        "boundary": policies.boundary,
        "resource": policies.resource,
        "trust": policies.trust or policies.resource,
        "vpce": policies.vpce,
    }
    if layer in one:
        policy = one[layer]
        return () if policy is None else (policy,)
    if layer == "identity":
        return (*policies.identity, *policies.groups)
    if layer == "scp":
        return tuple(policy for level in policies.scp for policy in level)
    return policies.session if layer == "session" else ()


def _near(layer: Layer, statement: Statement, request: Request) -> Iterator[NearMiss]:
    compiled = matcher(statement)
    if statement.effect != "Allow" or not compiled.action(request.folded_action):
        return
    named = layer not in _NAMING or reach(statement, request) is not Reach.NONE
    covered = compiled.resource(request)
    failing = [
        condition
        for condition, holds in zip(statement.conditions, compiled.conditions, strict=True)
        if not holds(request.keys)
    ]
    if named and covered and len(failing) == 1:
        yield NearMiss(layer, statement, "condition", _of_condition(failing[0], request))
    if named and not covered and not failing:
        others = ", ".join((statement.resource or statement.not_resource or ())[:2])
        verb = "covers" if statement.resource is not None else "leaves out"
        yield NearMiss(layer, statement, "resource", f"it {verb} {others}, not {request.resource}")
    if not named and covered and not failing:
        yield NearMiss(layer, statement, "principal", f"it does not name {request.principal}")


def _of_condition(condition: Condition, request: Request) -> str:
    values = request.keys.get(condition.folded_key, ())
    has = f"{condition.key} = {', '.join(values)}" if values else f"no {condition.key}"
    wanted = f"{condition.name} on {condition.key} ({', '.join(condition.values)})"
    return f"its condition {wanted} does not hold: the request has {has}"
