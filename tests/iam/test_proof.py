"""Proofs over all requests: each case of proofs.yaml, and what every comparison must hold."""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudlings.iam import (
    Comparison,
    Grant,
    Policies,
    Policy,
    Principal,
    Request,
    between,
    decide,
    prove,
    prove_resource_policy,
)  # fmt: skip
from cloudlings.iam.data import ACCESS_LEVELS

CASES = yaml.safe_load(Path(__file__).with_name("proofs.yaml").read_text(encoding="utf-8"))
SINGLE = ("boundary", "resource", "vpce", "trust")
HERE = "arn:aws:s3:::app-data"


def document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def side(layers: dict[str, Any]) -> Policies:
    """A side of a case: statements by layer, as policies."""
    made: dict[str, Any] = {}
    for name, statements in layers.items():
        if name in SINGLE:
            made[name] = document(statements)
        elif name in ("scp", "rcp"):
            made[name] = [[document(level)] for level in statements]
        else:
            made[name] = [document(statements)]
    return Policies.of(**made)


def options(case: dict[str, Any]) -> dict[str, Any]:
    found = dict(case.get("options", {}))
    if "principals" in found:
        found["principals"] = [Principal(**one) for one in found["principals"]]
    return found


def compared(case: dict[str, Any]) -> tuple[Policies, Policies, Comparison]:
    granted, needed = side(case["granted"]), side(case["needed"])
    return granted, needed, prove(granted, needed, **options(case))


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def identity(*statements: dict[str, Any]) -> Policies:
    return Policies.of(identity=[document(list(statements))])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    """The verdict is the case's, and the first counterexample is about what the case says."""
    _, _, found = compared(case)
    assert found.verdict == case["verdict"], str(found)
    for direction in ("over", "under"):
        for text in case.get(direction, []):
            assert text in getattr(found, direction)[0].sentence


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_turned_round(case: dict[str, Any]) -> None:
    """Exchanging the sides exchanges over and under."""
    granted, needed, found = compared(case)
    turned = prove(needed, granted, **options(case))
    swapped = {"over": "under", "under": "over"}
    assert turned.verdict == swapped.get(found.verdict, found.verdict)


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if not c.get("options", {}).get("outsiders_may")],
    ids=lambda case: case["title"],
)
def test_confirmed(case: dict[str, Any]) -> None:
    """Every counterexample carries both decisions, and decide gives them again."""
    granted, needed, found = compared(case)
    for example in (*found.over, *found.under):
        assert example.granted.allowed == (example.direction == "over") != example.needed.allowed
        assert decide(example.request, granted).outcome == example.granted.outcome
        assert decide(example.request, needed).outcome == example.needed.outcome


def test_worst_first() -> None:
    """Counterexamples come by access level, permissions management first, as many as asked for."""
    found = prove(identity(allow("s3:*", [HERE, f"{HERE}/*"])), Policies(), limit=40)
    levels = [ACCESS_LEVELS.index(example.access_level) for example in found.over]
    assert len(levels) == 40
    assert levels == sorted(levels)
    assert levels[0] == 0


def test_one_of_each_action_first() -> None:
    """Before a second request for an action is shown, each class of actions has had its turn."""
    found = prove(identity(allow("s3:GetObject", [f"{HERE}/*", "arn:aws:s3:::b2/*"]), allow("s3:DeleteObject", f"{HERE}/*")),
                  Policies(), limit=2)  # fmt: skip
    assert [example.request.action for example in found.over] == ["s3:DeleteObject", "s3:GetObject"]


def test_at_most_as_many_as_asked_for() -> None:
    """The limit holds for each direction, and none may be asked for."""
    wide = identity(allow("s3:*"))
    assert len(prove(wide, Policies(), limit=1).over) == 1
    assert prove(wide, Policies(), limit=0).over == ()
    assert prove(wide, Policies(), limit=0).verdict == "over"


def test_past_the_limit_nothing_is_proven() -> None:
    """A search that may not go on proves nothing: not equal, not over."""
    one = identity(*(allow("s3:GetObject", f"arn:aws:s3:::*{a}*{b}*{c}*") for a, b, c in _triples()))
    other = identity(*(allow("s3:GetObject", f"arn:aws:s3:::*{c}*{a}*{b}*") for a, b, c in _triples()),
                     allow("s3:PutObject", f"{HERE}/*"))  # fmt: skip
    found = prove(one, other, seconds=0.3)
    assert found.verdict in ("not_proven", "both")
    assert not found.equal
    if found.verdict == "not_proven":
        assert found.reason
        assert not found.grants_no_more
        assert not found.grants_enough


