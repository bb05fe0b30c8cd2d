"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

REGIONS = ("eu-central-1", "eu-north-1", "eu-west-3", "eu-south-1")
BEACHES = (
    "Skagen",
    "Île de Ré",
    "Rossbeigh Strand",
    "Włącz Plaża",
    "Formby",
    "Cap Gris-Nez",
    "Ølberg",
    "Luskentyre",
)
PEOPLE = ("a.okafor", "b.lindqvist", "c.moreau", "d.yilmaz", "e.novak", "f.oneill")
SUBJECTS = ("low-tide", "salt-marsh", "dune-grass", "storm-wave", "oystercatcher", "harbour-light")
CLAIMS = (
    "A GET right after a PUT that overwrote the object may answer the old bytes for a while.",
    "A GET after a successful PUT that overwrote the object answers the new bytes.",
)
MIB = 1024 * 1024


def brief(rng: random.Random) -> dict[str, Any]:
    """Names, keys, people, the film, the claims and the days of one learner."""
    stage, tag = rng.choice(("dev", "stage", "prod")), f"{rng.randrange(16**5):05x}"
    base = f"sandpiper-{stage}-{tag}"
    frame, person = rng.randrange(1000, 9999), rng.choice(PEOPLE)
    claims = list(CLAIMS)
    rng.shuffle(claims)
    return {
        "bucket": f"{base}-photos",
        "inbox": f"{base}-inbox",
        "shop": f"{base}-shop",
        "obvious_name": f"sandpiper-photos-{tag[:2]}",
        "home_region": rng.choice(REGIONS),
        "photo_key": f"entries/2026/{rng.choice(SUBJECTS)}-{frame}.svg",
        "photo": f"<svg xmlns='http://www.w3.org/2000/svg'><title>frame {frame}</title></svg>",
        "photographer": person,
        "frame": str(frame),
        "jury_key": f"jury/round-{rng.randrange(2, 6)}/minutes.txt",
        "beaches": rng.sample(BEACHES, 4),
        "user_id": f"u-{rng.randrange(16**4):04x}",
        "loop_key": f"checks/{rng.choice(SUBJECTS)}.txt",
        "claims": dict(zip("ab", claims, strict=True)),
        "film_key": f"films/{rng.choice(SUBJECTS)}.mp4",
        "film_bytes": 10 * MIB + rng.randrange(1000, 900_000),
        "first_day": f"2026-0{rng.randrange(2, 9)}-2{rng.randrange(5, 8)}",
        "days": rng.choice((4, 5, 6)),
        "downloads_gb": rng.choice((300, 2000, 8000)),
    }
