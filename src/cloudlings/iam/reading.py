"""What each part of a request means to the statements: which of them can still match, as a set of bits.

Every answer comes from the matchers that ``decide`` uses, so a proof and a decision never read a policy
in two ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Final

from cloudlings.iam import actions as known
from cloudlings.iam import data
from cloudlings.iam.conditions import compile_condition
from cloudlings.iam.data import Action
from cloudlings.iam.matching import Reach, complete_arn, denies, matcher, reach
from cloudlings.iam.operators import OPERATORS
from cloudlings.iam.patterns import ANY_RUN, Group, Groups, Pattern, glob, literal
from cloudlings.iam.request import ContextValue, Principal, Request
from cloudlings.iam.sides import Line, Sides
from cloudlings.iam.statements import Statement
from cloudlings.iam.unknowns import values_of_variable
from cloudlings.iam.values import Comparand, Value, kinds, pattern_of, sets_are_complete, sets_of
from cloudlings.iam.variables import Keys, Variable, template

_DERIVED: Final = frozenset(
    {
        "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username",
        "aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
        "aws:resourceaccount",
    }
)  # fmt: skip
"""Keys that follow from the caller and the resource; nobody can choose them."""

_OWNER_KEY: Final = "aws:resourceaccount"
_MAX_ASSIGNMENTS: Final = 400

_NICE: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:securetransport": ("true", "false"),
    "aws:sourcevpc": ("vpc-0a1b2c3d4e5f67890",),
    "aws:sourcevpce": ("vpce-0a1b2c3d4e5f67890",),
    "aws:principalorgid": ("o-exampleorg",),
    "aws:requestedregion": ("eu-north-1",),
    "aws:referer": ("https://example.org/",),
    "aws:useragent": ("curl/8.0",),
    "aws:sourceaccount": ("999988887777",),
    "aws:sourcearn": ("arn:aws:sns:us-east-1:999988887777:alerts",),
    "s3:prefix": ("", "photos/"),
    "s3:x-amz-server-side-encryption": ("AES256", "aws:kms"),
    "s3:x-amz-server-side-encryption-aws-kms-key-id": (
        "arn:aws:kms:us-east-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321",
    ),
    "s3:x-amz-acl": ("private", "public-read"),
}


@dataclass(frozen=True)
class _Target:
    """As much of a request as a Resource element looks at."""

    target: str
    keys: Keys


Part = tuple[int, ContextValue]
"""The statements that a value leaves possible, and the value (None: the key is not there)."""


class Reading:
    """The statements of a comparison, read part by part."""

    def __init__(self, sides: Sides, as_aws_sends: bool, inexact: Callable[[str], None]) -> None:
        self._sides = sides
        self._as_aws_sends = as_aws_sends
        self._inexact = inexact
        holds = {line: compile_condition(line.condition, line.version) for line in sides.lines}
        self._conditional = [
            (place, [(line, holds[line]) for line in (Line(c, s.version) for c in s.conditions)])
            for place, s in enumerate(sides.statements)
            if s.conditions
        ]
        self._parts: dict[tuple[object, ...], tuple[Part, ...]] = {}
        self._groups: dict[tuple[object, ...], tuple[Group, ...]] = {}
        self.made = Groups()
        self._action_tests = [matcher(s).action for s in sides.statements]
        self._service_masks: dict[str, int] = {}
        self._alike: dict[str, bool] = {}

    # --- actions ----------------------------------------------------------------------------------

    def action_mask(self, name: str) -> int:
        """The statements whose Action or NotAction covers the action."""
        folded = name.lower()
        service = folded.partition(":")[0]
        if not self.treats_alike(service):
            return self._covering(folded)
        found = self._service_masks.get(service)
        if found is None:
            found = self._service_masks[service] = self._covering(folded)
        return found

    def treats_alike(self, service: str) -> bool:
        """Whether each statement covers all actions of the service or none."""
        found = self._alike.get(service)
        if found is None:
            found = all(_treats_alike(s, service) for s in self._sides.statements)
            self._alike[service] = found
        return found

    def _covering(self, folded: str) -> int:
        return _mask(test(folded) for test in self._action_tests)

    def rest_mask(self) -> int:
        """The statements that cover every action which no pattern but ``*`` names."""
        return _mask("*" in s.action if s.action is not None else "*" not in (s.not_action or ())
                     for s in self._sides.statements)  # fmt: skip

    # --- callers ----------------------------------------------------------------------------------

    def caller_mask(self, caller: Principal, owner: str) -> int:
        """The statements that can be about this caller."""
        request = Request(caller, "s3:GetObject", resource_account=owner)
        return _mask(_about(s, request) for s in self._sides.statements)

    def own_keys(self, caller: Principal, owner: str, context: Mapping[str, ContextValue]) -> dict[str, Any]:
        """The keys that the caller and the fixed part of the context settle, without the resource's owner."""
        keys = dict(Request(caller, "s3:GetObject", "*", owner, context).keys)
        if _OWNER_KEY not in {key.lower() for key in context}:
            keys.pop(_OWNER_KEY, None)
        return keys

    def fixed_mask(self, keys: Keys, closed: Iterable[str]) -> int:
        """The statements whose conditions on settled keys hold, as far as no open variable stands in them."""
        settled = self._settled(keys, closed)
        known = set(keys) | self.never_open
        return self._conditions_mask(
            keys,
            lambda line: line.condition.folded_key in settled and all(v in known for v in _variables(line)),
        )

    def assigned_mask(self, keys: Keys, closed: Iterable[str]) -> int:
        """The statements whose conditions on settled keys hold, now that every variable has its value."""
        settled = self._settled(keys, closed)
        return self._conditions_mask(keys, lambda line: line.condition.folded_key in settled)

    def _settled(self, keys: Keys, closed: Iterable[str]) -> set[str]:
        return (set(keys) | self.never_open | {key.lower() for key in closed}) - {_OWNER_KEY}

    def owner_mask(self, owner: str, keys: Keys) -> int:
        """The statements whose conditions on the resource's account hold."""
        if _OWNER_KEY in keys:
            return self._sides.everything
        both = {**keys, _OWNER_KEY: (owner,)}
        return self._conditions_mask(both, lambda line: line.condition.folded_key == _OWNER_KEY)

    def _conditions_mask(self, keys: Keys, wanted: Callable[[Line], bool]) -> int:
        mask = 0
        for place, lines in self._conditional:
            if not all(holds(keys) for line, holds in lines if wanted(line)):
                mask |= 1 << place
        return self._sides.everything & ~mask

    @property
    def never_open(self) -> frozenset[str]:
        """Keys that nobody can choose."""
        return _DERIVED

    def caller_patterns(self) -> tuple[Group, ...]:
        """What conditions compare aws:PrincipalArn with."""
        lines = self._lines_on("aws:principalarn")
        return tuple(Group(self._comparand(line, {}).patterns) for line in lines if _test(line) != "null")

    def user_names(self) -> tuple[str, ...]:
        """User names that the conditions on aws:username and the variables that read it tell apart."""
        lines = self._lines_on("aws:username")
        named = bool(lines) or "aws:username" in self._sides.variables
        if not named:
            return ()
        fixed = [self._comparand(line, {}) for line in lines]
        within: Pattern = tuple(glob("?*"))
        found = values_of_variable(
            "aws:username", fixed, self._texts_with("aws:username"), within, self._inexact
        )
        return tuple(found)

    def literals(self, key: str) -> tuple[str, ...]:
        """The values that conditions name for a key, those with a wildcard or a variable left out."""
        values = (value for line in self._lines_on(key) for value in line.condition.values)
        return tuple(dict.fromkeys(v for v in values if not set(v) & set("*?$")))

    # --- resources --------------------------------------------------------------------------------

    def resource_mask(self, target: str, keys: Keys) -> int:
        """The statements whose Resource or NotResource covers the resource."""
        seen: Any = _Target(target, keys)
        return _mask(matcher(s).resource(seen) for s in self._sides.statements)

    def resource_groups(self, mask: int, keys: Keys | None = None) -> tuple[Group, ...]:
        """The resource patterns of some statements, those of one element together.

        Without ``keys`` a variable stands for anything.
        """
        signature = (mask, None if keys is None else self.signature(keys))
        found = self._groups.get(signature)
        if found is None:
            elements: dict[tuple[Pattern, ...], None] = {}
            for statement in self._sides.members(mask):
                texts = statement.resource if statement.resource is not None else statement.not_resource
                if texts and "*" not in texts:
                    # In one order, for the same patterns to be the same group.
                    patterns = (resource_pattern(text, statement, keys) for text in sorted(texts))
                    elements[tuple(p for p in patterns if p is not None)] = None
            found = self._groups[signature] = tuple(
                self.made.of(patterns) for patterns in elements if patterns
            )
        return found

    def signature(self, keys: Keys) -> tuple[object, ...]:
        """The values of the keys that variables read: what patterns depend on."""
        return tuple((name, keys.get(name)) for name in sorted(self._sides.variables))

    # --- condition keys ---------------------------------------------------------------------------

    def touched(self, key: str) -> int:
        """The statements with a condition on the key."""
        folded = key.lower()
        return self._touched.get(folded, 0)

    @cached_property
    def _touched(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for place, statement in enumerate(self._sides.statements):
            for condition in statement.conditions:
                found[condition.folded_key] = found.get(condition.folded_key, 0) | 1 << place
        return found

    def _lines_on(self, key: str) -> tuple[Line, ...]:
        folded = key.lower()
        return tuple(line for line in self._sides.lines if line.condition.folded_key == folded)

    def parts(self, key: str, keys: Keys, action: Action | None, caller: Principal) -> tuple[Part, ...]:
        """Every way in which the key can narrow the statements, with a value for each, the plainest first.

        With an action, only what AWS sends with it counts.
        """
        carried = action is None or (data.applies(key, action) and data.sent_by(key, caller.type))
        signature = (key, self.signature(keys), carried)
        found = self._parts.get(signature)
        if found is None:
            found = self._parts[signature] = tuple(self._narrow(key, keys, carried))
        return found

    def _narrow(self, key: str, keys: Keys, carried: bool) -> Iterator[Part]:
        met: set[int] = set()
        for value in self._values(key, keys) if carried else (None,):
            mask = self._value_mask(key, value, keys)
            if mask not in met:
                met.add(mask)
                yield mask, value

    def _value_mask(self, key: str, value: Value, keys: Keys) -> int:
        folded = key.lower()
        values = () if value is None else (value,) if isinstance(value, str) else value
        both = {**keys, folded: values} if values else {k: v for k, v in keys.items() if k != folded}
        return self._conditions_mask(both, lambda line: line.condition.folded_key == folded)

    def _values(self, key: str, keys: Keys) -> Iterator[Value]:
        lines = self._lines_on(key)
        comparands = [self._comparand(line, keys) for line in lines]
        whole = self._as_aws_sends
        if whole and data.key_type(key) == "Bool":
            yield from self._missing(key)
            yield from ("true", "false")
            return
        found = kinds(comparands, _NICE.get(key.lower(), ()), whole_numbers=whole)
        if not found.exact:
            self._inexact(f"{key} is compared both as text and as another type.")
        yield from self._missing(key)
        yield from found.values
        conditions = [line.condition for line in lines]
        if self._takes_several(key, conditions):
            yield from sets_of(found.values, conditions)
            if not sets_are_complete(found.values, conditions):
                self._inexact(f"{key} can hold more sets of values than can be followed.")

    def _missing(self, key: str) -> tuple[Value, ...]:
        """The absence of the key, where requests can lack it."""
        return () if self._as_aws_sends and data.always_present(key) else (None,)

    def _takes_several(self, key: str, conditions: Sequence[Any]) -> bool:
        several = data.may_have_several_values(key)
        if data.key_type(key) is None or not self._as_aws_sends:
            several = several and data.key_type(key) is not None
            return several or any(condition.qualifier for condition in conditions)
        return several

    def _comparand(self, line: Line, keys: Keys) -> Comparand:
        condition = line.condition
        patterns = []
        for value in condition.values:
            pieces = template(value, line.version).pieces(keys)
            if pieces is not None:
                patterns += pattern_of(condition, pieces)
        return Comparand(condition, tuple(patterns), condition.values)

    # --- variables --------------------------------------------------------------------------------

    def assignments(
        self, own: Keys, mask: int, context: Iterable[str] = ()
    ) -> Iterator[dict[str, str | None]]:
        """Every combination of values for the keys that variables read and nothing has settled: neither the
        caller nor ``context``, which may say of a key that it is missing."""
        used = {name for s in self._sides.members(mask) for name in s.variables}
        settled = {key.lower() for key in context}
        names = sorted(used - set(own) - self.never_open - settled)
        ranges = []
        for name in names:
            fixed = [self._comparand(line, own) for line in self._lines_on(name)]
            texts = self._texts_with(name)
            ranges.append([None, *values_of_variable(name, fixed, texts, (ANY_RUN,), self._inexact)])
        total = 1
        for values in ranges:
            total *= len(values)
        if total > _MAX_ASSIGNMENTS:
            self._inexact("The policy variables combine in more ways than can be followed.")
        for number, chosen in enumerate(product(*ranges)):
            if number >= _MAX_ASSIGNMENTS:
                return
            yield dict(zip((self._sides.spelled[name] for name in names), chosen, strict=True))

    def _texts_with(self, name: str) -> list[tuple[tuple[Any, ...], list[Pattern]]]:
        """Every text in which the variable stands, taken apart, with the fixed patterns beside it."""
        found: list[tuple[tuple[Any, ...], list[Pattern]]] = []
        resources = [
            (s, text)
            for s in self._sides.statements
            for text in (*(s.resource or ()), *(s.not_resource or ()))
        ]
        plain = [p for s, text in resources if (p := resource_pattern(text, s, {})) is not None]
        for statement, text in resources:
            parts = template(complete_arn(text), statement.version).parts
            if _reads(parts, name):
                found.append((parts, plain))
        for line in self._sides.lines:
            for value in line.condition.values:
                parts = template(value, line.version).parts
                if _reads(parts, name):
                    beside = [p for other in self._lines_on(line.condition.key)
                              for p in self._comparand(other, {}).patterns]  # fmt: skip
                    found.append((parts, beside))
        return found


def _reads(parts: Iterable[Any], name: str) -> bool:
    return any(isinstance(part, Variable) and part.key == name for part in parts)


def _variables(line: Line) -> Iterator[str]:
    for value in line.condition.values:
        for part in template(value, line.version).parts:
            if isinstance(part, Variable):
                yield part.key


def _test(line: Line) -> str:
    return OPERATORS[line.condition.operator].test


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << place for place, flag in enumerate(flags) if flag)


