"""IAM's policy simulator on its real API: SimulateCustomPolicy, SimulatePrincipalPolicy, the context keys.

Source: IAM API reference, those four operations; the words of refusals as their users report them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any, Final

from cloudlings.errors import PolicyError
from cloudlings.iam.conditions import read_date, read_number, read_range
from cloudlings.iam.documents import parse
from cloudlings.iam.globs import glob, plain
from cloudlings.iam.request import ContextValue, Levels, Principal, account_of
from cloudlings.sandbox.authorization.account import levels_of
from cloudlings.sandbox.own.iam_policies import UNCLEAR, Attached, Entity, entity_of, kind_and_name
from cloudlings.sandbox.own.registry import Answer, Handling, Output, Refusal, answers
from cloudlings.sandbox.own.simulator import Simulation, Source, evaluate, keys_of

_ACTION: Final = re.compile(r"[\w-]+:[\w-]+")
_ARN: Final = re.compile(r"arn:[\w-]+:[^:]*:[^:]*:[^:]*:.+", re.DOTALL)
_OWNER: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}):.+")
_PAGE: Final = 100
_FULL: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
_HANDLING: Final = {
    "EC2-VPC-InstanceStore": ("instance", "image", "security-group", "network-interface"),
    "EC2-VPC-InstanceStore-Subnet": ("instance", "image", "security-group", "network-interface", "subnet"),
    "EC2-VPC-EBS": ("instance", "image", "security-group", "network-interface", "volume"),
    "EC2-VPC-EBS-Subnet": ("instance", "image", "security-group", "network-interface", "subnet", "volume"),
}


class Invalid(Exception):
    """An input that the simulator does not take; its text is IAM's message."""


class Unknown(Exception):
    """A policy that is attached, and whose document this sandbox does not have."""


@answers("iam", "SimulateCustomPolicy")
async def simulate_custom_policy(given: Handling) -> Answer:
    """The effect of the policies that the request holds."""
    return await _answer(given, None)


@answers("iam", "SimulatePrincipalPolicy")
async def simulate_principal_policy(given: Handling) -> Answer:
    """The effect of the policies of a user, group or role, and of those that the request holds."""
    entity = await entity_of(given, given.input.get("PolicySourceArn", ""))
    return entity if isinstance(entity, Refusal) else await _answer(given, entity)


@answers("iam", "GetContextKeysForCustomPolicy")
def context_keys_for_custom_policy(given: Handling) -> Answer:
    """The condition keys that the request's policies read."""
    return _context_keys(given.input.get("PolicyInputList", []))


@answers("iam", "GetContextKeysForPrincipalPolicy")
async def context_keys_for_principal_policy(given: Handling) -> Answer:
    """The condition keys that a user's, group's or role's policies read, and those of the request."""
    entity = await entity_of(given, given.input.get("PolicySourceArn", ""))
    if isinstance(entity, Refusal):
        return entity
    return _context_keys([*(one.text for one in entity.policies), *given.input.get("PolicyInputList", [])])


def _context_keys(texts: Iterable[str]) -> Answer:
    found: dict[str, str] = {}
    for number, text in enumerate(texts, 1):
        try:
            policy = parse(text)
        except PolicyError as error:
            return Refusal("InvalidInput", f"Invalid Input Policy {number}: {error.message}")
        for statement in policy.statements:
            for key in keys_of(statement):
                found.setdefault(key.lower(), key)
    return {"ContextKeyNames": list(found.values())}


# --- a simulation --------------------------------------------------------------------------------


async def _answer(given: Handling, entity: Entity | None) -> Answer:
    asked = given.input
    try:
        simulation = await _simulation(given, entity)
        actions = _actions(asked)
        first = _first(asked.get("Marker"), len(actions))
    except Invalid as error:
        return Refusal("InvalidInput", str(error))
    except Unknown as error:
        return Refusal("PolicyEvaluation", str(error), 500)
    last = first + int(asked.get("MaxItems") or _PAGE)
    try:
        results = [evaluate(simulation, action) for action in actions[first:last]]
    except PolicyError as error:
        return Refusal("InvalidInput", error.message)
    more = last < len(actions)
    return {"EvaluationResults": results, "IsTruncated": more, "Marker": _marker(last) if more else None}


