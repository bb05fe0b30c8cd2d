"""The policy language once more, as formulas for z3: an oracle that shares no code with the proof.

It models the part that ``pairs`` generates: identity policies, boundary, session policy, SCPs and a resource
policy, for five callers. z3 looks for a request that one side allows and the other does not.
"""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from typing import Any

import z3

from tests.iam.pairs import HOME, OTHER, ROLE, SERVICES, SESSION, STRANGER, USER

Formula = Any
CALLERS = ("user", "session", "stranger", "anonymous", "service")
_SELF = {"user": USER, "session": SESSION, "stranger": STRANGER, "service": "sns.amazonaws.com"}
_ACCOUNT = {"user": HOME, "session": HOME, "stranger": OTHER}
_SLOTS = 4
# What the resource's own policy must allow even inside one account.
_GUARDED = ("kms:Decrypt", "kms:Encrypt", "kms:ScheduleKeyDeletion", "sts:AssumeRole", "sts:TagSession")

_CHAR = z3.AllChar(z3.ReSort(z3.StringSort()))
_ANY = z3.Star(_CHAR)
_SOME = z3.Concat(_CHAR, _ANY)


def _but(chars: str) -> Any:
    return z3.Intersect(
        _CHAR, z3.Complement(z3.Union(*map(z3.Re, chars)) if len(chars) > 1 else z3.Re(chars))
    )


_NO_COLON = z3.Star(_but(":"))
_NAME = z3.Plus(_but(":/"))
_REGION = z3.Plus(z3.Union(z3.Range("a", "z"), z3.Range("0", "9"), z3.Re("-")))


def _shape(*parts: Any) -> Any:
    return z3.Concat(*(z3.Re(part) if isinstance(part, str) else part for part in parts))


def _shapes(account: str) -> dict[str, list[tuple[Any, bool]]]:
    """The resources of each action: (shape, whether its ARN holds the account)."""
    bucket = (_shape("arn:aws:s3:::", _NAME), False)
    thing = (_shape("arn:aws:s3:::", _NAME, "/", _SOME), False)
    point = (_shape("arn:aws:s3:", _REGION, f":{account}:accesspoint/", _NAME), True)
    behind = (_shape("arn:aws:s3:", _REGION, f":{account}:accesspoint/", _NAME, "/object/", _SOME), True)
    queue = (_shape("arn:aws:sqs:", _REGION, f":{account}:", _NAME), True)
    table = (_shape("arn:aws:dynamodb:", _REGION, f":{account}:table/", _NAME), True)
    index = (_shape("arn:aws:dynamodb:", _REGION, f":{account}:table/", _NAME, "/index/", _NAME), True)
    function = (_shape("arn:aws:lambda:", _REGION, f":{account}:function:", _SOME), True)
    key = (_shape("arn:aws:kms:", _REGION, f":{account}:key/", _NAME), True)
    role = (_shape(f"arn:aws:iam::{account}:role/", _SOME), True)
    nothing = (z3.Re("*"), False)
    return {
        "s3:GetObject": [thing, behind], "s3:PutObject": [thing, behind], "s3:DeleteObject": [thing, behind],
        "s3:ListBucket": [bucket, point], "s3:GetBucketLocation": [bucket, point],
        "s3:ListAllMyBuckets": [(z3.Re("arn:aws:s3:::*"), False)],
        "sqs:SendMessage": [queue], "sqs:ReceiveMessage": [queue], "sqs:DeleteQueue": [queue],
        "sqs:ListQueues": [nothing], "dynamodb:GetItem": [table], "dynamodb:PutItem": [table],
        "dynamodb:Query": [table, index], "dynamodb:DeleteTable": [table],
        "lambda:InvokeFunction": [function], "lambda:GetFunction": [function],
        "lambda:DeleteFunction": [function], "lambda:ListFunctions": [nothing],
        "kms:Decrypt": [key], "kms:Encrypt": [key], "kms:ScheduleKeyDeletion": [key], "kms:ListKeys": [nothing],
        "sts:AssumeRole": [role], "sts:TagSession": [role],
    }  # fmt: skip