def _triples() -> list[tuple[str, str, str]]:
    letters = "abcdefghijkl"
    return [(letters[n], letters[n + 1], letters[(n * 3) % 12]) for n in range(11)]


def test_text_and_number_on_one_key_are_not_proven_equal() -> None:
    """A key compared as two types at once is said not to be decided, unless the texts are fixed."""
    mixed = {"StringLike": {"s3:max-keys": "1*"}, "NumericLessThan": {"s3:max-keys": "15"}}
    one = identity(
        allow("s3:ListBucket", HERE, Condition=mixed),
        allow("s3:ListBucket", HERE, Condition={"StringLike": {"s3:max-keys": "1?"}}),
    )
    other = identity(allow("s3:ListBucket", HERE, Condition={"StringLike": {"s3:max-keys": "1?"}}), allow("s3:ListBucket", HERE, Condition=mixed),
                     allow("s3:ListBucket", HERE, Condition={"NumericLessThan": {"s3:max-keys": "-5"}, "StringLike": {"s3:max-keys": "1*"}}))  # fmt: skip
    assert prove(one, other).verdict in ("not_proven", "under")


def test_a_new_account_policy_with_nothing_in_it() -> None:
    """No policy against no policy is equal, and a policy of denials grants nothing."""
    deny = Policies.of(identity=[document([{"Effect": "Deny", "Action": "*", "Resource": "*"}])])
    assert prove(Policies(), Policies()).equal
    assert prove(deny, Policies()).equal
    assert prove(Policies(identity=(Policy(),)), Policies()).equal


def test_the_account_of_the_policies_is_the_callers() -> None:
    """A policy that names account 222233334444 is judged for callers of that account."""
    queue = "arn:aws:sqs:eu-west-1:222233334444:jobs"
    found = prove(identity(allow("sqs:*", queue)), identity(allow("sqs:SendMessage", queue)))
    assert found.verdict == "over"
    assert found.over[0].request.principal.account == "222233334444"


def test_a_summary_can_be_read() -> None:
    """A comparison prints its verdict and its counterexamples in words."""
    text = str(prove(identity(allow("s3:DeleteObject", f"{HERE}/*")), Policies(), existing=[f"{HERE}/a.csv"]))
    assert text.splitlines()[0] == "over"
    assert "can s3:DeleteObject arn:aws:s3:::app-data/a.csv" in text


def test_decide_agrees_on_what_is_equal() -> None:
    """Requests that a person would try come out alike on two sides that are proven equal."""
    one = identity(allow("s3:GetObject", [f"{HERE}/a/*", f"{HERE}/b/*"]))
    other = identity(allow("s3:GetObject", f"{HERE}/b/*"), allow("s3:GetObject", f"{HERE}/a/*"))
    assert prove(one, other).equal
    who = Principal("user", "arn:aws:iam::111122223333:user/ana")
    for key in ("a/x", "b/x", "c/x", "a", "ab/x"):
        request = Request(who, "s3:GetObject", f"{HERE}/{key}")
        assert decide(request, one).allowed == decide(request, other).allowed


def test_a_grant_is_found_with_its_constraint() -> None:
    """A KMS grant is a difference for its operation, its grantee and its encryption context."""
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    role = "arn:aws:iam::111122223333:role/reader"
    delegated = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
    grant = Grant(role, ("Decrypt",), context_subset=(("app", "billing"),))
    without = Policies.of(resource=document([delegated]))
    found = prove(Policies.of(resource=document([delegated]), grants=[grant]), without, existing=[key])
    assert found.verdict == "over"
    request = found.over[0].request
    assert (request.action, request.principal.role, request.resource) == ("kms:Decrypt", role, key)
    assert request.context == {"kms:EncryptionContext:app": "billing"}
    assert prove(replace(without, grants=(grant,)), replace(without, grants=(grant,))).equal


