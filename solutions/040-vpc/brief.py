"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

ZONE_IDS = ("euw1-az1", "euw1-az2", "euw1-az3")
# Just more than a power of two leaves, once AWS has taken its five addresses.
WEB_ROOM, APP_ROOM, DATA_ROOM = (28, 60, 124), (508, 1020, 2044), (12, 28, 60)
# What passes a month: GB through NAT, and the GB of it that leave for the internet.
TRAFFIC = ((900, 300), (2400, 700), (5600, 1500), (9000, 2600))
# The contractor's job number: what was done wrong under it stands in seed.py.
JOBS = ("HZ-104", "HZ-117", "HZ-123", "HZ-138", "HZ-142", "HZ-155")
PAIRS = (
    ("booking", "scanner"),
    ("scanner", "records"),
    ("booking", "vault"),
    ("scanner", "vault"),
    ("vault", "scanner"),
    ("internet", "reception"),
    ("internet", "booking"),
    ("internet", "records"),
)
MORE_PAIRS = (
    ("reception", "internet"),
    ("booking", "internet"),
    ("records", "internet"),
    ("scanner", "internet"),
    ("reception", "records"),
    ("records", "booking"),
    ("reception", "scanner"),
    ("scanner", "booking"),
    ("records", "vault"),
    ("vault", "booking"),
    ("internet", "scanner"),
)


def brief(rng: random.Random) -> dict[str, Any]:
    """Address plans, zones, the inherited networks, the pairs to predict and the traffic of one learner."""
    portal = rng.randrange(16, 100)
    gb, out_gb = rng.choice(TRAFFIC)
    return {
        "vpc_cidr": f"10.{portal}.0.0/16",
        "tiers": _tiers(rng, portal),
        "room": {"web": rng.choice(WEB_ROOM), "app": rng.choice(APP_ROOM), "data": rng.choice(DATA_ROOM)},
        "zone_ids": sorted(rng.sample(ZONE_IDS, 2)),
        **_inherited(rng),
        "pairs": _pairs(rng),
        "nat_gb": gb,
        "out_gb": out_gb,
    }


def _tiers(rng: random.Random, portal: int) -> dict[str, str]:
    """A block of its own for each tier, none beginning where a reader would expect it."""
    quarters = rng.sample((0, 64, 128, 192), 3)
    web, data = (quarter + 16 * rng.randrange(4) for quarter in quarters[:2])
    return {
        "web": f"10.{portal}.{web}.0/20",
        "app": f"10.{portal}.{quarters[2]}.0/18",
        "data": f"10.{portal}.{data}.0/20",
    }


def _inherited(rng: random.Random) -> dict[str, Any]:
    """The three networks that are there: their ranges, their machines, and what is wrong with them."""
    old, laboratory, archive = (
        f"10.{rng.randrange(low, low + 40)}" for low in (100, 150, 200)
    )  # fmt: skip
    last = rng.randrange(20, 200)
    return {
        "old_cidr": f"{old}.0.0/16",
        "old_subnets": {
            "web": [f"{old}.0.0/24", f"{old}.1.0/24"],
            "app": [f"{old}.10.0/24", f"{old}.11.0/24"],
            "data": [f"{old}.20.0/24", f"{old}.21.0/24"],
        },
        "laboratory_cidr": f"{laboratory}.0.0/16",
        "archive_cidr": f"{archive}.0.0/16",
        "places": {
            "reception": f"{old}.0.{last}",
            "booking": f"{old}.10.{last}",
            "records": f"{old}.20.{last}",
            "scanner": f"{laboratory}.0.{last}",
            "vault": f"{archive}.0.{last}",
        },
        "job": rng.choice(JOBS),
    }


def _pairs(rng: random.Random) -> list[str]:
    """Twelve questions: eight that every learner gets, and four of the others."""
    asked = [*PAIRS, *rng.sample(MORE_PAIRS, 4)]
    rng.shuffle(asked)
    return [f"{source} > {destination}" for source, destination in asked]
