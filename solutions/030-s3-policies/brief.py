"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
import string
from typing import Any

AREAS = ("arran", "barra", "cairn", "dunure", "eriska", "fetlar", "gigha", "harris", "islay", "jura")
SITES = ("quarry-north", "harbour-wall", "rail-cutting", "reservoir", "wind-farm", "old-airfield")
COPY_REGIONS = ("eu-central-1", "eu-north-1", "eu-west-2", "eu-west-3")
RAW = (("raw/", "raw"), ("frames/", "frame"), ("strips/", "strip"), ("captures/", "capture"))


def brief(rng: random.Random) -> dict[str, Any]:
    """Bucket names, Regions, days, profiles and the archive order of one learner."""
    base = f"kestrel-{rng.choice(AREAS)}-{rng.randrange(16**6):06x}"
    prefix, tag = rng.choice(RAW)
    ia_days = rng.choice((30, 35, 40, 45))
    return {
        "flights": f"{base}-flights",
        "tiles": f"{base}-tiles",
        "vault": f"{base}-vault",
        "reports": f"{base}-reports",
        "reports_copy": f"{base}-reports-copy",
        "logbooks": f"{base}-logbooks",
        "logbooks_copy": f"{base}-logbooks-copy",
        "copy_region": rng.choice(COPY_REGIONS),
        "distribution_id": "E" + "".join(rng.choices(string.ascii_uppercase + string.digits, k=13)),
        "raw_prefix": prefix,
        "raw_tag": tag,
        "ia_days": ia_days,
        "glacier_days": ia_days + rng.choice((45, 60, 75, 90)),
        "noncurrent_days": rng.choice((14, 21, 28, 60)),
        "abort_days": rng.choice((3, 5, 7, 10)),
        "profiles": {
            "previews": _previews(rng),
            "orders": _orders(rng),
            "negatives": _negatives(rng),
        },
        **_order(rng),
    }


def _previews(rng: random.Random) -> dict[str, Any]:
    """Known access, read at once: cold enough for one of the infrequent classes, or hot enough for none."""
    gb = rng.choice((400, 900, 1500))
    share = rng.choice((0.05, 0.1, 0.65, 0.75, 4.0))
    objects = gb * 128
    return {
        "gb": gb,
        "objects": objects,
        "puts": 2000,
        "gets": int(objects * share),
        "retrieved_gb": round(gb * share, 1),
        "kept_days": 365,
        "within_hours": 0,
    }


def _orders(rng: random.Random) -> dict[str, Any]:
    """Nobody can say which are read: Intelligent-Tiering where the objects are large, and not where they are small."""
    gb = rng.choice((600, 1200, 2400))
    large = rng.random() < 0.6
    objects = gb * (64 if large else 6500)
    return {
        "gb": gb,
        "objects": objects,
        "puts": 1000,
        "gets": objects // 2,
        "retrieved_gb": round(gb * 1.2, 1),
        "kept_days": 730,
        "untouched_30_days": 0.8,
        "untouched_90_days": 0.6,
        "within_hours": 0,
    }


def _negatives(rng: random.Random) -> dict[str, Any]:
    """Kept for years, asked for now and then; how fast depends on the contract."""
    gb = rng.choice((5000, 9000, 20000))
    return {
        "gb": gb,
        "objects": gb // 4,
        "puts": 100,
        "gets": 5,
        "retrieved_gb": 20,
        "kept_days": 3650,
        "within_hours": rng.choice((0, 6, 48)),
    }


def _order(rng: random.Random) -> dict[str, Any]:
    """An order from the archive: which object, for how many days, by when."""
    storage_class, deadline = rng.choice(
        (("GLACIER", 24), ("GLACIER", 8), ("DEEP_ARCHIVE", 24), ("DEEP_ARCHIVE", 72))
    )
    year, site = rng.randrange(2012, 2020), rng.choice(SITES)
    return {
        "survey_key": f"surveys/{year}/{site}.tar",
        "survey_class": storage_class,
        "restore_days": rng.randrange(4, 15),
        "deadline_hours": deadline,
    }
