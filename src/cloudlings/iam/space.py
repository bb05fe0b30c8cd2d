"""All requests, cut down to the finitely many that two sets of policies can tell apart.

A decision depends on who calls, whose the resource is, the service, and which statements match. Each part
of a request (caller, action, resource, each condition key) decides for itself which statements can still
match, so the sets of matching statements are found part by part, and each new set is put to ``decide``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

from cloudlings.iam import actions as known
from cloudlings.iam import data, service_rules, shapes
from cloudlings.iam.actions import ANY_RESOURCE, ActionClass, Bundle
from cloudlings.iam.callers import HOME, Scene, callers, grantees
from cloudlings.iam.data import Action
from cloudlings.iam.decide import decide
from cloudlings.iam.difference import Difference
from cloudlings.iam.patterns import (
    ANY_RUN,
    Group,
    Pattern,
    TooManyStatesError,
    Witness,
    glob,
    kept_combinations,
)
from cloudlings.iam.reading import Reading
from cloudlings.iam.request import ContextValue, Policies, Principal, Request, account_of
from cloudlings.iam.sides import Sides
from cloudlings.iam.statements import Policy, Statement

MAX_SETS: Final = 30_000
"""How many sets of matching statements one kind of request may reach before the proof gives up."""
MAX_STATEMENTS: Final = 1_000
MAX_SIZE: Final = 100_000
"""What policies of both sides never reach, in characters: AWS's longest policy has 32,768 and some 300
statements."""

_PATIENCE: Final = 8
"""How many times the computing time may pass on a busy machine."""
_MAX_GRANTS: Final = 6
_FUNCTION_URL: Final = "lambda:InvokedViaFunctionUrl"
_ENCRYPTION_CONTEXT: Final = "kms:EncryptionContext:"


class NotProvenError(Exception):
    """The search must stop; the message says why."""


@dataclass(frozen=True)
class Bounds:
    """Which requests are asked about. Everything left open ranges over all values."""

    principals: tuple[Principal, ...] = ()
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    existing: tuple[str, ...] = ()
    account: str = ""
    as_aws_sends: bool = False
    outsiders_may: bool = False
    """Whether callers of other accounts may do everything as far as their own account is concerned."""
    seconds: float = 2.0


@dataclass(frozen=True)
class _Place:
    """One candidate resource."""

    mask: int
    text: str
    owner: str
    template: str
    witness: Witness | None = None


class Space:
    """The requests that matter for one comparison."""

    def __init__(self, granted: Policies, needed: Policies, bounds: Bounds) -> None:
        self.sides = Sides(granted, needed)
        self.bounds = bounds
        self.decided = 0
        self.reasons: list[str] = []
        self._computed_by = time.thread_time() + bounds.seconds
        now = time.monotonic()
        self._may_be_late_from, self._answer_by = now + bounds.seconds, now + bounds.seconds * _PATIENCE
        self._outcomes: dict[tuple[object, ...], tuple[bool, bool]] = {}
        self._reading = Reading(self.sides, bounds.as_aws_sends, self._inexact)
        self._classes: dict[tuple[int, bool], tuple[ActionClass, ...]] = {}
        self._places: dict[tuple[object, ...], tuple[_Place, ...]] = {}
        self._shapes: dict[tuple[tuple[str, ...], int], tuple[str, ...]] = {}
        self._fitting: dict[tuple[Group, str], bool] = {}

    def _inexact(self, reason: str) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    # --- what ranges over what --------------------------------------------------------------------

    @cached_property
    def home(self) -> str:
        """The account whose policies these are."""
        if self.bounds.account:
            return self.bounds.account
        known_callers = [p.account for p in self.bounds.principals if p.account]
        return next(iter([*self._resource_accounts, *known_callers]), HOME)

    @cached_property
    def _resource_texts(self) -> tuple[str, ...]:
        texts = (t for s in self.sides.statements for t in (*(s.resource or ()), *(s.not_resource or ())))
        return tuple(dict.fromkeys((*texts, *self.bounds.resources, *self.bounds.existing)))

    @cached_property
    def _resource_accounts(self) -> tuple[str, ...]:
        accounts = (account_of(text) for text in self._resource_texts)
        return tuple(dict.fromkeys(a for a in accounts if len(a) == 12 and a.isdigit()))

    @cached_property
    def partition(self) -> str:
        """The AWS partition that the policies speak of."""
        named = (
            text.split(":")[1] for text in self._resource_texts if text.startswith("arn:") and ":" in text
        )
        return next((name for name in named if name in ("aws-cn", "aws-us-gov")), "aws")

    @cached_property
    def callers(self) -> tuple[Principal, ...]:
        """Who may call, most telling first."""
        if self.bounds.principals:
            return self.bounds.principals
        names = [n for n in self._reading.user_names() if n and not set(n) & set("/: ")]
        found: list[Principal] = []
        homes = [self.home] if self.sides.has_principals else [self.home, *self._resource_accounts]
        for home in dict.fromkeys(homes):
            scene = Scene(home, self.partition, outsiders=self.sides.has_principals)
            found += callers(self.sides.statements, scene, self._reading.caller_patterns(), names)
        found += grantees(self.sides.grants)
        return tuple(dict.fromkeys(found))

    def _skippable(self, caller: Principal, mask: int) -> bool:
        """Whether no request that matches at most these statements can be allowed or come out differently."""
        if not self.sides.may_differ(mask):
            return True
        if caller.type == "root" or self.sides.grants:
            return False
        granting = self.sides.granting
        return not (mask & granting[0] or mask & granting[1])

    def _action_classes(self, caller: Principal, callers_mask: int) -> tuple[ActionClass, ...]:
        elements = [s.action or s.not_action or () for s in self.sides.members(callers_mask)]
        patterns = list(dict.fromkeys(t for texts in elements for t in texts if t != "*"))
        rest = self._reading.rest_mask() & callers_mask
        every = known.candidates(
            patterns,
            everything=not self._skippable(caller, rest),
            only_listed=self.bounds.as_aws_sends,
            # A grant is for single operations, whatever the policies say.
            alike=lambda name: self._reading.treats_alike(name) and not (name == "kms" and self.sides.grants),
            asked=self.bounds.actions,
        )
        if self.bounds.actions:
            every = self._asked_about(every)
        return known.classes(
            every,
            self._reading.action_mask,
            self._kind,
            keep=lambda mask: not self._skippable(caller, mask & callers_mask),
        )

    def _asked_about(self, bundles: Iterable[Bundle]) -> Iterator[Bundle]:
        for bundle in bundles:
            kept = tuple(a for a in bundle if known.covers(self.bounds.actions, a.name))
            if kept:
                yield kept

    def _kind(self, action: Action, mask: int) -> object:
        """What besides the statements that cover them tells two actions apart."""
        keys = known.applying(self.sides.keys, action) if self.bounds.as_aws_sends else ()
        if action.service == "kms":
            # Whether a key policy or a grant must allow hangs on the resource, and a grant is for operations.
            return keys, known.templates_of(action), action.name if self.sides.grants else ""
        return keys, self._told_apart(known.templates_of(action), mask)

    def _told_apart(self, templates: tuple[str, ...], mask: int) -> tuple[str, ...]:
        """Of some shapes of resources, as much as the statements can tell from other shapes."""
        groups = self._reading.resource_groups(mask)
        if not groups and not self.bounds.resources and not self.sides.has_principals:
            return ()
        found = self._shapes.get((templates, mask))
        if found is None:
            kept = {
                template
                if self.bounds.resources or any(self._fit(group, template) for group in groups)
                else "${Account}" * ("${Account}" in template)
                for template in templates
            }
            found = self._shapes[templates, mask] = tuple(sorted(kept))
        return found

    # --- resources --------------------------------------------------------------------------------

    def _owners(self, caller: Principal, template: str) -> tuple[str, ...]:
        """The accounts that may own a resource of this shape."""
        base = self.home if self.sides.has_principals or not caller.account else caller.account
        if self.bounds.outsiders_may and caller.account != self.home:
            return (base,)
        named = self._reading.literals("aws:resourceaccount")
        if "${Account}" not in template:
            if named:
                return tuple(dict.fromkeys((base, *named, shapes.stranger([base, *named]))))
            return (base,)
        found = [base, *self._resource_accounts, *named]
        if self.sides.has_principals:
            found += [account for account in (caller.account,) if account]
            found.append(shapes.stranger(found))
        elif named:
            found.append(shapes.stranger(found))
        return tuple(dict.fromkeys(found))

    def _resources(self, one: ActionClass, caller: Principal, mask: int, keys: Mapping[str, tuple[str, ...]]
                   ) -> tuple[_Place, ...]:  # fmt: skip
        found: list[_Place] = []
        for template in known.templates_of(one.first):
            for owner in self._owners(caller, template):
                found += self._places_of(template, owner, mask, keys)
        return tuple(found)

    def _places_of(
        self, template: str, owner: str, mask: int, keys: Mapping[str, tuple[str, ...]]
    ) -> tuple[_Place, ...]:
        """The candidates of one shape in one account: what exists first, then one for each way to match."""
        signature = (template, owner, mask, self._reading.signature(keys))
        found = self._places.get(signature)
        if found is None:
            found = self._places[signature] = tuple(self._walk_places(template, owner, mask, keys))
        return found

    def _walk_places(
        self, template: str, owner: str, mask: int, keys: Mapping[str, tuple[str, ...]]
    ) -> Iterator[_Place]:
        def place(text: str, witness: Witness | None = None) -> _Place:
            target = template.removeprefix("=") if text == "*" else text
            return _Place(self._reading.resource_mask(target, keys), text, owner, template, witness)

        if self._asked is not None and not _whole(template) and not self._fit(self._asked, template):
            return
        wanted = self._wanted
        for arn in self.bounds.existing:
            fits = not _whole(template) and (
                template == ANY_RESOURCE or shapes.fits(arn, template, self.partition)
            )
            if (
                fits
                and account_of(arn) in ("", owner)
                and (not wanted or any(w.matches(arn) for w in wanted))
            ):
                yield place(arn)
        if _whole(template):
            if not wanted or any(w.matches("*") for w in wanted):
                yield place("*")
            return
        shape: Pattern = (ANY_RUN,)
        if template != ANY_RESOURCE:
            shape = shapes.expand(template, partition=self.partition, account=owner)
        within = self._reading.made.of([shape])
        groups = self._reading.resource_groups(mask, keys)
        close = [g for g in groups if self._fit(g, template)]
        limits = (self._asked,) if self._asked is not None else ()
        for witness in kept_combinations(tuple(close), within, limits).values():
            self._check_time()
            yield place(witness.text, witness)

    @cached_property
    def _wanted(self) -> tuple[Group, ...]:
        """The resources that are asked about, each by itself; none where all are."""
        return tuple(Group([glob(text)]) for text in self.bounds.resources)

    @cached_property
    def _asked(self) -> Group | None:
        """The resources that are asked about, as one; None where all are."""
        return self._reading.made.of(map(glob, self.bounds.resources)) if self.bounds.resources else None

    def _fit(self, group: Group, template: str) -> bool:
        key = (group, template)
        found = self._fitting.get(key)
        if found is None:
            found = self._fitting[key] = _compatible(group, template, self.partition)
        return found

    # --- the search -------------------------------------------------------------------------------

    def differences(self) -> Iterator[Difference]:
        """Every kind of request that comes out differently. Raises NotProvenError when it must stop."""
        if len(self.sides.statements) > MAX_STATEMENTS or self.sides.size > MAX_SIZE:
            raise NotProvenError("The policies are longer than can be followed.")
        try:
            for rank, caller in enumerate(self.callers):
                yield from self._of_caller(caller, rank)
        except TooManyStatesError:
            raise NotProvenError("The patterns overlap in more ways than can be followed.") from None

    def _of_caller(self, caller: Principal, rank: int) -> Iterator[Difference]:
        possible = self._reading.caller_mask(caller, self.home)
        own = self._reading.own_keys(caller, self.home, self.bounds.context)
        possible &= self._reading.fixed_mask(own, self.bounds.context)
        if self._skippable(caller, possible):
            return
        classes = self._classes_for(caller, possible)
        for assigned in self._reading.assignments(own, possible, self.bounds.context):
            for one in classes:
                for added in self._read_by_decide(one.first, caller):
                    settled = {**assigned, **{k: v for k, v in added.items() if k.lower() not in own}}
                    keys = {**own, **{k.lower(): (v,) for k, v in settled.items() if v is not None}}
                    fixed = {**self.bounds.context, **settled}
                    mask = one.mask & possible & self._reading.assigned_mask(keys, fixed)
                    if not self._skippable(caller, mask):
                        yield from self._of_class(one, caller, rank, mask, keys, fixed)

    def _read_by_decide(self, action: Action, caller: Principal) -> Sequence[Mapping[str, str]]:
        """The keys that ``decide`` reads itself for this action, in each way that makes a difference."""
        if caller.type == "anonymous" and action.name == "lambda:InvokeFunction":
            return ({_FUNCTION_URL: "true"},)
        if action.service != "kms" or not self.sides.grants:
            return ({},)
        if len(self.sides.grants) > _MAX_GRANTS:
            self._inexact("There are more grants than can be followed.")
        found: list[dict[str, str]] = [{}]
        for grant in self.sides.grants[:_MAX_GRANTS]:
            wanted = grant.context_equals or grant.context_subset or ()
            made = {f"{_ENCRYPTION_CONTEXT}{key}": value for key, value in wanted}
            made |= {"aws:SourceArn": grant.source_arn} if grant.source_arn else {}
            found += [{**before, **made} for before in found]
        return tuple({tuple(sorted(one.items())): one for one in found}.values())

    def _classes_for(self, caller: Principal, mask: int) -> tuple[ActionClass, ...]:
        key = (mask, caller.type == "root")
        if key not in self._classes:
            self._classes[key] = self._action_classes(caller, mask)
        return self._classes[key]

    def _of_class(
        self,
        one: ActionClass,
        caller: Principal,
        rank: int,
        mask: int,
        keys: Mapping[str, tuple[str, ...]],
        fixed: Mapping[str, ContextValue],
    ) -> Iterator[Difference]:
        self._check_time()
        reached: dict[tuple[int, str], tuple[_Place, tuple[tuple[str, ContextValue], ...]]] = {}
        start = tuple(fixed.items())
        for place in self._resources(one, caller, mask, keys):
            left = mask & place.mask & self._reading.owner_mask(place.owner, keys)
            if not self._skippable(caller, left):
                reached.setdefault((left, place.owner), (place, start))
        for key in self._open_keys(keys, fixed, mask):
            reached = self._branch(reached, caller, key, one.first, keys)
        for (left, owner), (place, context) in reached.items():
            self._check_time()
            outcome = self._settle(caller, one, owner, left, place, context)
            if outcome[0] != outcome[1]:
                yield Difference(
                    outcome[0],
                    one,
                    caller,
                    rank,
                    owner,
                    place.text,
                    place.witness,
                    place.template,
                    left,
                    context,
                    owner != self.home,
                )

    def _check_time(self) -> None:
        if self.too_late():
            raise NotProvenError(f"The search took longer than {self.bounds.seconds:.1f} s.")

    def too_late(self) -> bool:
        """Whether to stop: by computing time, so that others' work changes no answer; up to a point."""
        now = time.monotonic()
        # A thread computes no longer than it is there: until then its own time, which costs more, is unread.
        return now > self._may_be_late_from and (
            time.thread_time() > self._computed_by or now > self._answer_by
        )

    def _open_keys(self, keys: Mapping[str, object], fixed: Mapping[str, object], mask: int) -> Iterator[str]:
        closed = {key.lower() for key in fixed} | set(keys) | self._reading.never_open
        for key in self.sides.keys:
            if key.lower() not in closed and self._reading.touched(key) & mask:
                yield key

    def _branch(
        self,
        reached: dict[tuple[int, str], tuple[_Place, tuple[tuple[str, ContextValue], ...]]],
        caller: Principal,
        key: str,
        action: Action,
        keys: Mapping[str, tuple[str, ...]],
    ) -> dict[tuple[int, str], tuple[_Place, tuple[tuple[str, ContextValue], ...]]]:
        """Every reached set of statements, once for each way in which this key can narrow it."""
        touched = self._reading.touched(key)
        parts = self._reading.parts(key, keys, action if self.bounds.as_aws_sends else None, caller)
        found: dict[tuple[int, str], tuple[_Place, tuple[tuple[str, ContextValue], ...]]] = {}
        for (mask, owner), (place, context) in reached.items():
            self._check_time()
            if not mask & touched:
                found.setdefault((mask, owner), (place, context))
                continue
            for part_mask, value in parts:
                left = mask & (part_mask | ~touched)
                if (left, owner) not in found and not self._skippable(caller, left):
                    added = context if value is None else (*context, (key, value))
                    found[left, owner] = (place, added)
        if len(found) > MAX_SETS:
            raise NotProvenError("The conditions combine in more ways than can be followed.")
        return found

    def _settle(
        self,
        caller: Principal,
        one: ActionClass,
        owner: str,
        mask: int,
        place: _Place,
        context: tuple[tuple[str, ContextValue], ...],
    ) -> tuple[bool, bool]:
        """Whether the granted and the needed policies allow it: by ``decide``, once for each kind."""
        special = (service_rules.is_role_trust, service_rules.is_kms_key)
        request = Request(caller, one.first.name, place.text, owner, dict(context))
        kind = (known.flavour(one.first), *(test(request) for test in special))
        key: tuple[object, ...] = (caller, owner, kind, mask)
        if self.sides.grants:
            key = (*key, one.first.name, context)
        found = self._outcomes.get(key)
        if found is None:
            decisions = (decide(request, side).allowed for side in self.sides_for(caller))
            found = self._outcomes[key] = tuple(decisions)  # type: ignore[assignment]
            self.decided += 1
        return found  # type: ignore[return-value]

    def sides_for(self, caller: Principal) -> tuple[Policies, Policies]:
        """The policies of both sides as they apply to this caller."""
        both = (self.sides.granted, self.sides.needed)
        if not self.bounds.outsiders_may or caller.account in ("", self.home):
            return both
        return replace(both[0], **_EVERYTHING), replace(both[1], **_EVERYTHING)

    def must_have(self, key: str) -> bool:
        """Whether a request that is asked about cannot do without the condition key."""
        if key.lower() in {fixed.lower() for fixed in self.bounds.context}:
            return True
        return self.bounds.as_aws_sends and data.always_present(key)

    def readable(self, difference: Difference) -> str:
        """The resource with names that read like real ones, where the statements it matches stay the same."""
        if difference.witness is None:
            return difference.resource
        keys = dict(Request(difference.caller, "s3:GetObject", "*", difference.owner,
                            dict(difference.context)).keys)  # fmt: skip
        wanted = self._reading.resource_mask(difference.resource, keys)
        limits = [Group([glob(text)]) for text in self.bounds.resources]

        def same(text: str) -> bool:
            fits = difference.template == ANY_RESOURCE or shapes.fits(
                text, difference.template, self.partition
            )
            kept = not limits or any(limit.matches(text) for limit in limits)
            return fits and kept and self._reading.resource_mask(text, keys) == wanted

        text = shapes.presentable(difference.witness, shapes.words_for(difference.template), same)
        return shapes.regional(text, same)


_EVERYTHING: Final[Mapping[str, Any]] = {
    "identity": (
        Policy((Statement("Allow", action=("*",), resource=("*",)),), "2012-10-17", name="own account"),
    ),
    "groups": (), "boundary": None, "session": (), "scp": (),
}  # fmt: skip


def _whole(template: str) -> bool:
    """Whether requests of this shape are about no resource in particular."""
    return template == "*" or template.startswith("=")


def _compatible(group: Group, template: str, partition: str) -> bool:
    """Whether a resource of this shape could match one of the patterns, going by how they begin."""
    if template == ANY_RESOURCE:
        return True
    if _whole(template):
        return group.matches(template.removeprefix("="))
    start = template.split("${Region}")[0].split("${Account}")[0].replace("${Partition}", partition)
    start = start.split("${")[0].split("*")[0]
    state = group.read(group.start, start)
    if template.removeprefix("arn:${Partition}:").partition(":")[2].startswith("${Region}"):
        return any(group.leads_on(state, char) for char in (None, *shapes.NAME_CHARS))
    return group.leads_on(state)
