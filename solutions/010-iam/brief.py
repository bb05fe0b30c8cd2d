"""The personal values of a learner: two learners' right answers differ."""

from __future__ import annotations

import random
from typing import Any

PLACES = ("alder", "birch", "cedar", "hazel", "juniper", "larch", "maple", "rowan", "spruce", "willow")
INCOMING = ("incoming/", "from-studio/", "raw-tape/", "uploads/")
FOLDERS = ("shows/", "presenters/", "desks/")
# The first name is the beginning of the second: a pattern that forgets its slash lets one into the other's.
PAIRS = (("ana", "anabel"), ("jo", "joan"), ("max", "maxine"), ("eli", "elias"), ("mar", "marek"))
BRANCHES = ("main", "live", "release", "on-air")
SITES = ("website", "schedule", "player", "archive-search")
READS = ("dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem")
TELLS = ("sns:Publish", "sqs:SendMessage")

LAYERS = ("identity", "resource", "boundary", "scp", "session")
# What a grader may not leave to chance: each of these rules decides at least one row of everybody's table.
MUST = (
    {"identity": "allow"},
    {"resource": "allow"},
    {"resource": "allow", "account": "another"},
    {"identity": "allow", "resource": "allow", "account": "another"},
    {"identity": "allow", "account": "another"},
    {"identity": "allow", "boundary": "silent"},
    {"identity": "allow", "boundary": "allow"},
    {"boundary": "allow"},
    {"identity": "allow", "scp": "silent"},
    {"identity": "allow", "scp": "deny"},
    {"scp": "allow", "session": "allow"},
    {"identity": "allow", "session": "silent"},
    {"resource": "allow", "session": "silent"},
    {"identity": "allow", "resource": "deny"},
    {"identity": "deny", "resource": "allow"},
)


def brief(rng: random.Random) -> dict[str, Any]:
    """Names, prefixes, people, the repository, the nightly job and the truth table of one learner."""
    place, tag = rng.choice(PLACES), f"{rng.randrange(16**5):05x}"
    base = f"heron-{place}-{tag}"
    return {
        "archive": f"{base}-archive",
        "masters": f"{base}-masters",
        "contracts": f"{base}-contracts",
        "incoming": rng.choice(INCOMING),
        "folders": rng.choice(FOLDERS),
        "presenters": list(rng.choice(PAIRS)),
        "clipper_role": f"clipper-{tag}",
        "podcast_role": f"podcast-{tag}",
        "editors_role": f"editors-{tag}",
        "lawyer_role": f"lawyer-{tag}",
        "ci_role": f"deploy-{tag}",
        "chart_role": f"chart-{tag}",
        "jingle_role": f"jingle-{tag}",
        "encoder_user": f"encoder-{tag}",
        "task_family": f"transcriber-{tag}",
        "contract": f"contracts/{rng.randrange(2021, 2027)}/{rng.choice(PLACES)}-trio.txt",
        "repository": f"heron-radio-{place}/{rng.choice(SITES)}",
        "branch": rng.choice(BRANCHES),
        "plays_table": f"plays-{tag}",
        "chart_prefix": rng.choice(("charts/", "top-forty/", "weekly/")),
        "reads_with": rng.choice(READS),
        "tells_with": rng.choice(TELLS),
        "tells": f"listeners-{tag}",
        "people_and_roles": rng.choice((14, 38, 120, 260)),
        "reads_a_month": rng.choice((300_000, 4_000_000, 25_000_000)),
        "table": _table(rng),
    }


def _table(rng: random.Random) -> dict[str, dict[str, str]]:
    """Sixteen rows, each one request: what every layer says to it."""
    rows = [_row(**must) for must in MUST]
    rows.append(_row(identity="allow", resource="allow", boundary="allow", scp="allow", session="allow"))
    for row in rows:
        # A layer that allows changes nothing where it only limits: it makes rows differ between learners.
        for layer in ("boundary", "scp", "session"):
            if row[layer] == "none" and rng.random() < 0.35:
                row[layer] = "allow"
    rng.shuffle(rows)
    return {f"r{number}": row for number, row in enumerate(rows, 1)}


def _row(**said: str) -> dict[str, str]:
    silent = {"identity": "silent", "resource": "none", "boundary": "none", "scp": "none", "session": "none"}
    return {"account": "same", **silent, **said}