def _regex(pattern: str, ignore_case: bool = False, wild: bool = True, any_char: Any = _CHAR) -> Any:
    parts = [z3.Re("")]
    for char in pattern:
        if wild and char == "*":
            parts.append(z3.Star(any_char))
        elif wild and char == "?":
            parts.append(any_char)
        elif ignore_case and char.lower() != char.upper():
            parts.append(z3.Union(z3.Re(char.lower()), z3.Re(char.upper())))
        else:
            parts.append(z3.Re(char))
    return z3.Concat(*parts) if len(parts) > 1 else parts[0]


_VARIABLE = "${aws:PrincipalTag/team}"


class Unknown(Exception):
    """z3 gave no answer with the effort allowed."""


class Model:
    """The unknown request for one action and caller, and what it makes of policies."""

    def __init__(self, action: str, caller: str) -> None:
        self.action, self.caller = action, caller
        self.resource = z3.String("resource")
        self.present: dict[str, Any] = {}
        self.value: dict[str, Any] = {}
        self.rules: list[Formula] = []
        self.arn = [z3.String(f"arn{n}") for n in range(6)]
        self.is_arn = z3.Bool("is_arn")
        self.slots = [(z3.Bool(f"has{n}"), z3.String(f"tag{n}")) for n in range(_SLOTS)]
        self.v6 = z3.Bool("v6")

    def _key(self, key: str, make: Callable[[str], Any]) -> tuple[Any, Any]:
        if key not in self.value:
            self.value[key] = make(key)
            self.present[key] = z3.Bool(f"has {key}")
        return self.present[key], self.value[key]

    # --- conditions ---

    def condition(self, operator: str, key: str, values: list[str]) -> Formula:
        """One line of a Condition block."""
        if operator == "Null":
            absent = z3.Not(self._there(key))
            return z3.Or(*(absent if value == "true" else z3.Not(absent) for value in values))
        if ":" in operator:
            return self._set(operator, values)
        bare = operator.removesuffix("IfExists")
        negated = "Not" in bare
        present, matches = self._matches(bare, key, values)
        missing = negated or bare != operator
        return z3.If(present, z3.Not(matches) if negated else matches, z3.BoolVal(missing))

    def _there(self, key: str) -> Formula:
        if key == "aws:TagKeys":
            return z3.Or(*(z3.And(has, value != "") for has, value in self.slots))
        if key in ("aws:PrincipalTag/team", "s3:prefix", "sts:ExternalId"):
            present, value = self._key(key, z3.String)
            return z3.And(present, value != "")
        return self._matches(_OPERATOR_OF[key], key, ["0"])[0]

    def _matches(self, operator: str, key: str, values: list[str]) -> tuple[Formula, Formula]:
        """(the key is there, its value matches one of the values)"""
        if operator.startswith("String"):
            present, text = self._key(key, z3.String)
            ignore, wild = "IgnoreCase" in operator, "Like" in operator
            return present, z3.Or(*(self._fits(text, v, ignore, wild) for v in values))
        if operator.startswith("Arn"):
            present, _ = self._key(key, z3.Bool)
            return present, z3.And(self.is_arn, z3.Or(*(self._arn(v) for v in values)))
        if operator.startswith("Numeric"):
            present, number = self._key(key, z3.Real)
            return present, z3.Or(*(_compare(operator, number, z3.RealVal(v)) for v in values))
        if operator.startswith("Date"):
            present, number = self._key(key, z3.Real)
            return present, z3.Or(*(_compare(operator, number, _seconds(v)) for v in values))
        if operator == "Bool":
            present, flag = self._key(key, z3.Bool)
            return present, z3.Or(*(flag == (v == "true") for v in values))
        present, address = self._key(key, lambda name: z3.BitVec(name, 32))
        return present, z3.And(z3.Not(self.v6), z3.Or(*(_within(address, v) for v in values)))

    def _fits(self, text: Any, pattern: str, ignore: bool = False, wild: bool = True) -> Formula:
        """Whether a text matches a pattern, in which one variable may stand after plain text."""
        if _VARIABLE not in pattern:
            return z3.InRe(text, _regex(pattern, ignore, wild))
        before, after = pattern.split(_VARIABLE)
        present, value = self._key("aws:PrincipalTag/team", z3.String)
        start = z3.Concat(z3.StringVal(before), value) if before else value
        rest = z3.SubString(text, z3.Length(start), z3.Length(text) - z3.Length(start))
        ends = z3.InRe(rest, _regex(after, ignore, wild)) if after else rest == z3.StringVal("")
        return z3.And(present, value != "", z3.PrefixOf(start, text), ends)

    def _arn(self, pattern: str) -> Formula:
        parts = pattern.split(":", 5)
        if len(parts) != 6:
            return z3.BoolVal(False)
        return z3.And(*(z3.InRe(own, _regex(part)) for own, part in zip(self.arn, parts, strict=True)))

    def _set(self, operator: str, values: list[str]) -> Formula:
        qualifier, _, name = operator.partition(":")
        missing = z3.And(name.endswith("IfExists"), *(z3.Not(has) for has, _ in self.slots))
        negated, wild = "Not" in name, "Like" in name
        single = [
            z3.And(*(z3.Not(other) for m, (other, _) in enumerate(self.slots) if m != n))
            for n in range(_SLOTS)
        ]
        results = []
        for has, text in self.slots:
            match = z3.Or(*(z3.InRe(text, _regex(v, wild=wild)) for v in values))
            results.append((has, z3.Not(match) if negated else match))
        if qualifier == "ForAnyValue":
            return z3.Or(missing, *(z3.And(has, ok) for has, ok in results))
        lone_empty = z3.Or(*(z3.And(has, text == "", single[n]) for n, (has, text) in enumerate(self.slots)))
        return z3.Or(lone_empty, z3.And(*(z3.Implies(has, ok) for has, ok in results)))

    # --- statements ---

    def statement(self, statement: dict[str, Any]) -> Formula:
        """Whether action, resource and conditions fit."""
        element = "Action" if "Action" in statement else "NotAction"
        covered = any(_glob(p.lower(), self.action.lower()) for p in statement[element])
        if covered != (element == "Action"):
            return z3.BoolVal(False)
        parts = [
            self._covers(statement["Resource"]) if "Resource" in statement else
            z3.Not(self._covers(statement["NotResource"])) if "NotResource" in statement else
            z3.BoolVal(True)
        ]  # fmt: skip
        for operator, block in statement.get("Condition", {}).items():
            parts += [self.condition(operator, key, values) for key, values in block.items()]
        return z3.And(*parts)

    def _covers(self, patterns: list[str]) -> Formula:
        return z3.Or(*(self._fits(self.resource, pattern) for pattern in patterns))

    def _some(self, documents: list[dict[str, Any]], effect: str) -> Formula:
        return z3.Or(
            z3.BoolVal(False),
            *(self.statement(s) for d in documents for s in d["Statement"] if s["Effect"] == effect),
        )

    # --- the decision ---

    def allowed(self, layers: dict[str, Any], same_account: bool) -> Formula:
        """Whether this set of policies lets the request through."""
        own = self.caller in _ACCOUNT
        identity, session = layers.get("identity", []), layers.get("session", [])
        boundary = [layers["boundary"]] if "boundary" in layers else []
        levels = layers.get("scp", []) if own else []
        resource = layers.get("resource")
        denied = self._resource_denies(resource, bool(boundary)) if resource else z3.BoolVal(False)
        if own:
            flat = [d for level in levels for d in level]
            denied = z3.Or(denied, *(self._some(x, "Deny") for x in (identity, session, boundary, flat)))
        guards = [self._some(level, "Allow") for level in levels]
        limits = [self._some(x, "Allow") for x in (boundary, session) if x]
        direct, limited, delegated = (
            self._reached(resource, far) for far in ("direct", "limited", "delegated")
        )
        if not own:
            anonymous = self.caller == "anonymous"
            takes = not anonymous or self.action.split(":")[0] in ("s3", "sqs")
            grant = z3.And(z3.BoolVal(takes), direct)
        else:
            side = z3.And(self._some(identity, "Allow"), *limits)
            if same_account:
                guarded = self.action in _GUARDED
                alone = z3.And(side, delegated) if guarded else side
                grant = z3.Or(direct, z3.And(limited, *limits), alone)
            elif self.action == "kms:ScheduleKeyDeletion":
                grant = z3.BoolVal(False)
            else:
                grant = z3.And(side, z3.Or(direct, limited, delegated))
        return z3.And(z3.Not(denied), grant, *guards)

    def _reached(self, resource: dict[str, Any] | None, far: str) -> Formula:
        statements = resource["Statement"] if resource else []
        return z3.Or(z3.BoolVal(False), *(
            self.statement(s) for s in statements
            if s["Effect"] == "Allow" and self._far(s.get("Principal")) == far
        ))  # fmt: skip

    def _far(self, principal: Any) -> str:
        """How a Principal element names the caller."""
        if principal == "*":
            return "direct"
        names = _listed(principal)
        if _SELF.get(self.caller) in names:
            return "direct"
        if self.caller == "session" and ROLE in names:
            return "limited"
        return "delegated" if _ACCOUNT.get(self.caller) in names else ""

    def _resource_denies(self, resource: dict[str, Any], boundary: bool) -> Formula:
        found = [z3.BoolVal(False)]
        for statement in resource["Statement"]:
            if statement["Effect"] != "Deny":
                continue
            if "Principal" in statement:
                meant = bool(self._far(statement["Principal"]))
            else:
                meant = not self._spared(statement["NotPrincipal"], boundary)
            if meant:
                found.append(self.statement(statement))
        return z3.Or(*found)

    def _spared(self, principal: Any, boundary: bool) -> bool:
        if self.caller in _ACCOUNT and boundary:
            return False
        if principal == "*":
            return True
        names = _listed(principal)
        if self.caller == "service":
            return _SELF["service"] in names
        if self.caller not in _ACCOUNT:
            return False
        behind = ROLE if self.caller == "session" else _SELF[self.caller]
        return _ACCOUNT[self.caller] in names and behind in names

    def well_formed(self) -> list[Formula]:
        """What makes the unknowns a request."""
        rules = [z3.InRe(part, _NO_COLON) for part in self.arn[:5]]
        rules.append(self.arn[0] == "arn")
        return rules


