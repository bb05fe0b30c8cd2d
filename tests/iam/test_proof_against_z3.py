"""Proofs against z3 on random pairs, and against decide on random requests."""

# ruff: noqa: E501  (tables read better in one line)
from __future__ import annotations

import random

import pytest

from cloudlings.iam import Comparison, Policies, Principal, Request, decide, prove
from tests.iam.pairs import CONDITIONS, HOME, ROLE, SERVICES, SESSION, STRANGER, USER, pair

CALLERS = (
    Principal("user", USER),
    Principal("session", SESSION, role_arn=ROLE),
    Principal("user", STRANGER),
    Principal("anonymous"),
    Principal("service", "sns.amazonaws.com"),
)


def proof_of(seed: int) -> tuple[Policies, Policies, Comparison, str]:
    """The proof of one random pair, over the actions and callers that z3 is asked about."""
    one, other, service = pair(seed)
    granted, needed = Policies.of(**one), Policies.of(**other)
    found = prove(granted, needed, principals=CALLERS, actions=SERVICES[service].actions, account=HOME)
    return granted, needed, found, service


def confirmed(granted: Policies, needed: Policies, found: Comparison) -> bool:
    """Whether decide says of every counterexample what the proof says."""
    return all(
        (decide(one.request, granted).allowed, decide(one.request, needed).allowed)
        == (one.direction == "over", one.direction == "under")
        for one in (*found.over, *found.under)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_z3_agrees(seed: int) -> None:
    """On a random pair z3 finds the same verdict, and decide confirms every counterexample."""
    z3_model = pytest.importorskip("tests.iam.z3_model")
    granted, needed, found, _ = proof_of(seed)
    assert confirmed(granted, needed, found)
    try:
        expected = z3_model.verdict(*pair(seed), effort=1_000_000)
    except z3_model.Unknown:
        pytest.skip("z3 gave no answer")
    assert found.verdict == expected


RESOURCES = {
    "s3": ("app-data/a/b.csv", "app-data/a/x", "app-data/z.csv", "app-data2/a/q", "app-data/ab", "x/a/b", "app-data/red/x"),
    "buckets": ("app-data", "app-data9", "q"),
    "sqs": ("jobs", "jobs-1", "jobsx", "other"),
    "dynamodb": ("Orders", "Orders2", "Os", "Zed"),
    "lambda": ("app", "app:1", "app2", "zz"),
    "kms": ("1234abcd", "1234abce", "12", "zz"),
    "sts": ("deploy", "dev", "team/x", "zz"),
}  # fmt: skip
BEGINNINGS = {
    "s3": "arn:aws:s3:::", "sqs": f"arn:aws:sqs:us-east-1:{HOME}:",
    "dynamodb": f"arn:aws:dynamodb:us-east-1:{HOME}:table/", "lambda": f"arn:aws:lambda:us-east-1:{HOME}:function:",
    "kms": f"arn:aws:kms:us-east-1:{HOME}:key/", "sts": f"arn:aws:iam::{HOME}:role/",
}  # fmt: skip
VALUES = {
    "aws:PrincipalTag/team": ("red", "RED", "rd", "rad", "blue", "x", "bad", "a", ""),
    "s3:prefix": ("a/", "a/b", "b/", "", "a", "a/bc/", "red/x"),
    "sts:ExternalId": ("12345", "1", "red-1", "rad-1", "x", ""),
    "aws:SourceArn": (f"arn:aws:sns:us-east-1:{HOME}:alerts", f"arn:aws:sns:eu-west-1:{HOME}:zz", "arn:aws:s3:::logs",
                      "arn:aws:x:y:z:al", "nope"),
    "aws:SourceIp": ("10.0.0.1", "10.1.2.3", "203.0.113.9", "203.0.113.8", "200.1.1.1", "2001:db8::1"),
    "s3:max-keys": ("9", "10", "10.5", "11", "50", "100", "101"),
    "aws:CurrentTime": ("2024-05-01T00:00:00Z", "2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z",
                        "2025-06-01T00:00:00Z", "2025-09-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    "aws:SecureTransport": ("true", "false"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:TagKeys": ((), ("team",), ("cost",), ("env",), ("zzz",), ("team", "cost"), ("team", "env"), ("cost", "zzz"),
                    ("team", "cost", "zzz"), ("env", "cat")),
}  # fmt: skip


def some_request(rng: random.Random, service: str) -> Request:
    """A request that a policy of the service might be about."""
    action = rng.choice(SERVICES[service].actions)
    pool = "buckets" if "Bucket" in action else service
    resource = BEGINNINGS[service] + rng.choice(RESOURCES[pool])
    if action in ("s3:ListAllMyBuckets", "sqs:ListQueues", "lambda:ListFunctions", "kms:ListKeys"):
        resource = "*"
    context = {key: rng.choice(values) for key, values in VALUES.items() if rng.random() < 0.5}
    return Request(rng.choice(CALLERS), action, resource, HOME, context)


@pytest.mark.parametrize("block", range(10))
def test_no_request_is_missed(block: int) -> None:
    """A request on which decide differs is never one of a pair that is proven equal, or the other way round."""
    rng = random.Random(block)
    for seed in range(block * 20, block * 20 + 20):
        granted, needed, found, service = proof_of(seed)
        assert confirmed(granted, needed, found)
        for _ in range(150):
            request = some_request(rng, service)
            one, other = decide(request, granted).allowed, decide(request, needed).allowed
            if one != other:
                assert found.verdict in ("both", "not_proven", "over" if one else "under"), (seed, request)


def test_the_values_tried_are_of_every_key() -> None:
    """The random requests vary every key that the random policies read."""
    assert set(CONDITIONS) < set(VALUES)
