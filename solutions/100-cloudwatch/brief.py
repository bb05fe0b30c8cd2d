"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

# Rows of AWS's own tables (3 of 3, 2 of 3): 0 is fine, X breaches, - is missing; the newest on the right.
ALL_OF_THREE = ("0 - X - X", "0 - - - -", "- - - - -", "0 X X - X", "- - X - -", "- - - - X", "X - - - -")
TWO_OF_THREE = ("0 - X - X", "0 0 X 0 X", "0 - X - -", "- - - - 0", "- - - X -", "- - - - X")
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def brief(rng: random.Random) -> dict[str, Any]:
    """Names, thresholds, rows to foretell, and sums of one learner."""
    tag = f"{rng.randrange(16**5):05x}"
    return {
        "tag": tag,
        "groups": {name: f"/kittiwake/{tag}/{name}" for name in ("orders", "payments", "shipping")},
        "checkout": f"checkout-{tag}",
        "payments": f"payments-{tag}",
        "keep": _keep(rng, tag),
        "complaint": f"KW-{rng.randrange(20000, 99999)}",
        "big": rng.choice((100, 120, 150, 200)),
        "namespace": f"Kittiwake/{tag}",
        "service": rng.choice(("card-payments", "till", "payment-desk")),
        "topic": f"oncall-{tag}",
        "pager": f"pager-{tag}",
        "dead_letters": f"orders-dead-{tag}",
        "instance": f"i-0{rng.randrange(16**16):016x}",
        "rows": _rows(rng),
        **_limits(rng),
        "bill": _bill(rng),
    }


def _keep(rng: random.Random, tag: str) -> list[dict[str, Any]]:
    """For how many days each log group is needed at least: never a number that CloudWatch has."""
    needed = {
        f"/kittiwake/{tag}/orders": (50, 80, 100),
        f"/kittiwake/{tag}/payments": (370, 380, 500),
        f"/kittiwake/{tag}/shipping": (10, 20, 25),
        f"/aws/lambda/checkout-{tag}": (40, 45, 70),
        f"/aws/lambda/payments-{tag}": (110, 130, 170),
    }
    return [{"group": group, "days": rng.choice(days)} for group, days in needed.items()]


def _rows(rng: random.Random) -> list[dict[str, str]]:
    """Six looks of an alarm at its last five periods; no two alike, and each treatment at least once."""
    rows = [("3 of 3", marks) for marks in rng.sample(ALL_OF_THREE, 3)]
    rows += [("2 of 3", marks) for marks in rng.sample(TWO_OF_THREE, 3)]
    treated = [*rng.sample(TREATMENTS, 4), *rng.sample(TREATMENTS, 2)]
    return [
        {"name": f"row-{number}", "alarm": needs, "missing": missing, "data": marks}
        for number, ((needs, marks), missing) in enumerate(zip(rows, treated, strict=True), 1)
    ]


def _limits(rng: random.Random) -> dict[str, Any]:
    return {
        "slow_ms": rng.choice((400, 500, 600, 750)),
        "error_percent": rng.choice((3, 4, 5, 8)),
        "few": rng.choice((15, 20, 25)),
        "export_minutes": 10,
        "silent_minutes": 30,
        "band": rng.choice((2, 3)),
        "us_region": rng.choice(("us-east-1", "us-west-2")),
    }


def _bill(rng: random.Random) -> dict[str, Any]:
    """Logs and metrics of the whole company, a month."""
    return {
        "gb": rng.choice((600, 800, 1200)),
        "stored_share": 0.15,
        "months_for_ever": 36,
        "months_kept": rng.choice((2, 3, 4)),
        "customers": rng.choice((18000, 25000, 40000)),
        "metrics_each": 3,
        "questions": rng.choice((40, 60, 90)),
        "gb_scanned": rng.choice((15, 25, 40)),
    }
