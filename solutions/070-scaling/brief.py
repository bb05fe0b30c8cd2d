"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

APIS, PAGES = ("api", "rest", "data"), ("praxis", "clinics", "doctors")
HEALTH_CODES = ("200", "204")
CPU_TARGETS, STEP_FROM = (50, 55, 60), (70, 72, 75)
OPENINGS = ("07:00", "07:30", "08:00")
TYPES = ("m5.large", "m5a.large", "m6i.large", "m6a.large", "m7i.large")
BILL_TYPES = ("t3.medium", "t3.large", "m5.large")


def brief(rng: random.Random) -> dict[str, Any]:
    """Ranges, names, URLs, thresholds, hours and loads of one learner."""
    net, tag = f"10.{rng.randrange(16, 240)}", f"{rng.randrange(16**5):05x}"
    return {
        "vpc_cidr": f"{net}.0.0/16",
        "subnets": {
            "web": [f"{net}.0.0/24", f"{net}.1.0/24"],
            "app": [f"{net}.10.0/24", f"{net}.11.0/24"],
        },
        "domain": f"booking-{tag}.hazelmere.example",
        "app_port": rng.choice((8080, 8443, 9000, 3000)),
        "health_path": f"/health-{tag[:3]}",
        "health_code": rng.choice(HEALTH_CODES),
        "api": rng.choice(APIS),
        **_letters(rng, tag),
        **_sizes(rng),
        "machines": _machines(rng),
        **_reports(rng, tag),
        "bill": {
            "type": rng.choice(BILL_TYPES),
            "peak": rng.randrange(8, 13),
            "base": 2,
            "peak_hours": rng.choice((44, 66, 88)),
            "ramp_hours": rng.choice((3, 9, 11)),
            "lcu": rng.choice((1, 2, 3)),
        },
    }


def _letters(rng: random.Random, tag: str) -> dict[str, Any]:
    """The inherited service, and six requests to it whose way is to be told."""
    page = rng.choice(PAGES)
    urls = [
        f"GET http://letters.test/{page}/42",
        f"GET http://letters.test/{page.upper()}/42",
        f"GET http://letters.test/{page}/print/42",
        f"GET http://letters.test/{page}",
        "GET http://OLD.letters.test/anything",
        rng.choice(("POST", "DELETE")) + f" http://letters.test/{page}/42",
        f"GET http://letters.test/search?q=/{page}/42",
        f"GET http://old.letters.test/{page}/42",
    ]
    chosen = [
        urls[0],
        urls[2],
        *rng.sample([urls[1], urls[3], urls[6]], 2),
        *rng.sample(urls[4:6] + urls[7:], 2),
    ]
    rng.shuffle(chosen)
    return {
        "page": page,
        "urls": chosen,
        "letters_port": rng.choice((7070, 7080, 7443)),
        "letters": f"letters-{tag}",
    }


def _sizes(rng: random.Random) -> dict[str, Any]:
    start, width = rng.choice(STEP_FROM), rng.choice((8, 10))
    adds = rng.choice(((1, 2, 4), (1, 3, 5), (2, 3, 6)))
    return {
        "most": rng.randrange(10, 17),
        "boot_seconds": rng.choice((120, 180)),
        "cpu": rng.choice(CPU_TARGETS),
        "full_machine": rng.choice((1200, 1500, 2000)),  # requests a minute of a machine at 100 % CPU
        "steps": [[start, adds[0]], [start + width, adds[1]], [start + 2 * width, adds[2]]],
        "opening": rng.choice(OPENINGS),
        "ramp": rng.randrange(5, 9),
        "closing": rng.choice(("18:00", "19:30")),
        "drain_seconds": rng.choice((90, 150, 240)),
    }


def _machines(rng: random.Random) -> list[dict[str, Any]]:
    """Five machines of a group over two zones: whom does it give up first when it shrinks?"""
    ages = rng.sample(range(61, 900), 5)
    ages = [age if age % 60 else age + 7 for age in ages]
    zones, versions = ["a", "a", "a", "b", "b"], [2, 1, 2, 1, rng.choice((1, 2))]
    rows = list(zip(zones, versions, ages, strict=True))
    rng.shuffle(rows)
    names = rng.sample(("oak", "elm", "ash", "yew", "fir", "bay"), 5)
    return [
        {"name": name, "zone": zone, "template": version, "minutes": age}
        for name, (zone, version, age) in zip(names, rows, strict=True)
    ]


def _reports(rng: random.Random, tag: str) -> dict[str, Any]:
    checkpoint = rng.choice((40, 55, 70))
    return {
        "reports": f"reports-{tag}",
        "reports_base": rng.choice((1, 2, 3)),
        "reports_most": rng.choice((9, 12)),
        "types": rng.sample(TYPES, 3),
        "checkpoint_bucket": f"hazelmere-{tag}-checkpoints",
        "checkpoint_seconds": checkpoint,
    }