def _listed(principal: dict[str, Any]) -> list[str]:
    return [n for names in principal.values() for n in (names if isinstance(names, list) else [names])]


_OPERATOR_OF = {
    "aws:SourceArn": "ArnLike", "aws:SourceIp": "IpAddress", "s3:max-keys": "NumericEquals",
    "aws:CurrentTime": "NumericEquals", "aws:SecureTransport": "Bool", "aws:MultiFactorAuthPresent": "Bool",
}  # fmt: skip


def _compare(operator: str, one: Any, other: Any) -> Formula:
    name = operator.removeprefix("Numeric").removeprefix("Date")
    return {
        "Equals": one == other, "NotEquals": one == other, "LessThan": one < other, "LessThanEquals": one <= other,
        "GreaterThan": one > other, "GreaterThanEquals": one >= other,
    }[name]  # fmt: skip


def _seconds(text: str) -> Any:
    return z3.RealVal(int(datetime.fromisoformat(text).timestamp())) if "T" in text else z3.RealVal(text)


def _within(address: Any, text: str) -> Formula:
    if text == "0":
        return z3.BoolVal(True)
    found = ipaddress.ip_network(text)
    mask = int(found.netmask)
    return (address & z3.BitVecVal(mask, 32)) == z3.BitVecVal(int(found.network_address), 32)