def _treats_alike(statement: Statement, service: str) -> bool:
    """Whether the statement covers all actions of the service or none, by the look of its patterns."""
    for pattern in statement.action or statement.not_action or ():
        prefix, colon, rest = pattern.lower().partition(":")
        if pattern != "*" and rest != "*" and (not colon or known.matcher(prefix)(service)):
            return False
    return True


def _about(statement: Statement, request: Request) -> bool:
    if statement.principal is None and statement.not_principal is None:
        return True
    if statement.effect == "Allow":
        return reach(statement, request) is not Reach.NONE
    return any(denies(statement, request, has_boundary=boundary) for boundary in (False, True))


def resource_pattern(text: str, statement: Statement, keys: Keys | None) -> Pattern | None:
    """A Resource's text as a pattern; None when a variable in it has no value."""
    found = template(complete_arn(text), statement.version)
    places: list[Any] = []
    for part in found.parts:
        if isinstance(part, Variable):
            if keys is None:
                places.extend((ANY_RUN,))
                continue
            values = keys.get(part.key, ())
            value = values[0] if len(values) == 1 and values[0] else part.default
            if value is None:
                return None
            places.extend(literal(value))
        else:
            places.extend(literal(part[0]) if part[1] else glob(part[0]))
    return tuple(places)