async def _simulation(given: Handling, entity: Entity | None) -> Simulation:
    asked = given.input
    resources = _resources(asked)
    caller, tags = await _caller(given, entity)
    scp, management = await _organization(given, entity)
    simulation = Simulation(
        sources=_sources(asked, entity),
        resources=resources,
        account=given.account_id,
        caller=caller,
        owner=_owner(asked.get("ResourceOwner", "")),
        context={**tags, **_context(asked.get("ContextEntries", []))},
        scp=scp,
        management=management,
    )
    if asked.get("ResourcePolicy") and (caller is None or caller.type != "user"):
        named = "Caller must be an IAM user in this context." if caller else "CallerArn is required."
        raise Invalid(f"Invalid caller - {named}")
    return simulation


def _actions(asked: Output) -> list[str]:
    actions = [str(name) for name in asked.get("ActionNames", [])]
    wrong = [name for name in actions if not _ACTION.fullmatch(name)]
    if wrong or not actions:
        raise Invalid(f"Invalid Input Actions: {', '.join(wrong) or 'none is named'}")
    return actions


def _resources(asked: Output) -> tuple[str, ...]:
    arns = [str(arn) for arn in asked.get("ResourceArns", [])]
    wrong = [arn for arn in arns if arn != "*" and not _ARN.fullmatch(arn)]
    if wrong:
        raise Invalid(f"ResourceNames are not in a valid ARN format: {', '.join(wrong)}.")
    option = asked.get("ResourceHandlingOption")
    if option is not None:
        _check_handling(option, arns)
    return tuple(dict.fromkeys(arns))


def _check_handling(option: str, arns: list[str]) -> None:
    if option not in _HANDLING:
        raise Invalid(f"Invalid Resource Handling Option: {option} is none of {', '.join(_HANDLING)}.")
    there = {arn.split(":", 5)[-1].partition("/")[0] for arn in arns}
    lacking = [kind for kind in _HANDLING[option] if kind not in there]
    if lacking:
        raise Invalid(f"{option} requires resources of type {', '.join(lacking)}.")


def _owner(arn: str) -> str:
    found = _OWNER.fullmatch(arn)
    if arn and not found:
        raise Invalid(f"'{arn}' is not a valid as a Resource Owner.")
    return found[1] if found else ""


# --- the caller ----------------------------------------------------------------------------------


async def _caller(given: Handling, entity: Entity | None) -> tuple[Principal | None, dict[str, ContextValue]]:
    """Who calls, with the keys that their tags make. None where the request names nobody."""
    arn = given.input.get("CallerArn") or (entity.arn if entity else "")
    if not arn:
        return None, {}
    kind, name = kind_and_name(arn)
    if not name:
        raise Invalid(f"Invalid Entity Arn: {arn} {UNCLEAR}")
    known: Entity | Refusal | None = entity if entity and entity.arn == arn else None
    if known is None and account_of(arn) == given.account_id:
        known = await entity_of(given, arn)
    id_, tags = (known.id, known.tags) if isinstance(known, Entity) else ("", {})
    keys: dict[str, ContextValue] = {f"aws:PrincipalTag/{key}": value for key, value in tags.items()}
    if kind == "group":
        # A group calls nothing: whatever tells one user from another is open.
        return Principal("user", arn), {**keys, "aws:username": None, "aws:PrincipalType": None}
    return Principal("role" if kind == "role" else "user", arn, id=id_), keys


# --- policies ------------------------------------------------------------------------------------


def _sources(asked: Output, entity: Entity | None) -> tuple[Source, ...]:
    held = _kept(entity, asked.get("PolicyExclusionList", [])) if entity else ()
    unknown = [one.name for one in held if not one.text]
    if unknown:
        raise Unknown(f"The document of {unknown[0]} is not known to this sandbox.")
    found = [Source(one.name, one.text) for one in held if not one.bounds]
    inputs = asked.get("PolicyInputList", [])
    found += [Source(f"PolicyInputList.{number}", text) for number, text in enumerate(inputs, 1)]
    bounds = asked.get("PermissionsBoundaryPolicyInputList", [])
    if len(bounds) > 1:
        raise Invalid("The list of Permissions Boundary policies cannot exceed 1 items.")
    if bounds:
        found.append(Source("PermissionsBoundaryPolicyInputList.1", bounds[0], "boundary"))
    elif (
        entity and entity.boundary and entity.boundary in _kept(entity, asked.get("PolicyExclusionList", []))
    ):
        found.append(Source(entity.boundary.name, entity.boundary.text, "boundary"))
    if asked.get("ResourcePolicy"):
        found.append(Source("ResourcePolicy", asked["ResourcePolicy"], "resource"))
    for source in found:
        _check(source)
    return tuple(found)


def _check(source: Source) -> None:
    from cloudlings.iam.validation import validate

    problems = validate(source.text, "inline") if source.layer != "resource" else ()
    try:
        parse(source.text)
    except PolicyError as error:
        raise Invalid(f"Invalid Input {source.id}: {error.message}") from error
    if problems:
        raise Invalid(f"Invalid Input {source.id}: {problems[0].message}")


