"""Proofs: typical lab policies, everything against a narrow need, overlapping patterns, and what is too much.

The peer is z3, with the same pairs in the same run: the figure to trust is the ratio. Processor time is counted, so
that a busy machine does not slow the figures; only the first proof of a process is timed by the clock.
"""

# ruff: noqa: E501
from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from cloudlings.iam import Comparison, Policies, Principal, prove, prove_resource_policy

ROUNDS = 7
PAIRS = range(20)
BUCKET = "arn:aws:s3:::app-data"
ACCOUNT = "111122223333"


def run() -> dict[str, Any]:
    """Milliseconds, median and worst of a few rounds; with the verdicts, so that a fast wrong answer shows."""
    first = _fresh_process()
    prove(identity(allow("s3:*")), Policies())
    figures = {name: _measured(work) for name, work in CASES.items()}
    return {"first proof of a process, imports included (ms)": first, **figures, "against z3": _against_z3()}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def identity(*statements: dict[str, Any]) -> Policies:
    return Policies.of(identity=[{"Version": "2012-10-17", "Statement": list(statements)}])


def _reader() -> tuple[Policies, Policies]:
    written = identity(
        allow("s3:Get*", f"{BUCKET}/reports/*"),
        allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": "reports/*"}}),
        allow(["kms:Decrypt"], f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"),
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
    needed = identity(
        allow("s3:GetObject", f"{BUCKET}/reports/*"),
        allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": "reports/*"}}),
    )
    return written, needed


def _home_folders() -> tuple[Policies, Policies]:
    folder = BUCKET + "/home/${aws:username}/*"
    return identity(allow("s3:*Object", folder)), identity(allow(["s3:GetObject", "s3:PutObject"], folder))


def _function() -> tuple[Policies, Policies]:
    table, logs = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Orders", f"arn:aws:logs:us-east-1:{ACCOUNT}:*"
    written = identity(
        allow("dynamodb:*", table), allow("logs:*", logs), allow("sqs:*", f"arn:aws:sqs:*:{ACCOUNT}:jobs")
    )
    needed = identity(
        allow(["dynamodb:GetItem", "dynamodb:PutItem"], table),
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], logs),
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"),
    )
    return written, needed


def _bucket_policy() -> Comparison:
    def policy(resource: Any) -> dict[str, Any]:
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        deny = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": resource,
            "Condition": plain,
        }
        return {"Version": "2012-10-17", "Statement": [deny]}

    objects = f"{BUCKET}/*"
    return prove_resource_policy(
        policy(objects), policy([BUCKET, objects]), account=ACCOUNT, actions=["s3:*"]
    )


def _overlapping(pairs: str) -> Policies:
    return identity(*(allow("s3:GetObject", f"arn:aws:s3:::*{a}*{b}*") for a, b in pairs.split()))


def _too_much() -> Comparison:
    letters = "abcdefghijkl"
    one = [
        f"arn:aws:s3:::*{a}*{b}*{c}*{a}*" for a, b, c in zip(letters, letters[3:], letters[5:], strict=False)
    ]
    other = [
        f"arn:aws:s3:::*{b}*{c}*{a}*{c}*" for a, b, c in zip(letters, letters[3:], letters[5:], strict=False)
    ]
    return prove(
        identity(*(allow("s3:GetObject", r) for r in one)),
        identity(*(allow("s3:GetObject", r) for r in other)),
    )


CASES: dict[str, Callable[[], Comparison]] = {
    "typical: a reader of a bucket": lambda: prove(*_reader()),
    "typical: home folders": lambda: prove(*_home_folders()),
    "typical: a function's role": lambda: prove(*_function()),
    "typical: TLS in a bucket policy": _bucket_policy,
    "everything against a narrow need": lambda: prove(identity(allow("*")), _reader()[1]),
    "six overlapping patterns a side": lambda: prove(
        _overlapping("ab bc cd de ef fa"), _overlapping("ac bd ce df ea fb")
    ),
    "too much": _too_much,
}


def _measured(work: Callable[[], Comparison]) -> dict[str, Any]:
    took = []
    for _ in range(ROUNDS):
        started = time.process_time()
        found = work()
        took.append((time.process_time() - started) * 1000)
    return {"median_ms": statistics.median(took), "worst_ms": max(took), "verdict": found.verdict}


def _fresh_process() -> float:
    code = (
        "from cloudlings.iam import Policies, prove; d = {'Version': '2012-10-17', 'Statement': "
        "[{'Effect': 'Allow', 'Action': 's3:*', 'Resource': '*'}]}; prove(Policies.of(identity=[d]), Policies())"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - started) * 1000


def _against_z3() -> dict[str, Any]:
    try:
        from tests.iam import z3_model
        from tests.iam.pairs import HOME, ROLE, SERVICES, SESSION, STRANGER, USER, pair
    except ImportError:
        return {"skipped": "z3-solver is not installed, or this is no checkout"}
    callers = (
        Principal("user", USER), Principal("session", SESSION, role_arn=ROLE), Principal("user", STRANGER),
        Principal("anonymous"), Principal("service", "sns.amazonaws.com"),
    )  # fmt: skip
    ours = theirs = 0.0
    agreed = answered = 0
    for seed in PAIRS:
        one, other, service = pair(seed)
        sides = Policies.of(**one), Policies.of(**other)
        started = time.process_time()
        found = prove(*sides, principals=callers, actions=SERVICES[service].actions, account=HOME)
        between = time.process_time()
        try:
            expected = z3_model.verdict(one, other, service, effort=1_000_000)
        except z3_model.Unknown:
            continue
        answered += 1
        agreed += found.verdict == expected
        ours, theirs = ours + between - started, theirs + time.process_time() - between
    return {
        "pairs": len(PAIRS), "answered by z3": answered, "agreed": agreed,
        "ours_s": ours, "z3_s": theirs, "z3 takes times as long": theirs / ours,
    }  # fmt: skip
