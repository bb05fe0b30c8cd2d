"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

CLASSES = ("db.t4g.medium", "db.t3.medium", "db.t3.large", "db.m6g.large")
PORTS = (5432, 5433, 5544, 6432)
CLINICS = ("harbour", "oldtown", "mill-lane", "north-gate", "riverside", "priory")
COLLEAGUES_DESIGNS = (
    {"per_zone": 1, "zones": 3, "write": 2, "read": 2},
    {"per_zone": 2, "zones": 3, "write": 3, "read": 3},
    {"per_zone": 2, "zones": 3, "write": 5, "read": 2},
    {"per_zone": 3, "zones": 2, "write": 4, "read": 3},
)
LOSSES = ("a", "a b1", "a b", "c1 c2", "a1 b1", "a1 b1 c1", "b c2", "a1 a2 c1", "a1 b2 c1 c2", "b a1 c1")
# What is asked of the data; what each means is in cloudlings.grading.store_cases.
CASES = (
    "invoices, with totals over patients and clinics",
    "the register, read and kept in two Regions",
    "the pharmacy's program, which wants Db2",
    "opening hours with their clinics, joined and read 50,000 times a second at noon",
    "a reminder by its id, from none to a million an hour, never lost",
    "the last page that a visitor saw, by session, which may be lost",
    "who infected whom, over any number of steps",
    "words in a million letters, the best match first",
    "the temperature of 900 fridges, every ten seconds",
    "forms of a program that speaks MongoDB's protocol",
    "x-ray pictures, 40 MB each",
    "ten years of appointments, every column summed up once a month",
)


def brief(rng: random.Random) -> dict[str, Any]:
    """Ranges, names, sizes, rows, losses and cases of one learner."""
    net, tag = f"10.{rng.randrange(16, 240)}", f"{rng.randrange(16**4):04x}"
    rows = rng.randrange(400, 900)
    clinics = rng.sample(CLINICS, 4)
    return {
        "vpc_cidr": f"{net}.0.0/16",
        "subnets": {
            "web": [f"{net}.0.0/24", f"{net}.1.0/24"],
            "app": [f"{net}.10.0/24", f"{net}.11.0/24"],
            "data": [f"{net}.20.0/24", f"{net}.21.0/24", f"{net}.22.0/24"],
        },
        "hosts": {
            "app": f"{net}.10.{rng.randrange(20, 120)}",
            "mailer": f"{net}.10.{rng.randrange(130, 220)}",
        },
        "group": f"portal-data-{tag}",
        "database": f"appointments-{tag}",
        "restored": f"appointments-{tag}-restored",
        "study": f"study-{tag}",
        "old": f"clinic-forms-{tag}",
        "port": rng.choice(PORTS),
        "master": rng.choice(("keeper", "steward", "registrar")),
        "retention": rng.choice((7, 10, 14, 21, 30)),
        "setting": f"/hazelmere/{tag}/database",
        "clinics": clinics,
        "clinic": rng.choice(clinics),
        "rows": rows,
        "auditor_password": f"look-only-{rng.randrange(16**8):08x}",
        "registry": _registry(rng, tag),
        "losses": rng.sample(LOSSES, 6),
        "design": rng.choice(COLLEAGUES_DESIGNS),
        **_choices(rng),
    }


def _registry(rng: random.Random, tag: str) -> dict[str, Any]:
    """The Aurora cluster in Virginia: whether it may sleep decides its least capacity."""
    sleeps = rng.choice((True, False))
    return {
        "cluster": f"registry-{tag}",
        "world": f"registry-world-{tag}",
        "secondary": f"registry-{tag}-dublin",
        "may_sleep": sleeps,
        "min_acu": 0 if sleeps else 0.5,
        "max_acu": rng.choice((4, 8, 12, 16)),
    }


def _choices(rng: random.Random) -> dict[str, Any]:
    return {
        "cases": rng.sample(CASES, 8),
        "cache_ms": rng.choice((0.5, 0.8, 1.0, 1.5)),
        "database_ms": rng.choice((2.0, 4.0, 5.0, 8.0)),
        "hit_rate": rng.choice((0.08, 0.15, 0.6, 0.9)),
        "bill": {
            "kind": rng.choice(CLASSES),
            "gb": rng.choice((50, 100, 200, 400)),
            "backup_gb": rng.choice((0, 40, 120)),
            "need": rng.choice(("a zone may fail at night, with nobody awake", "reports slow the page down")),
        },
    }