def _kept(entity: Entity, exclusions: list[Output]) -> tuple[Attached, ...]:
    """The principal's policies and its boundary without those that are excluded."""
    every = (*entity.policies, *((entity.boundary,) if entity.boundary else ()))
    return tuple(one for one in every if not any(_excludes(each, one) for each in exclusions))


def _excludes(exclusion: Output, one: Attached) -> bool:
    arn, inline = exclusion.get("PolicyArn"), exclusion.get("InlinePolicyIdentifier")
    if arn is not None:
        _check_pattern(arn, _ARN.fullmatch(arn) is not None)
        return one.arn != "" and glob(plain(arn))(one.arn)
    if inline is not None:
        holder = inline.get("AttachmentName", "")
        _check_pattern(holder, bool(holder))
        same = one.name == inline.get("PolicyName") and one.kind == inline.get("AttachmentType")
        return one.arn == "" and same and glob(plain(holder))(one.holder)
    return _is_of_type(exclusion.get("PolicyType", ""), one)


def _check_pattern(text: str, well_formed: bool) -> None:
    if not well_formed or text.count("*") > 1:
        raise Invalid(f"Invalid Policy Identifier: {text}")


def _is_of_type(kind: str, one: Attached) -> bool:
    own = one.arn.startswith("arn:aws:iam::aws:")
    return {
        "inline": one.arn == "",
        "aws-managed": own and not one.bounds,
        "user-managed": one.arn != "" and not own and not one.bounds,
        "permission-boundary": one.bounds,
    }.get(kind, False)


async def _organization(given: Handling, entity: Entity | None) -> tuple[Levels | None, str]:
    """The SCPs that bind the caller, level by level, and the management account; None without any."""
    levels = given.input.get("OrderedOrganizationPolicyInputList") or []
    if levels:
        texts = [level.get("ServiceControlPolicyInputList") or [] for level in levels]
        if not all(texts):
            number = texts.index([]) + 1
            words = f"Organization policy at index {number} must contain at least one service control policy"
            raise Invalid(words)
        return _levels([[f"SCP {n}", t] for n, t in enumerate(each, 1)] for each in texts), ""
    if entity is None:
        return None, ""
    if any(each.get("PolicyType") == "scp" for each in given.input.get("PolicyExclusionList", [])):
        return None, ""
    facts = (await given.services.facts(entity.arn, given.region)).get("organization") or {}
    if not facts.get("org"):
        return None, ""
    return _levels(level or [["FullAWSAccess", _FULL]] for level in facts["scp"]), str(facts["management"])


def _levels(levels: Iterable[Any]) -> Levels:
    try:
        return levels_of(levels)
    except PolicyError as error:
        raise Invalid(f"Invalid Input Organization Policy: {error.message}") from error


# --- context -------------------------------------------------------------------------------------


def _context(entries: list[Output]) -> dict[str, ContextValue]:
    found: dict[str, ContextValue] = {}
    for entry in entries:
        name, kind = str(entry.get("ContextKeyName", "")), str(entry.get("ContextKeyType") or "string")
        values = [str(value) for value in entry.get("ContextKeyValues", [])]
        if ":" not in name:
            raise Invalid(f"Invalid context key name: {name}")
        if not kind.endswith("List") and len(values) > 1:
            raise Invalid(f"Context key {name} of type {kind} has more than one value.")
        for value in values:
            if not _fits(kind.removesuffix("List"), value):
                raise Invalid(f"Invalid value for context key {name} of type {kind}: {value}")
        if values:
            found[name] = values if kind.endswith("List") else values[0]
    return found


def _fits(kind: str, value: str) -> bool:
    if kind == "binary":
        try:
            return bool(base64.b64decode(value, validate=True)) or value == ""
        except ValueError:
            return False
    if kind == "boolean":
        return value.lower() in ("true", "false")
    readers = {"numeric": read_number, "date": read_date, "ip": read_range}
    return kind not in readers or readers[kind](value) is not None


# --- pages ---------------------------------------------------------------------------------------


def _marker(number: int) -> str:
    return base64.urlsafe_b64encode(f"simulation:{number}".encode()).decode()


def _first(marker: str | None, length: int) -> int:
    if marker is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(marker).decode().partition(":")
        first = int(number)
    except ValueError:
        word, first = "", 0
    if word != "simulation" or not 0 < first < length:
        raise Invalid(f"Invalid Marker: {marker}")
    return first