def test_block_public_access_looks_at_the_whole_policy() -> None:
    """A public statement about something else shuts named accounts out of a bucket with Block Public Access."""
    partner = {
        **allow("s3:GetObject", f"{HERE}/*"), "Principal": {"AWS": "arn:aws:iam::444455556666:user/zoe"},
    }  # fmt: skip
    public = {**allow("s3:ListBucket", HERE), "Principal": "*"}
    own = [document([allow("s3:GetObject")])]
    on = {"s3_block_public_access": True}
    one = Policies.of(identity=own, resource=document([partner, public]), settings=on)
    other = Policies.of(identity=own, resource=document([partner]), settings=on)
    zoe = Principal("user", "arn:aws:iam::444455556666:user/zoe")
    found = prove(one, other, principals=[zoe], account="111122223333")
    assert found.verdict == "under"
    assert found.under[0].request.action == "s3:GetObject"


HARD = {
    "patterns of one key": [
        allow(
            "s3:GetObject",
            f"{HERE}/*",
            Condition={
                "StringLike": {
                    "aws:PrincipalTag/t": [
                        f"*{a}*{b}*{a}*" for a, b in zip("abcdefghijkl", "ghijklmnopqr", strict=True)
                    ]
                }
            },
        )
    ],
    "many keys": [
        allow("s3:GetObject", f"{HERE}/*", Condition={"StringEquals": {f"aws:PrincipalTag/{name}": "x"}})
        for name in "abcdefghijklmnopqr"
    ],
    "question marks": [
        allow("s3:GetObject", f"{HERE}/*{'?' * 40}a*"),
        allow("s3:GetObject", f"{HERE}/*b{'?' * 40}c*"),
    ],
    "ten thousand statements": [allow("s3:GetObject", f"{HERE}/{number}") for number in range(10_000)],
    "ten thousand resources": [allow("s3:GetObject", [f"{HERE}/{number}" for number in range(10_000)])],
    "a megabyte of actions": [allow([f"s3:Get{number}" for number in range(80_000)], f"{HERE}/*")],
    "twenty thousand variables": [allow("s3:GetObject", f"{HERE}/" + "${aws:username}" * 20_000)],
    "thousands of ranges": [
        allow(
            "s3:ListBucket",
            HERE,
            Condition={
                "IpAddress": {"aws:SourceIp": [f"10.{n // 250}.{n % 250}.0/24" for n in range(5_000)]}
            },
        )
    ],
}


@pytest.mark.parametrize("name", HARD)
def test_what_is_too_much_is_not_proven_in_time(name: str) -> None:
    """What cannot be followed is "not proven", with a reason, within five seconds; never equal."""
    granted, needed = identity(*HARD[name]), identity(allow("s3:*", f"{HERE}*"))
    started = time.process_time()
    found = prove(granted, needed)
    assert time.process_time() - started < 5
    assert found.verdict in ("not_proven", "under")
    assert found.reason or found.under


def test_several_proofs_share_the_time() -> None:
    """Questions that need several proofs take no longer than one."""
    tangle = [
        f"{HERE}/*{a}*{b}*{c}*"
        for a, b, c in zip("abcdefghijkl", "defghijklmno", "hijklmnopqrs", strict=True)
    ]
    other = [
        f"{HERE}/*{b}*{a}*{c}*"
        for a, b, c in zip("abcdefghijkl", "defghijklmno", "hijklmnopqrs", strict=True)
    ]
    one, two = (
        document([{**allow("s3:GetObject", r), "Principal": "*"} for r in every]) for every in (tangle, other)
    )
    started = time.process_time()
    found = between(one, at_least=two, at_most=two, compare=prove_resource_policy, account="111122223333")
    assert time.process_time() - started < 5
    assert not found.equal


@pytest.mark.parametrize(("team", "verdict"), [(None, "equal"), ("blue", "over")])
def test_a_key_that_the_context_calls_missing_fills_no_variable(team: str | None, verdict: str) -> None:
    """An Allow whose Resource needs a tag allows nothing to a caller without it, and something with it."""
    home = "arn:aws:s3:::reports/${aws:PrincipalTag/team}/*"
    granted = Policies.of(identity=[document([allow("s3:GetObject", home)])])
    found = prove(granted, Policies.of(identity=[]), context={"aws:PrincipalTag/team": team})
    assert found.verdict == verdict