def _glob(pattern: str, text: str) -> bool:
    """Whether a pattern covers a text, by trying all ways."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_glob(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _glob(pattern[1:], text[1:])


def verdict(one: dict[str, Any], other: dict[str, Any], service: str, *, effort: int = 3_000_000) -> str:
    """equal, over, under or both; raises Unknown when z3 gives up on some part.

    ``effort`` is z3's own measure, which no busy machine changes.
    """
    over = under = False
    for action in SERVICES[service].actions:
        for caller in CALLERS:
            for account in (HOME, OTHER):
                for shape, holds_account in _shapes(account)[action]:
                    if account != HOME and not holds_account:
                        continue
                    model = Model(action, caller)
                    same = _ACCOUNT.get(caller) == account
                    sides = model.allowed(one, same), model.allowed(other, same)
                    if z3.simplify(sides[0]).eq(z3.simplify(sides[1])):
                        continue
                    given = [z3.InRe(model.resource, shape), *model.well_formed()]
                    over = over or _possible([*given, sides[0], z3.Not(sides[1])], effort)
                    under = under or _possible([*given, sides[1], z3.Not(sides[0])], effort)
                    if over and under:
                        return "both"
    return "over" if over else "under" if under else "equal"


def _possible(formulas: list[Formula], effort: int) -> bool:
    quick = z3.simplify(z3.And(*formulas))
    if z3.is_false(quick):
        return False
    solver = z3.Solver()
    solver.set("rlimit", effort)
    solver.add(quick)
    found = solver.check()
    if found == z3.unknown:
        raise Unknown(str(formulas)[:200])
    return bool(found == z3.sat)
