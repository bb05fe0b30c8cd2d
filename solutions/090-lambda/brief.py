"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from math import ceil
from typing import Any

GREETINGS = ("Good morning", "Welcome", "Good day", "Nice to see you", "Hello and welcome")
UPLOADS = ("incoming/", "uploads/", "originals/", "from-doctors/")
THUMBS = ("small/", "thumbs/", "previews/", "tiny/")
SIDES = (96, 112, 128)
CLINICS = (
    "Harbour Street",
    "Old Mill",
    "Station Square",
    "Northgate",
    "Ferry Lane",
    "Castle Hill",
    "Weir End",
)
TRIGGERS = (
    "SQS", "DynamoDB stream", "Kinesis", "S3", "SNS", "EventBridge rule", "API Gateway", "load balancer",
    "Cognito", "Step Functions task",
)  # fmt: skip
ALWAYS = ("SQS", "S3", "EventBridge rule", "API Gateway")
# How well each size uses its CPU: the smallest are short of memory, so that they take longer than their share.
SIZES = ((128, 1.75), (256, 1.40), (512, 1.0), (1024, 1.0), (1769, 1.0), (3008, 1.02))
PORTS = (5432, 3306, 1521, 1433)


def brief(rng: random.Random) -> dict[str, Any]:
    """Names, greetings, plans, benchmarks, loads and ranges of one learner."""
    tag = f"{rng.randrange(16**4):04x}"
    return {
        "welcome": f"welcome-{tag}",
        "greeting": rng.choice(GREETINGS),
        "counter": f"counter-{tag}",
        "plan": _plan(rng),
        "bucket": f"hazelmere-{tag}-portraits",
        "uploads": rng.choice(UPLOADS),
        "thumbs": rng.choice(THUMBS),
        "side": rng.choice(SIDES),
        "portraits": f"portraits-{tag}",
        "portraits_role": f"portraits-role-{tag}",
        "reminders": f"reminders-{tag}",
        "batch_seconds": rng.choice((12, 15, 18, 25)),
        "tries": rng.choice((5, 6, 7)),
        "night": f"night-report-{tag}",
        "night_at": f"{rng.choice((1, 2, 3, 4)):02d}:{rng.choice((5, 20, 35, 50)):02d}",
        "triggers": _triggers(rng),
        "intake": f"intake-{tag}",
        "clinics": _clinics(rng),
        **_benchmark(rng),
        **_loads(rng, tag),
        **_network(rng, tag),
        "forms": f"forms-{tag}",
        "warm": rng.choice((3, 4, 6, 8)),
    }


def _plan(rng: random.Random) -> list[str]:
    """Nine steps: each kind that matters, and calls between."""
    breaks = ["timeout", "new setting", "error", "new code"]
    rng.shuffle(breaks)
    plan = ["call", "call"]
    for each in breaks[:3]:
        plan += [each, *["call"] * rng.choice((1, 2))]
    return plan


def _triggers(rng: random.Random) -> list[str]:
    chosen = [*ALWAYS, *rng.sample([each for each in TRIGGERS if each not in ALWAYS], 4)]
    rng.shuffle(chosen)
    return chosen


def _clinics(rng: random.Random) -> dict[str, str]:
    codes = rng.sample([f"{letter}{number}" for letter in "klmnpr" for number in range(2, 9)], 4)
    return dict(zip(codes, rng.sample(CLINICS, 4), strict=True))


def _benchmark(rng: random.Random) -> dict[str, Any]:
    """Times of one function at six sizes, and the slowest answer that is still good."""
    work, waiting = rng.uniform(30, 46), rng.uniform(3, 6)
    # For half of the learners 512 MB is short of memory as well: then 1,024 MB is cheaper, and quicker.
    short = rng.choice((1.0, 1.22))
    rows = []
    for memory, waste in ((size, short if size == 512 else share) for size, share in SIZES):
        share = min(1.0, memory / 1769)
        average = work * waste / share + waiting
        rows.append(
            {
                "memory": memory,
                "average_ms": round(average, 2),
                "p95_ms": round(average * 1.25, 1),
                "init_ms": round(120 + 160 * waste / share**0.5, 1),
            }
        )
    # 256 MB is too slow, 512 MB and more are quick enough.
    slo = ceil((rows[1]["p95_ms"] + rows[2]["p95_ms"]) / 2 / 10) * 10
    return {
        "benchmark": rows,
        "slo_ms": slo,
        "tmp_mb": rng.choice((1024, 1536, 2048)),
        "calls": rng.choice((3, 5, 8, 12)) * 1_000_000,
        "cold_share": rng.choice((0.01, 0.02, 0.03)),
    }


def _loads(rng: random.Random, tag: str) -> dict[str, Any]:
    """A flood of letters in a queue, and visitors who want to book meanwhile."""
    seconds, minutes = rng.choice((4, 5, 6)), rng.choice((12, 15))
    return {
        "booking": f"booking-{tag}",
        "booking_per_second": rng.choice((110, 130, 150)),
        "booking_seconds": rng.choice((1.2, 1.4, 1.6)),
        "letters": f"letters-{tag}",
        "letter_count": rng.choice((30_000, 36_000, 40_000)),
        "letter_seconds": seconds,
        "letter_minutes": minutes,
        "archive": f"archive-{tag}",
        "archive_reserved": rng.choice((640, 680, 720)),
    }


def _network(rng: random.Random, tag: str) -> dict[str, Any]:
    net, last = f"10.{rng.randrange(16, 240)}", rng.randrange(20, 200)
    return {
        "vpc_cidr": f"{net}.0.0/16",
        "subnets": {
            "web": [f"{net}.0.0/24", f"{net}.1.0/24"],
            "app": [f"{net}.10.0/24", f"{net}.11.0/24"],
            "data": [f"{net}.20.0/24", f"{net}.21.0/24"],
        },
        "database": f"{net}.20.{last}",
        "kiosk": f"{net}.10.{last}",
        "database_port": rng.choice(PORTS),
        "records": f"records-{tag}",
        "records_role": f"records-role-{tag}",
    }
